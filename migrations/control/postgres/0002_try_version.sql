-- As hold_version, for a statement that is a whole transaction: it has locked its tables before it gets here, so that it must not wait
-- for whoever publishes and waits for those tables. Null while somebody publishes or is about to.
CREATE FUNCTION armature.try_version(tenant_key bigint, tenant_schema text) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    published bigint;
BEGIN
    IF NOT pg_try_advisory_xact_lock_shared(tenant_key) THEN
        RETURN NULL;
    END IF;
    EXECUTE format('SELECT coalesce(max(version), 0) FROM %I.metadata_version', tenant_schema) INTO published;
    RETURN published;
END
$$;
