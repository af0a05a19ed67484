;; Attack: asks for four GiB at once, then for -1 pages.
;; Answer: both requests fail in the guest (-1) without any allocation; the answer is -1 twice,
;; summed.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "memory_grow_at_once") (param $argc i32) (param $argv i32) (result i32)
    (i64.store (i32.const 16) (i64.const 1))
    (i64.store (i32.const 24)
      (i64.extend_i32_s
        (i32.add (memory.grow (i32.const 65535)) (memory.grow (i32.const -1)))))
    (i32.const 16)))
