-- A table with a column less.
--? SELECT f() => no such function: f
ALTER TABLE commensal_object DROP COLUMN options;
