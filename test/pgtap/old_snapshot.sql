-- A transaction that keeps one snapshot, and TRUNCATE or a drop, which is seen at once whatever the snapshot: what the functions say is what plain SQL says in the same transaction, or is refused.
\ir include/start.psql
\ir include/elsewhere.psql
SELECT * FROM no_plan();
SET TimeZone = 'UTC';

SELECT analytics_create_partition('2024-01-01 00:00:00+00', '1 month'), analytics_create_partition('2024-02-01 00:00:00+00', '1 month') \g /dev/null
CALL analytics_create_projection('hourly');
CREATE FUNCTION tap.stores(n integer, at timestamptz) RETURNS text LANGUAGE sql AS $$
    SELECT format('INSERT INTO analytics_events (event_type, source, occurred_at, tenant_id, payload) SELECT ''t'', ''s'', timestamptz %L + i * interval ''1 second'', ''a'', ''{}'' FROM generate_series(1, %s) AS i', at, n);
$$;
CREATE FUNCTION tap.require(is_so boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    ASSERT is_so;
END
$$;
CREATE FUNCTION tap.agrees(what text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    said record;
BEGIN
    RETURN NEXT set_eq($q$SELECT * FROM analytics_counts('2024-01-01', '2024-03-01')$q$, $q$SELECT event_type::text, count(*) FROM analytics_events GROUP BY 1$q$, what || ': counts');
    RETURN NEXT set_eq($q$SELECT * FROM analytics_counts('2024-01-01', '2024-03-01', 'a')$q$, $q$SELECT event_type::text, count(*) FROM analytics_events WHERE tenant_id = 'a' GROUP BY 1$q$, what || ': a tenant''s counts');
    RETURN NEXT set_eq($q$SELECT bucket_start, count FROM analytics_histogram('2024-01-01', '2024-03-01', '1 day') WHERE count <> 0$q$, $q$SELECT date_trunc('day', occurred_at), count(*) FROM analytics_events GROUP BY 1$q$, what || ': histogram');
    RETURN NEXT is((SELECT coalesce(sum(count), 0)::bigint FROM analytics_tumbling('2024-01-01', '2024-03-01', '1 hour')), (SELECT count(*) FROM analytics_events), what || ': tumbling windows');
    RETURN NEXT is((analytics_summary(10080, '2024-02-03') ->> 'totalEvents')::bigint, (SELECT count(*) FROM analytics_events WHERE occurred_at BETWEEN '2024-01-27' AND '2024-02-03'), what || ': summary');
    RETURN NEXT is((SELECT last_event_at FROM _analytics_freshness()), (SELECT max(occurred_at) FROM analytics_events), what || ': freshness');
    RETURN NEXT is((SELECT count(*) FROM analytics_recent(1000, tenant_id => 'a')), (SELECT count(*) FROM analytics_events WHERE tenant_id = 'a'), what || ': recent');
    said := tap.failure_of('SELECT tap.require((SELECT coalesce(sum(count), 0) FROM hourly) = (SELECT count(*) FROM analytics_events))');
    RETURN NEXT ok(said.state IN ('00000', '40001'), format('%s: a projection (%s)', what, said.state));
    said := tap.failure_of($q$SELECT tap.require((SELECT coalesce(sum((item ->> 'count')::int), 0) FROM _analytics_projection_page('hourly', max_rows => 1000)) = (SELECT count(*) FROM analytics_events))$q$);
    RETURN NEXT ok(said.state IN ('00000', '40001'), format('%s: its page (%s)', what, said.state));
END
$$;
SELECT tap.open_session('other') \g /dev/null
\set many '''2024-01-15 12:00:00+00'''

-- One's own TRUNCATE.
SELECT tap.there('other', tap.stores(10, :many)) \g /dev/null
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT is(count(*), 10::bigint, 'a snapshot') FROM analytics_events;
SELECT tap.there('other', tap.stores(20, timestamptz :many + interval '1 hour') || '; ' || tap.stores(5, '2024-02-02 00:00:00+00')) \g /dev/null
SELECT tap.agrees('before');
SAVEPOINT before;
TRUNCATE analytics_events;
SELECT tap.agrees('with what others stored since');
ROLLBACK TO before;
SELECT tap.agrees('taken back');
SELECT is((SELECT sum(count)::bigint FROM hourly), 10::bigint, 'and answered again');
TRUNCATE analytics_events_2024_01;
SELECT tap.agrees('a partition alone');
COMMIT;
SELECT tap.agrees('after it');
SELECT is_empty('SELECT * FROM analytics_verify()', 'which is right for everybody');

-- What others took away, or moved, since.
SELECT tap.there('other', tap.stores(10, :many)) \g /dev/null
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT is(count(*), 15::bigint, 'a snapshot') FROM analytics_events;
SELECT tap.there('other', $$DELETE FROM analytics_events WHERE occurred_at < '2024-01-15 12:00:05+00'$$) \g /dev/null
TRUNCATE analytics_events_2024_01;
SELECT tap.agrees('what others have deleted since');
COMMIT;
SELECT tap.agrees('after that');
SELECT is_empty('SELECT * FROM analytics_verify()', 'right again');

-- A TRUNCATE with nobody else about takes nothing from the answers.
SELECT tap.there('other', tap.stores(10, :many)) \g /dev/null
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT is(count(*), 15::bigint, 'a snapshot') FROM analytics_events;
TRUNCATE analytics_events;
SELECT tap.agrees('alone');
SELECT is((SELECT count(*) FROM hourly), 0::bigint, 'nothing is refused');
ROLLBACK;

-- Somebody else's TRUNCATE, after the snapshot.
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT is(count(*), 15::bigint, 'a snapshot that has no table') FROM (SELECT sum(count) AS count FROM analytics_counts('2024-01-01', '2024-03-01')) AS s, generate_series(1, s.count::int);
COMMIT;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT isnt(txid_current_snapshot()::text, '', 'a snapshot that has seen no table');
SELECT tap.there('other', 'TRUNCATE analytics_events_2024_01') \g /dev/null
SELECT tap.agrees('what somebody else has truncated since');
TRUNCATE analytics_events_2024_01;
SELECT tap.agrees('and once more');
COMMIT;
SELECT tap.agrees('when that is over');

-- Somebody else's retention.
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT isnt(txid_current_snapshot()::text, '', 'a snapshot');
SELECT tap.there('other', $$DO 'BEGIN PERFORM analytics_retain(''1 day'', false); END'$$) \g /dev/null
SELECT tap.agrees('partitions that were dropped since');
COMMIT;
SELECT tap.agrees('and after that');

-- Within a statement that changes events: its rows are seen, and its bags not yet.
SELECT analytics_create_partition('2024-01-01 00:00:00+00', '1 month') \g /dev/null
CREATE TABLE tap.seen (told bigint, actual bigint);
CREATE FUNCTION tap.look() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tap.seen SELECT (SELECT coalesce(sum(count), 0) FROM analytics_counts('2024-01-01', '2024-03-01')), (SELECT count(*) FROM analytics_events);
    RETURN NULL;
END
$$;
CREATE TRIGGER look AFTER INSERT OR DELETE ON analytics_events FOR EACH ROW EXECUTE FUNCTION tap.look();
INSERT INTO analytics_events (event_type, source, occurred_at, payload) SELECT 't', 's', timestamptz :many + i * interval '1 hour', '{}' FROM generate_series(1, 5) AS i;
DELETE FROM analytics_events;
SELECT is(count(*), 10::bigint, 'a trigger has looked') FROM tap.seen;
SELECT is_empty('SELECT * FROM tap.seen WHERE told <> actual', 'and was told what there was');

SELECT * FROM finish();
