-- The directory of tenants, their keys, and the decimal types that generated SQL casts to: whatever is out of range is refused.
CREATE TABLE armature.tenant (
    name text COLLATE "C" PRIMARY KEY,
    created timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE armature.api_key (
    hash bytea PRIMARY KEY,
    id uuid NOT NULL UNIQUE,
    tenant text COLLATE "C" NOT NULL REFERENCES armature.tenant (name) ON DELETE CASCADE,
    prefix text NOT NULL,
    name text NOT NULL,
    role text,
    user_id uuid,
    created timestamptz NOT NULL,
    expires timestamptz,
    last_used timestamptz
);
CREATE INDEX api_key_tenant ON armature.api_key (tenant, created);

DO $$
BEGIN
    FOR scale IN 0..18 LOOP
        EXECUTE format(
            'CREATE DOMAIN armature.decimal%s AS numeric CONSTRAINT out_of_range CHECK (abs(VALUE) < 9.2e18::numeric / 1e%s::numeric)',
            scale, scale);
    END LOOP;
END
$$;

-- Holds the published version of a tenant until the end of the transaction, and tells it. Volatile, so that it sees what was
-- committed while it waited for the lock.
CREATE FUNCTION armature.hold_version(tenant_key bigint, tenant_schema text) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    published bigint;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(tenant_key);
    EXECUTE format('SELECT coalesce(max(version), 0) FROM %I.metadata_version', tenant_schema) INTO published;
    RETURN published;
END
$$;
