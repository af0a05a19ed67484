-- 40 manifests of 900 KB.
--? SELECT f() => 1
--? SELECT count(*) > 30 FROM wasm_extensions WHERE status LIKE '%catalog_bytes_max%' => 1
INSERT INTO commensal_module WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)
SELECT randomblob(32), 1, printf('{"abi":1,"info":{"a%d":"%900000c"}}', i, 'x'), x'00' FROM n;
INSERT INTO commensal_object(kind, name, sha256) SELECT 'extension', hex(sha256), sha256 FROM commensal_module;
