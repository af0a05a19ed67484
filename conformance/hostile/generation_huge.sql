-- A generation of 90 MB.
--? SELECT f() => 1
--? @turso SELECT f() => the catalog of functions cannot be read: a row of commensal_meta has
UPDATE commensal_meta SET generation = zeroblob(90000000);
