/* Projections of version latest: they see payloads as upcasts make them, and are built again when the upcasts change.
 *
 * A number of a projection keeps its upcasts for ever. Other upcasts are another number, next_id, which is built beside
 * id and then takes its place. See doc/design/projections.md. */

CREATE FUNCTION @extschema@._analytics_latest_projection_rows(
    projection integer, bucket_start timestamptz, tenant_id text, bags bytea[])
    RETURNS SETOF record
    LANGUAGE c STABLE ROWS 10
    AS 'MODULE_PATHNAME', 'analytics_projection_rows';

COMMENT ON FUNCTION @extschema@._analytics_latest_projection_rows(integer, timestamptz, text, bytea[]) IS
    '_analytics_projection_rows for a projection of version latest. It is not parallel: an upcast runs in a '
    'subtransaction, which a parallel query refuses.';

CREATE FUNCTION @extschema@._analytics_upcasts_of(event_types text[]) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT coalesce(
        jsonb_agg(jsonb_build_array(
            c.event_type, c.version, c.upcast,
            md5(pg_get_functiondef(@extschema@._analytics_upcast_function(c.upcast))))
            ORDER BY c.event_type COLLATE "C", c.version),
        '[]')
    FROM @extschema@.analytics_contracts AS c
    WHERE c.upcast IS NOT NULL
        AND ($1 IS NULL OR c.event_type::text = ANY ($1)
             OR c.event_type::text IN (SELECT regexp_replace(t.name, '(.)\.v[1-9][0-9]*$', '\1')
                                       FROM unnest($1) AS t (name)))
$$;

COMMENT ON FUNCTION @extschema@._analytics_upcasts_of(text[]) IS
    'The upcasts of events of these types (null: of all) as they are now: [event type, version, function, MD5 of its '
    'definition]. The last is null where the function cannot be called.';

CREATE FUNCTION @extschema@._analytics_outdated_projections() RETURNS SETOF text
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT p.name FROM @extschema@.analytics_projections AS p
    WHERE p.version = 'latest' AND p.state = 'ready'
        AND coalesce(p.next_upcasts, p.upcasts) <> @extschema@._analytics_upcasts_of(p.event_types)
    ORDER BY p.name
$$;

COMMENT ON FUNCTION @extschema@._analytics_outdated_projections() IS
    'The projections of version latest that are neither built nor being built with the upcasts of now.';

CREATE FUNCTION @extschema@._analytics_tell_projections() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    names CONSTANT text := (SELECT string_agg(format('"%s"', o.name), ', ')
                            FROM @extschema@._analytics_outdated_projections() AS o (name));
BEGIN
    IF names IS NOT NULL THEN
        RAISE NOTICE USING
            MESSAGE = format('projections show payloads by the upcasts as they were: %s', names),
            DETAIL = 'The next analytics_maintain() builds them again.',
            HINT = 'To do it now: CALL analytics_build_projection(name);';
    END IF;
    RETURN NULL;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_tell_projections() IS
    'A NOTICE, after a change of contracts, about the projections that are to be built again.';

CREATE FUNCTION @extschema@._analytics_renew_projection(name text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE STRICT
    SET search_path = pg_catalog, pg_temp
    SET row_security = off
    AS $$
DECLARE
    projection record;
    due jsonb; -- the upcasts of now
BEGIN
    SELECT * INTO projection FROM @extschema@.analytics_projections AS p WHERE p.name = $1 FOR UPDATE;
    IF projection.id IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('projection "%s" does not exist', name);
    END IF;
    IF projection.state = 'building' THEN
        RETURN true;
    ELSIF projection.version <> 'latest' THEN
        RETURN false;
    END IF;
    due := @extschema@._analytics_upcasts_of(projection.event_types);
    IF coalesce(projection.next_upcasts, projection.upcasts) = due THEN
        RETURN projection.next_id IS NOT NULL;
    END IF;
    IF projection.upcasts = due THEN -- again, before the next number was ready
        UPDATE @extschema@.analytics_projections AS p
        SET next_id = NULL, next_upcasts = NULL, built_until = 'infinity' WHERE p.id = projection.id;
    ELSE
        UPDATE @extschema@.analytics_projections AS p
        SET next_id = nextval(pg_get_serial_sequence('@extschema@.analytics_projections', 'id')),
            next_upcasts = due, built_until = '-infinity', last_id = NULL, last_upcasts = NULL
        WHERE p.id = projection.id;
    END IF;
    PERFORM @extschema@._analytics_forget_projection_bags();
    RETURN projection.upcasts <> due;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_renew_projection(text) IS
    'The first step of analytics_build_projection: whether there is something to be built. '
    'A projection of version latest whose upcasts have changed gets a next number. From its commit on, every statement '
    'that changes events maintains both numbers.';

CREATE FUNCTION @extschema@._analytics_projection_kept(
    projection integer, window_start timestamptz, window_end timestamptz,
    OUT bucket_start timestamptz, OUT bucket_end timestamptz, OUT tenant_id text,
    OUT events bigint, OUT counted bigint, OUT cells bytea)
    RETURNS SETOF record
    LANGUAGE c STABLE STRICT
    AS 'MODULE_PATHNAME', 'analytics_projection_kept';

COMMENT ON FUNCTION @extschema@._analytics_projection_kept(integer, timestamptz, timestamptz) IS
    'What _analytics_projection_missing finds, the other way round: cells is what the bags count beyond the events. '
    'Where analytics_retain has kept counts, these are the events that were dropped.';

CREATE FUNCTION @extschema@._analytics_await_event_writers() RETURNS void
    LANGUAGE c VOLATILE
    SET lock_timeout = '10s' -- nobody waits behind it
    AS 'MODULE_PATHNAME', 'analytics_await_event_writers';

COMMENT ON FUNCTION @extschema@._analytics_await_event_writers() IS
    'Awaits the end of all transactions that hold a lock for writing on analytics_events or a partition. '
    'SQLSTATE 55P03 after ten seconds.';

CREATE FUNCTION @extschema@._analytics_maintain_projections(
    reference timestamptz, item text, OUT rows bigint, OUT items text[], OUT failure text)
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    step CONSTANT text := left(item, 1);
    name CONSTANT text := substr(item, 2);
BEGIN
    rows := 0;
    IF item IS NULL THEN -- a number that is replaced from now on stays until the next call
        items := ARRAY(
            SELECT 'f' || p.name FROM @extschema@.analytics_projections AS p WHERE p.last_id IS NOT NULL
            UNION ALL
            SELECT 'n' || p.name FROM @extschema@.analytics_projections AS p
            WHERE p.next_id IS NOT NULL OR p.name IN (SELECT @extschema@._analytics_outdated_projections())
            ORDER BY 1);
    ELSIF step = 'f' THEN
        UPDATE @extschema@.analytics_projections AS p SET last_id = NULL, last_upcasts = NULL
        WHERE p.name = substr($2, 2);
        rows := @extschema@._analytics_forget_projection_bags();
    ELSIF NOT EXISTS (SELECT FROM @extschema@.analytics_projections AS p WHERE p.name = substr($2, 2)) THEN
        NULL; -- somebody has dropped it
    ELSIF step = 'n' THEN
        items := CASE WHEN @extschema@._analytics_renew_projection(name) THEN ARRAY['w' || name] END;
    ELSIF step = 'w' THEN
        PERFORM @extschema@._analytics_await_event_writers();
        items := ARRAY['c' || name];
    ELSIF @extschema@._analytics_build_projection_chunk(name) THEN
        items := ARRAY[item];
    ELSE
        rows := 1;
        items := ARRAY['n' || name]; -- the upcasts may have changed again
    END IF;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_maintain_projections(timestamptz, text) IS
    'Part of analytics_maintain: builds projections again whose upcasts have changed, as analytics_build_projection '
    'does. '
    'An item is a step and a name: f forgets the number that was replaced, n begins with a next one, w awaits writers, '
    'c counts a chunk. rows is the number of projections and of forgotten bags.';
