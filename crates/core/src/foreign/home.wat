  ;; The basis of every translation: a region of its own in the guest's memory, and records in it.
  ;;
  ;; The region is at the end of memory, because the rest belongs to the guest. From $home on, it has 16
  ;; bytes for the record of the result, 16 unused ones, and the scratch area that the host asks for. From
  ;; $values on, it has the same size and 1,024 bytes more, for arguments in the guest's form, and a copy of
  ;; those data of the guest that must be kept.
  ;;
  ;; An allocator that only counts upwards can run into the region, because it does not ask how much
  ;; memory there is. So $gap bytes before it stay free, and the position of the allocator is checked after
  ;; each call. Such a guest is $spent when it comes near, any other guest when its memory has grown to
  ;; $mark pages, 4 MiB more than after its first call. Then the next call traps, and the host repeats it in a new instance.

  (global (export "commensal_renewable") i32 (i32.const 1))
  (global $home (mut i32) (i32.const 0))
  (global $values (mut i32) (i32.const 0))
  (global $end (mut i32) (i32.const 0))
  (global $next (mut i32) (i32.const 0))
  (global $counts (mut i32) (i32.const 0))
  (global $gap (mut i32) (i32.const 0))
  (global $mark (mut i32) (i32.const 0))
  (global $called (mut i32) (i32.const 0))
  (global $spent (mut i32) (i32.const 0))
  (global $kept (mut i32) (i32.const 0))
  (global $kept_bytes (mut i32) (i32.const 0))
  (global $copy (mut i32) (i32.const 0))

  (func (export "commensal_scratch") (param $size i32) (result i32)
    (local $bytes i32) (local $at i32) (local $copy i32)
    (if (i32.gt_u (local.get $size) (i32.const 0x1fffffff)) (then (return (i32.const 0))))
    (local.set $size
      (i32.and (i32.add (local.get $size) (i32.const 15)) (i32.const -16)))
    ;; Address 0 means NULL.
    (if (i32.eqz (memory.size)) (then (drop (memory.grow (i32.const 1)))))
    (if (i32.eqz (global.get $home)) (then (call $look_at_allocator)))
    (local.set $copy (i32.add (i32.shl (local.get $size) (i32.const 1)) (i32.const 1056)))
    (local.set $bytes (i32.add (local.get $copy) (global.get $kept_bytes)))
    (global.set $gap
      (select (i32.add (i32.const 65536) (i32.shl (local.get $size) (i32.const 1))) (i32.const 0)
        (global.get $counts)))
    (local.set $at
      (memory.grow
        (i32.shr_u (i32.add (i32.add (local.get $bytes) (global.get $gap)) (i32.const 65535))
          (i32.const 16))))
    (if (i32.ne (local.get $at) (i32.const -1))
      (then (local.set $at (i32.add (i32.shl (local.get $at) (i32.const 16)) (global.get $gap))))
      (else
        (local.set $at (call $without_growing (local.get $bytes)))
        (if (i32.eqz (local.get $at)) (then (return (i32.const 0))))))
    (local.set $copy (i32.add (local.get $copy) (local.get $at)))
    (memory.copy (local.get $copy)
      (select (global.get $copy) (global.get $kept) (global.get $home))
      (global.get $kept_bytes))
    (global.set $copy (local.get $copy))
    ;; What is left there must not be taken for a value.
    (memory.fill (global.get $home) (i32.const 0)
      (i32.sub (global.get $end) (global.get $home)))
    (global.set $home (local.get $at))
    (global.set $end (i32.add (local.get $at) (local.get $bytes)))
    (global.set $values (i32.add (i32.add (local.get $at) (i32.const 32)) (local.get $size)))
    (global.set $mark (i32.add (memory.size) (i32.const 64)))
    (i32.add (local.get $at) (i32.const 32)))

  ;; A place for the region in memory that cannot grow: at the end, if the allocator only counts and has not
  ;; come near; from the allocator otherwise; 0 if there is none.
  (func $without_growing (param $bytes i32) (result i32)
    (local $at i32) (local $used i32)
    (if (global.get $counts)
      (then
        (local.set $used (call $malloc (i32.const 0)))
        (local.set $at
          (i32.and (i32.sub (i32.shl (memory.size) (i32.const 16)) (local.get $bytes)) (i32.const -16)))
        (if (i32.or
              (i32.gt_u (local.get $bytes) (i32.shl (memory.size) (i32.const 16)))
              (i32.ge_u (local.get $used) (local.get $at)))
          (then (return (i32.const 0))))
        (global.set $gap
          (i32.shr_u (i32.sub (local.get $at) (local.get $used)) (i32.const 1)))
        (return (local.get $at))))
    (local.set $at (call $malloc (i32.add (local.get $bytes) (i32.const 15))))
    (if (i64.gt_u
          (i64.add (i64.extend_i32_u (local.get $at)) (i64.extend_i32_u (local.get $bytes)))
          (i64.sub (call $memory_bytes) (i64.const 15)))
      (then (return (i32.const 0))))
    (select
      (i32.and (i32.add (local.get $at) (i32.const 15)) (i32.const -16)) (i32.const 0)
      (local.get $at)))

  ;; Whether the allocator only counts: then no bytes cost nothing, and the next ones start where it is.
  (func $look_at_allocator
    (local $before i32) (local $at i32)
    (local.set $before (call $malloc (i32.const 0)))
    (local.set $at (call $malloc (i32.const 8)))
    (global.set $counts
      (i32.and
        (i32.and (i32.ne (local.get $at) (i32.const 0))
          (i32.eq (local.get $before) (local.get $at)))
        (i32.ge_u (i32.sub (call $malloc (i32.const 0)) (local.get $at)) (i32.const 8)))))

  (func $memory_bytes (result i64) (i64.shl (i64.extend_i32_u (memory.size)) (i64.const 16)))

  ;; Runs before each call of a scalar function.
  (func $enter
    (if (global.get $spent) (then unreachable))
    (global.set $next (global.get $values)))

  ;; Runs after it. Returns whether the guest has written over the region.
  (func $leave (result i32)
    (local $used i32)
    (if (global.get $counts)
      (then
        (local.set $used (call $malloc (i32.const 0)))
        (if (i32.gt_u (local.get $used) (global.get $home))
          (then
            ;; In a new instance there may be room.
            (if (global.get $called) (then unreachable))
            (global.set $spent (i32.const 1))
            (return (i32.const 1))))
        (if (i32.gt_u (local.get $used) (i32.sub (global.get $home) (global.get $gap)))
          (then (global.set $spent (i32.const 1))))))
    ;; The memory that the first call takes may serve all later calls.
    (if (i32.eqz (global.get $called))
      (then (global.set $mark (i32.add (memory.size) (i32.const 64)))))
    (if (i32.gt_u (memory.size) (global.get $mark)) (then (global.set $spent (i32.const 1))))
    (global.set $called (i32.const 1))
    (i32.const 0))

  (func $integer (param $to i32) (param $value i64) (result i32)
    (i64.store (local.get $to) (i64.const 1))
    (i64.store offset=8 (local.get $to) (local.get $value))
    (local.get $to))

  (func $real (param $to i32) (param $bits i64) (result i32)
    (i64.store (local.get $to) (i64.const 2))
    (i64.store offset=8 (local.get $to) (local.get $bits))
    (local.get $to))

  ;; A record of text, a blob or an error. The host checks where it points.
  (func $bytes (param $to i32) (param $tag i64) (param $at i32) (param $len i32) (result i32)
    (i64.store (local.get $to)
      (i64.or (local.get $tag)
        (i64.shl (i64.extend_i32_u (local.get $len)) (i64.const 32))))
    (i64.store offset=8 (local.get $to) (i64.extend_i32_u (local.get $at)))
    (local.get $to))

  ;; A record that points outside of memory, which the host reports for the function.
  (func $wild (param $to i32) (result i32)
    (call $bytes (local.get $to) (i64.const 4) (i32.const -1) (i32.const 1)))

  ;; Text up to its NUL. Text without one points past the end of memory.
  (func $text (param $to i32) (param $at i32) (result i32)
    (local $end i32)
    (if (i64.ge_u (i64.extend_i32_u (local.get $at)) (call $memory_bytes))
      (then (return (call $wild (local.get $to)))))
    (local.set $end (call $nul (local.get $at)))
    (call $bytes (local.get $to) (i64.const 3) (local.get $at)
      (i32.sub (local.get $end) (local.get $at))))

  ;; The address of the first NUL from here on; one past the end of memory if there is none.
  (func $nul (param $at i32) (result i32)
    (local $end i32) (local $word i64)
    (local.set $end (i32.shl (memory.size) (i32.const 16)))
    (block $near
      (loop $words
        (br_if $near (i32.lt_u (i32.sub (local.get $end) (local.get $at)) (i32.const 8)))
        (local.set $word (i64.load (local.get $at)))
        (local.set $word
          (i64.and
            (i64.and (i64.sub (local.get $word) (i64.const 0x0101010101010101))
              (i64.xor (local.get $word) (i64.const -1)))
            (i64.const 0x8080808080808080)))
        (if (i64.ne (local.get $word) (i64.const 0))
          (then
            (return
              (i32.add (local.get $at)
                (i32.wrap_i64 (i64.shr_u (i64.ctz (local.get $word)) (i64.const 3)))))))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br $words)))
    (loop $bytes
      (if (i32.eq (local.get $at) (local.get $end))
        (then (return (i32.add (local.get $at) (i32.const 1)))))
      (if (i32.load8_u (local.get $at))
        (then
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br $bytes))))
    (local.get $at))

  ;; Copies bytes. For few of them, it avoids an instruction that calls the runtime.
  (func $copy (param $to i32) (param $from i32) (param $len i32)
    (if (i32.gt_u (local.get $len) (i32.const 64))
      (then (memory.copy (local.get $to) (local.get $from) (local.get $len)) (return)))
    (block $few
      (loop $words
        (br_if $few (i32.lt_u (local.get $len) (i32.const 8)))
        (i64.store (local.get $to) (i64.load (local.get $from)))
        (local.set $to (i32.add (local.get $to) (i32.const 8)))
        (local.set $from (i32.add (local.get $from) (i32.const 8)))
        (local.set $len (i32.sub (local.get $len) (i32.const 8)))
        (br $words)))
    (block $done
      (loop $bytes
        (br_if $done (i32.eqz (local.get $len)))
        (i32.store8 (local.get $to) (i32.load8_u (local.get $from)))
        (local.set $to (i32.add (local.get $to) (i32.const 1)))
        (local.set $from (i32.add (local.get $from) (i32.const 1)))
        (local.set $len (i32.sub (local.get $len) (i32.const 1)))
        (br $bytes))))

  ;; An error record with one of the messages.
  (func $fail (param $message i32) (param $len i32) (result i32)
    (memory.init $messages (global.get $values) (local.get $message) (local.get $len))
    (call $bytes (global.get $home) (i64.const 0) (global.get $values) (local.get $len)))

