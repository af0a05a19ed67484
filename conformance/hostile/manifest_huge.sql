-- A manifest of 90 MB.
--? SELECT f() => its definition cannot be used
--? @turso SELECT f() => the catalog of functions cannot be read: a row of commensal_module has
UPDATE commensal_module SET manifest = hex(zeroblob(45000000));
