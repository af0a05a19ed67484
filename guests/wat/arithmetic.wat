;; Integer arithmetic with a manifest: deterministic functions for queries, indexes and generated
;; columns.
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
  (@custom "commensal"
    "{\"abi\":1,\"info\":{\"version\":\"1.2.0\"}}\n"
    "{\"function\":{\"name\":\"plus\",\"export\":\"plus\",\"params\":[\"integer\",\"integer\"],\"returns\":\"integer\",\"deterministic\":true}}\n"
    "{\"function\":{\"name\":\"square\",\"export\":\"square\",\"params\":[\"integer\"],\"returns\":\"integer\",\"deterministic\":true}}\n"
    "{\"function\":{\"name\":\"half\",\"export\":\"half\",\"params\":[\"integer\"],\"returns\":\"integer\",\"deterministic\":true}}\n"
    "{\"function\":{\"name\":\"is_even\",\"export\":\"is_even\",\"params\":[\"integer\"],\"returns\":\"integer\",\"deterministic\":true}}\n"
    "{\"function\":{\"name\":\"checked\",\"export\":\"checked\",\"params\":[\"integer\"],\"returns\":\"integer\",\"deterministic\":true}}\n")
  ;; An error record and its message.
  (data (i32.const 32) "\00\00\00\00\12\00\00\00" "\40\00\00\00\00\00\00\00")
  (data (i32.const 64) "13 is not accepted")
  (func $integer (param $value i64) (result i32)
    (i64.store (i32.const 16) (i64.const 1))
    (i64.store (i32.const 24) (local.get $value))
    (i32.const 16))
  (func (export "plus") (param $argc i32) (param $argv i32) (result i32)
    (call $integer
      (i64.add (i64.load offset=8 (local.get $argv)) (i64.load offset=24 (local.get $argv)))))
  (func (export "square") (param $argc i32) (param $argv i32) (result i32)
    (call $integer
      (i64.mul (i64.load offset=8 (local.get $argv)) (i64.load offset=8 (local.get $argv)))))
  (func (export "half") (param $argc i32) (param $argv i32) (result i32)
    (call $integer (i64.div_s (i64.load offset=8 (local.get $argv)) (i64.const 2))))
  (func (export "is_even") (param $argc i32) (param $argv i32) (result i32)
    (call $integer
      (i64.extend_i32_u (i64.eqz (i64.and (i64.load offset=8 (local.get $argv)) (i64.const 1))))))
  ;; The argument. 13 is an error, 666 a trap.
  (func (export "checked") (param $argc i32) (param $argv i32) (result i32)
    (if (i64.eq (i64.load offset=8 (local.get $argv)) (i64.const 13)) (then (return (i32.const 32))))
    (if (i64.eq (i64.load offset=8 (local.get $argv)) (i64.const 666)) (then (unreachable)))
    (call $integer (i64.load offset=8 (local.get $argv)))))
