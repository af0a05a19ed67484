;; A function for every value that is easily lost on the way. Each takes nothing and returns one constant
;; record.
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
    "{\"abi\":1,\"info\":{\"version\":\"1.0.0\"}}\n"
    "{\"function\":{\"name\":\"c_null\",\"export\":\"null\",\"params\":[],\"deterministic\":true}}\n"
    "{\"function\":{\"name\":\"c_null_record\",\"export\":\"null_record\",\"params\":[],\"deterministic\":true}}\n"
    "{\"function\":{\"name\":\"c_int_min\",\"export\":\"int_min\",\"params\":[],\"returns\":\"integer\",\"deterministic\":true}}\n"
    "{\"function\":{\"name\":\"c_int_max\",\"export\":\"int_max\",\"params\":[],\"returns\":\"integer\",\"deterministic\":true}}\n"
    "{\"function\":{\"name\":\"c_minus_zero\",\"export\":\"minus_zero\",\"params\":[],\"returns\":\"real\",\"deterministic\":true}}\n"
    "{\"function\":{\"name\":\"c_infinity\",\"export\":\"infinity\",\"params\":[],\"returns\":\"real\",\"deterministic\":true}}\n"
    "{\"function\":{\"name\":\"c_minus_infinity\",\"export\":\"minus_infinity\",\"params\":[],\"returns\":\"real\",\"deterministic\":true}}\n"
    "{\"function\":{\"name\":\"c_nan\",\"export\":\"nan\",\"params\":[],\"returns\":\"real\",\"deterministic\":true}}\n"
    "{\"function\":{\"name\":\"c_signalling_nan\",\"export\":\"signalling_nan\",\"params\":[],\"returns\":\"real\",\"deterministic\":true}}\n"
    "{\"function\":{\"name\":\"c_one\",\"export\":\"one\",\"params\":[],\"returns\":\"real\",\"deterministic\":true}}\n"
    "{\"function\":{\"name\":\"c_smallest\",\"export\":\"smallest\",\"params\":[],\"returns\":\"real\",\"deterministic\":true}}\n"
    "{\"function\":{\"name\":\"c_empty_text\",\"export\":\"empty_text\",\"params\":[],\"returns\":\"text\",\"deterministic\":true}}\n"
    "{\"function\":{\"name\":\"c_empty_blob\",\"export\":\"empty_blob\",\"params\":[],\"returns\":\"blob\",\"deterministic\":true}}\n"
    "{\"function\":{\"name\":\"c_empty_at_end\",\"export\":\"empty_at_end\",\"params\":[],\"returns\":\"text\",\"deterministic\":true}}\n"
    "{\"function\":{\"name\":\"c_nul_text\",\"export\":\"nul_text\",\"params\":[],\"returns\":\"text\",\"deterministic\":true}}\n"
    "{\"function\":{\"name\":\"c_emoji\",\"export\":\"emoji\",\"params\":[],\"returns\":\"text\",\"deterministic\":true}}\n"
    "{\"function\":{\"name\":\"c_blob\",\"export\":\"blob\",\"params\":[],\"returns\":\"blob\",\"deterministic\":true}}\n")
  ;; Records, 16 bytes each: tag, three zero bytes, length, payload.
  (data (i32.const 16)  "\05\00\00\00\00\00\00\00" "\00\00\00\00\00\00\00\00")
  (data (i32.const 32)  "\01\00\00\00\00\00\00\00" "\00\00\00\00\00\00\00\80")
  (data (i32.const 48)  "\01\00\00\00\00\00\00\00" "\ff\ff\ff\ff\ff\ff\ff\7f")
  (data (i32.const 64)  "\02\00\00\00\00\00\00\00" "\00\00\00\00\00\00\00\80")
  (data (i32.const 80)  "\02\00\00\00\00\00\00\00" "\00\00\00\00\00\00\f0\7f")
  (data (i32.const 96)  "\02\00\00\00\00\00\00\00" "\00\00\00\00\00\00\f0\ff")
  (data (i32.const 112) "\02\00\00\00\00\00\00\00" "\00\00\00\00\00\00\f8\7f")
  (data (i32.const 128) "\02\00\00\00\00\00\00\00" "\01\00\00\00\00\00\f4\ff")
  (data (i32.const 144) "\02\00\00\00\00\00\00\00" "\00\00\00\00\00\00\f0\3f")
  (data (i32.const 160) "\02\00\00\00\00\00\00\00" "\01\00\00\00\00\00\00\00")
  (data (i32.const 176) "\03\00\00\00\00\00\00\00" "\00\00\00\00\00\00\00\00")
  (data (i32.const 192) "\04\00\00\00\00\00\00\00" "\00\00\00\00\00\00\00\00")
  (data (i32.const 208) "\03\00\00\00\00\00\00\00" "\00\00\00\00\00\00\00\00")
  (data (i32.const 224) "\03\00\00\00\03\00\00\00" "\00\02\00\00\00\00\00\00")
  (data (i32.const 240) "\03\00\00\00\04\00\00\00" "\08\02\00\00\00\00\00\00")
  (data (i32.const 256) "\04\00\00\00\05\00\00\00" "\10\02\00\00\00\00\00\00")
  (data (i32.const 512) "a\00b")
  (data (i32.const 520) "\f0\9f\a6\80")
  (data (i32.const 528) "\00\ff\80\27\00")
  (func (export "null") (param i32 i32) (result i32) (i32.const 0))
  (func (export "null_record") (param i32 i32) (result i32) (i32.const 16))
  (func (export "int_min") (param i32 i32) (result i32) (i32.const 32))
  (func (export "int_max") (param i32 i32) (result i32) (i32.const 48))
  (func (export "minus_zero") (param i32 i32) (result i32) (i32.const 64))
  (func (export "infinity") (param i32 i32) (result i32) (i32.const 80))
  (func (export "minus_infinity") (param i32 i32) (result i32) (i32.const 96))
  (func (export "nan") (param i32 i32) (result i32) (i32.const 112))
  (func (export "signalling_nan") (param i32 i32) (result i32) (i32.const 128))
  (func (export "one") (param i32 i32) (result i32) (i32.const 144))
  (func (export "smallest") (param i32 i32) (result i32) (i32.const 160))
  (func (export "empty_text") (param i32 i32) (result i32) (i32.const 176))
  (func (export "empty_blob") (param i32 i32) (result i32) (i32.const 192))
  ;; Text or blob without bytes, whose address is the end of memory. That is not outside.
  (func (export "empty_at_end") (param i32 i32) (result i32)
    (i32.store (i32.const 216) (i32.shl (memory.size) (i32.const 16)))
    (i32.const 208))
  (func (export "nul_text") (param i32 i32) (result i32) (i32.const 224))
  (func (export "emoji") (param i32 i32) (result i32) (i32.const 240))
  (func (export "blob") (param i32 i32) (result i32) (i32.const 256)))
