;; Functions of the native form with each number of integers and reals, whose digits show the order of arguments,
;; and with mixtures of both.
(module
  (@custom "commensal"
    "{\"abi\":1}\n"
    "{\"function\":{\"name\":\"i_1\",\"call\":\"native\",\"params\":[\"integer\"],\"returns\":\"integer\"}}\n"
    "{\"function\":{\"name\":\"i_2\",\"call\":\"native\",\"params\":[\"integer\",\"integer\"],\"returns\":\"integer\"}}\n"
    "{\"function\":{\"name\":\"i_3\",\"call\":\"native\",\"params\":[\"integer\",\"integer\",\"integer\"],\"returns\":\"integer\"}}\n"
    "{\"function\":{\"name\":\"i_4\",\"call\":\"native\",\"params\":[\"integer\",\"integer\",\"integer\",\"integer\"],\"returns\":\"integer\"}}\n"
    "{\"function\":{\"name\":\"r_1\",\"call\":\"native\",\"params\":[\"real\"],\"returns\":\"real\"}}\n"
    "{\"function\":{\"name\":\"r_2\",\"call\":\"native\",\"params\":[\"real\",\"real\"],\"returns\":\"real\"}}\n"
    "{\"function\":{\"name\":\"r_3\",\"call\":\"native\",\"params\":[\"real\",\"real\",\"real\"],\"returns\":\"real\"}}\n"
    "{\"function\":{\"name\":\"r_4\",\"call\":\"native\",\"params\":[\"real\",\"real\",\"real\",\"real\"],\"returns\":\"real\"}}\n"
    "{\"function\":{\"name\":\"i_5\",\"call\":\"native\",\"params\":[\"integer\",\"integer\",\"integer\",\"integer\",\"integer\"],\"returns\":\"integer\"}}\n"
    "{\"function\":{\"name\":\"m_ir\",\"call\":\"native\",\"params\":[\"integer\",\"real\"],\"returns\":\"real\"}}\n"
    "{\"function\":{\"name\":\"m_ri\",\"call\":\"native\",\"params\":[\"real\",\"real\"],\"returns\":\"integer\"}}\n"
    "{\"function\":{\"name\":\"m_ir1\",\"call\":\"native\",\"params\":[\"integer\"],\"returns\":\"real\"}}\n"
  )
  (func (export "i_1") (param i64) (result i64)
    (local.get 0))
  (func (export "i_2") (param i64 i64) (result i64)
    (i64.add (i64.mul (local.get 0) (i64.const 10)) (local.get 1)))
  (func (export "i_3") (param i64 i64 i64) (result i64)
    (i64.add (i64.mul (i64.add (i64.mul (local.get 0) (i64.const 10)) (local.get 1)) (i64.const 10)) (local.get 2)))
  (func (export "i_4") (param i64 i64 i64 i64) (result i64)
    (i64.add (i64.mul (i64.add (i64.mul (i64.add (i64.mul (local.get 0) (i64.const 10)) (local.get 1)) (i64.const 10)) (local.get 2)) (i64.const 10)) (local.get 3)))
  (func (export "r_1") (param f64) (result f64)
    (local.get 0))
  (func (export "r_2") (param f64 f64) (result f64)
    (f64.add (f64.mul (local.get 0) (f64.const 10)) (local.get 1)))
  (func (export "r_3") (param f64 f64 f64) (result f64)
    (f64.add (f64.mul (f64.add (f64.mul (local.get 0) (f64.const 10)) (local.get 1)) (f64.const 10)) (local.get 2)))
  (func (export "r_4") (param f64 f64 f64 f64) (result f64)
    (f64.add (f64.mul (f64.add (f64.mul (f64.add (f64.mul (local.get 0) (f64.const 10)) (local.get 1)) (f64.const 10)) (local.get 2)) (f64.const 10)) (local.get 3)))
  (func (export "i_5") (param i64 i64 i64 i64 i64) (result i64)
    (i64.add (i64.mul (i64.add (i64.mul (i64.add (i64.mul (i64.add (i64.mul (local.get 0) (i64.const 10)) (local.get 1)) (i64.const 10)) (local.get 2)) (i64.const 10)) (local.get 3)) (i64.const 10)) (local.get 4)))
  (func (export "m_ir") (param i64 f64) (result f64)
    (f64.add (f64.convert_i64_s (local.get 0)) (local.get 1)))
  (func (export "m_ri") (param f64 f64) (result i64)
    (i64.trunc_f64_s (f64.add (local.get 0) (local.get 1))))
  (func (export "m_ir1") (param i64) (result f64)
    (f64.div (f64.const 1) (f64.convert_i64_s (local.get 0))))
)
