-- Manifests that are computed.
--? SELECT f() => no such function: f
--? @sqlite
ALTER TABLE commensal_module RENAME TO old;
CREATE TABLE commensal_module(sha256 BLOB, bytes INTEGER, manifest TEXT AS (hex(zeroblob(400000000))), wasm BLOB);
INSERT INTO commensal_module(sha256, bytes, wasm) SELECT sha256, bytes, wasm FROM old;
