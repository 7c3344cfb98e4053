-- What was denied, and what was done to users, rights and metadata. Ids ascend with time.
CREATE TABLE audit (
    id text PRIMARY KEY,
    at text NOT NULL,
    actor text NOT NULL,
    user_id text,
    door text NOT NULL,
    act text NOT NULL,
    object text,
    record text,
    outcome text NOT NULL,
    detail text,
    trace text
);
CREATE INDEX audit_record ON audit (object, record);
CREATE INDEX audit_user ON audit (user_id);

-- Who it was, beside the label: labels may be given anew.
ALTER TABLE history ADD COLUMN user_id text;
