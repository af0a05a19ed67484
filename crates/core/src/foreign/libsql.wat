  ;; libSQL's convention: numbers are passed directly, everything else behind a tag.

  ;; Writes an argument that is text, a blob or NULL in the guest's form. Returns its address.
  (func $argument (param $record i32) (result i32)
    (local $tag i32) (local $at i32) (local $to i32) (local $len i32)
    (local.set $tag (i32.load8_u (local.get $record)))
    (local.set $at (global.get $next))
    (local.set $len (i32.load offset=4 (local.get $record)))
    (i32.store8 (local.get $at) (local.get $tag))
    (local.set $to (i32.add (local.get $at) (i32.const 1)))
    (if (i32.eq (local.get $tag) (i32.const 4))
      (then
        (i32.store (local.get $to) (call $swapped (local.get $len)))
        (local.set $to (i32.add (local.get $to) (i32.const 4)))))
    (if (i32.ne (local.get $tag) (i32.const 5))
      (then
        (call $copy (local.get $to) (i32.load offset=8 (local.get $record)) (local.get $len))
        (local.set $to (i32.add (local.get $to) (local.get $len)))
        (if (i32.eq (local.get $tag) (i32.const 3))
          (then
            (i32.store8 (local.get $to) (i32.const 0))
            (local.set $to (i32.add (local.get $to) (i32.const 1)))))))
    (global.set $next (local.get $to))
    (local.get $at))

  ;; Reverses the order of the bytes.
  (func $swapped (param $word i32) (result i32)
    (i32.or
      (i32.and (i32.rotl (local.get $word) (i32.const 8)) (i32.const 0x00ff00ff))
      (i32.and (i32.rotr (local.get $word) (i32.const 8)) (i32.const 0xff00ff00))))

  ;; Makes a record of the value at this address; 0 for NULL.
  (func $result (param $at i32) (result i32)
    (local $tag i32)
    (if (i64.ge_u (i64.extend_i32_u (local.get $at)) (call $memory_bytes))
      (then (return (call $wild (global.get $home)))))
    (local.set $tag (i32.load8_u (local.get $at)))
    (local.set $at (i32.add (local.get $at) (i32.const 1)))
    (if (i32.eq (local.get $tag) (i32.const 3))
      (then (return (call $text (global.get $home) (local.get $at)))))
    (if (i32.eq (local.get $tag) (i32.const 5)) (then (return (i32.const 0))))
    (if (i32.ne (local.get $tag) (i32.const 4)) (then (return (call $no_value))))
    (if (i64.gt_u (i64.add (i64.extend_i32_u (local.get $at)) (i64.const 4)) (call $memory_bytes))
      (then (return (call $wild (global.get $home)))))
    (call $bytes (global.get $home) (i64.const 4) (i32.add (local.get $at) (i32.const 4))
      (call $swapped (i32.load (local.get $at)))))

