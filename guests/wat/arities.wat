;; One name for several numbers of arguments: pick/0, pick/1 and pick/2 are three functions, each with
;; its own export; every/-1 takes any number.
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
    "{\"abi\":1}\n"
    "{\"function\":{\"name\":\"pick\",\"export\":\"pick0\",\"params\":[]}}\n"
    "{\"function\":{\"name\":\"pick\",\"export\":\"pick1\",\"params\":[\"any?\"]}}\n"
    "{\"function\":{\"name\":\"pick\",\"export\":\"pick2\",\"params\":[\"any?\",\"any?\"]}}\n"
    "{\"function\":{\"name\":\"every\",\"export\":\"every\",\"params\":[\"...\"]}}\n"
    "{\"function\":{\"name\":\"text_then\",\"export\":\"every\",\"params\":[\"text\",\"...\"]}}\n")
  (func $integer (param $value i64) (result i32)
    (i64.store (i32.const 16) (i64.const 1))
    (i64.store (i32.const 24) (local.get $value))
    (i32.const 16))
  (func (export "pick0") (param i32 i32) (result i32) (call $integer (i64.const 100)))
  (func (export "pick1") (param i32 i32) (result i32) (call $integer (i64.const 101)))
  (func (export "pick2") (param i32 i32) (result i32) (call $integer (i64.const 102)))
  ;; The number of arguments.
  (func (export "every") (param $argc i32) (param $argv i32) (result i32)
    (call $integer (i64.extend_i32_u (local.get $argc)))))
