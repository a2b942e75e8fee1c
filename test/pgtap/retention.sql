-- Retention: whole partitions go, never more than asked, and their rollups stay or go with them, exactly.
\ir include/start.psql
\ir include/elsewhere.psql
SELECT * FROM no_plan();
SET TimeZone = 'UTC'; SET DateStyle = 'ISO';

-- An event every six hours over the last 400 days, of three types and two tenants or none, in partitions of the given size.
CREATE FUNCTION tap.past(size text DEFAULT 'month') RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('analytics.partition_interval', size, true);
    RETURN (SELECT stored FROM analytics_ingest((
        SELECT array_agg(tap.event(i::text, _analytics_iso8601(now() - i * interval '6 hours'), 't' || i % 3, (ARRAY['a', 'b', NULL])[1 + i % 3], jsonb_build_object('n', i)))
        FROM generate_series(0, 1599) AS i)));
END
$$;
CREATE FUNCTION tap.told() RETURNS bigint LANGUAGE sql AS $$
    SELECT sum(count)::bigint FROM analytics_counts('0001-01-01 00:00:00+00', '9999-01-01 00:00:00+00');
$$;
CREATE FUNCTION tap.in_bags() RETURNS bigint LANGUAGE sql AS $$
    SELECT coalesce(sum(c.count), 0)::bigint FROM analytics_rollup_totals AS r, analytics_bag_cells(r.hour, r.cells) AS c;
$$;
CREATE FUNCTION tap.in_tenants() RETURNS bigint LANGUAGE sql AS $$
    SELECT coalesce(sum(c.count), 0)::bigint FROM analytics_rollup_tenants AS r, analytics_bag_cells(r.hour, r.cells) AS c;
$$;

-- What goes, by every size of partition.
CREATE FUNCTION tap.goes(size text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    due bigint;
    gone bigint;
    stored bigint := tap.past(size);
BEGIN
    SELECT count(*) INTO due FROM analytics_events AS e
    WHERE e.occurred_at < (SELECT max(p.range_end) FROM analytics_partitions() AS p WHERE p.range_end <= now() - interval '100 days');
    CREATE TEMP TABLE due_partitions ON COMMIT DROP AS SELECT p.partition::text FROM analytics_partitions() AS p WHERE p.range_end <= now() - interval '100 days';
    CREATE TEMP TABLE dropped ON COMMIT DROP AS SELECT * FROM analytics_retain('100 days');
    RETURN NEXT set_eq('SELECT partition FROM dropped', 'SELECT partition FROM due_partitions', size || ': partitions go whose whole range is older');
    RETURN NEXT is((SELECT sum(events)::bigint FROM dropped), due, size || ': with so many events');
    RETURN NEXT is((SELECT count(*) FROM analytics_events), stored - due, size || ': the rest stays');
    RETURN NEXT is((SELECT min(range_end) > now() - interval '100 days' FROM analytics_partitions()), true, size || ': no older partition is left');
    RETURN NEXT is(tap.in_bags(), stored, size || ': the rollups have stayed');
    RETURN NEXT is_empty('SELECT * FROM analytics_verify()', size || ': which is no fault');
    RETURN NEXT is(analytics_rebuild(), 0::bigint, size || ': nor to be mended');
    RETURN NEXT is(tap.in_bags(), stored, size || ': they stay');
    DROP TABLE due_partitions, dropped;
END
$$;
BEGIN; SELECT tap.goes('day'); ROLLBACK;
BEGIN; SELECT tap.goes('week'); ROLLBACK;
BEGIN; SELECT tap.goes('month'); ROLLBACK;
BEGIN;
SELECT tap.past('year') \g /dev/null
SELECT count(*) AS due FROM analytics_partitions() WHERE range_end <= now() - interval '1 day' \gset
SELECT is(count(*), :due::bigint, 'years') FROM analytics_retain('1 day');
ROLLBACK;

-- Kept rollups are read on; a late event of a range that is gone is counted beside them.
BEGIN;
SELECT tap.past() AS stored \gset
SELECT count(*) AS gone FROM analytics_retain('100 days') \gset
SELECT is(tap.told(), :stored::bigint, 'whole minutes are told as before');
SELECT is((SELECT stored FROM analytics_ingest(ARRAY[tap.event('late', _analytics_iso8601(now() - interval '300 days'))])), 1::bigint, 'a late event makes a partition again');
SELECT is(tap.told(), :stored::bigint + 1, 'and is counted beside what was kept');
SELECT is_empty('SELECT * FROM analytics_verify()', 'no fault either');
SELECT is(sum(events)::bigint, 1::bigint, 'it goes with the next retention') FROM analytics_retain('100 days');
SELECT is(tap.told(), :stored::bigint + 1, 'its count stays');
SELECT set_eq($$SELECT partition IS NULL, count(*) FROM analytics_retain('100 days', keep_rollups => false) GROUP BY 1$$, format('VALUES (true, %s::bigint)', :gone), 'rollups that were kept can go later');
SELECT is(tap.told(), (SELECT count(*) FROM analytics_events), 'then what is told is what there is');
SELECT is_empty('SELECT * FROM analytics_kept_rollups', 'nothing is kept');
SELECT is_empty('SELECT * FROM analytics_verify()', 'and all is well');
ROLLBACK;

-- Rollups that go.
BEGIN;
SELECT tap.past() \g /dev/null
SELECT isnt(count(*), 0::bigint, 'partitions go, and their rollups') FROM analytics_retain('100 days', keep_rollups => false);
SELECT is(tap.in_bags(), (SELECT count(*) FROM analytics_events), 'totals are of the rest');
SELECT is(tap.in_tenants(), (SELECT count(*) FROM analytics_events), 'tenants'' too');
SELECT is_empty('SELECT * FROM analytics_verify()', 'to the minute');
SELECT is(min(r.hour) >= min(p.range_start), true, 'no bag is left of what is gone') FROM analytics_rollup_totals AS r, analytics_partitions() AS p;
SELECT is_empty($$SELECT * FROM analytics_retain('100 days', keep_rollups => false)$$, 'a second time there is nothing to do');
ROLLBACK;

-- Bounds of the operator's own amid an hour and a minute: neighbours keep their counts.
BEGIN;
CREATE TABLE early PARTITION OF analytics_events FOR VALUES FROM (MINVALUE) TO ('2020-03-10 12:34:30.5+00');
CREATE TABLE late PARTITION OF analytics_events FOR VALUES FROM ('2020-03-10 12:34:30.5+00') TO (MAXVALUE);
SELECT is((SELECT stored FROM analytics_ingest((SELECT array_agg(tap.event(i::text, _analytics_iso8601('2020-03-10 11:30:00+00'::timestamptz + i * interval '7.1 seconds'))) FROM generate_series(0, 2500) AS i))), 2501::bigint, 'two partitions that share a minute');
SELECT set_eq($$SELECT partition, range_start, range_end FROM analytics_retain('1 day', keep_rollups => false)$$, $$VALUES ('early', '-infinity'::timestamptz, '2020-03-10 12:34:30.5+00'::timestamptz)$$, 'an open beginning may go, an open end never goes');
SELECT is_empty('SELECT * FROM analytics_verify()', 'the other keeps its counts');
SELECT is(tap.in_bags(), (SELECT count(*) FROM analytics_events), 'and only those');
ROLLBACK;
BEGIN;
CREATE TABLE rest PARTITION OF analytics_events DEFAULT;
SELECT is((SELECT stored FROM analytics_ingest(ARRAY[tap.event('x', '2001-01-01T00:00:00Z')])), 1::bigint, 'a default partition');
SELECT is_empty($$SELECT * FROM analytics_retain('1 day')$$, 'never goes');
ROLLBACK;
BEGIN;
CREATE TABLE split PARTITION OF analytics_events FOR VALUES FROM ('2010-01-01 00:00:00+00') TO ('2011-01-01 00:00:00+00') PARTITION BY RANGE (occurred_at);
CREATE TABLE split_1 PARTITION OF split FOR VALUES FROM ('2010-01-01 00:00:00+00') TO ('2010-07-01 00:00:00+00');
SELECT is((SELECT stored FROM analytics_ingest(ARRAY[tap.event('x', '2010-02-01T00:00:00Z')])), 1::bigint, 'a partition that has partitions');
SELECT is(events, 1::bigint, 'goes with them') FROM analytics_retain('1 day', keep_rollups => false);
SELECT hasnt_table('split_1');
SELECT is(tap.in_bags(), 0::bigint, 'and its counts');
ROLLBACK;

-- Never more than asked.
BEGIN;
SELECT tap.past() AS stored \gset
SELECT is_empty($$SELECT * FROM analytics_retain('10 years')$$, 'nothing is that old');
SELECT is_empty($$SELECT * FROM analytics_retain(now() - (SELECT min(range_end) FROM analytics_partitions()) + interval '1 microsecond')$$, 'the oldest partition is a microsecond too young');
SELECT is(count(*), 1::bigint, 'and now it is old enough') FROM analytics_retain(now() - (SELECT min(range_end) FROM analytics_partitions()));
SELECT max(partition::text) AS apart FROM analytics_partitions() WHERE range_end <= now() - interval '200 days' \gset
ALTER TABLE analytics_events DETACH PARTITION :apart;
SELECT isnt(count(*), 0::bigint, 'partitions go') FROM analytics_retain('200 days');
SELECT has_table(:'apart');
ROLLBACK;
SELECT tap.fails($$SELECT * FROM analytics_retain('-1 day')$$, '22023', 'a negative interval is refused');
SELECT tap.fails($$SELECT * FROM analytics_retain(NULL)$$, '22023', 'null too');
SELECT tap.fails($$SELECT * FROM analytics_retain('1 day', NULL)$$, '22023', 'and null for the rollups');
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT tap.fails($$SELECT * FROM analytics_retain('1 day')$$, '25001', 'only under READ COMMITTED');
ROLLBACK;

-- What else remembers a time: the keys of events without one.
BEGIN;
SELECT is((SELECT stored FROM analytics_ingest(ARRAY[tap.event('k')])), 1::bigint, 'an event with a key and without a time');
UPDATE analytics_untimed_keys SET occurred_at = '2011-05-05 00:00:00+00';
SELECT is((SELECT stored FROM analytics_ingest(ARRAY[tap.event('x', '2011-05-05T00:00:00Z')])), 1::bigint, 'and a partition of the time that was remembered');
SELECT is(count(*), 1::bigint, 'it goes') FROM analytics_retain('1 year');
SELECT is(count(*), 0::bigint, 'and the key with it') FROM analytics_untimed_keys;
ROLLBACK;

-- Locks: who reads is not disturbed, who is in the way is not waited for.
SELECT is((SELECT stored FROM analytics_ingest(ARRAY[tap.event('old', '2012-05-05T00:00:00Z'), tap.event('new')])), 2::bigint, 'an old event and a new one');
SELECT tap.open_session('reader') \g /dev/null
SELECT tap.there('reader', 'BEGIN') \g /dev/null
SELECT is(tap.answer_of('reader', 'SELECT count(*) FROM analytics_events'), '2', 'a reader keeps its transaction open');
SELECT tap.fails($$SELECT * FROM analytics_retain('1 year')$$, '55P03', 'so the partition stays');
SELECT is(count(*), 2::bigint, 'with its event') FROM analytics_events;
SELECT tap.there('reader', 'COMMIT') \g /dev/null
SELECT is(events, 1::bigint, 'when the reader has ended, it goes') FROM analytics_retain('1 year');
SELECT is(current_setting('lock_timeout'), '0', 'the session''s lock_timeout is as it was');

-- An operator who owns nothing.
CREATE ROLE retention_operator;
GRANT EXECUTE ON FUNCTION analytics_retain TO retention_operator;
SELECT is((SELECT stored FROM analytics_ingest(ARRAY[tap.event('old', '2013-05-05T00:00:00Z')])), 1::bigint, 'an old event again');
SET ROLE retention_operator;
SELECT events FROM analytics_retain('1 year', keep_rollups => false) WHERE partition IS NOT NULL \gset
RESET ROLE;
SELECT is(:events, 1, 'EXECUTE is enough');
REVOKE ALL ON FUNCTION analytics_retain FROM retention_operator;
DROP ROLE retention_operator;

-- Projections: their buckets stay or go as well, also a bucket that partitions share.
CALL analytics_create_projection('monthly', dimensions => '{}', measures => '{"n": ["n"]}', bucket => '1 month');
CALL analytics_create_projection('odd', dimensions => '{}', measures => '{"n": ["n"]}', bucket => '7 minutes');
BEGIN;
SELECT tap.past('week') \g /dev/null
CREATE TEMP VIEW events_by_month AS SELECT date_trunc('month', occurred_at) AS bucket_start, tenant_id, count(*) AS count, sum((payload ->> 'n')::numeric) AS n FROM analytics_events GROUP BY 1, 2;
SELECT set_eq('SELECT bucket_start, tenant_id, count, n_sum FROM monthly', 'SELECT * FROM events_by_month', 'a projection by month, partitions by week');
SELECT isnt(count(*), 0::bigint, 'partitions go') FROM analytics_retain('100 days', keep_rollups => false);
SELECT set_eq('SELECT bucket_start, tenant_id, count, n_sum FROM monthly', 'SELECT * FROM events_by_month', 'the month that is left in part has its part');
SELECT is((SELECT sum(count)::bigint FROM odd), (SELECT count(*) FROM analytics_events), 'and so have buckets of another length');
SELECT is(tap.in_bags(), (SELECT count(*) FROM analytics_events), 'the rollups too');
ROLLBACK;
BEGIN;
SELECT tap.past('week') \g /dev/null
SELECT count(*) AS stored FROM analytics_events \gset
SELECT isnt(count(*), 0::bigint, 'partitions go') FROM analytics_retain('100 days');
SELECT is((SELECT sum(count)::bigint FROM monthly), :stored::bigint, 'a projection is kept with the rollups');
SELECT isnt(count(*), 0::bigint, 'and goes later') FROM analytics_retain('100 days', keep_rollups => false);
SELECT is((SELECT sum(count)::bigint FROM monthly), (SELECT count(*) FROM analytics_events), 'to the event');
SELECT is((SELECT sum(count)::bigint FROM odd), (SELECT count(*) FROM analytics_events), 'whatever the bucket');
ROLLBACK;
SELECT is_empty('SELECT * FROM analytics_verify()', 'with all that taken back, nothing is to be mended');

SELECT * FROM finish();
