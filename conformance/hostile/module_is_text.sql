-- Modules that are text.
--? SELECT f() => its definition cannot be used
UPDATE commensal_module SET wasm = 'text';
