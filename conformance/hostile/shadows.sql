-- Tables and views named as everything that is asked internally.
--? SELECT f() => 1
--? SELECT 'admin' LIKE 'zzz' => 0
--? @sqlite
CREATE TABLE pragma_function_list(name, builtin, schema, type, hidden, x); INSERT INTO pragma_function_list(name, builtin) VALUES ('wasm_functions', 0), ('like', 0), ('f', 1);
CREATE TABLE pragma_module_list(name, builtin, schema, type, hidden, x); INSERT INTO pragma_module_list(name, builtin) VALUES ('wasm_functions', 0), ('like', 0), ('f', 1);
CREATE TABLE pragma_database_list(name, builtin, schema, type, hidden, x); INSERT INTO pragma_database_list(name, builtin) VALUES ('wasm_functions', 0), ('like', 0), ('f', 1);
CREATE TABLE pragma_table_xinfo(name, builtin, schema, type, hidden, x); INSERT INTO pragma_table_xinfo(name, builtin) VALUES ('wasm_functions', 0), ('like', 0), ('f', 1);
CREATE TABLE pragma_table_info(name, builtin, schema, type, hidden, x); INSERT INTO pragma_table_info(name, builtin) VALUES ('wasm_functions', 0), ('like', 0), ('f', 1);
CREATE TABLE pragma_collation_list(name, builtin, schema, type, hidden, x); INSERT INTO pragma_collation_list(name, builtin) VALUES ('wasm_functions', 0), ('like', 0), ('f', 1);
CREATE TABLE pragma_table_list(name, builtin, schema, type, hidden, x); INSERT INTO pragma_table_list(name, builtin) VALUES ('wasm_functions', 0), ('like', 0), ('f', 1);
UPDATE commensal_object SET name = 'like' WHERE name = 'g';
