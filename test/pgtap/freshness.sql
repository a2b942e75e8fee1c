-- The latest event and ingestion, whatever became of the events before; and what is told of time whose events were dropped while its rollups were kept.
\ir include/start.psql
BEGIN;
SELECT * FROM no_plan();
SELECT analytics_create_partition('2025-01-15 00:00:00+00'::timestamptz + n * interval '1 month', '1 month') FROM generate_series(0, 5) AS n \g /dev/null
CREATE FUNCTION tap.store(type text, at timestamptz, tenant text DEFAULT NULL, ingested timestamptz DEFAULT '2025-07-01 00:00:00+00') RETURNS void LANGUAGE sql AS $$ INSERT INTO analytics_events (event_type, source, occurred_at, ingested_at, tenant_id, payload) VALUES (type, 's', at, ingested, tenant, '{}') $$;
CREATE FUNCTION tap.latest(what text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT is(f.last_event_at, (SELECT max(occurred_at) FROM analytics_events AS e WHERE t IS NULL OR e.tenant_id = t), format('%s: of %s', what, coalesce(t, 'any'))) FROM unnest('{x,y,NULL}'::text[]) AS t, _analytics_freshness(t) AS f;
$$;
SELECT tap.latest('no event at all');
SELECT is(f, ROW(NULL::timestamptz, NULL::timestamptz)::record, 'nor an ingestion') FROM _analytics_freshness() AS f (a, b);
SELECT tap.store('t', at, tenant) FROM (VALUES ('2025-01-31 23:59:59.999999+00'::timestamptz, 'x'), ('2025-02-01 00:00:00+00', 'y'), ('2025-04-10 10:00:00+00', 'x'), ('2025-04-10 10:59:59.999999+00', 'y'), ('2025-05-02 12:30:15+00', NULL), ('2025-06-30 23:59:59.999999+00', 'x')) AS v (at, tenant) \g /dev/null
SELECT tap.latest('the last microsecond of a month');
SELECT is(last_ingested_at, '2025-07-01 00:00:00+00', 'the latest ingestion') FROM _analytics_freshness();
SELECT tap.store('t', '2025-03-01 00:00:00+00', 'y', '2025-08-01 00:00:00+00') \g /dev/null
SELECT is(array_agg(last_ingested_at), '{2025-07-01 00:00:00+00,2025-08-01 00:00:00+00,2025-08-01 00:00:00+00}', 'of a late event') FROM unnest('{x,y,NULL}'::text[]) AS t, _analytics_freshness(t);
DELETE FROM analytics_events WHERE occurred_at > '2025-06-01';
SELECT tap.latest('after the latest was deleted');
UPDATE analytics_events SET occurred_at = occurred_at - interval '1 day' WHERE tenant_id IS NULL;
SELECT tap.latest('after it was moved');
DELETE FROM analytics_events WHERE event_type = 't' AND occurred_at >= '2025-04-10 10:00:00+00' AND tenant_id = 'y';
SELECT tap.latest('after the latest of a tenant was deleted');
SELECT tap.store('t', '2025-06-15 06:00:00+00', t) FROM unnest('{x,y}'::text[]) AS t \g /dev/null

-- An UPDATE of the time of ingestion alone.
CREATE FUNCTION tap.ingested() RETURNS timestamptz[] LANGUAGE sql AS $$ SELECT array_agg(last_ingested_at) FROM unnest('{x,y,NULL}'::text[]) AS t, _analytics_freshness(t); $$;
SELECT count(*) AS bags FROM (SELECT hour FROM analytics_rollup_totals UNION ALL SELECT hour FROM analytics_rollup_tenants) AS b \gset
UPDATE analytics_events SET ingested_at = '2025-09-01 00:00:00+00' WHERE tenant_id = 'x' AND occurred_at = '2025-04-10 10:00:00+00';
SELECT is(tap.ingested(), '{2025-09-01 00:00:00+00,2025-08-01 00:00:00+00,2025-09-01 00:00:00+00}', 'ingested_at alone is changed');
UPDATE analytics_events SET ingested_at = ingested_at + interval '70 days' WHERE tenant_id = 'y';
SELECT is(tap.ingested(), '{2025-09-01 00:00:00+00,2025-10-10 00:00:00+00,2025-10-10 00:00:00+00}', 'of several');
SELECT is(count(*) <= :bags, true, 'which leaves no more bags') FROM (SELECT hour FROM analytics_rollup_totals UNION ALL SELECT hour FROM analytics_rollup_tenants) AS b;
UPDATE analytics_events SET ingested_at = '2025-07-01 00:00:00+00' WHERE ingested_at > '2025-08-01';
SELECT is(tap.ingested(), '{2025-09-01 00:00:00+00,2025-10-10 00:00:00+00,2025-10-10 00:00:00+00}', 'an ingestion is not taken back');
SELECT is_empty('SELECT * FROM analytics_verify()', 'the counts are as they were');
DELETE FROM analytics_rollup_totals; DELETE FROM analytics_rollup_tenants WHERE tenant_id = 'x';
UPDATE analytics_events SET ingested_at = '2025-11-01 00:00:00+00' WHERE tenant_id = 'x';
SELECT is(tap.ingested(), '{2025-11-01 00:00:00+00,2025-10-10 00:00:00+00,2025-11-01 00:00:00+00}', 'where there is no bag, one is made');
SELECT isnt(analytics_rebuild(), 0::bigint, 'as rebuild does');

-- Partitions dropped by hand, which nothing counts: their rollups stay.
SELECT tap.store('kept', at, 'y') FROM unnest('{2025-06-20 10:00:10+00,2025-06-20 10:00:20+00,2025-06-20 10:00:55+00,2025-06-20 10:05:00+00}'::timestamptz[]) AS at \g /dev/null
DROP TABLE analytics_events_2025_06;
SELECT tap.latest('the latest partition was dropped');
SELECT is(last_event_at, '2025-05-01 12:30:15+00', 'not what only the rollups remember') FROM _analytics_freshness();
SELECT results_eq($$SELECT * FROM analytics_counts('2025-06-20 10:00:00+00', '2025-06-20 10:06:00+00')$$, $$VALUES ('kept', 4::bigint)$$, 'whole minutes have their numbers still');
SELECT results_eq($$SELECT * FROM _analytics_window_counts('{2025-06-20 10:00:00+00,2025-06-20 10:00:15+00,2025-06-20 10:00:50+00,2025-06-20 10:01:00+00}')$$, $$VALUES (1, 'kept', 1::bigint), (2, 'kept', 1), (3, 'kept', 1)$$, 'and so have whole seconds');
SELECT results_eq($$SELECT * FROM _analytics_window_counts('{2025-06-20 10:00:10+00,2025-06-20 10:00:10.1+00,2025-06-20 10:00:11+00}')$$, $$VALUES (2, 'kept', 1::bigint)$$, 'a broken one counts for its longest piece, all of it');
SELECT is(sum(count), 4::numeric, 'so that nothing is lost') FROM analytics_tumbling('2025-06-20 10:00:00+00', '2025-06-20 10:06:00+00', '7 seconds');
DROP TABLE analytics_events_2025_04; DROP TABLE analytics_events_2025_05;
SELECT tap.latest('more were');
DROP TABLE analytics_events_2025_01; DROP TABLE analytics_events_2025_02; DROP TABLE analytics_events_2025_03;
SELECT tap.latest('all were');

SELECT * FROM finish();
ROLLBACK;
