-- analytics_read_feed in plain SQL: what a feed is, and what the function in C++ must answer to the last byte. The test
-- compares the two. See doc/design/feeds.md.

CREATE SCHEMA plain;

CREATE FUNCTION plain.event_json(event public.analytics_event) RETURNS json LANGUAGE sql STABLE AS $$
    SELECT json_build_object(
        'id', ($1).id, 'eventType', ($1).event_type, 'source', ($1).source,
        'occurredAt', public._analytics_instant_text(($1).occurred_at),
        'ingestedAt', public._analytics_instant_text(($1).ingested_at),
        'tenantId', ($1).tenant_id, 'payload', ($1).payload)
$$;

CREATE FUNCTION plain.past(
    name text, after text, max_rows integer,
    OUT "position" text, OUT operation text, OUT occurred_at timestamptz, OUT id uuid, OUT event_type text,
    OUT tenant_id text, OUT value json)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE
    SET jit = off
    SET enable_sort = off -- the key's index has the order, whatever old statistics promise
    SET plan_cache_mode = force_custom_plan
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    start record;
    found record;
    read integer := 0;
    last_position text := after;
BEGIN
    SELECT s.* INTO start FROM public._analytics_feed_start($1, $2) AS s;
    FOR found IN
        WITH read AS MATERIALIZED (
            SELECT e.id, e.event_type, e.source, e.occurred_at, e.ingested_at, e.tenant_id, e.payload
            FROM public.analytics_events AS e
            WHERE start.from_id IS NULL
                OR e.occurred_at >= start.from_time AND (e.occurred_at, e.id) > (start.from_time, start.from_id)
            ORDER BY e.occurred_at, e.id LIMIT max_rows
        ), rows AS (
            SELECT o.ids, o.times, o.first_time, o.last_time FROM public.analytics_outbox AS o
            WHERE o.tick > start.from_tick AND o.source IS NULL
            UNION ALL
            SELECT o.ids, o.times, o.first_time, o.last_time FROM public.analytics_outbox AS o
            WHERE o.tick IS NULL AND o.source IS NULL
        ), changed AS (
            SELECT DISTINCT c.occurred_at, c.id
            FROM (SELECT min(r.occurred_at) AS low, max(r.occurred_at) AS high FROM read AS r) AS of_page
            JOIN rows AS o ON o.first_time <= of_page.high AND o.last_time >= of_page.low
            CROSS JOIN LATERAL unnest(o.times, o.ids) AS c (occurred_at, id)
            WHERE c.occurred_at >= of_page.low AND c.occurred_at <= of_page.high
        )
        SELECT r.*, c.id IS NULL AND (start.event_types IS NULL OR r.event_type = ANY (start.event_types))
                   AND (start.feed_tenant IS NULL OR r.tenant_id IS NOT DISTINCT FROM start.feed_tenant) AS is_wanted
        FROM read AS r LEFT JOIN changed AS c ON c.occurred_at = r.occurred_at AND c.id = r.id
        ORDER BY r.occurred_at, r.id
    LOOP
        read := read + 1;
        "position" := concat_ws(
            '.', start.from_tick, public._analytics_position(found.occurred_at), found.id);
        CONTINUE WHEN NOT found.is_wanted;
        operation := 'put';
        occurred_at := found.occurred_at;
        id := found.id;
        event_type := found.event_type;
        tenant_id := found.tenant_id;
        value := plain.event_json(
            ROW(found.id, found.event_type, found.source, found.occurred_at, found.ingested_at, found.tenant_id,
                found.payload)::public.analytics_event);
        last_position := "position";
        RETURN NEXT;
    END LOOP;
    IF read < max_rows THEN
        "position" := start.from_tick;
    END IF;
    IF "position" IS DISTINCT FROM last_position THEN
        RETURN QUERY SELECT "position", NULL::text, NULL::timestamptz, NULL::uuid, NULL::text, NULL::text, NULL::json;
    END IF;
END
$$;

CREATE FUNCTION plain.changes(
    name text, after text, max_rows integer,
    OUT "position" text, OUT operation text, OUT occurred_at timestamptz, OUT id uuid, OUT event_type text,
    OUT tenant_id text, OUT value json)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE
    SET jit = off
    SET plan_cache_mode = force_custom_plan
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    most_rows CONSTANT integer := 10000; -- of which the feed may want none
    start record;
    page record;
    change record;
    last_position text := after;
    end_position text;
BEGIN
    SELECT s.* INTO start FROM public._analytics_feed_start($1, $2) AS s;
    WITH read AS MATERIALIZED (
        SELECT o.* FROM public.analytics_outbox AS o
        WHERE (o.tick, o.number) >= (start.from_tick, start.from_number) AND o.tick <= start.last_tick
        ORDER BY o.tick, o.number LIMIT most_rows
    ), wanted AS MATERIALIZED (
        SELECT r.*, sum(r.changes) OVER (ORDER BY r.tick, r.number) - r.changes AS changes_before
        FROM read AS r
        WHERE r.source IS NULL
            AND (r.event_types = '{}'
                 OR (start.feed_tenant IS NULL OR r.tenant_id = start.feed_tenant)
                    AND (start.event_types IS NULL OR r.event_types && start.event_types))
    ), rows AS MATERIALIZED (
        SELECT w.* FROM wanted AS w WHERE w.changes_before < max_rows + start.from_index
    ), changes AS (
        SELECT r.tick, r.number, c.index, c.operation::text AS operation,
               coalesce(c.occurred_at, r.first_time) AS occurred_at, r.last_time, c.id,
               r.event_types[c.type_number] AS event_type, r.tenant_id::text AS tenant_id
        FROM rows AS r
        CROSS JOIN LATERAL unnest(r.operations, r.times, r.ids, r.type_numbers)
            WITH ORDINALITY AS c (operation, occurred_at, id, type_number, index)
        WHERE (r.tick, r.number, c.index) > (start.from_tick, start.from_number, start.from_index)
            AND (start.event_types IS NULL OR c.operation = 'x'
                 OR r.event_types[c.type_number] = ANY (start.event_types))
        ORDER BY r.tick, r.number, c.index LIMIT max_rows
    )
    SELECT array_agg(concat_ws('.', c.tick, c.number, c.index) ORDER BY c.tick, c.number, c.index) AS positions,
           array_agg(c.operation ORDER BY c.tick, c.number, c.index) AS operations,
           array_agg(c.occurred_at ORDER BY c.tick, c.number, c.index) AS times,
           array_agg(c.last_time ORDER BY c.tick, c.number, c.index) AS ends,
           array_agg(c.id ORDER BY c.tick, c.number, c.index) AS ids,
           array_agg(c.event_type ORDER BY c.tick, c.number, c.index) AS types,
           array_agg(c.tenant_id ORDER BY c.tick, c.number, c.index) AS tenants,
           min(c.occurred_at) AS low, max(c.occurred_at) AS high, count(*) AS count,
           -- null where all is read
           CASE WHEN (SELECT count(*) FROM rows) < (SELECT count(*) FROM wanted) THEN
                (SELECT concat_ws('.', r.tick, r.number, r.changes) FROM rows AS r
                 ORDER BY r.tick DESC, r.number DESC LIMIT 1)
                WHEN (SELECT count(*) FROM read) = most_rows THEN
                (SELECT concat_ws('.', r.tick, r.number, r.changes) FROM read AS r
                 ORDER BY r.tick DESC, r.number DESC LIMIT 1) END AS row_position
    INTO page FROM changes AS c;
    end_position := CASE WHEN page.count = max_rows THEN page.positions[max_rows]
                         ELSE coalesce(page.row_position, start.last_tick::text) END;

    FOR change IN
        SELECT k."position", k.operation, k.occurred_at, k.end_time, k.id, k.event_type, k.tenant_id,
               e.id IS NOT NULL AS is_there,
               CASE WHEN e.id IS NOT NULL THEN plain.event_json(
                   ROW(e.id, e.event_type, e.source, e.occurred_at, e.ingested_at, e.tenant_id,
                       e.payload)::public.analytics_event) END AS value,
               e.event_type AS type_now, e.tenant_id AS tenant_now
        FROM unnest(page.positions, page.operations, page.times, page.ends, page.ids, page.types, page.tenants)
            WITH ORDINALITY AS k ("position", operation, occurred_at, end_time, id, event_type, tenant_id, place)
        LEFT JOIN LATERAL (
            SELECT w.* FROM public.analytics_events AS w
            WHERE w.occurred_at = k.occurred_at AND w.id = k.id
                AND w.occurred_at >= page.low AND w.occurred_at <= page.high
                AND (start.event_types IS NULL OR w.event_type = ANY (start.event_types))
                AND (start.feed_tenant IS NULL OR w.tenant_id = start.feed_tenant)
            OFFSET 0) AS e ON true -- by its key, and not by reading all of the page's times
        ORDER BY k.place
    LOOP
        operation := CASE WHEN change.operation = 'x' THEN 'drop'
                          WHEN change.is_there AND change.operation <> 'l' THEN 'put'
                          WHEN NOT change.is_there AND change.operation <> 'p' THEN 'delete' END;
        CONTINUE WHEN operation IS NULL; -- a later change says what became of it
        "position" := change."position";
        occurred_at := CASE WHEN operation <> 'drop' THEN change.occurred_at END;
        id := change.id;
        event_type := CASE operation WHEN 'put' THEN change.type_now ELSE change.event_type END;
        tenant_id := CASE operation WHEN 'put' THEN change.tenant_now ELSE change.tenant_id END;
        value := CASE operation
            WHEN 'put' THEN change.value
            WHEN 'drop' THEN json_build_object(
                'rangeStart', public._analytics_instant_text(change.occurred_at),
                'rangeEnd', public._analytics_instant_text(change.end_time)) END;
        last_position := "position";
        RETURN NEXT;
    END LOOP;
    IF end_position IS DISTINCT FROM last_position THEN
        RETURN QUERY SELECT end_position, NULL::text, NULL::timestamptz, NULL::uuid, NULL::text, NULL::text, NULL::json;
    END IF;
END
$$;

CREATE FUNCTION plain.read_feed(
    name text, after text DEFAULT NULL, max_rows integer DEFAULT 1000,
    OUT "position" text, OUT operation text, OUT occurred_at timestamptz, OUT id uuid, OUT event_type text,
    OUT tenant_id text, OUT value json)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    start record;
BEGIN
    IF max_rows IS NULL OR max_rows NOT BETWEEN 1 AND 10000 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value', MESSAGE = 'max_rows must be between 1 and 10000';
    END IF;
    SELECT s.is_past, s.is_paused INTO start FROM public._analytics_feed_start($1, $2) AS s;
    IF start.is_paused THEN
        RETURN;
    ELSIF start.is_past THEN
        RETURN QUERY SELECT p.* FROM plain.past($1, $2, $3) AS p;
    ELSE
        RETURN QUERY SELECT c.* FROM plain.changes($1, $2, $3) AS c;
    END IF;
END
$$;

-- A reader whom policies restrict to a tenant.
CREATE ROLE restricted;
GRANT USAGE ON SCHEMA plain TO restricted;
GRANT SELECT ON analytics_events, analytics_feeds, analytics_ticks, analytics_outbox TO restricted;
ALTER TABLE analytics_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics_outbox ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_a_tenant ON analytics_events FOR SELECT TO restricted USING (tenant_id = 't');
CREATE POLICY of_a_tenant ON analytics_outbox FOR SELECT TO restricted USING (tenant_id = 't' OR event_types = '{}');
