-- Sessions of people who logged in; only hashes of their secrets.
CREATE TABLE session (
    hash blob PRIMARY KEY,
    id text NOT NULL UNIQUE,
    tenant text NOT NULL REFERENCES tenant (name) ON DELETE CASCADE,
    user_id text NOT NULL,
    created text NOT NULL,
    expires text NOT NULL,
    last_used text NOT NULL
) WITHOUT ROWID;
CREATE INDEX session_of ON session (tenant, user_id);

-- Whether the first administrator has been made: one row, for good.
CREATE TABLE setup (
    done integer PRIMARY KEY CHECK (done = 1),
    at text NOT NULL
);
