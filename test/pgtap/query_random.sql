-- Random bounds, windows and tenants over random events that come, move and go, against GROUP BY, both ways; in whichever snapshot the statement has. ANALYTICS_SEED repeats a run.
\ir include/start.psql
\ir include/elsewhere.psql
SELECT * FROM no_plan();
SELECT random() AS seed \gset
\getenv seed ANALYTICS_SEED
SELECT setseed(:seed) \g /dev/null
SELECT diag('seed ' || :'seed');
\set day '\'2025-03-10 00:00:00+00\'::timestamptz'
SELECT analytics_create_partition(:day) \g /dev/null

-- An instant of a day: any, one on a second, a minute or an hour, or a neighbour of one.
CREATE FUNCTION tap.any_instant() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
    SELECT CASE WHEN kind < 4 THEN date_trunc((ARRAY['minute', 'second', 'minute', 'hour'])[1 + kind], at) + (floor(random() * 3) - 1) * interval '1 microsecond' WHEN kind = 4 THEN date_bin('20 seconds', at, '2025-01-01 00:00:00+00') ELSE at END
    FROM (SELECT floor(random() * 8)::int AS kind, '2025-03-10 00:00:00+00'::timestamptz + random() * interval '6 hours' AS at) AS r;
$$;
INSERT INTO analytics_events (event_type, source, occurred_at, tenant_id, payload)
SELECT (ARRAY['a', 'b', 'b', 'Ä'])[1 + floor(random() * 4)::int], 's', tap.any_instant(), (ARRAY['x', 'y', NULL])[1 + floor(random() * 3)::int], '{}' FROM generate_series(1, 3000);

-- Ascending bounds: a few, or many close together; and a tenant.
CREATE TABLE tap.questions (n int, bounds timestamptz[], tenant text);
CREATE FUNCTION tap.ask() RETURNS void LANGUAGE sql AS $$
    TRUNCATE tap.questions;
    INSERT INTO tap.questions
    SELECT n, (SELECT array_agg(at ORDER BY at) FROM (SELECT CASE n % 3 WHEN 0 THEN tap.any_instant() ELSE least(base.at + random() * random() * (n % 5 + 1) * interval '2 minutes', base.at + interval '1 day') END AS at FROM generate_series(1, 2 + n % 9)) AS b), (ARRAY['x', 'y', 'nobody', NULL, NULL])[1 + n % 5]
    FROM generate_series(1, 60) AS n, LATERAL (SELECT tap.any_instant() + n * interval '0') AS base (at);
$$;
CREATE FUNCTION tap.wrong(n int, bounds timestamptz[], tenant text) RETURNS SETOF record LANGUAGE sql STABLE AS $$
    WITH told AS (SELECT c.bucket, c.event_type, c.count FROM _analytics_window_counts(bounds, tenant) AS c),
    due AS (SELECT i AS bucket, e.event_type::text, count(*) FROM generate_series(1, cardinality(bounds) - 1) AS i JOIN analytics_events AS e ON e.occurred_at >= bounds[i] AND e.occurred_at < bounds[i + 1] WHERE tenant IS NULL OR e.tenant_id = tenant GROUP BY 1, 2)
    (TABLE told EXCEPT ALL TABLE due) UNION ALL (TABLE due EXCEPT ALL TABLE told);
$$;
CREATE FUNCTION tap.all_right(what text) RETURNS text LANGUAGE sql AS $$
    SELECT is((SELECT string_agg(format('%s: %s of %s', w, q.bounds, q.tenant), E'\n') FROM tap.questions AS q, tap.wrong(q.n, q.bounds, q.tenant) AS w (bucket int, event_type text, count bigint)), NULL, what);
$$;
SELECT tap.ask() \g /dev/null
SELECT tap.all_right('as they came');

-- They move, change their type and tenant, and go.
UPDATE analytics_events SET occurred_at = tap.any_instant() WHERE random() < 0.2;
UPDATE analytics_events SET event_type = 'c', tenant_id = 'y' WHERE random() < 0.1;
DELETE FROM analytics_events WHERE random() < 0.2;
SELECT tap.ask() \g /dev/null
SELECT tap.all_right('after some have moved and some have gone');
BEGIN;
DELETE FROM analytics_events WHERE random() < 0.5;
SELECT tap.ask() \g /dev/null
SELECT tap.all_right('in a transaction, after it has deleted half');
SAVEPOINT all_gone;
DELETE FROM analytics_events;
SELECT tap.all_right('after it has deleted all');
SELECT is(count(*), 0::bigint, 'nothing is told of nothing') FROM _analytics_window_counts(ARRAY[:day, :day + interval '1 day']);
SELECT is(last_event_at, NULL, 'and there is no latest event') FROM _analytics_freshness();
ROLLBACK TO all_gone;
SELECT tap.all_right('after that was rolled back');
ROLLBACK;
SELECT tap.all_right('after all was');
SELECT is(count(*), 0::bigint, 'each bag has seconds') FROM (SELECT seconds FROM analytics_rollup_totals UNION ALL SELECT seconds FROM analytics_rollup_tenants) AS b WHERE seconds IS NULL;
BEGIN;
SET LOCAL session_replication_role = replica; -- a trigger refuses bags that are changed by hand
UPDATE analytics_rollup_totals SET seconds = NULL WHERE random() < 0.3;
UPDATE analytics_rollup_tenants SET seconds = NULL WHERE random() < 0.3;
SELECT tap.ask() \g /dev/null
SELECT tap.all_right('where some bags have no seconds');
SELECT is_empty('SELECT * FROM analytics_verify()', 'that is no difference');
ROLLBACK;

-- A snapshot that is older than the latest commit.
CREATE FUNCTION tap.told() RETURNS text LANGUAGE sql STABLE AS $$ SELECT string_agg(c.event_type || ' ' || c.count, ', ' ORDER BY c.event_type) FROM analytics_counts('2025-03-10 00:00:10+00', '2025-03-10 05:59:50+00') AS c; $$;
SELECT tap.told() AS before \gset
BEGIN;
DECLARE earlier CURSOR FOR SELECT string_agg(c.event_type || ' ' || c.count, ', ' ORDER BY c.event_type) AS told FROM analytics_counts('2025-03-10 00:00:10+00', '2025-03-10 05:59:50+00') AS c;
DELETE FROM analytics_events WHERE event_type = 'a';
SELECT isnt(tap.told(), :'before'::text, 'a statement sees what the transaction did');
FETCH earlier \gset
SELECT is(:'told'::text, :'before'::text, 'a cursor that was opened before does not');
ROLLBACK;
SELECT tap.open_session('elsewhere') \g /dev/null
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT tap.told() \g /dev/null
SELECT tap.there('elsewhere', $$INSERT INTO analytics_events (event_type, source, occurred_at, payload) SELECT 'late', 's', '2025-03-10 01:00:00+00'::timestamptz + n * interval '17 seconds', '{}' FROM generate_series(1, 500) AS n$$) \g /dev/null
SELECT tap.there('elsewhere', $$DELETE FROM analytics_events WHERE event_type = 'c'$$) \g /dev/null
SELECT is(tap.told(), :'before'::text, 'REPEATABLE READ sees what was there at first');
SELECT tap.all_right('and its rollups agree with its events');
COMMIT;
SELECT isnt(tap.told(), :'before'::text, 'the next transaction sees the rest');
SELECT tap.all_right('with rollups that agree');

-- Plans that are kept outlive a change of who asks.
CREATE ROLE analytics_check_asker;
GRANT USAGE ON SCHEMA tap TO analytics_check_asker; GRANT SELECT ON tap.questions, analytics_events TO analytics_check_asker;
SET ROLE analytics_check_asker; SELECT tap.all_right('for another role'); RESET ROLE;
DROP OWNED BY analytics_check_asker; DROP ROLE analytics_check_asker;
SELECT tap.fails($$SELECT * FROM _analytics_window_counts('{2025-01-02,2025-01-01}')$$, '22023', 'bounds that do not ascend');
SELECT tap.fails($$SELECT * FROM _analytics_window_counts((SELECT array_agg(now() + n * interval '1 s' ORDER BY n) FROM generate_series(0, 100001) AS n))$$, '22023', 'too many buckets');
SELECT tap.fails($$SELECT * FROM _analytics_window_counts('{{2025-01-02,2025-01-01}}')$$, '2202E', 'bounds in two dimensions');
SELECT is((SELECT count(*) FROM _analytics_window_counts(bounds::timestamptz[])), 0::bigint, 'nothing of ' || coalesce(bounds, 'null')) FROM unnest(ARRAY['{}', '{2025-03-10}', '{NULL,2025-03-11}', NULL]) AS bounds;
SELECT is(sum(count), (SELECT count(*)::numeric FROM analytics_events), 'all of time') FROM _analytics_window_counts('{-infinity,2025-03-10 03:00:07.5+00,infinity}');

SELECT * FROM finish();
