;; Attack: grows to the limit and writes one byte of each page, so that all of it is really used.
;; Answer: an error that names the function and memory_mb; the host never holds more than the
;; limit. Below the limit the number of pages is the answer.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "memory_touch_all") (param $argc i32) (param $argv i32) (result i32) (local $at i32)
    (loop $again
      (br_if $again (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
    (loop $touch
      (i32.store8 (local.get $at) (i32.const 1))
      (local.set $at (i32.add (local.get $at) (i32.const 4096)))
      (br_if $touch (i32.lt_u (local.get $at) (i32.shl (memory.size) (i32.const 16)))))
    (i64.store (i32.const 16) (i64.const 1))
    (i64.store (i32.const 24) (i64.extend_i32_u (memory.size)))
    (i32.const 16)))
