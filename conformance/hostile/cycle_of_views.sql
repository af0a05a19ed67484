-- Views that need each other.
--? SELECT f() => no such function: f
DROP TABLE commensal_object; CREATE VIEW commensal_object AS SELECT * FROM other; CREATE VIEW other AS SELECT * FROM commensal_object;
