-- Triggers on every table of the catalog.
--? SELECT f() => 1
CREATE TRIGGER evil_commensal_meta_INSERT AFTER INSERT ON commensal_meta BEGIN INSERT INTO t VALUES (1); SELECT f(), g(); END;
CREATE TRIGGER evil_commensal_meta_UPDATE AFTER UPDATE ON commensal_meta BEGIN INSERT INTO t VALUES (1); SELECT f(), g(); END;
CREATE TRIGGER evil_commensal_meta_DELETE AFTER DELETE ON commensal_meta BEGIN INSERT INTO t VALUES (1); SELECT f(), g(); END;
CREATE TRIGGER evil_commensal_module_INSERT AFTER INSERT ON commensal_module BEGIN INSERT INTO t VALUES (1); SELECT f(), g(); END;
CREATE TRIGGER evil_commensal_module_UPDATE AFTER UPDATE ON commensal_module BEGIN INSERT INTO t VALUES (1); SELECT f(), g(); END;
CREATE TRIGGER evil_commensal_module_DELETE AFTER DELETE ON commensal_module BEGIN INSERT INTO t VALUES (1); SELECT f(), g(); END;
CREATE TRIGGER evil_commensal_object_INSERT AFTER INSERT ON commensal_object BEGIN INSERT INTO t VALUES (1); SELECT f(), g(); END;
CREATE TRIGGER evil_commensal_object_UPDATE AFTER UPDATE ON commensal_object BEGIN INSERT INTO t VALUES (1); SELECT f(), g(); END;
CREATE TRIGGER evil_commensal_object_DELETE AFTER DELETE ON commensal_object BEGIN INSERT INTO t VALUES (1); SELECT f(), g(); END;
