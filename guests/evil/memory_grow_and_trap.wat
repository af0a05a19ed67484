;; Attack: grows memory page by page until that fails, then traps.
;; Answer: an error that names the function and memory_mb; the host never holds more than the
;; limit.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "memory_grow_and_trap") (param $argc i32) (param $argv i32) (result i32)
    (loop $again
      (br_if $again (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
    (unreachable)))
