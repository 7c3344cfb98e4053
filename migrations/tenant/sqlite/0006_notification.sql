-- What scripts tell users; whoever is told reads it over the metadata API.
CREATE TABLE notification (
    id text PRIMARY KEY,
    at text NOT NULL,
    user_id text NOT NULL,
    message text NOT NULL,
    -- The record that it is about.
    object text,
    record text,
    -- The automation or function that tells it.
    sender text NOT NULL,
    read_at text
);
CREATE INDEX notification_user ON notification (user_id, id);
