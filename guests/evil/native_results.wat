;; Wrong results in the native form.
(module
  (memory (export "memory") 1)
  (@custom "commensal"
    "{\"abi\":1}\n"
    "{\"function\":{\"name\":\"e_outside\",\"call\":\"native\",\"params\":[],\"returns\":\"blob\"}}\n"
    "{\"function\":{\"name\":\"e_huge\",\"call\":\"native\",\"params\":[],\"returns\":\"text\"}}\n"
    "{\"function\":{\"name\":\"e_tag\",\"call\":\"native\",\"params\":[],\"returns\":\"integer\"}}\n"
    "{\"function\":{\"name\":\"e_class\",\"call\":\"native\",\"params\":[],\"returns\":\"integer\"}}\n"
    "{\"function\":{\"name\":\"e_far\",\"export\":\"e_far\",\"call\":\"native\",\"params\":[],\"returns\":\"real\"}}\n"
    "{\"function\":{\"name\":\"e_traps\",\"call\":\"native\",\"params\":[\"integer\"],\"returns\":\"integer\"}}\n"
    "{\"function\":{\"name\":\"e_forever\",\"call\":\"native\",\"params\":[\"text\"],\"returns\":\"integer\"}}\n"
    "{\"function\":{\"name\":\"e_fine\",\"call\":\"native\",\"params\":[\"integer\"],\"returns\":\"integer\"}}\n")
  (global (export "commensal_result") i32 (i32.const 64))
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "e_outside") (result i64) (i64.const 0x000000100000fffa))
  (func (export "e_huge") (result i64) (i64.const -4294967296))
  (func (export "e_tag") (result i64) (i64.store (i32.const 64) (i64.const 9)) (i64.const -9223372036854775808))
  (func (export "e_class") (result i64) (i64.store (i32.const 64) (i64.const 0x0000000100000003)) (i64.store (i32.const 72) (i64.const 96)) (i64.const -9223372036854775808))
  (func (export "e_far") (result f64) (i64.store (i32.const 64) (i64.const 0x7fffffff00000003)) (i64.store (i32.const 72) (i64.const 96)) (f64.const nan))
  (func (export "e_traps") (param i64) (result i64) unreachable)
  (func (export "e_forever") (param i32 i32) (result i64) (loop $l (br $l)) unreachable)
  (func (export "e_fine") (param i64) (result i64) (i64.add (local.get 0) (i64.const 1))))
