-- The platform's tables of one tenant.

-- Published versions of the catalog; the greatest one holds.
CREATE TABLE metadata_version (
    version integer PRIMARY KEY,
    hash text NOT NULL,
    documents text NOT NULL,
    layout text NOT NULL,
    changes text NOT NULL,
    plan_hash text,
    at text NOT NULL,
    actor text
);

-- An apply that is under way.
CREATE TABLE metadata_pending (
    id integer PRIMARY KEY,
    state text NOT NULL,
    at text NOT NULL
);

-- What happened to records.
CREATE TABLE history (
    id text PRIMARY KEY,
    object text NOT NULL,
    record text NOT NULL,
    version integer NOT NULL,
    at text NOT NULL,
    actor text,
    door text,
    kind text NOT NULL,
    changes text
);

-- Events that wait to be sent.
CREATE TABLE outbox (
    id text PRIMARY KEY,
    at text NOT NULL,
    object text NOT NULL,
    record text NOT NULL,
    version integer NOT NULL,
    kind text NOT NULL,
    payload text
);

-- Outcomes of requests that may be repeated.
CREATE TABLE idempotency (
    key text PRIMARY KEY,
    fingerprint text NOT NULL,
    outcome text NOT NULL,
    at text NOT NULL
);

-- Counters of auto numbers.
CREATE TABLE sequence (
    name text PRIMARY KEY,
    value integer NOT NULL
);
CREATE INDEX history_record ON history (object, record, at);
CREATE INDEX idempotency_at ON idempotency (at);
