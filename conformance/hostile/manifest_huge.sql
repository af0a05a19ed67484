-- A manifest of 90 MB.
--? SELECT f() => its definition cannot be used
UPDATE commensal_module SET manifest = hex(zeroblob(45000000));
