/* Rollups: counts beside the events, maintained by every statement that changes the events.
 *
 * A bag is a row with partial numbers of events, by type and minute of one hour. An hour may have many bags, and only
 * their sum is the number of events. Writers append bags; folding replaces many bags by their sum. See
 * doc/design/rollups.md.
 *
 * Bags are inserted and deleted all the time. So a bag is stored inline, up to the size of a page. Vacuum runs early,
 * and does not truncate the end of the file, because that space will be used again. Bags have no key. Their replica
 * identity FULL is for publications of all tables: without it, PostgreSQL would refuse the deletes of folding. */

CREATE FUNCTION @extschema@.analytics_bag_cells(
    hour timestamptz, cells bytea, OUT minute timestamptz, OUT event_type text, OUT count bigint)
    RETURNS SETOF record
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 100
    AS 'MODULE_PATHNAME', 'analytics_bag_cells';

COMMENT ON FUNCTION @extschema@.analytics_bag_cells(timestamptz, bytea) IS
    'Unpacks a bag: for each event type and minute of the hour, the number of events, which may be negative. '
    'Bytes that are not a bag are SQLSTATE XX001.';

CREATE FUNCTION @extschema@._analytics_bag_minutes(
    hour timestamptz, cells bytea, seconds bytea,
    OUT minute timestamptz, OUT event_type text, OUT count bigint, OUT weight bigint)
    RETURNS SETOF record
    LANGUAGE c IMMUTABLE PARALLEL SAFE ROWS 100
    AS 'MODULE_PATHNAME', 'analytics_bag_minutes';

COMMENT ON FUNCTION @extschema@._analytics_bag_minutes(timestamptz, bytea, bytea) IS
    'Unpacks a bag by minute: weight is the sum of _analytics_second_weight for each event, modulo 2^64, and zero '
    'where the bag has no seconds. A minute may have a weight and no count. '
    'Bytes that are not a bag are SQLSTATE XX001.';

CREATE FUNCTION @extschema@._analytics_bag_seconds(
    hour timestamptz, cells bytea, seconds bytea, OUT second timestamptz, OUT event_type text, OUT count bigint)
    RETURNS SETOF record
    LANGUAGE c IMMUTABLE PARALLEL SAFE ROWS 1000
    AS 'MODULE_PATHNAME', 'analytics_bag_seconds';

COMMENT ON FUNCTION @extschema@._analytics_bag_seconds(timestamptz, bytea, bytea) IS
    'Unpacks the seconds of a bag: for each event type and second of the hour, the number of events. '
    'Bytes that are not a bag are SQLSTATE XX001.';

CREATE FUNCTION @extschema@._analytics_second_weight("time" timestamptz) RETURNS integer
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_second_weight';

COMMENT ON FUNCTION @extschema@._analytics_second_weight(timestamptz) IS
    'A number that stands for the second of the minute. '
    'Where events are not in the same seconds of a minute, the sums of their weights differ.';

CREATE FUNCTION @extschema@._analytics_rollup_row() RETURNS trigger
    LANGUAGE c
    AS 'MODULE_PATHNAME', 'analytics_rollup_row';

COMMENT ON FUNCTION @extschema@._analytics_rollup_row() IS
    'Counts an event that a statement has inserted, updated or deleted.';

CREATE FUNCTION @extschema@._analytics_rollup_statement() RETURNS trigger
    LANGUAGE c
    AS 'MODULE_PATHNAME', 'analytics_rollup_statement';

COMMENT ON FUNCTION @extschema@._analytics_rollup_statement() IS
    'Before a statement: begins to count its changes. After the statement: appends the counts to the rollups.';

CREATE FUNCTION @extschema@._analytics_rollup_truncate() RETURNS trigger
    LANGUAGE c
    AS 'MODULE_PATHNAME', 'analytics_rollup_truncate';

COMMENT ON FUNCTION @extschema@._analytics_rollup_truncate() IS
    'Subtracts from the rollups the events that TRUNCATE is about to remove.';

REVOKE EXECUTE ON FUNCTION
    @extschema@._analytics_rollup_row(),
    @extschema@._analytics_rollup_statement(),
    @extschema@._analytics_rollup_truncate() FROM PUBLIC;

CREATE FUNCTION @extschema@.analytics_watch_partition(partition regclass) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM @extschema@._analytics_attach_trigger(partition, t.trigger, t.fires, 'STATEMENT', t.called)
    FROM (VALUES
        ('analytics_rollup_begin', 'BEFORE INSERT OR UPDATE OR DELETE', '_analytics_rollup_statement'),
        ('analytics_rollup_end', 'AFTER INSERT OR UPDATE OR DELETE', '_analytics_rollup_statement'),
        ('analytics_rollup_truncate', 'BEFORE TRUNCATE', '_analytics_rollup_truncate')
    ) AS t (trigger, fires, called);
END
$$;

COMMENT ON FUNCTION @extschema@.analytics_watch_partition(regclass) IS
    'Gives a partition that was made by hand the triggers that analytics_create_partition gives to its partitions. '
    'Then a statement that names the partition itself is counted once at its end, instead of row by row, and TRUNCATE '
    'of the partition is counted too. '
    'If a trigger is missing, locks the partition in SHARE ROW EXCLUSIVE mode: its writers wait.';

REVOKE EXECUTE ON FUNCTION @extschema@.analytics_watch_partition(regclass) FROM PUBLIC;

CREATE FUNCTION @extschema@._analytics_bag_add(bag internal, minute timestamptz, event_type text, count bigint)
    RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_bag_add';

COMMENT ON FUNCTION @extschema@._analytics_bag_add(internal, timestamptz, text, bigint) IS
    'Part of analytics_bag: adds a count.';

CREATE FUNCTION @extschema@._analytics_bag_pack(bag internal) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_bag_pack';

COMMENT ON FUNCTION @extschema@._analytics_bag_pack(internal) IS 'Part of analytics_bag: packs the counts.';

CREATE AGGREGATE @extschema@.analytics_bag(minute timestamptz, event_type text, count bigint) (
    SFUNC = @extschema@._analytics_bag_add, STYPE = internal, FINALFUNC = @extschema@._analytics_bag_pack,
    PARALLEL = SAFE);

COMMENT ON AGGREGATE @extschema@.analytics_bag(timestamptz, text, bigint) IS
    'Packs counts by minute and event type, all of one hour, into a bag. analytics_bag_cells unpacks it.';

CREATE FUNCTION @extschema@._analytics_missing_bag_add(
    bag internal, "time" timestamptz, is_second boolean, event_type text, count bigint) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_missing_bag_add';

COMMENT ON FUNCTION @extschema@._analytics_missing_bag_add(internal, timestamptz, boolean, text, bigint) IS
    'Part of _analytics_missing_bag: adds a count.';

CREATE FUNCTION @extschema@._analytics_missing_bag_pack(bag internal) RETURNS bytea[]
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_missing_bag_pack';

COMMENT ON FUNCTION @extschema@._analytics_missing_bag_pack(internal) IS
    'Part of _analytics_missing_bag: packs the counts.';

CREATE AGGREGATE @extschema@._analytics_missing_bag(
    "time" timestamptz, is_second boolean, event_type text, count bigint) (
    SFUNC = @extschema@._analytics_missing_bag_add, STYPE = internal,
    FINALFUNC = @extschema@._analytics_missing_bag_pack, PARALLEL = SAFE);

COMMENT ON AGGREGATE @extschema@._analytics_missing_bag(timestamptz, boolean, text, bigint) IS
    'Packs what bags of one hour lack by minute, and what they lack by second, into a bag: its cells and its seconds.';
