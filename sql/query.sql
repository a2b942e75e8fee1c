/* Queries: what analysts and dashboards read. They run with the caller's rights.
 *
 * Counts come from the rollups for whole minutes, and from the events for the parts of a minute at a window's ends. */

CREATE FUNCTION @extschema@._analytics_recent_of(
    max_rows integer, before_occurred_at timestamptz, before_id uuid, tenant_id text, event_type text)
    RETURNS SETOF @extschema@.analytics_event
    LANGUAGE c STABLE PARALLEL RESTRICTED
    AS 'MODULE_PATHNAME', 'analytics_recent_of';

COMMENT ON FUNCTION @extschema@._analytics_recent_of(integer, timestamptz, uuid, text, text) IS
    'Part of analytics_recent: the newest events before (before_occurred_at, before_id), of one tenant and one type '
    '(null: all). '
    'Reads only the minutes in which the rollups count such events, in one snapshot and with the caller''s rights on '
    'analytics_events.';

CREATE FUNCTION @extschema@.analytics_recent(
    max_rows integer DEFAULT 50, before_occurred_at timestamptz DEFAULT NULL, before_id uuid DEFAULT NULL,
    tenant_id text DEFAULT NULL, event_type text DEFAULT NULL)
    RETURNS SETOF @extschema@.analytics_event
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    occurred_before timestamptz := coalesce(before_occurred_at, 'infinity');
    id_before uuid := coalesce(before_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
BEGIN
    PERFORM @extschema@._analytics_require_tables();
    IF max_rows IS NULL OR max_rows < 1 THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'max_rows must be at least 1';
    END IF;
    IF (before_occurred_at IS NULL) <> (before_id IS NULL) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value', MESSAGE = 'before_occurred_at and before_id must be given together';
    END IF;
    IF tenant_id IS NULL AND event_type IS NULL THEN
        RETURN QUERY
            SELECT e.id, e.event_type, e.source, e.occurred_at, e.ingested_at, e.tenant_id, e.payload
            FROM @extschema@.analytics_events AS e
            WHERE (e.occurred_at, e.id) < (occurred_before, id_before) AND e.occurred_at <= occurred_before
            ORDER BY e.occurred_at DESC, e.id DESC
            LIMIT $1;
    ELSE
        RETURN QUERY
            SELECT e.*
            FROM @extschema@._analytics_recent_of(max_rows, occurred_before, id_before, tenant_id, event_type) AS e;
    END IF;
END
$$;

COMMENT ON FUNCTION @extschema@.analytics_recent(integer, timestamptz, uuid, text, text) IS
    'Events, newest first by (occurred_at, id), of one tenant and one type (null: all). '
    'For the next page, pass the last row''s occurred_at and id as before_occurred_at and before_id. '
    'Events that arrive between two calls cause no event to be repeated or left out. '
    'The cost depends on the page, not on the number of stored events: the rollups show in which minutes there are '
    'events of the tenant and type. '
    'So where analytics_verify finds differences, a page may lack events until analytics_rebuild is called. '
    'max_rows below 1, or one of before_occurred_at and before_id alone, is SQLSTATE 22023.';

CREATE FUNCTION @extschema@._analytics_window_counts(
    bounds timestamptz[], tenant_id text DEFAULT NULL, OUT bucket integer, OUT event_type text, OUT count bigint)
    RETURNS SETOF record
    LANGUAGE c STABLE PARALLEL RESTRICTED ROWS 100
    AS 'MODULE_PATHNAME', 'analytics_window_counts';

COMMENT ON FUNCTION @extschema@._analytics_window_counts(timestamptz[], text) IS
    'The number of events by bucket and type, of one tenant (null: all). Bucket i is [bounds[i], bounds[i + 1]). '
    'Counts of 0 are left out. In the order of the bucket, then of the type''s bytes. '
    'Whole minutes are read from the rollups, parts of a minute from the events, in one snapshot and with the '
    'caller''s rights. '
    'Bounds that do not ascend, more than 100000 buckets, or more than 1000000 counts are SQLSTATE 22023. '
    'A null among the bounds: no rows.';

CREATE FUNCTION @extschema@.analytics_counts(
    window_start timestamptz, window_end timestamptz, tenant_id text DEFAULT NULL,
    OUT event_type text, OUT count bigint)
    RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL RESTRICTED
BEGIN ATOMIC
    SELECT c.event_type, c.count
    FROM @extschema@._analytics_window_counts(ARRAY[$1, CASE WHEN $2 < $1 THEN $1 ELSE $2 END], $3) AS c
    ORDER BY c.event_type;
END;

COMMENT ON FUNCTION @extschema@.analytics_counts(timestamptz, timestamptz, text) IS
    'The number of events by type in [window_start, window_end), of one tenant (null: all).';

CREATE FUNCTION @extschema@._analytics_buckets(
    window_start timestamptz, window_end timestamptz, bucket interval, timezone text DEFAULT 'UTC')
    RETURNS SETOF timestamptz
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 100
    AS 'MODULE_PATHNAME', 'analytics_buckets';

COMMENT ON FUNCTION @extschema@._analytics_buckets(timestamptz, timestamptz, interval, text) IS
    'The starts of the buckets that overlap [window_start, window_end), in order. '
    'A bucket is a whole number of minutes, counted from the start of 1970, or of months, counted from January 1970, '
    'on the wall clock of the time zone. Days and months begin at local midnight, whatever their length is. '
    'A shorter bucket begins when the local clock shows a multiple of its length, or jumps over one. '
    'timezone is a name of pg_timezone_names, or an offset such as +05:30, positive east of Greenwich. '
    'Any other length of a bucket, one over 4000 years, an unknown time zone, or more than 100000 buckets are SQLSTATE '
    '22023.';

CREATE FUNCTION @extschema@.analytics_bucket_start(
    instant timestamptz, bucket interval, timezone text DEFAULT 'UTC') RETURNS timestamptz
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_bucket_start';

COMMENT ON FUNCTION @extschema@.analytics_bucket_start(timestamptz, interval, text) IS
    'The start of the bucket that holds the instant. Buckets, time zones and errors are those of analytics_histogram.';

CREATE FUNCTION @extschema@.analytics_histogram(
    window_start timestamptz, window_end timestamptz, bucket interval,
    tenant_id text DEFAULT NULL, event_type text DEFAULT NULL, timezone text DEFAULT 'UTC',
    OUT bucket_start timestamptz, OUT event_type text, OUT count bigint)
    RETURNS SETOF record
    LANGUAGE c STABLE PARALLEL RESTRICTED
    AS 'MODULE_PATHNAME', 'analytics_histogram';

COMMENT ON FUNCTION @extschema@.analytics_histogram(timestamptz, timestamptz, interval, text, text, text) IS
    'The number of events by bucket and type in [window_start, window_end), of one tenant and one type (null: all). '
    'Every bucket has a row for every type that occurs in the window, with count 0 if the bucket has no such event. '
    'If the window has no events at all, every bucket has one row, with event_type null and count 0. '
    'In the order of the bucket, then of the type''s bytes. '
    'The first and the last bucket count only the window''s events. '
    'A bucket is a whole number of minutes, counted from the start of 1970, or of months, counted from January 1970, '
    'on the wall clock of timezone. '
    'Any other length of a bucket, an unknown time zone, more than 100000 buckets or 1000000 rows are SQLSTATE 22023.';

CREATE FUNCTION @extschema@._analytics_freshness(
    tenant_id text DEFAULT NULL, OUT last_event_at timestamptz, OUT last_ingested_at timestamptz)
    LANGUAGE c STABLE PARALLEL RESTRICTED
    AS 'MODULE_PATHNAME', 'analytics_freshness';

COMMENT ON FUNCTION @extschema@._analytics_freshness(text) IS
    'The latest event time and the latest ingestion time, of one tenant (null: all). Both are null without events. '
    'Deleting an event does not change the latest ingestion time.';

CREATE FUNCTION @extschema@._analytics_metrics_window_minutes() RETURNS integer
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_metrics_window_minutes';

COMMENT ON FUNCTION @extschema@._analytics_metrics_window_minutes() IS
    'The value of analytics.metrics_window_minutes. Works also in a session that has not loaded the library yet.';

CREATE FUNCTION @extschema@.analytics_summary(
    window_minutes integer DEFAULT NULL, reference timestamptz DEFAULT pg_catalog.now(), tenant_id text DEFAULT NULL)
    RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    minutes integer := coalesce(window_minutes, @extschema@._analytics_metrics_window_minutes());
    window_end timestamptz := coalesce(reference, now());
    window_start timestamptz;
    interval_minutes integer := greatest(minutes / 6, 5);
    after_window timestamptz;
    starts timestamptz[];
    answer jsonb;
BEGIN
    IF minutes NOT BETWEEN 5 AND 10080 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value', MESSAGE = 'window_minutes must be between 5 and 10080';
    END IF;
    IF window_end < timestamptz '0001-01-01 00:00:00+00' + make_interval(mins => minutes)
        OR window_end >= '10000-01-01 00:00:00+00' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'reference must lie in the years 0001 to 9999, and so must the start of its window';
    END IF;
    window_start := window_end - make_interval(mins => minutes);
    after_window := window_end + interval '1 microsecond';
    starts := ARRAY(SELECT @extschema@._analytics_buckets(
        window_start, after_window, make_interval(mins => interval_minutes), 'UTC'));

    WITH counted AS MATERIALIZED (
        SELECT c.bucket, c.event_type, c.count
        FROM @extschema@._analytics_window_counts(window_start || starts[2:] || after_window, tenant_id) AS c
    ), by_type AS (
        SELECT c.event_type, sum(c.count) AS count FROM counted AS c GROUP BY c.event_type
    ), by_bucket AS (
        SELECT c.bucket, sum(c.count) AS count FROM counted AS c GROUP BY c.bucket
    )
    SELECT jsonb_build_object(
        'windowStart', @extschema@._analytics_iso8601(window_start),
        'windowEnd', @extschema@._analytics_iso8601(window_end),
        'windowMinutes', minutes,
        'intervalMinutes', interval_minutes,
        'totalEvents', (SELECT coalesce(sum(c.count), 0) FROM counted AS c),
        'eventsPerType', (SELECT coalesce(jsonb_object_agg(t.event_type, t.count), '{}') FROM by_type AS t),
        'eventsPerInterval', (
            SELECT jsonb_agg(jsonb_build_object('bucketStart', @extschema@._analytics_iso8601(s.start),
                                                'count', coalesce(b.count, 0)) ORDER BY s.bucket)
            FROM unnest(starts) WITH ORDINALITY AS s (start, bucket)
            LEFT JOIN by_bucket AS b ON b.bucket = s.bucket),
        'freshness', jsonb_build_object(
            'lastEventAt', @extschema@._analytics_instant_text(f.last_event_at),
            'lastIngestedAt', @extschema@._analytics_instant_text(f.last_ingested_at),
            'lagRecords', @extschema@.analytics_lag_records(),
            'deadLetters', @extschema@.analytics_open_dead_letters()))
    INTO answer
    FROM @extschema@._analytics_freshness(tenant_id) AS f;
    RETURN answer;
END
$$;

COMMENT ON FUNCTION @extschema@.analytics_summary(integer, timestamptz, text) IS
    'A summary of [reference - window_minutes, reference], closed at both ends: {windowStart, windowEnd, '
    'windowMinutes, intervalMinutes, totalEvents, eventsPerType, eventsPerInterval, freshness}, of one tenant (null: '
    'all). intervalMinutes is max(windowMinutes div 6, 5); intervals start at multiples of it since the Unix epoch. '
    'freshness describes the present, not the window: lastEventAt and lastIngestedAt (of the tenant), lagRecords '
    '(analytics_lag_records) and deadLetters (analytics_open_dead_letters). '
    'If window_minutes is null, the setting analytics.metrics_window_minutes applies. '
    'A window_minutes outside 5 to 10080, or a window outside the years 0001 to 9999, is SQLSTATE 22023.';
