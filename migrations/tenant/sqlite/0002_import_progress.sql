-- How far unfinished imports are.
CREATE TABLE import_progress (
    key text PRIMARY KEY,
    state text NOT NULL,
    at text NOT NULL
);
