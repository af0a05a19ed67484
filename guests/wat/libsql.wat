;; Functions for libSQL: native types for numbers, addresses for everything else.
(module
  (memory (export "memory") 2)
  (global $bump (mut i32) (i32.const 1024))
  (data (i32.const 16) "\03static\00")
  (data (i32.const 32) "\05")
  (data (i32.const 40) "\04\00\00\00\03\01\02\03")
  (func $malloc (export "libsql_malloc") (param $size i32) (result i32)
    (global.get $bump)
    (global.set $bump (i32.add (global.get $bump) (local.get $size))))

  (func $fib (export "fib") (param $n i64) (result i64)
    (if (result i64) (i64.lt_s (local.get $n) (i64.const 2))
      (then (local.get $n))
      (else
        (i64.add
          (call $fib (i64.sub (local.get $n) (i64.const 1)))
          (call $fib (i64.sub (local.get $n) (i64.const 2)))))))
  (func (export "l_add") (param i64 i64) (result i64)
    (i64.add (local.get 0) (local.get 1)))
  (func (export "l_half") (param f64) (result f64)
    (f64.div (local.get 0) (f64.const 2)))
  (func (export "l_mixed") (param i64 f64 i32) (result f64)
    (f64.add
      (f64.add (f64.convert_i64_s (local.get 0)) (local.get 1))
      (f64.convert_i32_u (i32.load8_u (local.get 2)))))
  ;; Text, a blob, or NULL, unchanged.
  (func (export "l_echo") (param i32) (result i32) (local.get 0))
  ;; The size of a blob, which is big-endian.
  (func (export "l_size") (param i32) (result i64)
    (i64.or
      (i64.or
        (i64.shl (i64.load8_u offset=1 (local.get 0)) (i64.const 24))
        (i64.shl (i64.load8_u offset=2 (local.get 0)) (i64.const 16)))
      (i64.or
        (i64.shl (i64.load8_u offset=3 (local.get 0)) (i64.const 8))
        (i64.load8_u offset=4 (local.get 0)))))
  (func (export "l_text") (result i32) (i32.const 16))
  (func (export "l_null") (result i32) (i32.const 32))
  (func (export "l_blob") (result i32) (i32.const 40))
  ;; A blob of this many bytes.
  (func (export "l_bytes") (param $n i64) (result i32)
    (local $ptr i32) (local $len i32)
    (local.set $len (i32.wrap_i64 (local.get $n)))
    (local.set $ptr (call $malloc (i32.add (local.get $len) (i32.const 5))))
    (i32.store8 (local.get $ptr) (i32.const 4))
    (i32.store8 offset=1 (local.get $ptr) (i32.shr_u (local.get $len) (i32.const 24)))
    (i32.store8 offset=2 (local.get $ptr) (i32.shr_u (local.get $len) (i32.const 16)))
    (i32.store8 offset=3 (local.get $ptr) (i32.shr_u (local.get $len) (i32.const 8)))
    (i32.store8 offset=4 (local.get $ptr) (local.get $len))
    (memory.fill (i32.add (local.get $ptr) (i32.const 5)) (i32.const 0xcd) (local.get $len))
    (local.get $ptr))
  ;; Not a function for SQL.
  (func (export "l_single") (param f32) (result f32) (local.get 0))
  (func (export "l_nothing") (param i64)))
