;; What the C shim of Turso's proposal makes from an extension. It registers functions while its entry
;; point runs, and is called through a table. Its allocator counts from 1,024 on, whatever is there:
;; here names, its own counter at 1,032, and data.
(module
  (import "env" "__turso_register_func"
    (func $register (param i32 i32 i32 i32 i32)))
  (memory (export "memory") 2)
  (data (i32.const 1024) "twice\00")
  (data (i32.const 1032) "\00\04\00\00")
  (data (i32.const 1040) "argcs\00which\00")
  (table 4 funcref)
  (elem (i32.const 1) $twice $count $which)
  (type $function (func (param i32 i32 i32) (result i64)))
  (global $ready (mut i32) (i32.const 0))
  (func $malloc (export "turso_malloc") (param $size i32) (result i32)
    (i32.load (i32.const 1032))
    (i32.store (i32.const 1032) (i32.add (i32.load (i32.const 1032)) (local.get $size))))
  (func (export "_initialize")
    (global.set $ready (i32.const 1)))
  (func (export "turso_ext_init") (result i32)
    (if (i32.eqz (global.get $ready)) (then (return (i32.const 1))))
    (call $register (i32.const 1024) (i32.const 5) (i32.const 1) (i32.const 1) (i32.const 0))
    (call $register (i32.const 1040) (i32.const 5) (i32.const -1) (i32.const 2) (i32.const 0))
    (call $register (i32.const 1046) (i32.const 5) (i32.const 0) (i32.const 3) (i32.const 77))
    (call $register (i32.const 1046) (i32.const 5) (i32.const 1) (i32.const 3) (i32.const 78))
    (i32.const 0))
  ;; The text of the argument twice, in memory that is allocated anew.
  (func $twice (param $data i32) (param $argc i32) (param $argv i32) (result i64)
    (local $from i32) (local $to i32) (local $len i32)
    (local.set $from (i32.add (i32.load (local.get $argv)) (i32.const 1)))
    (block $end
      (loop $each
        (br_if $end (i32.eqz (i32.load8_u (i32.add (local.get $from) (local.get $len)))))
        (local.set $len (i32.add (local.get $len) (i32.const 1)))
        (br $each)))
    (local.set $to
      (call $malloc (i32.add (i32.shl (local.get $len) (i32.const 1)) (i32.const 2))))
    (memory.copy (i32.add (local.get $to) (i32.const 1)) (local.get $from) (local.get $len))
    (memory.copy (i32.add (i32.add (local.get $to) (i32.const 1)) (local.get $len))
      (local.get $from) (local.get $len))
    (i32.store8 (local.get $to) (i32.const 3))
    (i32.store8
      (i32.add (i32.add (local.get $to) (i32.const 1)) (i32.shl (local.get $len) (i32.const 1)))
      (i32.const 0))
    (i64.extend_i32_u (local.get $to)))
  (func $count (param $data i32) (param $argc i32) (param $argv i32) (result i64)
    (i64.extend_i32_u (local.get $argc)))
  ;; The value that it was registered with.
  (func $which (param $data i32) (param $argc i32) (param $argv i32) (result i64)
    (i64.extend_i32_u (local.get $data)))
  (func (export "__turso_call")
    (param $function i32) (param $data i32) (param $argc i32) (param $argv i32) (result i64)
    (i32.store8 (call $malloc (i32.const 1)) (i32.const 5))
    (call_indirect (type $function)
      (local.get $data) (local.get $argc) (local.get $argv) (local.get $function))))
