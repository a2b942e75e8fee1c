/* Publishing feeds to Kafka: which ingestor publishes which feed, and what its messages are. See doc/design/feeds.md.
 *
 * A claim only keeps two ingestors from publishing a feed in turns. That each change is published exactly once does
 * not depend on it: Kafka refuses the earlier of two producers with one transactional id, and the position is committed
 * in the same transaction of Kafka as the messages. What is reported here is for people and for monitoring. */

CREATE FUNCTION @extschema@.analytics_has_feeds() RETURNS boolean
    LANGUAGE c STABLE
    AS 'MODULE_PATHNAME', 'analytics_as_owner';

CREATE FUNCTION @extschema@._analytics_has_feeds() RETURNS boolean
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM @extschema@._analytics_require_tables();
    RETURN EXISTS (SELECT FROM @extschema@.analytics_feeds);
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_has_feeds() IS 'Does the work of analytics_has_feeds.';

COMMENT ON FUNCTION @extschema@.analytics_has_feeds() IS
    'Whether there is a feed: then analytics_tick should be called regularly. Runs with the rights of the tables'' '
    'owner.';

CREATE FUNCTION @extschema@.analytics_tick_feeds() RETURNS boolean
    LANGUAGE c VOLATILE
    AS 'MODULE_PATHNAME', 'analytics_as_owner';

CREATE FUNCTION @extschema@._analytics_tick_feeds() RETURNS boolean
    LANGUAGE plpgsql VOLATILE
    SET row_security = off -- as in _analytics_tick
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF NOT @extschema@._analytics_has_feeds() THEN
        RETURN false;
    END IF;
    IF EXISTS (SELECT FROM @extschema@.analytics_outbox AS o WHERE o.tick IS NULL) THEN
        PERFORM @extschema@._analytics_tick();
    END IF;
    RETURN true;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_tick_feeds() IS 'Does the work of analytics_tick_feeds.';

COMMENT ON FUNCTION @extschema@.analytics_tick_feeds() IS
    'Makes a tick if there is something new, and returns whether there is a feed. The ingestor calls it some times a '
    'second. A call that finds nothing new locks and writes nothing. Runs with the rights of the tables'' owner.';

CREATE FUNCTION @extschema@.analytics_claim_feeds(
    publisher text, names text[] DEFAULT NULL, feeds text[] DEFAULT NULL, generations bigint[] DEFAULT NULL,
    positions text[] DEFAULT NULL, faults text[] DEFAULT NULL,
    OUT name text, OUT epoch bigint, OUT generation bigint, OUT begin_at text, OUT takes_over boolean,
    OUT "position" text, OUT topic text, OUT every_ms bigint, OUT fault text, OUT ticks_behind bigint,
    OUT seconds_behind double precision, OUT oldest_seconds double precision, OUT key text, OUT claimed_by text,
    OUT claimed_seconds double precision, OUT source text)
    RETURNS SETOF record
    LANGUAGE c VOLATILE
    AS 'MODULE_PATHNAME', 'analytics_as_owner';

CREATE FUNCTION @extschema@._analytics_claim_feeds(
    publisher text, names text[] DEFAULT NULL, feeds text[] DEFAULT NULL, generations bigint[] DEFAULT NULL,
    positions text[] DEFAULT NULL, faults text[] DEFAULT NULL,
    OUT name text, OUT epoch bigint, OUT generation bigint, OUT begin_at text, OUT takes_over boolean,
    OUT "position" text, OUT topic text, OUT every_ms bigint, OUT fault text, OUT ticks_behind bigint,
    OUT seconds_behind double precision, OUT oldest_seconds double precision, OUT key text, OUT claimed_by text,
    OUT claimed_seconds double precision, OUT source text)
    RETURNS SETOF record
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    patience CONSTANT interval := '10 seconds'; -- with a publisher that shows no sign of life
    heartbeat CONSTANT interval := '2 seconds';
    most_ticks CONSTANT integer := 100000;      -- are counted
BEGIN
    PERFORM @extschema@._analytics_require_tables();
    -- What the publisher reports, and that it is alive; the latter is written now and then.
    UPDATE @extschema@.analytics_feed_publishers AS p
    SET "position" = coalesce(r."position", p."position"),
        published_at = CASE WHEN r."position" IS DISTINCT FROM p."position" THEN clock_timestamp()
                            ELSE p.published_at END,
        takes_over = p.takes_over AND r."position" IS NULL,
        fault = coalesce(r.fault, p.fault)
    FROM ROWS FROM (unnest($3), unnest($4), unnest($5), unnest($6)) AS r (feed, generation, "position", fault)
    WHERE p.publisher = $1 AND p.feed = r.feed AND p.generation = r.generation
        AND (coalesce(r."position", p."position") IS DISTINCT FROM p."position"
             OR coalesce(r.fault, p.fault) IS DISTINCT FROM p.fault);
    UPDATE @extschema@.analytics_feed_publishers AS p SET heartbeat_at = clock_timestamp()
    WHERE p.publisher = $1 AND p.heartbeat_at < clock_timestamp() - heartbeat;
    -- What it does not want, or no longer.
    UPDATE @extschema@.analytics_feed_publishers AS p SET publisher = NULL
    WHERE p.publisher = $1
        AND NOT EXISTS (SELECT FROM @extschema@.analytics_feeds AS f
                        WHERE f.name = p.feed AND f.topic IS NOT NULL AND f.start_tick IS NOT NULL
                            AND (names IS NULL OR f.name = ANY (names)));
    -- Feeds that are new, and such with the name of one that is gone.
    INSERT INTO @extschema@.analytics_feed_publishers (feed)
    SELECT f.name FROM @extschema@.analytics_feeds AS f
    WHERE f.topic IS NOT NULL AND f.start_tick IS NOT NULL AND (names IS NULL OR f.name = ANY (names))
        AND NOT EXISTS (SELECT FROM @extschema@.analytics_feed_publishers AS p WHERE p.feed = f.name)
    ON CONFLICT DO NOTHING;
    UPDATE @extschema@.analytics_feed_publishers AS p
    SET generation = DEFAULT, begin_at = NULL, takes_over = false, publisher = NULL, "position" = NULL,
        published_at = NULL, fault = NULL, created_at = clock_timestamp()
    FROM @extschema@.analytics_feeds AS f WHERE f.name = p.feed AND f.created_at > p.created_at;
    -- What nobody publishes.
    UPDATE @extschema@.analytics_feed_publishers AS p
    SET epoch = p.epoch + 1, publisher = $1, heartbeat_at = clock_timestamp()
    FROM @extschema@.analytics_feeds AS f
    WHERE $1 IS NOT NULL AND f.name = p.feed AND f.topic IS NOT NULL AND f.start_tick IS NOT NULL
        AND (names IS NULL OR f.name = ANY (names))
        AND p.publisher IS DISTINCT FROM $1
        AND (p.publisher IS NULL OR p.heartbeat_at < clock_timestamp() - patience);
    RETURN QUERY
    SELECT f.name, p.epoch, p.generation, p.begin_at, p.takes_over, p."position", f.topic,
           (extract(epoch FROM f.every) * 1000)::bigint, p.fault,
           CASE WHEN at.tick IS NOT NULL THEN behind.ticks END,
           CASE WHEN at.tick IS NOT NULL THEN coalesce(behind.seconds, 0) END,
           extract(epoch FROM clock_timestamp() - oldest.ticked_at)::double precision,
           f.key, p.publisher, extract(epoch FROM clock_timestamp() - p.heartbeat_at)::double precision, f.source
    FROM @extschema@.analytics_feed_publishers AS p
    JOIN @extschema@.analytics_feeds AS f ON f.name = p.feed
    CROSS JOIN LATERAL (
        SELECT CASE WHEN p."position" ~ '^\d+$' THEN p."position"::bigint + 1 -- the first that is not published
                    WHEN p."position" ~ '^\d+\.' THEN split_part(p."position", '.', 1)::bigint END) AS at (tick)
    LEFT JOIN LATERAL (
        SELECT count(*),
               extract(epoch FROM clock_timestamp() - min(n.ticked_at))::double precision
        FROM (SELECT t.ticked_at FROM @extschema@.analytics_ticks AS t
              WHERE t.tick >= at.tick ORDER BY t.tick LIMIT most_ticks) AS n) AS behind (ticks, seconds) ON true
    LEFT JOIN LATERAL (
        SELECT t.ticked_at FROM @extschema@.analytics_ticks AS t ORDER BY t.tick LIMIT 1) AS oldest ON true
    WHERE p.publisher = $1
        OR $1 IS NULL AND f.topic IS NOT NULL AND f.start_tick IS NOT NULL
            AND (names IS NULL OR f.name = ANY (names))
    ORDER BY f.name;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_claim_feeds(text, text[], text[], bigint[], text[], text[]) IS
    'Does the work of analytics_claim_feeds.';

COMMENT ON FUNCTION @extschema@.analytics_claim_feeds(text, text[], text[], bigint[], text[], text[]) IS
    'Claims for an ingestor the feeds with a topic that nobody publishes, or whose publisher has shown no sign of life '
    'for ten seconds; keeps those that it has, and gives back those that are not among names (null: all). '
    'feeds, generations, positions and faults: how far it is, and why it has stopped. '
    'Returns the feeds that it publishes, with the ticks that are not published (100000 at most), the age of the '
    'oldest of these, and the age of the oldest tick that is kept. '
    'publisher null: claims nothing, and returns all of names, with who publishes each and for how long this publisher '
    'has been silent. '
    'Runs with the rights of the tables'' owner.';

CREATE FUNCTION @extschema@.analytics_feed_messages(
    name text, after text DEFAULT NULL, max_rows integer DEFAULT 5000, max_bytes integer DEFAULT 4194304,
    OUT "position" text, OUT recipients text, OUT key text, OUT value text,
    OUT "content-type" text, OUT "analytics-operation" text, OUT "analytics-position" text, OUT "analytics-time" text,
    OUT "analytics-id" text, OUT "analytics-event-type" text, OUT "analytics-tenant" text,
    OUT ce_specversion text, OUT ce_id text, OUT ce_source text, OUT ce_type text, OUT ce_time text,
    OUT ce_tenantid text)
    RETURNS SETOF record
    LANGUAGE c STABLE
    AS 'MODULE_PATHNAME', 'analytics_as_owner';

CREATE FUNCTION @extschema@._analytics_feed_messages(
    name text, after text DEFAULT NULL, max_rows integer DEFAULT 5000, max_bytes integer DEFAULT 4194304,
    OUT "position" text, OUT recipients text, OUT key text, OUT value text,
    OUT "content-type" text, OUT "analytics-operation" text, OUT "analytics-position" text, OUT "analytics-time" text,
    OUT "analytics-id" text, OUT "analytics-event-type" text, OUT "analytics-tenant" text,
    OUT ce_specversion text, OUT ce_id text, OUT ce_source text, OUT ce_type text, OUT ce_time text,
    OUT ce_tenantid text)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE
    SET row_security = off -- an error if policies restrict the owner, instead of a gap
    SET jit = off
    SET plan_cache_mode = force_custom_plan
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    all_times CONSTANT text := '{"rangeStart" : null, "rangeEnd" : null}';
    feed record;
    path text[];
    is_cloudevent boolean;
BEGIN
    SELECT f.key, f.format INTO feed FROM @extschema@.analytics_feeds AS f WHERE f.name = $1;
    is_cloudevent := feed.format = 'cloudevent';
    IF feed.key NOT IN ('id', 'tenant') THEN
        path := ARRAY['payload'] || CASE WHEN feed.key ~ '^/' THEN
            (SELECT array_agg(replace(replace(s.step, '~1', '/'), '~0', '~') ORDER BY s.place)
             FROM unnest(string_to_array(substr(feed.key, 2), '/')) WITH ORDINALITY AS s (step, place))
            ELSE ARRAY[feed.key] END;
    END IF;
    IF after = 'again' THEN
        RETURN QUERY
        SELECT 'beginning', 'all', all_times, all_times, 'application/json', 'drop',
               'beginning', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL;
        RETURN;
    END IF;
    RETURN QUERY
    SELECT r."position",
           CASE WHEN r.operation = 'drop' OR r.operation = 'delete' AND path IS NOT NULL THEN 'all'
                WHEN r.operation IS NOT NULL THEN 'key' END,
           CASE WHEN r.operation = 'drop' THEN r.value::text -- a compacted topic refuses messages without a key
                WHEN r.key IS NOT NULL THEN r.key::text -- of a projection's row
                WHEN path IS NOT NULL THEN r.value #>> path
                WHEN feed.key = 'tenant' THEN r.tenant_id
                ELSE r.id::text END,
           CASE WHEN is_cloudevent AND r.operation = 'put' THEN r.value ->> 'payload' ELSE r.value::text END,
           CASE WHEN r.value IS NOT NULL THEN 'application/json' END,
           r.operation,
           r."position",
           CASE WHEN r.operation = 'delete' OR NOT is_cloudevent THEN
                @extschema@._analytics_instant_text(r.occurred_at) END,
           CASE WHEN r.operation = 'delete' THEN r.id::text END,
           CASE WHEN r.operation = 'delete' THEN r.event_type END,
           CASE WHEN r.operation = 'delete' THEN r.tenant_id END,
           CASE WHEN is_cloudevent AND r.operation = 'put' THEN '1.0' END,
           CASE WHEN is_cloudevent AND r.operation = 'put' THEN r.id::text END,
           CASE WHEN is_cloudevent AND r.operation = 'put' THEN r.value ->> 'source' END,
           CASE WHEN is_cloudevent AND r.operation = 'put' THEN r.event_type END,
           CASE WHEN is_cloudevent AND r.operation = 'put' THEN
                @extschema@._analytics_instant_text(r.occurred_at) END,
           CASE WHEN is_cloudevent AND r.operation = 'put' THEN r.tenant_id END
    FROM (SELECT c.*, sum(octet_length(c.value::text)) OVER (ROWS UNBOUNDED PRECEDING) AS bytes
          FROM @extschema@.analytics_read_feed($1, $2, $3) AS c) AS r
    WHERE coalesce(r.bytes - octet_length(r.value::text), r.bytes, 0) < max_bytes;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_feed_messages(text, text, integer, integer) IS
    'Does the work of analytics_feed_messages.';

COMMENT ON FUNCTION @extschema@.analytics_feed_messages(text, text, integer, integer) IS
    'The changes of a feed after a position as messages for Kafka, in order: as analytics_read_feed, and '
    'at most max_bytes of values, which the last may exceed. after: also again, a message that drops everything, '
    'after which the feed goes on from the beginning. '
    'recipients: key (the partition of the key), all (every partition), or null: the row has a position alone. '
    'The columns behind value are the message''s headers by their names; null: it has no such header. '
    'Runs with the rights of the tables'' owner.';

CREATE FUNCTION @extschema@.analytics_republish_feed(name text, after text DEFAULT 'beginning') RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    begin_at text := CASE $2 WHEN 'beginning' THEN 'again' ELSE $2 END;
BEGIN
    PERFORM @extschema@._analytics_require_tables();
    IF after IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value', MESSAGE = 'after must be beginning, now, or a position of the feed';
    END IF;
    IF NOT EXISTS (SELECT FROM @extschema@.analytics_feeds AS f WHERE f.name = $1 AND f.topic IS NOT NULL) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'undefined_object', MESSAGE = format('feed "%s" does not exist, or has no topic', name);
    END IF;
    PERFORM FROM @extschema@._analytics_feed_start($1, $2); -- refuses positions that the feed does not have
    IF after = 'now' THEN
        begin_at := (SELECT max(t.tick) FROM @extschema@.analytics_ticks AS t)::text;
    END IF;
    DELETE FROM @extschema@.analytics_feed_publishers AS p WHERE p.feed = $1;
    INSERT INTO @extschema@.analytics_feed_publishers (feed, begin_at, takes_over) VALUES ($1, begin_at, true);
END
$$;

COMMENT ON FUNCTION @extschema@.analytics_republish_feed(text, text) IS
    'Publishes a feed to its topic again. after: beginning (a message that drops everything, and then all events that '
    'there are), now (changes since are missing in the topic), or a position of the feed. '
    'Continues a feed that has stopped, because its position is older than what is kept, of another history, or was '
    'committed by another database. '
    'SQLSTATE 42704: there is no such feed with a topic; AN002, 22023: the feed has no such position.';

REVOKE EXECUTE ON FUNCTION
    @extschema@.analytics_tick_feeds(),
    @extschema@.analytics_claim_feeds(text, text[], text[], bigint[], text[], text[]),
    @extschema@.analytics_feed_messages(text, text, integer, integer),
    @extschema@.analytics_republish_feed(text, text) FROM PUBLIC;
