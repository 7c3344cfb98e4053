-- Tenants with work due, so that workers need not ask every schema. What the tenants' own tables say holds; this is refreshed at the
-- start of a worker and by a slow round. `noted` grows with every note, so that whoever strikes one out strikes none that came later.
CREATE TABLE armature.work_due (
    tenant text COLLATE "C" PRIMARY KEY REFERENCES armature.tenant (name) ON DELETE CASCADE,
    due timestamptz NOT NULL,
    noted bigint NOT NULL
);
CREATE INDEX work_due_due ON armature.work_due (due);
