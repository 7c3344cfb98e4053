-- The directory of tenants and their keys.
CREATE TABLE tenant (
    name text PRIMARY KEY,
    created text NOT NULL
) WITHOUT ROWID;

CREATE TABLE api_key (
    hash blob PRIMARY KEY,
    id text NOT NULL UNIQUE,
    tenant text NOT NULL REFERENCES tenant (name) ON DELETE CASCADE,
    prefix text NOT NULL,
    name text NOT NULL,
    role text,
    user_id text,
    created text NOT NULL,
    expires text,
    last_used text
) WITHOUT ROWID;
CREATE INDEX api_key_tenant ON api_key (tenant, created);

-- Written with every publication, so that other processes see the file change.
CREATE TABLE change (
    tenant text PRIMARY KEY,
    count integer NOT NULL
) WITHOUT ROWID;
