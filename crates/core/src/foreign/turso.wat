  ;; The convention of Turso's proposal: 8 bytes a slot from address 0 on. The type of a result is at 1017
  ;; or before its bytes.

  ;; Rows of an open cursor: see tables.wat.
  (global $rows (mut i32) (i32.const 0))
  (global $rows_end (mut i32) (i32.const 0))

  ;; Keeps the static data that the allocator would write over: from the place where it begins to this
  ;; address. It is restored before each call, as that proposal's host does with all of memory.
  (func $keep_static (param $end i32)
    (local $at i32)
    (call $look_at_allocator)
    (local.set $at (call $malloc (i32.const 0)))
    (if (i32.or
          (i32.or (i32.eqz (global.get $counts)) (i32.ge_u (local.get $at) (local.get $end)))
          (i64.gt_u (i64.extend_i32_u (local.get $end)) (call $memory_bytes)))
      (then (return)))
    (global.set $kept (local.get $at))
    (global.set $kept_bytes (i32.sub (local.get $end) (local.get $at))))

  ;; The address of the allocator's count in a guest in C, and the count's first value.
  (global $count_at (mut i32) (i32.const 0))
  (global $count_from (mut i32) (i32.const 0))

  ;; The allocator of a guest in C begins at 1,024, where its data, its stack and its heap are. So it is
  ;; made to begin at the end of memory, again before each call. Its count is found by trying the words of
  ;; the data up to this address.
  (func $move_allocator (param $end i32)
    (local $at i32) (local $count i32)
    (call $look_at_allocator)
    (if (i32.eqz (global.get $counts)) (then (return)))
    (local.set $count (i32.shl (memory.size) (i32.const 16)))
    (global.set $count_from (local.get $count))
    (drop (call $malloc (i32.sub (local.get $count) (call $malloc (i32.const 0)))))
    (if (i64.gt_u (i64.extend_i32_u (local.get $end)) (call $memory_bytes))
      (then (return)))
    (local.set $at (i32.const 1024))
    (loop $each
      (if (i32.gt_u (i32.add (local.get $at) (i32.const 4)) (local.get $end)) (then (return)))
      (if (i32.eq (i32.load (local.get $at)) (local.get $count))
        (then
          (drop (call $malloc (i32.const 8)))
          (local.set $count (i32.add (local.get $count) (i32.const 8)))
          (if (i32.eq (i32.load (local.get $at)) (local.get $count))
            (then (global.set $count_at (local.get $at)) (return)))))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (br $each)))

  (func $begin
    (call $enter)
    (if (global.get $kept_bytes)
      (then (memory.copy (global.get $kept) (global.get $copy) (global.get $kept_bytes))))
    (if (global.get $count_at)
      (then (i32.store (global.get $count_at) (global.get $count_from))))
    (i32.store16 (i32.const 1016) (i32.const 0)))

  ;; Writes an argument to its slot, and its bytes to $next.
  (func $argument (param $record i32) (param $slot i32)
    (local $tag i32) (local $to i32) (local $len i32)
    (local.set $tag (i32.load8_u (local.get $record)))
    (if (i32.lt_u (local.get $tag) (i32.const 3))
      (then
        (i64.store (local.get $slot) (i64.load offset=8 (local.get $record)))
        (return)))
    (local.set $to (global.get $next))
    (local.set $len (i32.load offset=4 (local.get $record)))
    (i64.store (local.get $slot) (i64.extend_i32_u (local.get $to)))
    (i32.store8 (local.get $to) (local.get $tag))
    (local.set $to (i32.add (local.get $to) (i32.const 1)))
    (if (i32.eq (local.get $tag) (i32.const 4))
      (then
        (i32.store (local.get $to) (local.get $len))
        (local.set $to (i32.add (local.get $to) (i32.const 4)))))
    (if (i32.ne (local.get $tag) (i32.const 5))
      (then
        (call $copy (local.get $to) (i32.load offset=8 (local.get $record)) (local.get $len))
        (local.set $to (i32.add (local.get $to) (local.get $len)))
        (if (i32.eq (local.get $tag) (i32.const 3))
          (then
            (i32.store8 (local.get $to) (i32.const 0))
            (local.set $to (i32.add (local.get $to) (i32.const 1)))))))
    (global.set $next (local.get $to)))

  ;; Writes all arguments, from this slot on.
  (func $arguments (param $argc i32) (param $argv i32) (param $slot i32)
    (block $done
      (loop $all
        (br_if $done (i32.eqz (local.get $argc)))
        (call $argument (local.get $argv) (local.get $slot))
        (local.set $argv (i32.add (local.get $argv) (i32.const 16)))
        (local.set $slot (i32.add (local.get $slot) (i32.const 8)))
        (local.set $argc (i32.sub (local.get $argc) (i32.const 1)))
        (br $all))))

  ;; Text or a blob as length and address in one word.
  (func $packed (param $record i32) (result i64)
    (i64.or
      (i64.shl (i64.load32_u offset=4 (local.get $record)) (i64.const 32))
      (i64.load32_u offset=8 (local.get $record))))

  (func $unpack (param $tag i64) (param $packed i64) (result i32)
    (call $bytes (global.get $home) (local.get $tag) (i32.wrap_i64 (local.get $packed))
      (i32.wrap_i64 (i64.shr_u (local.get $packed) (i64.const 32)))))

  ;; Makes a record of a result and returns its address; 0 for NULL.
  (func $result (param $raw i64) (param $to i32) (result i32)
    (local $tag i32) (local $at i32)
    (local.set $tag (i32.load8_u (i32.const 1017)))
    (if (i32.eqz (local.get $tag))
      (then
        (if (call $is_address (local.get $raw))
          (then
            (local.set $at (i32.wrap_i64 (local.get $raw)))
            (local.set $tag (i32.load8_u (local.get $at)))
            (if (i32.lt_u (i32.sub (local.get $tag) (i32.const 1)) (i32.const 5))
              (then (return (call $tagged (local.get $tag) (local.get $at) (local.get $to)))))))
        (return (call $integer (local.get $to) (local.get $raw)))))
    (if (i32.eq (local.get $tag) (i32.const 1))
      (then (return (call $integer (local.get $to) (local.get $raw)))))
    (if (i32.eq (local.get $tag) (i32.const 2))
      (then (return (call $real (local.get $to) (local.get $raw)))))
    (if (i32.eq (local.get $tag) (i32.const 5)) (then (return (i32.const 0))))
    (if (i32.or (i64.ge_u (local.get $raw) (call $memory_bytes))
          (i32.gt_u (local.get $tag) (i32.const 5)))
      (then (return (call $wild (local.get $to)))))
    (if (i32.eq (local.get $tag) (i32.const 3))
      (then (return (call $text (local.get $to) (i32.wrap_i64 (local.get $raw))))))
    (call $blob (i32.wrap_i64 (local.get $raw)) (local.get $to)))

  ;; Whether a number can be an address: in memory, above the slots, and not in a region that only the
  ;; translation uses. Arguments are addresses, too, because a guest may return one.
  (func $is_address (param $raw i64) (result i32)
    (local $at i32)
    (local.set $at (i32.wrap_i64 (local.get $raw)))
    (i32.and
      (i64.lt_u
        (i64.sub (local.get $raw) (i64.const 1024))
        (i64.sub (call $memory_bytes) (i64.const 1024)))
      (i32.eqz
        (i32.or
          (i32.or
            (call $is_within (local.get $at) (global.get $home) (global.get $values))
            (call $is_within (local.get $at) (global.get $next) (global.get $end)))
          (call $is_within (local.get $at) (global.get $rows) (global.get $rows_end))))))

  (func $is_within (param $at i32) (param $from i32) (param $to i32) (result i32)
    (i32.and (i32.ge_u (local.get $at) (local.get $from))
      (i32.lt_u (local.get $at) (local.get $to))))

  ;; Reads the value behind its tag.
  (func $tagged (param $tag i32) (param $at i32) (param $to i32) (result i32)
    (local.set $at (i32.add (local.get $at) (i32.const 1)))
    (if (i32.eq (local.get $tag) (i32.const 5)) (then (return (i32.const 0))))
    (if (i32.eq (local.get $tag) (i32.const 3))
      (then (return (call $text (local.get $to) (local.get $at)))))
    (if (i32.eq (local.get $tag) (i32.const 4))
      (then (return (call $blob (local.get $at) (local.get $to)))))
    (if (i64.gt_u (i64.add (i64.extend_i32_u (local.get $at)) (i64.const 8)) (call $memory_bytes))
      (then (return (call $wild (local.get $to)))))
    (if (i32.eq (local.get $tag) (i32.const 1))
      (then (return (call $integer (local.get $to) (i64.load (local.get $at))))))
    (call $real (local.get $to) (i64.load (local.get $at))))

  (func $blob (param $at i32) (param $to i32) (result i32)
    (if (i64.gt_u (i64.add (i64.extend_i32_u (local.get $at)) (i64.const 4)) (call $memory_bytes))
      (then (return (call $wild (local.get $to)))))
    (call $bytes (local.get $to) (i64.const 4) (i32.add (local.get $at) (i32.const 4))
      (i32.load (local.get $at))))

