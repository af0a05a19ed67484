-- The name of an export of 90 MB.
--? SELECT f() => its definition cannot be used
--? SELECT g() => 2
UPDATE commensal_object SET export = hex(zeroblob(45000000)) WHERE name = 'f';
