-- Stays are asked for record by record. Beside an index over object and stage SQLite would take that one, which finds half of the log
-- for every record.
DROP INDEX transition_stage;
CREATE INDEX transition_time ON transition (object, entered);
