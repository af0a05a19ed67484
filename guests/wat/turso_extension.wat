;; An extension for Turso's proposal. Its `turso_ext_init` returns JSON in the form of a function's text.
(module
  (memory (export "memory") 2)
  (global $bump (mut i32) (i32.const 1024))
  (data (i32.const 2048)
    "{\"functions\":[{\"name\":\"ext_add\",\"export\":\"x_add\",\"narg\":2},"
    "{\"name\":\"ext_add\",\"export\":\"x_add3\",\"narg\":3},"
    "{\"name\":\"ext_count\",\"export\":\"x_count\"},"
    "{\"name\":\"ext_typed\",\"export\":\"x_typed\",\"narg\":1},"
    "{\"name\":\"cents_lt\",\"export\":\"x_lt\",\"narg\":2}],"
    "\"types\":[{\"name\":\"cents\",\"base\":\"INTEGER\",\"params\":[],"
    "\"encode\":\"x_encode\",\"decode\":\"x_decode\",\"operators\":[{\"op\":\"<\",\"func\":\"cents_lt\"}]},"
    "{\"name\":\"plain\",\"base\":\"text\"},"
    "{\"name\":\"pair\",\"base\":\"INTEGER\",\"params\":[{\"name\":\"a\",\"type\":\"INTEGER\"},{\"name\":\"b\",\"type\":\"INTEGER\"}],"
    "\"encode\":\"ext_add\",\"decode\":\"x_decode\"}],"
    "\"vtabs\":[{\"name\":\"ext_series\",\"columns\":[{\"name\":\"value\",\"type\":\"INTEGER\",\"hidden\":false},"
    "{\"name\":\"label\",\"type\":\"TEXT\"},"
    "{\"name\":\"start\",\"type\":\"INTEGER\",\"hidden\":true},{\"name\":\"stop\",\"type\":\"INTEGER\",\"hidden\":true},"
    "{\"name\":\"bytes\",\"type\":\"INTEGER\",\"hidden\":true}],"
    "\"open\":\"s_open\",\"filter\":\"s_filter\",\"column\":\"s_column\",\"next\":\"s_next\",\"eof\":\"s_eof\","
    "\"rowid\":\"s_rowid\",\"close\":\"s_close\"}]}\00")

  (func $malloc (export "turso_malloc") (param $size i32) (result i32)
    (global.get $bump)
    (global.set $bump (i32.add (global.get $bump) (local.get $size))))

  (func $typed (param $type i32)
    (i32.store8 (i32.const 1017) (local.get $type)))

  (func (export "turso_ext_init") (param $argc i32) (param $argv i32) (result i64)
    (call $typed (i32.const 3))
    (i64.const 2048))

  (func (export "x_add") (param $argc i32) (param $argv i32) (result i64)
    (call $typed (i32.const 1))
    (i64.add (i64.load (local.get $argv)) (i64.load offset=8 (local.get $argv))))
  (func (export "x_add3") (param $argc i32) (param $argv i32) (result i64)
    (call $typed (i32.const 1))
    (i64.add (i64.load offset=16 (local.get $argv))
      (i64.add (i64.load (local.get $argv)) (i64.load offset=8 (local.get $argv)))))
  (func (export "x_count") (param $argc i32) (param $argv i32) (result i64)
    (i64.extend_i32_u (local.get $argc)))
  (func (export "x_typed") (param $argc i32) (param $argv i32) (result i64)
    (i64.shr_u (i64.load (local.get $argv)) (i64.const 32)))
  (func (export "x_lt") (param $argc i32) (param $argv i32) (result i64)
    (i64.extend_i32_u (i64.lt_s (i64.load (local.get $argv)) (i64.load offset=8 (local.get $argv)))))
  (func (export "x_encode") (param $argc i32) (param $argv i32) (result i64)
    (call $typed (i32.const 1))
    (i64.mul (i64.load (local.get $argv)) (i64.const 100)))
  (func (export "x_decode") (param $argc i32) (param $argv i32) (result i64)
    (call $typed (i32.const 1))
    (i64.div_s (i64.load (local.get $argv)) (i64.const 100)))

  ;; A series whose label has this many bytes of the same buffer, which is filled anew for each value.
  (global $value (mut i64) (i64.const 0))
  (global $stop (mut i64) (i64.const 0))
  (global $bytes (mut i32) (i32.const 0))
  (func (export "s_open") (param $argc i32) (param $argv i32) (result i64)
    (i64.const 5000))
  (func (export "s_filter") (param $argc i32) (param $argv i32) (result i64)
    (if (i64.ne (i64.load (local.get $argv)) (i64.const 5000)) (then unreachable))
    (global.set $value (i64.load offset=16 (local.get $argv)))
    (global.set $stop (i64.const 3))
    (global.set $bytes (i32.const 1))
    (if (i32.gt_u (local.get $argc) (i32.const 3))
      (then (global.set $stop (i64.load offset=24 (local.get $argv)))))
    (if (i32.gt_u (local.get $argc) (i32.const 4))
      (then (global.set $bytes (i32.load offset=32 (local.get $argv)))))
    (i64.extend_i32_u (i64.gt_s (global.get $value) (global.get $stop))))
  (func (export "s_next") (param $argc i32) (param $argv i32) (result i64)
    (call $typed (i32.const 1))
    (global.set $value (i64.add (global.get $value) (i64.const 1)))
    (i64.extend_i32_u (i64.gt_s (global.get $value) (global.get $stop))))
  (func (export "s_eof") (param $argc i32) (param $argv i32) (result i64)
    (i64.extend_i32_u (i64.gt_s (global.get $value) (global.get $stop))))
  (func (export "s_column") (param $argc i32) (param $argv i32) (result i64)
    (if (i64.eqz (i64.load offset=8 (local.get $argv)))
      (then (call $typed (i32.const 1)) (return (global.get $value))))
    (if (i64.ne (i64.load offset=8 (local.get $argv)) (i64.const 1)) (then unreachable))
    (call $typed (i32.const 3))
    (memory.fill (i32.const 8192)
      (i32.add (i32.const 97) (i32.wrap_i64 (i64.rem_u (global.get $value) (i64.const 26))))
      (global.get $bytes))
    (i32.store8 (i32.add (i32.const 8192) (global.get $bytes)) (i32.const 0))
    (i64.const 8192))
  (func (export "s_rowid") (param $argc i32) (param $argv i32) (result i64)
    (i64.add (global.get $value) (i64.const 1000)))
  (func (export "s_close") (param $argc i32) (param $argv i32) (result i64)
    (i64.const 0))
  (@custom "turso_sig" "\07x_typed\01\03\01"))
