-- Four manifests of 3,990 functions each, more than are registered of one file.
--? SELECT count(*) FROM wasm_extensions WHERE status LIKE '%catalog_objects_max%' => 2
INSERT INTO commensal_module WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3990),
  m(j) AS (VALUES (1), (2), (3), (4))
SELECT randomblob(32), 1, '{"abi":1}' || (SELECT group_concat(printf('{"function":{"name":"n%d_%d"}}', j, i), '') FROM n), x'00' FROM m;
INSERT INTO commensal_object(kind, name, sha256) SELECT 'extension', hex(sha256), sha256 FROM commensal_module WHERE wasm = x'00';
