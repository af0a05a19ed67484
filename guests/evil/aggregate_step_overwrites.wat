;; Attack: overwrites all of the scratch area, and expects what the ABI says in each call.
;; Answer: no effect: the next rows are whole.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 65536))
  (@custom "commensal" "{\"abi\":1}{\"aggregate\":{\"name\":\"aggregate_step_overwrites\",\"init\":\"init\",\"step\":\"step\",\"finalize\":\"finalize\",\"drop\":\"drop\"}}")
  ;; The integer 7, a text, an error.
  (data (i32.const 16) "\01\00\00\00\00\00\00\00" "\07")
  (data (i32.const 32) "\03\00\00\00\02\00\00\00" "\40")
  (data (i32.const 48) "\00\00\00\00\02\00\00\00" "\40")
  (data (i32.const 64) "no")
  (func (export "init") (param $argc i32) (param $argv i32) (result i32)
    (i32.const 16))
  (func (export "step") (param $argc i32) (param $argv i32) (result i32)
    (if (i64.ne (i64.load offset=8 (local.get $argv)) (i64.const 7)) (then (unreachable)))
    (if (i64.ne (i64.extend_i32_u (i32.sub (local.get $argc) (i32.const 2))) (i64.load offset=24 (local.get $argv)))
      (then (unreachable)))
    (memory.fill (i32.const 65536) (i32.const 0xff) (i32.const 0x10000))
    (i32.const 0))
  (func (export "finalize") (param $argc i32) (param $argv i32) (result i32)
    (i32.const 16))
  (func (export "drop") (param $argc i32) (param $argv i32) (result i32)
    (i32.const 0)))
