-- Kafka's door: taking a partition, the compare-and-swap of every batch, dead letters that know where they came from.
\ir include/start.psql
\ir include/elsewhere.psql
SELECT * FROM no_plan();

-- One batch of group g, topic t, partition 0: record i has the offset first + i.
CREATE FUNCTION tap.batch(epoch bigint, expected bigint, next bigint, VARIADIC records bytea[]) RETURNS bigint[] LANGUAGE sql AS $$
    SELECT ARRAY[b.stored, b.duplicates, b.dead_lettered, b.skipped]
    FROM analytics_ingest_kafka('g', 't', 0, $1, $2, $3, $4, (SELECT array_agg($2 + n - 1 ORDER BY n) FROM generate_series(1, cardinality($4)) AS n)) AS b;
$$;
CREATE FUNCTION tap.row_of(partition int DEFAULT 0) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', owner, owner_epoch, next_offset, coalesce(high_watermark::text, '-'), stored, duplicates, dead_lettered, skipped)
    FROM analytics_kafka_offsets AS o WHERE consumer_group = 'g' AND topic = 't' AND o.partition = $1;
$$;

-- Taking. The row, as text: owner epoch next_offset high_watermark stored duplicates dead_lettered skipped.
BEGIN;
SELECT is(t, ROW(1::bigint, 5::bigint), 'the first taking: epoch 1, the offset to start at') FROM analytics_claim_partition('g', 't', 0, 'host:1', 5) AS t;
SELECT is(tap.row_of(), 'host:1 1 5 - 0 0 0 0', 'its row');
SELECT is(t, ROW(2::bigint, 5::bigint), 'the second: the epoch is raised, start_offset is not used') FROM analytics_claim_partition('g', 't', 0, 'host:2', 99, 120) AS t;
SELECT is(tap.row_of(), 'host:2 2 5 120 0 0 0 0', 'its row');
SELECT is(t, ROW(3::bigint, 5::bigint), 'the same owner again: raised again') FROM analytics_claim_partition('g', 't', 0, 'host:2', 99) AS t;
SELECT is(tap.row_of(), 'host:2 3 5 120 0 0 0 0', 'a high watermark is kept when none is told');
SELECT is(t, ROW(1::bigint, 0::bigint), 'another partition has an epoch of its own') FROM analytics_claim_partition('g', 't', 1, 'host:1', 0) AS t;
SELECT is(t, ROW(1::bigint, 0::bigint), 'another group, too') FROM analytics_claim_partition('other', 't', 0, 'host:1', 0) AS t;
SELECT is(t, ROW(1::bigint, 0::bigint), 'another topic, too') FROM analytics_claim_partition('g', 'T', 0, 'host:1', 0) AS t;
SELECT is(t, ROW(1::bigint, 0::bigint), 'named arguments') FROM analytics_claim_partition(consumer_group => 'g', topic => 'named', partition => 0, owner => 'o', start_offset => 0, high_watermark => 7) AS t;
SELECT tap.fails($$SELECT analytics_claim_partition('g', 't', 0, NULL, 0)$$, '23502', 'an owner must be told');
SELECT tap.fails($$SELECT analytics_claim_partition('g', 't', 5, 'o', NULL)$$, '23502', 'and where to start');
ROLLBACK;

-- Batches move the row.
BEGIN;
SELECT * FROM analytics_claim_partition('g', 't', 0, 'host:1', 100) \g /dev/null
SELECT is(tap.batch(1, 100, 102, tap.event('a', '2025-01-01T00:00:00Z'), tap.event('a', '2025-01-01T00:00:00Z')), '{1,1,0,0}', 'a batch: its counts');
SELECT is(tap.row_of(), 'host:1 1 102 - 1 1 0 0', 'its row');
SELECT is(tap.batch(1, 102, 107, '{', '{}', NULL, tap.event('b', '2025-01-01T00:00:00Z'), '[]'), '{1,0,2,2}', 'a batch of all sorts');
SELECT is(tap.row_of(), 'host:1 1 107 - 2 1 2 2', 'counts are added up');
SELECT is(b, ROW(1::bigint, 0::bigint, 0::bigint, 0::bigint, NULL::jsonb), 'offsets need not be contiguous') FROM analytics_ingest_kafka('g', 't', 0, 1, 107, 5000, ARRAY[tap.event('c', '2025-01-01T00:00:00Z')], '{4000}') AS b;
SELECT is(tap.row_of(), 'host:1 1 5000 - 3 1 2 2', 'next_offset is what the batch says');
SELECT is(b, ROW(0::bigint, 0::bigint, 0::bigint, 0::bigint, NULL::jsonb), 'a batch without a record moves the offset, past the marks of transactions') FROM analytics_ingest_kafka('g', 't', 0, 1, 5000, 5003, '{}', '{}', high_watermark => 6000) AS b;
SELECT is(tap.row_of(), 'host:1 1 5003 6000 3 1 2 2', 'and the high watermark');
SELECT is(b, ROW(0::bigint, 0::bigint, 0::bigint, 0::bigint, NULL::jsonb), 'a batch that moves nothing') FROM analytics_ingest_kafka('g', 't', 0, 1, 5003, 5003, '{}', '{}') AS b;
SELECT is(tap.row_of(), 'host:1 1 5003 6000 3 1 2 2', 'leaves the row, and the high watermark when none is told');
SELECT is(updated_at, now(), 'updated_at is that of the last batch') FROM analytics_kafka_offsets;

-- Fenced off: AN001, whatever was lost; and nothing is stored.
SELECT is(f.state, 'AN001', 'AN001: ' || lost)
FROM (VALUES ('an older epoch', '0, 5003, 5004'), ('a newer epoch', '2, 5003, 5004'), ('no epoch', 'NULL, 5003, 5004'), ('an offset read before', '1, 5002, 5004'), ('an offset not reached', '1, 5004, 5005'), ('no offset', '1, NULL, 5004'), ('an older epoch and another offset', '0, 1, 2')) AS v (lost, arguments),
tap.failure_of(format($$SELECT analytics_ingest_kafka('g', 't', 0, %s, ARRAY[tap.event('fenced'), '{'::bytea], '{5003,5004}')$$, arguments)) AS f;
SELECT is(f.state, 'AN001', 'AN001: never taken, ' || what) FROM (VALUES ('the partition', '''g'', ''t'', 7'), ('the topic', '''g'', ''u'', 0'), ('the group', '''h'', ''t'', 0'), ('a null group', 'NULL, ''t'', 0')) AS v (what, arguments),
tap.failure_of(format($$SELECT analytics_ingest_kafka(%s, 1, 0, 1, ARRAY[tap.event('fenced')], '{0}')$$, arguments)) AS f;
SELECT is(f.message, 'batch of partition 0 of topic "t" is fenced off', 'the message names the partition') FROM tap.failure_of($$SELECT _analytics_lock_claim('g', 't', 0, 9, 1, 2)$$) AS f;
SELECT is(f.detail, 'The batch was read at epoch 9 from offset 1. The partition is at epoch 1 and offset 5003, claimed by host:1.', 'the detail tells both sides') FROM tap.failure_of($$SELECT _analytics_lock_claim('g', 't', 0, 9, 1, 2)$$) AS f;
SELECT is(tap.row_of(), 'host:1 1 5003 6000 3 1 2 2', 'the row is as it was');
SELECT is((SELECT count(*) FROM analytics_events), 3::bigint, 'so are the events');
SELECT is((SELECT count(*) FROM analytics_untimed_keys), 0::bigint, 'the keys');
SELECT is((SELECT count(*) FROM analytics_dead_letters), 3::bigint, 'and the dead letters');
SELECT * FROM analytics_claim_partition('g', 't', 0, 'host:2', 0) \g /dev/null
SELECT is((SELECT state FROM tap.failure_of($$SELECT tap.batch(1, 5003, 5004, tap.event('x'))$$)), 'AN001', 'AN001: another owner took the partition');
SELECT is(tap.batch(2, 5003, 5004, tap.event('x')), '{1,0,0,0}', 'who writes at its epoch');
DELETE FROM analytics_kafka_offsets;
SELECT is((SELECT state FROM tap.failure_of($$SELECT tap.batch(2, 5004, 5005, tap.event('y'))$$)), 'AN001', 'AN001: the row was deleted');
ROLLBACK;

-- Arguments that don't fit: 22023, and 22004 for nulls that can't be.
BEGIN;
SELECT * FROM analytics_claim_partition('g', 't', 0, 'host:1', 0) \g /dev/null
SELECT is(f.state, due, what)
FROM (VALUES
('22023', 'offsets too short', $$2, '{a,b}', '{0}'$$), ('22023', 'offsets too long', $$2, '{a}', '{0,1}'$$), ('22023', 'offsets for no record', $$2, '{}', '{0}'$$), ('22023', 'keys too short', $$2, '{a,b}', '{0,1}', keys => '{k}'$$), ('22023', 'keys empty', $$2, '{a,b}', '{0,1}', keys => '{}'$$),
('22023', 'timestamps too long', $$2, '{a,b}', '{0,1}', timestamps => ARRAY[now(), now(), now()]$$), ('22023', 'headers too short', $$2, '{a,b}', '{0,1}', headers => ARRAY['[]'::jsonb]$$), ('22023', 'next_offset before expected_offset', $$-1, '{}', '{}'$$), ('22023', 'no next_offset', $$NULL, '{}', '{}'$$),
('22004', 'no records', $$2, NULL, '{0}'$$), ('22004', 'no offsets', $$2, '{a}', NULL$$), ('2202E', 'records of two dimensions', $$2, '{{a},{b}}', '{0,1}'$$), ('2202E', 'offsets of two dimensions', $$2, '{a,b}', '{{0},{1}}'$$), ('2202E', 'keys of two dimensions', $$2, '{a,b}', '{0,1}', keys => '{{a},{b}}'$$)) AS v (due, what, arguments),
tap.failure_of(format($$SELECT analytics_ingest_kafka('g', 't', 0, 1, 0, %s)$$, arguments)) AS f;
SELECT is(tap.row_of(), 'host:1 1 0 - 0 0 0 0', 'the row is as it was');
ROLLBACK;

-- Dead letters know their record; refusals are told by reason.
BEGIN;
SELECT * FROM analytics_claim_partition('g', 't', 0, 'host:1', 10) \g /dev/null
CREATE TEMP TABLE told AS SELECT * FROM analytics_ingest_kafka('g', 't', 0, 1, 10, 20, ARRAY['{', tap.event('a', '2025-01-01T00:00:00Z'), '{}', NULL, '[]', NULL, '\xff', '{"a":1,}'], '{10,11,12,13,14,15,16,17}',
    ARRAY['k0', 'k1', '\x00ff', NULL, '', 'k5', 'k6', 'k7']::bytea[], ARRAY['2025-01-01 00:00:00+00', NULL, '2025-01-01 00:00:02.000001+00', NULL, '2025-01-01 00:00:04+00', NULL, NULL, '2025-01-01 00:00:07+00']::timestamptz[],
    ARRAY['[{"name":"traceparent","value":"00-1"},{"name":"x","base64":"/w=="}]', NULL, '[]', NULL, NULL, NULL, NULL, '[{"name":"a","value":null}]']::jsonb[], 30);
SELECT results_eq($$SELECT r ->> 'reason', (r ->> 'count')::int, (r ->> 'firstOffset')::int, (r ->> 'lastOffset')::int FROM told, jsonb_array_elements(refusals) WITH ORDINALITY AS _ (r, n) ORDER BY n$$,
    $$VALUES ('invalid_json', 2, 10, 17), ('unknown_shape', 1, 12, 12), ('tombstone', 2, 13, 15), ('not_an_object', 1, 14, 14), ('invalid_utf8', 1, 16, 16)$$, 'refusals: a reason each, in the order in which they came');
SELECT is(refusals -> 0 ->> 'detail', (analytics_normalize('{'::bytea)).detail, 'the detail is that of the first') FROM told;
SELECT ok(bool_and((SELECT array_agg(k ORDER BY k) FROM jsonb_object_keys(r) AS k) = '{count,detail,firstOffset,lastOffset,reason}'), 'each with the same members') FROM told, jsonb_array_elements(refusals) AS r;
SELECT is(ROW(stored, duplicates, dead_lettered, skipped), ROW(1::bigint, 0::bigint, 4::bigint, 3::bigint), 'the counts beside them') FROM told;
SELECT is(tap.row_of(), 'host:1 1 20 30 1 0 4 3', 'and in the row');
SELECT results_eq('SELECT "offset", reason, value, topic, partition, key, recorded_at, headers FROM analytics_dead_letters ORDER BY id', $$VALUES
(10::bigint, 'invalid_json', '{'::bytea, 't', 0, 'k0'::bytea, '2025-01-01 00:00:00+00'::timestamptz, '[{"name":"traceparent","value":"00-1"},{"name":"x","base64":"/w=="}]'::jsonb),
(12, 'unknown_shape', '{}', 't', 0, '\x00ff', '2025-01-01 00:00:02.000001+00', '[]'), (14, 'not_an_object', '[]', 't', 0, '', '2025-01-01 00:00:04+00', NULL), (16, 'invalid_utf8', '\xff', 't', 0, 'k6', NULL, NULL), (17, 'invalid_json', '{"a":1,}', 't', 0, 'k7', '2025-01-01 00:00:07+00', '[{"name":"a","value":null}]')$$, 'dead letters with offset, key, time and headers, byte for byte');

-- The same record never makes two: read again by another group, or again after the row was set back.
SELECT * FROM analytics_claim_partition('other', 't', 0, 'host:9', 10) \g /dev/null
SELECT is(ROW(b.stored, b.duplicates, b.dead_lettered, b.skipped), ROW(0::bigint, 1::bigint, 1::bigint, 0::bigint), 'another group reads the same records') FROM analytics_ingest_kafka('other', 't', 0, 1, 10, 12, ARRAY['{', tap.event('a', '2025-01-01T00:00:00Z')], '{10,11}', NULL, '{2025-01-01 00:00:00+00,NULL}') AS b;
UPDATE analytics_kafka_offsets SET next_offset = 10 WHERE consumer_group = 'g';
SELECT is(ROW(b.stored, b.duplicates, b.dead_lettered, b.skipped), ROW(0::bigint, 1::bigint, 1::bigint, 0::bigint), 'this group reads them again') FROM analytics_ingest_kafka('g', 't', 0, 1, 10, 12, ARRAY['{', tap.event('a', '2025-01-01T00:00:00Z')], '{10,11}', NULL, '{2025-01-01 00:00:00+00,NULL}') AS b;
SELECT is(count(*), 5::bigint, 'there is no second dead letter') FROM analytics_dead_letters;
SELECT is(count(*), 1::bigint, 'and no second event') FROM analytics_events;
SELECT * FROM analytics_claim_partition('g', 't', 1, 'host:1', 10) \g /dev/null
SELECT is(b.dead_lettered, 1::bigint, 'the same offset of another partition') FROM analytics_ingest_kafka('g', 't', 1, 1, 10, 11, ARRAY['{'::bytea], '{10}') AS b;
SELECT is(count(*), 6::bigint, 'is another record') FROM analytics_dead_letters;
SET LOCAL analytics.keep_skipped = off;
SELECT is(jsonb_array_length(b.refusals), 2, 'keep_skipped = off: still told') FROM analytics_ingest_kafka('g', 't', 1, 1, 11, 13, ARRAY['{}'::bytea, NULL], '{11,12}') AS b;
SELECT is(count(*), 6::bigint, 'but not kept') FROM analytics_dead_letters;
ROLLBACK;

-- Two consumers: the row is locked to the end of the batch's transaction, and a taking waits for it.
SELECT * FROM analytics_claim_partition('g', 't', 0, 'host:1', 0) \g /dev/null
SELECT tap.open_session('taker') \g /dev/null
BEGIN;
SELECT is(tap.batch(1, 0, 1, tap.event('a', '2025-01-01T00:00:00Z')), '{1,0,0,0}', 'a batch, not yet committed');
SELECT is(dblink_send_query('taker', 'SELECT owner_epoch || '' '' || next_offset FROM analytics_claim_partition(''g'', ''t'', 0, ''host:2'', 0)'), 1, 'another consumer takes the partition');
SELECT ok(tap.other_waits(), 'and waits');
COMMIT;
SELECT is(answer, '2 1', 'it reads on after that batch') FROM dblink_get_result('taker') AS _ (answer text);
SELECT count(*) FROM dblink_get_result('taker') AS _ (answer text) \g /dev/null
SELECT is((SELECT state FROM tap.failure_of($$SELECT tap.batch(1, 1, 2, tap.event('b'))$$)), 'AN001', 'the first one is fenced off then');
SELECT is(tap.answer_of('taker', $$SELECT stored FROM analytics_ingest_kafka('g', 't', 0, 2, 1, 2, ARRAY[tap.event('b')], '{1}')$$), '1', 'the second stores');
BEGIN;
SELECT is(tap.batch(2, 2, 3, tap.event('c')), '{1,0,0,0}', 'a batch that will be rolled back');
ROLLBACK;
SELECT is(tap.row_of(), 'host:2 2 2 - 2 0 0 0', 'rolled back, it moves nothing');
SELECT is(count(*), 2::bigint, 'and stores nothing') FROM analytics_events;
SELECT is(count(*), 1::bigint, 'nor remembers its key') FROM analytics_untimed_keys;

SELECT * FROM finish();
