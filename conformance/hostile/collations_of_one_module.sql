-- 4,990 collations on one module of 900 KB.
--? SELECT count(*) FROM wasm_functions WHERE kind = 'collation' => 4990
UPDATE commensal_module SET wasm = zeroblob(900000), bytes = 900000, manifest = (WITH RECURSIVE n(i) AS
(SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4990)
SELECT '{"abi":1}' || group_concat(printf('{"collation":{"name":"c%d","compare":"f"}}', i), '') FROM n);
INSERT INTO commensal_object(kind, name, sha256) SELECT 'extension', 'e', sha256 FROM commensal_object WHERE name = 'f';
