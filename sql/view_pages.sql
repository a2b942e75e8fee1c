/* Views whose rows are sums of bags: of a projection, and of the counts by minute. What HTTP and feeds read of them is
 * put together here from texts that a view has, as JSON:
 *
 *   rows        the query of its rows, with columns bucket_start (of the bags), tenant_id and others
 *   buckets     the query of its bags, with columns bucket_start and tenant_id
 *   start       the column that says when a row begins
 *   time        that time as it is shown, made of s.start
 *   bucket      the bucket_start of the bags, made of s.start
 *   event_type  of a row v, or null
 *   key         what names a row v, and n.first, its time: a list of members
 *   more        the members that follow
 *   noted       the same key made of a change c of the outbox: see view_feed.sql
 */

CREATE FUNCTION @extschema@._analytics_view_of_projection(name text) RETURNS json
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT json_build_object(
        'rows', @extschema@._analytics_projection_query(p.name, p.dimensions, p.measures),
        'buckets', format('SELECT b.bucket_start, b.tenant_id FROM @extschema@.analytics_projection_bags AS b '
                          'WHERE b.projection = %s', p.id),
        'start', 'bucket_start', 'time', 'greatest(s.start, ''0001-01-01 00:00:00+00'')', 'bucket', 's.start',
        'event_type', 'NULL::text',
        'key', concat('n.first AS bucket_start, v.tenant_id, ', array_to_string(c.names[:o.place], ', ')),
        'more', ', ' || array_to_string(c.names[o.place + 1:], ', '),
        'noted', format('SELECT n.first AS bucket_start, c.tenant_id, k.* '
                        'FROM @extschema@._analytics_projection_key(%s, c.key) AS k (%s)',
                        p.id, array_to_string(c.typed[:o.place], ', ')))
    FROM @extschema@.analytics_projections AS p
    CROSS JOIN LATERAL (
        SELECT array_agg(format('v.%I', k.name)) AS names, array_agg(format('%I %s', k.name, k.type)) AS typed
        FROM @extschema@._analytics_projection_columns(p.dimensions, p.measures) AS k) AS c
    CROSS JOIN LATERAL array_position(c.names, 'v.other') AS o (place)
    WHERE p.name = $1
$$;

COMMENT ON FUNCTION @extschema@._analytics_view_of_projection(text) IS 'The view of a projection, as texts.';

CREATE FUNCTION @extschema@._analytics_view_of_counts(tenant_id text) RETURNS json
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM @extschema@._analytics_require_bags(text 'counts', '@extschema@.analytics_rollup_tenants'::regclass);
    RETURN json_build_object(
        'rows', 'SELECT r.hour AS bucket_start, r.tenant_id, c.minute, c.event_type, sum(c.count)::bigint AS count '
                'FROM @extschema@.analytics_rollup_tenants AS r '
                'CROSS JOIN LATERAL @extschema@.analytics_bag_cells(r.hour, r.cells) AS c '
                'GROUP BY r.hour, r.tenant_id, c.minute, c.event_type HAVING sum(c.count) <> 0',
        -- By tenant there is an index, and without tenants there is one of the totals, which have the same hours.
        'buckets', CASE
            WHEN tenant_id IS NULL AND NOT row_security_active('@extschema@.analytics_rollup_tenants'::regclass)
                AND has_table_privilege('@extschema@.analytics_rollup_totals'::regclass, 'SELECT')
            THEN 'SELECT r.hour AS bucket_start, NULL::text AS tenant_id FROM @extschema@.analytics_rollup_totals AS r'
            ELSE 'SELECT r.hour AS bucket_start, r.tenant_id FROM @extschema@.analytics_rollup_tenants AS r' END,
        'start', 'minute', 'time', 's.start', 'bucket', 'date_bin(''1 hour'', s.start, ''2000-01-01 00:00:00+00'')',
        'event_type', 'v.event_type',
        'key', 'n.first AS minute, v.tenant_id AS "tenantId", v.event_type AS "eventType"', 'more', ', v.count',
        'noted', 'SELECT n.first AS minute, c.tenant_id AS "tenantId", c.event_type AS "eventType"');
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_view_of_counts(text) IS
    'The view of the counts by minute, tenant and type, as texts. tenant_id: who wants only rows of this tenant. '
    'The errors are those of _analytics_require_bags.';

CREATE FUNCTION @extschema@._analytics_view_page(
    view json, max_rows integer, before_time timestamptz, before_place uuid, window_start timestamptz,
    window_end timestamptz, event_types text[], tenant_id text,
    OUT "time" timestamptz, OUT place uuid, OUT event_type text, OUT key json, OUT item json)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    most_buckets CONSTANT integer := 1024;
    last_time CONSTANT timestamptz := '294276-12-31 23:59:00+00'; -- the last minute
    query text;
    buckets_query text;
    since timestamptz;
    until timestamptz := coalesce(
        least(window_end, least(before_time, last_time) + interval '1 microsecond'), 'infinity');
    buckets integer := 1; -- to be read next; doubled while they have few rows, so that the page decides the cost
    missing integer := max_rows;
    found_rows integer;
BEGIN
    query := concat(
        'SELECT t.time, h.place, ', view ->> 'event_type', '::text, k.key::json, '
        '(SELECT row_to_json(i) FROM (SELECT ', view ->> 'key', view ->> 'more', ') AS i) '
        'FROM (', view ->> 'rows', ') AS v '
        'CROSS JOIN LATERAL (SELECT v.', view ->> 'start', ') AS s (start) '
        'CROSS JOIN LATERAL (SELECT ', view ->> 'time', ') AS t (time) '
        'CROSS JOIN LATERAL (SELECT @extschema@._analytics_instant_text(t.time)) AS n (first) '
        'CROSS JOIN LATERAL (SELECT row_to_json(i)::text FROM (SELECT ', view ->> 'key', ') AS i) AS k (key) '
        'CROSS JOIN LATERAL ('
        'SELECT encode(substr(sha256(convert_to(k.key, ''UTF8'')), 1, 16), ''hex'')::uuid) AS h (place) '
        'WHERE v.bucket_start >= $1 AND v.bucket_start < $2 AND ($3 IS NULL OR v.tenant_id = $3) '
        'AND ($4 IS NULL OR ', view ->> 'event_type', ' = ANY ($4)) '
        'AND ($5 IS NULL OR (t.time, h.place) < ($5, $6)) '
        'ORDER BY t.time DESC, h.place DESC LIMIT $7');
    buckets_query := concat(
        'SELECT min(d.bucket_start) FROM (SELECT DISTINCT b.bucket_start FROM (', view ->> 'buckets', ') AS b '
        'WHERE b.bucket_start >= coalesce($1, ''-infinity'') AND b.bucket_start < $2 '
        'AND ($3 IS NULL OR b.tenant_id = $3) ORDER BY b.bucket_start DESC LIMIT $4) AS d');
    WHILE missing > 0 LOOP
        EXECUTE buckets_query INTO since USING window_start, until, tenant_id, buckets;
        EXIT WHEN since IS NULL;
        RETURN QUERY EXECUTE query
            USING since, until, tenant_id, event_types, before_time, before_place, missing;
        GET DIAGNOSTICS found_rows = ROW_COUNT;
        missing := missing - found_rows;
        until := since;
        buckets := least(2 * buckets, most_buckets);
    END LOOP;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_view_page(
    json, integer, timestamptz, uuid, timestamptz, timestamptz, text[], text) IS
    'Rows of a view as JSON, from the buckets that begin in [window_start, window_end). The latest comes first; rows '
    'of one time have a stable order. '
    'For the next page, pass the last row''s time and place as before_time and before_place.';
