;; Attack: looks for bytes that are not its own in fresh memory: what earlier guests left there.
;; Answer: 0: new memory holds zeros only.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "looks_around") (param $argc i32) (param $argv i32) (result i32) (local $at i32) (local $seen i64)
    (local.set $at (i32.const 0x10000))
    (loop $again
      (local.set $seen (i64.or (local.get $seen) (i64.load (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br_if $again (i32.lt_u (local.get $at) (i32.shl (memory.size) (i32.const 16)))))
    ;; Leaves something for the next one to find.
    (memory.fill (i32.const 0x10000) (i32.const 90) (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 0x10000)))
    (i64.store (i32.const 16) (i64.const 1))
    (i64.store (i32.const 24) (local.get $seen))
    (i32.const 16)))
