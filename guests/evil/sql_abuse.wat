;; Attack: statements with pointers outside of memory, numbers of no statement, addresses that are not
;; aligned, more statements than an instance can have, statements that are never finalized.
;; Answer: an error that names the function, or a result code. The connection keeps none of the statements.
(module
  (import "commensal" "sql_prepare" (func $prepare (param i32 i32) (result i64)))
  (import "commensal" "sql_bind" (func $bind (param i32 i32 i32) (result i32)))
  (import "commensal" "sql_step" (func $step (param i32) (result i32)))
  (import "commensal" "sql_finalize" (func $finalize (param i32) (result i32)))
  (import "commensal" "sql_reset" (func $reset (param i32) (result i32)))
  (import "commensal" "sql_column" (func $column (param i32 i32 i32 i32 i32) (result i32)))
  (import "commensal" "sql_column_name" (func $name (param i32 i32 i32 i32) (result i32)))
  (import "commensal" "sql_errmsg" (func $errmsg (param i32 i32) (result i32)))
  (memory (export "memory") 2)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 65536))
  (data (i32.const 256) "SELECT 1, 'a text' UNION ALL SELECT 2, NULL")
  (data (i32.const 320) "SELECT \ff")
  (data (i32.const 336) "INSERT INTO kept VALUES (0)")
  (data (i32.const 384) "INSERT INTO kept VALUES (?)")
  ;; A record of a text outside of memory, and one with an unknown tag.
  (data (i32.const 512) "\03\00\00\00\20\00\00\00\f0\ff\ff\ff\00\00\00\00")
  (data (i32.const 528) "\09\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00")
  ;; Text that is not UTF-8.
  (data (i32.const 544) "\03\00\00\00\01\00\00\00\47\01\00\00\00\00\00\00")
  (func $integer (param $value i64) (result i32)
    (i64.store (i32.const 16) (i64.const 1))
    (i64.store (i32.const 24) (local.get $value))
    (i32.const 16))
  (func $code (param $code i32) (result i32)
    (call $integer (i64.extend_i32_s (local.get $code))))
  (func $query (result i32) (i32.wrap_i64 (call $prepare (i32.const 256) (i32.const 43))))
  (func (export "sql_prepare_outside") (param i32 i32) (result i32)
    (call $integer (call $prepare (i32.const 0xfffffff0) (i32.const 64))))
  (func (export "sql_prepare_nothing") (param i32 i32) (result i32)
    (call $integer (call $prepare (i32.const 0) (i32.const 0))))
  (func (export "sql_prepare_no_text") (param i32 i32) (result i32)
    (call $integer (call $prepare (i32.const 320) (i32.const 8))))
  (func (export "sql_bind_outside") (param i32 i32) (result i32)
    (call $code (call $bind (call $query) (i32.const 1) (i32.const 0x7ffffff8))))
  (func (export "sql_bind_wild_text") (param i32 i32) (result i32)
    (call $code (call $bind (call $query) (i32.const 1) (i32.const 512))))
  (func (export "sql_bind_no_record") (param i32 i32) (result i32)
    (call $code (call $bind (call $query) (i32.const 1) (i32.const 528))))
  (func (export "sql_bind_no_text") (param i32 i32) (result i32)
    (call $code (call $bind (call $query) (i32.const 1) (i32.const 544))))
  (func (export "sql_bind_no_parameter") (param i32 i32) (result i32)
    (i64.store (i32.const 1024) (i64.const 5))
    (call $code (call $bind (call $query) (i32.const -1) (i32.const 1024))))
  (func (export "sql_no_statement") (param i32 i32) (result i32)
    (call $integer
      (i64.extend_i32_s
        (i32.add
          (i32.add (call $step (i32.const 0)) (call $step (i32.const -1)))
          (i32.add (call $reset (i32.const 0x7fffffff)) (call $finalize (i32.const 7)))))))
  (func (export "sql_finalized_twice") (param i32 i32) (result i32)
    (local $statement i32)
    (local.set $statement (call $query))
    (drop (call $finalize (local.get $statement)))
    (call $code (call $finalize (local.get $statement))))
  (func (export "sql_column_before_step") (param i32 i32) (result i32)
    (drop (call $column (call $query) (i32.const 0) (i32.const 16) (i32.const 0) (i32.const 0)))
    (i32.const 16))
  (func (export "sql_column_outside") (param i32 i32) (result i32)
    (local $statement i32)
    (local.set $statement (call $query))
    (drop (call $step (local.get $statement)))
    (call $code
      (call $column (local.get $statement) (i32.const 0) (i32.const 0x1fff8) (i32.const 0) (i32.const 0))))
  (func (export "sql_column_buffer_outside") (param i32 i32) (result i32)
    (local $statement i32)
    (local.set $statement (call $query))
    (drop (call $step (local.get $statement)))
    (call $code
      (call $column (local.get $statement) (i32.const 1) (i32.const 16) (i32.const 0x1fff0)
        (i32.const 0x7fffffff))))
  (func (export "sql_column_misaligned") (param i32 i32) (result i32)
    (local $statement i32)
    (local.set $statement (call $query))
    (drop (call $step (local.get $statement)))
    (call $code
      (call $column (local.get $statement) (i32.const 0) (i32.const 17) (i32.const 0) (i32.const 0))))
  ;; The record of a column, over the text that comes with it.
  (func (export "sql_column_over_itself") (param i32 i32) (result i32)
    (local $statement i32)
    (local.set $statement (call $query))
    (drop (call $step (local.get $statement)))
    (drop
      (call $column (local.get $statement) (i32.const 1) (i32.const 1024) (i32.const 1024)
        (i32.const 64)))
    (call $integer (i64.load8_u (i32.const 1024))))
  (func (export "sql_column_none") (param i32 i32) (result i32)
    (local $statement i32)
    (local.set $statement (call $query))
    (drop (call $step (local.get $statement)))
    (call $integer
      (i64.extend_i32_s
        (i32.add
          (call $column (local.get $statement) (i32.const 2) (i32.const 16) (i32.const 0) (i32.const 0))
          (call $name (local.get $statement) (i32.const -1) (i32.const 0) (i32.const 0))))))
  (func (export "sql_errmsg_outside") (param i32 i32) (result i32)
    (call $code (call $errmsg (i32.const 0x1ffff) (i32.const 2))))
  ;; The number of statements that it gets.
  (func (export "sql_hoard") (param i32 i32) (result i32)
    (local $count i64)
    (block $full
      (loop $more
        (br_if $full (i64.lt_s (call $prepare (i32.const 256) (i32.const 43)) (i64.const 0)))
        (local.set $count (i64.add (local.get $count) (i64.const 1)))
        (br $more)))
    (call $integer (local.get $count)))
  ;; A statement in the middle of its execution, which would keep a lock and the connection.
  (func (export "sql_forgets") (param i32 i32) (result i32)
    (call $code (call $step (call $query))))
  ;; Writes and traps.
  (func (export "sql_writes_and_traps") (param i32 i32) (result i32)
    (drop (call $step (i32.wrap_i64 (call $prepare (i32.const 336) (i32.const 27)))))
    (unreachable))
  ;; Writes for ever.
  (func (export "sql_writes_forever") (param i32 i32) (result i32)
    (local $statement i32)
    (local.set $statement (i32.wrap_i64 (call $prepare (i32.const 336) (i32.const 27))))
    (loop $more
      (drop (call $step (local.get $statement)))
      (br $more))
    (unreachable)))
