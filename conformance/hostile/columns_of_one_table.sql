-- 3,000 functions on one table function of 3,000 columns.
--? SELECT count(*) > 2900 FROM wasm_functions WHERE status LIKE '%catalog_objects_max%' => 1
UPDATE commensal_module SET manifest = (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
SELECT '{"abi":1}{"table":{"name":"f","columns":[' || group_concat(printf('{"name":"c%d"}', i)) ||
'],"open":"f","next":"f","close":"f"}}' FROM n);
INSERT INTO commensal_object(kind, name, sha256, export) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
WHERE i < 3000) SELECT 'function', 'e' || i, (SELECT sha256 FROM commensal_object WHERE name = 'f'), 'f' FROM n;
