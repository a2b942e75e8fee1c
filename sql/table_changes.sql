/* Table changes: how tables of an earlier release become those that _analytics_tables describes.
 *
 * The tables are not members of the extension, so they don't follow its version: a dump of an earlier release brings
 * its own tables into a database whose extension is new already, and DROP EXTENSION leaves them to the next one.
 * Therefore a change of a table is a row here and not a line of an update script. Whatever comes first makes it, once
 * in each database: ALTER EXTENSION … UPDATE, CREATE EXTENSION that adopts tables, or analytics_create_tables() after a
 * restore. The table analytics_table_changes has the names of those that were made, and dumps carry it.
 *
 * _analytics_tables has the same change: new tables are made as they are described, and have had all changes. A new
 * column stands last there, for ALTER TABLE adds it last. A new table needs no row here. */

CREATE FUNCTION @extschema@._analytics_table_changes() RETURNS TABLE (name text, relation text, statement text)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $changes$
VALUES
('kafka offsets are retired', 'analytics_kafka_offsets', $change$
    ALTER TABLE @schema@.analytics_kafka_offsets ADD COLUMN IF NOT EXISTS retired_at timestamptz;
    COMMENT ON COLUMN @schema@.analytics_kafka_offsets.updated_at IS
        'When the row last changed. An ingestor that owns the partition changes it at least every ten minutes.';
    COMMENT ON COLUMN @schema@.analytics_kafka_offsets.retired_at IS
        'When analytics_retire_group retired the partition''s group. Null: it was not retired, or was owned since.';
$change$),
('shapes have limits of time', 'analytics_shapes', $change$
    ALTER TABLE @schema@.analytics_shapes
        ADD COLUMN IF NOT EXISTS max_future interval, ADD COLUMN IF NOT EXISTS max_past interval;
    COMMENT ON COLUMN @schema@.analytics_shapes.max_future IS
        'How far ahead of the ingestion time the event time may be. Null: analytics.max_future. Negative: any time.';
    COMMENT ON COLUMN @schema@.analytics_shapes.max_past IS
        'How far behind the ingestion time the event time may be. Null: analytics.max_past. Negative: any time.';
$change$),
('bags of tenants have an index by hour', 'analytics_rollup_tenants', $change$
    CREATE INDEX IF NOT EXISTS analytics_rollup_tenants_brin ON @schema@.analytics_rollup_tenants
        USING brin (hour) WITH (pages_per_range = 32);
$change$)
$changes$;

COMMENT ON FUNCTION @extschema@._analytics_table_changes() IS
    'The changes of tables since 0.1.0, in the order in which they are made, each with the table or view that it '
    'changes and the statements, which run as that relation''s owner. @schema@ stands for the tables'' schema. '
    'A name never changes, and a change that was released is not edited.';

CREATE FUNCTION @extschema@._analytics_run_as_owner(relation regclass, statement text) RETURNS void
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'analytics_run_as_owner';

COMMENT ON FUNCTION @extschema@._analytics_run_as_owner(regclass, text) IS
    'Runs statements with the rights of the relation''s owner, whose rights the caller must have (else SQLSTATE '
    '42501). So CHECK constraints, triggers and expressions that the owner has made never run as a superuser.';

CREATE FUNCTION @extschema@._analytics_tables_are_current() RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF @extschema@._analytics_relation('analytics_table_changes') IS NULL THEN
        RETURN false;
    END IF;
    RETURN NOT EXISTS (SELECT FROM @extschema@._analytics_table_changes() AS c
                       WHERE c.name NOT IN (SELECT m.name FROM @extschema@.analytics_table_changes AS m));
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_tables_are_current() IS
    'False where the tables are those of an earlier release, as a restored dump brings them: call '
    'analytics_create_tables().';
