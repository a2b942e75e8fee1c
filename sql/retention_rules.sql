/* The rules of retention: rows of analytics_retention, and what follows from them at a time.
 *
 * Of the rules for events, the first that fits an event decides. A rule for all events works by partitions, which are
 * dropped as a whole. A rule for types or a tenant works by hours, whose events are deleted. See
 * doc/design/maintenance.md. */

CREATE FUNCTION @extschema@._analytics_check_retention() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    longer text;
BEGIN
    SELECT r.name INTO longer
    FROM (SELECT a.* FROM @extschema@.analytics_retention AS a
          WHERE a.what = 'events' AND a.event_types IS NULL AND a.tenant_id IS NULL
          ORDER BY a.position, a.name LIMIT 1) AS every
    JOIN @extschema@.analytics_retention AS r
        ON r.what = 'events' AND (r.position, r.name) < (every.position, every.name)
    WHERE every.keep_counts AND every.keep IS NOT NULL AND (r.keep IS NULL OR r.keep > every.keep)
    ORDER BY r.position, r.name LIMIT 1;
    IF longer IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('rule "%s" keeps events for longer than the rule for all events, which keeps counts',
                             longer),
            DETAIL = 'Counts are kept where a partition is dropped as a whole. Events that are deleted one by one, '
                     'because others stay, take their counts with them.',
            HINT = 'Set keep_counts of the rule for all events to false, or let it keep events as long.';
    END IF;
    RETURN NULL;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_check_retention() IS
    'Refuses rules that contradict each other: SQLSTATE 22023.';

CREATE FUNCTION @extschema@._analytics_event_rules(
    reference timestamptz,
    OUT number bigint, OUT event_types text[], OUT tenant_id text, OUT keep_counts boolean,
    OUT delete_start timestamptz, OUT delete_end timestamptz, OUT drop_end timestamptz)
    RETURNS SETOF record
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
    SET TimeZone = 'UTC'
    AS $$
    WITH ordered AS (
        SELECT row_number() OVER (ORDER BY r.position, r.name) AS number, r.event_types, r.tenant_id,
               r.event_types IS NULL AND r.tenant_id IS NULL AS is_for_all,
               coalesce(r.keep_counts, false) AS keep_counts, $1 - r.keep AS oldest
        FROM @extschema@.analytics_retention AS r WHERE r.what = 'events'
    ), ended AS ( -- nothing reaches a rule behind one for all events
        SELECT o.*, coalesce(CASE WHEN o.is_for_all
                                  THEN (SELECT max(p.range_end) FROM @extschema@.analytics_partitions() AS p
                                        WHERE p.range_end <= o.oldest)
                                  ELSE o.oldest END, '-infinity') AS expiry
        FROM ordered AS o WHERE o.number <= ALL (SELECT a.number FROM ordered AS a WHERE a.is_for_all)
    ), dropped AS (
        SELECT coalesce(CASE WHEN bool_or(e.is_for_all) THEN min(e.expiry) END, '-infinity') AS drop_end,
               coalesce(bool_or(e.keep_counts), false) AS keep_counts
        FROM ended AS e
    )
    SELECT e.number, e.event_types, e.tenant_id::text, d.keep_counts,
           CASE WHEN NOT d.keep_counts THEN d.drop_end WHEN e.is_for_all THEN 'infinity' ELSE '-infinity' END,
           date_bin('1 hour', e.expiry, '2000-01-01 00:00:00+00'), d.drop_end
    FROM ended AS e CROSS JOIN dropped AS d
$$;

COMMENT ON FUNCTION @extschema@._analytics_event_rules(timestamptz) IS
    'The rules of analytics_retention for events, as they work at that time. The first one that fits an event decides. '
    'Its event is deleted by itself if its hour begins in [delete_start, delete_end). '
    'Partitions that end at drop_end or before are dropped as a whole, and their counts stay if keep_counts. '
    'The last two columns are the same in every row.';

CREATE FUNCTION @extschema@._analytics_rule_for_all(
    reference timestamptz, OUT cutoff timestamptz, OUT keep_counts boolean)
    RETURNS SETOF record
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
    SET TimeZone = 'UTC'
    AS $$
    SELECT $1 - r.keep, r.keep_counts FROM @extschema@.analytics_retention AS r
    WHERE r.what = 'events' AND r.event_types IS NULL AND r.tenant_id IS NULL
    ORDER BY r.position, r.name LIMIT 1
$$;

COMMENT ON FUNCTION @extschema@._analytics_rule_for_all(timestamptz) IS
    'The first rule for all events: no row if there is none. What is older than the cutoff may go; null: nothing.';

CREATE FUNCTION @extschema@._analytics_keep_until(what text, reference timestamptz) RETURNS timestamptz
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
    SET TimeZone = 'UTC'
    AS $$
    SELECT coalesce((SELECT $2 - r.keep FROM @extschema@.analytics_retention AS r WHERE r.what = $1), '-infinity')
$$;

COMMENT ON FUNCTION @extschema@._analytics_keep_until(text, timestamptz) IS
    'What is older than this may go, by the rule for it. -infinity: there is no rule, and nothing may go.';
