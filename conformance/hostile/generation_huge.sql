-- A generation of 90 MB.
--? SELECT f() => 1
UPDATE commensal_meta SET generation = zeroblob(90000000);
