/* Feeds of dead letters. The outbox has the numbers of those that were stored, and a reader answers each as it is when
 * it is read. See doc/design/feeds.md.
 *
 * A feed has the open dead letters: put, and nothing else. One that is purged, or that a replay has accepted, before it
 * is read is not answered. Objects of unknown shape are skipped records, and no dead letters.
 *
 * The dead-letter topic is such a feed. Its messages have the record's bytes and headers, which no JSON has, so they
 * are made here. If no message can be made of a dead letter, or the broker refuses it for good, it is marked and the
 * feed goes on: the table has it anyway. */

CREATE FUNCTION @extschema@._analytics_dead_letter_number(id uuid) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT ('x' || pg_catalog.right(pg_catalog.replace($1::text, '-', ''), 16))::bit(64)::bigint;
END;

COMMENT ON FUNCTION @extschema@._analytics_dead_letter_number(uuid) IS
    'The number of a dead letter by its id in the outbox and in positions, of which it is the last eight bytes.';

CREATE FUNCTION @extschema@._analytics_dead_letters_past(
    name text, after text, max_rows integer, OUT "position" text, OUT dead_letter bigint)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    start record;
    from_number bigint;
    read bigint;
BEGIN
    SELECT s.*, f.topic INTO start FROM @extschema@._analytics_feed_start($1, $2) AS s
    JOIN @extschema@.analytics_feeds AS f ON f.name = $1;
    from_number := coalesce(@extschema@._analytics_dead_letter_number(start.from_id), -9223372036854775808);
    RETURN QUERY
    WITH read AS MATERIALIZED (
        SELECT d.id, d.received_at, d.published_at FROM @extschema@.analytics_dead_letters AS d
        WHERE d.id > from_number ORDER BY d.id LIMIT max_rows
    ), rows AS ( -- come after the past
        SELECT o.ids, o.first_time, o.last_time FROM @extschema@.analytics_outbox AS o
        WHERE o.tick > start.from_tick AND o.source = 'dead_letters'
        UNION ALL
        SELECT o.ids, o.first_time, o.last_time FROM @extschema@.analytics_outbox AS o
        WHERE o.tick IS NULL AND o.source = 'dead_letters'
    ), later AS MATERIALIZED (
        SELECT DISTINCT @extschema@._analytics_dead_letter_number(i.id) AS id
        FROM (SELECT min(r.received_at) AS low, max(r.received_at) AS high FROM read AS r) AS page
        JOIN rows AS o ON o.first_time <= page.high AND o.last_time >= page.low
        CROSS JOIN LATERAL unnest(o.ids) AS i (id)
    )
    SELECT concat_ws('.', start.from_tick, 0, lpad(to_hex(r.id), 32, '0')::uuid),
           CASE WHEN l.id IS NULL AND (start.topic IS NULL OR r.published_at IS NULL) THEN r.id END
    FROM read AS r LEFT JOIN later AS l ON l.id = r.id ORDER BY r.id;
    GET DIAGNOSTICS read = ROW_COUNT;
    IF read < max_rows THEN
        RETURN QUERY SELECT start.from_tick::text, NULL::bigint;
    END IF;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_dead_letters_past(text, text, integer) IS
    'Part of _analytics_dead_letter_page: the dead letters that there are, in the order of their numbers, without '
    'those that come after the past. A feed with a topic does not begin with what a release before 0.2.0 '
    'has published.';

CREATE FUNCTION @extschema@._analytics_dead_letters_noted(
    name text, after text, max_rows integer, OUT "position" text, OUT dead_letter bigint)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    most_rows CONSTANT integer := 10000; -- of the outbox, of which the feed may want none
    start record;
    outbox record;
    change record;
    found integer := 0;
    rows integer := 0;
BEGIN
    SELECT s.* INTO start FROM @extschema@._analytics_feed_start($1, $2) AS s;
    FOR outbox IN
        SELECT o.tick, o.number, o.changes, CASE WHEN o.source = 'dead_letters' THEN o.ids END AS ids
        FROM @extschema@.analytics_outbox AS o
        WHERE (o.tick, o.number) >= (start.from_tick, start.from_number) AND o.tick <= start.last_tick
        ORDER BY o.tick, o.number LIMIT most_rows
    LOOP
        rows := rows + 1;
        FOR change IN SELECT i.id, i.index FROM unnest(outbox.ids) WITH ORDINALITY AS i (id, index) LOOP
            CONTINUE WHEN (outbox.tick, outbox.number, change.index)
                <= (start.from_tick, start.from_number, start.from_index);
            "position" := concat_ws('.', outbox.tick, outbox.number, change.index);
            dead_letter := @extschema@._analytics_dead_letter_number(change.id);
            RETURN NEXT;
            found := found + 1;
            IF found >= max_rows THEN
                RETURN;
            END IF;
        END LOOP;
    END LOOP;
    "position" := CASE WHEN rows < most_rows THEN start.last_tick::text
                       ELSE concat_ws('.', outbox.tick, outbox.number, outbox.changes) END;
    dead_letter := NULL;
    IF "position" IS DISTINCT FROM after THEN
        RETURN NEXT;
    END IF;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_dead_letters_noted(text, text, integer) IS
    'Part of _analytics_dead_letter_page: the dead letters that the outbox has after a position.';

CREATE FUNCTION @extschema@._analytics_dead_letter_page(
    name text, after text, max_rows integer, OUT "position" text, OUT dead_letter bigint)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    most_bytes CONSTANT bigint := 4 * 1024 * 1024; -- of keys, values and headers; the last one may exceed it
    start record;
BEGIN
    SELECT s.* INTO start FROM @extschema@._analytics_feed_start($1, $2) AS s;
    IF start.is_paused THEN
        RETURN;
    END IF;
    RETURN QUERY
    WITH changes AS (
        SELECT c.* FROM @extschema@._analytics_dead_letters_past($1, $2, max_rows)
            WITH ORDINALITY AS c ("position", dead_letter, place) WHERE start.is_past
        UNION ALL
        SELECT c.* FROM @extschema@._analytics_dead_letters_noted($1, $2, max_rows)
            WITH ORDINALITY AS c ("position", dead_letter, place) WHERE NOT start.is_past
    ), answers AS (
        SELECT c."position", c.place, d.id, sum(coalesce(d.bytes, 0)) OVER (ORDER BY c.place) - coalesce(d.bytes, 0)
                   AS bytes_before, c.place = max(c.place) OVER () AS is_last
        FROM changes AS c LEFT JOIN LATERAL (
            SELECT l.id, coalesce(octet_length(l.value), 0) + coalesce(octet_length(l.headers::text), 0)
                + coalesce(octet_length(l.key), 0) AS bytes
            FROM @extschema@.analytics_dead_letters AS l
            WHERE l.id = c.dead_letter AND l.replayed_at IS NULL AND l.reason <> 'unknown_shape' OFFSET 0) AS d ON true
    )
    SELECT a."position", a.id FROM answers AS a
    WHERE a.bytes_before < most_bytes AND (a.id IS NOT NULL OR a.is_last) ORDER BY a.place;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_dead_letter_page(text, text, integer) IS
    'Part of analytics_read_feed, and of analytics_dead_letter_messages: the open dead letters after a position, at '
    'most max_rows and 4 MiB. The last row may have a position alone.';

CREATE FUNCTION @extschema@._analytics_dead_letter_feed(
    name text, after text, max_rows integer,
    OUT "position" text, OUT operation text, OUT occurred_at timestamptz, OUT id uuid, OUT event_type text,
    OUT tenant_id text, OUT value json, OUT key json)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE
    SET jit = off
    SET plan_cache_mode = force_custom_plan
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    RETURN QUERY
    SELECT p."position", CASE WHEN p.dead_letter IS NOT NULL THEN 'put' END,
           (SELECT d.received_at FROM @extschema@.analytics_dead_letters AS d WHERE d.id = p.dead_letter),
           NULL::uuid, NULL::text, NULL::text, @extschema@.analytics_dead_letter(p.dead_letter)::json,
           CASE WHEN p.dead_letter IS NOT NULL THEN json_build_object('id', p.dead_letter) END
    FROM @extschema@._analytics_dead_letter_page($1, $2, $3) AS p;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_dead_letter_feed(text, text, integer) IS
    'Part of analytics_read_feed: a page of a feed of dead letters, each as analytics_dead_letter has it.';

CREATE FUNCTION @extschema@.analytics_dead_letter_messages(
    name text, after text DEFAULT NULL, max_rows integer DEFAULT 500,
    OUT "position" text, OUT key text, OUT value bytea, OUT header text, OUT header_value bytea, OUT fault text)
    RETURNS SETOF record
    LANGUAGE c STABLE
    AS 'MODULE_PATHNAME', 'analytics_as_owner';

CREATE FUNCTION @extschema@._analytics_dead_letter_messages(
    name text, after text DEFAULT NULL, max_rows integer DEFAULT 500,
    OUT "position" text, OUT key text, OUT value bytea, OUT header text, OUT header_value bytea, OUT fault text)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE
    SET row_security = off -- an error if policies restrict the owner, instead of a gap
    SET jit = off
    SET plan_cache_mode = force_custom_plan
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    largest CONSTANT integer := 100 * 1000 * 1000; -- the publisher's largest message
    dead_letter record;
    names text[];
    contents bytea[];
BEGIN
    FOR dead_letter IN
        SELECT p."position", d.*,
            coalesce(nullif(concat_ws('-', d.topic, d.partition, d."offset"), ''), 'dead-letter-' || d.id) AS place
        FROM @extschema@._analytics_dead_letter_page($1, CASE $2 WHEN 'again' THEN 'beginning' ELSE $2 END, $3)
            WITH ORDINALITY AS p ("position", dead_letter, place)
        LEFT JOIN LATERAL (
            SELECT l.id, l.reason, l.detail, l.value, l.topic, l.partition, l."offset", l.recorded_at, l.headers
            FROM @extschema@.analytics_dead_letters AS l
            WHERE l.id = p.dead_letter AND l.publish_fault IS NULL OFFSET 0) AS d ON true
        ORDER BY p.place
    LOOP
        IF dead_letter.id IS NULL THEN
            RETURN QUERY SELECT dead_letter."position", NULL::text, NULL::bytea, NULL::text, NULL::bytea, NULL::text;
            CONTINUE;
        END IF;
        BEGIN
            IF octet_length(dead_letter.value) > largest THEN
                RAISE EXCEPTION USING
                    ERRCODE = 'program_limit_exceeded', MESSAGE = format('larger than %s bytes', largest);
            END IF;
            SELECT array_agg(h.name ORDER BY h.origin, h.number), array_agg(h.content ORDER BY h.origin, h.number)
            INTO STRICT names, contents
            FROM (
                SELECT 1 AS origin, o.number, o.entry ->> 'name' AS name,
                    CASE WHEN o.entry ? 'base64' THEN decode(o.entry ->> 'base64', 'base64')
                         ELSE convert_to(o.entry ->> 'value', 'UTF8') END AS content
                FROM jsonb_array_elements(
                    CASE WHEN jsonb_typeof(dead_letter.headers) = 'array' THEN dead_letter.headers ELSE '[]' END)
                    WITH ORDINALITY AS o (entry, number)
                WHERE o.entry ->> 'name' IS NOT NULL
                UNION ALL
                SELECT 2, own.number, 'analytics-' || own.name, convert_to(own.text, 'UTF8')
                FROM (VALUES
                    (1, 'dead-letter', dead_letter.id::text),
                    (2, 'reason', dead_letter.reason),
                    (3, 'detail', dead_letter.detail),
                    (4, 'topic', dead_letter.topic),
                    (5, 'partition', dead_letter.partition::text),
                    (6, 'offset', dead_letter."offset"::text),
                    (7, 'timestamp', @extschema@._analytics_iso8601(dead_letter.recorded_at)),
                    (8, 'position', dead_letter."position")
                ) AS own (number, name, text)
                WHERE own.text IS NOT NULL
            ) AS h;
            RETURN QUERY
            SELECT dead_letter."position", dead_letter.place, CASE WHEN p.number = 1 THEN dead_letter.value END,
                p.name, p.content, NULL::text
            FROM unnest(names, contents) WITH ORDINALITY AS p (name, content, number)
            ORDER BY p.number;
        EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
            RETURN QUERY SELECT dead_letter."position", NULL::text, NULL::bytea, NULL::text, NULL::bytea, SQLERRM;
        END;
    END LOOP;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_dead_letter_messages(text, text, integer) IS
    'Does the work of analytics_dead_letter_messages.';

COMMENT ON FUNCTION @extschema@.analytics_dead_letter_messages(text, text, integer) IS
    'The dead letters of a feed after a position as messages for Kafka, in order, at most max_rows and 4 MiB. '
    'A dead letter has a row for each header: first the record''s own headers, then those named analytics-…. '
    'Its first row also has its value. '
    'key: topic-partition-offset, or dead-letter-number for a record that did not come from Kafka. '
    'fault: why no message can be made of it, else null. Without header and fault the row has a position alone. '
    'after: as of analytics_feed_messages. Runs with the rights of the tables'' owner.';

CREATE FUNCTION @extschema@.analytics_skip_dead_letter("position" text, fault text) RETURNS bigint
    LANGUAGE c VOLATILE
    AS 'MODULE_PATHNAME', 'analytics_as_owner';

CREATE FUNCTION @extschema@._analytics_skip_dead_letter("position" text, fault text) RETURNS bigint
    LANGUAGE sql VOLATILE
    SET row_security = off
    SET search_path = pg_catalog, pg_temp
    AS $$
    UPDATE @extschema@.analytics_dead_letters AS d SET publish_fault = $2
    FROM @extschema@._analytics_feed_position($1) AS p
    WHERE d.id = @extschema@._analytics_dead_letter_number(coalesce(p.id, (
        SELECT o.ids[p.index] FROM @extschema@.analytics_outbox AS o
        WHERE o.tick = p.tick AND o.number = p.number AND o.source = 'dead_letters')))
    RETURNING d.id
$$;

COMMENT ON FUNCTION @extschema@._analytics_skip_dead_letter(text, text) IS
    'Does the work of analytics_skip_dead_letter.';

COMMENT ON FUNCTION @extschema@.analytics_skip_dead_letter(text, text) IS
    'Marks the dead letter at this position of a feed with the reason why the dead-letter topic cannot receive it, and '
    'returns its number. From then on analytics_dead_letter_messages leaves it out. '
    'Runs with the rights of the tables'' owner.';

CREATE FUNCTION @extschema@._analytics_await_dead_letter_writers() RETURNS void
    LANGUAGE c VOLATILE
    AS 'MODULE_PATHNAME', 'analytics_await_dead_letter_writers';

COMMENT ON FUNCTION @extschema@._analytics_await_dead_letter_writers() IS
    'Awaits the end of all transactions that are changing dead letters. Nobody waits for this.';

CREATE FUNCTION @extschema@.analytics_feed_dead_letters(topic text) RETURNS text
    LANGUAGE c VOLATILE
    AS 'MODULE_PATHNAME', 'analytics_as_owner';

CREATE FUNCTION @extschema@._analytics_feed_dead_letters(topic text) RETURNS text
    LANGUAGE plpgsql VOLATILE
    SET lock_timeout = '1s' -- for open transactions; ingestors go on and try it again
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    most_feeds CONSTANT integer := 16;
    feed record;
BEGIN
    PERFORM @extschema@._analytics_require_tables();
    SELECT f.name, f.start_tick INTO feed FROM @extschema@.analytics_feeds AS f
    WHERE f.source = 'dead_letters' AND f.topic = $1 ORDER BY f.created_at, f.name LIMIT 1;
    IF feed.name IS NOT NULL THEN
        IF feed.start_tick IS NULL THEN
            PERFORM @extschema@._analytics_await_dead_letter_writers();
            PERFORM @extschema@._analytics_start_feed(feed.name);
        END IF;
        RETURN feed.name;
    END IF;
    IF (SELECT count(*) FROM @extschema@.analytics_feeds AS f WHERE f.source = 'dead_letters') >= most_feeds THEN
        RAISE EXCEPTION USING
            ERRCODE = 'configuration_limit_exceeded',
            MESSAGE = format('there are %s feeds of dead letters already', most_feeds),
            HINT = 'Drop those that nobody needs: SELECT analytics_drop_feed(name);';
    END IF;
    PERFORM @extschema@._analytics_register_feed(
        CASE WHEN EXISTS (SELECT FROM @extschema@.analytics_feeds AS f WHERE f.name = 'dead_letters')
             THEN 'dead_letters-' || left(md5($1), 8) ELSE 'dead_letters' END,
        'dead_letters'::text, $1, NULL::text[], NULL::text, 'id'::text, 'event'::text, 'beginning'::text,
        '7 days'::interval, '1 second'::interval);
    RETURN NULL;
EXCEPTION
    WHEN unique_violation OR duplicate_object THEN -- another session has just made it
        RETURN NULL;
    WHEN lock_not_available THEN
        RAISE EXCEPTION USING
            ERRCODE = 'lock_not_available',
            MESSAGE = format('the feed of topic "%s" has not started', topic),
            DETAIL = 'A transaction that has changed dead letters is still open.';
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_feed_dead_letters(text) IS 'Does the work of analytics_feed_dead_letters.';

COMMENT ON FUNCTION @extschema@.analytics_feed_dead_letters(text) IS
    'Makes the dead-letter topic: a feed of dead letters with this topic, if there is none. '
    'Returns its name once it has started. Null: call it again, in another transaction. '
    'SQLSTATE 55P03: a transaction that has changed dead letters is open for longer than a second; 53400: there are '
    'sixteen feeds of dead letters. '
    'The ingestor calls it when ANALYTICS_KAFKA_DLQ_TOPIC is set. Runs with the rights of the tables'' owner.';

/* What published dead letters in 0.1.0. A dump of it grants them, so they are there. */

CREATE FUNCTION @extschema@._analytics_unpublished_dead_letters(
    max_rows integer DEFAULT 500,
    OUT id bigint, OUT key text, OUT value bytea, OUT header text, OUT header_value bytea, OUT fault text)
    RETURNS SETOF record
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT NULL::bigint, NULL::text, NULL::bytea, NULL::text, NULL::bytea, NULL::text WHERE false;
END;

COMMENT ON FUNCTION @extschema@._analytics_unpublished_dead_letters(integer) IS
    'Nothing: analytics_dead_letter_messages has its place. It is there for the grants of dumps of 0.1.0.';

CREATE FUNCTION @extschema@._analytics_mark_dead_letters_published(
    ids bigint[], faulty_ids bigint[] DEFAULT NULL, faults text[] DEFAULT NULL) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT;
END;

COMMENT ON FUNCTION @extschema@._analytics_mark_dead_letters_published(bigint[], bigint[], text[]) IS
    'Does nothing: the position of a feed has its place. It is there for the grants of dumps of 0.1.0.';

REVOKE EXECUTE ON FUNCTION
    @extschema@._analytics_unpublished_dead_letters(integer),
    @extschema@._analytics_mark_dead_letters_published(bigint[], bigint[], text[]),
    @extschema@.analytics_dead_letter_messages(text, text, integer),
    @extschema@.analytics_skip_dead_letter(text, text),
    @extschema@._analytics_await_dead_letter_writers(),
    @extschema@.analytics_feed_dead_letters(text) FROM PUBLIC;
