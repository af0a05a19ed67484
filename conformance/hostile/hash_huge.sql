-- A hash of 90 MB.
--? SELECT f() => no such function: f
--? SELECT g() => 2
UPDATE commensal_object SET sha256 = zeroblob(90000000) WHERE name = 'f';
