/* Reading a feed: a page of changes after a position.
 *
 * A position is a text, and one of these:
 *
 *   TICK               after all changes of this tick
 *   TICK.NUMBER.INDEX  after the change with this index in the row of the outbox with this number
 *   TICK.TIME.ID       in the past: after the event with this _analytics_position and id, in the order of the events'
 *                      key. A reader that has read the past goes on with TICK.
 *
 * The outbox has keys. What is answered is the event as it is when it is read, so a later version never comes before an
 * earlier one, and the last answer about an event is always what the table has. The past has the events that have not
 * changed since TICK: all others come after it. */

CREATE FUNCTION @extschema@._analytics_feed_position(
    after text, OUT tick bigint, OUT number bigint, OUT index integer, OUT is_past boolean,
    OUT occurred_at timestamptz, OUT id uuid)
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    parts CONSTANT text[] := string_to_array(after, '.');
BEGIN
    IF after !~ '^\d+(\.-?\d+\.[0-9a-f-]+)?$' THEN
        RAISE invalid_text_representation;
    END IF;
    tick := parts[1];
    is_past := length(parts[3]) IS NOT DISTINCT FROM 36;
    IF is_past THEN
        occurred_at := @extschema@._analytics_time_at(parts[2]::bigint);
        id := parts[3];
    ELSE
        number := coalesce(parts[2]::bigint, 9223372036854775807);
        index := coalesce(parts[3]::integer, 0);
    END IF;
EXCEPTION WHEN invalid_text_representation OR numeric_value_out_of_range THEN
    RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'after is not a position of a feed';
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_feed_position(text) IS
    'The parts of a position that analytics_read_feed has returned. Any other text is SQLSTATE 22023.';

CREATE FUNCTION @extschema@._analytics_feed_start(
    name text, after text, OUT event_types text[], OUT feed_tenant text, OUT last_tick bigint,
    OUT from_tick bigint, OUT from_number bigint, OUT from_index integer, OUT is_past boolean,
    OUT from_time timestamptz, OUT from_id uuid, OUT is_paused boolean)
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    feed record;
    oldest bigint;
BEGIN
    PERFORM @extschema@._analytics_require_tables();
    SELECT f.* INTO feed FROM @extschema@.analytics_feeds AS f WHERE f.name = $1;
    IF feed.name IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('feed "%s" does not exist', $1);
    END IF;
    IF feed.start_tick IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('feed "%s" has not started', $1),
            DETAIL = 'It is being created, or the extension was dropped since.',
            HINT = format('Unless it is being created: CALL analytics_start_feed(%L);', $1);
    END IF;
    IF row_security_active('@extschema@.analytics_events'::regclass)
        AND NOT row_security_active('@extschema@.analytics_outbox'::regclass) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'insufficient_privilege',
            MESSAGE = 'feeds cannot be read while row-level security restricts analytics_events alone',
            DETAIL = 'A feed would show keys of events that you may not see.',
            HINT = 'Create a policy on tenant_id for analytics_outbox, too.';
    END IF;
    SELECT min(t.tick), max(t.tick) INTO oldest, last_tick FROM @extschema@.analytics_ticks AS t;
    oldest := greatest(oldest, feed.start_tick);
    event_types := feed.event_types;
    feed_tenant := feed.tenant_id;
    is_paused := feed.paused_at IS NOT NULL;

    IF coalesce(after, feed.since) = 'beginning' THEN
        from_tick := last_tick;
        is_past := true;
    ELSIF after = 'now' THEN
        SELECT p.tick, p.number, p.index, p.is_past INTO from_tick, from_number, from_index, is_past
        FROM @extschema@._analytics_feed_position(last_tick::text) AS p;
    ELSE
        SELECT p.tick, p.number, p.index, p.is_past, p.occurred_at, p.id
        INTO from_tick, from_number, from_index, is_past, from_time, from_id
        FROM @extschema@._analytics_feed_position(coalesce(after, feed.start_tick::text)) AS p;
    END IF;

    -- A tick's changes may be deleted in part, but not those of a later one.
    IF from_tick < oldest OR from_tick = oldest AND NOT is_past AND from_number < 9223372036854775807 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'AN002',
            MESSAGE = format('the position is older than what feed "%s" keeps', $1),
            DETAIL = format('The oldest position is %s.', oldest),
            HINT = 'Read again from the beginning. From the oldest position on, changes would be missing.';
    ELSIF NOT EXISTS (SELECT FROM @extschema@.analytics_ticks AS t WHERE t.tick = from_tick) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('feed "%s" has no such position', $1),
            DETAIL = format('The last position is %s. The position is one of another database, or of a later state '
                            'that a restore or a failover has lost.', last_tick),
            HINT = 'Read again from the beginning.';
    END IF;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_feed_start(text, text) IS
    'Where a reader begins that is at this position of the feed, and what the feed wants. '
    'The errors are those of analytics_read_feed.';

CREATE FUNCTION @extschema@._analytics_feed_past(
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
    SELECT s.* INTO start FROM @extschema@._analytics_feed_start($1, $2) AS s;
    FOR found IN
        WITH read AS MATERIALIZED (
            SELECT e.id, e.event_type, e.source, e.occurred_at, e.ingested_at, e.tenant_id, e.payload
            FROM @extschema@.analytics_events AS e
            WHERE start.from_id IS NULL
                OR e.occurred_at >= start.from_time AND (e.occurred_at, e.id) > (start.from_time, start.from_id)
            ORDER BY e.occurred_at, e.id LIMIT max_rows
        ), rows AS (
            SELECT o.ids, o.times, o.first_time, o.last_time FROM @extschema@.analytics_outbox AS o
            WHERE o.tick > start.from_tick
            UNION ALL
            SELECT o.ids, o.times, o.first_time, o.last_time FROM @extschema@.analytics_outbox AS o
            WHERE o.tick IS NULL
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
            '.', start.from_tick, @extschema@._analytics_position(found.occurred_at), found.id);
        CONTINUE WHEN NOT found.is_wanted;
        operation := 'put';
        occurred_at := found.occurred_at;
        id := found.id;
        event_type := found.event_type;
        tenant_id := found.tenant_id;
        value := @extschema@._analytics_event_json(
            ROW(found.id, found.event_type, found.source, found.occurred_at, found.ingested_at, found.tenant_id,
                found.payload)::@extschema@.analytics_event);
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

COMMENT ON FUNCTION @extschema@._analytics_feed_past(text, text, integer) IS
    'Part of analytics_read_feed: a page of the past.';

CREATE FUNCTION @extschema@._analytics_feed_changes(
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
    most_rows integer := max_rows + 1; -- of the outbox; of the first one, some changes may be before the position
    start record;
    page record;
    change record;
    last_position text := after;
    end_position text;
BEGIN
    SELECT s.* INTO start FROM @extschema@._analytics_feed_start($1, $2) AS s;
    IF start.event_types IS NOT NULL OR start.feed_tenant IS NOT NULL THEN
        most_rows := 10000; -- of which the feed may want none
    END IF;
    WITH read AS MATERIALIZED (
        SELECT o.* FROM @extschema@.analytics_outbox AS o
        WHERE (o.tick, o.number) >= (start.from_tick, start.from_number) AND o.tick <= start.last_tick
        ORDER BY o.tick, o.number LIMIT most_rows
    ), wanted AS MATERIALIZED (
        SELECT r.*, sum(r.changes) OVER (ORDER BY r.tick, r.number) - r.changes AS changes_before
        FROM read AS r
        WHERE r.event_types = '{}'
            OR (start.feed_tenant IS NULL OR r.tenant_id = start.feed_tenant)
                AND (start.event_types IS NULL OR r.event_types && start.event_types)
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
               CASE WHEN e.id IS NOT NULL THEN @extschema@._analytics_event_json(
                   ROW(e.id, e.event_type, e.source, e.occurred_at, e.ingested_at, e.tenant_id,
                       e.payload)::@extschema@.analytics_event) END AS value,
               e.event_type AS type_now, e.tenant_id AS tenant_now
        FROM unnest(page.positions, page.operations, page.times, page.ends, page.ids, page.types, page.tenants)
            WITH ORDINALITY AS k ("position", operation, occurred_at, end_time, id, event_type, tenant_id, place)
        LEFT JOIN LATERAL (
            SELECT w.* FROM @extschema@.analytics_events AS w
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
                'rangeStart', @extschema@._analytics_instant_text(change.occurred_at),
                'rangeEnd', @extschema@._analytics_instant_text(change.end_time)) END;
        last_position := "position";
        RETURN NEXT;
    END LOOP;
    IF end_position IS DISTINCT FROM last_position THEN
        RETURN QUERY SELECT end_position, NULL::text, NULL::timestamptz, NULL::uuid, NULL::text, NULL::text, NULL::json;
    END IF;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_feed_changes(text, text, integer) IS
    'Part of analytics_read_feed: a page of changes from the outbox.';

CREATE FUNCTION @extschema@.analytics_read_feed(
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
    SELECT s.is_past, s.is_paused INTO start FROM @extschema@._analytics_feed_start($1, $2) AS s;
    IF start.is_paused THEN
        RETURN;
    ELSIF start.is_past THEN
        RETURN QUERY SELECT p.* FROM @extschema@._analytics_feed_past($1, $2, $3) AS p;
    ELSE
        RETURN QUERY SELECT c.* FROM @extschema@._analytics_feed_changes($1, $2, $3) AS c;
    END IF;
END
$$;

COMMENT ON FUNCTION @extschema@.analytics_read_feed(text, text, integer) IS
    'The changes of a feed after a position, in order, at most max_rows (1 to 10000). '
    'after: a position that this function has returned; beginning: all events that there are, and then what changes; '
    'now: what changes from now on; null: as the feed''s since says. '
    'operation is put (an event is there, or has changed: value is the event as it is now, as JSON), delete (it is '
    'gone, or no longer of a type and tenant that the feed wants; value is null), or drop (retention has dropped a '
    'partition: all events are gone from rangeStart of value up to rangeEnd, which is excluded). '
    'The last row may have a position alone, for what was read and is not answered. '
    'Go on with the position of the last row. No row: there is nothing new since the last tick. '
    'Replaying all rows in order gives exactly the events of the feed. '
    'SQLSTATE 42704: there is no such feed; 55000: it has not started; AN002: the position is older than what the '
    'feed keeps, and DETAIL has the oldest; 22023: the feed has no such position; '
    '42501: row-level security restricts the caller on analytics_events but not on analytics_outbox. '
    'Needs SELECT on analytics_events, analytics_feeds, analytics_ticks and analytics_outbox.';
