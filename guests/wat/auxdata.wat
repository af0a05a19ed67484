;; Auxiliary data: hits(x, …) is how often this place of the statement has found data for its first argument,
;; and hits_at(n, …) for argument n. All calls share those of a negative argument. kept() is how many numbers
;; the guest has kept, and gone() how many of them the host has said it no longer keeps. twice(x) drops
;; its data every other time, and trap(x) traps. sums(x) is an aggregate that keeps data in each of its
;; methods.
(module
  (import "commensal" "auxdata_get" (func $get (param i32) (result i64)))
  (import "commensal" "auxdata_set" (func $set (param i32 i64)))
  (memory (export "memory") 2)
  (@custom "commensal"
    "{\"abi\":1}\n"
    "{\"function\":{\"name\":\"hits\",\"params\":[\"any\",\"any...\"],\"returns\":\"integer\"}}\n"
    "{\"function\":{\"name\":\"hits_at\",\"params\":[\"integer\",\"any...\"],\"returns\":\"integer\"}}\n"
    "{\"function\":{\"name\":\"twice\",\"params\":[\"any\"],\"returns\":\"integer\"}}\n"
    "{\"function\":{\"name\":\"kept\",\"params\":[],\"returns\":\"integer\"}}\n"
    "{\"function\":{\"name\":\"gone\",\"params\":[],\"returns\":\"integer\"}}\n"
    "{\"function\":{\"name\":\"trap\",\"params\":[\"any\"],\"returns\":\"integer\"}}\n"
    "{\"aggregate\":{\"name\":\"sums\",\"params\":[\"any\"],\"init\":\"init\",\"step\":\"step\",\"finalize\":\"step\",\"drop\":\"step\"}}\n")
  (global $kept (mut i64) (i64.const 0))
  (global $gone (mut i64) (i64.const 0))
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 65536))
  (func $integer (param $value i64) (result i32)
    (i64.store (i32.const 512) (i64.const 1))
    (i64.store (i32.const 520) (local.get $value))
    (i32.const 512))
  ;; The number that is kept is one more than that of hits, because 0 means nothing.
  (func $hit (param $argument i32) (result i64)
    (local $before i64)
    (local.set $before (call $get (local.get $argument)))
    (call $set (local.get $argument) (i64.add (local.get $before) (i64.const 1)))
    (global.set $kept (i64.add (global.get $kept) (i64.const 1)))
    (if (i64.ne (call $get (local.get $argument)) (i64.add (local.get $before) (i64.const 1)))
      (then (unreachable)))
    (local.get $before))
  (func (export "hits") (param $argc i32) (param $argv i32) (result i32)
    (call $integer (call $hit (i32.const 0))))
  (func (export "hits_at") (param $argc i32) (param $argv i32) (result i32)
    (call $integer (call $hit (i32.wrap_i64 (i64.load offset=8 (local.get $argv))))))
  ;; Drops its data the second time.
  (func (export "twice") (param $argc i32) (param $argv i32) (result i32)
    (if (i64.eqz (call $get (i32.const 0)))
      (then (return (call $integer (call $hit (i32.const 0))))))
    (call $set (i32.const 0) (i64.const 0))
    (if (i64.ne (call $get (i32.const 0)) (i64.const 0)) (then (unreachable)))
    (call $integer (i64.const -1)))
  (func (export "kept") (param $argc i32) (param $argv i32) (result i32)
    (call $integer (global.get $kept)))
  (func (export "gone") (param $argc i32) (param $argv i32) (result i32)
    (call $integer (global.get $gone)))
  (func (export "trap") (param $argc i32) (param $argv i32) (result i32)
    (drop (call $hit (i32.const 0)))
    (unreachable))
  (func (export "init") (param $argc i32) (param $argv i32) (result i32)
    (global.set $kept (i64.add (global.get $kept) (i64.const 1)))
    (call $set (i32.const 0) (i64.const 99))
    (call $integer (global.get $kept)))
  (func (export "step") (param $argc i32) (param $argv i32) (result i32)
    (if (i64.ne (call $get (i32.const 0)) (i64.const 0)) (then (unreachable)))
    (call $integer (call $hit (i32.const 0))))
  (func (export "commensal_auxdata_drop") (param $argc i32) (param $argv i32) (result i32)
    (if (i32.ne (local.get $argc) (i32.const 1)) (then (unreachable)))
    (if (i64.ne (i64.load (local.get $argv)) (i64.const 1)) (then (unreachable)))
    (if (i64.eqz (i64.load offset=8 (local.get $argv))) (then (unreachable)))
    (global.set $gone (i64.add (global.get $gone) (i64.const 1)))
    (i32.const 0)))
