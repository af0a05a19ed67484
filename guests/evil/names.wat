;; Attack: exports whose names are meant to confuse: empty, with spaces, quotes, a NUL, a line
;; break, right-to-left marks, a look-alike of "good" with a Cyrillic letter, and a combining
;; accent.
;; Answer: each is reached by exactly its own name, and messages show them so that they cannot be
;; mistaken.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func $one (export "") (export "two words") (export "it's") (export "\"quoted\"") (export "semi;colon")
    (param i32 i32) (result i32)
    (i64.store (i32.const 16) (i64.const 1))
    (i64.store (i32.const 24) (i64.const 1))
    (i32.const 16))
  (func (export "g\d0\beod") (export "nul\00byte") (export "line\nbreak") (export "\u{202e}doog") (export "e\u{301}")
    (param i32 i32) (result i32)
    (i64.store (i32.const 16) (i64.const 1))
    (i64.store (i32.const 24) (i64.const 2))
    (i32.const 16))
  ;; The real one.
  (func (export "good") (param i32 i32) (result i32)
    (i64.store (i32.const 16) (i64.const 1))
    (i64.store (i32.const 24) (i64.const 7))
    (i32.const 16)))
