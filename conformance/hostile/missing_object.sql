-- Without commensal_object there is no catalog.
--? SELECT f() => no such function: f
DROP TABLE commensal_object;
