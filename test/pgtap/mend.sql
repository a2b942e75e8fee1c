-- Looking into bags, comparing the rollups with the events, mending them; and what is known to go unnoticed until then.
\ir include/start.psql
\ir include/elsewhere.psql
SELECT * FROM no_plan();

-- Bags as values.
SELECT results_eq($$SELECT * FROM analytics_bag_cells('2025-01-01 10:00:00+00', (SELECT analytics_bag(m, t, c) FROM (VALUES (timestamptz '2025-01-01 10:59:59+00', 'b', 1::bigint), ('2025-01-01 10:00:00+00', 'a', -2), ('2025-01-01 10:59:00+00', 'b', 5), ('2025-01-01 10:07:00+00', 'zero', 0), ('2025-01-01 10:07:30+00', 'a', 9223372036854775807)) AS v (m, t, c)))$$,
    $$VALUES (timestamptz '2025-01-01 10:00:00+00', 'a', -2::bigint), ('2025-01-01 10:07:00+00', 'a', 9223372036854775807), ('2025-01-01 10:59:00+00', 'b', 6)$$, 'a bag is taken apart as it was packed, by type and minute');
SELECT is(analytics_bag(now(), 't', 1) FILTER (WHERE false), NULL, 'of nothing there is no bag') FROM (SELECT) AS _;
SELECT is((SELECT count(*) FROM analytics_bag_cells(now(), analytics_bag)), 0::bigint, 'of zeros there is an empty one') FROM (SELECT analytics_bag(now(), 't', 0)) AS _;
SELECT tap.fails($$SELECT analytics_bag(m, 't', 1) FROM unnest('{2025-01-01 10:59:59+00,2025-01-01 11:00:00+00}'::timestamptz[]) AS m$$, '22023', 'minutes of two hours are refused');
SELECT tap.fails($$SELECT analytics_bag('infinity', 't', 1)$$, '22023', 'infinity is refused');
SELECT tap.fails($$SELECT analytics_bag(now(), NULL, 1)$$, '22004', 'null is refused');
SELECT tap.fails($$SELECT analytics_bag(now(), 't', 9223372036854775807) FROM generate_series(1, 2)$$, '22003', 'a count beyond 64 bits is refused');
SELECT tap.fails(format($$SELECT * FROM analytics_bag_cells(now(), %L)$$, bytes), 'XX001', 'no bag: ' || bytes::text) FROM unnest('{"","\\x","\\x02","\\x0101","\\x01016100","\\x0101610202013c02"}'::bytea[]) AS bytes;
SELECT tap.fails($$SELECT * FROM analytics_bag_cells('infinity', '\x01')$$, '22008', 'no hour: infinity');

-- Some events, and bags that are wrong in every way.
SELECT analytics_create_partition('2025-01-15 00:00:00+00'), analytics_create_partition('2025-02-15 00:00:00+00') \g /dev/null
INSERT INTO analytics_events (source, event_type, occurred_at, tenant_id, payload) SELECT 's', 't' || i % 3, timestamptz '2025-01-31 22:00:00+00' + i * interval '1 minute 0.5 second', CASE WHEN i % 4 > 0 THEN 'tenant ' || i % 4 END, '{}' FROM generate_series(1, 200) AS i;
CREATE VIEW tap.damage AS SELECT rollup, minute, tenant_id, event_type, events, counted FROM analytics_verify();
SELECT is_empty('TABLE tap.damage', 'well counted: no difference');
SELECT is(analytics_rebuild(), 0::bigint, 'nothing to be mended');
SET analytics.append_bags = on; -- as who mends them
INSERT INTO analytics_rollup_totals (hour, cells) SELECT '2025-01-31 22:00:00+00', analytics_bag('2025-01-31 22:10:00+00', 'phantom', 7);
INSERT INTO analytics_rollup_tenants (hour, tenant_id, cells) SELECT '2025-03-01 22:00:00+00', 'nobody', analytics_bag('2025-03-01 22:10:00+00', 't1', 7);
SELECT results_eq('TABLE tap.damage', $$VALUES ('tenants', timestamptz '2025-03-01 22:10:00+00', 'nobody', 't1', 0::bigint, 7::bigint), ('totals', '2025-01-31 22:10:00+00', NULL, 'phantom', 0, 7)$$, 'counts without events');
DELETE FROM analytics_rollup_totals WHERE hour = '2025-01-31 23:00:00+00';
SELECT results_eq($$SELECT minute, event_type, events, counted FROM tap.damage WHERE rollup = 'totals' AND events > 0$$, $$SELECT date_bin('1 minute', occurred_at, '2000-01-01 00:00:00+00'), event_type::text, count(*), 0::bigint FROM analytics_events WHERE occurred_at >= '2025-01-31 23:00:00+00' AND occurred_at < '2025-02-01 00:00:00+00' GROUP BY 1, 2 ORDER BY 1, 2$$, 'events without counts');
SELECT results_eq($$SELECT minute, event_type FROM analytics_verify('2025-01-31 23:10:30+00', '2025-01-31 23:12:00.000001+00')$$, $$SELECT minute, event_type FROM tap.damage WHERE rollup = 'totals' AND minute >= '2025-01-31 23:10:00+00' AND minute < '2025-01-31 23:13:00+00'$$, 'bounds hold the minutes that they touch');
SELECT is_empty($$SELECT * FROM analytics_verify('2025-01-31 22:11:00+00', '2025-01-31 23:00:00+00')$$, 'and no other');
SELECT cmp_ok(analytics_rebuild('2025-01-31 23:00:00+00', '2025-02-01 00:00:00+00'), '>', 50::bigint, 'rebuilding a range tells how many differences it mended');
SELECT is((SELECT count(*) FROM tap.damage), 2::bigint, 'and leaves what lies outside');
SELECT is(max(last_ingested_at), (SELECT max(ingested_at) FROM analytics_events), 'what it appended knows the newest ingestion') FROM analytics_rollup_totals WHERE hour = '2025-01-31 23:00:00+00';
SELECT is(analytics_rebuild(), 2::bigint, 'rebuilding all');
SELECT is_empty('TABLE tap.damage', 'leaves no difference');
TRUNCATE analytics_rollup_totals, analytics_rollup_tenants;
SELECT analytics_rebuild() IS NOT NULL \g /dev/null
SELECT is_empty('TABLE tap.damage', 'from nothing, too');
SELECT is(count(*), 0::bigint, 'bags that were made anew have seconds') FROM (SELECT seconds FROM analytics_rollup_totals UNION ALL SELECT seconds FROM analytics_rollup_tenants) AS b WHERE seconds IS NULL;

-- Seconds: the event of 22:10:05 is counted in 22:10:41, and nobody who counts minutes sees it.
CREATE FUNCTION tap.until(second text) RETURNS bigint LANGUAGE sql AS $$ SELECT coalesce(sum(count), 0)::bigint FROM analytics_counts('2025-01-31 22:00:00+00', ('2025-01-31 22:10:' || second || '+00')::timestamptz) $$;
SELECT tap.until('06') AS events \gset
INSERT INTO analytics_rollup_totals (hour, cells, seconds)
SELECT '2025-01-31 22:00:00+00', b.bag[1], b.bag[2] FROM (SELECT _analytics_missing_bag(t.time, true, 't1', t.count) AS bag FROM (VALUES (timestamptz '2025-01-31 22:10:05+00', -1), ('2025-01-31 22:10:41+00', 1)) AS t (time, count)) AS b;
SELECT is(tap.until('06'), :events - 1::bigint, 'wrong seconds are believed');
SELECT results_eq('TABLE tap.damage', $$VALUES ('totals', timestamptz '2025-01-31 22:10:00+00', NULL, 't1', 1::bigint, 1::bigint)$$, 'until someone compares them: the numbers of the minute are equal');
SELECT is(analytics_rebuild(), 1::bigint, 'rebuilding repairs them');
SELECT is_empty('TABLE tap.damage', 'to the second');
SELECT is(tap.until('06'), :events::bigint, 'and whoever counts them gets them all');
SELECT is(count(*), 0::bigint, 'the hour still has seconds') FROM analytics_rollup_totals WHERE seconds IS NULL;
INSERT INTO analytics_rollup_totals (hour, cells) SELECT '2025-01-31 22:00:00+00', analytics_bag('2025-01-31 22:10:00+00', 't1', 7);
SELECT is(analytics_rebuild(), 1::bigint, 'a bag by hand has no seconds, and is repaired');
SELECT is_empty('TABLE tap.damage', 'by minute');
SELECT is(tap.until('06'), :events::bigint, 'then the events are counted');

BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT throws_ok('SELECT analytics_rebuild()', '25001', NULL, 'an old snapshot might mend twice');
ROLLBACK;

-- Two that rebuild at once mend once; writers go on meanwhile.
SELECT tap.open_session('other'), tap.open_session('writer') \g /dev/null
TRUNCATE analytics_rollup_totals;
BEGIN;
SELECT analytics_rebuild() \g /dev/null
SELECT dblink_send_query('other', 'SELECT public.analytics_rebuild()') \g /dev/null
SELECT ok(tap.other_waits(), 'the second waits');
SELECT is(tap.answer_of('writer', $$SELECT stored FROM public.analytics_ingest(ARRAY[tap.event('meanwhile', '2025-01-31T22:10:00Z')])$$), '1', 'a writer does not');
COMMIT;
SELECT is(answer, 0::bigint, 'and finds nothing to mend') FROM dblink_get_result('other') AS _ (answer bigint);
SELECT is_empty('TABLE tap.damage', 'all is well');
SELECT dblink_disconnect('other'), dblink_disconnect('writer') \g /dev/null

-- What goes unnoticed, as documented: partitions attached, detached or dropped, and a replica's session; unless the trigger is told to.
CREATE TABLE january (LIKE analytics_events INCLUDING DEFAULTS);
INSERT INTO january (source, event_type, occurred_at, payload) VALUES ('s', 'attached', '2024-01-10 00:00:00+00', '{}');
ALTER TABLE analytics_events ATTACH PARTITION january FOR VALUES FROM ('2024-01-01 00:00:00+00') TO ('2024-02-01 00:00:00+00');
SELECT is((SELECT count(*) FROM tap.damage), 2::bigint, 'attached');
SELECT is(analytics_rebuild('2024-01-01 00:00:00+00', '2024-02-01 00:00:00+00'), 2::bigint, 'mended');
DROP TABLE january;
SELECT is((SELECT count(*) FROM tap.damage), 2::bigint, 'dropped');
SELECT is(analytics_rebuild(), 2::bigint, 'mended');
SET session_replication_role = replica;
INSERT INTO analytics_events (source, event_type, occurred_at, payload) VALUES ('s', 'replica', '2025-01-20 00:00:00+00', '{}');
SELECT is((SELECT count(*) FROM tap.damage), 2::bigint, 'a replica''s session');
SELECT is(analytics_rebuild(), 2::bigint, 'mended');
ALTER TABLE analytics_events ENABLE ALWAYS TRIGGER analytics_rollup_row;
INSERT INTO analytics_events (source, event_type, occurred_at, payload) SELECT 's', 'replica', '2025-01-20 00:00:00+00', '{}' FROM generate_series(1, 5);
RESET session_replication_role;
SELECT is_empty('TABLE tap.damage', 'a replica''s session where the trigger is always on');
ALTER TABLE analytics_events ENABLE TRIGGER analytics_rollup_row;
INSERT INTO analytics_events (source, event_type, occurred_at, payload) SELECT 's', 'replica', '2025-01-20 00:00:00+00', '{}' FROM generate_series(1, 5);
SELECT is_empty('TABLE tap.damage', 'and on again as before');

SELECT * FROM finish();
