/* Queries: what analysts and dashboards ask. They run with the caller's rights. */

CREATE FUNCTION analytics_iso8601(instant timestamptz) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_iso8601';

COMMENT ON FUNCTION analytics_iso8601(timestamptz) IS
    'YYYY-MM-DDThh:mm:ss[.ffffff]Z, whatever TimeZone and DateStyle say; the fraction only when it is not zero. Years 0001 to 9999, else SQLSTATE 22008.';

CREATE FUNCTION analytics_event_json(event analytics_events) RETURNS json
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT pg_catalog.json_build_object(
        'id', ($1).id, 'eventType', ($1).event_type, 'source', ($1).source,
        'occurredAt', analytics_iso8601(($1).occurred_at), 'ingestedAt', analytics_iso8601(($1).ingested_at),
        'tenantId', ($1).tenant_id, 'payload', ($1).payload);
END;

COMMENT ON FUNCTION analytics_event_json(analytics_events) IS
    'An event as it appears over HTTP: {id, eventType, source, occurredAt, ingestedAt, tenantId, payload}.';

CREATE FUNCTION analytics_recent(
    "limit" integer DEFAULT 50, before_occurred_at timestamptz DEFAULT NULL, before_id uuid DEFAULT NULL,
    tenant_id text DEFAULT NULL, event_type text DEFAULT NULL)
    RETURNS SETOF analytics_events
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
    AS $$
BEGIN
    IF "limit" IS NULL OR "limit" < 1 THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = '"limit" must be at least 1';
    END IF;
    IF (before_occurred_at IS NULL) <> (before_id IS NULL) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value', MESSAGE = 'before_occurred_at and before_id must be given together';
    END IF;
    RETURN QUERY
        SELECT e.* FROM analytics_events AS e
        WHERE (e.occurred_at, e.id) < (coalesce($2, 'infinity'), coalesce($3, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
          AND e.occurred_at <= coalesce($2, 'infinity')
          AND ($4 IS NULL OR e.tenant_id = $4)
          AND ($5 IS NULL OR e.event_type = $5)
        ORDER BY e.occurred_at DESC, e.id DESC
        LIMIT $1;
END
$$;

COMMENT ON FUNCTION analytics_recent(integer, timestamptz, uuid, text, text) IS
    'Events, newest first by (occurred_at, id). The next page: the last row''s occurred_at and id as before_occurred_at and before_id; '
    'events that arrive meanwhile neither repeat nor hide any.';

CREATE FUNCTION analytics_counts(
    window_start timestamptz, window_end timestamptz, tenant_id text DEFAULT NULL,
    OUT event_type text, OUT count bigint)
    RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT e.event_type, pg_catalog.count(*)
    FROM analytics_events AS e
    WHERE e.occurred_at >= $1 AND e.occurred_at < $2 AND ($3 IS NULL OR e.tenant_id = $3)
    GROUP BY e.event_type
    ORDER BY e.event_type;
END;

COMMENT ON FUNCTION analytics_counts(timestamptz, timestamptz, text) IS
    'Events by type in the half-open window [window_start, window_end), of one tenant or of all.';

CREATE FUNCTION analytics_buckets(window_start timestamptz, window_end timestamptz, bucket interval) RETURNS SETOF timestamptz
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 100
    AS 'MODULE_PATHNAME', 'analytics_buckets';

COMMENT ON FUNCTION analytics_buckets(timestamptz, timestamptz, interval) IS
    'Starts of the buckets that meet the half-open window [window_start, window_end), in order. A bucket is a whole number of minutes, counted from '
    'the Unix epoch, or a whole number of months, counted from January 1970, both in UTC; anything else is SQLSTATE 22023, and so are more than 100000 buckets.';

CREATE FUNCTION analytics_bucket_start(instant timestamptz, bucket interval) RETURNS timestamptz
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_bucket_start';

COMMENT ON FUNCTION analytics_bucket_start(timestamptz, interval) IS
    'Start of the bucket that holds the instant; buckets as in analytics_buckets.';

CREATE FUNCTION analytics_histogram(
    window_start timestamptz, window_end timestamptz, bucket interval, tenant_id text DEFAULT NULL, event_type text DEFAULT NULL,
    OUT bucket_start timestamptz, OUT event_type text, OUT count bigint)
    RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH counted AS (
        SELECT analytics_bucket_start(e.occurred_at, $3) AS bucket_start, e.event_type, pg_catalog.count(*) AS count
        FROM analytics_events AS e
        WHERE e.occurred_at >= $1 AND e.occurred_at < $2 AND ($4 IS NULL OR e.tenant_id = $4) AND ($5 IS NULL OR e.event_type = $5)
        GROUP BY 1, 2
    ), types AS (
        SELECT DISTINCT c.event_type FROM counted AS c
        UNION
        SELECT $5 WHERE $5 IS NOT NULL OR NOT EXISTS (SELECT FROM counted)
    )
    SELECT b.bucket_start, t.event_type, coalesce(c.count, 0)
    FROM analytics_buckets($1, $2, $3) AS b (bucket_start)
    CROSS JOIN types AS t
    LEFT JOIN counted AS c ON c.bucket_start = b.bucket_start AND c.event_type = t.event_type
    ORDER BY b.bucket_start, t.event_type;
END;

COMMENT ON FUNCTION analytics_histogram(timestamptz, timestamptz, interval, text, text) IS
    'Events by bucket and type in the half-open window [window_start, window_end), of one tenant or of all, of one type or of all. Every bucket that meets the '
    'window appears with every type that the window holds, 0 where there is none; a window without events gives its buckets with event_type null and count 0. '
    'Buckets as in analytics_buckets; the first and the last count only the window''s events.';

CREATE FUNCTION analytics_summary(
    window_minutes integer DEFAULT NULL, reference timestamptz DEFAULT pg_catalog.now(), tenant_id text DEFAULT NULL) RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
    AS $$
DECLARE
    minutes integer := coalesce(window_minutes, analytics_metrics_window_minutes());
    window_end timestamptz := coalesce(reference, now());
    window_start timestamptz := window_end - make_interval(mins => minutes);
    interval_minutes integer := greatest(minutes / 6, 5);
    after_window timestamptz := window_end + interval '1 microsecond';
    answer jsonb;
BEGIN
    IF minutes NOT BETWEEN 5 AND 10080 THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'window_minutes must be between 5 and 10080';
    END IF;

    WITH histogram AS (
        SELECT h.bucket_start, h.event_type, h.count
        FROM analytics_histogram(window_start, after_window, make_interval(mins => interval_minutes), tenant_id) AS h
    ), by_type AS (
        SELECT h.event_type, sum(h.count) AS count FROM histogram AS h WHERE h.event_type IS NOT NULL GROUP BY h.event_type
    ), by_bucket AS (
        SELECT h.bucket_start, sum(h.count) AS count FROM histogram AS h GROUP BY h.bucket_start
    ), freshness AS (
        SELECT max(e.occurred_at) AS last_event_at, max(e.ingested_at) AS last_ingested_at
        FROM analytics_events AS e WHERE $3 IS NULL OR e.tenant_id = $3
    )
    SELECT jsonb_build_object(
        'windowStart', analytics_iso8601(window_start),
        'windowEnd', analytics_iso8601(window_end),
        'windowMinutes', minutes,
        'intervalMinutes', interval_minutes,
        'totalEvents', (SELECT coalesce(sum(t.count), 0) FROM by_type AS t),
        'eventsPerType', (SELECT coalesce(jsonb_object_agg(t.event_type, t.count), '{}') FROM by_type AS t),
        'eventsPerInterval', (SELECT jsonb_agg(jsonb_build_object('bucketStart', analytics_iso8601(b.bucket_start), 'count', b.count)
                                               ORDER BY b.bucket_start) FROM by_bucket AS b),
        'freshness', jsonb_build_object(
            'lastEventAt', analytics_iso8601(f.last_event_at),
            'lastIngestedAt', analytics_iso8601(f.last_ingested_at),
            'lagRecords', analytics_lag_records(),
            'deadLetters', analytics_open_dead_letters()))
    INTO answer
    FROM freshness AS f;
    RETURN answer;
END
$$;

COMMENT ON FUNCTION analytics_summary(integer, timestamptz, text) IS
    'What happened in [reference - window_minutes, reference], closed at both ends: {windowStart, windowEnd, windowMinutes, intervalMinutes, totalEvents, '
    'eventsPerType, eventsPerInterval, freshness}. Buckets are multiples of max(window_minutes div 6, 5) minutes since the Unix epoch. window_minutes: 5 to 10080, '
    'else SQLSTATE 22023; null: analytics.metrics_window_minutes. freshness speaks of the present, not of the window: the latest event and ingestion (of the tenant), '
    'the records in Kafka not read yet (null while no ingestor has reported) and the dead letters not replayed yet (objects of unknown shape are none).';
