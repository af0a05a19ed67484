-- Without commensal_module there is no catalog.
--? SELECT f() => no such function: f
DROP TABLE commensal_module;
