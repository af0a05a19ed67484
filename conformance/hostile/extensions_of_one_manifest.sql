-- 2,000 extensions on one manifest with 4,000 functions.
--? SELECT count(*) FROM wasm_extensions => 2000
--? SELECT count(*) > 1900 FROM wasm_extensions WHERE status LIKE '%catalog_objects_max%' => 1
UPDATE commensal_module SET manifest = (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000)
SELECT '{"abi":1}' || group_concat(printf('{"function":{"name":"n%d","export":"f","params":[],"returns":"integer"}}', i), '') FROM n);
INSERT INTO commensal_object(kind, name, sha256) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
WHERE i < 2000) SELECT 'extension', 'e' || i, (SELECT sha256 FROM commensal_object WHERE name = 'f') FROM n;
