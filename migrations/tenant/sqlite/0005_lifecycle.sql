-- One row for each stay of a record in a stage; its only change is that the stay ends.
CREATE TABLE transition (
    id text PRIMARY KEY,
    object text NOT NULL,
    record text NOT NULL,
    lifecycle text NOT NULL,
    -- The transition that was taken; null where a record began, or was put.
    name text,
    from_stage text,
    to_stage text NOT NULL,
    -- The how manyth stay of the record in this stage.
    pass integer NOT NULL,
    entered text NOT NULL,
    left_at text,
    left_to text,
    actor text NOT NULL,
    user_id text,
    -- user, script, automation, schedule, import, apply
    cause text NOT NULL,
    -- What exactly: an automation's name, a script with its line.
    detail text,
    reason text,
    -- Version of the catalog whose rules held.
    version integer NOT NULL
);
CREATE INDEX transition_record ON transition (object, record, entered);
CREATE INDEX transition_stage ON transition (object, to_stage, entered);

-- Work that waits for a worker, and work that has failed for good (state `dead`).
CREATE TABLE job (
    -- Handlers see it as `event.id`: the same at every attempt.
    id text PRIMARY KEY,
    -- Work under a key waits only once.
    key text UNIQUE,
    -- automation, transition; schedule, date, age for what looks for their moments and never ends
    kind text NOT NULL,
    -- Name of the automation or transition.
    subject text NOT NULL,
    object text,
    record text,
    payload text NOT NULL,
    due text NOT NULL,
    -- waiting, dead
    state text NOT NULL,
    -- How often a worker took it; one that never came back counts.
    attempts integer NOT NULL,
    -- Until when a worker has it, and the number that its acknowledgement must carry.
    lease text,
    fence integer NOT NULL,
    -- What led to it, and how deep the chain is by now.
    chain text NOT NULL,
    depth integer NOT NULL,
    error text,
    created text NOT NULL
);
CREATE INDEX job_due ON job (due, id) WHERE state = 'waiting';
CREATE INDEX job_record ON job (object, record);

-- Each run of an automation.
CREATE TABLE automation_run (
    id text PRIMARY KEY,
    at text NOT NULL,
    automation text NOT NULL,
    object text,
    record text,
    -- The job of which it was, with its key.
    job text,
    key text,
    -- done, refused, failed
    outcome text NOT NULL,
    operations integer NOT NULL,
    micros integer NOT NULL,
    input text,
    effects text,
    error text
);
CREATE INDEX automation_run_record ON automation_run (object, record);
CREATE INDEX automation_run_at ON automation_run (at);
CREATE INDEX automation_run_name ON automation_run (automation, at);
CREATE INDEX automation_run_key ON automation_run (key) WHERE key IS NOT NULL;
