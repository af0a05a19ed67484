  ;; The functions that an extension in C has registered, 20 bytes each: address and length of the name, the
  ;; argument count, and the two values with which its function is called.

  (global $registered (mut i32) (i32.const 0))
  (global $count (mut i32) (i32.const 0))
  (global $result_code (mut i32) (i32.const 0))

  (func (export "replacement")
    (param $name i32) (param $len i32) (param $narg i32) (param $function i32) (param $data i32)
    (local $at i32)
    ;; If memory cannot grow, the next store traps.
    (if (i32.eqz (global.get $registered))
      (then (global.set $registered (i32.shl (memory.grow (i32.const 1)) (i32.const 16)))))
    (if (i32.ge_u (global.get $count) (i32.const 3000)) (then unreachable))
    (local.set $at
      (i32.add (global.get $registered) (i32.mul (global.get $count) (i32.const 20))))
    (i32.store (local.get $at) (local.get $name))
    (i32.store offset=4 (local.get $at) (local.get $len))
    (i32.store offset=8 (local.get $at) (local.get $narg))
    (i32.store offset=12 (local.get $at) (local.get $function))
    (i32.store offset=16 (local.get $at) (local.get $data))
    (global.set $count (i32.add (global.get $count) (i32.const 1))))

