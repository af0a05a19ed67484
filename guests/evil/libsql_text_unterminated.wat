;; Attack: text without an end.
;; Answer: an error that names the function.
(module
  (memory (export "memory") 2)
  (global $bump (mut i32) (i32.const 1024))
  (func $malloc (export "libsql_malloc") (param i32) (result i32)
    (global.get $bump)
    (global.set $bump (i32.add (global.get $bump) (local.get 0))))
  (func (export "libsql_text_unterminated") (result i32)
    (memory.fill (i32.const 70000) (i32.const 3)
      (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 70000)))
    (i32.const 70000)))
