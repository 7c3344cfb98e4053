-- How far unfinished imports are.
CREATE TABLE import_progress (
    key text COLLATE "C" PRIMARY KEY,
    state text COLLATE "C" NOT NULL,
    at timestamptz NOT NULL
);
