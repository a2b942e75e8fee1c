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
BEGIN
    PERFORM @extschema@._analytics_ready_projection(name);
    IF max_rows IS NULL OR max_rows < 1 THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'max_rows must be at least 1';
    END IF;
    -- Reads the bags, and not the view: another user may have replaced what has the view's name.
    RETURN QUERY
    SELECT p.time, p.place, p.item
    FROM @extschema@._analytics_view_page(
        @extschema@._analytics_view_of_projection(name), max_rows, before_bucket_start, before_key, window_start,
        window_end, NULL::text[], tenant_id) AS p;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_projection_page(text, integer, timestamptz, uuid, timestamptz,
    timestamptz, text) IS
    'Rows of a projection as JSON, with the columns of its view, from the buckets that begin in [window_start, '
    'window_end). The latest bucket comes first; rows of one bucket have a stable order. '
    'For the next page, pass the last row''s bucket_start and key as before_bucket_start and before_key. '
    'A bucket that begins before the year 1 is shown as beginning at 0001-01-01T00:00:00Z. '
    'Errors are those of _analytics_ready_projection.';
