;; Functions of the native form: WebAssembly's own parameters and results, and a record for what a number cannot be.
(module
  (memory (export "memory") 1 4)
  (@custom "commensal"
    "{\"abi\":1}\n"
    "{\"function\":{\"name\":\"n_add\",\"call\":\"native\",\"params\":[\"integer\",\"integer\"],\"returns\":\"integer\",\"deterministic\":true}}\n"
    "{\"function\":{\"name\":\"n_half\",\"call\":\"native\",\"params\":[\"real\"],\"returns\":\"real\"}}\n"
    "{\"function\":{\"name\":\"n_seven\",\"call\":\"native\",\"params\":[],\"returns\":\"integer\"}}\n"
    "{\"function\":{\"name\":\"n_bytes\",\"call\":\"native\",\"params\":[\"text\"],\"returns\":\"integer\"}}\n"
    "{\"function\":{\"name\":\"n_tail\",\"call\":\"native\",\"params\":[\"text\",\"integer\"],\"returns\":\"text\"}}\n"
    "{\"function\":{\"name\":\"n_same\",\"call\":\"native\",\"params\":[\"blob\"],\"returns\":\"blob\"}}\n"
    "{\"function\":{\"name\":\"n_mix\",\"call\":\"native\",\"params\":[\"text\",\"real\",\"blob\",\"integer\"],\"returns\":\"real\"}}\n"
    "{\"function\":{\"name\":\"n_smallest\",\"call\":\"native\",\"params\":[],\"returns\":\"integer\"}}\n"
    "{\"function\":{\"name\":\"n_null_integer\",\"call\":\"native\",\"params\":[],\"returns\":\"integer\"}}\n"
    "{\"function\":{\"name\":\"n_null_real\",\"call\":\"native\",\"params\":[],\"returns\":\"real\"}}\n"
    "{\"function\":{\"name\":\"n_null_text\",\"call\":\"native\",\"params\":[],\"returns\":\"text\"}}\n"
    "{\"function\":{\"name\":\"n_fails\",\"call\":\"native\",\"params\":[\"integer\"],\"returns\":\"integer\"}}\n"
    "{\"function\":{\"name\":\"n_echo\",\"export\":\"n_tail\",\"call\":\"native\",\"params\":[\"blob\",\"integer\"],\"returns\":\"blob\"}}\n"
    "{\"function\":{\"name\":\"n_same\",\"export\":\"by_records\",\"params\":[\"any\",\"any\"],\"returns\":\"any\"}}\n")
  (global (export "commensal_result") i32 (i32.const 64))
  (data (i32.const 96) "n_fails(): no")
  (global $scratch (mut i32) (i32.const 4096))
  (func (export "commensal_scratch") (param $size i32) (result i32)
    (if (i32.gt_u (local.get $size) (i32.const 196608)) (then (return (i32.const 0))))
    (if (i32.gt_u (local.get $size) (i32.const 4096))
      (then (drop (memory.grow (i32.const 3))) (global.set $scratch (i32.const 65536))))
    (global.get $scratch))
  (func $pack (param $at i32) (param $len i32) (result i64)
    (i64.or (i64.shl (i64.extend_i32_u (local.get $len)) (i64.const 32)) (i64.extend_i32_u (local.get $at))))
  (func $record (param $head i64) (param $payload i64)
    (i64.store (i32.const 64) (local.get $head))
    (i64.store (i32.const 72) (local.get $payload)))
  (func (export "n_add") (param i64 i64) (result i64)
    ;; The sum may be the reserved integer.
    (call $record (i64.const 1) (i64.add (local.get 0) (local.get 1)))
    (i64.add (local.get 0) (local.get 1)))
  (func (export "n_half") (param f64) (result f64)
    (call $record (i64.const 5) (i64.const 0))
    (f64.mul (local.get 0) (f64.const 0.5)))
  (func (export "n_seven") (result i64) (i64.const 7))
  (func (export "n_bytes") (param i32 i32) (result i64) (i64.extend_i32_u (local.get 1)))
  (func (export "n_tail") (param $at i32) (param $len i32) (param $from i64) (result i64)
    (local $skip i32)
    (local.set $skip (i32.wrap_i64 (local.get $from)))
    (call $pack (i32.add (local.get $at) (local.get $skip)) (i32.sub (local.get $len) (local.get $skip))))
  (func (export "n_same") (param i32 i32) (result i64) (call $pack (local.get 0) (local.get 1)))
  (func (export "n_mix") (param $text i32) (param $chars i32) (param $real f64) (param $blob i32) (param $bytes i32) (param $integer i64) (result f64)
    (f64.add
      (f64.add (f64.convert_i32_u (local.get $chars)) (local.get $real))
      (f64.add (f64.convert_i32_u (i32.load8_u (local.get $blob))) (f64.convert_i64_s (local.get $integer)))))
  (func (export "n_smallest") (result i64)
    (call $record (i64.const 1) (i64.const -9223372036854775808))
    (i64.const -9223372036854775808))
  (func (export "n_null_integer") (result i64) (call $record (i64.const 5) (i64.const 0)) (i64.const -9223372036854775808))
  (func (export "n_null_real") (result f64) (call $record (i64.const 5) (i64.const 0)) (f64.const nan))
  (func (export "n_null_text") (result i64) (call $record (i64.const 5) (i64.const 0)) (i64.const -1))
  (func (export "n_fails") (param $code i64) (result i64)
    (call $record (i64.or (i64.shl (local.get $code) (i64.const 8)) (i64.shl (i64.const 13) (i64.const 32))) (i64.const 96))
    (i64.const -9223372036854775808))
  (func (export "by_records") (param $argc i32) (param $argv i32) (result i32) (local.get $argv)))
