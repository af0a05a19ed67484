;; Text in, text out: results in place, results longer than the arguments, subtypes, errors.
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
    "{\"abi\":1}\n"
    "{\"function\":{\"name\":\"shout\",\"export\":\"shout\",\"params\":[\"text\"],\"returns\":\"text\",\"deterministic\":true}}\n"
    "{\"function\":{\"name\":\"twice\",\"export\":\"twice\",\"params\":[\"text\"],\"returns\":\"text\",\"deterministic\":true}}\n"
    "{\"function\":{\"name\":\"as_json\",\"export\":\"as_json\",\"params\":[\"text\"],\"returns\":\"text\",\"deterministic\":true,\"subtype\":true}}\n"
    "{\"function\":{\"name\":\"subtype_of\",\"export\":\"subtype_of\",\"params\":[\"any?\"],\"returns\":\"integer\",\"subtype\":true}}\n"
    "{\"function\":{\"name\":\"fail\",\"export\":\"fail\",\"params\":[\"text\"]}}\n")
  (func $clear_flags (param $argv i32)
    (i32.store8 offset=2 (local.get $argv) (i32.const 0)))
  ;; ASCII letters in upper case, written over the argument itself.
  (func (export "shout") (param $argc i32) (param $argv i32) (result i32)
    (local $at i32) (local $end i32) (local $byte i32)
    (local.set $at (i32.load offset=8 (local.get $argv)))
    (local.set $end (i32.add (local.get $at) (i32.load offset=4 (local.get $argv))))
    (block $done
      (loop $next
        (br_if $done (i32.eq (local.get $at) (local.get $end)))
        (local.set $byte (i32.load8_u (local.get $at)))
        (if (i32.lt_u (i32.sub (local.get $byte) (i32.const 97)) (i32.const 26))
          (then (i32.store8 (local.get $at) (i32.sub (local.get $byte) (i32.const 32)))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next)))
    (call $clear_flags (local.get $argv))
    (local.get $argv))
  ;; The text twice, in memory that each call grows: a result longer than any argument.
  (func (export "twice") (param $argc i32) (param $argv i32) (result i32)
    (local $from i32) (local $len i32) (local $to i32)
    (local.set $from (i32.load offset=8 (local.get $argv)))
    (local.set $len (i32.load offset=4 (local.get $argv)))
    (local.set $to
      (memory.grow
        (i32.shr_u (i32.add (i32.shl (local.get $len) (i32.const 1)) (i32.const 65535)) (i32.const 16))))
    (if (i32.eq (local.get $to) (i32.const -1)) (then (unreachable)))
    (local.set $to (i32.shl (local.get $to) (i32.const 16)))
    (memory.copy (local.get $to) (local.get $from) (local.get $len))
    (memory.copy (i32.add (local.get $to) (local.get $len)) (local.get $from) (local.get $len))
    (i32.store (i32.const 16) (i32.const 3))
    (i32.store (i32.const 20) (i32.shl (local.get $len) (i32.const 1)))
    (i64.store (i32.const 24) (i64.extend_i32_u (local.get $to)))
    (i32.const 16))
  ;; The argument with the subtype of JSON.
  (func (export "as_json") (param $argc i32) (param $argv i32) (result i32)
    (i32.store8 offset=1 (local.get $argv) (i32.const 74))
    (call $clear_flags (local.get $argv))
    (local.get $argv))
  ;; The subtype of the argument.
  (func (export "subtype_of") (param $argc i32) (param $argv i32) (result i32)
    (i64.store (i32.const 16) (i64.const 1))
    (i64.store (i32.const 24) (i64.load8_u offset=1 (local.get $argv)))
    (i32.const 16))
  ;; Fails with the argument as the message.
  (func (export "fail") (param $argc i32) (param $argv i32) (result i32)
    (i32.store8 (local.get $argv) (i32.const 0))
    (call $clear_flags (local.get $argv))
    (local.get $argv)))
