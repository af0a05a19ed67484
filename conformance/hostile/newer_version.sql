-- A catalog of a newer version.
--? SELECT f() => no such function: f
UPDATE commensal_meta SET version = 2;
