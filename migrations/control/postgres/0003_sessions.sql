-- Sessions of people who logged in; only hashes of their secrets.
CREATE TABLE armature.session (
    hash bytea PRIMARY KEY,
    id uuid NOT NULL UNIQUE,
    tenant text COLLATE "C" NOT NULL REFERENCES armature.tenant (name) ON DELETE CASCADE,
    user_id uuid NOT NULL,
    created timestamptz NOT NULL,
    expires timestamptz NOT NULL,
    last_used timestamptz NOT NULL
);
CREATE INDEX session_of ON armature.session (tenant, user_id);

-- Whether the first administrator has been made: one row, for good.
CREATE TABLE armature.setup (
    done boolean PRIMARY KEY CHECK (done),
    at timestamptz NOT NULL
);
