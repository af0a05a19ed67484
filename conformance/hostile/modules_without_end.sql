-- 20,001 modules before those of the definitions.
--? SELECT f() => its definition cannot be used
CREATE TABLE real AS SELECT * FROM commensal_module; DROP TRIGGER commensal_module_delete; DELETE FROM commensal_module;
INSERT INTO commensal_module WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20001)
SELECT randomblob(32), 1, '', x'00' FROM n;
INSERT INTO commensal_module SELECT * FROM real;
