-- Dead letters: whose record they are, the view, the open count, purging.
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

SELECT is_empty('TABLE analytics_dead_letters', 'each part has taken its dead letters back');
SELECT * FROM finish();
