-- The ends of time: upkeep and questions with the first and the last instant that can be stored, and with what partitions made by hand let in beyond.
\ir include/start.psql
SELECT * FROM no_plan();
SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET IntervalStyle = 'postgres';

\set first '''0001-01-01 00:00:00+00'''
\set last '''9999-12-31 23:59:59.999999+00'''

-- What the functions say, against plain SQL.
CREATE FUNCTION tap.agrees(what text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN NEXT is_empty('SELECT * FROM analytics_verify()', what || ': nothing is to be mended');
    RETURN NEXT is(analytics_rebuild(), 0::bigint, what || ': nor is anything');
    RETURN NEXT set_eq($q$SELECT * FROM analytics_counts('-infinity', 'infinity')$q$,
        $q$SELECT event_type::text, count(*) FROM analytics_events WHERE occurred_at < 'infinity' GROUP BY 1$q$, what || ': counts of all time');
    RETURN NEXT set_eq($q$SELECT * FROM analytics_counts('0001-01-01 00:00:00+00', '10000-01-01 00:00:00+00', 'a')$q$,
        $q$SELECT event_type::text, count(*) FROM analytics_events WHERE occurred_at >= '0001-01-01' AND occurred_at < '10000-01-01' AND tenant_id = 'a' GROUP BY 1$q$, what || ': counts of a tenant');
    RETURN NEXT results_eq($q$SELECT occurred_at, id FROM analytics_recent(1000)$q$, $q$SELECT occurred_at, id FROM analytics_events ORDER BY 1 DESC, 2 DESC$q$, what || ': recent');
    RETURN NEXT results_eq($q$SELECT occurred_at, id FROM analytics_recent(1000, tenant_id => 'a')$q$, $q$SELECT occurred_at, id FROM analytics_events WHERE tenant_id = 'a' ORDER BY 1 DESC, 2 DESC$q$, what || ': recent of a tenant');
    RETURN NEXT is((SELECT count(*) FROM analytics_recent(1000) AS e WHERE _analytics_event_json(e) ->> 'occurredAt' IS NOT NULL), (SELECT count(*) FROM analytics_events), what || ': all as JSON');
    RETURN NEXT is((SELECT last_event_at FROM _analytics_freshness()), (SELECT max(occurred_at) FROM analytics_events WHERE isfinite(occurred_at)), what || ': the last event');
    RETURN NEXT is(analytics_summary() #>> '{freshness,lastEventAt}', (SELECT _analytics_instant_text(max(occurred_at)) FROM analytics_events WHERE isfinite(occurred_at)), what || ': so says the summary');
    RETURN NEXT is((SELECT sum(events)::bigint FROM analytics_session('-infinity', 'infinity', '1 minute', '{k}')), (SELECT count(*) FROM analytics_events WHERE occurred_at < 'infinity'), what || ': sessions');
    RETURN NEXT set_eq($q$SELECT tenant_id, sum(count)::bigint AS c, sum(n_sum) AS n FROM odd GROUP BY 1$q$, $q$SELECT tenant_id::text, count(*) AS c, sum((payload ->> 'n')::numeric) AS n FROM analytics_events WHERE occurred_at >= '0001-01-01' AND occurred_at < '10000-01-01' GROUP BY 1$q$, what || ': a projection');
    RETURN NEXT is((SELECT sum(count)::bigint FROM long), (SELECT sum(count)::bigint FROM odd), what || ': and one of a hundred years');
    RETURN NEXT isnt((SELECT count(*) FROM _analytics_projection_page('odd', max_rows => 1000)), 0::bigint, what || ': by the page');
END
$$;
CREATE FUNCTION tap.store(VARIADIC at timestamptz[]) RETURNS bigint LANGUAGE sql AS $$
    WITH stored AS (INSERT INTO analytics_events (event_type, source, occurred_at, tenant_id, payload)
        SELECT 't' || n % 2, 's', i, (ARRAY['a', NULL])[1 + n % 2], jsonb_build_object('n', n, 'k', 'k') FROM unnest(at) WITH ORDINALITY AS a (i, n), generate_series(1, 2) RETURNING 1)
    SELECT count(*) FROM stored;
$$;
CALL analytics_create_projection('odd', measures => '{"n": ["n"]}', bucket => '7 minutes');
CALL analytics_create_projection('long', measures => '{"n": ["n"]}', bucket => '100 years');

-- The years that can be ingested.
SET analytics.max_future = -1;
SELECT is((SELECT stored FROM analytics_ingest(ARRAY[tap.event('first', '0001-01-01T00:00:00Z', payload => '{"k": "k"}'), tap.event('last', '9999-12-31T23:59:59.999999Z', payload => '{"k": "k"}')])), 2::bigint, 'the first and the last instant are stored');
BEGIN;
DO $$ BEGIN FOR i IN 1 .. 40 LOOP PERFORM tap.store('0001-01-01 00:00:00+00', '9999-12-31 23:59:59.999999+00'); END LOOP; END $$;
SELECT tap.agrees('often enough to be folded');
UPDATE analytics_events SET payload = payload || '{"n": 3}', event_type = 'u';
SELECT tap.agrees('changed');
DELETE FROM analytics_projection_bags;
SELECT isnt(analytics_rebuild(), 0::bigint, 'bags of projections that are lost');
SELECT tap.agrees('are mended');
DELETE FROM analytics_rollup_totals; DELETE FROM analytics_rollup_tenants;
SELECT isnt(analytics_rebuild(:first, :last), 0::bigint, 'the rollups too, up to the last minute');
SELECT tap.agrees('all is mended');
SELECT is(count(*), 162::bigint, 'windows at the ends') FROM analytics_events;
SELECT is(sum(count)::bigint, 81::bigint, 'the first minute in a histogram') FROM analytics_histogram(:first, '0001-01-01 00:03:00+00', '7 minutes');
SELECT is(sum(count)::bigint, 81::bigint, 'the last') FROM analytics_histogram('9999-12-31 23:50:00+00', '10000-01-01 00:00:00+00', '1 month');
SELECT is(sum(count)::bigint, 81::bigint, 'tumbling, the first') FROM analytics_tumbling(:first, '0001-01-01 00:03:00+00', '4000 days');
SELECT is(sum(count)::bigint, 243::bigint, 'hopping, the last') FROM analytics_hopping('9999-12-31 23:50:00+00', '10000-01-01 00:00:00+00', '3 hours', '1 hour');
SELECT is((analytics_summary(60, :last) ->> 'totalEvents')::int, 81, 'a summary up to the last');
SELECT is((analytics_summary(60, '0001-01-01 01:00:00+00') ->> 'totalEvents')::int, 81, 'and of the first hour');
SELECT is(count(*), 1::bigint, 'the first partition goes, and its rollups') FROM analytics_retain('1 year', keep_rollups => false);
SELECT tap.agrees('with retention');
SELECT is(count(*), 81::bigint, 'the last ones stay') FROM analytics_events;
ROLLBACK;
BEGIN;
SELECT is(count(*), 1::bigint, 'rollups that were kept') FROM analytics_retain('1 year');
SELECT is(count(*), 1::bigint, 'go later') FROM analytics_retain('1 year', keep_rollups => false) WHERE partition IS NULL;
SELECT tap.agrees('kept, and gone');
ROLLBACK;
SELECT is_empty(format('SELECT * FROM analytics_retain(%L, %L)', keep, kept), format('nothing is older than %s', keep)) FROM unnest('{6000 years,300000 years,100000000 days}'::text[]) AS keep, unnest('{true,false}'::boolean[]) AS kept;
SELECT is(partition::text, 'analytics_events_0001_to_2000', 'the first instant has a partition') FROM _analytics_partition_at(:first);
SELECT is(analytics_create_partition(:first)::text, 'analytics_events_0001_to_2000', 'which is not made again');
SELECT is(analytics_create_partition(:last)::text, 'analytics_events_2100_to_10000', 'nor the last');

-- Projections that are built over the ends.
CALL analytics_create_projection('later', bucket => '7 minutes');
SELECT is((SELECT sum(count)::bigint FROM later), 2::bigint, 'a projection takes both ends in');
BEGIN;
SELECT tap.store(VARIADIC array_agg(timestamptz '0001-01-01 00:00:00+00' + i * interval '1 minute')) FROM generate_series(1, 25002) AS i \g /dev/null
INSERT INTO analytics_projections (name, dimensions, measures, bucket, max_groups, view_schema) VALUES ('slow', '{}', '{}', '100 years', 10, 'public');
SELECT tap.store('0001-01-02 00:00:01+00') \g /dev/null
SELECT is(_analytics_build_projection_chunk('slow'), true, 'a bucket that begins before the year 1, and holds more than a chunk');
SELECT is(_analytics_projection_json('slow') ->> 'builtUntil', '0070-01-01T00:00:00Z', 'is taken in as a whole');
SELECT is(_analytics_build_projection_chunk('slow'), true, 'the rest');
SELECT is(_analytics_build_projection_chunk('slow'), false, 'is ready');
SELECT is_empty('SELECT * FROM analytics_verify()', 'and right');
ROLLBACK;
SELECT analytics_drop_projection('later');

-- What partitions of the operator's own let in beyond: before Christ, the year 12000, the last timestamp, infinities.
SELECT is(_analytics_instant_text(at), due, 'as text: ' || at) FROM (VALUES
    ('-infinity'::timestamptz, '-infinity'), ('infinity', 'infinity'), ('12000-02-29 13:14:15.5+00', '+012000-02-29T13:14:15.500000Z'), ('10000-01-01 00:00:00+00', '+010000-01-01T00:00:00Z'),
    ('0001-12-31 23:59:59+00 BC', '0000-12-31T23:59:59Z'), ('0044-03-15 12:00:00+00 BC', '-000043-03-15T12:00:00Z'), ('4714-11-24 00:00:00+00 BC', '-004713-11-24T00:00:00Z'),
    ('294276-12-31 23:59:59.999999+00', '+294276-12-31T23:59:59.999999Z'), (:first, '0001-01-01T00:00:00Z'), (:last, '9999-12-31T23:59:59.999999Z')) AS v (at, due);
CREATE TABLE before_all PARTITION OF analytics_events FOR VALUES FROM (MINVALUE) TO ('0001-01-01 00:00:00+00');
CREATE TABLE after_all PARTITION OF analytics_events FOR VALUES FROM ('10000-01-01 00:00:00+00') TO (MAXVALUE);
SELECT analytics_watch_partition('before_all'), analytics_watch_partition('after_all') \g /dev/null
BEGIN;
SELECT is(tap.store('-infinity', '4714-11-24 00:00:00+00 BC', '0044-03-15 12:00:00+00 BC', '0001-12-31 23:59:59.999999+00 BC', '10000-01-01 00:00:00+00', '12000-01-01 00:00:00+00',
    '294276-12-31 23:59:59.999999+00', 'infinity'), 16::bigint, 'stored by hand');
SELECT tap.agrees('beyond the years');
UPDATE analytics_events SET event_type = 'u', payload = payload || '{"n": 4}';
SELECT tap.agrees('changed there');
SELECT is_empty(format('SELECT * FROM analytics_verify(%L, %L)', low, high), format('verified from %s to %s', low, high))
FROM unnest('{-infinity,4714-11-24 00:00:00+00 BC,4714-11-24 00:00:30+00 BC,294276-12-31 23:59:59.999999+00,infinity}'::timestamptz[]) AS low, unnest('{-infinity,4714-11-24 00:00:00+00 BC,4714-11-24 00:00:30+00 BC,294276-12-31 23:59:59.999999+00,infinity}'::timestamptz[]) AS high;
DELETE FROM analytics_rollup_totals; DELETE FROM analytics_rollup_tenants; DELETE FROM analytics_projection_bags;
SELECT isnt(analytics_rebuild(), 0::bigint, 'bags that are lost there');
SELECT tap.agrees('mended there');
SELECT set_eq($$SELECT * FROM _analytics_window_counts('{-infinity,-infinity,4714-11-24 00:00:00+00 BC,infinity,infinity}')$$, $$VALUES (2, 'u', 2::bigint), (3, 'u', 14::bigint)$$, 'what is before all time is of the bucket that begins there');
SELECT is_empty($$SELECT * FROM _analytics_window_counts('{-infinity,-infinity}')$$, 'and of no bucket that ends there');
SELECT is(sum(events)::bigint, 8::bigint, 'a beginning that is open goes, with its rollups') FROM analytics_retain('2000 years', keep_rollups => false);
ROLLBACK;
BEGIN;
SELECT tap.store('-infinity', '4714-11-24 00:00:00+00 BC', '0044-03-15 12:00:00+00 BC', '12000-01-01 00:00:00+00', '294276-12-31 23:59:59.999999+00', 'infinity') \g /dev/null
SELECT is(count(*), 2::bigint, 'the oldest go') FROM analytics_retain('1 year', keep_rollups => false);
SELECT tap.agrees('what is left beyond');
ROLLBACK;
BEGIN;
SELECT tap.store('-infinity', '0044-03-15 12:00:00+00 BC', '12000-01-01 00:00:00+00', 'infinity') \g /dev/null
TRUNCATE before_all, after_all;
SELECT tap.agrees('truncated there');
ROLLBACK;

-- Who asks is blamed for what he has asked: the message names it.
SELECT matches(f.message, '^' || name || ' ', 'named: ' || statement) FROM (VALUES
    ('reference', $$SELECT analytics_summary(60, '0001-01-01 00:00:00+00')$$), ('reference', $$SELECT analytics_summary(60, 'infinity')$$), ('reference', $$SELECT analytics_summary(60, '-infinity')$$),
    ('reference', $$SELECT analytics_summary(60, '4714-11-24 00:00:00+00 BC')$$), ('window_minutes', $$SELECT analytics_summary(4)$$),
    ('window_start', $$SELECT * FROM analytics_histogram('0001-12-31 23:00:00+00 BC', now(), '1 day')$$), ('window_end', $$SELECT * FROM analytics_histogram(now(), 'infinity', '1 day')$$),
    ('window_start', $$SELECT * FROM analytics_tumbling('-infinity', now(), '1 day')$$), ('window_end', $$SELECT * FROM analytics_tumbling(now(), '12000-01-01 00:00:00+00', '1 day')$$),
    ('bucket', $$SELECT * FROM analytics_histogram(now(), now(), '4001 years')$$), ('size', $$SELECT * FROM analytics_tumbling(now(), now(), '1500000 days')$$),
    ('gap', $$SELECT * FROM analytics_session(now(), now(), '1500000 days', '{k}')$$), ('instant', $$SELECT analytics_bucket_start('infinity', '1 day')$$)) AS v (name, statement),
    LATERAL tap.failure_of(statement) AS f;
SELECT is(isfinite(analytics_bucket_start('0001-01-01 00:00:00+00', '4000 years')), true, 'the longest bucket begins where timestamps do');
SELECT is(count(*) FILTER (WHERE window_start IS NOT NULL AND window_start::text <> ''), 1::bigint, 'and the longest window') FROM analytics_tumbling(:first, '0001-01-02 00:00:00+00', '1464000 days');

SELECT * FROM finish();
