/* Feeds of views: of the rows of a projection, and of counts. The outbox has the keys of the rows that have changed,
 * and a reader answers each row as it is when it is read: put where it is there, else delete. A page has each row once.
 * See doc/design/feeds.md, and view_pages.sql for what a view is. */

CREATE FUNCTION @extschema@._analytics_note_rows(
    projection integer, window_start timestamptz, window_end timestamptz, doubtful_alone boolean)
    RETURNS void
    LANGUAGE c VOLATILE STRICT
    AS 'MODULE_PATHNAME', 'analytics_note_rows';

COMMENT ON FUNCTION @extschema@._analytics_note_rows(integer, timestamptz, timestamptz, boolean) IS
    'Notes in the outbox that all rows have changed which the projection has in the buckets that begin in '
    '[window_start, window_end), if a feed wants them. Who writes bags by hand calls it, and who deletes bags, before. '
    'doubtful_alone: only rows with a minimum or maximum that the bags do not know, because its events are dropped. '
    'Needs INSERT on analytics_outbox.';

CREATE FUNCTION @extschema@._analytics_projection_key(projection integer, key bytea) RETURNS SETOF record
    LANGUAGE c STABLE STRICT ROWS 1
    AS 'MODULE_PATHNAME', 'analytics_projection_key';

COMMENT ON FUNCTION @extschema@._analytics_projection_key(integer, bytea) IS
    'The dimensions of a row of the projection, and whether it is "other", by its key in the outbox.';

CREATE FUNCTION @extschema@._analytics_note_counts(window_start timestamptz, window_end timestamptz) RETURNS void
    LANGUAGE sql VOLATILE STRICT
    SET search_path = pg_catalog, pg_temp
    AS $$
    INSERT INTO @extschema@.analytics_outbox
        (tenant_id, first_time, last_time, changes, event_types, ids, times, operations, type_numbers, source)
    SELECT c.tenant_id, min(c.minute), max(c.minute), count(*), ARRAY[c.event_type], '{}', array_agg(c.minute),
           array_agg('d'::"char"), array_agg(1::smallint), 'counts'
    FROM (SELECT DISTINCT r.hour, r.tenant_id, c.event_type, c.minute
          FROM @extschema@.analytics_rollup_tenants AS r
          CROSS JOIN LATERAL @extschema@.analytics_bag_cells(r.hour, r.cells) AS c
          WHERE r.hour >= $1 AND r.hour < $2
              AND EXISTS (SELECT FROM @extschema@.analytics_feeds AS f WHERE f.source = 'counts')) AS c
    GROUP BY c.hour, c.tenant_id, c.event_type
$$;

COMMENT ON FUNCTION @extschema@._analytics_note_counts(timestamptz, timestamptz) IS
    'Notes in the outbox that all minutes have changed which are counted in the hours that begin in [window_start, '
    'window_end), if a feed wants counts. Who writes bags by hand calls it, and who deletes bags, before.';

CREATE FUNCTION @extschema@._analytics_feed_view(source text, tenant_id text) RETURNS json
    LANGUAGE sql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT CASE source WHEN 'counts' THEN @extschema@._analytics_view_of_counts(tenant_id)
           ELSE @extschema@._analytics_view_of_projection(source) END
$$;

COMMENT ON FUNCTION @extschema@._analytics_feed_view(text, text) IS 'The view whose rows a feed with this source has.';

CREATE FUNCTION @extschema@._analytics_view_feed_query(view json) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT concat(
        'WITH changes AS MATERIALIZED ('
        'SELECT c."position", c.place, s.start, t.time, c.tenant_id, c.event_type, c.operation, k.key '
        'FROM unnest($1, $2, $3, $4, $5, $6) WITH ORDINALITY '
        'AS c ("position", start, tenant_id, event_type, operation, key, place) '
        'CROSS JOIN LATERAL (SELECT c.start) AS s (start) '
        'CROSS JOIN LATERAL (SELECT ', view ->> 'time', ') AS t (time) '
        'CROSS JOIN LATERAL (SELECT @extschema@._analytics_instant_text(t.time)) AS n (first) '
        'CROSS JOIN LATERAL (SELECT row_to_json(i)::text FROM (', view ->> 'noted', ') AS i) AS k (key)), '
        'last AS MATERIALIZED (SELECT DISTINCT ON (c.key) c.*, '
        'bool_or(c.operation = ''d'') OVER (PARTITION BY c.key) AS was_deleted '
        'FROM changes AS c ORDER BY c.key, c.place DESC), '
        'rows AS MATERIALIZED (SELECT '
        '(SELECT row_to_json(i)::text FROM (SELECT ', view ->> 'key', ') AS i) AS key, '
        '(SELECT row_to_json(i) FROM (SELECT ', view ->> 'key', view ->> 'more', ') AS i) AS value '
        'FROM (', view ->> 'rows', ') AS v '
        'CROSS JOIN LATERAL (SELECT v.', view ->> 'start', ') AS s (start) '
        'CROSS JOIN LATERAL (SELECT ', view ->> 'time', ') AS t (time) '
        'CROSS JOIN LATERAL (SELECT @extschema@._analytics_instant_text(t.time)) AS n (first) '
        'WHERE v.bucket_start = ANY (ARRAY(SELECT DISTINCT ', view ->> 'bucket', ' FROM last AS s)) '
        'AND (v.tenant_id = ANY (ARRAY(SELECT DISTINCT l.tenant_id FROM last AS l)) OR v.tenant_id IS NULL '
        'AND EXISTS (SELECT FROM last AS l WHERE l.tenant_id IS NULL))) '
        'SELECT l."position", l.time, l.tenant_id, l.event_type, l.was_deleted, l.key::json AS key, r.value '
        'FROM last AS l LEFT JOIN rows AS r ON r.key = l.key ORDER BY l.place')
$$;

COMMENT ON FUNCTION @extschema@._analytics_view_feed_query(json) IS
    'The query that answers changed rows of a view as they are now, each at its last place, and whether one of its '
    'changes deleted: $1 the positions, $2 when the rows begin, $3 the tenants, $4 the types, $5 what was noted, '
    '$6 the keys.';

CREATE FUNCTION @extschema@._analytics_view_feed_past(
    name text, after text, max_rows integer,
    OUT "position" text, OUT operation text, OUT occurred_at timestamptz, OUT id uuid, OUT event_type text,
    OUT tenant_id text, OUT value json, OUT key json)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    start record;
    found record;
    read integer := 0;
BEGIN
    SELECT s.* INTO start FROM @extschema@._analytics_feed_start($1, $2) AS s;
    FOR found IN
        SELECT p.* FROM @extschema@._analytics_view_page(
            @extschema@._analytics_feed_view(start.source, start.feed_tenant), max_rows, start.from_time,
            start.from_id, NULL::timestamptz, NULL::timestamptz, start.event_types, start.feed_tenant) AS p
    LOOP
        read := read + 1;
        "position" := concat_ws('.', start.from_tick, @extschema@._analytics_position(found.time), found.place);
        operation := 'put';
        occurred_at := found.time;
        event_type := found.event_type;
        tenant_id := coalesce(found.item ->> 'tenant_id', found.item ->> 'tenantId');
        value := found.item;
        key := found.key;
        RETURN NEXT;
    END LOOP;
    IF read < max_rows THEN
        RETURN QUERY SELECT start.from_tick::text, NULL::text, NULL::timestamptz, NULL::uuid, NULL::text, NULL::text,
                            NULL::json, NULL::json;
    END IF;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_view_feed_past(text, text, integer) IS
    'Part of analytics_read_feed: a page of the rows that a view has, the latest first. '
    'What changes meanwhile comes after the past once more.';

CREATE FUNCTION @extschema@._analytics_view_feed_changes(
    name text, after text, max_rows integer,
    OUT "position" text, OUT operation text, OUT occurred_at timestamptz, OUT id uuid, OUT event_type text,
    OUT tenant_id text, OUT value json, OUT key json)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE
    SET jit = off
    SET plan_cache_mode = force_custom_plan
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    most_rows CONSTANT integer := 10000; -- of the outbox, of which the feed may want none
    start record;
    page record;
    change record;
    last_position text := after;
    end_position text;
BEGIN
    SELECT s.* INTO start FROM @extschema@._analytics_feed_start($1, $2) AS s;
    WITH read AS MATERIALIZED (
        SELECT o.* FROM @extschema@.analytics_outbox AS o
        WHERE (o.tick, o.number) >= (start.from_tick, start.from_number) AND o.tick <= start.last_tick
        ORDER BY o.tick, o.number LIMIT most_rows
    ), wanted AS MATERIALIZED (
        SELECT r.*, sum(r.changes) OVER (ORDER BY r.tick, r.number) - r.changes AS changes_before
        FROM read AS r
        WHERE r.source = start.source AND (start.feed_tenant IS NULL OR r.tenant_id = start.feed_tenant)
            AND (start.event_types IS NULL OR r.event_types && start.event_types)
    ), rows AS MATERIALIZED (
        SELECT w.* FROM wanted AS w WHERE w.changes_before < max_rows + start.from_index::bigint
    ), changes AS (
        SELECT r.tick, r.number, c.index, coalesce(c.time, r.first_time) AS start, r.tenant_id::text AS tenant_id,
               r.event_types[c.type_number] AS event_type, c.operation::text AS operation, c.key
        FROM rows AS r CROSS JOIN LATERAL unnest(r.operations, r.keys, r.times, r.type_numbers)
            WITH ORDINALITY AS c (operation, key, time, type_number, index)
        WHERE (r.tick, r.number, c.index) > (start.from_tick, start.from_number, start.from_index)
            AND (start.event_types IS NULL OR r.event_types[c.type_number] = ANY (start.event_types))
        ORDER BY r.tick, r.number, c.index LIMIT max_rows
    )
    SELECT array_agg(concat_ws('.', c.tick, c.number, c.index) ORDER BY c.tick, c.number, c.index) AS positions,
           array_agg(c.start ORDER BY c.tick, c.number, c.index) AS starts,
           array_agg(c.tenant_id ORDER BY c.tick, c.number, c.index) AS tenants,
           array_agg(c.event_type ORDER BY c.tick, c.number, c.index) AS event_types,
           array_agg(c.operation ORDER BY c.tick, c.number, c.index) AS operations,
           array_agg(c.key ORDER BY c.tick, c.number, c.index) AS keys,
           count(*) AS count,
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
    FOR change IN EXECUTE @extschema@._analytics_view_feed_query(
            @extschema@._analytics_feed_view(start.source, start.feed_tenant))
        USING page.positions, page.starts, page.tenants, page.event_types, page.operations, page.keys
    LOOP
        -- Any change may make a row "other", or not.
        CONTINUE WHEN change.value IS NULL AND NOT change.was_deleted AND (change.key ->> 'other')::boolean;
        "position" := change."position";
        operation := CASE WHEN change.value IS NULL THEN 'delete' ELSE 'put' END;
        occurred_at := change.time;
        event_type := change.event_type;
        tenant_id := change.tenant_id;
        value := change.value;
        key := change.key;
        last_position := "position";
        RETURN NEXT;
    END LOOP;
    IF end_position IS DISTINCT FROM last_position THEN
        RETURN QUERY SELECT end_position, NULL::text, NULL::timestamptz, NULL::uuid, NULL::text, NULL::text, NULL::json,
                            NULL::json;
    END IF;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_view_feed_changes(text, text, integer) IS
    'Part of analytics_read_feed: a page of changed rows of a view.';
