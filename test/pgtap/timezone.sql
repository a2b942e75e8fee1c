-- Buckets on the wall clock of a time zone: days and months against date_trunc and PostgreSQL's own local midnights, shorter ones against their rule, minute by minute.
\ir include/start.psql
BEGIN;
SELECT * FROM no_plan();
SELECT setseed(0.271) \g /dev/null
SELECT diag('seed 0.271');

-- Clocks and when they jump: an hour, midnight itself, never, half an hour, a minute past midnight, a whole day.
CREATE TEMP TABLE jumps (zone text, at timestamptz);
INSERT INTO jumps VALUES ('Europe/Berlin', '2025-03-30 01:00:00+00'), ('Europe/Berlin', '2025-10-26 01:00:00+00'), ('America/Sao_Paulo', '2018-11-04 03:00:00+00'), ('America/Sao_Paulo', '2018-02-18 02:00:00+00'),
    ('Asia/Kathmandu', '2025-10-26 01:00:00+00'), ('Australia/Lord_Howe', '2025-10-04 15:30:00+00'), ('Australia/Lord_Howe', '2025-04-05 15:00:00+00'), ('America/St_Johns', '2010-11-07 02:31:00+00'), ('Pacific/Apia', '2011-12-30 10:00:00+00'), ('UTC', '2025-10-26 01:00:00+00');
SELECT isnt(at AT TIME ZONE zone - (at - interval '1 microsecond') AT TIME ZONE zone, interval '1 microsecond', format('the clock of %s jumps at %s', zone, at)) FROM jumps WHERE zone NOT IN ('UTC', 'Asia/Kathmandu');
SELECT analytics_create_partition(at + n * interval '1 month') FROM jumps, generate_series(-1, 1) AS n \g /dev/null
INSERT INTO analytics_events (event_type, source, occurred_at, tenant_id, payload)
SELECT (ARRAY['a', 'b'])[1 + n % 2], 's', CASE n % 4 WHEN 0 THEN at + (n / 4 % 3 - 1) * interval '1 microsecond' WHEN 1 THEN at + floor(random() * 200 - 100) * interval '30 minutes' ELSE at + (random() * 6 - 3) * interval '1 day' END, (ARRAY['x', NULL])[1 + n % 2], '{}'
FROM (SELECT DISTINCT at FROM jumps) AS j, generate_series(1, 240) AS n;

-- Starts of buckets.
CREATE FUNCTION tap.midnights(zone text, days int, window_start timestamptz, window_end timestamptz) RETURNS SETOF timestamptz LANGUAGE sql STABLE AS $$
    WITH starts AS (SELECT DISTINCT (timestamp '1970-01-01' + n * days * interval '1 day') AT TIME ZONE zone AS start FROM generate_series(0, 30000 / days) AS n)
    SELECT start FROM (SELECT start, lead(start) OVER (ORDER BY start) AS next FROM starts) AS s WHERE next > window_start AND start < window_end ORDER BY 1;
$$;
SELECT results_eq(format('SELECT * FROM _analytics_buckets(%L, %L, %L, %L)', at - interval '4 days', at + interval '4 days', days * interval '1 day', zone), format('SELECT * FROM tap.midnights(%L, %s, %L, %L)', zone, days, at - interval '4 days', at + interval '4 days'),
    format('buckets of %s days begin at midnight, %s %s', days, zone, at)) FROM jumps, unnest('{1,2,7}'::int[]) AS days;
SELECT results_eq(format('SELECT * FROM _analytics_buckets(%L, %L, ''1 month'', %L)', at - interval '70 days', at + interval '70 days', zone),
    format($$SELECT m AT TIME ZONE %L FROM generate_series(date_trunc('month', %L AT TIME ZONE %L), %L, interval '1 month') AS m WHERE m AT TIME ZONE %L < %L ORDER BY 1$$, zone, at - interval '70 days', zone, (at + interval '80 days') AT TIME ZONE zone, zone, at + interval '70 days'), format('months begin at midnight, %s %s', zone, at)) FROM jumps;
SELECT results_eq(format('SELECT b FROM _analytics_buckets(%L, %L, %L, %L) AS b WHERE b >= %L', at - interval '2 days', at + interval '2 days', minutes * interval '1 minute', zone, at - interval '2 days'),
    format($$SELECT t FROM generate_series(%L::timestamptz, %L::timestamptz - interval '1 minute', '1 minute') AS t, LATERAL (SELECT t AT TIME ZONE %L, date_bin(%L, t AT TIME ZONE %L, '1970-01-01'), date_bin(%L, (t - interval '1 microsecond') AT TIME ZONE %L, '1970-01-01')) AS l (shown, label, before)
             WHERE label = shown OR label <> before ORDER BY 1$$, at - interval '2 days', at + interval '2 days', zone, minutes * interval '1 minute', zone, minutes * interval '1 minute', zone),
    format('buckets of %s minutes, %s %s', minutes, zone, at)) FROM jumps, unnest('{1,15,20,60,360,1439,2879}'::int[]) AS minutes;
SELECT is(count(*), 0::bigint, format('an instant''s bucket is the last that began, %s of %s', bucket, zone))
FROM jumps, unnest('{15 minutes,1 hour,6 hours,1 day,7 days,1 month}'::interval[]) AS bucket, LATERAL (
    SELECT FROM analytics_events AS e WHERE e.occurred_at BETWEEN at - interval '3 days' AND at + interval '3 days'
    AND analytics_bucket_start(e.occurred_at, bucket, zone) IS DISTINCT FROM (SELECT max(b) FROM _analytics_buckets(e.occurred_at - interval '1 day', e.occurred_at + interval '1 microsecond', bucket, zone) AS b)) AS wrong GROUP BY zone, at, bucket;

-- Counts.
SELECT results_eq(format('SELECT * FROM analytics_histogram(%L, %L, %L, timezone => %L) WHERE count > 0', at - interval '60 hours', at + interval '60 hours', '1 ' || unit, zone),
    format('SELECT date_trunc(%L, occurred_at, %L), event_type::text, count(*) FROM analytics_events WHERE occurred_at >= %L AND occurred_at < %L GROUP BY 1, 2 ORDER BY 1, 2', unit, zone, at - interval '60 hours', at + interval '60 hours'), format('by %s, as date_trunc has it: %s %s', unit, zone, at))
FROM jumps, unnest('{hour,day,month}'::text[]) AS unit WHERE zone <> 'America/St_Johns' AND (zone, unit) <> ('Australia/Lord_Howe', 'hour');
SELECT results_eq(format('SELECT * FROM analytics_histogram(%L, %L, %L, ''x'', timezone => %L) WHERE count > 0', at - interval '60 hours', at + interval '60 hours', bucket, zone),
    format('SELECT analytics_bucket_start(occurred_at, %L, %L), event_type::text, count(*) FROM analytics_events WHERE occurred_at >= %L AND occurred_at < %L AND tenant_id = ''x'' GROUP BY 1, 2 ORDER BY 1, 2', bucket, zone, at - interval '60 hours', at + interval '60 hours'), format('by %s of a tenant: %s %s', bucket, zone, at))
FROM jumps, unnest('{1 minute,15 minutes,1 hour,6 hours,1 day,2 days}'::interval[]) AS bucket;

-- Days as the clock makes them.
SELECT is((SELECT array_agg(next - b ORDER BY b) FROM (SELECT b, lead(b) OVER (ORDER BY b) AS next FROM _analytics_buckets(start, start + interval '72 hours', '1 day', zone) AS b) AS _ WHERE next IS NOT NULL), due::interval[], format('days from %s on, %s', start, zone))
FROM (VALUES ('Europe/Berlin', '2025-03-28 23:00:00+00'::timestamptz, '{24:00,23:00,24:00}'), ('Europe/Berlin', '2025-10-24 22:00:00+00', '{24:00,25:00}'), ('America/Sao_Paulo', '2018-11-03 03:00:00+00', '{24:00,23:00,24:00}'), ('America/Sao_Paulo', '2018-02-16 02:00:00+00', '{24:00,25:00}'), ('Asia/Kathmandu', '2025-10-24 18:15:00+00', '{24:00,24:00}'),
    ('Australia/Lord_Howe', '2025-10-03 13:30:00+00', '{24:00,23:30,24:00}'), ('Australia/Lord_Howe', '2025-04-04 13:00:00+00', '{24:00,24:30}'), ('America/St_Johns', '2010-11-05 02:30:00+00', '{24:00,25:00}'), ('Pacific/Apia', '2011-12-29 10:00:00+00', '{24:00,24:00}')) AS v (zone, start, due);
-- Midnights that the clock shows twice, or not at all: a bucket is the instants of one local date, all of them, however the clock gets there.
CREATE TEMP TABLE midnights (zone text, at timestamptz);
INSERT INTO midnights VALUES ('America/Havana', '2026-11-01 05:00:00+00'), ('America/Havana', '2026-03-08 05:00:00+00'), ('Atlantic/Azores', '2026-10-25 01:00:00+00'), ('America/Sao_Paulo', '2018-11-04 03:00:00+00'), ('America/Sao_Paulo', '2018-02-18 02:00:00+00'),
    ('Asia/Beirut', '2026-03-28 22:00:00+00'), ('Africa/Cairo', '2025-04-24 22:00:00+00'), ('Africa/Cairo', '2025-10-30 21:00:00+00'), ('America/Asuncion', '2023-10-01 04:00:00+00'), ('Pacific/Apia', '2011-12-30 10:00:00+00'), ('America/Scoresbysund', '2023-10-29 01:00:00+00'), ('Asia/Amman', '2021-10-28 22:00:00+00'), ('Europe/Berlin', '2025-10-26 01:00:00+00');
SELECT is_empty(format($$SELECT t, b, d FROM (SELECT t, analytics_bucket_start(t, '1 day', %1$L) AS b, min((t AT TIME ZONE %1$L)::date) OVER (ORDER BY t ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS d
        FROM generate_series(%2$L::timestamptz - interval '50 hours', %2$L::timestamptz + interval '50 hours', interval '10 minutes') AS t) AS at
    WHERE EXISTS (SELECT FROM (SELECT o, analytics_bucket_start(o, '1 day', %1$L) AS ob, min((o AT TIME ZONE %1$L)::date) OVER (ORDER BY o ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS od
        FROM generate_series(%2$L::timestamptz - interval '50 hours', %2$L::timestamptz + interval '50 hours', interval '10 minutes') AS o) AS other WHERE (at.b = other.ob) <> (at.d = other.od))$$, zone, at),
    format('days are local dates, %s %s', zone, at)) FROM midnights;
SELECT is((SELECT count(*) FROM generate_series(at - interval '30 hours', at + interval '30 hours', interval '10 minutes') AS t WHERE (analytics_bucket_start(t, '1 day', zone) AT TIME ZONE zone)::date <> (t AT TIME ZONE zone)::date), 0::bigint,
    format('and begin on their date, %s %s', zone, at)) FROM midnights WHERE zone <> 'America/Sao_Paulo' OR at > '2018-10-01';
SELECT is(analytics_bucket_start('2026-11-01 04:30:00+00', '1 day', 'America/Havana'), '2026-11-01 04:00:00+00', 'Havana''s first of two midnights');
SELECT is(analytics_bucket_start('2026-11-01 12:00:00+00', bucket, 'America/Havana'), '2026-11-01 04:00:00+00', 'begins the ' || bucket) FROM unnest('{1 day,1 month}'::interval[]) AS bucket;
SELECT is(analytics_bucket_start('2026-10-25 12:00:00+00', '1 day', 'Atlantic/Azores'), '2026-10-25 00:00:00+00', 'that of the Azores too');
SELECT is(analytics_bucket_start('2018-02-18 12:00:00+00', '1 day', 'America/Sao_Paulo'), '2018-02-18 03:00:00+00', 'the second where the clock went back to the date before');

SELECT is(count(*), due, format('hours of the day of %s, %s', start, zone)) FROM (VALUES ('Europe/Berlin', '2025-03-29 23:00:00+00'::timestamptz, '2025-03-30 22:00:00+00'::timestamptz, 23::bigint), ('Europe/Berlin', '2025-10-25 22:00:00+00', '2025-10-26 23:00:00+00', 25), ('UTC', '2025-10-26 00:00:00+00', '2025-10-27 00:00:00+00', 24)) AS v (zone, start, stop, due), LATERAL _analytics_buckets(start, stop, '1 hour', zone) GROUP BY zone, start, due;
SELECT is(analytics_bucket_start('1890-07-01 12:00:00+00', '1 day', 'Europe/Berlin'), '1890-06-30 23:06:32+00', 'local mean time, to the second');
SELECT is(analytics_bucket_start('2500-07-01 12:00:00+00', '1 day', 'Europe/Berlin'), '2500-06-30 22:00:00+00', 'the rule of today goes on');
SELECT is(analytics_bucket_start('9999-12-31 23:30:00+00', '1 day', 'Asia/Kathmandu'), '9999-12-31 18:15:00+00', 'to the last day');
SELECT is(analytics_bucket_start('0001-01-01 00:00:00+00', '1 day', 'Asia/Kathmandu') <= '0001-01-01 00:00:00+00', true, 'from the first');
SELECT is(analytics_bucket_start('2025-07-01 12:00:00+00', '1 day', zone), due, 'a zone written as ' || zone) FROM (VALUES ('europe/berlin', '2025-06-30 22:00:00+00'::timestamptz), ('<+0545>-5:45', '2025-06-30 18:15:00+00'), ('EST5EDT', '2025-07-01 04:00:00+00')) AS v (zone, due);
-- Offsets: ISO 8601's, which are east of Greenwich where they have a plus. POSIX has them the other way round, so what may be read either way is refused.
SELECT is(analytics_bucket_start('2025-07-01 12:00:00+00', '1 day', zone), due, 'an offset written as ' || zone) FROM (VALUES ('+05:30', '2025-06-30 18:30:00+00'::timestamptz), ('+0530', '2025-06-30 18:30:00+00'), ('+05', '2025-06-30 19:00:00+00'), ('-08:00', '2025-07-01 08:00:00+00'), ('-03', '2025-07-01 03:00:00+00'), ('+00:00', '2025-07-01 00:00:00+00'), ('-00:00', '2025-07-01 00:00:00+00'), ('Z', '2025-07-01 00:00:00+00'), ('z', '2025-07-01 00:00:00+00'),
    ('+23:59', '2025-07-01 00:01:00+00'), ('-23:59', '2025-06-30 23:59:00+00'), ('Etc/GMT+5', '2025-07-01 05:00:00+00'), ('GMT+0', '2025-07-01 00:00:00+00'), ('GMT-0', '2025-07-01 00:00:00+00')) AS v (zone, due);
SELECT results_eq($$SELECT * FROM _analytics_buckets('2025-07-01 00:00:00+00', '2025-07-02 00:00:00+00', '6 hours', '+05:30')$$, $$SELECT * FROM _analytics_buckets('2025-07-01 00:00:00+00', '2025-07-02 00:00:00+00', '6 hours', 'Asia/Kolkata')$$, 'buckets by an offset, as by the zone that has it');
SELECT is(f.state, '22023', format('no time zone: "%s"', zone)) FROM unnest('{+5:30,+5,05:30,5,+24:00,+05:60,+05:,+05:30:00,+05.5,+053,"+05:30 "," 05:30",+,-,−05:30,UTC+3,UTC-05:30,GMT+5,EST+5,Zz}'::text[]) AS zone, tap.failure_of(format('SELECT analytics_bucket_start(now(), ''1 day'', %L)', zone)) AS f;
SELECT is(f.state, '22023', format('no time zone: "%s"', zone)) FROM unnest('{Nowhere/Land,"",UTC+99999,../../etc/passwd}'::text[]) AS zone, tap.failure_of(format('SELECT * FROM analytics_histogram(now(), now(), ''1 day'', timezone => %L)', zone)) AS f;
SELECT matches((tap.failure_of($$SELECT analytics_bucket_start(now(), '1 day', 'Nowhere')$$)).message, '^timezone "Nowhere"', 'the message names the argument');
SELECT is(analytics_bucket_start(now(), '1 day', NULL), NULL, 'null for null');
SELECT is((SELECT array_agg(b) FROM _analytics_buckets(now(), now() + interval '9 days', '1 day') AS b), (SELECT array_agg(b) FROM _analytics_buckets(now(), now() + interval '9 days', '1 day', 'UTC') AS b), 'the default is UTC, whatever the session''s TimeZone is');

SELECT * FROM finish();
ROLLBACK;
