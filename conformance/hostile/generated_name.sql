-- Names that are computed.
--? SELECT f() => no such function: f
--? @sqlite
DROP TABLE commensal_object;
CREATE TABLE commensal_object(kind, name AS (hex(zeroblob(400000000))), sha256, export, deterministic, options);
INSERT INTO commensal_object(kind, sha256, options) SELECT 'function', sha256, '{}' FROM commensal_module;
