;; Returns its arguments: what goes in must come out, byte for byte. It has no manifest, so every
;; function is variadic and takes values of any class.
(module
  (memory (export "memory") 1)
  ;; Arguments start at 4096. Memory grows to hold them; 0 means that it cannot.
  (func (export "commensal_scratch") (param $size i32) (result i32)
    (local $missing i32)
    (local.set $missing
      (i32.sub
        (i32.wrap_i64
          (i64.shr_u
            (i64.add (i64.extend_i32_u (local.get $size)) (i64.const 69631))
            (i64.const 16)))
        (memory.size)))
    (if (i32.gt_s (local.get $missing) (i32.const 0))
      (then
        (if (i32.eq (memory.grow (local.get $missing)) (i32.const -1))
          (then (return (i32.const 0))))))
    (i32.const 4096))
  ;; The record at $record as a result, in which no flag may be set.
  (func $result (param $record i32) (result i32)
    (i32.store8 offset=2 (local.get $record) (i32.const 0))
    (local.get $record))
  ;; The first argument, or NULL if there is none.
  (func (export "identity") (param $argc i32) (param $argv i32) (result i32)
    (if (i32.eqz (local.get $argc)) (then (return (i32.const 0))))
    (call $result (local.get $argv)))
  ;; The last argument, or NULL if there is none.
  (func (export "last") (param $argc i32) (param $argv i32) (result i32)
    (if (i32.eqz (local.get $argc)) (then (return (i32.const 0))))
    (call $result
      (i32.add (local.get $argv)
        (i32.shl (i32.sub (local.get $argc) (i32.const 1)) (i32.const 4)))))
  ;; The number of arguments.
  (func (export "argc") (param $argc i32) (param $argv i32) (result i32)
    (i64.store (i32.const 16) (i64.const 1))
    (i64.store (i32.const 24) (i64.extend_i32_u (local.get $argc)))
    (i32.const 16))
  ;; The sum of the arguments' payloads, read as integers.
  (func (export "sum_all") (param $argc i32) (param $argv i32) (result i32)
    (local $sum i64)
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $argc)))
        (local.set $sum (i64.add (local.get $sum) (i64.load offset=8 (local.get $argv))))
        (local.set $argv (i32.add (local.get $argv) (i32.const 16)))
        (local.set $argc (i32.sub (local.get $argc) (i32.const 1)))
        (br $next)))
    (i64.store (i32.const 16) (i64.const 1))
    (i64.store (i32.const 24) (local.get $sum))
    (i32.const 16))
  ;; The storage class of the first argument as its tag: 1 integer, 2 real, 3 text, 4 blob, 5 null.
  (func (export "tag_of") (param $argc i32) (param $argv i32) (result i32)
    (i64.store (i32.const 16) (i64.const 1))
    (i64.store (i32.const 24) (i64.load8_u (local.get $argv)))
    (i32.const 16))
  ;; The eight bytes of the first argument's payload as a blob: the exact bits of an integer or a real.
  (func (export "payload") (param $argc i32) (param $argv i32) (result i32)
    (i64.store (i32.const 16) (i64.const 0x800000004))
    (i64.store (i32.const 24) (i64.extend_i32_u (i32.add (local.get $argv) (i32.const 8))))
    (i32.const 16)))
