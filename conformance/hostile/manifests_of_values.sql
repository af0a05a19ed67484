-- Ten manifests of 190,000 values each.
--? SELECT f() => 1
--? SELECT count(*) > 7 FROM wasm_extensions WHERE status LIKE '%catalog_values_max%' => 1
INSERT INTO commensal_module WITH RECURSIVE m(j) AS (SELECT 1 UNION ALL SELECT j + 1 FROM m WHERE j < 10)
SELECT randomblob(32), 1, '{"abi":1,"info":{"a' || j || '":[' || replace(hex(zeroblob(95000)), '0', '1,') || '1]}}', x'00' FROM m;
INSERT INTO commensal_object(kind, name, sha256) SELECT 'extension', hex(sha256), sha256 FROM commensal_module WHERE wasm = x'00';
