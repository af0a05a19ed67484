;; Attack: three tables that grow in turn: the limit is on all of them together.
;; Answer: the sum of the tables' elements stays within the limit; the sum is the answer.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (table $a 1 funcref)
  (table $b 1 funcref)
  (table $c 1 funcref)
  (func (export "table_grow_several") (param $argc i32) (param $argv i32) (result i32)
    (loop $again
      (br_if $again
        (i32.or
          (i32.or
            (i32.ne (table.grow $a (ref.null func) (i32.const 1000)) (i32.const -1))
            (i32.ne (table.grow $b (ref.null func) (i32.const 1000)) (i32.const -1)))
          (i32.ne (table.grow $c (ref.null func) (i32.const 1000)) (i32.const -1)))))
    (i64.store (i32.const 16) (i64.const 1))
    (i64.store (i32.const 24)
      (i64.extend_i32_u (i32.add (table.size $a) (i32.add (table.size $b) (table.size $c)))))
    (i32.const 16)))
