-- Half of each module.
--? SELECT f() => its definition cannot be used
UPDATE commensal_module SET wasm = substr(wasm, 1, length(wasm) / 2);
