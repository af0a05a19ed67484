;; Functions by the typed convention of Turso's proposal: `turso_sig` has their types, and arguments are in
;; slots from 8 on.
(module
  (memory (export "memory") 2)
  (global $bump (mut i32) (i32.const 1024))
  (func $malloc (export "turso_malloc") (param $size i32) (result i32)
    (global.get $bump)
    (global.set $bump (i32.add (global.get $bump) (local.get $size))))

  (func (export "y_add") (param $argc i32) (param $argv i32) (result i64)
    (i64.add (i64.load (local.get $argv)) (i64.load offset=8 (local.get $argv))))
  (func (export "y_mul") (param $argc i32) (param $argv i32) (result i64)
    (i64.reinterpret_f64
      (f64.mul (f64.load (local.get $argv)) (f64.load offset=8 (local.get $argv)))))
  ;; The given text: length and address in one word.
  (func (export "y_text") (param $argc i32) (param $argv i32) (result i64)
    (i64.load (local.get $argv)))
  (func (export "y_blob") (param $argc i32) (param $argv i32) (result i64)
    (i64.load (local.get $argv)))
  (func (export "y_len") (param $argc i32) (param $argv i32) (result i64)
    (i64.shr_u (i64.load (local.get $argv)) (i64.const 32)))
  ;; An optional integer, doubled. NULL stays NULL.
  (func (export "y_opt_i64") (param $argc i32) (param $argv i32) (result i64)
    (i32.store8 (i32.const 1016) (i32.wrap_i64 (i64.load (local.get $argv))))
    (i64.mul (i64.load offset=8 (local.get $argv)) (i64.const 2)))
  (func (export "y_opt_f64") (param $argc i32) (param $argv i32) (result i64)
    (i32.store8 (i32.const 1016) (i32.wrap_i64 (i64.load (local.get $argv))))
    (i64.load offset=8 (local.get $argv)))
  (func (export "y_opt_text") (param $argc i32) (param $argv i32) (result i64)
    (i64.load (local.get $argv)))
  (func (export "y_opt_blob") (param $argc i32) (param $argv i32) (result i64)
    (i64.load (local.get $argv)))
  ;; Slots: the optional integer has two.
  (func (export "y_mixed") (param $argc i32) (param $argv i32) (result i64)
    (i64.add
      (i64.mul (i64.extend_i32_u (local.get $argc)) (i64.const 1000000))
      (i64.add
        (i64.mul (i64.extend_i32_u (local.get $argv)) (i64.const 10000))
        (i64.add
          (i64.mul (i64.shr_u (i64.load (local.get $argv)) (i64.const 32)) (i64.const 1000))
          (i64.add
            (i64.mul (i64.load offset=8 (local.get $argv)) (i64.const 100))
            (i64.add
              (i64.mul (i64.load offset=16 (local.get $argv)) (i64.const 10))
              (i64.load offset=24 (local.get $argv))))))))
  (func (export "y_void") (param $argc i32) (param $argv i32) (result i64)
    (i64.const 5))
  ;; This many bytes of text, in memory that is never freed.
  (func (export "y_xs") (param $argc i32) (param $argv i32) (result i64)
    (local $ptr i32) (local $len i32)
    (local.set $len (i32.load (local.get $argv)))
    (local.set $ptr (call $malloc (local.get $len)))
    (memory.fill (local.get $ptr) (i32.const 120) (local.get $len))
    (i64.or (i64.extend_i32_u (local.get $ptr))
      (i64.shl (i64.extend_i32_u (local.get $len)) (i64.const 32))))
  ;; No type is declared for it, so the generic convention applies.
  (func (export "y_generic") (param $argc i32) (param $argv i32) (result i64)
    (i64.extend_i32_u (local.get $argc)))

  (@custom "turso_sig"
    "\05y_add\02\01\01\01"
    "\05y_mul\02\02\02\02"
    "\06y_text\01\03\03"
    "\06y_blob\01\04\04"
    "\05y_len\01\03\01"
    "\09y_opt_i64\01\05\05"
    "\09y_opt_f64\01\06\06"
    "\0ay_opt_text\01\07\07"
    "\0ay_opt_blob\01\08\08")
  (@custom "turso_sig"
    "\07y_mixed\03\03\05\01\01"
    "\06y_void\00\09"
    "\04y_xs\01\01\03"))
