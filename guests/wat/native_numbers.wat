;; What a compiler makes of functions of numbers, with a manifest: a guest as it stands. It has no memory.
(module
  (@custom "commensal"
    "{\"abi\":1}\n"
    "{\"function\":{\"name\":\"p_add\",\"export\":\"add\",\"call\":\"native\",\"params\":[\"integer\",\"integer\"],\"returns\":\"integer\"}}\n"
    "{\"function\":{\"name\":\"p_square\",\"export\":\"square\",\"call\":\"native\",\"params\":[\"real\"],\"returns\":\"real\"}}\n")
  (func (export "add") (param i64 i64) (result i64) (i64.add (local.get 0) (local.get 1)))
  (func (export "square") (param f64) (result f64) (f64.mul (local.get 0) (local.get 0))))
