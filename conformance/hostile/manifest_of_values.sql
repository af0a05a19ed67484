-- A manifest of a million values.
--? SELECT f() => its definition cannot be used
UPDATE commensal_module SET manifest = '{"abi":1,"a":[' || replace(hex(zeroblob(250000)), '0', '1,') || '1]}';
