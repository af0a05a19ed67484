-- An endless view in the place of commensal_meta.
--? SELECT f() => no such function: f
DROP TABLE commensal_meta;
CREATE VIEW commensal_meta AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
SELECT i AS id, i AS version, x'00' AS generation, 'function' AS kind, 'f' AS name, zeroblob(32) AS sha256,
  NULL AS export, 0 AS deterministic, '{}' AS options, 1 AS bytes, '' AS manifest, x'00' AS wasm,
  i AS rowid FROM n WHERE i < 0;
