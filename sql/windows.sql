/* Windows for analysts: tumbling, hopping and session windows over events.
 *
 * All windows are half-open, [window_start, window_end), and so is the range of events that the arguments name. A
 * window that crosses an end of the range counts only the events in the range. The reference shows the equivalent plain
 * SQL of each function, and the tests compare the two. */

CREATE FUNCTION @extschema@.analytics_hopping(
    window_start timestamptz, window_end timestamptz, size interval, hop interval,
    tenant_id text DEFAULT NULL, event_type text DEFAULT NULL,
    OUT window_start timestamptz, OUT window_end timestamptz, OUT event_type text, OUT count bigint)
    RETURNS SETOF record
    LANGUAGE c STABLE PARALLEL RESTRICTED ROWS 1000
    AS 'MODULE_PATHNAME', 'analytics_hopping';

COMMENT ON FUNCTION @extschema@.analytics_hopping(timestamptz, timestamptz, interval, interval, text, text) IS
    'The number of events by type in hopping windows: windows of length size that begin every hop, counted from the '
    'Unix epoch. An event is in each window with window_start <= occurred_at < window_end. '
    'Counts only events in the arguments'' range [window_start, window_end), of one tenant and one type (null: all). '
    'Windows and types without events are left out. In the order of the windows. '
    'size and hop must be positive, without months, and at most 4000 years, else SQLSTATE 22023. '
    'More than 100000 windows or 1000000 rows are SQLSTATE 22023 too.';

CREATE FUNCTION @extschema@.analytics_tumbling(
    window_start timestamptz, window_end timestamptz, size interval,
    tenant_id text DEFAULT NULL, event_type text DEFAULT NULL,
    OUT window_start timestamptz, OUT window_end timestamptz, OUT event_type text, OUT count bigint)
    RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 1000
BEGIN ATOMIC
    SELECT h.window_start, h.window_end, h.event_type, h.count
    FROM @extschema@.analytics_hopping($1, $2, $3, $3, $4, $5) AS h;
END;

COMMENT ON FUNCTION @extschema@.analytics_tumbling(timestamptz, timestamptz, interval, text, text) IS
    'The number of events by type in tumbling windows: windows of length size, one after another, counted from the '
    'Unix epoch. Arguments, order and errors are those of analytics_hopping with hop = size.';

CREATE FUNCTION @extschema@.analytics_session(
    window_start timestamptz, window_end timestamptz, gap interval, key_path text[],
    tenant_id text DEFAULT NULL, event_type text DEFAULT NULL,
    OUT session_key text, OUT session_start timestamptz, OUT session_end timestamptz,
    OUT last_event_at timestamptz, OUT events bigint)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1000
    SET search_path = pg_catalog, pg_temp
    SET TimeZone = 'UTC' -- a day of the gap has 24 hours
    AS $$
BEGIN
    PERFORM @extschema@._analytics_require_tables();
    IF extract(year FROM gap) <> 0 OR extract(month FROM gap) <> 0
        OR gap <= interval '0' OR gap > interval '1464000 days' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'gap must be positive, without months and at most 4000 years';
    END IF;
    IF cardinality(key_path) = 0 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value', MESSAGE = 'key_path must name a member of the payload';
    END IF;
    RETURN QUERY
        WITH keyed AS (
            SELECT e.payload #>> $4 AS key, e.occurred_at AS at,
                   CASE WHEN e.occurred_at <= timestamptz '294276-12-31 23:59:59.999999+00' - $3
                        THEN e.occurred_at + $3 ELSE 'infinity' END AS until
            FROM @extschema@.analytics_events AS e
            WHERE e.occurred_at >= $1 AND e.occurred_at < $2
                AND ($5 IS NULL OR e.tenant_id = $5) AND ($6 IS NULL OR e.event_type = $6)
        ), marked AS (
            SELECT k.key, k.at, k.until, lag(k.until) OVER earlier > k.at AS continues
            FROM keyed AS k
            WHERE k.key IS NOT NULL
            WINDOW earlier AS (PARTITION BY k.key ORDER BY k.at)
        ), numbered AS (
            SELECT m.key, m.at, m.until,
                   count(*) FILTER (WHERE m.continues IS NOT TRUE) OVER (PARTITION BY m.key ORDER BY m.at) AS number
            FROM marked AS m
        )
        SELECT n.key, min(n.at), max(n.until), max(n.at), count(*)
        FROM numbered AS n
        GROUP BY n.key, n.number
        ORDER BY 2, n.key;
END
$$;

COMMENT ON FUNCTION @extschema@.analytics_session(timestamptz, timestamptz, interval, text[], text, text) IS
    'The sessions that the events in [window_start, window_end) form, of one tenant and one type (null: all). '
    'The key of an event is payload #>> key_path; an event without a key is in no session. '
    'An event continues its key''s session if less than gap has passed since the key''s previous event. Otherwise it '
    'begins a new session. session_end is gap after last_event_at; events is the number of events. '
    'gap must be positive, without months and at most 4000 years, and key_path not empty, else SQLSTATE 22023.';
