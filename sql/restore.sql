/* The primary key of analytics_events, and how a dump brings it back.
 *
 * A dump holds each partition and, after the data, each partition's key, but of analytics_events itself, which is the
 * extension's, nothing. A table with a key gives every partition one when it is attached, and the dump's own would fail
 * then. So a session that restores (row_security is off in no other) makes the table without the key. The row of
 * analytics_restores, which comes with the dump's data, adds the key to the table alone, and the dump then makes those
 * of the partitions and attaches them to it.
 *
 * Should the row not come, or too late (a restore by several jobs that is not run section by section, of which
 * pg_restore complains), analytics_complete_key makes up for it; the making of the next partition calls it too. */

DO $$
BEGIN
    IF pg_catalog.current_setting('row_security') OPERATOR(pg_catalog.<>) 'off' THEN
        ALTER TABLE @extschema@.analytics_events ADD PRIMARY KEY (occurred_at, id);
    END IF;
END
$$;

CREATE TABLE @extschema@.analytics_restores (marker boolean NOT NULL);

COMMENT ON TABLE @extschema@.analytics_restores IS 'One row, for dumps to carry: its arrival in a restored database completes the primary key of analytics_events.';
COMMENT ON COLUMN @extschema@.analytics_restores.marker IS 'True.';

INSERT INTO @extschema@.analytics_restores VALUES (true);

CREATE FUNCTION @extschema@.analytics_complete_key() RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    partition_key regclass;
BEGIN
    IF EXISTS (SELECT FROM pg_index WHERE indrelid = '@extschema@.analytics_events'::regclass AND indisprimary AND indisvalid) THEN
        RETURN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_index WHERE indrelid = '@extschema@.analytics_events'::regclass AND indisprimary) THEN
        ALTER TABLE ONLY @extschema@.analytics_events ADD PRIMARY KEY (occurred_at, id);
    END IF;
    FOR partition_key IN
        SELECT indexrelid FROM pg_index JOIN pg_inherits ON inhrelid = indrelid AND inhparent = '@extschema@.analytics_events'::regclass WHERE indisprimary
    LOOP
        EXECUTE format('ALTER INDEX %s.analytics_events_pkey ATTACH PARTITION %s', '@extschema@', partition_key);
    END LOOP;
END
$$;

COMMENT ON FUNCTION @extschema@.analytics_complete_key() IS
    'In a restored database: gives analytics_events its primary key, and the partitions'' keys to it; does nothing where that is done. '
    'Call it after a restore by several jobs that was not run section by section.';

CREATE FUNCTION @extschema@.analytics_restored() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM @extschema@.analytics_complete_key();
    RETURN NULL;
END
$$;

COMMENT ON FUNCTION @extschema@.analytics_restored() IS 'Calls analytics_complete_key when a restore brings the row of analytics_restores, and lets the row go.';

CREATE TRIGGER analytics_restored
    BEFORE INSERT ON @extschema@.analytics_restores
    FOR EACH ROW EXECUTE FUNCTION @extschema@.analytics_restored();

REVOKE EXECUTE ON FUNCTION @extschema@.analytics_complete_key() FROM PUBLIC;

SELECT pg_catalog.pg_extension_config_dump('@extschema@.analytics_restores', '');
