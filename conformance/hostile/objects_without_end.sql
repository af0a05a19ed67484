-- 100,000 definitions.
--? SELECT f() => 1
--? SELECT more5000() => catalog_objects_max = 8000
--? SELECT more7999() => and all after it were not read
--? SELECT more100000() => no such function: more100000
INSERT INTO commensal_object(kind, name, sha256) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
WHERE i < 100000) SELECT 'function', 'more' || i, (SELECT sha256 FROM commensal_object WHERE name = 'f') FROM n;
