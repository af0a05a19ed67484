;; Attack: an allocator that grows memory, so that it moves, and gives another place at each call.
;; Answer: works: the host uses the newest place and keeps no address of the old one.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param $size i32) (result i32) (local $page i32)
    (local.set $page
      (memory.grow
        (i32.add (i32.shr_u (local.get $size) (i32.const 16)) (i32.const 1))))
    (if (i32.eq (local.get $page) (i32.const -1)) (then (return (i32.const 0))))
    (i32.shl (local.get $page) (i32.const 16)))
  ;; The length of its first argument, which shows that arguments arrive.
  (func (export "scratch_alternates") (param $argc i32) (param $argv i32) (result i32)
    (if (i32.eqz (local.get $argc)) (then (return (i32.const 0))))
    (i64.store (i32.const 16) (i64.const 1))
    (i64.store (i32.const 24) (i64.load32_u offset=4 (local.get $argv)))
    (i32.const 16)))
