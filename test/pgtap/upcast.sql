-- Upcasting: payloads in the newest version, read and stored; counts stay right, and redelivered originals are duplicates.
\ir include/start.psql
SELECT * FROM no_plan();

CREATE SCHEMA ours;
CREATE FUNCTION ours.to_2(jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$ SELECT $1 - 'amount' || jsonb_build_object('total', $1 -> 'amount') $$;
CREATE FUNCTION ours.to_3(jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$ SELECT $1 || jsonb_build_object('currency', coalesce($1 ->> 'currency', 'EUR')) $$;
INSERT INTO analytics_contracts (event_type, version, upcast) VALUES ('order.placed', 1, 'ours.to_2'), ('order.placed', 2, 'ours.to_3'), ('order.placed', 3, NULL), ('order.placed', 5, 'ours.to_2'), ('other', 1, NULL);

CREATE TABLE tap.records AS SELECT n, convert_to(format('{"eventType":"order.placed%s","source":"shop","eventId":"e%s","occurredAt":"2025-0%s-03T00:00:00Z","tenantId":"t%s","payload":{"%s":%s,"n":%s}}',
    CASE n % 4 WHEN 1 THEN '' WHEN 2 THEN '.v2' WHEN 3 THEN '.v3' ELSE '.v5' END, n, 1 + n % 3, n % 2, CASE WHEN n % 4 = 1 THEN 'amount' ELSE 'total' END, n, n), 'UTF8') AS value FROM generate_series(1, 200) AS n;
SELECT stored AS first_stored FROM analytics_ingest((SELECT array_agg(value ORDER BY n) FROM tap.records)) \gset
SELECT is(:first_stored, 200, 'all versions are stored');
SELECT stored FROM analytics_ingest(ARRAY[convert_to('{"eventType":"free","source":"s","eventId":"f","payload":{"amount":1}}', 'UTF8')]) \g /dev/null
CALL analytics_create_projection('totals', dimensions => '{}', measures => '{"total": ["total"]}', bucket => '1 month', event_types => '{order.placed}');

-- Reading.
CREATE VIEW tap.latest AS SELECT e.id, e.payload AS stored, analytics_latest(e.event_type::text, e.payload) AS latest FROM analytics_events AS e;
SELECT results_eq($$SELECT latest ->> 'version', count(*), count(*) FILTER (WHERE latest ? 'amount'), count(*) FILTER (WHERE latest ->> 'currency' = 'EUR') FROM tap.latest GROUP BY 1 ORDER BY 1$$,
    $$VALUES ('3', 150::bigint, 0::bigint, 100::bigint), ('6', 50, 0, 0), (NULL, 1, 1, 0)$$, 'every chain to its end');
SELECT is_empty($$SELECT FROM tap.latest WHERE stored ->> 'version' = '3' AND stored <> latest$$, 'the newest is as it is');
SELECT is(analytics_latest('order.placed', '{"amount": 7}'), '{"total": 7, "currency": "EUR", "version": 3}'::jsonb, 'two steps');
SELECT is(analytics_latest('order.placed.v2', '{"total": 7}'), '{"total": 7, "currency": "EUR", "version": 3}'::jsonb, 'of a type with a suffix');
SELECT is(analytics_latest('nosuch.v2', '{"amount": 7}'), '{"amount": 7}'::jsonb, 'of a type that is not registered');
SELECT is(analytics_latest(e), analytics_latest(e.event_type, e.payload), 'of an event') FROM (SELECT occurred_at, id FROM analytics_events WHERE event_type = 'order.placed' ORDER BY id LIMIT 1) AS k, analytics_event(k.occurred_at, k.id) AS e;

SELECT is(analytics_create_latest_view('order.placed'), 'public.order_placed_latest', 'a view');
SELECT is(analytics_create_latest_view('order.placed', 'a "view"', 'ours'), 'ours."a ""view"""', 'with a name of one''s own');
SELECT set_eq('SELECT id, payload FROM order_placed_latest', $$SELECT l.id, l.latest FROM tap.latest AS l JOIN analytics_events AS e USING (id) WHERE e.event_type = 'order.placed'$$, 'shows the newest versions');
SELECT tap.fails($$SELECT analytics_create_latest_view('nosuch')$$, '42704', 'a type without a contract');
SELECT tap.fails($$SELECT analytics_create_latest_view('order.placed')$$, '42P07', 'a name that is taken');

-- Storing, in chunks.
CREATE TABLE tap.due AS SELECT id, latest AS payload FROM tap.latest;
CALL analytics_upcast_events('order.placed', 7);
SELECT set_eq('SELECT id, payload FROM analytics_events', 'SELECT id, payload FROM tap.due', 'stored as it was read');
SELECT is_empty('SELECT * FROM analytics_verify()', 'the counts are right');
SELECT is((SELECT sum(total_sum) FROM totals), (SELECT sum((payload ->> 'total')::numeric) FROM analytics_events WHERE event_type = 'order.placed'), 'and the projection''s sums');
SELECT results_eq($$SELECT stored, duplicates FROM analytics_ingest((SELECT array_agg(value) FROM tap.records))$$, 'VALUES (0::bigint, 200::bigint)', 'redelivered originals are duplicates');
CREATE TABLE tap.rows AS SELECT xmin::text AS written, id FROM analytics_events;
CALL analytics_upcast_events('order.placed');
SELECT set_eq('SELECT xmin::text AS written, id FROM analytics_events', 'TABLE tap.rows', 'a second call writes nothing');
CALL analytics_upcast_events('nosuch');

-- An upcast that fails is an error with its place, and whose function it is matters.
CREATE FUNCTION ours.bad(jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$ SELECT '[]'::jsonb $$;
INSERT INTO analytics_contracts (event_type, version, upcast) VALUES ('broken', 1, 'ours.bad');
SELECT tap.fails($$SELECT analytics_latest('broken', '{}')$$, '22023', 'an upcast that makes no object');
SELECT matches((tap.failure_of($$SELECT analytics_latest('broken', '{}')$$)).message, '"broken" version 1', 'is named');
CREATE ROLE analytics_check_stranger;
CREATE SCHEMA theirs AUTHORIZATION analytics_check_stranger;
SET ROLE analytics_check_stranger;
CREATE FUNCTION theirs.up(jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$ SELECT $1 $$;
RESET ROLE;
INSERT INTO analytics_contracts (event_type, version, upcast) VALUES ('foreign', 1, 'theirs.up');
SELECT tap.fails($$SELECT analytics_latest('foreign', '{}')$$, '42501', 'another role''s function is not called');
DROP FUNCTION theirs.up(jsonb);
SELECT tap.fails($$SELECT analytics_latest('foreign', '{}')$$, '42501', 'nor one that is gone');
DROP SCHEMA theirs;

-- Whoever reads, it is the same function, with the same rights and the same search_path.
CREATE SCHEMA hidden;
CREATE FUNCTION hidden.who(jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN jsonb_build_object('user', current_user, 'path', current_setting('search_path')); END $$;
CREATE FUNCTION hidden.own(jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$ SELECT $1 || '{"own": true}' $$;
REVOKE EXECUTE ON FUNCTION hidden.own(jsonb), hidden.who(jsonb) FROM PUBLIC;
CREATE FUNCTION hidden.changes(jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM set_config('role', 'analytics_check_stranger', false); RETURN $1; END $$;
INSERT INTO analytics_contracts (event_type, version, upcast) VALUES ('who', 1, 'hidden.who'), ('own', 1, 'hidden.own'), ('changes', 1, 'hidden.changes');
SELECT current_user AS me \gset
GRANT USAGE ON SCHEMA tap TO analytics_check_stranger; GRANT SELECT ON ALL TABLES IN SCHEMA tap TO analytics_check_stranger;
SET search_path = tap, public;
SET ROLE analytics_check_stranger;
SELECT is(public.analytics_latest('who', '{}'), jsonb_build_object('user', :'me', 'path', 'pg_catalog, pg_temp', 'version', 2), 'it runs as the owner of the contracts');
SELECT is(public.analytics_latest('own', '{}'), '{"own": true, "version": 2}'::jsonb, 'also where a reader may not execute it');
SELECT is(current_user || current_setting('search_path'), 'analytics_check_stranger' || 'tap, public', 'and then all is as before');
RESET ROLE;
SELECT is((tap.failure_of($$SELECT public.analytics_latest('changes', '{}')$$)).state, '42501', 'it cannot change who it is');
SELECT is(current_user || current_setting('search_path'), :'me' || 'tap, public', 'and after an error all is as before');
RESET search_path;
ALTER FUNCTION hidden.own(jsonb) VOLATILE;
SELECT tap.fails($$SELECT analytics_latest('own', '{}')$$, '42501', 'one that is IMMUTABLE no more is not called');
CREATE OR REPLACE FUNCTION hidden.own(jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN jsonb_build_object('n', 1 / ($1 ->> 'by')::int); END $$;
SELECT tap.fails($$SELECT analytics_latest('own', '{"by": 0}')$$, '22012', 'an upcast that fails');
SELECT tap.fails($$SELECT analytics_latest('own', NULL), analytics_latest(NULL, '{}')$$, '00000', 'nulls are no error');
SELECT is(analytics_latest(NULL, '{"a": 1}'), '{"a": 1}'::jsonb, 'without a type it is the payload itself');
-- A change of the contracts is seen by the next call, also within a statement that keeps the function.
CREATE FUNCTION tap.seen(n int) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN analytics_latest('turns', '{}') ->> 'version'; END $$;
SELECT is(tap.seen(1), NULL, 'without a contract');
BEGIN;
INSERT INTO analytics_contracts (event_type, version, upcast) VALUES ('turns', 1, 'ours.to_3');
SELECT is(tap.seen(1), '2', 'after it was written, in the same transaction');
ROLLBACK;
SELECT is(tap.seen(1), NULL, 'and after that was rolled back');
DROP OWNED BY analytics_check_stranger; DROP ROLE analytics_check_stranger;

SELECT * FROM finish();
