-- The published version of each tenant in one place, so that a statement that holds it needs no name that differs by tenant, and no plan
-- of its own. A trigger on a tenant's `metadata_version` writes it, in the transaction that publishes, whichever program does that; the
-- trigger and the row come together, with the tenant's own migration.
CREATE TABLE armature.published (
    schema text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL
);

CREATE FUNCTION armature.note_published() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO armature.published AS known (schema, version) VALUES (TG_TABLE_SCHEMA, NEW.version)
        ON CONFLICT (schema) DO UPDATE SET version = greatest(known.version, excluded.version);
    RETURN NULL;
END
$$;

-- The version of a tenant that has no row yet, because its own migration has not run: its table says it.
CREATE FUNCTION armature.published_version(tenant_schema text) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    published bigint;
BEGIN
    EXECUTE format('SELECT coalesce(max(version), 0) FROM %I.metadata_version', tenant_schema) INTO published;
    RETURN published;
END
$$;

CREATE OR REPLACE FUNCTION armature.hold_version(tenant_key bigint, tenant_schema text) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    published bigint;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(tenant_key);
    SELECT version INTO published FROM armature.published WHERE schema = tenant_schema COLLATE "C";
    IF published IS NULL THEN
        RETURN armature.published_version(tenant_schema);
    END IF;
    RETURN published;
END
$$;

CREATE OR REPLACE FUNCTION armature.try_version(tenant_key bigint, tenant_schema text) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    published bigint;
BEGIN
    IF NOT pg_try_advisory_xact_lock_shared(tenant_key) THEN
        RETURN NULL;
    END IF;
    SELECT version INTO published FROM armature.published WHERE schema = tenant_schema COLLATE "C";
    IF published IS NULL THEN
        RETURN armature.published_version(tenant_schema);
    END IF;
    RETURN published;
END
$$;
