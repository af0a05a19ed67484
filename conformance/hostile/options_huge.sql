-- Options of 90 MB.
--? SELECT f() => its definition cannot be used
--? SELECT g() => 2
--? @turso SELECT f() => the catalog of functions cannot be read: a row of commensal_object has
UPDATE commensal_object SET options = hex(zeroblob(45000000)) WHERE name = 'f';
