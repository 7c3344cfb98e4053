-- What was denied, and what was done to users, rights and metadata. Ids ascend with time.
CREATE TABLE audit (
    id uuid PRIMARY KEY,
    at timestamptz NOT NULL,
    actor text COLLATE "C" NOT NULL,
    user_id uuid,
    door text COLLATE "C" NOT NULL,
    act text COLLATE "C" NOT NULL,
    object text COLLATE "C",
    record uuid,
    outcome text COLLATE "C" NOT NULL,
    detail text COLLATE "C",
    trace text COLLATE "C"
);
CREATE INDEX audit_record ON audit (object, record);
CREATE INDEX audit_user ON audit (user_id);

-- Who it was, beside the label: labels may be given anew.
ALTER TABLE history ADD COLUMN user_id uuid;
