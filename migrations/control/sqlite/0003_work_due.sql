-- Tenants with work due, so that workers need not ask every file. What the tenants' own tables say holds; this is refreshed at the
-- start of a worker and by a slow round. `noted` grows with every note, so that whoever strikes one out strikes none that came later.
CREATE TABLE work_due (
    tenant text PRIMARY KEY REFERENCES tenant (name) ON DELETE CASCADE,
    due text NOT NULL,
    noted integer NOT NULL
) WITHOUT ROWID;
CREATE INDEX work_due_due ON work_due (due);
