;; A table function that counts: series(start, stop, step), with the defaults 0, 0 and 1.
;;
;; It shows the shape of a cursor: `open` returns a handle, here the address of the cursor's state;
;; `next` fills the cursor's own batch; `close` frees the place.
(module
  (memory (export "memory") 2)
  (@custom "commensal" "{\"abi\":1}\n{\"table\":{\"name\":\"series\",\"columns\":[{\"name\":\"value\",\"type\":\"integer\"},{\"name\":\"start\",\"type\":\"integer\",\"hidden\":true},{\"name\":\"stop\",\"type\":\"integer\",\"hidden\":true},{\"name\":\"step\",\"type\":\"integer\",\"hidden\":true}],\"open\":\"series_open\",\"next\":\"series_next\",\"close\":\"series_close\"}}\n")
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 65536))

  ;; An instance has one cursor at a time. Its state is at 1024 (next value, stop, step), its
  ;; batch at 2048.
  (func $argument (param $record i32) (param $default i64) (result i64)
    (if (result i64) (i32.eq (i32.load8_u (local.get $record)) (i32.const 5))
      (then (local.get $default))
      (else (i64.load offset=8 (local.get $record)))))

  (func (export "series_open") (param $argc i32) (param $argv i32) (result i32)
    (i64.store (i32.const 1024) (call $argument (local.get $argv) (i64.const 0)))
    (i64.store (i32.const 1032)
      (call $argument (i32.add (local.get $argv) (i32.const 16)) (i64.const 0)))
    (i64.store (i32.const 1040)
      (call $argument (i32.add (local.get $argv) (i32.const 32)) (i64.const 1)))
    (if (i64.eqz (i64.load (i32.const 1040)))
      (then (i64.store (i32.const 1040) (i64.const 1))))
    ;; The handle: integer 1024.
    (i64.store (i32.const 512) (i64.const 1))
    (i64.store (i32.const 520) (i64.const 1024))
    (i32.const 512))

  (func $done (result i32)
    (if (result i32) (i64.lt_s (i64.load (i32.const 1040)) (i64.const 0))
      (then (i64.lt_s (i64.load (i32.const 1024)) (i64.load (i32.const 1032))))
      (else (i64.gt_s (i64.load (i32.const 1024)) (i64.load (i32.const 1032))))))

  (func (export "series_next") (param $argc i32) (param $argv i32) (result i32)
    (local $rows i32) (local $wanted i32) (local $at i32)
    (local.set $wanted (i32.load offset=24 (local.get $argv)))
    (local.set $at (i32.const 2056))
    (block $full
      (loop $more
        (br_if $full (call $done))
        (br_if $full (i32.ge_u (local.get $rows) (local.get $wanted)))
        ;; The rowid: NULL, so that the host counts. The value: an integer.
        (i64.store (local.get $at) (i64.const 5))
        (i64.store offset=8 (local.get $at) (i64.const 0))
        (i64.store offset=16 (local.get $at) (i64.const 1))
        (i64.store offset=24 (local.get $at) (i64.load (i32.const 1024)))
        (i64.store (i32.const 1024)
          (i64.add (i64.load (i32.const 1024)) (i64.load (i32.const 1040))))
        (local.set $at (i32.add (local.get $at) (i32.const 32)))
        (local.set $rows (i32.add (local.get $rows) (i32.const 1)))
        (br $more)))
    (if (i32.eqz (local.get $rows)) (then (return (i32.const 0))))
    (i32.store (i32.const 2048) (local.get $rows))
    (i32.store (i32.const 2052) (i32.const 1))
    ;; A blob from 2048 to where the rows end.
    (i32.store (i32.const 512) (i32.const 4))
    (i32.store (i32.const 516) (i32.sub (local.get $at) (i32.const 2048)))
    (i64.store (i32.const 520) (i64.const 2048))
    (i32.const 512))

  (func (export "series_close") (param i32 i32) (result i32) (i32.const 0)))
