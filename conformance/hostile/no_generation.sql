-- No row in commensal_meta.
--? SELECT f() => no such function: f
DELETE FROM commensal_meta;
