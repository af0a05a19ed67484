;; Attack: text that has no NUL up to the end of memory.
;; Answer: an error that says what is outside of memory.
(module
  (memory (export "memory") 2)
  (global $bump (mut i32) (i32.const 1024))
  (func $malloc (export "turso_malloc") (param i32) (result i32)
    (global.get $bump)
    (global.set $bump (i32.add (global.get $bump) (local.get 0))))
  (func (export "turso_text_unterminated") (param $argc i32) (param $argv i32) (result i64)
    (memory.fill (i32.const 70000) (i32.const 97)
      (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 70000)))
    (i32.store8 (i32.const 1017) (i32.const 3))
    (i64.const 70000)))
