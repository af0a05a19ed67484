;; Attack: adding rows never ends.
;; Answer: the limit of a call.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 65536))
  (@custom "commensal" "{\"abi\":1}{\"aggregate\":{\"name\":\"aggregate_step_forever\",\"init\":\"init\",\"step\":\"step\",\"finalize\":\"finalize\",\"drop\":\"drop\"}}")
  ;; The integer 7, a text, an error.
  (data (i32.const 16) "\01\00\00\00\00\00\00\00" "\07")
  (data (i32.const 32) "\03\00\00\00\02\00\00\00" "\40")
  (data (i32.const 48) "\00\00\00\00\02\00\00\00" "\40")
  (data (i32.const 64) "no")
  (func (export "init") (param $argc i32) (param $argv i32) (result i32)
    (i32.const 16))
  (func (export "step") (param $argc i32) (param $argv i32) (result i32)
    (loop $forever (br $forever)) (unreachable))
  (func (export "finalize") (param $argc i32) (param $argv i32) (result i32)
    (i32.const 16))
  (func (export "drop") (param $argc i32) (param $argv i32) (result i32)
    (i32.const 0)))
