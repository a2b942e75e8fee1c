/* What the HTTP service alone calls: one function per route. It returns the JSON that the client receives. */

CREATE FUNCTION @extschema@._analytics_require_row_security() RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF NOT row_security_active('@extschema@.analytics_events'::regclass) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_authorization_specification',
            MESSAGE = 'row-level security does not restrict the tenants'' role on analytics_events',
            HINT = 'Run doc/roles.sql.';
    END IF;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_require_row_security() IS
    'Raises SQLSTATE 28000 unless row-level security restricts the current role on analytics_events. '
    'The HTTP service calls it before each statement that it runs for one tenant.';

CREATE FUNCTION @extschema@._analytics_http_recent(
    max_rows integer, before_position bigint, before_id uuid, tenant_id text, event_type text)
    RETURNS @extschema@._analytics_page
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    rows refcursor;
    -- If the API key belongs to a tenant, only that tenant's events are searched, whichever tenant was asked for. The
    -- policies would hide all others anyway; this only avoids reading them.
    read_tenant text := coalesce(nullif(current_setting('analytics_http.tenant', true), ''), $4);
BEGIN
    OPEN rows NO SCROLL FOR
        SELECT @extschema@._analytics_event_json(e)::text, @extschema@._analytics_position(e.occurred_at), e.id::text
        FROM @extschema@.analytics_recent($1 + 1, @extschema@._analytics_time_at($2), $3, read_tenant, $5) AS e
        WHERE $4 IS NULL OR e.tenant_id = $4;
    RETURN @extschema@._analytics_page(rows, $1, NULL::integer);
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_http_recent(integer, bigint, uuid, text, text) IS
    'GET /v1/analytics/events/recent: a page of analytics_recent.';

CREATE FUNCTION @extschema@._analytics_http_event(occurred_at timestamptz, id uuid) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    RETURN (SELECT @extschema@._analytics_event_json(e)::text FROM @extschema@.analytics_event($1, $2) AS e);
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_http_event(timestamptz, uuid) IS
    'GET /v1/analytics/events/{occurredAt}/{id}: the event, or null.';

CREATE FUNCTION @extschema@._analytics_http_summary(
    window_minutes integer, reference timestamptz, tenant_id text, OUT body text, OUT tag_source text)
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    summary jsonb := @extschema@.analytics_summary(window_minutes, coalesce(reference, now()), tenant_id);
BEGIN
    body := summary::text;
    tag_source := (summary - 'windowStart' - 'windowEnd')::text;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_http_summary(integer, timestamptz, text) IS
    'GET /v1/analytics/metrics/summary: analytics_summary; if reference is null, the window ends now. '
    'tag_source: what the entity tag is computed from, the summary without the window''s start and end.';

CREATE FUNCTION @extschema@._analytics_http_histogram(
    window_start timestamptz, window_end timestamptz, bucket text, tenant_id text, event_type text, timezone text,
    OUT body text, OUT tag_source text)
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    until timestamptz := coalesce(window_end, now());
    since timestamptz := coalesce(window_start, greatest(until - interval '1 day', '0001-01-01 00:00:00+00'));
    buckets text;
    total numeric;
BEGIN
    IF @extschema@.analytics_bucket_start(since, $3::interval, $6) < '0001-01-01 00:00:00+00 BC' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'bucket is too long: the first one begins before the year 0000',
            HINT = 'Use a smaller bucket, or a window that starts later.';
    END IF;
    SELECT string_agg(concat('{"bucketStart":"', @extschema@._analytics_instant_text(b.bucket_start),
                             '","count":', b.count, ',"eventsPerType":', b.types, '}'), ',' ORDER BY b.bucket_start),
           coalesce(sum(b.count), 0)
    INTO buckets, total
    FROM (SELECT h.bucket_start, sum(h.count) AS count,
                 coalesce(json_object_agg(h.event_type, h.count ORDER BY h.event_type) FILTER (WHERE h.count > 0),
                          '{}') AS types
          FROM @extschema@.analytics_histogram(since, until, $3::interval, $4, $5, $6) AS h
          GROUP BY h.bucket_start) AS b;
    body := concat('{"windowStart":"', @extschema@._analytics_iso8601(since),
                   '","windowEnd":"', @extschema@._analytics_iso8601(until),
                   '","bucket":', to_json($3), ',"timezone":', to_json($6),
                   ',"totalEvents":', total, ',"buckets":[', buckets, ']}');
    tag_source := coalesce(buckets, '');
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_http_histogram(timestamptz, timestamptz, text, text, text, text) IS
    'GET /v1/analytics/metrics/histogram: analytics_histogram with one object per bucket. '
    'eventsPerType has only the types that occur in the bucket. '
    'The default window is the last day. '
    'A bucket that begins before the year 0000, where the times of RFC 3339 begin, is SQLSTATE 22023. '
    'tag_source: what the entity tag is computed from, the buckets alone.';

CREATE FUNCTION @extschema@._analytics_http_projections() RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    RETURN (SELECT concat('{"items":[',
                          string_agg(@extschema@._analytics_projection_json(p.name)::text, ',' ORDER BY p.name),
                          '],"count":', count(*), '}')
            FROM @extschema@.analytics_projections AS p);
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_http_projections() IS
    'GET /v1/analytics/projections: all projections, in the order of their names.';

CREATE FUNCTION @extschema@._analytics_http_projection(
    name text, max_rows integer, before_position bigint, before_key uuid, window_start timestamptz,
    window_end timestamptz, tenant_id text, OUT state text, OUT page @extschema@._analytics_page)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    rows refcursor;
BEGIN
    SELECT p.state INTO state FROM @extschema@.analytics_projections AS p WHERE p.name = $1;
    IF state = 'ready' THEN
        OPEN rows NO SCROLL FOR
            SELECT r.item::text, @extschema@._analytics_position(r.bucket_start), r.key::text
            FROM @extschema@._analytics_projection_page(
                $1, $2 + 1, @extschema@._analytics_time_at($3), $4, $5, $6, $7) AS r;
        page := @extschema@._analytics_page(rows, $2, NULL::integer);
    END IF;
END
$$;

COMMENT ON FUNCTION
    @extschema@._analytics_http_projection(text, integer, bigint, uuid, timestamptz, timestamptz, text) IS
    'GET /v1/analytics/projections/{name}: the projection''s state, and a page of its rows if it is ready. '
    'state null: there is no such projection.';

CREATE FUNCTION @extschema@._analytics_http_dead_letters(
    max_rows integer, before_id bigint, reason text, topic text, replayed boolean)
    RETURNS @extschema@._analytics_page
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    rows refcursor;
BEGIN
    OPEN rows NO SCROLL FOR
        SELECT @extschema@._analytics_dead_letter_json(d)::text, NULL::bigint, d.id::text
        FROM @extschema@.analytics_recent_dead_letters($1 + 1, $2, $3, $4, $5) AS d;
    RETURN @extschema@._analytics_page(rows, $1, NULL::integer);
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_http_dead_letters(integer, bigint, text, text, boolean) IS
    'GET /v1/analytics/dead-letters: a page of analytics_recent_dead_letters. '
    'last_position is null, because the list is ordered by the key alone, the id.';

CREATE FUNCTION @extschema@._analytics_http_dead_letter(id bigint) RETURNS text
    LANGUAGE sql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
SELECT (@extschema@.analytics_dead_letter(d.id)
        || jsonb_build_object('explanation', @extschema@.analytics_explain(d.value)))::text
FROM @extschema@.analytics_dead_letters AS d WHERE d.id = $1
$$;

COMMENT ON FUNCTION @extschema@._analytics_http_dead_letter(bigint) IS
    'GET /v1/analytics/dead-letters/{id}: analytics_dead_letter, and in explanation what analytics_explain says of its '
    'record today. Null if there is none with this id.';

CREATE FUNCTION @extschema@._analytics_http_dead_letter_summary() RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    RETURN (SELECT json_build_object(
                'open', coalesce(sum(s.open), 0),
                'items', coalesce(json_agg(json_build_object(
                    'reason', s.reason, 'topic', s.topic, 'open', s.open,
                    'firstSeen', @extschema@._analytics_iso8601(s.first_seen),
                    'lastSeen', @extschema@._analytics_iso8601(s.last_seen), 'sampleId', s.sample_id,
                    'unpublishable', s.unpublishable)), '[]'))::text
            FROM @extschema@.analytics_dead_letter_summary AS s);
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_http_dead_letter_summary() IS
    'GET /v1/analytics/dead-letters/summary: the view analytics_dead_letter_summary.';

CREATE FUNCTION @extschema@._analytics_http_replay(max_rows integer, after_id bigint, reason text, topic text)
    RETURNS text
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    RETURN (SELECT json_build_object('replayed', r.replayed, 'stored', r.stored, 'duplicates', r.duplicates,
                                     'stillRefused', r.still_refused, 'lastId', r.last_id)::text
            FROM @extschema@.analytics_replay_dead_letters(
                $1, $2, $3, $4, NULL::bigint[], NULL::timestamptz, NULL::timestamptz) AS r);
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_http_replay(integer, bigint, text, text) IS
    'POST /v1/analytics/dead-letters/replay: one chunk of analytics_replay_dead_letters.';

CREATE FUNCTION @extschema@._analytics_http_outcomes(
    records bytea[], OUT item integer, OUT outcome text, OUT reason text, OUT detail text, OUT event text,
    OUT occurred_at timestamptz, OUT id uuid)
    RETURNS SETOF record
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    RETURN QUERY
        SELECT r.item, r.outcome, r.reason, r.detail,
               CASE WHEN r.id IS NOT NULL THEN @extschema@._analytics_event_json(ROW(
                   r.id, r.event_type, r.source, r.occurred_at, r.ingested_at, r.tenant_id,
                   r.payload)::@extschema@.analytics_event)::text END,
               r.occurred_at, r.id
        FROM @extschema@.analytics_record_each($1) AS r;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_http_outcomes(bytea[]) IS
    'Calls analytics_record_each, and returns each event as JSON. '
    'event is null if the record was refused or dropped, or is a duplicate because a trigger changed its key.';

CREATE FUNCTION @extschema@._analytics_http_record(
    record bytea, OUT outcome text, OUT reason text, OUT detail text, OUT code text, OUT event text,
    OUT occurred_at text, OUT id uuid)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    SELECT o.outcome, o.reason, o.detail, @extschema@._analytics_sqlstate(o.reason), o.event,
           @extschema@._analytics_iso8601(o.occurred_at), o.id
    INTO outcome, reason, detail, code, event, occurred_at, id
    FROM @extschema@._analytics_http_outcomes(ARRAY[$1]) AS o;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_http_record(bytea) IS
    'POST /v1/analytics/events with one event: its outcome. code: the SQLSTATE that stands for reason.';

-- Each element of the array is passed on as the sender's own bytes. So the normalizer sees digits and duplicate members
-- as they were written, and an element that jsonb cannot hold, or that is too deep, is refused without the others.
CREATE FUNCTION @extschema@._analytics_http_record_batch(
    array_bytes bytea, records bytea[], max_items integer, OUT items integer, OUT body text)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    batch bytea[] := coalesce(records, @extschema@._analytics_array_items(array_bytes, max_items));
BEGIN
    items := cardinality(batch);
    IF items <= max_items THEN
        SELECT concat('[', string_agg(concat(
                   '{"item":', o.item, ',"outcome":', to_json(o.outcome),
                   CASE o.outcome
                       WHEN 'refused' THEN concat(',"reason":', to_json(o.reason),
                                                  ',"detail":', coalesce(to_json(o.detail)::text, 'null'))
                       WHEN 'dropped' THEN ''
                       ELSE concat(',"event":', coalesce(o.event, 'null')) END,
                   '}'), ',' ORDER BY o.item), ']')
        INTO body
        FROM @extschema@._analytics_http_outcomes(batch) AS o;
    END IF;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_http_record_batch(bytea, bytea[], integer) IS
    'POST /v1/analytics/events with many events, as a JSON array or as records. '
    'items: how many there are. body: a JSON array with one result per item. '
    'If there are more than max_items, none is stored, and body is null.';
