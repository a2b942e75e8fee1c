/* Reading a feed: a page of changes after a position.
 *
 * A position is a text, and one of these:
 *
 *   TICK               after all changes of this tick
 *   TICK.NUMBER.INDEX  after the change with this index in the row of the outbox with this number
 *   TICK.TIME.ID       in the past: after the event with this _analytics_position and id, in the order of the events'
 *                      key. A reader that has read the past goes on with TICK.
 *
 * The outbox has keys, and extension/pg/feed reads it. What is answered is the event as it is when it is read, so a
 * later version never comes before an earlier one, and the last answer about an event is always what the table has. The
 * past has the events that have not changed since TICK: all others come after it. Of a projection, and of
 * counts, it is the row: view_feed.sql. */

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
    OUT from_time timestamptz, OUT from_id uuid, OUT is_paused boolean, OUT source text)
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
    source := feed.source;

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

CREATE FUNCTION @extschema@.analytics_read_feed(
    name text, after text DEFAULT NULL, max_rows integer DEFAULT 1000,
    OUT "position" text, OUT operation text, OUT occurred_at timestamptz, OUT id uuid, OUT event_type text,
    OUT tenant_id text, OUT value json, OUT key json)
    RETURNS SETOF record
    LANGUAGE c STABLE
    SET jit = off
    SET enable_sort = off -- indexes have the order, whatever old statistics promise
    SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'analytics_read_feed';

COMMENT ON FUNCTION @extschema@.analytics_read_feed(text, text, integer) IS
    'The changes of a feed after a position, in order, at most max_rows (1 to 10000). '
    'after: a position that this function has returned; beginning: all events that there are, and then what changes; '
    'now: what changes from now on; null: as the feed''s since says. '
    'operation is put (an event is there, or has changed: value is the event as it is now, as JSON), delete (it is '
    'gone, or no longer of a type and tenant that the feed wants; value is null), or drop (retention has dropped a '
    'partition: all events are gone from rangeStart of value up to rangeEnd, which is excluded). '
    'A feed of a projection has its rows, and one of counts has minutes by type and tenant, put and delete; one of '
    'dead letters has each open one, put alone. key names the row, and is null for events. '
    'The last row may have a position alone, for what was read and is not answered. '
    'Go on with the position of the last row. No row: there is nothing new since the last tick. '
    'Replaying all rows in order gives exactly the events of the feed, the projection''s view, or the counts; a dead '
    'letter that is purged or accepted later is not taken back. '
    'SQLSTATE 42704: there is no such feed; 55000: it has not started; AN002: the position is older than what the '
    'feed keeps, and DETAIL has the oldest; 22023: the feed has no such position; '
    '42501: row-level security restricts the caller on analytics_events but not on analytics_outbox. '
    'Needs SELECT on analytics_feeds, analytics_ticks, analytics_outbox and what the feed is of: analytics_events, the '
    'projection''s bags, analytics_rollup_tenants or analytics_dead_letters.';
