-- Feeds: whatever changes the events, replaying a feed gives exactly the events that it wants, in pages of any size.
\ir include/start.psql
\ir include/elsewhere.psql
SELECT * FROM no_plan();
SET TimeZone = 'UTC'; SET DateStyle = 'ISO';

-- Reads a feed to its end, and applies what it answers to the table tap.copy.
CREATE TABLE tap.copy (occurred_at timestamptz, id uuid, value jsonb, PRIMARY KEY (occurred_at, id));
CREATE TABLE tap.answers (number bigint GENERATED ALWAYS AS IDENTITY, "position" text, operation text, occurred_at timestamptz, id uuid, event_type text, tenant_id text, value json);
CREATE FUNCTION tap.replay(feed text, after text DEFAULT NULL, max_rows integer DEFAULT 1000) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    place text := after;
    answer record;
    found_any boolean := true;
BEGIN
    WHILE found_any LOOP
        found_any := false;
        FOR answer IN SELECT * FROM analytics_read_feed(feed, place, max_rows) LOOP
            found_any := true;
            place := answer."position";
            INSERT INTO tap.answers ("position", operation, occurred_at, id, event_type, tenant_id, value)
            VALUES (answer."position", answer.operation, answer.occurred_at, answer.id, answer.event_type, answer.tenant_id, answer.value);
            IF answer.operation = 'put' THEN
                INSERT INTO tap.copy VALUES (answer.occurred_at, answer.id, answer.value) ON CONFLICT (occurred_at, id) DO UPDATE SET value = excluded.value;
            ELSIF answer.operation = 'delete' THEN
                DELETE FROM tap.copy AS c WHERE c.occurred_at = answer.occurred_at AND c.id = answer.id;
            ELSIF answer.operation = 'drop' THEN
                DELETE FROM tap.copy AS c WHERE c.occurred_at >= (answer.value ->> 'rangeStart')::timestamptz AND c.occurred_at < (answer.value ->> 'rangeEnd')::timestamptz;
            END IF;
        END LOOP;
    END LOOP;
    RETURN place;
END
$$;
CREATE FUNCTION tap.agree(feed text, what text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN NEXT set_eq('SELECT occurred_at, id, value FROM tap.copy',
        format('SELECT e.occurred_at, e.id, _analytics_event_json(e)::jsonb FROM analytics_feeds AS f, LATERAL (SELECT id, event_type, source, occurred_at, ingested_at, tenant_id, payload FROM analytics_events
                WHERE (f.event_types IS NULL OR event_type = ANY (f.event_types)) AND (f.tenant_id IS NULL OR tenant_id = f.tenant_id)) AS e WHERE f.name = %L', feed), feed || ': ' || what);
    -- The same from the beginning, one by one.
    TRUNCATE tap.copy;
    PERFORM tap.replay(feed, 'beginning', 1);
    RETURN NEXT set_eq('SELECT occurred_at, id, value FROM tap.copy',
        format('SELECT e.occurred_at, e.id, _analytics_event_json(e)::jsonb FROM analytics_feeds AS f, LATERAL (SELECT id, event_type, source, occurred_at, ingested_at, tenant_id, payload FROM analytics_events
                WHERE (f.event_types IS NULL OR event_type = ANY (f.event_types)) AND (f.tenant_id IS NULL OR tenant_id = f.tenant_id)) AS e WHERE f.name = %L', feed), feed || ': ' || what || ', from the beginning');
END
$$;
-- What has changed since, once ticked: operations with the number of each.
CREATE FUNCTION tap.news(feed text, after text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(operation || ' ' || count, ', ' ORDER BY operation) FROM (SELECT operation, count(*) FROM analytics_read_feed($1, $2) WHERE operation IS NOT NULL GROUP BY 1) AS _;
$$;
CREATE FUNCTION tap.tick() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    WHILE analytics_tick() IS NOT NULL LOOP END LOOP;
    RETURN (SELECT max(tick) FROM analytics_ticks);
END
$$;
SELECT analytics_create_partition(m, '1 month') FROM generate_series('2025-01-01Z'::timestamptz, '2025-03-01Z', '1 month') AS m \g /dev/null
CREATE FUNCTION tap.id(number int) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$ SELECT lpad(number::text, 32, '0')::uuid $$;
CREATE FUNCTION tap.at(month int) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$ SELECT '2025-01-15 12:00:00+00'::timestamptz + (month - 1) * interval '31 days' $$;
CREATE FUNCTION tap.store(number int, month int DEFAULT 1, type text DEFAULT 'a', tenant text DEFAULT NULL) RETURNS void LANGUAGE sql AS $$
    INSERT INTO analytics_events (id, occurred_at, event_type, source, tenant_id, payload) VALUES (tap.id(number), tap.at(month), type, 's', tenant, '{"n": 1}');
$$;

-- Without a feed nothing is kept.
SELECT tap.store(1), tap.store(2, 2, 'b', 't') \g /dev/null
SELECT is_empty('TABLE analytics_outbox', 'no feed, no outbox');
SELECT is(analytics_tick(), NULL, 'and nothing to tick');
SELECT is_empty('TABLE analytics_ticks', 'so no tick');

-- Definitions.
CREATE FUNCTION tap.refused(arguments text, detail text) RETURNS text LANGUAGE sql AS $$
    SELECT is(f::text, ROW('22023', 'the definition of the feed cannot be used', $2)::text, 'refused: ' || $1)
    FROM tap.failure_of('SELECT _analytics_register_feed(' || $1 || ')') AS f;
$$;
SELECT tap.refused($$'', 'events', NULL, NULL, NULL, 'id', 'event', 'now', '1 day', '1 second'$$, 'name: 1 to 63 letters, digits, dots, hyphens and underscores, not first a dot, hyphen or underscore');
SELECT tap.refused($$'a b', 'events', NULL, NULL, NULL, 'id', 'event', 'now', '1 day', '1 second'$$, 'name: 1 to 63 letters, digits, dots, hyphens and underscores, not first a dot, hyphen or underscore');
SELECT tap.refused($$'f', 'others', NULL, NULL, NULL, 'id', 'event', 'now', '1 day', '1 second'$$, 'source must be events, counts, dead_letters, or the name of a projection');
SELECT tap.refused($$'f', 'events', NULL, '{}', NULL, 'id', 'event', 'now', '1 day', '1 second'$$, 'event_types must not be empty; null stands for all types');
SELECT tap.refused($$'f', 'events', NULL, '{a,NULL}', NULL, 'id', 'event', 'now', '1 day', '1 second'$$, 'event_types: each must have 1 to 120 characters');
SELECT tap.refused($$'f', 'events', NULL, NULL, '', 'id', 'event', 'now', '1 day', '1 second'$$, 'tenant_id must have 1 to 64 characters');
SELECT tap.refused($$'f', 'events', NULL, NULL, NULL, 'id', 'event', 'then', '1 day', '1 second'$$, 'since must be beginning or now');
SELECT tap.refused($$'f', 'events', NULL, NULL, NULL, 'id', 'event', NULL, '1 day', '1 second'$$, 'since must be beginning or now');
SELECT tap.refused($$'f', 'events', NULL, NULL, NULL, 'id', 'event', 'now', '0', '1 second'$$, 'keep must be a positive interval of at most 5000 years');
SELECT tap.refused($$'f', 'events', NULL, NULL, NULL, 'id', 'event', 'now', '6000 years', '1 second'$$, 'keep must be a positive interval of at most 5000 years');
SELECT tap.refused($$'f', 'events', 'a b', NULL, NULL, 'id', 'event', 'now', '1 day', '1 second'$$, 'topic: 1 to 249 letters, digits, dots, hyphens and underscores, not . or ..');
SELECT tap.refused($$'f', 'events', '..', NULL, NULL, 'id', 'event', 'now', '1 day', '1 second'$$, 'topic: 1 to 249 letters, digits, dots, hyphens and underscores, not . or ..');
SELECT tap.refused(format($$'f', 'events', 't', NULL, NULL, %s, 'event', 'now', '1 day', '1 second'$$, k), 'key must be id, tenant, or a path in the payload, like "customer" or "/data/id"') FROM unnest(ARRAY['NULL', $$''$$, $$'/a~'$$]) AS k;
SELECT tap.refused($$'f', 'events', 't', NULL, NULL, 'id', 'avro', 'now', '1 day', '1 second'$$, 'format must be event or cloudevent');
SELECT tap.refused(format($$'f', 'events', 't', NULL, NULL, 'id', 'event', 'now', '1 day', %s$$, e), 'every must be an interval from 10 milliseconds to 1 day') FROM unnest(ARRAY['NULL', $$'9 ms'$$, $$'25 h'$$]) AS e;
SELECT is_empty('TABLE analytics_feeds', 'none was made');
SELECT tap.fails($$CALL analytics_create_feed('f')$$, '25001', 'not in a transaction block');

CALL analytics_create_feed('all');
CALL analytics_create_feed('new', since => 'now');
CALL analytics_create_feed('some', event_types => '{a,c}');
CALL analytics_create_feed('theirs', tenant_id => 't');
SELECT tap.fails($$SELECT _analytics_register_feed('all', 'events', NULL, NULL, NULL, 'id', 'event', 'now', '1 day', '1 second')$$, '42710', 'a name that is in use');
SELECT tap.fails(format('SELECT %s(''none'')', f), '42704', f || ': no such feed') FROM unnest('{analytics_read_feed,analytics_drop_feed,analytics_pause_feed,analytics_resume_feed,_analytics_start_feed}'::text[]) AS f;
SELECT tap.fails($$UPDATE analytics_feeds SET event_types = '{x}' WHERE name = 'some'$$, '55000', 'what a feed wants cannot be changed');
SELECT lives_ok($$UPDATE analytics_feeds SET keep = '8 days' WHERE name = 'some'$$, 'how long it keeps can');
CALL analytics_start_feed('all');
SELECT results_eq('SELECT name, start_tick FROM analytics_feeds ORDER BY start_tick', $$VALUES ('all', 0::bigint), ('new', 1), ('some', 2), ('theirs', 3)$$, 'a feed that has started stays as it is');
SELECT tap.fails(format('SELECT analytics_read_feed(''all'', max_rows => %s)', n), '22023', 'max_rows: ' || n) FROM unnest(ARRAY['0', '10001', 'NULL']) AS n;

-- The past.
SELECT is(tap.news('all', NULL), 'put 2', 'a feed begins with what is there');
SELECT is(tap.news('new', NULL), NULL, 'or with nothing');
SELECT is(tap.news('new', 'beginning'), 'put 2', 'which a reader may change');
SELECT is(tap.news('some', NULL), 'put 1', 'it has the types that it wants');
SELECT is(tap.news('theirs', NULL), 'put 1', 'and the tenant');
SELECT is(tap.news('all', 'now'), NULL, 'now: nothing of it');
SELECT is((SELECT "position" FROM analytics_read_feed('all', 'now')), '3', 'but a position');
SELECT is_empty($$SELECT * FROM analytics_read_feed('all', '3')$$, 'after which nothing is new');
SELECT is((SELECT value::jsonb FROM analytics_read_feed('theirs')  WHERE operation = 'put'), (SELECT _analytics_event_json(e)::jsonb FROM analytics_event(tap.at(2), tap.id(2)) AS e), 'the value is the event, as over HTTP');
SELECT tap.replay('all') \g /dev/null
SELECT tap.agree('all', 'the past');

-- Every statement.
CREATE FUNCTION tap.changes(what text, due text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    before text := (SELECT max(tick) FROM analytics_ticks);
BEGIN
    RETURN NEXT is(tap.news('all', before), NULL, what || ': not before the tick');
    PERFORM tap.tick();
    RETURN NEXT is(tap.news('all', before), due, what);
    RETURN NEXT is(tap.news('new', before), due, what || ', of a feed that began later');
    PERFORM tap.replay('all', before);
    RETURN QUERY SELECT tap.agree('all', what);
    PERFORM tap.tick();
END
$$;
SELECT tap.store(3), tap.store(4, 2, 'b', 't') \g /dev/null
SELECT tap.changes('INSERT', 'put 2');
COPY analytics_events (id, occurred_at, event_type, source, payload) FROM stdin;
00000000-0000-0000-0000-000000000005	2025-01-15 12:00:00+00	c	s	{}
\.
SELECT tap.changes('COPY', 'put 1');
INSERT INTO analytics_events (id, occurred_at, event_type, source, payload) VALUES (tap.id(5), tap.at(1), 'x', 's', '{}'), (tap.id(6), tap.at(1), 'x', 's', '{}') ON CONFLICT DO NOTHING;
SELECT tap.changes('INSERT ON CONFLICT DO NOTHING', 'put 1');
INSERT INTO analytics_events AS e (id, occurred_at, event_type, source, payload) VALUES (tap.id(5), tap.at(1), 'x', 's', '{}'), (tap.id(7), tap.at(1), 'x', 's', '{}') ON CONFLICT (occurred_at, id) DO UPDATE SET payload = '{"u": 1}';
SELECT tap.changes('INSERT ON CONFLICT DO UPDATE', 'put 2');
UPDATE analytics_events SET payload = payload || '{"u": 2}' WHERE event_type = 'a';
SELECT tap.changes('UPDATE', 'put 2');
UPDATE analytics_events SET event_type = 'a' WHERE id = tap.id(4);
SELECT tap.changes('UPDATE of a type', 'put 1');
UPDATE analytics_events SET tenant_id = 'u' WHERE id = tap.id(4);
SELECT tap.changes('UPDATE of a tenant', 'put 1');
UPDATE analytics_events SET occurred_at = tap.at(3) WHERE id = tap.id(4);
SELECT tap.changes('UPDATE of a time: another partition', 'delete 1, put 1');
UPDATE analytics_events SET id = tap.id(40) WHERE id = tap.id(4);
SELECT tap.changes('UPDATE of an id', 'delete 1, put 1');
DELETE FROM analytics_events WHERE id = tap.id(40);
SELECT tap.changes('DELETE', 'delete 1');
SELECT tap.store(8), tap.store(9, 2, 'b', 't') \g /dev/null
DELETE FROM analytics_events WHERE id = tap.id(8);
SELECT tap.changes('stored and gone at once', 'delete 1, put 1');
INSERT INTO analytics_events_2025_01 (id, occurred_at, event_type, source, payload) VALUES (tap.id(10), tap.at(1), 'a', 's', '{}');
SELECT tap.changes('a partition that is named', 'put 1');
MERGE INTO analytics_events AS e USING (VALUES (9), (11)) AS v (n) ON e.id = tap.id(v.n) WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (id, occurred_at, event_type, source, payload) VALUES (tap.id(v.n), tap.at(2), 'm', 's', '{}');
SELECT tap.changes('MERGE', 'delete 1, put 1');
SELECT stored FROM analytics_ingest(ARRAY(SELECT tap.event(i::text, '2025-02-03T00:00:00Z', 't' || i % 3, (ARRAY['t', 'u', NULL])[1 + i % 3]) FROM generate_series(1, 2500) AS i)) \g /dev/null
SELECT is((SELECT array_agg(changes ORDER BY changes) FROM analytics_outbox WHERE tick IS NULL), '{833,833,834}'::integer[], 'a row of the outbox a tenant');
SELECT tap.tick() \g /dev/null
SELECT is((SELECT count(*) FROM analytics_read_feed('theirs', (SELECT max(tick) - 1 FROM analytics_ticks)::text, 10000) WHERE operation = 'put'), 833::bigint, 'ingested');
INSERT INTO analytics_events (occurred_at, event_type, source, payload) SELECT tap.at(3) + i * interval '1 second', 'many', 's', '{}' FROM generate_series(1, 2500) AS i;
SELECT is((SELECT array_agg(changes ORDER BY number) FROM analytics_outbox WHERE tick IS NULL), '{1000,1000,500}'::integer[], 'and more for many');
BEGIN;
INSERT INTO analytics_events (occurred_at, event_type, source, payload) VALUES (tap.at(1), 'no', 's', '{}');
SAVEPOINT s;
DELETE FROM analytics_events;
ROLLBACK TO s;
ROLLBACK;
SELECT is((SELECT count(*) FROM analytics_outbox WHERE tick IS NULL), 3::bigint, 'what is rolled back is not in it');
TRUNCATE tap.copy;
SELECT tap.tick(), tap.replay('all') \g /dev/null
SELECT tap.agree('all', 'many');
SELECT tap.tick(), max(tick) AS before FROM analytics_ticks \gset
DELETE FROM analytics_events WHERE event_type IN ('many', 't0', 't1', 't2');
SELECT tap.tick(), tap.replay('all', :'before') \g /dev/null
SELECT tap.agree('all', 'many that are gone');

-- Filters: what leaves them is deleted, what comes into them is put.
SELECT tap.store(20, 1, 'a', 't') \g /dev/null
SELECT tap.tick() AS before \gset
UPDATE analytics_events SET event_type = 'b' WHERE id = tap.id(20);
SELECT tap.tick() AS after \gset
SELECT is(ARRAY[tap.news('all', :'before'), tap.news('some', :'before'), tap.news('theirs', :'before')], '{put 1,delete 1,put 1}'::text[], 'another type');
UPDATE analytics_events SET tenant_id = 'u' WHERE id = tap.id(20);
SELECT tap.tick() AS then \gset
SELECT is(ARRAY[tap.news('all', :'after'), tap.news('some', :'after'), tap.news('theirs', :'after')], '{put 1,NULL,delete 1}'::text[], 'another tenant');
UPDATE analytics_events SET tenant_id = 't', event_type = 'c' WHERE id = tap.id(20);
SELECT tap.tick() \g /dev/null
SELECT is(ARRAY[tap.news('all', :'then'), tap.news('some', :'then'), tap.news('theirs', :'then')], '{put 1,put 1,put 1}'::text[], 'back again');
TRUNCATE tap.copy;
SELECT tap.replay('some', NULL, 2) \g /dev/null
SELECT tap.agree('some', 'types');
TRUNCATE tap.copy;
SELECT tap.replay('theirs', NULL, 2) \g /dev/null
SELECT tap.agree('theirs', 'a tenant');
TRUNCATE tap.copy;
SELECT tap.replay('all') \g /dev/null

-- A trigger that stores again what is deleted: its change is noted before that of the statement that fired it.
CREATE FUNCTION tap.stays() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO analytics_events SELECT OLD.*; RETURN NULL; END $$;
CREATE TRIGGER a_stays AFTER DELETE ON analytics_events FOR EACH ROW WHEN (OLD.event_type = 'c') EXECUTE FUNCTION tap.stays();
DELETE FROM analytics_events WHERE id = tap.id(20);
SELECT is(count(*), 1::bigint, 'the event is there') FROM analytics_events WHERE id = tap.id(20);
SELECT tap.tick(), tap.replay('all', :'then') \g /dev/null
SELECT tap.agree('all', 'deleted and stored again');
DROP TRIGGER a_stays ON analytics_events;

-- TRUNCATE deletes every event.
SELECT tap.tick() AS before \gset
TRUNCATE analytics_events_2025_02;
SELECT tap.tick() \g /dev/null
SELECT is(tap.news('all', :'before'), 'delete 2', 'TRUNCATE of a partition');
SELECT tap.replay('all', :'before') \g /dev/null
SELECT tap.agree('all', 'TRUNCATE');

-- Retention drops partitions, and a feed has one row for it.
SELECT tap.tick() AS before \gset
SELECT tap.store(30, 2) \g /dev/null
SELECT _analytics_drop_partition('analytics_events_2025_02', '2025-03-01Z') \g /dev/null
SELECT analytics_create_partition('2025-02-01Z', '1 month') \g /dev/null
SELECT tap.store(31, 2) \g /dev/null
SELECT tap.tick() \g /dev/null
SELECT results_eq(format('SELECT operation, id, value::text FROM analytics_read_feed(%L, %L) WHERE operation IS NOT NULL', name, :'before'), $$VALUES ('drop', NULL, '{"rangeStart" : "2025-02-01T00:00:00Z", "rangeEnd" : "2025-03-01T00:00:00Z"}'), ('put', tap.id(31), _analytics_event_json((SELECT e FROM analytics_event(tap.at(2), tap.id(31)) AS e))::text)$$, name || ': a partition was dropped') FROM analytics_feeds WHERE name <> 'theirs';
SELECT is(tap.news('theirs', :'before'), 'drop 1', 'also where a feed wants none of its events');
SELECT tap.replay('all', :'before') \g /dev/null
SELECT tap.agree('all', 'a partition is dropped');
SELECT count(*) AS ranges FROM analytics_retain('1 hour', false) WHERE partition IS NOT NULL \gset
SELECT tap.tick() AS after \gset
SELECT is((SELECT count(*) FROM analytics_read_feed('all', (:after - 1)::text) WHERE operation = 'drop'), :ranges::bigint, 'analytics_retain');
SELECT tap.replay('all', (:after - 1)::text) \g /dev/null
SELECT tap.agree('all', 'all partitions are dropped');
SELECT analytics_create_partition(m, '1 month') FROM generate_series('2025-01-01Z'::timestamptz, '2025-03-01Z', '1 month') AS m \g /dev/null

-- Positions.
SELECT tap.fails(format('SELECT analytics_read_feed(''all'', %L)', p), '22023', 'no position: ' || p) FROM unnest('{"",x,1.2,-1,1.2.3.4,1.2.x,99999999999999999999,1.1.99999999999,1.2.00000000-0000-0000-0000-00000000000g,Beginning}'::text[]) AS p;
SELECT is(f::text, ROW('22023', 'feed "all" has no such position', format('The last position is %s. The position is one of another database, or of a later state that a restore or a failover has lost.', (SELECT max(tick) FROM analytics_ticks)))::text, 'a position ahead') FROM tap.failure_of($$SELECT analytics_read_feed('all', '123456')$$) AS f;
SELECT tap.store(50 + i) FROM generate_series(1, 5) AS i \g /dev/null
SELECT tap.tick() AS before \gset
TRUNCATE tap.answers;
SELECT tap.replay('all', (:before - 1)::text, 2) AS last \gset
SELECT is(:'last', :'before'::text, 'a reader that has all is at the end of the last tick');
SELECT is((SELECT count(DISTINCT "position") FROM tap.answers), count(*), 'every row has a position of its own') FROM tap.answers;
SELECT results_eq(format($$SELECT operation, id FROM analytics_read_feed('all', %L) WHERE operation IS NOT NULL$$, "position"), format('SELECT operation, id FROM tap.answers WHERE operation IS NOT NULL AND number > %s ORDER BY number', number), 'after ' || "position") FROM tap.answers;
CREATE TABLE tap.past AS SELECT * FROM analytics_read_feed('all', 'beginning', 3);
SELECT is(count(*), 3::bigint, 'a page of the past') FROM tap.past WHERE operation = 'put';
UPDATE analytics_events SET payload = '{"changed": true}' WHERE id = (SELECT id FROM tap.past ORDER BY id DESC LIMIT 1) OR id = tap.id(55);
TRUNCATE tap.answers;
SELECT tap.replay('all', (SELECT "position" FROM tap.past ORDER BY id DESC LIMIT 1)) \g /dev/null
SELECT is((SELECT array_agg(id ORDER BY number) FROM tap.answers WHERE operation = 'put'), ARRAY[tap.id(54)], 'the rest of the past, but for what has changed since');
SELECT tap.tick() \g /dev/null
TRUNCATE tap.answers;
SELECT tap.replay('all', (SELECT "position" FROM tap.past ORDER BY id DESC LIMIT 1)) \g /dev/null
SELECT is((SELECT array_agg(id ORDER BY number) FROM tap.answers WHERE operation = 'put'), ARRAY[tap.id(54), tap.id(53), tap.id(55)], 'which comes when it is ticked');

-- The past goes to both ends of time.
CREATE TABLE tap.early PARTITION OF analytics_events FOR VALUES FROM (MINVALUE) TO ('2020-01-01Z');
CREATE TABLE tap.late PARTITION OF analytics_events FOR VALUES FROM ('2100-01-01Z') TO (MAXVALUE);
INSERT INTO analytics_events (occurred_at, event_type, source, payload) VALUES ('-infinity', 'a', 's', '{}'), ('infinity', 'a', 's', '{}'), ('0044-03-15 00:00:00+00 BC', 'a', 's', '{}'), ('9999-12-31 23:59:59.999999+00', 'a', 's', '{}'), ('0001-01-01 00:00:00.000001+00', 'a', 's', '{}');
SELECT tap.tick() \g /dev/null
TRUNCATE tap.copy;
SELECT tap.replay('all', 'beginning', 1) \g /dev/null
SELECT tap.agree('all', 'all of time');

-- A tick.
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT tap.fails('SELECT analytics_tick()', '25001', 'not with an older snapshot');
ROLLBACK;
BEGIN;
SET LOCAL synchronous_commit = off;
SELECT tap.store(60) \g /dev/null
SELECT analytics_tick() \g /dev/null
SELECT is(current_setting('synchronous_commit'), 'on', 'a tick is on disk before anyone sees it');
COMMIT;
SELECT tap.open_session('other') \g /dev/null
BEGIN;
SELECT tap.store(61) \g /dev/null
SELECT tap.there('other', 'DO ''BEGIN PERFORM tap.store(62); END''') \g /dev/null
SELECT isnt(tap.answer_of('other', 'analytics_tick()'), NULL, 'a transaction that stays open');
SELECT is(tap.answer_of('other', $$SELECT string_agg(id::text, ',') FROM analytics_read_feed('all', (SELECT max(tick) - 1 FROM analytics_ticks)::text)$$), tap.id(62)::text, 'holds up its own changes alone');
COMMIT;
SELECT isnt(analytics_tick(), NULL, 'which come in the tick');
SELECT is((SELECT string_agg(id::text, ',') FROM analytics_read_feed('all', (SELECT max(tick) - 1 FROM analytics_ticks)::text)), tap.id(61)::text, 'after its commit');

-- A failover or a restore, after which ticks may be lost that a reader has read.
SELECT tap.tick(), max(tick) AS before FROM analytics_ticks \gset
UPDATE analytics_ticks SET history = 'another' WHERE tick = :before;
SELECT tap.store(65) \g /dev/null
SELECT is(tap.tick(), :before + 1000000000::bigint, 'the next tick of another history has a number that none of the first can have');
SELECT is(tap.news('all', :'before'), 'put 1', 'who has read what is there goes on');
SELECT tap.fails(format($$SELECT analytics_read_feed('all', %L)$$, p), '22023', 'a reader that has read more gets an error: ' || p) FROM unnest(ARRAY[(:before + 1)::text, (:before + 1) || '.1.1', (:before + 1) || '.0.' || tap.id(1)]) AS p;
SELECT tap.store(66) \g /dev/null
SELECT is(tap.tick(), :before + 1000000001::bigint, 'and the one after that follows');

-- A pause.
SELECT tap.tick() AS before \gset
SELECT tap.store(70) \g /dev/null
SELECT tap.tick(), analytics_pause_feed('all'), analytics_pause_feed('all') \g /dev/null
SELECT is_empty(format('SELECT * FROM analytics_read_feed(''all'', %L)', :'before'), 'a paused feed answers nothing');
SELECT is(tap.news('new', :'before'), 'put 1', 'another one does');
SELECT analytics_resume_feed('all') \g /dev/null
SELECT is(tap.news('all', :'before'), 'put 1', 'nothing is lost');

-- Row-level security.
CREATE ROLE analytics_check_tenant;
GRANT USAGE ON SCHEMA tap TO analytics_check_tenant;
GRANT SELECT ON analytics_events, analytics_feeds, analytics_ticks, analytics_outbox TO analytics_check_tenant;
ALTER TABLE analytics_events ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON analytics_events FOR SELECT TO analytics_check_tenant USING (tenant_id = 't');
SELECT tap.store(80, 1, 'a', 't'), tap.store(81, 1, 'a', 'u') \g /dev/null
DELETE FROM analytics_events WHERE id IN (tap.id(80), tap.id(81));
SELECT tap.store(82, 1, 'a', 't'), tap.store(83, 1, 'a', 'u'), tap.tick() \g /dev/null
SET ROLE analytics_check_tenant;
SELECT tap.fails($$SELECT analytics_read_feed('all')$$, '42501', 'a reader whom policies restrict on the events alone');
RESET ROLE;
ALTER TABLE analytics_outbox ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON analytics_outbox FOR SELECT TO analytics_check_tenant USING (tenant_id = 't');
SET ROLE analytics_check_tenant;
SELECT results_eq($$SELECT operation, id FROM analytics_read_feed('all', (SELECT max(tick) - 1 FROM analytics_ticks)::text) WHERE operation IS NOT NULL$$, $$VALUES ('delete', tap.id(80)), ('put', tap.id(82))$$, 'otherwise it reads what it may see');
SELECT results_eq($$SELECT operation, id FROM analytics_read_feed('all', 'beginning') WHERE operation IS NOT NULL$$, $$VALUES ('put', tap.id(82))$$, 'also of the past');
RESET ROLE;
ALTER TABLE analytics_events DISABLE ROW LEVEL SECURITY; ALTER TABLE analytics_outbox DISABLE ROW LEVEL SECURITY;
DROP POLICY own ON analytics_events; DROP POLICY own ON analytics_outbox;
DROP OWNED BY analytics_check_tenant; DROP ROLE analytics_check_tenant;

-- What is kept.
UPDATE analytics_feeds SET keep = '1 day';
UPDATE analytics_ticks SET ticked_at = now() - interval '2 days';
SELECT tap.tick() AS old \gset
SELECT tap.store(90) \g /dev/null
SELECT tap.tick() AS new \gset
CREATE TABLE tap.before AS SELECT "position" FROM analytics_read_feed('all', (:old - 1)::text, 1);
CALL analytics_maintain();
SELECT is(failure, NULL, 'maintained') FROM analytics_maintenance WHERE part = 'outbox';
SELECT results_eq('SELECT DISTINCT tick FROM analytics_outbox', format('VALUES (%s::bigint)', :new), 'older changes are gone');
SELECT results_eq('SELECT tick FROM analytics_ticks ORDER BY 1', format('VALUES (%s::bigint), (%s)', :old, :new), 'with their ticks but for the last');
SELECT is(tap.news('all', :'old'), 'put 1', 'a reader that has read these goes on');
SELECT is(f::text, ROW('AN002', 'the position is older than what feed "all" keeps', format('The oldest position is %s.', :old))::text, 'refused: ' || p)
FROM unnest(ARRAY[(:old - 1)::text, '0', (:old - 1) || '.0.' || tap.id(1), (SELECT "position" FROM tap.before)]) AS p CROSS JOIN LATERAL tap.failure_of(format('SELECT analytics_read_feed(''all'', %L)', p)) AS f;
SELECT is(f.state, 'AN002', 'also the feed''s own beginning, where that was now') FROM tap.failure_of($$SELECT analytics_read_feed('new')$$) AS f;
TRUNCATE tap.copy;
SELECT tap.replay('all') \g /dev/null
SELECT tap.agree('all', 'read again');
SELECT tap.store(91) \g /dev/null
CALL analytics_maintain();
SELECT is(tap.news('all', :'new'), 'put 1', 'maintenance ticks where nobody else does');

-- The feeds go.
SELECT analytics_drop_feed(name) FROM analytics_feeds \g /dev/null
SELECT tap.store(92) \g /dev/null
SELECT is_empty('SELECT FROM analytics_outbox WHERE tick IS NULL', 'without a feed nothing is kept');
CALL analytics_maintain();
SELECT is_empty('TABLE analytics_outbox', 'nor what was');
SELECT is_empty('SELECT * FROM analytics_verify()', 'the counts are right');

-- A feed whose creation was interrupted, and one that is made while a transaction is open.
SELECT _analytics_register_feed('begun', 'events', NULL, NULL, NULL, 'id', 'event', 'now', '1 day', '1 second') \g /dev/null
SELECT tap.fails($$SELECT analytics_read_feed('begun')$$, '55000', 'it is not ready');
CALL analytics_start_feed('begun');
SELECT lives_ok($$SELECT analytics_read_feed('begun')$$, 'it is continued');

-- The extension goes and comes again: nobody has noted what has changed meanwhile.
SELECT tap.tick() AS before \gset
DROP EXTENSION analytics_events CASCADE;
INSERT INTO analytics_events (occurred_at, event_type, source, payload) VALUES ('infinity', 'a', 's', '{}');
CREATE EXTENSION analytics_events;
SELECT tap.fails($$SELECT analytics_read_feed('begun')$$, '55000', 'so a feed stops');
CALL analytics_start_feed('begun');
SELECT tap.store(93), tap.tick() \g /dev/null
SELECT tap.fails(format($$SELECT analytics_read_feed('begun', %L)$$, :'before'), 'AN002', 'earlier positions are too old');
SELECT is(tap.news('begun', NULL), 'put 1', 'and it starts again');
SELECT * FROM finish();
