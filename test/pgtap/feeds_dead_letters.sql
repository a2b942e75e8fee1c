-- Feeds of dead letters: each open one comes once, in SQL as JSON, for the dead-letter topic as the record came; a faulty one costs no other.
\ir include/start.psql
\ir include/elsewhere.psql
SELECT * FROM no_plan();
SET TimeZone = 'UTC'; SET DateStyle = 'ISO';
CREATE FUNCTION tap.tick() RETURNS void LANGUAGE plpgsql AS $$ BEGIN WHILE analytics_tick() IS NOT NULL LOOP END LOOP; END $$;
-- Reads to the end, and says which dead letters came, and where it stopped.
CREATE FUNCTION tap.read(feed text, INOUT after text, max_rows integer DEFAULT 1000, OUT letters bigint[]) LANGUAGE plpgsql AS $$
DECLARE
    answer record;
    found_any boolean := true;
BEGIN
    letters := '{}';
    WHILE found_any LOOP
        found_any := false;
        FOR answer IN SELECT * FROM analytics_read_feed(feed, after, max_rows) LOOP
            found_any := true;
            after := answer."position";
            IF answer.operation IS NOT NULL THEN letters := letters || (answer.key ->> 'id')::bigint; END IF;
        END LOOP;
    END LOOP;
END
$$;
CREATE FUNCTION tap.messages(feed text, INOUT after text, max_rows integer DEFAULT 500, OUT keys text[]) LANGUAGE plpgsql AS $$
DECLARE
    answer record;
    found_any boolean := true;
BEGIN
    keys := '{}';
    WHILE found_any LOOP
        found_any := false;
        FOR answer IN SELECT * FROM analytics_dead_letter_messages(feed, after, max_rows) LOOP
            found_any := true;
            IF answer."position" IS DISTINCT FROM after AND answer.header IS NOT NULL THEN keys := keys || answer.key; END IF;
            after := answer."position";
        END LOOP;
    END LOOP;
END
$$;
CREATE FUNCTION tap.refuse(texts text[]) RETURNS void LANGUAGE sql AS $$ SELECT analytics_ingest((SELECT array_agg(convert_to(v, 'UTF8') ORDER BY n) FROM unnest(texts) WITH ORDINALITY AS v (v, n))); $$;

-- What cannot be.
SELECT tap.fails(format($$SELECT _analytics_register_feed('f', 'dead_letters', NULL, %s, 'now', '1 day', '1 second')$$, a), '22023', 'dead letters have neither types, tenant, key nor format: ' || a) FROM unnest(ARRAY[$$'{t}', NULL, 'id', 'event'$$, $$NULL, 't', 'id', 'event'$$, $$NULL, NULL, 'tenant', 'event'$$, $$NULL, NULL, 'id', 'cloudevent'$$]) AS a;

-- Without a feed nothing is kept; a feed begins with what is open.
SELECT tap.refuse('{"{",[],"{}","{",null}') \g /dev/null
UPDATE analytics_dead_letters SET replayed_at = now() WHERE id = 2;
SELECT is_empty('TABLE analytics_outbox', 'no feed, no outbox');
CALL analytics_create_feed('all', 'dead_letters');
CALL analytics_create_feed('new', 'dead_letters', since => 'now');
CALL analytics_create_feed('events');
SELECT results_eq($$SELECT letters FROM tap.read('all', NULL)$$, $$VALUES ('{1,4}'::bigint[])$$, 'the open ones: neither those that were replayed, nor unknown shapes');
SELECT is((tap.read('all', 'beginning', n)).letters, '{1,4}', n || ' a page') FROM generate_series(1, 6) AS n;
SELECT results_eq($$SELECT operation, occurred_at, id, event_type, tenant_id, value::jsonb, key::text FROM analytics_read_feed('all', max_rows => 1)$$,
    $$SELECT 'put', received_at, NULL::uuid, NULL::text, NULL::text, analytics_dead_letter(1), '{"id" : 1}' FROM analytics_dead_letters WHERE id = 1$$, 'as the dead letter''s own function has it');

-- What is stored comes once, whatever stores it.
SELECT after AS all_at FROM tap.read('all', NULL) \gset
SELECT max(tick)::text AS new_at FROM analytics_ticks \gset
SELECT tap.refuse('{"{","{}",[]}') \g /dev/null
INSERT INTO analytics_dead_letters (reason, value) VALUES ('invalid_json', '\x7b00ff'), ('unknown_shape', '{}');
UPDATE analytics_dead_letters SET detail = 'changed' WHERE id = 1;
DELETE FROM analytics_dead_letters WHERE id = 4;
SELECT results_eq('SELECT source, event_types, changes, tenant_id, operations FROM analytics_outbox ORDER BY number', $$VALUES ('dead_letters', '{dead_letters}'::text[], 2, NULL::varchar, '{p,p}'::"char"[]), ('dead_letters', '{dead_letters}', 1, NULL, '{p}')$$, 'a row a statement; neither updates nor deletions nor unknown shapes are noted');
SELECT results_eq('SELECT first_time, last_time, times FROM analytics_outbox ORDER BY number LIMIT 1', 'SELECT received_at, received_at, ARRAY[received_at, received_at] FROM analytics_dead_letters WHERE id = 6', 'with the times of their receipt');
SELECT is((tap.read('all', :'all_at')).letters, '{}', 'before a tick nothing is new');
SELECT is((tap.read('all', 'beginning')).letters, '{1}', 'and the past has none that comes after it');
SELECT tap.tick() \g /dev/null
SELECT is((tap.read('all', :'all_at', n)).letters, '{5,7,8}', format('%s a page: those that are new', n)) FROM generate_series(1, 4) AS n;
SELECT is((tap.read('new', NULL)).letters, '{5,7,8}', 'a feed from now has the same');
SELECT is((tap.read('all', 'beginning')).letters, '{1,5,7,8}', 'from the beginning all that is open');
SELECT results_eq($$SELECT (value ->> 'value') IS NULL, value ->> 'valueBase64' FROM analytics_read_feed('new') WHERE key ->> 'id' = '8'$$, $$VALUES (true, 'ewD/')$$, 'bytes that are no text are Base64');
UPDATE analytics_dead_letters SET replayed_at = now() WHERE id = 5;
DELETE FROM analytics_dead_letters WHERE id = 8;
SELECT is((tap.read('new', NULL, n)).letters, '{7}', n || ' a page: one that was replayed or purged since does not come') FROM generate_series(1, 3) AS n;
SELECT is((SELECT count(operation) FROM analytics_read_feed('events')), 0::bigint, 'a feed of events has none of it');
SELECT analytics_pause_feed('new') \g /dev/null
SELECT is_empty($$SELECT * FROM analytics_read_feed('new')$$, 'a paused feed has nothing');
SELECT is_empty($$SELECT * FROM analytics_dead_letter_messages('new')$$, 'and no messages');
SELECT analytics_resume_feed('new') \g /dev/null

-- A past that is read while dead letters come: each once.
SELECT "position" AS half FROM analytics_read_feed('all', 'beginning', 1) \gset
SELECT tap.refuse('{"{"}') \g /dev/null
SELECT is((tap.read('all', :'half')).letters, '{7}', 'what has come meanwhile is not in the past');
SELECT tap.tick() \g /dev/null
SELECT is((tap.read('all', :'half')).letters, '{7,10}', 'it is after it');
SELECT (tap.read('all', 'now')).letters \g /dev/null

-- A number that was drawn first and is committed last is not passed by.
SELECT after AS before FROM tap.read('all', 'beginning') \gset
SELECT tap.open_session('other') \g /dev/null
BEGIN;
SELECT tap.refuse('{"{"}') \g /dev/null
SELECT tap.there('other', $$DO 'BEGIN PERFORM analytics_ingest(ARRAY[''[]''::bytea]); END'$$) \g /dev/null
SELECT tap.there('other', $$DO 'BEGIN WHILE analytics_tick() IS NOT NULL LOOP END LOOP; END'$$) \g /dev/null
SELECT is((tap.read('all', :'before')).letters, '{12}', 'the second is quicker');
SELECT after AS between FROM tap.read('all', :'before') \gset
COMMIT;
SELECT tap.tick() \g /dev/null
SELECT is((tap.read('all', :'between')).letters, '{11}', 'the first comes after it');

-- Messages: what the dead-letter topic has of a record.
SELECT after AS before FROM tap.read('all', 'beginning') \gset
SELECT analytics_claim_partition('g', 't-1', 3, 'h', 40) \g /dev/null
SELECT analytics_ingest_kafka('g', 't-1', 3, 1, 40, 44, ARRAY['{', '{}', NULL, '[]']::bytea[], '{40,41,42,43}', ARRAY['k', NULL, NULL, NULL]::bytea[], ARRAY['2025-01-01 00:00:00.5+00', NULL, NULL, NULL]::timestamptz[],
    ARRAY['[{"name":"a","value":"ä"},{"name":"b","base64":"/w=="},{"name":"a","value":null}]', NULL, NULL, NULL]::jsonb[]) \g /dev/null
SELECT tap.refuse('{"{"}') \g /dev/null
INSERT INTO analytics_dead_letters (reason, value) VALUES ('tombstone', NULL), ('invalid_json', '');
SELECT tap.tick() \g /dev/null
CREATE TEMP TABLE told AS SELECT row_number() OVER () AS n, u.* FROM analytics_dead_letter_messages('all', :'before') AS u;
SELECT max(id) AS last FROM analytics_dead_letters \gset
SELECT is(array_agg(key ORDER BY n) FILTER (WHERE header = 'analytics-dead-letter'), ARRAY['t-1-3-40', 't-1-3-43', 'dead-letter-' || :last - 2, 'dead-letter-' || :last - 1, 'dead-letter-' || :last], 'keys: topic-partition-offset, or dead-letter-number') FROM told;
SELECT is(array_agg(value ORDER BY n) FILTER (WHERE header = 'analytics-dead-letter' OR header = 'a' AND value IS NOT NULL), ARRAY['{', NULL, '[]', '{', NULL, '']::bytea[], 'values byte for byte, once a letter; none and an empty one are told apart') FROM told;
SELECT results_eq('SELECT header, header_value FROM told WHERE key = ''t-1-3-40'' ORDER BY n', format($$VALUES ('a'::text, convert_to('ä', 'UTF8')), ('b', '\xff'::bytea), ('a', NULL), ('analytics-dead-letter', %L), ('analytics-reason', 'invalid_json'), ('analytics-detail', 'missing a member name at byte 1'), ('analytics-topic', 't-1'), ('analytics-partition', '3'), ('analytics-offset', '40'), ('analytics-timestamp', '2025-01-01T00:00:00.500000Z'), ('analytics-position', %L)$$, (SELECT id FROM analytics_dead_letters WHERE "offset" = 40), (SELECT min("position") FROM told WHERE key = 't-1-3-40')), 'headers: the record''s own in their order, then ours');
SELECT results_eq(format('SELECT header FROM told WHERE key = %L ORDER BY n', 'dead-letter-' || :last - 2), $$VALUES ('analytics-dead-letter'::text), ('analytics-reason'), ('analytics-detail'), ('analytics-position')$$, 'a letter that did not come from Kafka has fewer');
SELECT is((tap.messages('all', :'before', n)).keys, (SELECT array_agg(key ORDER BY told.n) FILTER (WHERE header = 'analytics-dead-letter') FROM told), n || ' messages a page') FROM generate_series(1, 6) AS n;
SELECT results_eq($$SELECT keys FROM tap.messages('all', 'again')$$, $$SELECT keys FROM tap.messages('all', 'beginning')$$, 'published again, it begins with no message that drops everything');
SELECT tap.fails(format('SELECT analytics_dead_letter_messages(%s)', a), s, 'errors are those of analytics_read_feed: ' || a) FROM (VALUES ($$'none'$$, '42704'), ($$'all', 'x'$$, '22023')) AS v (a, s);

-- Those of which no message can be made say why, and cost no other.
SELECT after AS before FROM tap.messages('all', 'beginning') \gset
INSERT INTO analytics_dead_letters (reason, topic, headers, recorded_at) VALUES ('invalid_json', NULL, '[{"name":"x","base64":"no base64!"}]', NULL), ('invalid_json', NULL, '[{"name":"x","base64":{}}]', NULL), ('invalid_json', NULL, NULL, 'infinity'), ('invalid_json', NULL, '{"name":"no array"}', NULL),
    ('invalid_json', repeat('t', 10000), '[{"name":"ok","value":"1"}, 5, "x", null, [], {"value":"no name"}, {"name":{},"value":[]}]', NULL);
SELECT tap.tick() \g /dev/null
SELECT results_eq(format('SELECT count(DISTINCT "position"), count(header), count(fault) FROM analytics_dead_letter_messages(''all'', %L)', :'before'), $$VALUES (6::bigint, 9::bigint, 3::bigint)$$, 'three have a fault');
SELECT is(count(*), 6::bigint, 'headers that somebody has spoilt are left out') FROM analytics_dead_letter_messages('all', :'before') WHERE key = repeat('t', 10000);
SELECT is(array_agg(analytics_skip_dead_letter("position", fault) ORDER BY "position"), ARRAY[:last + 1, :last + 2, :last + 3]::bigint[], 'they are marked by their positions') FROM analytics_dead_letter_messages('all', :'before') WHERE fault IS NOT NULL;
SELECT is(count(publish_fault), 3::bigint, 'with the reason') FROM analytics_dead_letters;
SELECT results_eq(format('SELECT count(DISTINCT "position"), count(header), count(fault) FROM analytics_dead_letter_messages(''all'', %L)', :'before'), $$VALUES (6::bigint, 9::bigint, 0::bigint)$$, 'and then left out');
SELECT is(cardinality((tap.messages('all', :'before', n)).keys), 2, n || ' a page: one goes on behind them') FROM generate_series(1, 3) AS n;
SELECT is(cardinality((tap.read('all', :'before')).letters), 5, 'a reader in SQL sees them');
SELECT is(analytics_skip_dead_letter("position", 'too large'), 1::bigint, 'one of the past is marked, too') FROM analytics_dead_letter_messages('all', 'beginning', 1) LIMIT 1;
SELECT is(analytics_skip_dead_letter(p, 'x'), NULL, 'no dead letter is there: ' || p) FROM unnest(ARRAY[:'before', '0.0.00000000-0000-0000-0000-0000ffffffff']) AS p;
SELECT after AS before FROM tap.messages('all', :'before') \gset
UPDATE analytics_dead_letters SET publish_fault = NULL WHERE publish_fault = 'too large';
SELECT tap.tick() \g /dev/null
SELECT is((tap.messages('all', :'before')).keys, '{dead-letter-1}', 'one whose fault is taken away is tried again');

-- What becomes a dead letter later comes then: a skipped record that a replay refuses, one whose replay is taken back.
SELECT after AS before FROM tap.read('all', 'beginning') \gset
SELECT tap.refuse('{"{\"colour\":\"red\",\"when\":\"never\"}"}') \g /dev/null
SELECT tap.tick() \g /dev/null
SELECT is((tap.read('all', :'before')).letters, '{}', 'a record of unknown shape is none');
SELECT max(id) AS later FROM analytics_dead_letters \gset
INSERT INTO analytics_shapes (name, event_type, source, required_members, time_member) VALUES ('coloured', 't', 's', '{colour,when}', 'when');
SELECT is(still_refused, 1::bigint, 'its replay refuses it') FROM analytics_replay_dead_letters(reason => 'unknown_shape', ids => ARRAY[:later]::bigint[]);
SELECT is(reason, 'invalid_timestamp', 'for another reason') FROM analytics_dead_letters WHERE id = :later;
SELECT tap.tick() \g /dev/null
SELECT is((tap.read('all', :'before')).letters, ARRAY[:later]::bigint[], 'so it comes');
UPDATE analytics_dead_letters SET replayed_at = now() WHERE id = :later;
SELECT after AS before FROM tap.read('all', 'beginning') \gset
UPDATE analytics_dead_letters SET replayed_at = NULL, received_at = 'infinity' WHERE id = :later;
SELECT tap.tick() \g /dev/null
SELECT is((tap.read('all', :'before')).letters, ARRAY[:later]::bigint[], 'and again, whenever it was received');
DELETE FROM analytics_shapes WHERE name = 'coloured';

-- A page has 4 MiB, and the one that passes it.
SELECT after AS before FROM tap.read('all', 'beginning') \gset
INSERT INTO analytics_dead_letters (reason, value, headers) SELECT 'invalid_json', '[', jsonb_build_array(jsonb_build_object('name', 'h', 'value', repeat('x', 900000))) FROM generate_series(1, 9);
SELECT tap.tick() \g /dev/null
SELECT is(count(DISTINCT "position"), 5::bigint, 'a page of large headers') FROM analytics_dead_letter_messages('all', :'before');
SELECT after AS before FROM tap.read('all', 'beginning') \gset
SELECT analytics_ingest((SELECT array_agg(convert_to('[' || repeat(n::text, 900000), 'UTF8')) FROM generate_series(1, 9) AS n)) \g /dev/null
SELECT tap.tick() \g /dev/null
SELECT is(count(DISTINCT "position"), 5::bigint, 'the first page') FROM analytics_dead_letter_messages('all', :'before');
SELECT is(count(*), 5::bigint, 'as in SQL') FROM analytics_read_feed('all', :'before');
SELECT is(cardinality((tap.messages('all', :'before')).keys), 9, 'and the rest follows');

-- The dead-letter topic: the ingestor makes the feed, once.
SELECT is(analytics_feed_dead_letters('dlq'), NULL, 'registered');
SELECT is(analytics_feed_dead_letters('dlq'), 'dead_letters', 'started');
SELECT is(analytics_feed_dead_letters('dlq'), 'dead_letters', 'it is there');
SELECT is(analytics_feed_dead_letters('other'), NULL, 'another topic is another feed');
SELECT is(analytics_feed_dead_letters('other'), 'dead_letters-' || left(md5('other'), 8), 'with a name of its own');
SELECT results_eq($$SELECT source, topic, since, start_tick IS NOT NULL FROM analytics_feeds WHERE topic IS NOT NULL ORDER BY name$$, $$VALUES ('dead_letters', 'dlq', 'beginning', true), ('dead_letters', 'other', 'beginning', true)$$, 'both begin with what is there');
SELECT tap.fails('SELECT analytics_feed_dead_letters(''no/topic'')', '22023', 'no topic');
SELECT analytics_feed_dead_letters('more' || n) FROM generate_series(1, 12) AS n \g /dev/null
SELECT tap.fails('SELECT analytics_feed_dead_letters(''one too many'')', '53400', 'sixteen, with those of SQL');
SELECT analytics_drop_feed(f.name) FROM analytics_feeds AS f WHERE f.topic LIKE 'more%' \g /dev/null
SELECT results_eq($$SELECT name, topic, source FROM analytics_claim_feeds('h')$$, $$VALUES ('dead_letters', 'dlq', 'dead_letters'), ('dead_letters-795f3202', 'other', 'dead_letters')$$, 'an ingestor claims them');

-- What a release before has published, a feed with a topic does not begin with.
UPDATE analytics_dead_letters SET published_at = now() WHERE id <> 7;
SELECT is((tap.messages('dead_letters', NULL)).keys, '{dead-letter-7}', 'the only one that was not published');
SELECT ok(cardinality((tap.read('all', 'beginning')).letters) > 1, 'a reader in SQL begins with all');

-- While a transaction changes dead letters that may not know of the feed, it does not start.
SELECT analytics_drop_feed('dead_letters') \g /dev/null
SELECT tap.there('other', 'BEGIN') \g /dev/null
SELECT tap.there('other', 'LOCK TABLE analytics_dead_letters IN ROW EXCLUSIVE MODE') \g /dev/null
SELECT is(analytics_feed_dead_letters('dlq'), NULL, 'registered again');
SET lock_timeout = '200ms';
SELECT tap.fails('SELECT analytics_feed_dead_letters(''dlq'')', '55P03', 'it waits');
RESET lock_timeout;
SELECT tap.there('other', 'ROLLBACK') \g /dev/null
SELECT is(analytics_feed_dead_letters('dlq'), 'dead_letters', 'and starts then');

SELECT * FROM finish();
