-- The platform's tables of one tenant.

-- Published versions of the catalog; the greatest one holds.
CREATE TABLE metadata_version (
    version bigint PRIMARY KEY,
    hash text COLLATE "C" NOT NULL,
    documents text COLLATE "C" NOT NULL,
    layout text COLLATE "C" NOT NULL,
    changes text COLLATE "C" NOT NULL,
    plan_hash text COLLATE "C",
    at timestamptz NOT NULL,
    actor text COLLATE "C"
);

-- An apply that is under way.
CREATE TABLE metadata_pending (
    id bigint PRIMARY KEY,
    state text COLLATE "C" NOT NULL,
    at timestamptz NOT NULL
);

-- What happened to records.
CREATE TABLE history (
    id uuid PRIMARY KEY,
    object text COLLATE "C" NOT NULL,
    record uuid NOT NULL,
    version bigint NOT NULL,
    at timestamptz NOT NULL,
    actor text COLLATE "C",
    door text COLLATE "C",
    kind text COLLATE "C" NOT NULL,
    changes text COLLATE "C"
);

-- Events that wait to be sent.
CREATE TABLE outbox (
    id uuid PRIMARY KEY,
    at timestamptz NOT NULL,
    object text COLLATE "C" NOT NULL,
    record uuid NOT NULL,
    version bigint NOT NULL,
    kind text COLLATE "C" NOT NULL,
    payload text COLLATE "C"
);

-- Outcomes of requests that may be repeated.
CREATE TABLE idempotency (
    key text COLLATE "C" PRIMARY KEY,
    fingerprint text COLLATE "C" NOT NULL,
    outcome text COLLATE "C" NOT NULL,
    at timestamptz NOT NULL
);

-- Counters of auto numbers.
CREATE TABLE sequence (
    name text COLLATE "C" PRIMARY KEY,
    value bigint NOT NULL
);
CREATE INDEX history_record ON history (object, record, at);
CREATE INDEX idempotency_at ON idempotency (at);
