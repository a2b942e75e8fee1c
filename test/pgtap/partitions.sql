-- The partitions of analytics_events: made when an event needs one, one UTC month each, and never against the operator's own.
\ir include/start.psql
\ir include/elsewhere.psql
SELECT * FROM no_plan();
SET TimeZone = 'UTC'; SET DateStyle = 'ISO';

CREATE FUNCTION tap.stored(VARIADIC times text[]) RETURNS bigint LANGUAGE sql AS $$
    SELECT stored FROM analytics_ingest((SELECT array_agg(tap.event(n::text, at) ORDER BY n) FROM unnest(times) WITH ORDINALITY AS _ (at, n)));
$$;

-- The partitions: name, FOR VALUES …, events.
CREATE FUNCTION tap.partitions() RETURNS TABLE (name text, bounds text, events bigint) LANGUAGE plpgsql AS $$
DECLARE
    partition regclass;
BEGIN
    FOR partition IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'analytics_events'::regclass LOOP
        name := partition::text;
        SELECT pg_get_expr(relpartbound, oid) INTO bounds FROM pg_class WHERE oid = partition;
        EXECUTE format('SELECT count(*) FROM %s', partition) INTO events;
        RETURN NEXT;
    END LOOP;
END
$$;
CREATE FUNCTION tap.bounds_of(name text) RETURNS text LANGUAGE sql AS $$
    SELECT replace(replace(bounds, ' 00:00:00+00', ''), '''', '') FROM tap.partitions() AS p WHERE p.name = $1;
$$;

SELECT is(count(*), 0::bigint, 'at first there is none') FROM tap.partitions();

-- Made on demand: a month around now, and coarser further away. The session's time zone is not asked.
SELECT extract(year FROM now() AT TIME ZONE 'UTC')::int AS year \gset
BEGIN;
SET LOCAL TimeZone = 'Asia/Kathmandu'; SET LOCAL DateStyle = 'SQL, DMY'; SET LOCAL analytics.max_future = -1;
SELECT is(tap.stored(:year - 1 || '-02-28T23:59:59.999999Z', :year - 1 || '-03-01T00:00:00Z', :year - 1 || '-03-01T00:00:00+01:00', '0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999999Z', '1970-01-01T00:00:00Z', :year - 1 || '-12-31T23:00:00-05:00', '2001-05-06T00:00:00Z',
    :year + 5 || '-01-01T00:00:00Z', '2099-12-31T23:59:59Z'), 10::bigint, 'ten events');
SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO';
SELECT set_eq('SELECT name FROM tap.partitions()', ARRAY[format('analytics_events_%s_02', :year - 1), format('analytics_events_%s_03', :year - 1), format('analytics_events_%s_01', :year), 'analytics_events_2001', format('analytics_events_%s', :year + 5),
    'analytics_events_0001_to_2000', 'analytics_events_2090_to_2100', 'analytics_events_2100_to_10000'], 'eight partitions');
SELECT is(tap.bounds_of(format('analytics_events_%s_03', :year - 1)), format('FOR VALUES FROM (%1$s-03-01) TO (%1$s-04-01)', :year - 1), 'a month around now');
SELECT is(tap.bounds_of('analytics_events_0001_to_2000'), 'FOR VALUES FROM (0001-01-01) TO (2000-01-01)', 'all that is long past');
SELECT is(tap.bounds_of('analytics_events_2100_to_10000'), 'FOR VALUES FROM (2100-01-01) TO (10000-01-01)', 'and all that is far ahead');
SELECT is(tap.bounds_of('analytics_events_2001'), 'FOR VALUES FROM (2001-01-01) TO (2002-01-01)', 'a year that is past');
SELECT is(events, 2::bigint, 'an event goes to its UTC month') FROM tap.partitions() WHERE name = format('analytics_events_%s_02', :year - 1);
SELECT is(tap.stored(:year - 1 || '-03-31T23:59:59Z', '0500-01-01T00:00:00Z'), 2::bigint, 'other events of these ranges');
SELECT is(count(*), 8::bigint, 'need no other partition') FROM tap.partitions();
SELECT is_empty('SELECT * FROM analytics_verify()', 'and are counted');
ROLLBACK;
BEGIN;
SELECT analytics_create_partition('2024-05-15 12:00:00+00', '1 month') AS made \gset
SELECT is(:'made'::text, 'analytics_events_2024_05', 'analytics_create_partition names what it made');
SELECT is(analytics_create_partition('2024-05-31 23:59:59.999999+00')::text, 'analytics_events_2024_05', 'and what was there');
SELECT is(analytics_create_partition('2024-05-31 23:59:59.999999+00', '1 day')::text, 'analytics_events_2024_05', 'also where a shorter one was asked for');
SELECT lives_ok($$INSERT INTO analytics_events (event_type, source, occurred_at, payload) VALUES ('t', 's', '2024-05-15 12:00:00+00', '{}')$$, 'a hand-written INSERT into it');
SELECT tap.fails($$INSERT INTO analytics_events (event_type, source, occurred_at, payload) VALUES ('t', 's', '2024-06-15 12:00:00+00', '{}')$$, '23514', 'a hand-written INSERT needs its partition');
SELECT tap.fails(format('SELECT analytics_create_partition(%L%s)', instant, size), '22008', format('not for %s%s', instant, size))
FROM unnest('{0001-12-31 23:59:59.999999+00 BC,10000-01-01 00:00:00+00,infinity,-infinity}'::text[]) AS instant, unnest('{"",", ''1 day''"}'::text[]) AS size;
SELECT tap.fails(format('SELECT analytics_create_partition(now(), %L)', size), '22023', format('not of a length of %s', size)) FROM unnest('{0,-1 day,1 month 1 day,30 seconds,5000 years}'::text[]) AS size;
SELECT is(analytics_create_partition(NULL), NULL, 'nothing for null');
SELECT is(analytics_create_partition(now(), NULL), NULL, 'nor without a length');
SELECT is(ROW(p.partition::text, p.gap_start, p.gap_end), ROW('analytics_events_2024_05'::text, NULL::timestamptz, NULL::timestamptz), '_analytics_partition_at tells the partition') FROM _analytics_partition_at('2024-05-15 12:00:00+00') AS p;
SELECT is(ROW(p.partition, p.gap_start, p.gap_end), ROW(NULL::regclass, '2024-06-01 00:00:00+00'::timestamptz, 'infinity'::timestamptz), 'or the gap') FROM _analytics_partition_at('2024-06-15 12:00:00+00') AS p;
ROLLBACK;

-- Of every size, in any year.
CREATE FUNCTION tap.made(size text, instant timestamptz) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    made text;
BEGIN
    made := analytics_create_partition(instant, ('1 ' || size)::interval)::text;
    PERFORM set_config('TimeZone', 'UTC', true);
    RETURN concat_ws(' ', size, made, tap.bounds_of(made));
END
$$;
CREATE TEMP TABLE made (size text, instant timestamptz, due text);
INSERT INTO made VALUES
('day', '2024-02-29 23:59:59.999999+00', 'analytics_events_2024_02_29 FOR VALUES FROM (2024-02-29) TO (2024-03-01)'),
('day', '0001-01-01 00:00:00+00', 'analytics_events_0001_01_01 FOR VALUES FROM (0001-01-01) TO (0001-01-02)'),
('day', '9999-12-31 23:59:59.999999+00', 'analytics_events_9999_12_31 FOR VALUES FROM (9999-12-31) TO (10000-01-01)'),
('week', '2024-12-30 00:00:00+00', 'analytics_events_2025_w01 FOR VALUES FROM (2024-12-30) TO (2025-01-06)'),
('week', '2021-01-03 12:00:00+00', 'analytics_events_2020_w53 FOR VALUES FROM (2020-12-28) TO (2021-01-04)'),
('week', '0001-01-07 00:00:00+00', 'analytics_events_0001_w01 FOR VALUES FROM (0001-01-01) TO (0001-01-08)'),
('week', '9999-12-31 00:00:00+00', 'analytics_events_9999_12_27_to_10000_01_01 FOR VALUES FROM (9999-12-27) TO (10000-01-01)'),
('month', '1969-12-31 23:00:00+00', 'analytics_events_1969_12 FOR VALUES FROM (1969-12-01) TO (1970-01-01)'),
('year', '2024-06-15 00:00:00+00', 'analytics_events_2024 FOR VALUES FROM (2024-01-01) TO (2025-01-01)'),
('year', '0001-12-31 00:00:00+00', 'analytics_events_0001 FOR VALUES FROM (0001-01-01) TO (0002-01-01)'),
('year', '9999-01-01 00:00:00+00', 'analytics_events_9999 FOR VALUES FROM (9999-01-01) TO (10000-01-01)');
CREATE FUNCTION tap.made_alone(size text, instant timestamptz) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    made text;
BEGIN
    BEGIN
        made := tap.made(size, instant);
        RAISE EXCEPTION USING ERRCODE = 'P0099';
    EXCEPTION WHEN SQLSTATE 'P0099' THEN
        RETURN made;
    END;
END
$$;
BEGIN;
SET LOCAL TimeZone = 'Pacific/Kiritimati';
SELECT is(tap.made_alone(size, instant), size || ' ' || due, format('a %s of %s', size, to_char(instant AT TIME ZONE 'UTC', 'YYYY-MM-DD'))) FROM made;
ROLLBACK;
BEGIN;
SELECT is(tap.made('day', '2024-03-10 12:00:00+00'), 'day analytics_events_2024_03_10 FOR VALUES FROM (2024-03-10) TO (2024-03-11)', 'mixed sizes: a day');
SELECT is(tap.made('week', '2024-03-05 12:00:00+00'), 'week analytics_events_2024_03_04_to_2024_03_10 FOR VALUES FROM (2024-03-04) TO (2024-03-10)', 'a week stops before it');
SELECT is(tap.made('month', '2024-03-20 12:00:00+00'), 'month analytics_events_2024_03_11_to_2024_04_01 FOR VALUES FROM (2024-03-11) TO (2024-04-01)', 'a month begins after it');
SELECT is(tap.made('month', '2024-03-02 12:00:00+00'), 'month analytics_events_2024_03_01_to_2024_03_04 FOR VALUES FROM (2024-03-01) TO (2024-03-04)', 'or ends before the week');
SELECT is(tap.made('year', '2024-11-05 12:00:00+00'), 'year analytics_events_2024_04_01_to_2025_01_01 FOR VALUES FROM (2024-04-01) TO (2025-01-01)', 'a year has the rest');
SELECT is(tap.stored('2024-03-10T23:59:59.999999Z', '2024-03-11T00:00:00Z', '2024-03-04T00:00:00Z', '2024-03-03T23:59:59.999999Z', '2024-12-31T00:00:00Z', '2024-02-29T00:00:00Z'), 6::bigint, 'events of all of them');
SELECT set_eq('SELECT partition::text FROM analytics_partitions()', 'SELECT name FROM tap.partitions()', 'analytics_partitions knows them all');
SELECT is(count(*), 0::bigint, 'in order, with their bounds') FROM (SELECT p.*, lag(range_end) OVER () AS before FROM analytics_partitions() AS p) AS _ WHERE range_start <> before
    OR (SELECT bounds FROM tap.partitions() WHERE name = partition::text) <> format('FOR VALUES FROM (%L) TO (%L)', range_start, range_end);
ROLLBACK;
BEGIN;
CREATE TABLE early PARTITION OF analytics_events FOR VALUES FROM (MINVALUE) TO ('2000-01-01 00:00:00+00');
CREATE TABLE late PARTITION OF analytics_events FOR VALUES FROM ('2100-01-01 00:00:00+00') TO (MAXVALUE);
CREATE TABLE rest PARTITION OF analytics_events DEFAULT;
SELECT set_eq('SELECT partition::text, range_start, range_end FROM analytics_partitions()', $$VALUES ('early', '-infinity'::timestamptz, '2000-01-01 00:00:00+00'::timestamptz), ('late', '2100-01-01 00:00:00+00', 'infinity'), ('rest', NULL, NULL)$$, 'open ends, and the rest');
ROLLBACK;
SELECT is_empty('SELECT * FROM analytics_partitions()', 'no partition, no row');

-- The operator's partitions count, in whatever bounds; what is missing beside them is made in the gaps.
BEGIN;
CREATE TABLE mine PARTITION OF analytics_events FOR VALUES FROM ('2011-03-10 12:00:00+00') TO ('2011-03-20 00:00:00+00');
SELECT is(tap.stored('2011-03-15T00:00:00Z', '2011-03-05T00:00:00Z', '2011-03-10T11:59:59.999999Z', '2011-03-20T00:00:00Z', '2011-03-25T00:00:00Z'), 5::bigint, 'events in it, before it and after it');
SELECT is(events, 1::bigint, 'the operator''s partition gets its own') FROM tap.partitions() WHERE name = 'mine';
SELECT is(tap.bounds_of('analytics_events_2011_01_01_to_2011_03_10_120000'), 'FOR VALUES FROM (2011-01-01) TO (2011-03-10 12:00:00+00)', 'the year is cut before it');
SELECT is(tap.bounds_of('analytics_events_2011_03_20_to_2012_01_01'), 'FOR VALUES FROM (2011-03-20) TO (2012-01-01)', 'and after it');
SELECT is(count(*), 3::bigint, 'nothing else is made') FROM tap.partitions();
ROLLBACK;
BEGIN;
CREATE TABLE mine PARTITION OF analytics_events FOR VALUES FROM ('2010-11-17 00:00:00+00') TO ('2012-02-03 00:00:00+00');
SELECT is(tap.stored('2011-03-15T00:00:00Z', '2010-11-17T00:00:00Z', '2012-02-02T23:59:59Z', '2012-02-03T00:00:00Z', '2010-11-16T23:59:59Z'), 5::bigint, 'events around a long partition of the operator''s');
SELECT is(events, 3::bigint, 'it gets its own') FROM tap.partitions() WHERE name = 'mine';
SELECT is(tap.bounds_of('analytics_events_2010_01_01_to_2010_11_17'), 'FOR VALUES FROM (2010-01-01) TO (2010-11-17)', 'a year that is cut before it');
SELECT is(tap.bounds_of('analytics_events_2012_02_03_to_2013_01_01'), 'FOR VALUES FROM (2012-02-03) TO (2013-01-01)', 'a year that is cut after it');
ROLLBACK;
BEGIN;
CREATE TABLE old PARTITION OF analytics_events FOR VALUES FROM (MINVALUE) TO ('2000-01-01 00:00:00+00');
CREATE TABLE late PARTITION OF analytics_events FOR VALUES FROM ('2100-01-01 00:00:00+00') TO (MAXVALUE);
SET LOCAL analytics.max_future = -1;
SELECT is(tap.stored('0001-01-01T00:00:00Z', '1999-12-31T23:59:59Z', '2100-01-01T00:00:00Z', '9999-12-31T00:00:00Z', '2050-01-01T00:00:00Z'), 5::bigint, 'events with open partitions of the operator''s at both ends');
SELECT set_eq('SELECT name, events FROM tap.partitions()', $$VALUES ('old', 2::bigint), ('late', 2), ('analytics_events_2050_to_2060', 1)$$, 'each gets its own');
ROLLBACK;
BEGIN;
CREATE TABLE rest PARTITION OF analytics_events DEFAULT;
SELECT is(tap.stored('2024-03-15T00:00:00Z', '2025-03-15T00:00:00Z'), 2::bigint, 'events with a default partition of the operator''s');
SELECT set_eq('SELECT name, events FROM tap.partitions()', $$VALUES ('rest', 2::bigint)$$, 'go there, and none is made');
SELECT is(analytics_create_partition('2026-01-01 00:00:00+00')::text, 'rest', 'analytics_create_partition names it');
ROLLBACK;
BEGIN;
CREATE TABLE year_2024 PARTITION OF analytics_events FOR VALUES FROM ('2024-01-01 00:00:00+00') TO ('2025-01-01 00:00:00+00') PARTITION BY RANGE (occurred_at);
CREATE TABLE spring_2024 PARTITION OF year_2024 FOR VALUES FROM ('2024-01-01 00:00:00+00') TO ('2024-07-01 00:00:00+00');
SELECT is(tap.stored('2024-03-15T00:00:00Z', '2025-03-15T00:00:00Z'), 2::bigint, 'events with a partition that has partitions');
SELECT is(tableoid::regclass::text, 'spring_2024', 'it is found in the lowest') FROM analytics_events WHERE occurred_at < '2025-01-01';
ROLLBACK;

-- What becomes of a name that is taken: a month detached for an archive, and a late event of it.
BEGIN;
SELECT is(tap.stored('2009-03-15T00:00:00Z'), 1::bigint, 'an event of a month');
ALTER TABLE analytics_events DETACH PARTITION analytics_events_2009;
SELECT is(tap.stored('2009-03-16T00:00:00Z', '2009-03-17T00:00:00Z'), 2::bigint, 'two late ones after the month was detached');
SELECT is(count(*), 1::bigint, 'the detached table is left alone') FROM analytics_events_2009;
SELECT is(events, 2::bigint, 'they are in a partition of another name') FROM tap.partitions();
ALTER TABLE analytics_events DETACH PARTITION analytics_events_2009_2;
SELECT is(tap.stored('2009-03-18T00:00:00Z'), 1::bigint, 'and once more');
ROLLBACK;

-- A partition is as the table is: what the operator has hung on the table holds in months to come.
BEGIN;
ALTER TABLE analytics_events ADD COLUMN note text DEFAULT 'mine', ADD COLUMN day date GENERATED ALWAYS AS ((occurred_at AT TIME ZONE 'UTC')::date) STORED;
ALTER TABLE analytics_events ADD CONSTRAINT short CHECK (length(event_type) < 50), ALTER COLUMN payload SET STORAGE EXTERNAL;
CREATE INDEX ON analytics_events (event_type, occurred_at);
SELECT is(tap.stored('2009-03-15T00:00:00Z'), 1::bigint, 'an event after columns, a constraint and an index were added');
SELECT is(ROW(note, day), ROW('mine'::text, '2009-03-15'::date), 'the columns are filled') FROM analytics_events;
SELECT is(count(*), 2::bigint, 'the partition has the indexes') FROM pg_index WHERE indrelid = 'analytics_events_2009'::regclass;
SELECT is(attstorage, 'e', 'the storage') FROM pg_attribute WHERE attrelid = 'analytics_events_2009'::regclass AND attname = 'payload';
SELECT is(dead_lettered, 1::bigint, 'and the constraint: the row becomes a letter') FROM analytics_ingest(ARRAY[tap.event('x', '2009-03-15T00:00:00Z', repeat('t', 60))]);
ROLLBACK;
BEGIN;
ALTER TABLE analytics_events ADD COLUMN n int;
ALTER TABLE analytics_events DROP COLUMN n;
SELECT is(tap.stored('2009-03-15T00:00:00Z', '2008-04-15T00:00:00Z'), 2::bigint, 'a column dropped: the table has a hole, new partitions do not');
ROLLBACK;

-- Many months, one batch; readers and other writers are not in the way.
CREATE FUNCTION tap.monthly(start timestamptz, months int, step interval DEFAULT '1 month') RETURNS bigint LANGUAGE sql AS $$
    SELECT stored FROM analytics_ingest((SELECT array_agg(tap.event(i::text, _analytics_iso8601($1 + i * $3)) ORDER BY i * 7919 % 5003) FROM generate_series(0, $2 - 1) AS i));
$$;
CREATE FUNCTION tap.gaps() RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM (SELECT lag(range_end) OVER (ORDER BY range_start) AS before, range_start FROM analytics_partitions()) AS _ WHERE before > range_start;
$$;
BEGIN;
SELECT is(tap.monthly(date_trunc('month', now()) - interval '36 months', 37), 37::bigint, 'a backfill of three years');
SELECT is(count(*), 37::bigint, 'has a month each') FROM tap.partitions() WHERE name ~ '_\d{4}_\d\d$';
SELECT is(tap.monthly('2000-01-15 00:00:00+00', 12 * 20), 240::bigint, 'one of twenty years more');
SELECT is(count(*), 57::bigint, 'a year each') FROM tap.partitions();
ROLLBACK;
BEGIN;
SET LOCAL analytics.max_future = -1;
CREATE TEMPORARY TABLE times AS
    SELECT t FROM generate_series(date_trunc('year', now()) - interval '3 years', date_trunc('year', now()) + interval '23 months', '2 months') AS t
    UNION ALL SELECT date_trunc('year', now()) - n * interval '1 year' FROM generate_series(4, 21) AS n;
SELECT is((SELECT stored FROM analytics_ingest((SELECT array_agg(tap.event(t::text, _analytics_iso8601(t))) FROM times))), 48::bigint, 'a batch of thirty months and eighteen years');
SELECT is(count(*), 48::bigint, 'has a partition each') FROM tap.partitions();
SELECT cmp_ok(count(*), '<=', 650::bigint, 'and leaves locks for others: there are 6400') FROM pg_locks WHERE pid = pg_backend_pid();
ROLLBACK;
BEGIN;
SET LOCAL analytics.max_future = -1;
SELECT is(tap.monthly('1610-01-15 00:00:00+00', 5000, '2 months'), 5000::bigint, 'five thousand months in one batch');
SELECT cmp_ok(count(*), '<=', 50::bigint, 'have few partitions') FROM tap.partitions();
SELECT cmp_ok(count(*), '<=', 600::bigint, 'and leave locks for others') FROM pg_locks WHERE pid = pg_backend_pid();
SELECT count(*) AS before FROM tap.partitions() \gset
SELECT is(tap.monthly('1610-01-16 00:00:00+00', 9990), 9990::bigint, 'ten thousand more');
SELECT cmp_ok(count(*) - :before, '<=', 50::bigint, 'are no more') FROM tap.partitions();
SELECT is_empty('SELECT * FROM analytics_verify()', 'and are counted');
SELECT is(tap.gaps(), 0::bigint, 'no two overlap');
ROLLBACK;

-- A table that has many partitions: those around now are years. An operator may still have what he asks for.
BEGIN;
SELECT count(analytics_create_partition(now() - n * interval '1 day', '1 day')) AS days FROM generate_series(0, 199) AS n \gset
SELECT is((SELECT count(*) FROM tap.partitions()), 200::bigint, 'two hundred days, one by one');
SELECT is(range_end, date_trunc('year', now() + interval '70 days') + interval '1 year', 'then a year, as far as it is free') FROM analytics_create_partition(now() + interval '70 days') AS made, LATERAL (SELECT range_end FROM analytics_partitions() WHERE partition = made) AS p;
SELECT date_trunc('year', now() + interval '70 days') + interval '1 year 40 days' AS free_day \gset
SELECT is(tap.bounds_of(analytics_create_partition(:'free_day', '1 day')::text), format('FOR VALUES FROM (%s) TO (%s)', :'free_day'::date, :'free_day'::date + 1), 'a day, where that is asked for');
SELECT is(tap.gaps(), 0::bigint, 'no two overlap');
ROLLBACK;

-- Of days, as many as an operator keeps: those of now are days whatever has come from elsewhere.
BEGIN;
SET LOCAL analytics.max_future = -1;
SET LOCAL analytics.partition_interval = 'day';
SELECT count(analytics_create_partition(now() - n * interval '1 day', '1 day')) AS days FROM generate_series(30, 229) AS n \gset
SELECT cmp_ok(count(*), '>=', 200::bigint, 'two hundred partitions') FROM tap.partitions();
SELECT is(tap.monthly('1610-01-15 00:00:00+00', 5000, '2 months'), 5000::bigint, 'times from everywhere');
SELECT is(tap.bounds_of(analytics_create_partition(now())::text), format('FOR VALUES FROM (%s) TO (%s)', now()::date, now()::date + 1), 'now has a day');
ROLLBACK;

-- Retention goes by the ends that a partition has.
BEGIN;
SELECT is(tap.stored('2005-03-04T00:00:00Z', '2005-11-12T00:00:00Z'), 2::bigint, 'two events of a year that is past');
SELECT is_empty($$SELECT * FROM analytics_retain(now() - '2005-12-31 23:59:59+00')$$, 'stay as long as a part of it is to be kept');
SELECT set_eq($$SELECT partition, events FROM analytics_retain(now() - '2006-01-01 00:00:00+00')$$, $$VALUES ('analytics_events_2005', 2::bigint)$$, 'and go with it');
ROLLBACK;

SELECT tap.stored('2020-01-01T00:00:00Z') \g /dev/null
SELECT tap.open_session('reader') \g /dev/null
SELECT tap.there('reader', 'BEGIN') \g /dev/null
SELECT is(tap.answer_of('reader', 'SELECT count(*) FROM analytics_events'), '1', 'a reader in an open transaction');
SET lock_timeout = '5s';
SELECT is(tap.stored('2021-01-01T00:00:00Z'), 1::bigint, 'does not block the making of a partition');
SELECT is(tap.answer_of('reader', 'SELECT count(*) FROM analytics_events'), '2', 'and sees its event');
BEGIN;
SELECT is(tap.stored('2022-01-01T00:00:00Z'), 1::bigint, 'a partition that is not committed yet');
SELECT tap.there('reader', 'SET LOCAL lock_timeout = ''5s''') \g /dev/null
SELECT is(tap.answer_of('reader', 'SELECT count(*) FROM analytics_events'), '2', 'does not block a reader');
SELECT is(tap.answer_of('reader', 'SELECT stored FROM analytics_ingest(ARRAY[tap.event(''other'', ''2021-01-02T00:00:00Z'')])'), '1', 'nor a writer whose partitions are there');
COMMIT;
SELECT is(tap.answer_of('reader', 'SELECT stored FROM analytics_ingest(ARRAY[tap.event(''other'', ''2022-01-02T00:00:00Z'')])'), '1', 'once committed, others store there');

-- Two sessions that need one new partition: the second waits for the first, then uses its partition, or makes its own when the first gives up.
CREATE FUNCTION tap.store_there(at text) RETURNS int LANGUAGE sql AS $$
    SELECT dblink_send_query('reader', format('SELECT stored FROM analytics_ingest(ARRAY[tap.event(''there'', %L)])', at));
$$;
SELECT tap.there('reader', 'COMMIT') \g /dev/null
BEGIN;
SELECT is(tap.stored('2007-01-01T00:00:00Z'), 1::bigint, 'race: the first makes a partition');
SELECT tap.store_there('2007-01-02T00:00:00Z') \g /dev/null
SELECT ok(tap.other_waits(), 'race: the second waits');
COMMIT;
SELECT is(stored, 1::bigint, 'race: and stores in it after the commit') FROM dblink_get_result('reader') AS _ (stored bigint);
SELECT count(*) FROM dblink_get_result('reader') AS _ (stored bigint) \g /dev/null
BEGIN;
SELECT is(tap.stored('2008-01-01T00:00:00Z'), 1::bigint, 'race: the first makes another');
SELECT tap.store_there('2008-01-02T00:00:00Z') \g /dev/null
SELECT ok(tap.other_waits(), 'race: the second waits for it');
ROLLBACK;
SELECT is(stored, 1::bigint, 'race: and makes its own after a rollback') FROM dblink_get_result('reader') AS _ (stored bigint);
SELECT count(*) FROM dblink_get_result('reader') AS _ (stored bigint) \g /dev/null
SELECT set_eq($$SELECT name, events FROM tap.partitions() WHERE name ~ '200[78]'$$, $$VALUES ('analytics_events_2007', 2::bigint), ('analytics_events_2008', 1)$$, 'race: one partition each');

SELECT * FROM finish();
