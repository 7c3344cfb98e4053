-- One row for each stay of a record in a stage; its only change is that the stay ends.
CREATE TABLE transition (
    id uuid PRIMARY KEY,
    object text COLLATE "C" NOT NULL,
    record uuid NOT NULL,
    lifecycle text COLLATE "C" NOT NULL,
    -- The transition that was taken; null where a record began, or was put.
    name text COLLATE "C",
    from_stage text COLLATE "C",
    to_stage text COLLATE "C" NOT NULL,
    -- The how manyth stay of the record in this stage.
    pass bigint NOT NULL,
    entered timestamptz NOT NULL,
    left_at timestamptz,
    left_to text COLLATE "C",
    actor text COLLATE "C" NOT NULL,
    user_id uuid,
    -- user, script, automation, schedule, import, apply
    cause text COLLATE "C" NOT NULL,
    -- What exactly: an automation's name, a script with its line.
    detail text COLLATE "C",
    reason text COLLATE "C",
    -- Version of the catalog whose rules held.
    version bigint NOT NULL
);
CREATE INDEX transition_record ON transition (object, record, entered);
CREATE INDEX transition_stage ON transition (object, to_stage, entered);

-- Work that waits for a worker, and work that has failed for good (state `dead`).
CREATE TABLE job (
    -- Handlers see it as `event.id`: the same at every attempt.
    id uuid PRIMARY KEY,
    -- Work under a key waits only once.
    key text COLLATE "C" UNIQUE,
    -- automation, transition; schedule, date, age for what looks for their moments and never ends
    kind text COLLATE "C" NOT NULL,
    -- Name of the automation or transition.
    subject text COLLATE "C" NOT NULL,
    object text COLLATE "C",
    record uuid,
    payload text COLLATE "C" NOT NULL,
    due timestamptz NOT NULL,
    -- waiting, dead
    state text COLLATE "C" NOT NULL,
    -- How often a worker took it; one that never came back counts.
    attempts bigint NOT NULL,
    -- Until when a worker has it, and the number that its acknowledgement must carry.
    lease timestamptz,
    fence bigint NOT NULL,
    -- What led to it, and how deep the chain is by now.
    chain text COLLATE "C" NOT NULL,
    depth bigint NOT NULL,
    error text COLLATE "C",
    created timestamptz NOT NULL
);
CREATE INDEX job_due ON job (due, id) WHERE state = 'waiting';
CREATE INDEX job_record ON job (object, record);

-- Each run of an automation.
CREATE TABLE automation_run (
    id uuid PRIMARY KEY,
    at timestamptz NOT NULL,
    automation text COLLATE "C" NOT NULL,
    object text COLLATE "C",
    record uuid,
    -- The job of which it was, with its key.
    job uuid,
    key text COLLATE "C",
    -- done, refused, failed
    outcome text COLLATE "C" NOT NULL,
    operations bigint NOT NULL,
    micros bigint NOT NULL,
    input text COLLATE "C",
    effects text COLLATE "C",
    error text COLLATE "C"
);
CREATE INDEX automation_run_record ON automation_run (object, record);
CREATE INDEX automation_run_at ON automation_run (at);
CREATE INDEX automation_run_name ON automation_run (automation, at);
CREATE INDEX automation_run_key ON automation_run (key) WHERE key IS NOT NULL;
