/* Feeds: gap-free sequences of changes that anyone reads from a position on. See doc/design/feeds.md.
 *
 * Statements that change events append the keys to the outbox, as far as a feed wants them. A tick is one transaction,
 * one at a time, that gives its number to all rows of the outbox that it sees and that have none. So the order of ticks
 * is an order of commits, and a transaction that stays open delays its own changes only. */

CREATE FUNCTION @extschema@._analytics_check_feed() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF (OLD.source, OLD.event_types, OLD.tenant_id) IS DISTINCT FROM (NEW.source, NEW.event_types, NEW.tenant_id) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('feed "%s" cannot be changed', OLD.name),
            DETAIL = 'What it did not want before is not in the outbox.',
            HINT = 'Create another feed instead, and drop this one.';
    ELSIF (OLD.topic, OLD.key, OLD.format) IS DISTINCT FROM (NEW.topic, NEW.key, NEW.format) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('feed "%s" cannot be changed', OLD.name),
            DETAIL = 'Its messages would no longer follow those that the topic has.',
            HINT = 'Create another feed instead, and drop this one.';
    END IF;
    RETURN NEW;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_check_feed() IS
    'Refuses a change of what a feed wants, and of how it is published: SQLSTATE 55000.';

CREATE FUNCTION @extschema@._analytics_next_tick(OUT tick bigint, OUT history text)
    LANGUAGE sql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT coalesce(last.tick + CASE WHEN last.history = here.history THEN 1 ELSE 1000000000 END, 0), here.history
    FROM (SELECT concat_ws('/', s.system_identifier, d.oid, left(pg_walfile_name(pg_current_wal_lsn()), 8))
          FROM pg_control_system() AS s, pg_database AS d WHERE d.datname = current_database()) AS here (history)
    LEFT JOIN (SELECT t.tick, t.history FROM @extschema@.analytics_ticks AS t ORDER BY t.tick DESC LIMIT 1) AS last
        ON true
$$;

COMMENT ON FUNCTION @extschema@._analytics_next_tick() IS
    'The number of the next tick, and where it is made. The number skips a thousand million after a failover or a '
    'restore: a reader may have read ticks that are lost.';

CREATE FUNCTION @extschema@._analytics_tick() RETURNS bigint
    LANGUAGE plpgsql VOLATILE
    SET row_security = off -- an error if policies restrict the owner, instead of a gap
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    most_rows CONSTANT integer := 10000; -- some seconds of a busy database; the next tick has the rest
    next record;
BEGIN
    PERFORM @extschema@._analytics_require_tables();
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'active_sql_transaction',
            MESSAGE = 'analytics_tick needs isolation level READ COMMITTED',
            DETAIL = 'An older snapshot might not see the tick before this one.';
    END IF;
    LOCK TABLE @extschema@.analytics_ticks IN SHARE UPDATE EXCLUSIVE MODE; -- the tick before this one has committed
    -- Nobody may read a tick that a crash of the server takes back.
    IF current_setting('synchronous_commit') = 'off' THEN
        PERFORM set_config('synchronous_commit', 'on', true);
    END IF;
    SELECT n.tick, n.history INTO next FROM @extschema@._analytics_next_tick() AS n;
    UPDATE @extschema@.analytics_outbox AS o SET tick = next.tick
    WHERE o.ctid = ANY (ARRAY(SELECT u.ctid FROM @extschema@.analytics_outbox AS u WHERE u.tick IS NULL
                              ORDER BY u.number LIMIT most_rows));
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    INSERT INTO @extschema@.analytics_ticks (tick, history) VALUES (next.tick, next.history);
    RETURN next.tick;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_tick() IS 'Does the work of analytics_tick.';

CREATE FUNCTION @extschema@.analytics_tick() RETURNS bigint
    LANGUAGE c VOLATILE
    AS 'MODULE_PATHNAME', 'analytics_as_owner';

COMMENT ON FUNCTION @extschema@.analytics_tick() IS
    'Makes a tick: what was committed before it can be read from feeds once it is committed. '
    'Returns the tick''s number, or null if there was nothing new. '
    'A tick has at most 10000 rows of the outbox, so call it again after one that was not null. '
    'Ticks wait for one another to the end of the transaction, so commit at once; nobody else waits. '
    'Needs isolation level READ COMMITTED, else SQLSTATE 25001. Runs with the rights of the tables'' owner.';

CREATE FUNCTION @extschema@._analytics_register_feed(
    name text, source text, topic text, event_types text[], tenant_id text, key text, format text, since text,
    keep interval, every interval) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    complaint text;
BEGIN
    PERFORM @extschema@._analytics_require_tables();
    complaint := CASE
        WHEN name IS NULL OR name !~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$'
            THEN 'name: 1 to 63 letters, digits, dots, hyphens and underscores, not first a dot, hyphen or underscore'
        WHEN source IS NULL OR source NOT IN ('events', 'counts', 'dead_letters')
            AND NOT EXISTS (SELECT FROM @extschema@.analytics_projections AS p WHERE p.name = $2)
            THEN 'source must be events, counts, dead_letters, or the name of a projection'
        WHEN source = 'dead_letters' AND (event_types IS NOT NULL OR tenant_id IS NOT NULL)
            THEN 'event_types, tenant_id: a dead letter has neither type nor tenant'
        WHEN source NOT IN ('events', 'counts') AND event_types IS NOT NULL THEN 'event_types: a projection has its own'
        WHEN cardinality(event_types) = 0 THEN 'event_types must not be empty; null stands for all types'
        WHEN EXISTS (SELECT FROM unnest(event_types) AS event_type
                     WHERE coalesce(char_length(event_type), 0) NOT BETWEEN 1 AND 120)
            THEN 'event_types: each must have 1 to 120 characters'
        WHEN char_length(tenant_id) NOT BETWEEN 1 AND 64 THEN 'tenant_id must have 1 to 64 characters'
        WHEN since IS NULL OR since NOT IN ('beginning', 'now') THEN 'since must be beginning or now'
        WHEN keep IS NULL OR keep <= interval '0' OR keep > interval '5000 years'
            THEN 'keep must be a positive interval of at most 5000 years'
        WHEN topic !~ '^[A-Za-z0-9._-]{1,249}$' OR topic IN ('.', '..')
            THEN 'topic: 1 to 249 letters, digits, dots, hyphens and underscores, not . or ..'
        WHEN NOT coalesce(@extschema@._analytics_is_member_path(key), false)
            THEN 'key must be id, tenant, or a path in the payload, like "customer" or "/data/id"'
        WHEN format IS NULL OR format NOT IN ('event', 'cloudevent') THEN 'format must be event or cloudevent'
        WHEN source <> 'events' AND (key <> 'id' OR format <> 'event')
            THEN 'key and format are those of events; other sources have their own'
        WHEN every IS NULL OR every < interval '10 milliseconds' OR every > interval '1 day'
            THEN 'every must be an interval from 10 milliseconds to 1 day'
    END;
    IF complaint IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value', MESSAGE = 'the definition of the feed cannot be used',
            DETAIL = complaint;
    END IF;
    IF EXISTS (SELECT FROM @extschema@.analytics_feeds AS f WHERE f.name = $1) THEN
        RAISE EXCEPTION USING ERRCODE = 'duplicate_object', MESSAGE = format('feed "%s" already exists', name);
    END IF;
    IF source NOT IN ('events', 'counts', 'dead_letters') THEN
        PERFORM @extschema@._analytics_ready_projection(source);
    END IF;
    INSERT INTO @extschema@.analytics_feeds
        (name, source, topic, event_types, tenant_id, key, format, since, keep, every)
    VALUES (name, source, topic, event_types, tenant_id, key, format, since, keep, every);
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_register_feed(
    text, text, text, text[], text, text, text, text, interval, interval) IS
    'The first step of analytics_create_feed. From its commit on, every statement that begins appends to the outbox '
    'what the feed wants.';

CREATE FUNCTION @extschema@._analytics_start_feed(name text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM @extschema@._analytics_require_tables();
    IF NOT EXISTS (SELECT FROM @extschema@.analytics_feeds AS f WHERE f.name = $1) THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('feed "%s" does not exist', name);
    END IF;
    LOOP
        EXIT WHEN @extschema@.analytics_tick() IS NULL; -- and no other session ticks before this one commits
    END LOOP;
    WITH started AS (
        UPDATE @extschema@.analytics_feeds AS f SET start_tick = n.tick
        FROM @extschema@._analytics_next_tick() AS n
        WHERE f.name = $1 AND f.start_tick IS NULL
        RETURNING n.tick, n.history
    )
    INSERT INTO @extschema@.analytics_ticks (tick, history) SELECT s.tick, s.history FROM started AS s;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_start_feed(text) IS
    'The last step of analytics_create_feed, once all transactions have ended that do not know the feed: after the '
    'last tick, the outbox has every change that the feed wants.';

CREATE PROCEDURE @extschema@.analytics_create_feed(
    name text, source text DEFAULT 'events', topic text DEFAULT NULL, event_types text[] DEFAULT NULL,
    tenant_id text DEFAULT NULL, key text DEFAULT 'id', format text DEFAULT 'event', since text DEFAULT 'beginning',
    keep interval DEFAULT '7 days', every interval DEFAULT '1 second')
    LANGUAGE c
    AS 'MODULE_PATHNAME', 'analytics_create_feed';

COMMENT ON PROCEDURE @extschema@.analytics_create_feed(
    text, text, text, text[], text, text, text, text, interval, interval) IS
    'Makes a feed: a sequence of the changes of events, which analytics_read_feed reads from any position on. '
    'event_types and tenant_id: the feed has events of these types and of this tenant; null: of all. '
    'since: where a reader without a position begins, with all events that there are (beginning) or with what changes '
    'from now on (now). keep: how long changes are kept for readers. '
    'topic: the ingestor publishes the feed to this Kafka topic, exactly once, every so often; null: to none. '
    'key: the key of its messages: id, tenant, or a path in the payload, as shapes have it. '
    'format: event (JSON, as over HTTP) or cloudevent (CloudEvents 1.0, the binary mode of Kafka). '
    'Waits for the transactions that are changing events now, and nobody waits for it. '
    'Commits before it waits, so it cannot run in a transaction block (SQLSTATE 25001). '
    'A definition that cannot be used is SQLSTATE 22023, a name that is in use 42710.';

CREATE PROCEDURE @extschema@.analytics_start_feed(name text)
    LANGUAGE c
    AS 'MODULE_PATHNAME', 'analytics_start_feed';

COMMENT ON PROCEDURE @extschema@.analytics_start_feed(text) IS
    'Continues an interrupted analytics_create_feed, and starts a feed again after DROP EXTENSION, during which nobody '
    'notes changes. A feed that has started stays as it is. '
    'It cannot run in a transaction block (SQLSTATE 25001). SQLSTATE 42704: there is no feed of that name.';

CREATE FUNCTION @extschema@.analytics_drop_feed(name text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM @extschema@._analytics_require_tables();
    DELETE FROM @extschema@.analytics_feeds AS f WHERE f.name = $1;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('feed "%s" does not exist', name);
    END IF;
    DELETE FROM @extschema@.analytics_feed_publishers AS p WHERE p.feed = $1;
END
$$;

COMMENT ON FUNCTION @extschema@.analytics_drop_feed(text) IS
    'Drops a feed. Its topic stays as it is. '
    'The next analytics_maintain deletes what no other feed keeps in the outbox. '
    'SQLSTATE 42704: there is no feed of that name.';

CREATE FUNCTION @extschema@._analytics_set_feed_pause(name text, paused_at timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM @extschema@._analytics_require_tables();
    UPDATE @extschema@.analytics_feeds AS f
    SET paused_at = CASE WHEN $2 IS NOT NULL THEN coalesce(f.paused_at, $2) END WHERE f.name = $1;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('feed "%s" does not exist', name);
    END IF;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_set_feed_pause(text, timestamptz) IS
    'Does the work of analytics_pause_feed and analytics_resume_feed.';

CREATE FUNCTION @extschema@.analytics_pause_feed(name text) RETURNS void
    LANGUAGE sql VOLATILE STRICT
    SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT @extschema@._analytics_set_feed_pause($1, clock_timestamp())
$$;

COMMENT ON FUNCTION @extschema@.analytics_pause_feed(text) IS
    'Pauses a feed: its readers get nothing new until analytics_resume_feed. Changes are kept as always, so a pause '
    'that is longer than the feed''s keep lets readers fall behind. SQLSTATE 42704: there is no feed of that name.';

CREATE FUNCTION @extschema@.analytics_resume_feed(name text) RETURNS void
    LANGUAGE sql VOLATILE STRICT
    SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT @extschema@._analytics_set_feed_pause($1, NULL::timestamptz)
$$;

COMMENT ON FUNCTION @extschema@.analytics_resume_feed(text) IS
    'Ends the pause of a feed. SQLSTATE 42704: there is no feed of that name.';

CREATE FUNCTION @extschema@._analytics_feed_drop(range_start timestamptz, range_end timestamptz) RETURNS void
    LANGUAGE sql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $$
    INSERT INTO @extschema@.analytics_outbox
        (first_time, last_time, changes, event_types, ids, times, operations, type_numbers)
    SELECT $1, $2, 1, '{}', '{}', '{}', '{x}', '{}'
    WHERE EXISTS (SELECT FROM @extschema@.analytics_feeds)
$$;

COMMENT ON FUNCTION @extschema@._analytics_feed_drop(timestamptz, timestamptz) IS
    'Notes in the outbox that a partition with this range is dropped, if there is a feed. '
    'The caller has locked the events, so the transactions that have stored some have drawn lower numbers.';

CREATE FUNCTION @extschema@._analytics_maintain_outbox(
    reference timestamptz, item text, OUT rows bigint, OUT items text[], OUT failure text)
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    most_rows CONSTANT integer := 1000;
    last_expired bigint;
BEGIN
    rows := 0;
    IF item IS NULL THEN
        items := '{tick,expired}';
    ELSIF item = 'tick' THEN
        items := CASE WHEN @extschema@._analytics_tick() IS NOT NULL THEN ARRAY[item] END;
    ELSE
        last_expired := (SELECT max(t.tick) FROM @extschema@.analytics_ticks AS t
                         WHERE t.ticked_at <= reference - coalesce(
                             (SELECT max(f.keep) FROM @extschema@.analytics_feeds AS f), interval '0'));
        -- A reader that is at one of these ticks is refused from now on, before its changes go.
        DELETE FROM @extschema@.analytics_ticks AS t WHERE t.tick < last_expired;
        DELETE FROM @extschema@.analytics_outbox AS o
        WHERE o.ctid = ANY (ARRAY(SELECT e.ctid FROM @extschema@.analytics_outbox AS e WHERE e.tick <= last_expired
                                  ORDER BY e.tick, e.number LIMIT most_rows));
        GET DIAGNOSTICS rows = ROW_COUNT;
        items := CASE WHEN rows = most_rows THEN ARRAY[item] END;
    END IF;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_maintain_outbox(timestamptz, text) IS
    'Part of analytics_maintain: makes a tick, so that what nobody reads expires, too, and deletes the changes of '
    'ticks that are older than every feed keeps them, a thousand rows a step.';

REVOKE EXECUTE ON FUNCTION
    @extschema@.analytics_tick(),
    @extschema@._analytics_register_feed(text, text, text, text[], text, text, text, text, interval, interval),
    @extschema@._analytics_start_feed(text),
    @extschema@.analytics_drop_feed(text),
    @extschema@.analytics_pause_feed(text),
    @extschema@.analytics_resume_feed(text) FROM PUBLIC;
REVOKE EXECUTE ON PROCEDURE
    @extschema@.analytics_create_feed(text, text, text, text[], text, text, text, text, interval, interval),
    @extschema@.analytics_start_feed(text) FROM PUBLIC;
