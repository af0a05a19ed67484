-- A version that is not a number.
--? SELECT f() => no such function: f
UPDATE commensal_meta SET version = hex(zeroblob(30000000));
