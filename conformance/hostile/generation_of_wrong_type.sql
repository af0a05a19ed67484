-- A generation that is text of 90 MB.
--? SELECT f() => 1
UPDATE commensal_meta SET generation = hex(zeroblob(45000000));
