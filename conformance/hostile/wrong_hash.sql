-- Modules whose bytes have another hash.
--? SELECT f() => its definition cannot be used
UPDATE commensal_module SET wasm = x'0061736d01000000';
