/* Queries: what analysts and dashboards ask. They run with the caller's rights. */

CREATE FUNCTION @extschema@._analytics_iso8601(instant timestamptz) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_iso8601';

COMMENT ON FUNCTION @extschema@._analytics_iso8601(timestamptz) IS
    'YYYY-MM-DDThh:mm:ss[.ffffff]Z, whatever TimeZone and DateStyle say; the fraction only when it is not zero. Years 0001 to 9999, else SQLSTATE 22008.';

CREATE FUNCTION @extschema@._analytics_instant(microseconds bigint) RETURNS timestamptz
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT timestamptz 'epoch' + ($1::text || ' microseconds')::interval;
END;

COMMENT ON FUNCTION @extschema@._analytics_instant(bigint) IS
    'The instant so many microseconds after the start of 1970, exactly, whatever TimeZone says; null for null. How instants travel over the daemons'' connections.';

CREATE FUNCTION @extschema@._analytics_instant_text(instant timestamptz) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_instant_text';

COMMENT ON FUNCTION @extschema@._analytics_instant_text(timestamptz) IS
    'Whatever timestamp there is, as JSON shows it: like _analytics_iso8601 where that can be; years before 0001 and after 9999 as ISO 8601 expands them, with a sign and '
    'six digits (0000 is 1 BC); infinity and -infinity.';

CREATE FUNCTION @extschema@._analytics_event_json(event @extschema@.analytics_event) RETURNS json
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT pg_catalog.json_build_object(
        'id', ($1).id, 'eventType', ($1).event_type, 'source', ($1).source,
        'occurredAt', @extschema@._analytics_instant_text(($1).occurred_at), 'ingestedAt', @extschema@._analytics_instant_text(($1).ingested_at),
        'tenantId', ($1).tenant_id, 'payload', ($1).payload);
END;

COMMENT ON FUNCTION @extschema@._analytics_event_json(@extschema@.analytics_event) IS
    'An event as it appears over HTTP: {id, eventType, source, occurredAt, ingestedAt, tenantId, payload}.';

CREATE FUNCTION @extschema@._analytics_recent_of(max_rows integer, before_occurred_at timestamptz, before_id uuid, tenant_id text, event_type text)
    RETURNS SETOF @extschema@.analytics_event
    LANGUAGE c STABLE PARALLEL RESTRICTED
    AS 'MODULE_PATHNAME', 'analytics_recent_of';

COMMENT ON FUNCTION @extschema@._analytics_recent_of(integer, timestamptz, uuid, text, text) IS
    'Of analytics_recent: the newest events before that one, of the tenant and of the type, either of which may be null. Reads the minutes in which the rollups have any, '
    'with the caller''s rights on the events and in one snapshot.';

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
        RETURN QUERY SELECT e.id, e.event_type, e.source, e.occurred_at, e.ingested_at, e.tenant_id, e.payload
            FROM @extschema@._analytics_recent_of(max_rows, occurred_before, id_before, tenant_id, event_type) AS e;
    END IF;
END
$$;

COMMENT ON FUNCTION @extschema@.analytics_recent(integer, timestamptz, uuid, text, text) IS
    'Events, newest first by (occurred_at, id), of one tenant or of all, of one type or of all. The next page: the last row''s occurred_at and id as before_occurred_at and '
    'before_id; events that arrive meanwhile neither repeat nor hide any. Costs what the page costs, not what is stored: events of a tenant or type are looked for in the '
    'minutes where the rollups have any. So where analytics_verify finds differences, such a page may lack events until analytics_rebuild.';

CREATE FUNCTION @extschema@._analytics_window_counts(
    bounds timestamptz[], tenant_id text DEFAULT NULL, OUT bucket integer, OUT event_type text, OUT count bigint)
    RETURNS SETOF record
    LANGUAGE c STABLE PARALLEL RESTRICTED ROWS 100
    AS 'MODULE_PATHNAME', 'analytics_window_counts';

COMMENT ON FUNCTION @extschema@._analytics_window_counts(timestamptz[], text) IS
    'Events by bucket and type, of one tenant or of all: bucket i is [bounds[i], bounds[i + 1]). Only what is not 0, in order of bucket and of the types'' bytes. '
    'Whole minutes are read from the rollups, broken ones from the events, in one snapshot and with the caller''s rights. Bounds that do not ascend, or more than '
    '100000 buckets or 1000000 counts, are SQLSTATE 22023; a null among them gives nothing. What counts, histogram, summary and hopping windows are made of.';

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
    'Events by type in the half-open window [window_start, window_end), of one tenant or of all.';

CREATE FUNCTION @extschema@._analytics_buckets(window_start timestamptz, window_end timestamptz, bucket interval, timezone text DEFAULT 'UTC')
    RETURNS SETOF timestamptz
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 100
    AS 'MODULE_PATHNAME', 'analytics_buckets';

COMMENT ON FUNCTION @extschema@._analytics_buckets(timestamptz, timestamptz, interval, text) IS
    'Starts of the buckets that meet the half-open window [window_start, window_end), in order. A bucket is a whole number of minutes, counted from '
    'the start of 1970, or a whole number of months, counted from January 1970, on the time zone''s wall clock; anything else is SQLSTATE 22023, and so are '
    'more than 100000 buckets, of more than 4000 years each, and what is no time zone: a name as in pg_timezone_names, or an offset as +05:30, which is east. Whole days and months begin at local midnight, whatever their length then is; a shorter bucket '
    'begins whenever the clock shows a multiple of it, or jumps across one.';

CREATE FUNCTION @extschema@.analytics_bucket_start(instant timestamptz, bucket interval, timezone text DEFAULT 'UTC') RETURNS timestamptz
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_bucket_start';

COMMENT ON FUNCTION @extschema@.analytics_bucket_start(timestamptz, interval, text) IS
    'Start of the bucket that holds the instant; buckets as in _analytics_buckets.';

CREATE FUNCTION @extschema@.analytics_histogram(
    window_start timestamptz, window_end timestamptz, bucket interval, tenant_id text DEFAULT NULL, event_type text DEFAULT NULL,
    timezone text DEFAULT 'UTC', OUT bucket_start timestamptz, OUT event_type text, OUT count bigint)
    RETURNS SETOF record
    LANGUAGE c STABLE PARALLEL RESTRICTED
    AS 'MODULE_PATHNAME', 'analytics_histogram';

COMMENT ON FUNCTION @extschema@.analytics_histogram(timestamptz, timestamptz, interval, text, text, text) IS
    'Events by bucket and type in the half-open window [window_start, window_end), of one tenant or of all, of one type or of all. Every bucket that meets the '
    'window appears with every type that the window holds, 0 where there is none; a window without events gives its buckets with event_type null and count 0. '
    'In the order of the buckets, then of the types'' bytes; an answer of more than 1000000 rows is SQLSTATE 22023. '
    'Buckets as in _analytics_buckets; the first and the last count only the window''s events.';

CREATE FUNCTION @extschema@._analytics_freshness(tenant_id text DEFAULT NULL, OUT last_event_at timestamptz, OUT last_ingested_at timestamptz)
    LANGUAGE c STABLE PARALLEL RESTRICTED
    AS 'MODULE_PATHNAME', 'analytics_freshness';

COMMENT ON FUNCTION @extschema@._analytics_freshness(text) IS
    'The latest event and the latest ingestion, of one tenant or of all; null without any. That an event was deleted does not take its ingestion back.';

CREATE FUNCTION @extschema@.analytics_summary(
    window_minutes integer DEFAULT NULL, reference timestamptz DEFAULT pg_catalog.now(), tenant_id text DEFAULT NULL) RETURNS jsonb
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
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'window_minutes must be between 5 and 10080';
    END IF;
    IF window_end < timestamptz '0001-01-01 00:00:00+00' + make_interval(mins => minutes) OR window_end >= '10000-01-01 00:00:00+00' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value', MESSAGE = 'reference must lie in the years 0001 to 9999, and so must the start of its window';
    END IF;
    window_start := window_end - make_interval(mins => minutes);
    after_window := window_end + interval '1 microsecond';
    starts := ARRAY(SELECT @extschema@._analytics_buckets(window_start, after_window, make_interval(mins => interval_minutes), 'UTC'));

    WITH counted AS MATERIALIZED (
        SELECT c.bucket, c.event_type, c.count FROM @extschema@._analytics_window_counts(window_start || starts[2:] || after_window, tenant_id) AS c
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
        'eventsPerInterval', (SELECT jsonb_agg(jsonb_build_object('bucketStart', @extschema@._analytics_iso8601(s.start), 'count', coalesce(b.count, 0)) ORDER BY s.bucket)
                              FROM unnest(starts) WITH ORDINALITY AS s (start, bucket) LEFT JOIN by_bucket AS b ON b.bucket = s.bucket),
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
    'What happened in [reference - window_minutes, reference], closed at both ends: {windowStart, windowEnd, windowMinutes, intervalMinutes, totalEvents, '
    'eventsPerType, eventsPerInterval, freshness}. Buckets are multiples of max(window_minutes div 6, 5) minutes since the Unix epoch. window_minutes: 5 to 10080, '
    'else SQLSTATE 22023; null: analytics.metrics_window_minutes. The window lies in the years 0001 to 9999, else 22023. freshness speaks of the present, not of the window: the latest event and ingestion (of the tenant), '
    'the records in Kafka not read yet (null while no ingestor has reported) and the dead letters not replayed yet (objects of unknown shape are none).';
