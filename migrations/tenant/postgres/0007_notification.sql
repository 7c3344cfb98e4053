-- What scripts tell users; whoever is told reads it over the metadata API.
CREATE TABLE notification (
    id uuid PRIMARY KEY,
    at timestamptz NOT NULL,
    user_id uuid NOT NULL,
    message text COLLATE "C" NOT NULL,
    -- The record that it is about.
    object text COLLATE "C",
    record uuid,
    -- The automation or function that tells it.
    sender text COLLATE "C" NOT NULL,
    read_at timestamptz
);
CREATE INDEX notification_user ON notification (user_id, id);
