-- Dead letters: whose record they are, the view, the open count, purging; what the companion topic is told.
\ir include/start.psql
\ir include/elsewhere.psql
SELECT * FROM no_plan();

-- The same record of Kafka makes one letter, whatever group reads it; a record of a topic that was made anew, at an offset used before, makes one of its own.
BEGIN;
ALTER SEQUENCE analytics_dead_letters_id_seq RESTART;
CREATE FUNCTION tap.read(consumer text, offset_ bigint, value bytea, at timestamptz) RETURNS bigint LANGUAGE sql AS $$
    SELECT t FROM analytics_claim_partition(consumer, 't', 0, 'h', offset_) AS t;
    UPDATE analytics_kafka_offsets SET next_offset = offset_ WHERE consumer_group = consumer;
    SELECT b FROM analytics_ingest_kafka(consumer, 't', 0, (SELECT owner_epoch FROM analytics_kafka_offsets WHERE consumer_group = consumer), offset_, offset_ + 1, ARRAY[value], ARRAY[offset_], NULL, ARRAY[at]) AS b;
    SELECT count(*) FROM analytics_dead_letters;
$$;
SELECT is(tap.read(consumer, 5, value, at::timestamptz), due, what)
FROM (VALUES ('the first reading', 'g', '{'::bytea, '2025-01-01', 1::bigint), ('another group', 'h', '{', '2025-01-01', 1), ('the same group, set back', 'g', '{', '2025-01-01', 1), ('made anew: another time', 'g', '{', '2025-02-01', 2), ('made anew: other bytes at the same time', 'g', '[', '2025-02-01', 3),
    ('that one, by another group', 'h', '[', '2025-02-01', 3), ('no time known', 'g', '{', NULL, 4), ('and again', 'h', '{', NULL, 4)) AS v (what, consumer, value, at, due);
SELECT analytics_ingest(ARRAY['{', '{']::bytea[]) \g /dev/null
SELECT is(count(*), 6::bigint, 'records that are not from Kafka are never the same') FROM analytics_dead_letters;
ROLLBACK;

-- The view, and the count.
BEGIN;
ALTER SEQUENCE analytics_dead_letters_id_seq RESTART;
SELECT analytics_ingest(ARRAY['{', '{', '{}', '[]', '{']::bytea[]) \g /dev/null
UPDATE analytics_dead_letters SET received_at = '2025-01-01 00:00:00+00'::timestamptz + id * interval '1 day';
UPDATE analytics_dead_letters SET replayed_at = now() WHERE id = 5;
UPDATE analytics_dead_letters SET publish_fault = 'too large' WHERE id = 4;
SELECT results_eq('SELECT * FROM analytics_dead_letter_summary', $$VALUES ('invalid_json'::text, NULL::text, 2::bigint, '2025-01-02 00:00:00+00'::timestamptz, '2025-01-03 00:00:00+00'::timestamptz, 2::bigint, 0::bigint), ('not_an_object', NULL, 1, '2025-01-05 00:00:00+00', '2025-01-05 00:00:00+00', 4, 1), ('unknown_shape', NULL, 1, '2025-01-04 00:00:00+00', '2025-01-04 00:00:00+00', 3, 0)$$, 'what is open, by reason');
SELECT is(analytics_open_dead_letters(), 3::bigint, 'how many are open: unknown shapes are none');
SELECT is(analytics_summary() #> '{freshness,deadLetters}', '3'::jsonb, 'as the summary has it');
SET LOCAL enable_seqscan = off;
CREATE FUNCTION tap.plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY EXECUTE 'EXPLAIN ' || query; END $$;
SELECT ok(count(*) FILTER (WHERE plan ~ 'analytics_dead_letters_open') = 2 AND bool_and(plan !~ 'Seq Scan'), 'counted, where counts may not be read, from the index of the open ones') FROM tap.plan_of((SELECT 'SELECT ' || regexp_replace(prosrc, '^.*RETURN (.*);\s*END\s*$', '\1') FROM pg_proc WHERE oid = 'analytics_open_dead_letters'::regproc)) AS plan;

-- Purging.
SELECT is(count(*), 0::bigint, 'nothing is purged by itself') FROM analytics_dead_letters WHERE id NOT BETWEEN 1 AND 5;
SAVEPOINT letters;
CREATE FUNCTION tap.purge(arguments text, OUT purged bigint, OUT rest bigint[]) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SELECT analytics_purge_dead_letters(%s)', arguments) INTO purged;
    rest := (SELECT array_agg(id ORDER BY id) FROM analytics_dead_letters);
END
$$;
SELECT is(p, ROW(due, left_over::bigint[]), 'purged: ' || arguments)
FROM (VALUES ('now() - ''2025-01-03''', 1::bigint, '{2,3,4,5}'), ('''0'', reason => ''unknown_shape''', 1, '{2,4,5}'), ('''0'', topic => ''t''', 0, '{2,4,5}'), ('''100 years''', 0, '{2,4,5}'), ('''0'', replayed => true', 1, '{2,4}'), ('''0'', max_rows => 1', 1, '{4}'), ('''0'', replayed => false', 1, NULL)) AS v (arguments, due, left_over), tap.purge(arguments) AS p;
ROLLBACK TO letters;
SELECT tap.fails(format('SELECT analytics_purge_dead_letters(%s)', older), '22023', 'refused: ' || older) FROM unnest(ARRAY['NULL', '''-1 day''']) AS older;
ROLLBACK;

-- Publishing: what is handed out.
BEGIN;
ALTER SEQUENCE analytics_dead_letters_id_seq RESTART;
SELECT analytics_claim_partition('g', 't-1', 3, 'h', 40) \g /dev/null
SELECT analytics_ingest_kafka('g', 't-1', 3, 1, 40, 44, ARRAY['{', '{}', NULL, '[]']::bytea[], '{40,41,42,43}', ARRAY['k', NULL, NULL, NULL]::bytea[], ARRAY['2025-01-01 00:00:00.5+00', NULL, NULL, NULL]::timestamptz[],
    ARRAY['[{"name":"a","value":"ä"},{"name":"b","base64":"/w=="},{"name":"a","value":null}]', NULL, NULL, NULL]::jsonb[]) \g /dev/null
SELECT analytics_ingest(ARRAY['{']::bytea[]) \g /dev/null
CREATE TEMP TABLE told AS SELECT row_number() OVER () AS n, u.* FROM _analytics_unpublished_dead_letters() AS u;
SELECT is(array_agg(DISTINCT key), '{dead-letter-4,t-1-3-40,t-1-3-43}', 'keys: topic-partition-offset, or dead-letter-id; neither unknown shapes nor tombstones') FROM told;
SELECT is(array_agg(value ORDER BY n) FILTER (WHERE value IS NOT NULL), ARRAY['{', '[]', '{']::bytea[], 'values byte for byte, once a letter, in the order of ids') FROM told;
SELECT results_eq('SELECT header, header_value FROM told WHERE id = 1 ORDER BY n', $$VALUES ('a'::text, convert_to('ä', 'UTF8')), ('b', '\xff'::bytea), ('a', NULL), ('analytics-dead-letter', '1'), ('analytics-reason', 'invalid_json'), ('analytics-detail', 'missing a member name at byte 1'), ('analytics-topic', 't-1'), ('analytics-partition', '3'), ('analytics-offset', '40'), ('analytics-timestamp', '2025-01-01T00:00:00.500000Z')$$, 'headers: the record''s own in their order, then ours');
SELECT results_eq('SELECT header FROM told WHERE id = 4 ORDER BY n', $$VALUES ('analytics-dead-letter'::text), ('analytics-reason'), ('analytics-detail')$$, 'a letter that did not come from Kafka has fewer');
SELECT is(count(DISTINCT id), 2::bigint, 'so many at most') FROM _analytics_unpublished_dead_letters(2);
SELECT _analytics_mark_dead_letters_published('{1}', '{3}', '{"too large"}') \g /dev/null
SELECT results_eq('SELECT id, published_at IS NOT NULL, publish_fault FROM analytics_dead_letters ORDER BY 1', $$VALUES (1::bigint, true, NULL::text), (2, false, NULL), (3, false, 'too large'), (4, false, NULL)$$, 'marked as published, and as faulty');
SELECT is(array_agg(DISTINCT id), '{4}', 'neither is handed out again') FROM _analytics_unpublished_dead_letters();
UPDATE analytics_dead_letters SET publish_fault = NULL;
SELECT is(array_agg(DISTINCT id), '{3,4}', 'one whose fault is taken away is') FROM _analytics_unpublished_dead_letters();
UPDATE analytics_dead_letters SET replayed_at = now() WHERE id = 3;
SELECT is(array_agg(DISTINCT id), '{4}', 'one that was replayed is not') FROM _analytics_unpublished_dead_letters();
UPDATE analytics_dead_letters SET headers = '{"name":"no array"}' WHERE id = 4;
SELECT is(count(*), 3::bigint, 'headers that somebody has spoilt are left out') FROM _analytics_unpublished_dead_letters();
UPDATE analytics_dead_letters SET headers = v.headers FROM (VALUES (4, '[{"name":"x","base64":"no base64!"}]'::jsonb), (3, '[{"name":"x","base64":{}}]')) AS v (letter, headers) WHERE id = v.letter;
UPDATE analytics_dead_letters SET replayed_at = NULL, recorded_at = 'infinity' WHERE id = 1;
UPDATE analytics_dead_letters SET replayed_at = NULL, published_at = NULL, publish_fault = NULL WHERE id IN (1, 3);
INSERT INTO analytics_dead_letters (reason, topic, headers) VALUES ('invalid_json', repeat('t', 10000), '[{"name":"ok","value":"1"}, 5, "x", null, [], {"value":"no name"}, {"name":{},"value":[]}]');
SELECT results_eq('SELECT id, count(*), count(header), count(fault) FROM _analytics_unpublished_dead_letters() GROUP BY 1 ORDER BY 1', $$VALUES (1::bigint, 1::bigint, 0::bigint, 1::bigint), (3, 1, 0, 1), (4, 1, 0, 1), (5, 5, 5, 0)$$, 'letters that no message can be made of say why, and cost no other');
DELETE FROM analytics_dead_letters WHERE id = 5;
UPDATE analytics_dead_letters SET headers = NULL, recorded_at = NULL;
SELECT analytics_ingest((SELECT array_agg(convert_to('[' || repeat(n::text, 900000), 'UTF8')) FROM generate_series(1, 9) AS n)) \g /dev/null
SELECT is(count(DISTINCT id), 8::bigint, 'no more than 4 MiB, and the one that passes it') FROM _analytics_unpublished_dead_letters();
ROLLBACK;

-- One publisher at a time; a letter with a lower id that is committed later is not passed by.
SELECT tap.open_session('other') \g /dev/null
BEGIN;
SELECT analytics_ingest(ARRAY['{']::bytea[]) \g /dev/null
SELECT is(tap.there('other', $$DO 'BEGIN PERFORM analytics_ingest(ARRAY[''[]''::bytea]); END'$$), 'DO', 'another session is quicker');
SELECT is(tap.answer_of('other', 'SELECT count(DISTINCT id) FROM _analytics_unpublished_dead_letters()'), '1', 'and publishes its letter');
SELECT tap.there('other', $$DO 'BEGIN PERFORM _analytics_mark_dead_letters_published((SELECT array_agg(id) FROM analytics_dead_letters)); END'$$) \g /dev/null
COMMIT;
SELECT is((SELECT count(DISTINCT id) FROM _analytics_unpublished_dead_letters()), 1::bigint, 'the one with the lower id comes later, and comes');
BEGIN;
SELECT count(*) FROM _analytics_unpublished_dead_letters() \g /dev/null
SELECT is(tap.answer_of('other', 'SELECT count(*) FROM _analytics_unpublished_dead_letters()'), '0', 'while one is at work another finds nothing');
ROLLBACK;
SELECT is(tap.answer_of('other', 'SELECT count(DISTINCT id) FROM _analytics_unpublished_dead_letters()'), '1', 'and its turn comes');

-- The lock asks for a right: who has none keeps nobody waiting.
CREATE ROLE analytics_tap_stranger;
GRANT SELECT, INSERT ON analytics_dead_letters TO analytics_tap_stranger;
SELECT tap.there('other', 'SET ROLE analytics_tap_stranger') \g /dev/null
SELECT is(tap.answer_of('other', $$SELECT count(*) FROM (SELECT pg_advisory_lock('analytics_dead_letters'::regclass::oid::integer, n) FROM generate_series(0, 3) AS n) AS held$$), '4', 'a stranger holds advisory locks');
SELECT tap.there('other', 'BEGIN') \g /dev/null
SELECT tap.there('other', 'LOCK TABLE analytics_dead_letters IN ROW EXCLUSIVE MODE') \g /dev/null
SELECT isnt((SELECT count(*) FROM _analytics_unpublished_dead_letters()), 0::bigint, 'and what his rights give him, and the publisher publishes');
SELECT tap.there('other', 'ROLLBACK') \g /dev/null
SELECT tap.there('other', 'RESET ROLE') \g /dev/null
DROP OWNED BY analytics_tap_stranger;
DROP ROLE analytics_tap_stranger;

SELECT * FROM finish();
