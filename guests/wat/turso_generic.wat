;; Functions by the generic convention of Turso's proposal, written like the examples of that proposal: a
;; counter as an allocator, which ignores the end of memory, and static data right above its start.
(module
  (memory (export "memory") 2)
  (global $bump (mut i32) (i32.const 1024))
  (data (i32.const 2048) "static text\00")

  (func $malloc (export "turso_malloc") (param $size i32) (result i32)
    (local $ptr i32)
    (local.set $ptr (global.get $bump))
    (global.set $bump (i32.add (global.get $bump) (local.get $size)))
    (local.get $ptr))

  ;; The number of arguments.
  (func (export "t_count") (param $argc i32) (param $argv i32) (result i64)
    (i64.extend_i32_u (local.get $argc)))

  (func (export "t_add") (param $argc i32) (param $argv i32) (result i64)
    (i64.add (i64.load (local.get $argv)) (i64.load offset=8 (local.get $argv))))

  ;; Its first argument as it is in its slot.
  (func (export "t_echo") (param $argc i32) (param $argv i32) (result i64)
    (i64.load (local.get $argv)))

  ;; The slot as an integer whatever it is, by the type at 1017.
  (func (export "t_slot") (param $argc i32) (param $argv i32) (result i64)
    (i32.store8 (i32.const 1017) (i32.const 1))
    (i64.load (local.get $argv)))

  ;; Half of a real, by the type at 1017.
  (func (export "t_half") (param $argc i32) (param $argv i32) (result i64)
    (i32.store8 (i32.const 1017) (i32.const 2))
    (i64.reinterpret_f64 (f64.div (f64.load (local.get $argv)) (f64.const 2))))

  ;; The same as [2][f64].
  (func (export "t_half_tagged") (param $argc i32) (param $argv i32) (result i64)
    (local $ptr i32)
    (local.set $ptr (call $malloc (i32.const 9)))
    (i32.store8 (local.get $ptr) (i32.const 2))
    (f64.store offset=1 (local.get $ptr) (f64.div (f64.load (local.get $argv)) (f64.const 2)))
    (i64.extend_i32_u (local.get $ptr)))

  ;; An integer as [1][i64].
  (func (export "t_integer_tagged") (param $argc i32) (param $argv i32) (result i64)
    (local $ptr i32)
    (local.set $ptr (call $malloc (i32.const 9)))
    (i32.store8 (local.get $ptr) (i32.const 1))
    (i64.store offset=1 (local.get $ptr) (i64.load (local.get $argv)))
    (i64.extend_i32_u (local.get $ptr)))

  (func (export "t_null") (param $argc i32) (param $argv i32) (result i64)
    (i32.store8 (i32.const 1017) (i32.const 5))
    (i64.const 77))

  (func (export "t_null_tagged") (param $argc i32) (param $argv i32) (result i64)
    (local $ptr i32)
    (local.set $ptr (call $malloc (i32.const 1)))
    (i32.store8 (local.get $ptr) (i32.const 5))
    (i64.extend_i32_u (local.get $ptr)))

  ;; The text of the argument in capitals, as [bytes][0] with the type at 1017.
  (func (export "t_upper") (param $argc i32) (param $argv i32) (result i64)
    (local $from i32) (local $to i32) (local $len i32) (local $byte i32) (local $i i32)
    (local.set $from (i32.add (i32.load (local.get $argv)) (i32.const 1)))
    (block $end
      (loop $count
        (br_if $end (i32.eqz (i32.load8_u (i32.add (local.get $from) (local.get $len)))))
        (local.set $len (i32.add (local.get $len) (i32.const 1)))
        (br $count)))
    (local.set $to (call $malloc (i32.add (local.get $len) (i32.const 1))))
    (block $done
      (loop $each
        (br_if $done (i32.eq (local.get $i) (local.get $len)))
        (local.set $byte (i32.load8_u (i32.add (local.get $from) (local.get $i))))
        (if (i32.lt_u (i32.sub (local.get $byte) (i32.const 97)) (i32.const 26))
          (then (local.set $byte (i32.sub (local.get $byte) (i32.const 32)))))
        (i32.store8 (i32.add (local.get $to) (local.get $i)) (local.get $byte))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $each)))
    (i32.store8 (i32.add (local.get $to) (local.get $len)) (i32.const 0))
    (i32.store8 (i32.const 1017) (i32.const 3))
    (i64.extend_i32_u (local.get $to)))

  ;; This many bytes, as [u32 size][bytes] with the type at 1017.
  (func (export "t_blob") (param $argc i32) (param $argv i32) (result i64)
    (local $ptr i32) (local $len i32)
    (local.set $len (i32.load (local.get $argv)))
    (local.set $ptr (call $malloc (i32.add (local.get $len) (i32.const 4))))
    (i32.store (local.get $ptr) (local.get $len))
    (memory.fill (i32.add (local.get $ptr) (i32.const 4)) (i32.const 0xab) (local.get $len))
    (i32.store8 (i32.const 1017) (i32.const 4))
    (i64.extend_i32_u (local.get $ptr)))

  ;; The bytes of a blob in the argument.
  (func (export "t_size") (param $argc i32) (param $argv i32) (result i64)
    (i64.load32_u offset=1 (i32.load (local.get $argv))))

  ;; Text that is static data.
  (func (export "t_static") (param $argc i32) (param $argv i32) (result i64)
    (i32.store8 (i32.const 1017) (i32.const 3))
    (i64.const 2048))

  ;; The given number, which may be an address at which somebody has put a tag.
  (func (export "t_planted") (param $argc i32) (param $argv i32) (result i64)
    (i32.store8 (i32.const 5000) (i32.load offset=8 (local.get $argv)))
    (i64.store (i32.const 5001) (i64.const 0x2a))
    (i64.load (local.get $argv))))
