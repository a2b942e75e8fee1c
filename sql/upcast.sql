/* Upcasting: an event of an old version, with the payload of the newest one.
 *
 * A contract's upcast makes the next version's payload of its version's, so what leads to the newest version is the
 * chain of the upcasts. An event keeps its id and its type: a redelivered original stays a duplicate. */

CREATE FUNCTION @extschema@._analytics_upcast_function(upcast text) RETURNS oid
    LANGUAGE c STABLE STRICT
    AS 'MODULE_PATHNAME', 'analytics_upcast_function';

COMMENT ON FUNCTION @extschema@._analytics_upcast_function(text) IS
    'The upcast function of that name. Null unless it is IMMUTABLE, from jsonb to jsonb, belongs to the owner of '
    'analytics_contracts or to a superuser, and may be executed by that owner.';

CREATE FUNCTION @extschema@._analytics_upcast_call(upcast text) RETURNS text
    LANGUAGE c STABLE STRICT
    AS 'MODULE_PATHNAME', 'analytics_upcast_call';

COMMENT ON FUNCTION @extschema@._analytics_upcast_call(text) IS
    'The quoted name of an upcast function. SQLSTATE 42501 where _analytics_upcast_function is null.';

CREATE FUNCTION @extschema@.analytics_latest(event_type text, payload jsonb) RETURNS jsonb
    LANGUAGE c STABLE
    AS 'MODULE_PATHNAME', 'analytics_latest';

COMMENT ON FUNCTION @extschema@.analytics_latest(text, jsonb) IS
    'The payload of an event in the newest version to which upcasts of analytics_contracts lead. '
    'Its member version says which one. Without an upcast it is the payload itself. '
    'An upcast runs with the rights of the owner of analytics_contracts. It must belong to that owner or to a '
    'superuser, else SQLSTATE 42501. An upcast that makes no object is SQLSTATE 22023.';

CREATE FUNCTION @extschema@.analytics_latest(event @extschema@.analytics_event) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
    AS $$
SELECT @extschema@.analytics_latest(event.event_type::text, event.payload)
$$;

COMMENT ON FUNCTION @extschema@.analytics_latest(@extschema@.analytics_event) IS
    'The payload of an event in the newest version. For a row of analytics_events call it with event_type and payload.';

CREATE FUNCTION @extschema@.analytics_create_latest_view(
    event_type text, name text DEFAULT NULL, view_schema text DEFAULT NULL) RETURNS text
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    view CONSTANT text := format('%I.%I', coalesce(view_schema, '@extschema@'),
                                 coalesce(name, regexp_replace(event_type, '[^A-Za-z0-9]+', '_', 'g') || '_latest'));
BEGIN
    IF NOT EXISTS (SELECT FROM @extschema@.analytics_contracts AS c WHERE c.event_type = $1) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'undefined_object', MESSAGE = format('no contract registers the event type "%s"', event_type);
    END IF;
    EXECUTE format(
        'CREATE VIEW %s WITH (security_invoker = true) AS '
        'SELECT e.id, e.event_type, e.source, e.occurred_at, e.ingested_at, e.tenant_id, '
        '       @extschema@.analytics_latest(e.event_type::text, e.payload) AS payload '
        'FROM @extschema@.analytics_events AS e WHERE e.event_type = %L', view, event_type);
    EXECUTE format('COMMENT ON VIEW %s IS %L', view,
                   format('Events of the type %s with payloads of the newest version.', event_type));
    RETURN view;
END
$$;

COMMENT ON FUNCTION @extschema@.analytics_create_latest_view(text, text, text) IS
    'Makes a view of the events of a registered type, whose payload is that of the newest version, and returns its '
    'name. '
    'name: by default the event type with underscores, and _latest. view_schema: by default that of analytics_events. '
    'A type without a contract is SQLSTATE 42704.';

CREATE FUNCTION @extschema@._analytics_upcast_chunk(
    max_rows integer, event_type text, INOUT last_occurred_at timestamptz, INOUT last_id uuid, OUT rows bigint)
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    times timestamptz[];
    ids uuid[];
BEGIN
    SELECT array_agg(k.occurred_at ORDER BY k.occurred_at, k.id), array_agg(k.id ORDER BY k.occurred_at, k.id)
    INTO times, ids
    FROM (SELECT e.occurred_at, e.id FROM @extschema@.analytics_events AS e
          WHERE e.event_type::text = $2 AND (last_id IS NULL OR (e.occurred_at, e.id) > (last_occurred_at, last_id))
          ORDER BY e.occurred_at, e.id LIMIT max_rows) AS k;
    UPDATE @extschema@.analytics_events AS e SET payload = l.payload
    FROM unnest(times, ids) AS k (occurred_at, id)
    JOIN @extschema@.analytics_events AS o ON o.occurred_at = k.occurred_at AND o.id = k.id,
         LATERAL @extschema@.analytics_latest(o.event_type::text, o.payload) AS l (payload)
    WHERE e.occurred_at = k.occurred_at AND e.id = k.id AND e.payload = o.payload AND l.payload <> o.payload;
    GET DIAGNOSTICS rows = ROW_COUNT;
    last_occurred_at := times[cardinality(times)];
    last_id := ids[cardinality(ids)];
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_upcast_chunk(integer, text, timestamptz, uuid) IS
    'A step of analytics_upcast_events: the next max_rows events of the type after the last one, in the order of '
    '(occurred_at, id). rows: how many have another payload now. Nulls for the last one when there are no more.';

CREATE PROCEDURE @extschema@.analytics_upcast_events(event_type text, chunk integer DEFAULT 500)
    LANGUAGE plpgsql -- with a SET clause COMMIT is not allowed, so everything is qualified instead
    AS $$
DECLARE
    done pg_catalog.record;
    total bigint := 0;
    reported timestamp with time zone := pg_catalog.clock_timestamp();
BEGIN
    SELECT NULL::timestamp with time zone AS last_occurred_at, NULL::pg_catalog.uuid AS last_id, 0::bigint AS rows
    INTO done;
    LOOP
        SELECT c.last_occurred_at, c.last_id, c.rows INTO done
        FROM @extschema@._analytics_upcast_chunk(chunk, event_type, done.last_occurred_at, done.last_id) AS c;
        COMMIT;
        total := total OPERATOR(pg_catalog.+) done.rows;
        EXIT WHEN done.last_id IS NULL;
        IF pg_catalog.clock_timestamp() OPERATOR(pg_catalog.>)
            (reported OPERATOR(pg_catalog.+) '10 seconds'::pg_catalog.interval)
        THEN
            reported := pg_catalog.clock_timestamp();
            RAISE NOTICE '% events are upcast, up to %', total, done.last_occurred_at;
        END IF;
    END LOOP;
    RAISE NOTICE '% events were upcast', total;
END
$$;

COMMENT ON PROCEDURE @extschema@.analytics_upcast_events(text, integer) IS
    'Stores the events of a registered type with payloads of the newest version (analytics_latest). '
    'Commits after every chunk of events, so that nobody waits for long; it may be stopped and called again. '
    'Counts and projections stay exact, and a redelivered original is a duplicate. '
    'Call it outside a transaction. The caller needs SELECT and UPDATE on analytics_events.';
