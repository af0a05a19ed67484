-- A table with a column more.
--? SELECT f() => no such function: f
ALTER TABLE commensal_object ADD COLUMN more;
