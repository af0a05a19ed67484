-- A catalog in the order of a collation that nobody has.
--? @sqlite
--? SELECT f() => 1
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, 'NOCASE', 'evil') WHERE name = 'commensal_object';
