-- Tables named as those of the introspection.
--? SELECT f() => 1
--? @sqlite
CREATE TABLE wasm_functions(x); CREATE TABLE wasm_modules(x); CREATE VIEW wasm_extensions AS SELECT 1; CREATE TABLE wasm_stats(x);
