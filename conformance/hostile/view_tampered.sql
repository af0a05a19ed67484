-- Views over the real tables, with the columns of the real ones.
--? SELECT f() => no such function: f
ALTER TABLE commensal_object RENAME TO real_object;
CREATE VIEW commensal_object AS SELECT * FROM real_object;
ALTER TABLE commensal_meta RENAME TO real_meta;
CREATE VIEW commensal_meta AS SELECT * FROM real_meta, (SELECT 1 FROM commensal_object);
