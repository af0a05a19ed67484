-- Virtual tables in the place of tables.
--? SELECT f() => no such function: f
--? @sqlite
DROP TABLE commensal_object; CREATE VIRTUAL TABLE commensal_object USING fts5(kind, name, sha256, export, deterministic, options);
