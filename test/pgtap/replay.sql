-- Replay: letters that fit today become events, exactly once, whoever replays them and how often.
\ir include/start.psql
\ir include/elsewhere.psql
SELECT * FROM no_plan();

CREATE FUNCTION tap.replayed(arguments text DEFAULT '') RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
    answer bigint[];
BEGIN
    EXECUTE format('SELECT ARRAY[replayed, stored, duplicates, still_refused] FROM analytics_replay_dead_letters(%s)', arguments) INTO answer;
    RETURN answer;
END
$$;
CREATE FUNCTION tap.teach() RETURNS void LANGUAGE sql AS $$
    INSERT INTO analytics_shapes (name, event_type, source, required_members, time_member, key_members) VALUES ('seven', 'seventh', 's', '{seven,at}', 'at', '{seven}'), ('eight', 'eighth', 's', '{eight}', NULL, '{}'), ('nine', 'ninth', 's', '{nine}', NULL, '{nine}');
$$;

-- The letters of this test, in the order of their ids: shapes with a key, without a key and time, with a key and no time; two that never fit.
BEGIN;
SELECT analytics_ingest(ARRAY['{"seven":7,"at":"2025-01-01T00:00:00Z"}', '{"eight":8}', '{"nine":9}', '{', '{"ten":"never"}', '{"eight":8}']::bytea[]) \g /dev/null
UPDATE analytics_dead_letters SET received_at = '2025-05-05 00:00:00+00'::timestamptz + id * interval '1 hour';
SELECT is(tap.replayed(), '{0,0,0,6}', 'under the old rules nothing fits');
SELECT tap.teach() \g /dev/null
SAVEPOINT taught;
SELECT is(tap.replayed('reason => ''unknown_shape'''), '{4,4,0,1}', 'after new shapes those that fit are stored');
SELECT is(tap.replayed('reason => ''unknown_shape'''), '{0,0,0,1}', 'a second replay changes nothing');
SELECT results_eq('SELECT event_type::text, occurred_at, ingested_at FROM analytics_events ORDER BY 1, 2', $$VALUES ('eighth'::text, '2025-05-05 02:00:00+00'::timestamptz, now()), ('eighth', '2025-05-05 06:00:00+00', now()), ('ninth', '2025-05-05 03:00:00+00', now()), ('seventh', '2025-01-01 00:00:00+00', now())$$, 'an event without a time has that of its record''s first coming');
SELECT is(array_agg(id ORDER BY id) FILTER (WHERE replayed_at = now()), '{1,2,3,6}', 'the letters are marked') FROM analytics_dead_letters;
SELECT is(count(*), 6::bigint, 'and kept; no letter comes of a replay') FROM analytics_dead_letters;
SELECT is((SELECT ARRAY[stored, duplicates] FROM analytics_ingest(ARRAY['{"seven":7,"at":"2025-01-01T00:00:00Z"}', '{"nine":9}']::bytea[])), '{0,2}', 'a record that is delivered again meets what was replayed');
ROLLBACK TO taught;
SELECT is((SELECT ARRAY[stored, duplicates] FROM analytics_ingest(ARRAY['{"seven":7,"at":"2025-01-01T00:00:00Z"}', '{"nine":9}']::bytea[])), '{2,0}', 'delivered again before the replay');
SELECT is(tap.replayed(), '{4,2,2,2}', 'the letters meet what was delivered: duplicates');
SELECT is(tap.replayed(), '{0,0,0,2}', 'and are marked, too');
ROLLBACK TO taught;

-- Which letters.
SELECT is(tap.replayed(arguments), due, 'replayed: ' || arguments)
FROM (VALUES ('reason => ''invalid_json''', '{0,0,0,1}'::bigint[]), ('topic => ''t''', '{0,0,0,0}'), ('ids => ''{1,4,99}''', '{1,1,0,1}'), ('ids => ''{1}''', '{0,0,0,0}'), ('received_end => ''2025-05-05 02:00:00+00''', '{0,0,0,0}'), ('received_start => ''2025-05-05 06:00:00+00''', '{1,1,0,0}'),
    ('received_start => ''2025-05-05 02:00:00+00'', received_end => ''2025-05-05 03:00:00+00''', '{1,1,0,0}'), ('reason => ''unknown_shape'', after_id => 4', '{0,0,0,1}'), ('', '{1,1,0,2}')) AS v (arguments, due);
ROLLBACK TO taught;
SELECT analytics_claim_partition('g', 't', 0, 'h', 0) \g /dev/null
SELECT analytics_ingest_kafka('g', 't', 0, 1, 0, 1, ARRAY['{"eleven":11}'::bytea], '{0}') \g /dev/null
INSERT INTO analytics_shapes (name, event_type, source, required_members) VALUES ('eleven', 'eleventh', 's', '{eleven}');
SELECT is(tap.replayed('topic => ''t'''), '{1,1,0,0}', 'replayed: topic => t, where there is one');
ROLLBACK TO taught;

-- In chunks.
SELECT is(r, ROW(2::bigint, 2::bigint, 0::bigint, 0::bigint, 2::bigint), 'a chunk of two') FROM analytics_replay_dead_letters(max_rows => 2) AS r;
SELECT is(r, ROW(1::bigint, 1::bigint, 0::bigint, 1::bigint, 4::bigint), 'the next') FROM analytics_replay_dead_letters(max_rows => 2, after_id => 2) AS r;
SELECT lives_ok(format('PREPARE untyped%s AS SELECT * FROM analytics_replay_dead_letters(%s)', n, (SELECT string_agg('$' || i, ', ') FROM generate_series(1, n) AS i)), 'a driver may leave types to the server: ' || n) FROM generate_series(0, 8) AS n;
SELECT lives_ok($$SELECT analytics_replay_dead_letters(10, 1000, 'x'::varchar, 'x'::varchar, '{}', now(), now())$$, 'nor do types of strings matter');
SELECT lives_ok($$SELECT analytics_replay_dead_letters(max_rows => 10, after_id => 1000, reason => NULL, topic => NULL, ids => NULL, received_start => now(), received_end => NULL)$$, 'nor names');
SELECT is(r, ROW(1::bigint, 1::bigint, 0::bigint, 1::bigint, 6::bigint), 'the last') FROM analytics_replay_dead_letters(max_rows => 2, after_id => 4) AS r;
SELECT is(r, ROW(0::bigint, 0::bigint, 0::bigint, 0::bigint, NULL::bigint), 'and nothing is left') FROM analytics_replay_dead_letters(max_rows => 2, after_id => 6) AS r;
SELECT tap.fails(format('SELECT analytics_replay_dead_letters(max_rows => %s)', n), '22023', 'no chunk: ' || n) FROM unnest(ARRAY['0', '-1', 'NULL']) AS n;
SELECT analytics_ingest((SELECT array_agg(convert_to('{"large":"' || repeat(n::text, 900000) || '"}', 'UTF8')) FROM generate_series(1, 9) AS n)) FROM generate_series(1, 5) \g /dev/null
SELECT is((r).replayed + (r).still_refused, 38::bigint, 'large letters: a chunk is 32 MiB, whatever the limit') FROM analytics_replay_dead_letters(after_id => 6) AS r;
ROLLBACK TO taught;

-- Still refused, but for another reason now: the letter says so.
INSERT INTO analytics_shapes (name, event_type, source, required_members, time_member) VALUES ('ten', 'tenth', 's', '{ten}', 'ten');
SELECT is(tap.replayed('ids => ''{5}'''), '{0,0,0,1}', 'a shape that is known now, with a time that is none');
SELECT is(ROW(d.reason, d.detail, replayed_at), ROW(n.reason, n.detail, NULL::timestamptz), 'the letter says so, and stays open') FROM analytics_dead_letters AS d, analytics_normalize(value) AS n WHERE id = 5;
SELECT is(reason, 'invalid_timestamp', 'by the reason invalid_timestamp') FROM analytics_dead_letters WHERE id = 5;
ROLLBACK TO taught;
SET LOCAL analytics.max_event_bytes = 8;
SELECT is(tap.replayed('ids => ''{5,4}'''), '{0,0,0,2}', 'by rules that are stricter');
SELECT results_eq('SELECT id, reason FROM analytics_dead_letters WHERE id IN (4, 5) ORDER BY 1', $$VALUES (4::bigint, 'invalid_json'::text), (5, 'too_large')$$, 'letters have today''s reason');
ROLLBACK TO taught;
ALTER TABLE analytics_events ADD CHECK (event_type <> 'eighth');
SELECT is(tap.replayed(), '{2,2,0,4}', 'what the table refuses stays a letter, and costs no other');
SELECT is(array_agg(id ORDER BY id), '{2,6}', 'by the reason rejected') FROM analytics_dead_letters WHERE reason = 'rejected' AND replayed_at IS NULL;
ROLLBACK TO taught;
SET LOCAL analytics.deduplicate = off;
SELECT is(tap.replayed(), '{4,4,0,2}', 'without deduplication');
SELECT is(tap.replayed(), '{0,0,0,2}', 'a letter is an event once all the same');
ROLLBACK TO taught;

-- Two letters of one key without a time: the earlier time counts.
SELECT analytics_ingest(ARRAY['{"twelve":1,"n":1}', '{"twelve":1,"n":2}']::bytea[]) \g /dev/null
INSERT INTO analytics_shapes (name, event_type, source, required_members, key_members) VALUES ('twelve', 'twelfth', 's', '{twelve}', '{twelve}');
UPDATE analytics_dead_letters SET received_at = CASE WHEN value LIKE '%1}' THEN '2025-07-01'::timestamptz ELSE '2025-06-01' END WHERE value LIKE '%twelve%';
SELECT is(tap.replayed('reason => ''unknown_shape'', received_start => ''2025-05-31'''), '{2,1,1,0}', 'two letters of one key without a time');
SELECT is(ROW(occurred_at, payload -> 'n'), ROW('2025-06-01'::timestamptz, '1'::jsonb), 'one event, at the earlier time') FROM analytics_events WHERE event_type = 'twelfth';
ROLLBACK;

-- Two sessions at once (the partition is there, or the second waits for the first to make it) share the work, and no letter becomes two events; a crash before the commit leaves the letters open.
SELECT analytics_ingest((SELECT array_agg('{"eight":8}'::bytea) FROM generate_series(1, 20))) \g /dev/null
SELECT tap.teach(), analytics_create_partition(now()) \g /dev/null
SELECT tap.open_session('other') \g /dev/null
BEGIN;
SELECT is(tap.replayed('max_rows => 5'), '{5,5,0,0}', 'one session replays five, not yet committed');
SELECT is(tap.answer_of('other', 'SELECT ARRAY[replayed, stored] FROM analytics_replay_dead_letters()'), '{15,15}', 'another, at the same time, the others');
COMMIT;
SELECT is(count(*), 20::bigint, 'twenty events of twenty letters without a key') FROM analytics_events;
SELECT is(tap.replayed(), '{0,0,0,0}', 'nothing is open');
SELECT analytics_ingest(ARRAY['{"eight":8}']::bytea[] || '{"x":1}'::bytea) \g /dev/null
BEGIN;
INSERT INTO analytics_dead_letters (reason, value) VALUES ('unknown_shape', '{"eight":8}');
SELECT is(tap.replayed(), '{1,1,0,1}', 'a replay that is rolled back');
ROLLBACK;
SELECT is(count(*) FILTER (WHERE replayed_at IS NULL), 1::bigint, 'leaves its letters open') FROM analytics_dead_letters;

-- The procedure: chunk by chunk, a transaction each; by way of a hostile search path at that.
SELECT analytics_ingest((SELECT array_agg('{"later":8}'::bytea) FROM generate_series(1, 25))) \g /dev/null
INSERT INTO analytics_shapes (name, event_type, source, required_members) VALUES ('later', 'later', 's', '{later}');
CREATE SCHEMA hostile;
CREATE FUNCTION hostile.never(bigint, bigint) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'hostile'; END $$;
CREATE OPERATOR hostile.+ (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = hostile.never);
SET search_path = hostile, pg_catalog;
CALL public.analytics_replay_all_dead_letters(reason => 'unknown_shape', chunk => 10) \gset all_
RESET search_path;
SELECT is(ROW(:all_replayed, :all_stored, :all_duplicates, :all_still_refused), ROW(25, 25, 0, 1), 'the procedure adds up its chunks');
SELECT is(count(DISTINCT replayed_at), 3::bigint, 'each was a transaction') FROM analytics_dead_letters WHERE value LIKE '%later%';
SELECT is(count(*), 25::bigint, 'and stores all') FROM analytics_events WHERE event_type = 'later';
SELECT tap.fails('CALL analytics_replay_all_dead_letters()', '2D000', 'not within a transaction block');

SELECT * FROM finish();
