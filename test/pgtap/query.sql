-- What analysts ask: counts, histogram, summary, recent and the functions of time, each against a plain query over the same random events.
\ir include/start.psql
BEGIN;
SELECT * FROM no_plan();

-- Ten thousand events over five days: ties, bucket edges and neighbours of both, three tenants and none.
SELECT setseed(0.1524) \g /dev/null
SELECT diag('seed 0.1524');
\set day '''2025-03-10 00:00:00+00''::timestamptz'
SELECT analytics_create_partition(:day + n * interval '1 month') FROM generate_series(-1, 1) AS n \g /dev/null
INSERT INTO analytics_events (event_type, source, occurred_at, ingested_at, tenant_id, payload)
SELECT (ARRAY['a', 'b', 'b', 'c', 'Ä', 'x "y"'])[1 + floor(random() * 6)::int], 's',
       CASE floor(random() * 5)::int
           WHEN 0 THEN :day + floor(random() * 1440) * interval '5 minutes'
           WHEN 1 THEN :day + floor(random() * 1440) * interval '5 minutes' - interval '1 microsecond'
           WHEN 2 THEN :day + floor(random() * 50) * interval '2 hours'
           ELSE :day + random() * interval '5 days' END,
       :day + random() * interval '6 days', (ARRAY['x', 'y', 'Z', NULL])[1 + floor(random() * 4)::int], jsonb_build_object('n', n)
FROM generate_series(1, 10000) AS n;

-- The windows that the oracles are asked about, half of them beginning or ending at the very instant of an event, or a microsecond beside it.
CREATE TEMP TABLE edges AS SELECT row_number() OVER () AS n, occurred_at + (n % 3 - 1) * interval '1 microsecond' AS at FROM (SELECT occurred_at, row_number() OVER (ORDER BY md5(id::text)) AS n FROM analytics_events) AS e WHERE n <= 20
    UNION ALL SELECT 20 + n, :day + (random() * 6 - 0.5) * interval '1 day' FROM generate_series(1, 20) AS n;
CREATE TEMP TABLE windows AS
    SELECT a.n, a.at AS window_start, a.at + (b.at - (SELECT min(at) FROM edges)) * 0.3 AS window_end, (ARRAY['x', 'y', 'Z', 'nobody', NULL, NULL])[1 + a.n % 6] AS tenant, (ARRAY['a', 'b', 'none', NULL, NULL])[1 + a.n % 5] AS type
    FROM edges AS a JOIN edges AS b ON b.n = 41 - a.n;
SELECT is(count(*), 40::bigint, 'forty windows') FROM windows;

-- analytics_counts.
SELECT results_eq(format('SELECT event_type, count FROM analytics_counts(%L, %L, %L)', window_start, window_end, tenant),
    format('SELECT event_type::text, count(*) FROM analytics_events WHERE occurred_at >= %L AND occurred_at < %L AND (%L IS NULL OR tenant_id = %L) GROUP BY 1 ORDER BY 1', window_start, window_end, tenant, tenant), format('counts, window %s', n)) FROM windows;
SELECT is(sum(count), 10000::numeric, 'all of time holds all events') FROM analytics_counts('-infinity', 'infinity');
SELECT is(count(*), 0::bigint, 'an empty window holds none') FROM analytics_counts(:day, :day);
SELECT is(count(*), 0::bigint, 'nor does a window that ends before it begins') FROM analytics_counts(:day + interval '1 day', :day);
SELECT is((SELECT sum(count) FROM analytics_counts(window_start => occurred_at, window_end => occurred_at + interval '1 microsecond')), (SELECT count(*)::numeric FROM analytics_events AS o WHERE o.occurred_at = e.occurred_at), 'half-open: the start belongs to it, the end does not') FROM (SELECT occurred_at FROM analytics_events ORDER BY id LIMIT 3) AS e;

-- analytics_histogram: every bucket that meets the window, with every type that the window holds.
CREATE FUNCTION tap.bucket_of(instant timestamptz, bucket interval) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN extract(month FROM $2) + extract(year FROM $2) * 12 = 0 THEN date_bin($2, $1, '1970-01-01 00:00:00+00')
        ELSE (timestamp '1970-01-01' + (((extract(year FROM $1 AT TIME ZONE 'UTC') - 1970) * 12 + extract(month FROM $1 AT TIME ZONE 'UTC') - 1)::int / (extract(month FROM $2) + extract(year FROM $2) * 12)::int)
                                       * (extract(month FROM $2) + extract(year FROM $2) * 12)::int * interval '1 month') AT TIME ZONE 'UTC' END;
$$;
CREATE FUNCTION tap.histogram(window_start timestamptz, window_end timestamptz, bucket interval, tenant text, type text) RETURNS TABLE (bucket_start timestamptz, event_type text, count bigint) LANGUAGE sql STABLE AS $$
    WITH own AS (SELECT tap.bucket_of(e.occurred_at, $3) AS bucket_start, e.event_type::text FROM analytics_events AS e WHERE e.occurred_at >= $1 AND e.occurred_at < $2 AND (e.tenant_id = $4 OR $4 IS NULL) AND (e.event_type = $5 OR $5 IS NULL)),
    starts AS (SELECT at FROM generate_series((tap.bucket_of($1, $3) AT TIME ZONE 'UTC'), $2 AT TIME ZONE 'UTC' - interval '1 microsecond', $3) AS _ (local), LATERAL (SELECT local AT TIME ZONE 'UTC') AS s (at) WHERE $1 < $2),
    types AS (SELECT DISTINCT own.event_type FROM own UNION SELECT $5 WHERE $5 IS NOT NULL OR NOT EXISTS (SELECT FROM own))
    SELECT s.at, t.event_type, (SELECT count(*) FROM own WHERE own.bucket_start = s.at AND own.event_type = t.event_type) FROM starts AS s CROSS JOIN types AS t ORDER BY 1, 2;
$$;
SELECT results_eq(format('SELECT * FROM analytics_histogram(%L, %L, %L, %L, %L)', window_start, window_end, bucket, tenant, type), format('SELECT * FROM tap.histogram(%L, %L, %L, %L, %L)', window_start, window_end, bucket, tenant, type), format('histogram by %s, window %s', bucket, n))
FROM windows, LATERAL (SELECT (ARRAY['17 minutes', '1 hour', '1 day', '1 month', '7 days', '1 day 30 minutes', '3 months', '1 year']::interval[])[1 + n % 8]) AS b (bucket);
SELECT results_eq($$SELECT bucket_start, count FROM analytics_histogram('2025-01-31 12:00:00+00', '2025-04-01 00:00:00+00', '1 month', event_type => 'a')$$, $$VALUES ('2025-01-01 00:00:00+00'::timestamptz, 0::bigint), ('2025-02-01 00:00:00+00', 0), ('2025-03-01 00:00:00+00', (SELECT count(*) FROM analytics_events WHERE event_type = 'a'))$$, 'months are UTC months, empty ones appear');
SELECT results_eq($$SELECT * FROM analytics_histogram('2020-01-01 00:00:00+00', '2020-01-01 00:20:00+00', '10 minutes')$$, $$VALUES ('2020-01-01 00:00:00+00'::timestamptz, NULL::text, 0::bigint), ('2020-01-01 00:10:00+00', NULL, 0)$$, 'a window without events has its buckets');
SELECT results_eq($$SELECT * FROM analytics_histogram('2020-01-01 00:00:00+00', '2020-01-01 00:20:00+00', '10 minutes', event_type => 'q')$$, $$VALUES ('2020-01-01 00:00:00+00'::timestamptz, 'q', 0::bigint), ('2020-01-01 00:10:00+00', 'q', 0)$$, 'and the type that was asked for');
SELECT is(count(*), 0::bigint, 'an empty window has no bucket') FROM analytics_histogram(:day, :day, '1 hour');
SELECT tap.fails(format('SELECT * FROM analytics_histogram(now(), now() + interval ''1 day'', %L)', bucket), '22023', 'no bucket of ' || bucket) FROM unnest('{0,-1 hour,1 second,90 seconds,1 month 1 day,1 month -1 day,0.5 minutes,1 microsecond,-1 month}'::text[]) AS bucket;
SELECT tap.fails($$SELECT * FROM analytics_histogram('0001-01-01 00:00:00+00', '10000-01-01 00:00:00+00', '1 minute')$$, '22023', 'not more than a hundred thousand buckets');
SELECT is(count(*), 100000::bigint, 'a hundred thousand are fine') FROM _analytics_buckets('2025-01-01 00:00:00+00', '2025-01-01 00:00:00+00'::timestamptz + 100000 * interval '1 minute', '1 minute');
SELECT tap.fails($$SELECT * FROM _analytics_buckets('2025-01-01 00:00:00+00', '2025-01-01 00:00:00.000001+00'::timestamptz + 100000 * interval '1 minute', '1 minute')$$, '22023', 'one more is not');
-- A row for each type and bucket: an answer has an end, and the way to it costs what there is and not what there might be.
SAVEPOINT many;
SELECT analytics_create_partition('2031-01-01 00:00:00+00'), analytics_create_partition('2031-02-01 00:00:00+00'), analytics_create_partition('2031-03-01 00:00:00+00') \g /dev/null
INSERT INTO analytics_events (event_type, source, occurred_at, payload) SELECT 'type ' || n, 's', timestamptz '2031-01-01 00:00:00+00' + n * interval '30 minutes', '{}' FROM generate_series(0, 2999) AS n;
SELECT is(f.state || ' ' || f.message, '22023 bucket is too short: the result would have more than 1000000 rows', 'a histogram of 100,000 buckets and 3,000 types is refused')
FROM tap.failure_of($$SELECT * FROM analytics_histogram('2031-01-01 00:00:00+00', timestamptz '2031-01-01 00:00:00+00' + interval '100000 minutes', '1 minute')$$) AS f;
SELECT is(count(*) || ' ' || sum(count), '100000 1', 'of one of these types it is answered') FROM analytics_histogram('2031-01-01 00:00:00+00', timestamptz '2031-01-01 00:00:00+00' + interval '100000 minutes', '1 minute', event_type => 'type 2999');
SELECT is(count(*) || ' ' || sum(count), '100000 0', 'and of one that there is not') FROM analytics_histogram('2031-01-01 00:00:00+00', timestamptz '2031-01-01 00:00:00+00' + interval '100000 minutes', '1 minute', event_type => 'type 3000');
SELECT is(count(*) || ' ' || sum(count), '189000 3000', 'so is one of longer buckets') FROM analytics_histogram('2031-01-01 00:00:00+00', '2031-03-05 00:00:00+00', '1 day');
SELECT is(count(*), 3000::bigint, 'counts are as many as there are') FROM _analytics_window_counts(ARRAY(SELECT timestamptz '2031-01-01 00:00:00+00' + n * interval '1 minute' FROM generate_series(0, 100000) AS n));
SELECT is(f.state || ' ' || f.message, '22023 hop is too short: the result would have more than 1000000 rows', 'overlapping windows have an end, too')
FROM tap.failure_of($$SELECT * FROM analytics_hopping('2031-01-01 00:00:00+00', '2031-03-05 00:00:00+00', '63 days', '2 minutes')$$) AS f;
INSERT INTO analytics_events (event_type, source, occurred_at, payload) SELECT 'type ' || n, 's', timestamptz '2031-01-01 00:00:00+00' + m * interval '11 seconds', '{}' FROM generate_series(0, 2999) AS n, generate_series(1, 5) AS m;
SELECT is((SELECT ROW(count(*), sum(count))::text FROM _analytics_window_counts(ARRAY(SELECT timestamptz '2031-01-01 00:00:00+00' + n * interval '1 second' FROM generate_series(0, 60) AS n))), '(15001,15001)', 'counts of seconds');
ROLLBACK TO many;
SELECT tap.fails($$SELECT * FROM analytics_histogram('-infinity', 'infinity', '1 month')$$, '22008', 'nor an endless window');

SELECT is(count(*), 9999::bigint, 'the years 0001 to 9999') FROM _analytics_buckets('0001-01-01 00:00:00+00', '10000-01-01 00:00:00+00', '1 year');
SELECT tap.fails($$SELECT * FROM analytics_histogram('9999-01-01 00:00:00+00', '10000-01-01 00:00:00.000001+00', '1 year')$$, '22008', 'and not more');

-- analytics_bucket_start and _analytics_buckets.
SELECT is(analytics_bucket_start(instant, bucket), tap.bucket_of(instant, bucket), format('bucket of %s at %s', bucket, instant))
FROM unnest('{1970-01-01 00:00:00+00,1969-12-31 23:59:59.999999+00,2025-11-16 18:14:07.123456+00,2000-02-29 00:00:00+00}'::timestamptz[]) AS instant, unnest('{1 minute,5 minutes,7 minutes,1 hour,1 day,10080 minutes}'::interval[]) AS bucket;
SELECT is(analytics_bucket_start(instant, bucket), due, format('bucket of %s at %s', bucket, instant))
FROM (VALUES ('1 month'::interval, '2025-11-30 23:59:59.999999+00'::timestamptz, '2025-11-01 00:00:00+00'::timestamptz), ('1 month', '1969-12-31 23:59:59+00', '1969-12-01 00:00:00+00'), ('3 months', '2025-12-31 00:00:00+00', '2025-10-01 00:00:00+00'), ('5 months', '1969-12-31 00:00:00+00', '1969-08-01 00:00:00+00'), ('1 year', '0001-06-01 00:00:00+00', '0001-01-01 00:00:00+00'), ('10 years', '1969-06-01 00:00:00+00', '1960-01-01 00:00:00+00')) AS v (bucket, instant, due);
SELECT ok(bool_and(analytics_bucket_start(at, '1 hour') <= at AND analytics_bucket_start(at, '1 hour') > at - interval '1 hour'), 'an instant lies in its bucket') FROM edges;
SELECT is(array_agg(b), '{2025-01-01 00:00:00+00,2025-01-01 01:00:00+00}'::timestamptz[], 'buckets that meet a window') FROM _analytics_buckets('2025-01-01 00:30:00+00', '2025-01-01 01:00:00.000001+00', '1 hour') AS b;
SELECT is(array_agg(b), '{2025-01-01 00:00:00+00}'::timestamptz[], 'the window''s end is not in it') FROM _analytics_buckets('2025-01-01 00:30:00+00', '2025-01-01 01:00:00+00', '1 hour') AS b;
SELECT is(analytics_bucket_start(NULL, '1 hour'), NULL, 'null for null');

-- analytics_summary.
CREATE FUNCTION tap.iso(instant timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT to_char($1 AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS') || CASE WHEN extract(microseconds FROM $1)::int % 1000000 <> 0 THEN to_char($1 AT TIME ZONE 'UTC', '.US') ELSE '' END || 'Z';
$$;
CREATE FUNCTION tap.summary(minutes int, reference timestamptz, tenant text) RETURNS jsonb LANGUAGE sql STABLE AS $$
    WITH bounds AS (SELECT $2 - minutes * interval '1 minute' AS first, greatest(minutes / 6, 5) * interval '1 minute' AS step),
    own AS (SELECT e.* FROM analytics_events AS e, bounds WHERE e.occurred_at BETWEEN bounds.first AND $2 AND (e.tenant_id = $3 OR $3 IS NULL))
    SELECT jsonb_build_object('windowStart', tap.iso(b.first), 'windowEnd', tap.iso($2), 'windowMinutes', minutes, 'intervalMinutes', extract(epoch FROM b.step)::int / 60, 'totalEvents', (SELECT count(*) FROM own),
        'eventsPerType', coalesce((SELECT jsonb_object_agg(event_type, n) FROM (SELECT event_type, count(*) AS n FROM own GROUP BY 1) AS t), '{}'),
        'eventsPerInterval', (SELECT jsonb_agg(jsonb_build_object('bucketStart', tap.iso(at), 'count', (SELECT count(*) FROM own WHERE date_bin(b.step, occurred_at, '1970-01-01 00:00:00+00') = at)) ORDER BY at)
                              FROM generate_series(date_bin(b.step, b.first, '1970-01-01 00:00:00+00'), date_bin(b.step, $2, '1970-01-01 00:00:00+00'), b.step) AS at))
    FROM bounds AS b;
$$;
SELECT is(analytics_summary(minutes, window_end, tenant) - 'freshness', tap.summary(minutes, window_end, tenant), format('summary of %s minutes, window %s', minutes, n)) FROM windows, LATERAL (SELECT (ARRAY[5, 6, 29, 30, 31, 36, 60, 61, 720, 1439, 1440, 4321, 10079, 10080])[1 + n % 14]) AS m (minutes);
SELECT is(analytics_summary(60, occurred_at) - 'freshness', tap.summary(60, occurred_at, NULL), 'summary that ends at an event') FROM (SELECT occurred_at FROM analytics_events ORDER BY id LIMIT 3) AS e;
SELECT is(analytics_summary(60, occurred_at + interval '60 minutes') - 'freshness', tap.summary(60, occurred_at + interval '60 minutes', NULL), 'summary that begins at an event') FROM (SELECT occurred_at FROM analytics_events ORDER BY id LIMIT 3) AS e;
SAVEPOINT edges;
TRUNCATE analytics_events;
INSERT INTO analytics_events (event_type, source, occurred_at, tenant_id, payload) SELECT what, 's', at, 'x', '{}' FROM (VALUES ('before', :day + interval '1 hour' - interval '1 microsecond'), ('start', :day + interval '1 hour'), ('end', :day + interval '2 hours'), ('after', :day + interval '2 hours 1 microsecond')) AS v (what, at);
SELECT is(analytics_summary(60, :day + interval '2 hours') -> 'eventsPerType', '{"start":1,"end":1}', 'closed at both ends, to the microsecond');
SELECT is(jsonb_array_length(analytics_summary(60, :day + interval '2 hours') -> 'eventsPerInterval'), 7, 'the bucket that the end begins is there');
SELECT is(jsonb_array_length(analytics_summary(60, :day + interval '2 hours' - interval '1 microsecond') -> 'eventsPerInterval'), 7, 'and that of a start within a bucket');
SELECT is(analytics_summary(60, :day + interval '2 hours', 'x') -> 'totalEvents', '2', 'of a tenant');
SELECT is(analytics_summary(60, :day + interval '2 hours', 'other') -> 'totalEvents', '0', 'of a tenant without events');
SELECT is(analytics_summary(60, :day + interval '2 hours', 'other') -> 'eventsPerType', '{}', 'who has no types');
SELECT is((SELECT sum((i ->> 'count')::int) FROM jsonb_array_elements(analytics_summary(60, :day + interval '2 hours', 'other') -> 'eventsPerInterval') AS i), 0::bigint, 'but all the buckets');
ROLLBACK TO edges;
SELECT is(analytics_summary(minutes) -> 'intervalMinutes', due::text::jsonb, format('%s minutes: intervals of %s', minutes, due)) FROM (VALUES (5, 5), (35, 5), (36, 6), (60, 10), (720, 120), (10080, 1680)) AS v (minutes, due);
SELECT tap.fails(format('SELECT analytics_summary(%s)', minutes), '22023', format('no window of %s minutes', minutes)) FROM unnest('{4,10081,0,-60,2147483647,-2147483648}'::int[]) AS minutes;
SELECT is(analytics_summary() -> 'windowMinutes', '60', 'a null window is the setting''s, an hour');
SET LOCAL analytics.metrics_window_minutes = 90;
SELECT is(analytics_summary() -> 'windowMinutes', '90', 'or whatever it says');
SELECT is(analytics_summary(NULL, :day, NULL) - 'freshness', tap.summary(90, :day, NULL), 'with a reference');
SELECT is(analytics_summary(30) -> 'windowMinutes', '30', 'a window that is told beats it');
RESET analytics.metrics_window_minutes;
SELECT is(analytics_summary() ->> 'windowEnd', tap.iso(now()), 'the default reference is now');
SELECT is(analytics_summary(60, NULL) ->> 'windowEnd', tap.iso(now()), 'a null reference, too');
SELECT is(analytics_summary(tenant_id => 'x', reference => :day, window_minutes => 60) - 'freshness', tap.summary(60, :day, 'x'), 'named arguments');
SELECT is((SELECT array_agg(k ORDER BY k) FROM jsonb_object_keys(analytics_summary()) AS k), '{eventsPerInterval,eventsPerType,freshness,intervalMinutes,totalEvents,windowEnd,windowMinutes,windowStart}', 'the members of a summary');
SELECT matches(f.state, '^22', format('a reference of %s is out of range', reference)) FROM unnest('{infinity,-infinity,0001-01-01 00:00:00+00,10000-01-01 00:00:00+00}'::text[]) AS reference, tap.failure_of(format('SELECT analytics_summary(60, %L)', reference)) AS f;
SELECT is(analytics_summary(60, '9999-12-31 23:59:59.999999+00') ->> 'windowEnd', '9999-12-31T23:59:59.999999Z', 'the last reference of all');
SELECT is(analytics_summary(60, '0001-01-01 01:00:00+00') ->> 'windowStart', '0001-01-01T00:00:00Z', 'the first');

-- freshness.
SELECT is(analytics_summary() #>> '{freshness,lastEventAt}', tap.iso(max(occurred_at)), 'lastEventAt') FROM analytics_events;
SELECT is(analytics_summary() #>> '{freshness,lastIngestedAt}', tap.iso(max(ingested_at)), 'lastIngestedAt') FROM analytics_events;
SELECT is(analytics_summary(tenant_id => 'x') #>> '{freshness,lastEventAt}', tap.iso(max(occurred_at)), 'lastEventAt of a tenant') FROM analytics_events WHERE tenant_id = 'x';
SELECT is(analytics_summary(60, :day) #>> '{freshness,lastEventAt}', tap.iso(max(occurred_at)), 'it is of the present, not of the window') FROM analytics_events;
SELECT is(analytics_summary(tenant_id => 'nobody') #> '{freshness,lastEventAt}', 'null', 'null without events');
SELECT is(analytics_summary() #> '{freshness,lagRecords}', 'null', 'lagRecords is null while no ingestor has reported');
SELECT is(analytics_lag_records(), NULL, 'so is analytics_lag_records');
SELECT * FROM analytics_claim_partition('g', 't', 0, 'o', 0) \g /dev/null
SELECT is(analytics_lag_records(), NULL, 'a partition without a high watermark: still null');
SELECT t FROM (VALUES ('g', 0, 0, 100), ('g', 1, 50, 60), ('g', 2, 50, 40), ('slow', 0, 0, 111)) AS v (grp, partition, next, high), analytics_claim_partition(grp, 't', partition, 'o', next, high) AS t \g /dev/null
SELECT is(analytics_summary() #> '{freshness,lagRecords}', '111', 'the group that is furthest behind');
DELETE FROM analytics_kafka_offsets WHERE consumer_group = 'slow';
SELECT is(analytics_lag_records(), 110::bigint, 'its partitions added up, none below zero');
SELECT is(analytics_summary() #> '{freshness,deadLetters}', '0', 'no dead letters');
INSERT INTO analytics_dead_letters (reason, replayed_at) VALUES ('invalid_json', NULL), ('too_deep', NULL), ('invalid_json', now()), ('unknown_shape', NULL);
SELECT is(analytics_summary() #> '{freshness,deadLetters}', '2', 'dead letters that were not replayed; unknown shapes are none');

-- analytics_recent: newest first, and pages that join without seam, ties or not.
\set order 'ORDER BY occurred_at DESC, id DESC'
CREATE FUNCTION tap.pages(size int, tenant text DEFAULT NULL, type text DEFAULT NULL) RETURNS SETOF uuid LANGUAGE plpgsql AS $$
DECLARE
    page analytics_events[];
    last analytics_events;
BEGIN
    LOOP
        SELECT array_agg(r) INTO page FROM analytics_recent(size, last.occurred_at, last.id, tenant, type) AS r;
        EXIT WHEN page IS NULL;
        last := page[cardinality(page)];
        RETURN QUERY SELECT e.id FROM unnest(page) AS e;
    END LOOP;
END
$$;
SELECT results_eq('SELECT id FROM analytics_recent()', 'SELECT id FROM analytics_events ' || :'order' || ' LIMIT 50', 'fifty by default');
SELECT results_eq('SELECT * FROM analytics_recent(7)', 'SELECT * FROM analytics_events ' || :'order' || ' LIMIT 7', 'whole rows');
SELECT results_eq(format('SELECT * FROM tap.pages(%s)', size), 'SELECT id FROM analytics_events ' || :'order', format('pages of %s are the whole table', size)) FROM unnest('{97,1000,20000}'::int[]) AS size;
SELECT results_eq('SELECT * FROM tap.pages(61, ''x'')', 'SELECT id FROM analytics_events WHERE tenant_id = ''x'' ' || :'order', 'pages of a tenant');
SELECT results_eq('SELECT * FROM tap.pages(61, NULL, ''Ä'')', 'SELECT id FROM analytics_events WHERE event_type = ''Ä'' ' || :'order', 'pages of a type');
SELECT results_eq('SELECT * FROM tap.pages(1, ''y'', ''a'')', 'SELECT id FROM analytics_events WHERE tenant_id = ''y'' AND event_type = ''a'' ' || :'order', 'pages of one, of both');
SELECT is(count(*), 0::bigint, 'no such tenant') FROM analytics_recent(tenant_id => 'nobody');
SELECT is(count(*), 0::bigint, 'nothing before the beginning') FROM analytics_recent(before_occurred_at => '-infinity', before_id => '00000000-0000-0000-0000-000000000000');
SELECT tap.fails(format('SELECT * FROM analytics_recent(%s)', arguments), '22023', format('analytics_recent(%s)', arguments)) FROM unnest(ARRAY['0', '-1', 'NULL', '5, now()', '5, NULL, gen_random_uuid()']) AS arguments;
SELECT occurred_at AS last_at, id AS last_id FROM analytics_recent(100) OFFSET 99 \gset
CREATE TEMP TABLE rest AS SELECT id FROM analytics_events WHERE (occurred_at, id) < (:'last_at', :'last_id') ORDER BY occurred_at DESC, id DESC;
INSERT INTO analytics_events (event_type, source, occurred_at, payload) SELECT 'late', 's', :'last_at'::timestamptz + n * interval '1 second', '{}' FROM generate_series(1, 100) AS n;
SELECT results_eq(format('SELECT id FROM analytics_recent(100, %L, %L)', :'last_at', :'last_id'), 'SELECT id FROM rest LIMIT 100', 'events that arrive meanwhile neither repeat nor hide any');

-- _analytics_event_json.
SELECT is(_analytics_event_json(e)::jsonb, jsonb_build_object('id', id, 'eventType', event_type, 'source', source, 'occurredAt', tap.iso(occurred_at), 'ingestedAt', tap.iso(ingested_at), 'tenantId', tenant_id, 'payload', payload), 'an event as JSON: ' || coalesce(tenant_id, 'no tenant')) FROM (SELECT DISTINCT ON (tenant_id) * FROM analytics_events ORDER BY tenant_id, id) AS e;
SELECT is(_analytics_event_json(e)::text, json_build_object('id', e.id, 'eventType', e.event_type, 'source', e.source, 'occurredAt', _analytics_instant_text(e.occurred_at), 'ingestedAt', _analytics_instant_text(e.ingested_at), 'tenantId', e.tenant_id, 'payload', e.payload)::text, 'to the byte as json_build_object makes it: ' || name)
FROM (VALUES ('nulls', NULL::uuid, NULL, NULL, NULL::timestamptz, NULL::timestamptz, NULL, NULL::jsonb), ('all characters', gen_random_uuid(), (SELECT string_agg(chr(i), '') FROM generate_series(1, 127) AS i), U&'"\\/\2028\+01F600', 'infinity', '0044-03-15 00:00:00Z BC', '', '{"b": [1.50, null, {"": "\u0001\""}], "a": 1e30}')) AS v (name, id, event_type, source, occurred_at, ingested_at, tenant_id, payload)
CROSS JOIN LATERAL (SELECT v.id, left(v.event_type, 120)::varchar(120) AS event_type, right(v.event_type, 10)::varchar(120) || v.source AS source, v.occurred_at, v.ingested_at, v.tenant_id, v.payload) AS w CROSS JOIN LATERAL (SELECT (ROW(w.*)::analytics_event).*) AS e;
SELECT is((SELECT string_agg(k, ' ' ORDER BY n) FROM analytics_recent(1000) AS e, json_object_keys(_analytics_event_json(e)) WITH ORDINALITY AS _ (k, n) WHERE e.id = :'last_id' AND e.occurred_at = :'last_at'), 'id eventType source occurredAt ingestedAt tenantId payload', 'its members in their order');

-- _analytics_iso8601, against to_char.
CREATE TEMP TABLE instants AS SELECT '0001-01-01 00:00:00+00'::timestamptz + (random() * 3652058) * interval '1 day' + floor(random() * 1e6) * interval '1 microsecond' AS at FROM generate_series(1, 5000);
SELECT ok(bool_and(_analytics_iso8601(at) = tap.iso(at)), 'random instants of ten thousand years') FROM instants;
SELECT ok(bool_and(_analytics_iso8601(date_trunc('second', at)) = tap.iso(date_trunc('second', at))), 'whole seconds') FROM instants;
SELECT ok(bool_and(_analytics_iso8601(at)::timestamptz = at), 'which PostgreSQL reads back') FROM instants;
SELECT ok(bool_and((analytics_normalize(format('{"eventType":"t","source":"s","payload":{},"occurredAt":"%s"}', _analytics_iso8601(at)))).occurred_at = at), 'and so do we') FROM instants;
SELECT is(_analytics_iso8601(at::timestamptz), due, due) FROM (VALUES ('0001-01-01 00:00:00+00', '0001-01-01T00:00:00Z'), ('9999-12-31 23:59:59.999999+00', '9999-12-31T23:59:59.999999Z'), ('2025-11-16 18:14:00.5+00', '2025-11-16T18:14:00.500000Z'), ('2025-11-16 18:14:00.000001+00', '2025-11-16T18:14:00.000001Z'), ('1969-12-31 23:59:59.999999+00', '1969-12-31T23:59:59.999999Z'), ('2000-02-29 12:00:00+14', '2000-02-28T22:00:00Z')) AS v (at, due);
SELECT tap.fails(format('SELECT _analytics_iso8601(%L)', at), '22008', 'out of range: ' || at) FROM unnest('{infinity,-infinity,10000-01-01 00:00:00+00,0001-12-31 23:59:59.999999+00 BC}'::text[]) AS at;
SELECT is(_analytics_iso8601(NULL), NULL, 'null for null');

-- The session's settings change no answer.
CREATE TEMP VIEW answers AS SELECT analytics_summary(720, :day + interval '1 day') - 'freshness' AS summary, (SELECT jsonb_agg(to_jsonb(c)) FROM analytics_counts(:day, :day + interval '1 day') AS c) AS counts,
    (SELECT jsonb_agg(jsonb_build_array(extract(epoch FROM bucket_start), event_type, count)) FROM analytics_histogram(:day, :day + interval '2 days', '1 day')) AS days,
    (SELECT jsonb_agg(jsonb_build_array(extract(epoch FROM bucket_start), event_type, count)) FROM analytics_histogram(:day, :day + interval '60 days', '1 month')) AS months, (SELECT string_agg(_analytics_event_json(r)::text, ' ') FROM analytics_recent(20) AS r) AS recent;
CREATE TEMP TABLE before AS TABLE answers;
SET LOCAL TimeZone = 'America/St_Johns'; SET LOCAL DateStyle = 'German'; SET LOCAL IntervalStyle = 'postgres_verbose'; SET LOCAL extra_float_digits = -15; SET LOCAL search_path = pg_catalog, tap; SET LOCAL bytea_output = 'hex';
SELECT ok(a = b, 'whatever TimeZone, DateStyle and search_path say') FROM pg_temp.answers AS a, pg_temp.before AS b;

SELECT * FROM finish();
ROLLBACK;
