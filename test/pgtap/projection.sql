-- Projections: what their views say is what plain SQL says of the events, at every commit, from whatever was there before they were made on.
\ir include/start.psql
\ir include/elsewhere.psql
SELECT * FROM no_plan();
SET TimeZone = 'UTC';

-- Events of two days, five plans, three tenants and none, with a few values that are absent, null or of another type.
CREATE FUNCTION tap.payload(i int) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_strip_nulls(jsonb_build_object('plan', CASE WHEN i % 11 > 0 THEN 'p' || i % 5 END, 'deep', jsonb_build_object('n', CASE WHEN i % 7 > 0 THEN i * 0.25 END, 'ok', i % 2 = 0)))
        || CASE i % 13 WHEN 0 THEN '{"plan":7}'::jsonb WHEN 1 THEN '{"deep":{"n":"1"}}' WHEN 2 THEN '{"plan":null}' ELSE '{}' END;
$$;
CREATE VIEW tap.some AS SELECT 's' AS source, 't' || i % 3 AS event_type, timestamptz '2025-01-31 12:00:00+00' + i * interval '5 minutes' AS occurred_at, CASE WHEN i % 4 > 0 THEN 'tenant ' || i % 4 END AS tenant_id, tap.payload(i) AS payload, i FROM generate_series(1, 400) AS i;
SELECT analytics_create_partition('2025-01-31 00:00:00+00', '1 month') IS NOT NULL, analytics_create_partition('2025-02-01 00:00:00+00', '1 month') IS NOT NULL \g /dev/null
INSERT INTO analytics_events (source, event_type, occurred_at, tenant_id, payload) SELECT source, event_type, occurred_at, tenant_id, payload FROM tap.some WHERE i <= 200;

CALL analytics_create_projection('plans', event_types => '{t0,t1}', bucket => '6 hours', dimensions => '{"plan": ["plan"], "ok": {"path": ["deep","ok"], "type": "boolean"}}', measures => '{"n": {"path": ["deep","n"], "type": "numeric"}}');

CREATE VIEW tap.told AS SELECT bucket_start, tenant_id::text, plan, ok, other, count, mismatched, n_count, n_sum, n_avg, n_min, n_max FROM plans;
CREATE VIEW tap.actual AS SELECT date_bin('6 hours', occurred_at, '2000-01-01 00:00:00+00') AS bucket_start, tenant_id::text, CASE WHEN jsonb_typeof(payload -> 'plan') = 'string' THEN payload ->> 'plan' END AS plan, (payload #>> '{deep,ok}')::boolean AS ok, false AS other, count(*),
    count(*) FILTER (WHERE jsonb_typeof(payload -> 'plan') NOT IN ('string', 'null') OR jsonb_typeof(payload #> '{deep,n}') NOT IN ('number', 'null')) AS mismatched, count(n) AS n_count, trim_scale(sum(n)) AS n_sum, trim_scale(sum(n)) / nullif(count(n), 0) AS n_avg, trim_scale(min(n)) AS n_min, trim_scale(max(n)) AS n_max
    FROM analytics_events CROSS JOIN LATERAL (SELECT CASE WHEN jsonb_typeof(payload #> '{deep,n}') = 'number' THEN (payload #>> '{deep,n}')::numeric END) AS _ (n) WHERE event_type IN ('t0', 't1') GROUP BY 1, 2, 3, 4;
CREATE FUNCTION tap.differences() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(difference, '; ') FROM (
        SELECT 'lacks ' || t::text FROM (TABLE tap.actual EXCEPT ALL TABLE tap.told) AS t UNION ALL
        SELECT 'has ' || t::text FROM (TABLE tap.told EXCEPT ALL TABLE tap.actual) AS t) AS _ (difference);
$$;
CREATE FUNCTION tap.agree(what text) RETURNS text LANGUAGE sql AS $$ SELECT is(tap.differences(), NULL, what || ': the projection says what the events say') $$;

SELECT ok(count(*) > 20 AND sum(mismatched) > 5 AND bool_or(n_min < n_max), 'there is a good deal to be said') FROM tap.actual;
SELECT tap.agree('events that were there before');
INSERT INTO analytics_events (source, event_type, occurred_at, tenant_id, payload) SELECT source, event_type, occurred_at, tenant_id, payload FROM tap.some WHERE i > 200;
SELECT tap.agree('INSERT');
SELECT * FROM analytics_ingest(ARRAY(SELECT tap.event(i::text, _analytics_iso8601(occurred_at), event_type, 'ingested', payload) FROM tap.some WHERE i % 3 < 2) || ARRAY[tap.event('3', '2025-01-31T12:15:00Z', 't0', 'ingested'), '{']) \g /dev/null
SELECT tap.agree('analytics_ingest');
DELETE FROM analytics_events WHERE (payload #>> '{deep,n}')::numeric BETWEEN 20 AND 30 AND jsonb_typeof(payload #> '{deep,n}') = 'number';
SELECT tap.agree('DELETE');
DELETE FROM analytics_events AS e USING (SELECT DISTINCT ON (date_bin('6 hours', occurred_at, '2000-01-01 00:00:00+00'), tenant_id) occurred_at, id FROM analytics_events WHERE jsonb_typeof(payload #> '{deep,n}') = 'number' ORDER BY date_bin('6 hours', occurred_at, '2000-01-01 00:00:00+00'), tenant_id, (payload #>> '{deep,n}')::numeric DESC) AS g WHERE g.occurred_at = e.occurred_at AND g.id = e.id;
SELECT tap.agree('DELETE of the greatest');
SELECT count(*) AS before FROM analytics_projection_bags \gset
UPDATE analytics_events SET payload = payload || '{"elsewhere": 1}', source = 'other';
SELECT is(count(*), :before::bigint, 'UPDATE of what a projection does not look at leaves no bag') FROM analytics_projection_bags;
UPDATE analytics_events SET payload = jsonb_set(payload, '{deep,n}', '1e3') WHERE event_type = 't0' AND tenant_id = 'tenant 1';
SELECT tap.agree('UPDATE of a measure');
UPDATE analytics_events SET payload = payload || '{"plan":"new"}' WHERE tenant_id IS NULL;
SELECT tap.agree('UPDATE of a dimension');
UPDATE analytics_events SET event_type = CASE event_type WHEN 't2' THEN 't1' ELSE 't2' END WHERE occurred_at < '2025-02-01 00:00:00+00';
SELECT tap.agree('UPDATE of the type');
UPDATE analytics_events SET occurred_at = occurred_at + interval '7 hours', tenant_id = 'moved' WHERE tenant_id = 'tenant 2';
SELECT tap.agree('UPDATE of time and tenant');
BEGIN;
SAVEPOINT a;
DELETE FROM analytics_events;
ROLLBACK TO a;
INSERT INTO analytics_events (source, event_type, occurred_at, payload) VALUES ('s', 't0', '2025-02-01 00:00:00+00', '{"plan":"p","deep":{"n":-1}}');
SELECT tap.agree('within a transaction');
ROLLBACK;
SELECT tap.agree('ROLLBACK');
SELECT is(count(*), 0::bigint, 'bags lack nothing') FROM analytics_projections AS p, _analytics_projection_missing(p.id, '-infinity', 'infinity');
DO $$ BEGIN FOR i IN 1 .. 300 LOOP INSERT INTO analytics_events (source, event_type, occurred_at, tenant_id, payload) VALUES ('s', 't0', '2025-02-01 00:00:00+00', 'busy', tap.payload(i)); END LOOP; END $$;
SELECT tap.agree('many bags of one bucket');
SELECT cmp_ok(count(*), '<', 120::bigint, 'folded by whoever writes') FROM analytics_projection_bags WHERE tenant_id = 'busy';
TRUNCATE analytics_events_2025_01;
SELECT tap.agree('TRUNCATE of a partition');
TRUNCATE analytics_events;
SELECT tap.agree('TRUNCATE');
SELECT is(count(*), 0::bigint, 'there is nothing left to tell') FROM plans;

-- Verified and mended with the rollups.
INSERT INTO analytics_events (source, event_type, occurred_at, tenant_id, payload) SELECT source, event_type, occurred_at, tenant_id, payload FROM tap.some;
SELECT is(count(*), 0::bigint, 'there is nothing to mend') FROM analytics_verify();
SET session_replication_role = replica;
DELETE FROM analytics_events WHERE occurred_at < '2025-01-31 18:00:00+00' AND (payload #> '{deep,n}') IN ('1.25', '18') AND event_type <> 't2';
UPDATE analytics_events SET payload = jsonb_set(payload, '{deep,n}', '-7') WHERE occurred_at = '2025-02-01 03:00:00+00';
DELETE FROM analytics_projection_bags WHERE bucket_start = '2025-02-01 12:00:00+00' AND tenant_id IS NULL;
INSERT INTO analytics_projection_bags SELECT * FROM analytics_projection_bags WHERE bucket_start = '2025-02-01 18:00:00+00' AND tenant_id = 'tenant 3';
RESET session_replication_role;
SELECT is((SELECT array_agg(format('%s %s %s', to_char(minute, 'DD HH24'), tenant_id, events - counted) ORDER BY minute, tenant_id) FROM analytics_verify() WHERE rollup = 'projection plans'), (SELECT array_agg(format('%s %s %s', to_char(bucket_start, 'DD HH24'), tenant_id, coalesce(actual.count, 0) - coalesce(told.count, 0)) ORDER BY bucket_start, tenant_id)
    FROM (SELECT bucket_start, coalesce(tenant_id, '') AS tenant_id, sum(count) AS count FROM tap.actual GROUP BY 1, 2) AS actual FULL JOIN (SELECT bucket_start, coalesce(tenant_id, '') AS tenant_id, sum(count) AS count FROM tap.told GROUP BY 1, 2) AS told USING (bucket_start, tenant_id) WHERE actual.count IS DISTINCT FROM told.count OR bucket_start = '2025-02-01 00:00:00+00' AND tenant_id = (SELECT coalesce(max(e.tenant_id), '') FROM analytics_events AS e WHERE occurred_at = '2025-02-01 03:00:00+00')), 'analytics_verify tells what went unnoticed');
SELECT ok(tap.differences() IS NOT NULL, 'and is right');
SELECT analytics_rebuild() \g /dev/null
SELECT tap.agree('analytics_rebuild');
SELECT is(count(*), 0::bigint, 'and there is nothing left to mend') FROM analytics_verify();
TRUNCATE analytics_events;

-- Paths, types and what does not fit.
CALL analytics_create_projection('paths', dimensions => '{"in array": ["list","1"], "last": {"path": ["list","-1"], "type": "numeric"}, "whole": {"path": ["w"], "type": "bigint"}}', measures => '{"m": ["m"]}');
CREATE FUNCTION tap.seen(payload jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE answer text;
BEGIN
    INSERT INTO analytics_events (source, event_type, occurred_at, payload) VALUES ('s', 'path', '2025-02-01 00:00:00+00', $1);
    SELECT string_agg(format('%s|%s|%s|%s|%s', "in array", "last", whole, mismatched, m_sum), ' ') INTO answer FROM paths;
    DELETE FROM analytics_events;
    RETURN answer;
END
$$;
SELECT is(tap.seen(payload::jsonb), due, 'seen of ' || payload) FROM (VALUES
    ('{}', '|||0|'), ('{"list":[1,"a",2.50],"w":-7,"m":0.10}', 'a|2.5|-7|0|0.1'), ('{"list":["b"],"w":12.0}', '||12|1|'), ('{"list":[1,"a"]}', 'a|||1|'), ('{"list":{"1":"member","-1":3}}', 'member|3||0|'), ('{"list":["a"],"w":null,"m":null}', '|||1|'),
    ('{"w":9223372036854775807}', '||9223372036854775807|0|'), ('{"w":-9223372036854775808}', '||-9223372036854775808|0|'), ('{"w":9223372036854775808}', '|||1|'), ('{"w":1.5}', '|||1|'), ('{"w":"1"}', '|||1|'), ('{"m":[]}', '|||1|'), ('{"m":true,"w":{},"list":[1,2]}', '|2||1|'), ('{"m":1e-20}', '|||0|0.00000000000000000001'),
    ('{"list":7}', '|||0|'), ('[]', '|||0|'), ('"scalar"', '|||0|'), ('{"list":[0,"' || repeat('é', 200) || '",1]}', repeat('é', 200) || '|1||0|'), ('{"list":[0,"' || repeat('é', 201) || '",1]}', '|1||1|')) AS v (payload, due);
INSERT INTO analytics_events (source, event_type, occurred_at, payload) SELECT 's', 'sum', '2025-02-01 00:00:00+00', jsonb_build_object('m', m) FROM unnest('{1e131071,9e131071,-1e131071,0.1,0.2}'::numeric[]) AS m;
SELECT is(m_sum, 9e131071 + 0.3, 'sums are exact, however far apart') FROM paths;
INSERT INTO analytics_events (source, event_type, occurred_at, payload) SELECT 's', 'sum', '2025-02-01 00:00:00+00', '{"m":9e131071}' FROM generate_series(1, 2);
SELECT tap.fails('SELECT m_sum FROM paths', '22003', 'a sum that numeric cannot hold fails at reading');
DELETE FROM analytics_events WHERE (payload ->> 'm')::numeric = 9e131071;
SELECT is(m_sum, 0.3, 'and is taken back') FROM paths;
DELETE FROM analytics_events;

-- More groups than are told apart: the rest is one row, and which are told apart does not depend on the order of events.
CALL analytics_create_projection('few', bucket => '1 day', max_groups => 3, dimensions => '{"d": ["d"]}', measures => '{"m": ["m"]}');
CREATE FUNCTION tap.few() RETURNS text LANGUAGE sql AS $$ SELECT string_agg(few::text, ' ' ORDER BY few::text) FROM few $$;
INSERT INTO analytics_events (source, event_type, occurred_at, payload) SELECT 's', 'few', '2025-02-01 00:00:00+00', jsonb_build_object('d', 'd' || i % 10, 'm', i) FROM generate_series(0, 99) AS i;
SELECT is((SELECT ROW(count(*), count(*) FILTER (WHERE other), sum(count), sum(m_sum), min(m_min), max(m_max)) FROM few), ROW(4::bigint, 1::bigint, 100::numeric, 4950::numeric, 0::numeric, 99::numeric), 'three groups and all others');
SELECT is((SELECT ROW(count, m_count) FROM few WHERE other), ROW(70::bigint, 70::bigint), 'which are seven tenths');
SELECT ok(d IS NULL AND NOT EXISTS (SELECT FROM few WHERE NOT other AND d IS NULL), 'others have no values of dimensions') FROM few WHERE other;
SELECT tap.few() AS few \gset
DELETE FROM analytics_events;
DO $$ BEGIN FOR i IN REVERSE 99 .. 0 LOOP INSERT INTO analytics_events (source, event_type, occurred_at, payload) VALUES ('s', 'few', '2025-02-01 00:00:00+00', jsonb_build_object('d', 'd' || i % 10, 'm', i)); END LOOP; END $$;
SELECT is(tap.few(), :'few', 'the same groups whatever the order, and in single statements');
DELETE FROM analytics_events WHERE payload @> '{"m":99}' OR payload @> '{"m":0}' OR payload ->> 'm' LIKE '9_';
SELECT is((SELECT ROW(min(m_min), max(m_max)) FROM few), (SELECT ROW(min((payload ->> 'm')::numeric), max((payload ->> 'm')::numeric)) FROM analytics_events), 'extremes of others are asked, too');
SELECT is(sum(count), 89::numeric, 'and counts taken back') FROM few;
SELECT analytics_drop_projection('few') \g /dev/null

-- What cannot be used is told, with what and where.
CREATE FUNCTION tap.complaint(arguments text) RETURNS text LANGUAGE sql AS $$ SELECT f.state || ' ' || f.message || coalesce(': ' || nullif(f.detail, ''), '') FROM tap.failure_of(format('SELECT _analytics_register_projection(%s, ''public'')', $1)) AS f $$;
SELECT is(tap.complaint(arguments), due, arguments) FROM (VALUES
    ($$'p', '{}', '{}', '{}', '1 hour', 1$$, '22023 the definition of the projection cannot be used: event_types must not be empty; null stands for all types'),
    ($$'p', '{a,NULL}', '{}', '{}', '1 hour', 1$$, '22023 the definition of the projection cannot be used: event_types: each must have 1 to 120 characters'),
    ($$'', NULL, '{}', '{}', '1 hour', 1$$, '22023 the definition of the projection cannot be used: name must have 1 to 63 bytes'),
    ($$'p', NULL, '{"d":"plan"}', '{}', '1 hour', 1$$, '22023 the definition of the projection cannot be used: dimension "d": must be a path, or an object with "path" and "type"'),
    ($$'p', NULL, '{"d":{"path":["a"],"type":"date"}}', '{}', '1 hour', 1$$, '22023 the definition of the projection cannot be used: dimension "d": type must be text, boolean, bigint or numeric'),
    ($$'p', NULL, '{}', '{"m":{"path":["a"],"type":"text"}}', '1 hour', 1$$, '22023 the definition of the projection cannot be used: measure "m": type must be numeric'),
    ($$'p', NULL, '{"count":["a"]}', '{}', '1 hour', 1$$, '22023 the definition of the projection cannot be used: two columns would have the name "count"'),
    ($$'p', NULL, '{}', '{}', '90 seconds', 1$$, '22023 bucket must be a whole number of minutes or of months'),
    ($$'p', NULL, '{}', '{}', '101 years', 1$$, '22023 the definition of the projection cannot be used: bucket must be 100 years at most'),
    ($$'p', NULL, '{}', '{}', '1 hour', 0$$, '22023 the definition of the projection cannot be used: max_groups must be between 1 and 1000000'),
    ($$'p', NULL, NULL, '{}', '1 hour', 1$$, '22023 the definition of the projection cannot be used: only event_types may be null'),
    ($$'plans', NULL, '{}', '{}', '1 hour', 1$$, '42710 projection "plans" already exists')) AS v (arguments, due);
SELECT is(count(*), 0::bigint, 'nothing is left of them') FROM analytics_projections WHERE name = 'p';
SELECT tap.fails($$CALL analytics_create_projection('p')$$, '25001', 'a projection is not made within a transaction');
SELECT tap.fails($$CALL analytics_build_projection('plans')$$, '25001', 'nor built');
SELECT tap.fails($$UPDATE analytics_projections SET max_groups = 7 WHERE name = 'plans'$$, '55000', 'what a projection is made of does not change');
SELECT tap.fails($$SELECT analytics_drop_projection('no such')$$, '42704', 'none of that name');
SELECT tap.fails($$SELECT * FROM _analytics_projection_rows((SELECT id FROM analytics_projections WHERE name = 'plans'), now(), NULL, '{}') AS r (a int)$$, '42804', 'rows are of the projection''s columns');
SELECT tap.fails($$SELECT * FROM _analytics_projection_rows((SELECT id FROM analytics_projections WHERE name = 'paths'), now(), NULL, ARRAY['\xff'::bytea]) AS r (a text, b numeric, c bigint, other boolean, count bigint, mismatched bigint, mc bigint, ms numeric, ma numeric, mi numeric, mx numeric)$$, 'XX001', 'bytes that are no bag');

-- Interrupted: not ready, and told so, until somebody goes on.
SELECT _analytics_register_projection('late', NULL, '{}', '{"m": ["m"]}', '1 month', 10, 'public') \g /dev/null
SELECT tap.fails('SELECT * FROM late', '55000', 'a projection that is being built cannot be read');
SELECT matches(message, 'projection "late" is being built', 'and says so') FROM tap.failure_of('SELECT * FROM late');
INSERT INTO analytics_events (source, event_type, occurred_at, payload) VALUES ('s', 'late', '2025-02-02 00:00:00+00', '{"m":1000}');
DELETE FROM analytics_events WHERE payload @> '{"m":42}';
SELECT is(_analytics_build_projection_chunk('late'), true, 'a step');
SELECT tap.fails('SELECT * FROM late', '55000', 'is not all');
CALL analytics_build_projection('late');
SELECT is((SELECT ROW(sum(count), sum(m_sum), max(m_max)) FROM late), (SELECT ROW(count(*)::numeric, sum((payload ->> 'm')::numeric), max((payload ->> 'm')::numeric)) FROM analytics_events), 'gone on with, it is right');
SELECT is(state, 'ready', 'and ready') FROM analytics_projections WHERE name = 'late';
CALL analytics_build_projection('late');
SELECT is(count(*), 0::bigint, 'to build what is built changes nothing') FROM analytics_projections AS p, _analytics_projection_missing(p.id, '-infinity', 'infinity');

-- A session that was there before knows of a new projection, and of one that is gone.
SELECT tap.open_session('there') \g /dev/null
SELECT tap.there('there', $$INSERT INTO analytics_events (source, event_type, occurred_at, payload) VALUES ('s', 'there', '2025-02-03 00:00:00+00', '{"m":1}')$$) \g /dev/null
CALL analytics_create_projection('new', event_types => '{there}');
SELECT tap.there('there', $$INSERT INTO analytics_events (source, event_type, occurred_at, payload) VALUES ('s', 'there', '2025-02-03 00:00:00+00', '{"m":1}')$$) \g /dev/null
SELECT is(sum(count), 2::numeric, 'a session counts for a projection that it has not made') FROM new;
SELECT analytics_drop_projection('new') \g /dev/null
SELECT tap.there('there', $$INSERT INTO analytics_events (source, event_type, occurred_at, payload) VALUES ('s', 'there', '2025-02-03 00:00:00+00', '{"m":1}')$$) \g /dev/null
SELECT is(count(*), 0::bigint, 'and not for one that was dropped') FROM analytics_projection_bags WHERE projection NOT IN (SELECT id FROM analytics_projections);
SELECT is(to_regclass('new'), NULL, 'whose view is gone, too');

-- Rights. Who writes needs none on bags; who reads needs them; a tenant's policy on events alone shows nothing, one on bags too shows the tenant's.
DELETE FROM analytics_events;
INSERT INTO analytics_events (source, event_type, occurred_at, tenant_id, payload) SELECT 's', 't', '2025-02-01 00:00:00+00', 'tenant ' || i % 3, jsonb_build_object('m', i) FROM generate_series(1, 30) AS i;
DELETE FROM analytics_events WHERE payload @> '{"m":30}' OR payload @> '{"m":1}';
BEGIN;
CREATE ROLE analytics_check_writer; CREATE ROLE analytics_check_reader;
GRANT USAGE ON SCHEMA tap TO analytics_check_writer, analytics_check_reader;
GRANT SELECT, INSERT, UPDATE, DELETE ON analytics_events TO analytics_check_writer;
GRANT SELECT ON analytics_events, analytics_projection_bags, late TO analytics_check_reader;
SET LOCAL ROLE analytics_check_writer;
SELECT lives_ok($$INSERT INTO analytics_events (source, event_type, occurred_at, tenant_id, payload) VALUES ('s', 't', '2025-02-01 00:00:00+00', 'tenant 1', '{"m":100}')$$, 'a writer needs no rights on bags');
SELECT tap.fails('SELECT * FROM late', '42501', 'and has none');
RESET ROLE; SET LOCAL ROLE analytics_check_reader;
SELECT is(sum(count), 29::numeric, 'a reader reads') FROM late;
RESET ROLE;
ALTER TABLE analytics_events ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON analytics_events USING (tenant_id = current_setting('app.tenant', true));
SET LOCAL app.tenant = 'tenant 1';
SET LOCAL ROLE analytics_check_reader;
SELECT tap.fails('SELECT * FROM late', '42501', 'a policy on events alone: nothing is shown');
RESET ROLE;
ALTER TABLE analytics_projection_bags ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON analytics_projection_bags USING (tenant_id = current_setting('app.tenant', true));
SET LOCAL ROLE analytics_check_reader;
SELECT is((SELECT array_agg(ROW(tenant_id, count, m_min, m_max)::text) FROM late), (SELECT ARRAY[ROW(min(tenant_id), count(*), min((payload ->> 'm')::numeric), max((payload ->> 'm')::numeric))::text] FROM analytics_events), 'a policy on bags, too: the tenant''s, and no other''s');
RESET ROLE;
ROLLBACK;

-- Who was granted what the reference says makes, reads and drops projections.
CREATE ROLE analytics_check_maker; CREATE SCHEMA maker AUTHORIZATION analytics_check_maker;
GRANT SELECT ON analytics_events, analytics_feeds TO analytics_check_maker;
GRANT SELECT, INSERT, UPDATE, DELETE ON analytics_projections, analytics_projection_bags TO analytics_check_maker;
GRANT EXECUTE ON FUNCTION _analytics_register_projection, _analytics_build_projection_chunk, _analytics_projection_missing, analytics_drop_projection TO analytics_check_maker;
GRANT EXECUTE ON PROCEDURE analytics_create_projection, analytics_build_projection TO analytics_check_maker;
SET ROLE analytics_check_maker;
CALL analytics_create_projection('made', view_schema => 'maker');
SELECT sum(count) AS made FROM maker.made \gset
SELECT analytics_drop_projection('made') \g /dev/null
RESET ROLE;
SELECT is(:'made'::bigint, count(*), 'a role that was granted it makes a projection') FROM analytics_events;
DROP OWNED BY analytics_check_maker; DROP ROLE analytics_check_maker;

-- In a schema and under a name that want quotes, with the view in another schema.
SELECT analytics_drop_projection(name) FROM analytics_projections WHERE name IN ('late', 'paths') \g /dev/null
SELECT is(count(*), 1::bigint, 'one is left') FROM analytics_projections;
CREATE SCHEMA "my Views";
CALL analytics_create_projection('the "count"', dimensions => '{"a b": ["x''y"], "B": ["z"]}', view_schema => 'my Views');
INSERT INTO analytics_events (source, event_type, occurred_at, payload) VALUES ('s', 'quoted', '2025-02-10 00:00:00+00', '{"x''y":"one","z":"two"}');
SELECT is((SELECT ROW("a b", "B", count) FROM "my Views"."the ""count""" WHERE bucket_start = '2025-02-10 00:00:00+00'), ROW('one'::text, 'two'::text, 1::bigint), 'names are quoted where they must be');
CREATE FUNCTION tap.plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; plan text := '';
BEGIN
    SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off;
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP plan := plan || line || ' '; END LOOP;
    RETURN plan;
END
$$;
SELECT matches(tap.plan_of($$SELECT * FROM "my Views"."the ""count""" WHERE bucket_start >= '2025-02-10 00:00:00+00' AND tenant_id = 'x'$$), 'Index Cond: .*projection = .*bucket_start >= .*tenant_id', 'conditions on bucket and tenant reach the bags'' index');
SELECT analytics_drop_projection('the "count"') \g /dev/null
DROP SCHEMA "my Views";
SELECT pass('and nothing is left of it');

SELECT * FROM finish();
