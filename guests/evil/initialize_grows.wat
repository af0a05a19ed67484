;; Attack: a start function that uses up the memory limit, then an allocator that needs more.
;; Answer: an error that names the function.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32)
    (if (result i32) (i32.eq (memory.grow (i32.const 1)) (i32.const -1))
      (then (i32.const 0))
      (else (i32.const 4096))))
  (func $start
    (loop $again
      (br_if $again (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))))
  (start $start)
  (func (export "initialize_grows") (param i32 i32) (result i32) (i32.const 0)))
