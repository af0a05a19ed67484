;; Aggregates that count what the host does with their states.
;;
;; tally() is a full window function, growing() has no inverse, plain() has no value either. All three add
;; integers. 13 is an error of step, 666 a trap in it, a sum of 99 an error of finalize, one of 6660 a
;; trap in it, 77 a trap of inverse. batches() returns the number of calls with rows.
;; living() returns the number of states that were made and neither finalized nor dropped, dropped() the
;; number of those that were dropped.
;;
;; A handle is the state's address with bits above the lower 32, so that all 64 have to travel.
(module
  (memory (export "memory") 1)
  ;; Arguments are at 65536 and above, states below.
  (func (export "commensal_scratch") (param $size i32) (result i32)
    (local $missing i32)
    (local.set $missing
      (i32.sub
        (i32.wrap_i64
          (i64.shr_u
            (i64.add (i64.extend_i32_u (local.get $size)) (i64.const 131071))
            (i64.const 16)))
        (memory.size)))
    (if (i32.gt_s (local.get $missing) (i32.const 0))
      (then
        (if (i32.eq (memory.grow (local.get $missing)) (i32.const -1))
          (then (return (i32.const 0))))))
    (i32.const 65536))
  (@custom "commensal"
    "{\"abi\":1}\n"
    "{\"aggregate\":{\"name\":\"tally\",\"params\":[\"integer\"],\"returns\":\"integer\",\"init\":\"init\",\"step\":\"step\",\"inverse\":\"inverse\",\"value\":\"value\",\"finalize\":\"finalize\",\"drop\":\"drop\"}}\n"
    "{\"aggregate\":{\"name\":\"growing\",\"params\":[\"integer\"],\"init\":\"init\",\"step\":\"step\",\"value\":\"value\",\"finalize\":\"finalize\",\"drop\":\"drop\"}}\n"
    "{\"aggregate\":{\"name\":\"plain\",\"params\":[\"integer?\"],\"init\":\"init\",\"step\":\"step\",\"finalize\":\"finalize\",\"drop\":\"drop\"}}\n"
    "{\"aggregate\":{\"name\":\"batches\",\"init\":\"init\",\"step\":\"count\",\"finalize\":\"finalize\",\"drop\":\"drop\"}}\n"
    "{\"function\":{\"name\":\"living\",\"params\":[],\"returns\":\"integer\"}}\n"
    "{\"function\":{\"name\":\"dropped\",\"params\":[],\"returns\":\"integer\"}}\n")
  (data (i32.const 64) "13 is not accepted")
  (data (i32.const 96) "99 is not accepted")
  (global $made (mut i64) (i64.const 0))
  (global $finalized (mut i64) (i64.const 0))
  (global $dropped (mut i64) (i64.const 0))
  ;; The first free state. Each free state has the address of the next one.
  (global $free (mut i32) (i32.const 0))
  ;; The first address that was never used for a state.
  (global $end (mut i32) (i32.const 1024))

  (func $integer (param $value i64) (result i32)
    (i64.store (i32.const 16) (i64.const 1))
    (i64.store (i32.const 24) (local.get $value))
    (i32.const 16))
  (func $error (param $at i32) (result i32)
    (i64.store (i32.const 16) (i64.const 0x1200000000))
    (i64.store (i32.const 24) (i64.extend_i32_u (local.get $at)))
    (i32.const 16))
  ;; The state whose handle is the first argument. Traps if it is not live.
  (func $state (param $argv i32) (result i32)
    (local $state i32)
    (if (i64.ne (i64.load (local.get $argv)) (i64.const 1)) (then (unreachable)))
    (if (i64.ne (i64.shr_u (i64.load offset=8 (local.get $argv)) (i64.const 32)) (i64.const 0xfeedface))
      (then (unreachable)))
    (local.set $state (i32.load offset=8 (local.get $argv)))
    (if (i32.ne (i32.load offset=8 (local.get $state)) (i32.const 1)) (then (unreachable)))
    (local.get $state))

  (func (export "init") (param $argc i32) (param $argv i32) (result i32)
    (local $state i32)
    (if (local.get $argc) (then (unreachable)))
    (local.set $state (global.get $free))
    (if (local.get $state)
      (then (global.set $free (i32.load (local.get $state))))
      (else
        (local.set $state (global.get $end))
        (global.set $end (i32.add (global.get $end) (i32.const 16)))
        (if (i32.gt_u (global.get $end) (i32.const 65536)) (then (unreachable)))))
    (i64.store (local.get $state) (i64.const 0))
    (i32.store offset=8 (local.get $state) (i32.const 1))
    (global.set $made (i64.add (global.get $made) (i64.const 1)))
    (call $integer
      (i64.or (i64.extend_i32_u (local.get $state)) (i64.const 0xfeedface00000000))))

  (func (export "step") (param $argc i32) (param $argv i32) (result i32)
    (local $state i32) (local $i i32) (local $value i64)
    (local.set $state (call $state (local.get $argv)))
    (if (i32.ne (local.get $argc) (i32.add (i32.load offset=24 (local.get $argv)) (i32.const 2)))
      (then (unreachable)))
    (local.set $i (i32.const 2))
    (block $done
      (loop $rows
        (br_if $done (i32.ge_u (local.get $i) (local.get $argc)))
        (local.set $value
          (i64.load offset=8 (i32.add (local.get $argv) (i32.mul (local.get $i) (i32.const 16)))))
        (if (i64.eq (local.get $value) (i64.const 13)) (then (return (call $error (i32.const 64)))))
        (if (i64.eq (local.get $value) (i64.const 666)) (then (unreachable)))
        (i64.store (local.get $state) (i64.add (i64.load (local.get $state)) (local.get $value)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $rows)))
    (i32.const 0))

  (func (export "inverse") (param $argc i32) (param $argv i32) (result i32)
    (local $state i32) (local $i i32) (local $value i64)
    (local.set $state (call $state (local.get $argv)))
    (local.set $i (i32.const 2))
    (block $done
      (loop $rows
        (br_if $done (i32.ge_u (local.get $i) (local.get $argc)))
        (local.set $value
          (i64.load offset=8 (i32.add (local.get $argv) (i32.mul (local.get $i) (i32.const 16)))))
        (if (i64.eq (local.get $value) (i64.const 77)) (then (unreachable)))
        (i64.store (local.get $state) (i64.sub (i64.load (local.get $state)) (local.get $value)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $rows)))
    (i32.const 0))

  (func (export "count") (param $argc i32) (param $argv i32) (result i32)
    (local $state i32)
    (local.set $state (call $state (local.get $argv)))
    (i64.store (local.get $state) (i64.add (i64.load (local.get $state)) (i64.const 1)))
    (i32.const 0))

  (func (export "value") (param $argc i32) (param $argv i32) (result i32)
    (if (i32.ne (local.get $argc) (i32.const 1)) (then (unreachable)))
    (call $integer (i64.load (call $state (local.get $argv)))))

  (func $release (param $argc i32) (param $argv i32) (result i64)
    (local $state i32) (local $sum i64)
    (if (i32.ne (local.get $argc) (i32.const 1)) (then (unreachable)))
    (local.set $state (call $state (local.get $argv)))
    (local.set $sum (i64.load (local.get $state)))
    (i32.store (local.get $state) (global.get $free))
    (i32.store offset=8 (local.get $state) (i32.const 0))
    (global.set $free (local.get $state))
    (local.get $sum))

  (func (export "finalize") (param $argc i32) (param $argv i32) (result i32)
    (local $sum i64)
    (local.set $sum (call $release (local.get $argc) (local.get $argv)))
    (global.set $finalized (i64.add (global.get $finalized) (i64.const 1)))
    (if (i64.eq (local.get $sum) (i64.const 99)) (then (return (call $error (i32.const 96)))))
    (if (i64.eq (local.get $sum) (i64.const 6660)) (then (unreachable)))
    (call $integer (local.get $sum)))

  (func (export "drop") (param $argc i32) (param $argv i32) (result i32)
    (drop (call $release (local.get $argc) (local.get $argv)))
    (global.set $dropped (i64.add (global.get $dropped) (i64.const 1)))
    (i32.const 0))

  (func (export "living") (param i32 i32) (result i32)
    (call $integer
      (i64.sub (global.get $made) (i64.add (global.get $finalized) (global.get $dropped)))))

  (func (export "dropped") (param i32 i32) (result i32)
    (call $integer (global.get $dropped))))
