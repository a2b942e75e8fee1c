/* Projections as HTTP shows them: the definition, and pages of rows. */

CREATE FUNCTION @extschema@._analytics_projection_json(name text) RETURNS json
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    SET intervalstyle = iso_8601
    AS $$
    SELECT json_build_object(
        'name', p.name, 'state', p.state,
        'builtUntil', CASE WHEN p.state = 'building' AND isfinite(p.built_until)
                           THEN @extschema@._analytics_instant_text(p.built_until) END,
        'createdAt', @extschema@._analytics_iso8601(p.created_at),
        'eventTypes', p.event_types, 'bucket', p.bucket::text, 'maxGroups', p.max_groups,
        'version', p.version, 'dimensions', p.dimensions, 'measures', p.measures,
        'columns', (
            SELECT json_agg(json_build_object('name', c.name, 'type', c.type) ORDER BY c.place)
            FROM (VALUES ('bucket_start', 'timestamptz', -1), ('tenant_id', 'text', 0)
                  UNION ALL
                  SELECT * FROM @extschema@._analytics_projection_columns(p.dimensions, p.measures) WITH ORDINALITY)
                AS c (name, type, place)))
    FROM @extschema@.analytics_projections AS p WHERE p.name = $1
$$;

COMMENT ON FUNCTION @extschema@._analytics_projection_json(text) IS
    'The projection of that name as HTTP shows it, or null: {name, state, builtUntil, createdAt, eventTypes, bucket, '
    'maxGroups, version, dimensions, measures, columns}. bucket is an ISO 8601 duration.';

CREATE FUNCTION @extschema@._analytics_projection_page(
    name text, max_rows integer DEFAULT 50, before_bucket_start timestamptz DEFAULT NULL,
    before_key uuid DEFAULT NULL, window_start timestamptz DEFAULT NULL, window_end timestamptz DEFAULT NULL,
    tenant_id text DEFAULT NULL,
    OUT bucket_start timestamptz, OUT key uuid, OUT item json)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    most_buckets CONSTANT integer := 1024;
    number CONSTANT integer := @extschema@._analytics_ready_projection(name);
    query text;
    since timestamptz;
    until timestamptz := coalesce(
        least(window_end, least(before_bucket_start, '10000-01-01 00:00:00+00') + interval '1 microsecond'),
        'infinity');
    buckets integer := 1; -- to be read next; doubled while they have few rows, so that the page decides the cost
    missing integer := max_rows;
    found_rows integer;
BEGIN
    PERFORM @extschema@._analytics_require_tables();
    IF max_rows IS NULL OR max_rows < 1 THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'max_rows must be at least 1';
    END IF;
    -- Reads the bags, and not the view: another user may have replaced what has the view's name.
    SELECT format(
        'SELECT k.bucket_start, k.key, (SELECT row_to_json(i) FROM '
        '(SELECT %4$s._analytics_iso8601(k.bucket_start) AS bucket_start, v.tenant_id, %1$s) AS i) FROM (%3$s) AS v '
        'CROSS JOIN LATERAL (SELECT greatest(v.bucket_start, ''0001-01-01 00:00:00+00''), '
        'encode(substr(sha256(convert_to(ROW(v.tenant_id, %2$s)::text, ''UTF8'')), 1, 16), ''hex'')::uuid) '
        'AS k (bucket_start, key) '
        'WHERE v.bucket_start >= $1 AND v.bucket_start < $2 AND ($3 IS NULL OR v.tenant_id = $3) '
        'AND ($4 IS NULL OR (k.bucket_start, k.key) < ($4, $5)) '
        'ORDER BY k.bucket_start DESC, k.key DESC LIMIT $6',
        array_to_string(c.names, ', '), array_to_string(c.names[:array_position(c.names, 'v.other')], ', '),
        @extschema@._analytics_projection_query(p.name, p.dimensions, p.measures), '@extschema@')
    INTO query
    FROM @extschema@.analytics_projections AS p
    CROSS JOIN LATERAL (
        SELECT array_agg(format('v.%I', c.name))
        FROM @extschema@._analytics_projection_columns(p.dimensions, p.measures) AS c) AS c (names)
    WHERE p.id = number;

    WHILE missing > 0 LOOP
        SELECT min(d.bucket_start) INTO since
        FROM (SELECT DISTINCT b.bucket_start FROM @extschema@.analytics_projection_bags AS b
              WHERE b.projection = number
                AND b.bucket_start >= coalesce(window_start, '-infinity') AND b.bucket_start < until
                AND ($7 IS NULL OR b.tenant_id = $7)
              ORDER BY b.bucket_start DESC LIMIT buckets) AS d;
        EXIT WHEN since IS NULL;
        RETURN QUERY EXECUTE query USING since, until, tenant_id, before_bucket_start, before_key, missing;
        GET DIAGNOSTICS found_rows = ROW_COUNT;
        missing := missing - found_rows;
        until := since;
        buckets := least(2 * buckets, most_buckets);
    END LOOP;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_projection_page(text, integer, timestamptz, uuid, timestamptz,
    timestamptz, text) IS
    'Rows of a projection as JSON, with the columns of its view, from the buckets that begin in [window_start, '
    'window_end). The latest bucket comes first; rows of one bucket have a stable order. '
    'For the next page, pass the last row''s bucket_start and key as before_bucket_start and before_key. '
    'A bucket that begins before the year 1 is shown as beginning at 0001-01-01T00:00:00Z. '
    'Errors are those of _analytics_ready_projection.';
