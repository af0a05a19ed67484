-- Options of 90 MB.
--? SELECT f() => its definition cannot be used
--? SELECT g() => 2
UPDATE commensal_object SET options = hex(zeroblob(45000000)) WHERE name = 'f';
