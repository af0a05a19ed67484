  ;; Turns the rows of a table of Turso's proposal, which returns one value per call, into batches. A cursor
  ;; has its own instance, so there is only one. The bytes of values are copied, because the guest may use
  ;; the same memory for the next one.

  (global $cursor (mut i64) (i64.const 0))
  ;; 0: no row; 1: on a row; 2: on a row that was returned already
  (global $on (mut i32) (i32.const 0))
  ;; The address for the next bytes.
  (global $rows_next (mut i32) (i32.const 0))

  (func $rows_region (param $bytes i32) (result i32)
    (local $at i32)
    (local.set $at
      (memory.grow (i32.shr_u (i32.add (local.get $bytes) (i32.const 65535)) (i32.const 16))))
    (if (i32.eq (local.get $at) (i32.const -1)) (then (return (i32.const 0))))
    (memory.fill (global.get $rows) (i32.const 0)
      (i32.sub (global.get $rows_end) (global.get $rows)))
    (global.set $rows (i32.shl (local.get $at) (i32.const 16)))
    (global.set $rows_end (i32.add (global.get $rows) (local.get $bytes)))
    (i32.const 1))

  ;; Fills the slots for a call about the cursor.
  (func $about (param $more i64)
    (i32.store16 (i32.const 1016) (i32.const 0))
    (i64.store (i32.const 0) (global.get $cursor))
    (i64.store (i32.const 8) (local.get $more)))

  ;; Whether a result says that there are no more rows.
  (func $is_end (param $raw i64) (result i32)
    (local $record i32)
    (local.set $record (call $result (local.get $raw) (global.get $home)))
    (if (i32.eqz (local.get $record)) (then (return (i32.const 0))))
    (if (i32.eq (i32.load8_u (local.get $record)) (i32.const 2))
      (then
        (return (f64.ne (f64.load offset=8 (local.get $record)) (f64.const 0)))))
    (i64.ne (i64.load offset=8 (local.get $record)) (i64.const 0)))

  ;; Puts a value into a row. 0: done; 1: no room; 2: the allocator has run into the region.
  (func $value (param $raw i64) (param $to i32) (result i32)
    (local $tag i32) (local $at i32) (local $len i32)
    (if (i32.eqz (call $result (local.get $raw) (local.get $to)))
      (then
        (i64.store (local.get $to) (i64.const 5))
        (i64.store offset=8 (local.get $to) (i64.const 0))
        (return (i32.const 0))))
    (if (i32.and (global.get $counts)
          (i32.gt_u (call $malloc (i32.const 0)) (global.get $home)))
      (then (return (i32.const 2))))
    (local.set $tag (i32.load8_u (local.get $to)))
    (if (i32.lt_u (local.get $tag) (i32.const 3)) (then (return (i32.const 0))))
    (local.set $at (i32.load offset=8 (local.get $to)))
    (local.set $len (i32.load offset=4 (local.get $to)))
    ;; A value outside of memory stays unchanged, so that the host reports it.
    (if (i64.gt_u
          (i64.add (i64.extend_i32_u (local.get $at)) (i64.extend_i32_u (local.get $len)))
          (call $memory_bytes))
      (then (return (i32.const 0))))
    (if (i32.gt_u (local.get $len)
          (i32.sub (global.get $rows_end) (global.get $rows_next)))
      (then (return (i32.const 1))))
    (memory.copy (global.get $rows_next) (local.get $at) (local.get $len))
    (i32.store offset=8 (local.get $to) (global.get $rows_next))
    (global.set $rows_next (i32.add (global.get $rows_next) (local.get $len)))
    (i32.const 0))

  ;; Makes room for a row that is alone in its batch; 0 if there is no memory for it.
  (func $more_room (result i32)
    (local $bytes i32)
    (local.set $bytes (i32.sub (global.get $rows_end) (global.get $rows)))
    (if (i32.gt_u (local.get $bytes) (i32.const 0x3fffffff)) (then (return (i32.const 0))))
    (call $rows_region
      (select (i32.shl (local.get $bytes) (i32.const 1)) (i32.const 65536) (local.get $bytes))))

