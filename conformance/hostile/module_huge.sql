-- A module of 90 MB.
--? SELECT f() => its definition cannot be used
UPDATE commensal_module SET wasm = zeroblob(90000000);
