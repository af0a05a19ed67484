;; Functions whose manifest declares their parameters and results. "need_…" traps if it sees NULL, so
;; an answer of NULL proves that it was not called.
(module
  (memory (export "memory") 1)
  ;; Arguments start at 4096. Memory grows to hold them; 0 means that it cannot.
  (func (export "commensal_scratch") (param $size i32) (result i32)
    (local $missing i32)
    (local.set $missing
      (i32.sub
        (i32.wrap_i64
          (i64.shr_u
            (i64.add (i64.extend_i32_u (local.get $size)) (i64.const 69631))
            (i64.const 16)))
        (memory.size)))
    (if (i32.gt_s (local.get $missing) (i32.const 0))
      (then
        (if (i32.eq (memory.grow (local.get $missing)) (i32.const -1))
          (then (return (i32.const 0))))))
    (i32.const 4096))
  (@custom "commensal"
    "{\"abi\":1,\"info\":{\"version\":\"0.3.0\",\"author\":\"nobody\"}}\n"
    "{\"function\":{\"name\":\"need_integer\",\"export\":\"need\",\"params\":[\"integer\"]}}\n"
    "{\"function\":{\"name\":\"need_real\",\"export\":\"need\",\"params\":[\"real\"]}}\n"
    "{\"function\":{\"name\":\"need_text\",\"export\":\"need\",\"params\":[\"text\"]}}\n"
    "{\"function\":{\"name\":\"need_blob\",\"export\":\"need\",\"params\":[\"blob\"]}}\n"
    "{\"function\":{\"name\":\"need_any\",\"export\":\"need\",\"params\":[\"any\"]}}\n"
    "{\"function\":{\"name\":\"integer_or_null\",\"export\":\"tag\",\"params\":[\"integer?\"]}}\n"
    "{\"function\":{\"name\":\"real_or_null\",\"export\":\"tag\",\"params\":[\"real?\"]}}\n"
    "{\"function\":{\"name\":\"any_or_null\",\"export\":\"tag\",\"params\":[\"any?\"]}}\n"
    "{\"function\":{\"name\":\"any_tag\",\"export\":\"tag\",\"params\":[\"any\"]}}\n"
    "{\"function\":{\"name\":\"label\",\"export\":\"second\",\"params\":[\"integer\",\"text?\",\"blob?\"]}}\n"
    "{\"function\":{\"name\":\"gives_integer\",\"export\":\"need\",\"params\":[\"any\"],\"returns\":\"integer\"}}\n"
    "{\"function\":{\"name\":\"gives_real\",\"export\":\"need\",\"params\":[\"any\"],\"returns\":\"real\"}}\n"
    "{\"function\":{\"name\":\"gives_text\",\"export\":\"need\",\"params\":[\"any\"],\"returns\":\"text\"}}\n"
    "{\"function\":{\"name\":\"gives_blob\",\"export\":\"need\",\"params\":[\"any\"],\"returns\":\"blob\"}}\n"
    "{\"function\":{\"name\":\"gives_null\",\"export\":\"null\",\"params\":[\"any?\"],\"returns\":\"integer\"}}\n")
  ;; The first argument. Traps if it is NULL.
  (func (export "need") (param $argc i32) (param $argv i32) (result i32)
    (if (i32.eq (i32.load8_u (local.get $argv)) (i32.const 5)) (then (unreachable)))
    (i32.store8 offset=2 (local.get $argv) (i32.const 0))
    (local.get $argv))
  ;; The tag of the first argument.
  (func (export "tag") (param $argc i32) (param $argv i32) (result i32)
    (i64.store (i32.const 16) (i64.const 1))
    (i64.store (i32.const 24) (i64.load8_u (local.get $argv)))
    (i32.const 16))
  ;; The second argument.
  (func (export "second") (param $argc i32) (param $argv i32) (result i32)
    (i32.store8 offset=18 (local.get $argv) (i32.const 0))
    (i32.add (local.get $argv) (i32.const 16)))
  (func (export "null") (param i32 i32) (result i32) (i32.const 0)))
