-- Without commensal_meta there is no catalog.
--? SELECT f() => no such function: f
DROP TABLE commensal_meta;
