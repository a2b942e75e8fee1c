/* Partitions of analytics_events: found by time, and made on demand.
 *
 * Around now a partition is a month of UTC, or what analytics.partition_interval says when it is made. Further away
 * partitions are coarser, so a table has few, whatever times events have: extension/core/partition_plan.hpp. Partitions
 * made by hand are respected, whatever their bounds are. */

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

-- SECURITY DEFINER is safe here: the functions never run code of the tables' owner. A new partition is empty, so no
-- trigger fires, and no default, constraint or index expression is computed.
CREATE FUNCTION @extschema@.analytics_create_partition(instant timestamptz) RETURNS regclass
    LANGUAGE c VOLATILE STRICT SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'analytics_create_partition';

COMMENT ON FUNCTION @extschema@.analytics_create_partition(timestamptz) IS
    'Returns the partition of analytics_events that holds the instant, and makes it if there is none. '
    'Around now its length is analytics.partition_interval (day, week, month or year). Other times get coarser ones, '
    'so that their number stays bounded: years from 2000 to ten years ahead, decades up to 2100, one partition for all '
    'before and one for all after. When there are many partitions, or a batch needs more than 50, they are coarser. '
    'A new partition covers less if neighbouring partitions cover a part of its range. '
    'The year must be 0001 to 9999, else SQLSTATE 22008. '
    'Locks analytics_events in SHARE UPDATE EXCLUSIVE mode to the end of the transaction: readers do not wait, but '
    'writers that need a new partition do, so commit at once. The functions that store events do the same themselves. '
    'Call it yourself before an INSERT by hand at a time that no partition covers.';

CREATE FUNCTION @extschema@.analytics_create_partition(instant timestamptz, partition_interval interval)
    RETURNS regclass
    LANGUAGE c VOLATILE STRICT SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'analytics_create_partition_of_length';

COMMENT ON FUNCTION @extschema@.analytics_create_partition(timestamptz, interval) IS
    'The same, for a partition of that length: a whole number of minutes or of months, else SQLSTATE 22023. '
    'Whole weeks begin on a Monday, other lengths are counted from January 1970, in UTC. '
    'However many partitions there are, the length is not changed. '
    'A partition that already holds the instant is returned as it is.';

REVOKE EXECUTE ON FUNCTION
    @extschema@.analytics_create_partition(timestamptz),
    @extschema@.analytics_create_partition(timestamptz, interval) FROM PUBLIC;
