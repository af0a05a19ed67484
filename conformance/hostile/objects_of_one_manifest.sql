-- 3,000 definitions on one module with a manifest of 2 MiB.
--? SELECT f() => its definition cannot be used
--? SELECT more3000() => its definition cannot be used
UPDATE commensal_module SET manifest = printf('{"abi":1,"info":"%2000000c"}', 'x');
INSERT INTO commensal_object(kind, name, sha256) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
WHERE i < 3000) SELECT 'function', 'more' || i, (SELECT sha256 FROM commensal_object WHERE name = 'f') FROM n;
