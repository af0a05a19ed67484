-- A table WITHOUT ROWID.
--? SELECT f() => no such function: f
--? @sqlite
DROP TABLE commensal_object; CREATE TABLE commensal_object(kind, name, sha256, export, deterministic, options, PRIMARY KEY(kind, name)) WITHOUT ROWID;
