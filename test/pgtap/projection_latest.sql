-- Projections of version latest: what their views say is what plain SQL says of the payloads that upcasts make, whatever happens to events and contracts.
\ir include/start.psql
SELECT * FROM no_plan();
SET TimeZone = 'UTC';
SELECT setseed(0.42) \g /dev/null

CREATE SCHEMA ours;
CREATE FUNCTION ours.to_2(jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$ SELECT jsonb_set($1 - 'amount', '{total}', coalesce($1 -> 'amount', '0')) $$;
CREATE FUNCTION ours.to_3(jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN $1 || jsonb_build_object('plan', upper($1 ->> 'plan'), 'total', ($1 ->> 'total')::numeric * 100); END $$;
CREATE FUNCTION ours.to_3b(jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$ SELECT $1 || jsonb_build_object('plan', 'b' || ($1 ->> 'plan'), 'total', ($1 ->> 'total')::numeric - 1) $$;
-- Fails for a fifth of the payloads, in three ways.
CREATE FUNCTION ours.fails(jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN CASE (($1 ->> 'i')::int) % 15 WHEN 0 THEN '[]' WHEN 1 THEN to_jsonb(1 / (($1 ->> 'i')::int - ($1 ->> 'i')::int)) WHEN 2 THEN NULL ELSE $1 || '{"total": 7}' END;
END $$;

-- What a projection sees: the newest payload, or the stored one.
CREATE FUNCTION tap.seen(event_type text, payload jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
    RETURN analytics_latest(event_type, payload);
EXCEPTION WHEN OTHERS THEN RETURN payload;
END $$;

CREATE FUNCTION tap.store(how_many int) RETURNS void LANGUAGE sql AS $$
    INSERT INTO analytics_events (source, event_type, occurred_at, tenant_id, payload)
    SELECT 's', (ARRAY['order', 'order', 'order.v2', 'other'])[1 + floor(random() * 4)::int], timestamptz '2025-03-01 00:00:00+00' + random() * interval '3 days', CASE WHEN random() < 0.7 THEN 't' || floor(random() * 2) END,
        jsonb_build_object('i', i, 'plan', 'p' || i % 3, CASE WHEN random() < 0.5 THEN 'amount' ELSE 'total' END, floor(random() * 100))
            || CASE floor(random() * 4)::int WHEN 0 THEN '{"version": 2}'::jsonb WHEN 1 THEN '{"version": 3}' ELSE '{}' END
    FROM generate_series(1, how_many) AS i;
$$;
SELECT analytics_create_partition('2025-03-01 00:00:00+00') IS NOT NULL \g /dev/null
SELECT tap.store(300) \g /dev/null
INSERT INTO analytics_contracts (event_type, version, upcast) VALUES ('order', 1, 'ours.to_2');

CALL analytics_create_projection('p_latest', version => 'latest', event_types => '{order,order.v2}', bucket => '6 hours', dimensions => '{"plan": ["plan"]}', measures => '{"total": ["total"]}');
CALL analytics_create_projection('p_all', version => 'latest', bucket => '1 day', dimensions => '{"version": {"path": ["version"], "type": "bigint"}}', measures => '{"amount": ["amount"], "total": ["total"]}');
CALL analytics_create_projection('p_stored', bucket => '1 day', measures => '{"total": ["total"]}');
CALL analytics_create_projection('p_other', version => 'latest', event_types => '{other}', measures => '{"total": ["total"]}');

CREATE VIEW tap.values AS SELECT occurred_at, tenant_id::text, event_type::text, payload AS stored, tap.seen(event_type::text, payload) AS seen FROM analytics_events;
CREATE FUNCTION tap.number(jsonb) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$ SELECT CASE WHEN jsonb_typeof($1) = 'number' THEN ($1 #>> '{}')::numeric END $$;
CREATE FUNCTION tap.differences() RETURNS text LANGUAGE sql AS $$
    WITH seen AS MATERIALIZED (TABLE tap.values),
    latest AS (
        SELECT date_bin('6 hours', occurred_at, '2000-01-01 00:00:00+00'), tenant_id, seen ->> 'plan', count(*), count(n), trim_scale(sum(n)), trim_scale(min(n)), trim_scale(max(n))
        FROM seen, LATERAL tap.number(seen -> 'total') AS n WHERE event_type IN ('order', 'order.v2') GROUP BY 1, 2, 3),
    latest_told AS (SELECT bucket_start, tenant_id::text, plan, count, total_count, total_sum, total_min, total_max FROM p_latest),
    everything AS (
        SELECT date_bin('1 day', occurred_at, '2000-01-01 00:00:00+00'), tenant_id, tap.number(seen -> 'version')::bigint, count(*), trim_scale(sum(tap.number(seen -> 'amount'))), trim_scale(sum(tap.number(seen -> 'total'))), trim_scale(min(tap.number(seen -> 'total'))) FROM seen GROUP BY 1, 2, 3),
    everything_told AS (SELECT bucket_start, tenant_id::text, version, count, amount_sum, total_sum, total_min FROM p_all),
    stored AS (
        SELECT date_bin('1 day', occurred_at, '2000-01-01 00:00:00+00'), tenant_id, count(*), trim_scale(sum(tap.number(stored -> 'total'))) FROM seen GROUP BY 1, 2),
    stored_told AS (SELECT bucket_start, tenant_id::text, count, total_sum FROM p_stored)
    SELECT string_agg(difference, '; ') FROM (
        SELECT 'lacks ' || t::text FROM (TABLE latest EXCEPT ALL TABLE latest_told) AS t UNION ALL SELECT 'has ' || t::text FROM (TABLE latest_told EXCEPT ALL TABLE latest) AS t
        UNION ALL SELECT 'all lacks ' || t::text FROM (TABLE everything EXCEPT ALL TABLE everything_told) AS t UNION ALL SELECT 'all has ' || t::text FROM (TABLE everything_told EXCEPT ALL TABLE everything) AS t
        UNION ALL SELECT 'stored lacks ' || t::text FROM (TABLE stored EXCEPT ALL TABLE stored_told) AS t UNION ALL SELECT 'stored has ' || t::text FROM (TABLE stored_told EXCEPT ALL TABLE stored) AS t
        UNION ALL SELECT 'verify: ' || v::text FROM analytics_verify() AS v) AS _ (difference);
$$;
CREATE FUNCTION tap.agree(what text) RETURNS text LANGUAGE sql AS $$ SELECT is(left(tap.differences(), 500), NULL, what) $$;

-- Statements of every kind, on random events.
CREATE FUNCTION tap.change() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tap.store(40);
    DELETE FROM analytics_events WHERE random() < 0.1;
    UPDATE analytics_events SET payload = payload || jsonb_build_object('amount', floor(random() * 1000)) WHERE random() < 0.1;
    UPDATE analytics_events SET event_type = CASE WHEN random() < 0.5 THEN 'order' ELSE 'other' END WHERE random() < 0.1;
    UPDATE analytics_events SET payload = payload || '{"version": 2}' WHERE random() < 0.1;
    UPDATE analytics_events SET occurred_at = occurred_at + interval '1 hour', tenant_id = NULL WHERE random() < 0.05;
    PERFORM analytics_ingest(ARRAY(SELECT tap.event(random()::text, '2025-03-02T01:02:03Z', 'order', 't1', jsonb_build_object('amount', i, 'i', i)) FROM generate_series(1, 10) AS i));
    DELETE FROM analytics_events AS e USING (SELECT DISTINCT ON (tenant_id) occurred_at, id FROM analytics_events ORDER BY tenant_id, tap.number(tap.seen(event_type::text, payload) -> 'total') DESC NULLS LAST) AS g WHERE (g.occurred_at, g.id) = (e.occurred_at, e.id);
END $$;
CREATE PROCEDURE tap.build() LANGUAGE plpgsql AS $$ DECLARE name text; BEGIN FOR name IN SELECT p.name FROM analytics_projections AS p LOOP CALL analytics_build_projection(name); END LOOP; END $$;

SELECT ok((SELECT count(*) > 50 FROM tap.values WHERE stored <> seen), 'there is a good deal to be upcast');
SELECT tap.agree('events that were there before');
SELECT tap.change() \g /dev/null
SELECT tap.agree('changed by statements');

-- A change of the upcasts: the projections answer as before until they are built anew.
CREATE TABLE tap.before AS SELECT * FROM p_latest;
SELECT id AS number FROM analytics_projections WHERE name = 'p_latest' \gset
SELECT id AS other_number FROM analytics_projections WHERE name = 'p_other' \gset
SELECT lives_ok($$INSERT INTO analytics_contracts (event_type, version, upcast) VALUES ('order', 2, 'ours.to_3')$$, 'another upcast');
SELECT set_eq('SELECT _analytics_outdated_projections()', ARRAY['p_latest', 'p_all'], 'two projections are outdated');
SELECT set_eq('TABLE p_latest', 'TABLE tap.before', 'and answer as before');
SELECT is_empty('SELECT * FROM analytics_verify()', 'exactly, by the upcasts that they keep');
SELECT tap.change() \g /dev/null
SELECT is_empty('SELECT * FROM analytics_verify()', 'also after changes of events');
CALL analytics_build_projection('p_latest');
CALL analytics_build_projection('p_all');
SELECT tap.agree('built anew by hand');
SELECT isnt(id, :number, 'under another number') FROM analytics_projections WHERE name = 'p_latest';
SELECT is(last_id, :number, 'the one before is kept for older snapshots') FROM analytics_projections WHERE name = 'p_latest';
SELECT is(id, :other_number, 'a projection of other types stays') FROM analytics_projections WHERE name = 'p_other';
SELECT tap.change() \g /dev/null
SELECT tap.agree('and changed by statements');
SELECT is_empty('SELECT _analytics_outdated_projections()', 'no projection is outdated');

-- Maintenance does it by itself, and forgets the numbers that were replaced.
UPDATE analytics_contracts SET upcast = 'ours.to_3b' WHERE event_type = 'order' AND version = 2;
CALL analytics_maintain('2025-03-03 00:00:00+00');
SELECT tap.agree('built anew by maintenance');
SELECT tap.change() \g /dev/null
SELECT tap.agree('and changed');
CALL analytics_maintain('2025-03-03 00:00:00+00');
SELECT is_empty('SELECT FROM analytics_projections WHERE last_id IS NOT NULL OR next_id IS NOT NULL', 'nothing is left of the numbers before');
SELECT is_empty('SELECT FROM analytics_projection_bags WHERE projection NOT IN (SELECT id FROM analytics_projections)', 'nor of their bags');
CREATE OR REPLACE FUNCTION ours.to_3b(jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$ SELECT $1 || jsonb_build_object('plan', 'c', 'total', ($1 ->> 'total')::numeric - 2) $$;
CALL analytics_maintain('2025-03-03 00:00:00+00');
SELECT tap.agree('a function that was replaced is noticed by maintenance');

-- An upcast that fails: the payload is seen as it is stored, and nobody is stopped.
INSERT INTO analytics_contracts (event_type, version, upcast) VALUES ('order', 3, 'ours.fails');
CALL tap.build();
SELECT tap.agree('an upcast that fails now and then');
SELECT tap.change() \g /dev/null
SELECT tap.agree('and changes');
CREATE FUNCTION ours.endless(jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN ours.endless($1); END $$;
UPDATE analytics_contracts SET upcast = 'ours.endless' WHERE event_type = 'order' AND version = 3;
CALL tap.build();
SELECT tap.agree('an upcast that never ends');
CREATE FUNCTION ours.slow(jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM pg_sleep(10); RETURN $1; END $$;
INSERT INTO analytics_contracts (event_type, version, upcast) VALUES ('slow', 1, 'ours.slow');
CREATE FUNCTION tap.in_vain(statement text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN EXECUTE statement; RETURN 'done'; EXCEPTION WHEN query_canceled THEN RETURN 'canceled'; END $$;
CALL tap.build();
SET statement_timeout = '300ms';
SELECT is(tap.in_vain($$INSERT INTO analytics_events (source, event_type, occurred_at, payload) VALUES ('s', 'slow', '2025-03-01 00:00:00+00', '{}')$$), 'canceled', 'a cancel is not taken for a failure of the upcast');
RESET statement_timeout;
DELETE FROM analytics_contracts WHERE event_type = 'slow' OR version = 3;
CALL tap.build();
SELECT tap.agree('without it again');

-- Random changes of contracts and events, built again or not yet: the projections agree with the upcasts that they keep, and when they are built with those of now.
CREATE PROCEDURE tap.rounds(how_many int) LANGUAGE plpgsql AS $$
DECLARE
    difference text;
BEGIN
    CREATE TABLE tap.found (round int, what text);
    FOR round IN 1 .. how_many LOOP
        IF random() < 0.3 THEN
            DELETE FROM analytics_contracts WHERE version = 1 + floor(random() * 3)::int;
        ELSE
            INSERT INTO analytics_contracts AS c (event_type, version, upcast)
            VALUES ((ARRAY['order', 'other'])[1 + floor(random() * 2)::int], 1 + floor(random() * 3)::int, (ARRAY['ours.to_2', 'ours.to_3', 'ours.to_3b', 'ours.fails', 'ours.to_3'])[1 + floor(random() * 4)::int])
            ON CONFLICT (event_type, version) DO UPDATE SET upcast = excluded.upcast;
        END IF;
        COMMIT;
        PERFORM tap.change();
        INSERT INTO tap.found SELECT round, v::text FROM analytics_verify() AS v;
        COMMIT;
        IF random() < 0.2 THEN -- a build that goes no further
            PERFORM _analytics_renew_projection('p_all');
            COMMIT;
            PERFORM tap.change();
        ELSE
            CALL tap.build();
            PERFORM tap.change();
            INSERT INTO tap.found SELECT round, tap.differences() WHERE tap.differences() IS NOT NULL;
        END IF;
        COMMIT;
    END LOOP;
    DELETE FROM analytics_contracts WHERE event_type <> 'order' OR version > 1;
    COMMIT;
    CALL tap.build();
END $$;
CALL tap.rounds(15);
SELECT is_empty('SELECT round, left(what, 300) FROM tap.found', 'random contracts and events');
SELECT tap.agree('and at the end');
BEGIN;
TRUNCATE analytics_events;
SELECT is(count(*), 0::bigint, 'TRUNCATE') FROM p_latest;
ROLLBACK;

-- Other people's functions are not called.
CREATE ROLE analytics_check_stranger;
CREATE SCHEMA theirs AUTHORIZATION analytics_check_stranger;
SET ROLE analytics_check_stranger;
CREATE FUNCTION theirs.up(jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE WARNING 'called as %', current_user; RETURN '{"total": 1}'; END $$;
RESET ROLE;
INSERT INTO analytics_contracts (event_type, version, upcast) VALUES ('other', 1, 'theirs.up');
CALL tap.build();
SELECT tap.agree('a function of another role');
DROP FUNCTION theirs.up(jsonb);
DROP SCHEMA theirs; DROP ROLE analytics_check_stranger;
CALL tap.build();
SELECT tap.change() \g /dev/null
SELECT tap.agree('and one that is gone');

-- Upcasting what is stored changes no value, and leaves no bag.
CALL analytics_maintain('2025-03-03 00:00:00+00');
CREATE TABLE tap.told AS SELECT * FROM p_latest;
SELECT count(*) AS bags FROM analytics_projection_bags WHERE projection = (SELECT id FROM analytics_projections WHERE name = 'p_latest') \gset
CALL analytics_upcast_events('order', 7);
SELECT set_eq('TABLE p_latest', 'TABLE tap.told', 'upcast events are seen as before');
SELECT is(count(*), :bags::bigint, 'and need no bag') FROM analytics_projection_bags WHERE projection = (SELECT id FROM analytics_projections WHERE name = 'p_latest');
SELECT tap.agree('as the events say');

-- What retention has dropped is still counted, as it was seen then.
SELECT analytics_create_partition('2024-01-01 00:00:00+00', '1 month') IS NOT NULL \g /dev/null
INSERT INTO analytics_events (source, event_type, occurred_at, payload) SELECT 's', 'order', timestamptz '2024-01-30 00:00:00+00' + i * interval '1 hour', jsonb_build_object('amount', i) FROM generate_series(1, 40) AS i;
CREATE TABLE tap.old AS SELECT * FROM p_latest WHERE bucket_start < '2024-02-01';
SELECT count(*) FROM _analytics_drop_partitions('2024-02-01 00:00:00+00', true) \g /dev/null
SELECT set_eq($$SELECT * FROM p_latest WHERE bucket_start < '2024-02-01'$$, 'TABLE tap.old', 'dropped events are counted');
TRUNCATE analytics_contracts;
CALL tap.build();
SELECT set_eq($$SELECT * FROM p_latest WHERE bucket_start < '2024-02-01'$$, 'TABLE tap.old', 'also when the projection was built anew, as they were seen');
SELECT is((SELECT sum(total_sum) FROM p_latest WHERE bucket_start >= '2024-02-01'), (SELECT sum(tap.number(stored -> 'total')) FROM tap.values WHERE event_type IN ('order', 'order.v2') AND occurred_at >= '2024-02-01'), 'the others as they are seen now');

-- Refused.
SELECT tap.fails($$UPDATE analytics_projections SET version = 'stored'$$, '55000', 'a change of the version');
SELECT tap.fails($$UPDATE analytics_projections SET upcasts = '[["a", 1, "b.c", null]]'$$, '55000', 'a change of the upcasts by hand');
SELECT tap.fails($$SELECT _analytics_register_projection('q', NULL, '{}', '{}', '1 hour', 10, 'public', 'newest')$$, '22023', 'another version');
SELECT is(count(*), 4::bigint, 'all are there to be dropped') FROM (SELECT analytics_drop_projection(name) FROM analytics_projections) AS _;
SELECT is_empty('SELECT FROM analytics_projection_bags', 'no bag is left');
SELECT * FROM finish();
