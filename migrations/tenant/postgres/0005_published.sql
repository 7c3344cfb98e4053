-- Every publication is noted in the platform's table of published versions. The trigger waits for one that is under way; the row is
-- what is published after that.
CREATE TRIGGER note_published AFTER INSERT ON metadata_version FOR EACH ROW EXECUTE FUNCTION armature.note_published();

INSERT INTO armature.published (schema, version)
    SELECT current_schema(), coalesce(max(version), 0) FROM metadata_version
    ON CONFLICT (schema) DO UPDATE SET version = excluded.version;
