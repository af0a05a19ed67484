-- A generation of 900 MB that is computed whenever it is read.
--? SELECT f() => no such function: f
--? @sqlite
DROP TABLE commensal_meta;
CREATE TABLE commensal_meta(id INTEGER PRIMARY KEY, version INTEGER, generation BLOB AS (zeroblob(900000000)));
INSERT INTO commensal_meta(id, version) VALUES (1, 1);
