;; Attack: recursion without end.
;; Answer: an error that names the function and the stack limit; the host's own stack is not
;; touched.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func $recurse (export "recursion_forever") (param $argc i32) (param $argv i32) (result i32)
    ;; The addition keeps this from being a tail call.
    (i32.add (call $recurse (local.get $argc) (local.get $argv)) (i32.const 1))))
