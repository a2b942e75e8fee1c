-- Gaps: an operator moves a stopped partition on, and it is written down.
\ir include/start.psql
BEGIN;
SELECT * FROM no_plan();

SELECT analytics_claim_partition('g', 't', 0, 'host:1', 10), analytics_claim_partition('g', 't', 1, 'host:1', 10) \g /dev/null
SELECT is(_analytics_gap_accepted('g', 't', 0, 1), false, 'no gap was accepted yet');
SELECT is(ROW((a).from_offset, (a).to_offset, (a).owner_epoch, (a).accepted_by COLLATE "C", (a).note), ROW(10::bigint, 15::bigint, 2::bigint, session_user::text COLLATE "C", 'retention'::text), 'accepting answers what it wrote down') FROM analytics_accept_gap('g', 't', 0, 10, 15, note => 'retention') AS a;
SELECT is(ROW(next_offset, owner_epoch, owner), ROW(15::bigint, 2::bigint, 'host:1'::text), 'the offset is moved, the epoch raised') FROM analytics_kafka_offsets WHERE partition = 0;
SELECT is(ROW(next_offset, owner_epoch), ROW(10::bigint, 1::bigint), 'the other partition is left alone') FROM analytics_kafka_offsets WHERE partition = 1;
SELECT is(count(*), 1::bigint, 'it is written down') FROM analytics_kafka_gaps WHERE consumer_group = 'g' AND topic = 't' AND partition = 0 AND from_offset = 10 AND to_offset = 15 AND accepted_by = session_user AND accepted_at BETWEEN now() AND clock_timestamp();
SELECT is(_analytics_gap_accepted('g', 't', 0, 1), true, 'who held it at epoch 1 learns of it');
SELECT is(_analytics_gap_accepted('g', 't', 0, 2), false, 'who has taken it since does not');
SELECT tap.fails($$SELECT analytics_ingest_kafka('g', 't', 0, 1, 10, 11, ARRAY['{'::bytea], '{10}')$$, 'AN001', 'who wrote it before is fenced off');

SELECT is(f.state, due, what) FROM (VALUES ('the same command again', '55000', '''g'', ''t'', 0, 10, 15'), ('from somewhere else', '55000', '''g'', ''t'', 0, 14, 20'), ('from nowhere', '55000', '''g'', ''t'', 0, NULL, 20'), ('to nowhere', '22023', '''g'', ''t'', 0, 15, NULL'), ('to before the beginning', '22023', '''g'', ''t'', 0, 15, -1'),
    ('a partition that nobody took', 'P0002', '''g'', ''t'', 7, 10, 15'), ('a group that is none', 'P0002', '''x'', ''t'', 0, 10, 15')) AS v (what, due, arguments), tap.failure_of(format('SELECT analytics_accept_gap(%s)', arguments)) AS f;
SELECT is(f.message, 'partition 0 of topic "t" is not at offset 10 but at 15', 'the message tells both') FROM tap.failure_of($$SELECT analytics_accept_gap('g', 't', 0, 10, 15)$$) AS f;
SELECT is(count(*), 1::bigint, 'none of them is written down') FROM analytics_kafka_gaps;
SELECT is((analytics_accept_gap('g', 't', 0, 15, 0)).to_offset, 0::bigint, 'backwards, for a topic that was made anew');
SELECT is(_analytics_gap_accepted('g', 't', 0, 1), true, 'who has missed both learns of it');
SELECT analytics_claim_partition('g', 't', 0, 'host:2', 0) \g /dev/null
SELECT is(_analytics_gap_accepted('g', 't', 0, 1), false, 'once another has taken the partition, it is that one''s');
SELECT is(_analytics_gap_accepted('g', 't', 9, 1), false, 'no such partition');

SELECT * FROM finish();
ROLLBACK;
