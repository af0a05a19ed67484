-- A file without definitions.
--? SELECT f() => no such function: f
DROP TABLE commensal_object; DROP TABLE commensal_module; DROP TABLE commensal_meta;
