/* Partitions of analytics_events: found by time, and made on demand.
 *
 * A partition is a month of UTC, or what analytics.partition_interval says when it is made. Partitions made by hand are
 * respected, whatever their bounds are. */

CREATE FUNCTION @extschema@._analytics_partition_at(
    instant timestamptz, OUT partition regclass, OUT gap_start timestamptz, OUT gap_end timestamptz)
    LANGUAGE c STABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_partition_at';

COMMENT ON FUNCTION @extschema@._analytics_partition_at(timestamptz) IS
    'The partition of analytics_events that holds the instant. '
    'If there is none: the free range around the instant, which a new partition may fill. '
    'Reads the table''s partition descriptor, so it also knows partitions that were made by hand.';

CREATE FUNCTION @extschema@.analytics_partitions(
    OUT partition regclass, OUT range_start timestamptz, OUT range_end timestamptz)
    RETURNS SETOF record
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_partitions';

COMMENT ON FUNCTION @extschema@.analytics_partitions() IS
    'The partitions of analytics_events with their ranges [range_start, range_end), in order of time. '
    'An open end is -infinity or infinity. A default partition comes last, and its range is null.';

-- SECURITY DEFINER is safe here: the function never runs code of the tables' owner. A new partition is empty, so no
-- trigger fires, and no default, constraint or index expression is computed.
CREATE FUNCTION @extschema@.analytics_create_partition(instant timestamptz) RETURNS regclass
    LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET TimeZone = 'UTC'
    AS $$
DECLARE
    place record;
    size text;
    start timestamptz;
    lower_bound timestamptz;
    upper_bound timestamptz;
    range_name text;
    partition_name text;
    made regclass;
    attempt integer := 1;
    many CONSTANT integer := 150; -- partitions: a statement over the whole table locks each of them
    recent_start timestamptz;
    recent_end timestamptz;
BEGIN
    PERFORM @extschema@._analytics_require_tables();
    IF instant < '0001-01-01 00:00:00+00' OR instant >= '10000-01-01 00:00:00+00' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'datetime_field_overflow',
            MESSAGE = 'an event must lie in the years 0001 to 9999';
    END IF;

    LOCK TABLE ONLY @extschema@.analytics_events IN SHARE UPDATE EXCLUSIVE MODE;
    SELECT * INTO place FROM @extschema@._analytics_partition_at(instant);
    IF place.partition IS NOT NULL THEN
        RETURN place.partition;
    END IF;

    size := current_setting('analytics.partition_interval');
    start := date_trunc(size, instant);
    lower_bound := greatest(start, place.gap_start);
    upper_bound := least(start + ('1 ' || size)::interval, place.gap_end);
    range_name := 'analytics_events_' || to_char(lower_bound, CASE
        WHEN lower_bound <> start THEN 'YYYY_MM_DD_HH24MISSUS'
        WHEN size = 'day' THEN 'YYYY_MM_DD'
        WHEN size = 'week' THEN 'IYYY_"w"IW'
        WHEN size = 'month' THEN 'YYYY_MM'
        ELSE 'YYYY' END);

    -- With many partitions, only a time near now gets a usual one. Another time gets the whole free range around it.
    recent_start := date_trunc(size, now() - CASE size
        WHEN 'day' THEN interval '60 days' WHEN 'week' THEN interval '1 year'
        WHEN 'month' THEN interval '3 years' ELSE interval '30 years' END);
    recent_end := date_trunc(size, now() + CASE size
        WHEN 'day' THEN interval '31 days' WHEN 'week' THEN interval '3 months'
        WHEN 'month' THEN interval '1 year' ELSE interval '3 years' END);
    IF (instant < recent_start OR instant >= recent_end)
        AND (SELECT count(*) FROM pg_inherits AS i
             WHERE i.inhparent = '@extschema@.analytics_events'::regclass) >= many THEN
        lower_bound := greatest(
            place.gap_start, CASE WHEN instant < recent_start THEN '0001-01-01 00:00:00+00' ELSE recent_end END);
        upper_bound := least(
            place.gap_end, CASE WHEN instant < recent_start THEN recent_start ELSE '10000-01-01 00:00:00+00' END);
        range_name := to_char(lower_bound, '"analytics_events_"YYYY_MM_DD')
                      || to_char(upper_bound, '"_to_"YYYY_MM_DD');
    END IF;
    partition_name := range_name;
    -- A late event may belong to a month whose partition was detached and kept its name.
    WHILE @extschema@._analytics_relation(partition_name) IS NOT NULL LOOP
        attempt := attempt + 1;
        partition_name := range_name || '_' || attempt::text;
    END LOOP;

    -- Created first and attached afterwards, so that readers never wait.
    EXECUTE format('CREATE TABLE %1$s.%2$I (LIKE %1$s.analytics_events INCLUDING DEFAULTS INCLUDING CONSTRAINTS '
                   'INCLUDING GENERATED INCLUDING STORAGE INCLUDING COMPRESSION)', '@extschema@', partition_name);
    made := @extschema@._analytics_relation(partition_name);
    PERFORM @extschema@.analytics_watch_partition(made);
    EXECUTE format('ALTER TABLE %s OWNER TO %I', made,
                   (SELECT pg_get_userbyid(c.relowner) FROM pg_class AS c
                    WHERE c.oid = '@extschema@.analytics_events'::regclass));
    EXECUTE format('ALTER TABLE %s.analytics_events ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)',
                   '@extschema@', made, lower_bound, upper_bound);
    RETURN made;
END
$$;

COMMENT ON FUNCTION @extschema@.analytics_create_partition(timestamptz) IS
    'Returns the partition of analytics_events that holds the instant, and makes it if there is none. '
    'A new partition has the length analytics.partition_interval (day, week, month or year), or less if neighbouring '
    'partitions cover a part of that range. '
    'If there are 150 partitions already, an instant far from now gets one partition for the whole free range around '
    'it, so that the number of partitions stays bounded. '
    'The year must be 0001 to 9999, else SQLSTATE 22008. '
    'Locks analytics_events in SHARE UPDATE EXCLUSIVE mode to the end of the transaction: neither readers nor writers '
    'wait. The functions that store events call it themselves. '
    'Call it yourself before an INSERT by hand at a time that no partition covers.';

REVOKE EXECUTE ON FUNCTION @extschema@.analytics_create_partition(timestamptz) FROM PUBLIC;
