-- Definitions without their modules.
--? SELECT f() => its definition cannot be used
DROP TRIGGER commensal_module_delete; DELETE FROM commensal_module;
