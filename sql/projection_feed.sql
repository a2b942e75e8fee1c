/* Feeds of projections. The outbox has the keys of the rows that have changed, and a reader answers each row as it is
 * when it is read: put where it is there, else delete. A page has each row once. See doc/design/feeds.md. */

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

CREATE FUNCTION @extschema@._analytics_projection_feed_query(name text) RETURNS text
    LANGUAGE sql STABLE STRICT
    SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT format(
        'WITH changes AS MATERIALIZED ('
        'SELECT c."position", c.place, c.bucket_start, c.tenant_id, c.operation, k.key '
        'FROM unnest($1, $2, $3, $4, $5) WITH ORDINALITY '
        'AS c ("position", bucket_start, tenant_id, operation, key, place) '
        'CROSS JOIN LATERAL (SELECT row_to_json(i)::text FROM ('
        'SELECT %1$s._analytics_iso8601(greatest(c.bucket_start, ''0001-01-01 00:00:00+00'')) AS bucket_start, '
        'c.tenant_id, k.* FROM %1$s._analytics_projection_key(%2$s, c.key) AS k (%3$s)) AS i) AS k (key)), '
        'last AS MATERIALIZED (SELECT DISTINCT ON (c.key) c.*, '
        'bool_or(c.operation = ''d'') OVER (PARTITION BY c.key) AS was_deleted '
        'FROM changes AS c ORDER BY c.key, c.place DESC), '
        'rows AS MATERIALIZED (SELECT '
        '(SELECT row_to_json(i)::text FROM (SELECT n.first AS bucket_start, v.tenant_id, %4$s) AS i) AS key, '
        '(SELECT row_to_json(i) FROM (SELECT n.first AS bucket_start, v.tenant_id, %5$s) AS i) AS value '
        'FROM (%6$s) AS v CROSS JOIN LATERAL ('
        'SELECT %1$s._analytics_iso8601(greatest(v.bucket_start, ''0001-01-01 00:00:00+00''))) AS n (first) '
        'WHERE v.bucket_start = ANY (ARRAY(SELECT DISTINCT l.bucket_start FROM last AS l))) '
        'SELECT l."position", l.bucket_start, l.tenant_id, l.was_deleted, l.key::json AS key, r.value '
        'FROM last AS l LEFT JOIN rows AS r ON r.key = l.key ORDER BY l.place',
        '@extschema@', p.id, array_to_string(c.typed[:o.place], ', '), array_to_string(c.names[:o.place], ', '),
        array_to_string(c.names, ', '), @extschema@._analytics_projection_query(p.name, p.dimensions, p.measures))
    FROM @extschema@.analytics_projections AS p
    CROSS JOIN LATERAL (
        SELECT array_agg(format('v.%I', k.name)) AS names, array_agg(format('%I %s', k.name, k.type)) AS typed
        FROM @extschema@._analytics_projection_columns(p.dimensions, p.measures) AS k) AS c
    CROSS JOIN LATERAL array_position(c.names, 'v.other') AS o (place)
    WHERE p.name = $1
$$;

COMMENT ON FUNCTION @extschema@._analytics_projection_feed_query(text) IS
    'The query that answers changed rows of the projection as they are now, each at its last place, and whether one of '
    'its changes deleted: $1 the positions, $2 the buckets, $3 the tenants, $4 what was noted, $5 the keys.';

CREATE FUNCTION @extschema@._analytics_projection_feed_past(
    name text, after text, max_rows integer,
    OUT "position" text, OUT operation text, OUT occurred_at timestamptz, OUT id uuid, OUT event_type text,
    OUT tenant_id text, OUT value json, OUT key json)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    start record;
    keys integer; -- members of value that are the key
    found record;
    read integer := 0;
BEGIN
    SELECT s.* INTO start FROM @extschema@._analytics_feed_start($1, $2) AS s;
    keys := (SELECT 2 + c.place FROM @extschema@.analytics_projections AS p
             CROSS JOIN LATERAL @extschema@._analytics_projection_columns(p.dimensions, p.measures)
                 WITH ORDINALITY AS c (name, type, place)
             WHERE p.name = start.source AND c.name = 'other');
    FOR found IN
        SELECT p.* FROM @extschema@._analytics_projection_page(
            start.source, max_rows, start.from_time, start.from_id, NULL::timestamptz, NULL::timestamptz,
            start.feed_tenant) AS p
    LOOP
        read := read + 1;
        "position" := concat_ws(
            '.', start.from_tick, @extschema@._analytics_position(found.bucket_start), found.key);
        operation := 'put';
        occurred_at := found.bucket_start;
        tenant_id := found.item ->> 'tenant_id';
        value := found.item;
        key := (SELECT format('{%s}', string_agg(concat(to_json(m.key), ':', m.value), ',' ORDER BY m.place))
                FROM json_each(found.item) WITH ORDINALITY AS m (key, value, place) WHERE m.place <= keys);
        RETURN NEXT;
    END LOOP;
    IF read < max_rows THEN
        RETURN QUERY SELECT start.from_tick::text, NULL::text, NULL::timestamptz, NULL::uuid, NULL::text, NULL::text,
                            NULL::json, NULL::json;
    END IF;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_projection_feed_past(text, text, integer) IS
    'Part of analytics_read_feed: a page of the rows that a projection has, the latest bucket first. '
    'What changes meanwhile comes after the past once more.';

CREATE FUNCTION @extschema@._analytics_projection_feed_changes(
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
    ), rows AS MATERIALIZED (
        SELECT w.* FROM wanted AS w WHERE w.changes_before < max_rows + start.from_index::bigint
    ), changes AS (
        SELECT r.tick, r.number, c.index, r.first_time AS bucket_start, r.tenant_id::text AS tenant_id,
               c.operation::text AS operation, c.key
        FROM rows AS r CROSS JOIN LATERAL unnest(r.operations, r.keys) WITH ORDINALITY AS c (operation, key, index)
        WHERE (r.tick, r.number, c.index) > (start.from_tick, start.from_number, start.from_index)
        ORDER BY r.tick, r.number, c.index LIMIT max_rows
    )
    SELECT array_agg(concat_ws('.', c.tick, c.number, c.index) ORDER BY c.tick, c.number, c.index) AS positions,
           array_agg(c.bucket_start ORDER BY c.tick, c.number, c.index) AS buckets,
           array_agg(c.tenant_id ORDER BY c.tick, c.number, c.index) AS tenants,
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
    FOR change IN EXECUTE @extschema@._analytics_projection_feed_query(start.source)
        USING page.positions, page.buckets, page.tenants, page.operations, page.keys
    LOOP
        -- Any change may make a row "other", or not.
        CONTINUE WHEN change.value IS NULL AND NOT change.was_deleted AND (change.key ->> 'other')::boolean;
        "position" := change."position";
        operation := CASE WHEN change.value IS NULL THEN 'delete' ELSE 'put' END;
        occurred_at := greatest(change.bucket_start, '0001-01-01 00:00:00+00');
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

COMMENT ON FUNCTION @extschema@._analytics_projection_feed_changes(text, text, integer) IS
    'Part of analytics_read_feed: a page of changed rows of a projection.';
