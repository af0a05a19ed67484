-- Endless views named as everything that is asked internally.
--? SELECT f() => 1
--? @sqlite
CREATE VIEW pragma_function_list AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT 'wasm_functions' AS name, 1 AS builtin, 3 AS hidden FROM n;
CREATE VIEW pragma_module_list AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT 'wasm_functions' AS name, 1 AS builtin, 3 AS hidden FROM n;
CREATE VIEW pragma_database_list AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT 'wasm_functions' AS name, 1 AS builtin, 3 AS hidden FROM n;
CREATE VIEW pragma_table_xinfo AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT 'wasm_functions' AS name, 1 AS builtin, 3 AS hidden FROM n;
CREATE VIEW pragma_table_info AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT 'wasm_functions' AS name, 1 AS builtin, 3 AS hidden FROM n;
