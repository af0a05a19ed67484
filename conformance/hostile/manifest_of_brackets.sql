-- A manifest that is nested as deeply as its size allows.
--? SELECT f() => its definition cannot be used
UPDATE commensal_module SET manifest = replace(hex(zeroblob(250000)), '0', '{[');
