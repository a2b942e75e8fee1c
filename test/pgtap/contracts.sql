-- analytics_contracts: what is asked of events by type and version, as rows that an operator writes.
\ir include/start.psql
\ir include/elsewhere.psql
SELECT * FROM no_plan();

-- A row that could not be used is refused when it is written. complaint null: a constraint's own.
CREATE SCHEMA "Up %I";
CREATE FUNCTION "Up %I"."To 2"(jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE FUNCTION public.to_2(jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE FUNCTION public.stable(jsonb) RETURNS jsonb LANGUAGE sql STABLE AS 'SELECT $1';
CREATE FUNCTION public.text_of(jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1::text';
CREATE FUNCTION public.of_json(json) RETURNS jsonb LANGUAGE sql IMMUTABLE AS 'SELECT $1::jsonb';
CREATE FUNCTION public.of_two(jsonb, jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE FUNCTION public.several(jsonb) RETURNS SETOF jsonb LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE FUNCTION pg_temp.temporary(jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE AGGREGATE public.aggregate(jsonb) (SFUNC = jsonb_concat, STYPE = jsonb);
CREATE TEMP TABLE faults (complaint text, sqlstate text, assignments text);
INSERT INTO faults SELECT 'event_type must not have a suffix .vN: the column version says it', '23514', format('event_type = %L', t) FROM unnest(ARRAY['o.v2', 'o.p.v10', 'ö.v99999999999', E'a\nb.v1', '.v1.v2']) AS t;
INSERT INTO faults SELECT 'upcast must be the name of a function with its schema, like public.order_to_v2', '23514', format('upcast = %L', t) FROM unnest(ARRAY['to_2', '', 'a.b.c', 'public.to_2(jsonb)', 'public.', '.to_2', 'to 2', (SELECT nspname FROM pg_namespace WHERE oid = pg_my_temp_schema()) || '.temporary', 'pg_temp.temporary']) AS t;
INSERT INTO faults SELECT format('upcast must be an IMMUTABLE function from jsonb to jsonb, and public.%s(jsonb) is none', t), '23514', format('upcast = %L', 'public.' || t) FROM unnest('{missing,stable,text_of,of_json,of_two,several,aggregate}'::text[]) AS t;
INSERT INTO faults VALUES
('upcast must be an IMMUTABLE function from jsonb to jsonb, and "Up %I"."to 2"(jsonb) is none', '23514', $$upcast = '"Up %I"."to 2"'$$),
(NULL, '23514', $$event_type = ''$$), (NULL, '22001', $$event_type = repeat('x', 121)$$), (NULL, '23502', 'event_type = NULL'), (NULL, '23514', 'version = 0'), (NULL, '23514', 'version = -1'), (NULL, '23502', 'version = NULL'), (NULL, '22003', 'version = 2147483648'),
(NULL, '23514', $$mode = 'Refuse'$$), (NULL, '23514', $$mode = ''$$), (NULL, '23502', 'mode = NULL'), (NULL, '23502', 'valid_from = NULL'), (NULL, '23505', $$event_type = 'taken'$$);
CREATE TEMP TABLE draft AS TABLE analytics_contracts WITH NO DATA;
CREATE FUNCTION tap.insert_spoiled(assignments text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO draft VALUES ('good', 1, 'accept', NULL, NULL, '-infinity', NULL);
    EXECUTE 'UPDATE draft SET ' || assignments;
    INSERT INTO analytics_contracts TABLE draft;
END
$$;
INSERT INTO analytics_contracts (event_type) VALUES ('taken'), ('good');
SELECT is(ROW(f.state, CASE WHEN complaint IS NOT NULL THEN f.detail END), ROW(sqlstate, complaint), 'UPDATE refused: ' || translate(assignments, E'\n', ' ')) FROM faults, tap.failure_of(format('UPDATE analytics_contracts SET %s WHERE event_type = ''good''', assignments)) AS f;
DELETE FROM analytics_contracts WHERE event_type = 'good';
SELECT is(ROW(f.state, CASE WHEN complaint IS NOT NULL THEN f.detail END), ROW(sqlstate, complaint), 'INSERT refused: ' || translate(assignments, E'\n', ' ')) FROM faults, tap.failure_of(format('SELECT tap.insert_spoiled(%L)', assignments)) AS f;
SELECT is(f.message, 'contract of "good" version 1 cannot be used', 'the message names the contract') FROM tap.failure_of('SELECT tap.insert_spoiled(''upcast = ''''x'''''')') AS f;
SELECT results_eq('SELECT event_type::text, version, mode, schema, upcast, valid_from, note FROM analytics_contracts', $$VALUES ('taken', 1, 'accept', NULL::jsonb, NULL::text, '-infinity'::timestamptz, NULL::text)$$, 'a type alone is a contract: version 1, which is accepted');
UPDATE analytics_contracts SET upcast = 'PUBLIC . To_2';
SELECT is(upcast, 'public.to_2', 'a name as PostgreSQL writes it') FROM analytics_contracts;
UPDATE analytics_contracts SET upcast = '"Up %I"."To 2"';
SELECT is(upcast, '"Up %I"."To 2"', 'in quotes where it needs them') FROM analytics_contracts;
TRUNCATE analytics_contracts;

-- Refused: a dead letter whose detail is pointer, keyword, and what was expected.
CREATE FUNCTION tap.verdict(event_type text, payload text DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(n.reason || ': ' || n.detail, n.event_type || ' ' || n.payload)
    FROM analytics_normalize(format('{"eventType":%s,"source":"s","payload":%s}', to_json($1), $2)) AS n;
$$;
INSERT INTO analytics_contracts (event_type, version, mode) VALUES ('o', 1, 'refuse'), ('o', 2, 'accept');
SELECT is(tap.verdict(event_type, payload), due, event_type || ' ' || payload) FROM (VALUES
    ('o', '{}', 'contract_violation: "" version: expected a version other than 1'), ('o.v1', '{"a":"s3cret"}', 'contract_violation: "" version: expected a version other than 1'), ('o', '{"version":1.0}', 'contract_violation: "" version: expected a version other than 1'),
    ('o', '{"version":2}', 'o {"version": 2}'), ('o.v2', '{"version":1}', 'o {"version": 2}'), ('o.v3', '{}', 'o {"version": 3}'), ('p', '{}', 'p {}'), ('o.x', '{}', 'o.x {}')) AS v (event_type, payload, due);
SELECT is(ROW(r.stored, r.dead_lettered, r.skipped), ROW(1::bigint, 2::bigint, 0::bigint), 'a batch') FROM analytics_ingest(ARRAY[tap.event('1', NULL, 'o'), tap.event('2', NULL, 'o.v2'), tap.event('3', NULL, 'o.v1')]) AS r;
SELECT results_eq('SELECT reason, detail, value FROM analytics_dead_letters ORDER BY id', $$SELECT 'contract_violation', '"" version: expected a version other than 1', tap.event(k, NULL, t) FROM (VALUES ('1', 'o'), ('3', 'o.v1')) AS v (k, t)$$, 'dead letters as they came');
SELECT is(ROW(f.state, f.message, f.detail), ROW('22023'::text, 'event refused: "" version: expected a version other than 1'::text, 'contract_violation'::text), 'one event raises') FROM tap.failure_of($$SELECT * FROM analytics_record('{"eventType":"o","source":"s","payload":{}}')$$) AS f;
SELECT is(_analytics_sqlstate('contract_violation'), '22023', 'its SQLSTATE');
SELECT is(ROW(r.outcome, r.reason), ROW('refused'::text, 'contract_violation'::text), 'and one by one') FROM analytics_record_each(ARRAY[tap.event('4', NULL, 'o')]) AS r;

-- A replay judges by the same rules, and by the time at which the record came.
SELECT is(ROW(r.replayed, r.still_refused), ROW(0::bigint, 2::bigint), 'still refused') FROM analytics_replay_dead_letters() AS r;
SELECT is(ROW(r.replayed, r.still_refused), ROW(0::bigint, 2::bigint), 'also where any time is accepted') FROM analytics_replay_dead_letters(accept_time => true) AS r;
UPDATE analytics_dead_letters SET received_at = received_at - interval '1 day' WHERE value = tap.event('1', NULL, 'o');
UPDATE analytics_contracts SET valid_from = now() - interval '1 hour' WHERE version = 1;
SELECT is(ROW(r.replayed, r.stored, r.still_refused), ROW(1::bigint, 1::bigint, 1::bigint), 'a record that came before is accepted') FROM analytics_replay_dead_letters(accept_time => true) AS r;
UPDATE analytics_contracts SET valid_from = now() + interval '1 hour' WHERE version = 1;
SELECT is(tap.verdict('o'), 'o {}', 'not yet');
BEGIN;
UPDATE analytics_contracts SET valid_from = now() WHERE version = 1;
SELECT is(left(tap.verdict('o'), 18), 'contract_violation', 'from now on');
UPDATE analytics_contracts SET valid_from = now() + interval '1 us' WHERE version = 1;
SELECT is(tap.verdict('o'), 'o {}', 'a microsecond later');
UPDATE analytics_contracts SET valid_from = 'infinity' WHERE version = 1;
SELECT is(tap.verdict('o'), 'o {}', 'never');
UPDATE analytics_contracts SET valid_from = '294276-01-01' WHERE version = 1;
SELECT is(tap.verdict('o'), 'o {}', 'in a year that no event has');
UPDATE analytics_contracts SET valid_from = '4713-01-01 BC' WHERE version = 1;
SELECT is(left(tap.verdict('o'), 18), 'contract_violation', 'since ever');
ROLLBACK;
UPDATE analytics_contracts SET mode = 'accept' WHERE version = 1;
SELECT is(ROW(r.replayed, r.stored, r.still_refused), ROW(1::bigint, 1::bigint, 0::bigint), 'a contract that is lifted lets the rest through') FROM analytics_replay_dead_letters() AS r;
SELECT is(count(*), 3::bigint, 'three events') FROM analytics_events WHERE event_type = 'o';

-- Types and versions without a contract.
SET analytics.unregistered_types = refuse;
SELECT is(tap.verdict(event_type), due, 'unregistered types refused: ' || event_type) FROM (VALUES ('p', 'contract_violation: "" eventType: expected a type that has a contract'), ('p.v2', 'contract_violation: "" eventType: expected a type that has a contract'),
    ('o.v3', 'contract_violation: "" version: expected a version that has a contract'), ('o', 'o {}'), ('o.v2', 'o {"version": 2}')) AS v (event_type, due);
SELECT tap.fails('SET analytics.unregistered_types = enforce', '22023', 'an unregistered type has no schema');
RESET analytics.unregistered_types;
SELECT is(tap.verdict('p'), 'p {}', 'accepted again');
TRUNCATE analytics_contracts;

-- Effective at once here, at the next batch in sessions that are open already, whatever they are in the middle of.
CREATE FUNCTION tap.verdict_in(session text, event_type text) RETURNS text LANGUAGE sql AS $$
    SELECT split_part(tap.answer_of($1, format('SELECT tap.verdict(%L)', $2)), ':', 1);
$$;
SELECT tap.open_session('other'), tap.open_session('repeatable'), tap.open_session('writer') \g /dev/null
SELECT tap.there('repeatable', 'BEGIN ISOLATION LEVEL REPEATABLE READ') \g /dev/null
SELECT is(tap.verdict_in(session, 'o.v2'), 'o.v2 {}', 'before: ' || session) FROM unnest('{other,repeatable}'::text[]) AS session;
BEGIN;
INSERT INTO analytics_contracts (event_type) VALUES ('o');
SELECT is(tap.verdict('o.v2'), 'o {"version": 2}', 'uncommitted: known here');
SELECT is(tap.verdict_in('other', 'o.v2'), 'o.v2 {}', 'uncommitted: unknown in another session');
ROLLBACK;
SELECT is(tap.verdict('o.v2'), 'o.v2 {}', 'rolled back: unknown here');
BEGIN;
SAVEPOINT before;
INSERT INTO analytics_contracts (event_type, mode) VALUES ('o', 'refuse');
SELECT is(left(tap.verdict('o'), 18), 'contract_violation', 'in a savepoint: known here');
ROLLBACK TO before;
SELECT is(tap.verdict('o'), 'o {}', 'rolled back to the savepoint: unknown here');
COMMIT;
CREATE TEMP TABLE changes (number integer, statement text, of_1 text, of_2 text);
INSERT INTO changes VALUES
(1, $$INSERT INTO analytics_contracts (event_type, version, mode) VALUES ('o', 2, 'refuse')$$, 'o {"version"', 'contract_violation'),
(2, $$UPDATE analytics_contracts SET version = 1$$, 'contract_violation', 'o {"version"'),
(3, $$UPDATE analytics_contracts SET mode = 'accept'$$, 'o {"version"', 'o {"version"'),
(4, $$UPDATE analytics_contracts SET event_type = 'p'$$, 'o.v1 {}', 'o.v2 {}'),
(5, $$UPDATE analytics_contracts SET event_type = 'o', mode = 'refuse'$$, 'contract_violation', 'o {"version"'),
(6, $$DELETE FROM analytics_contracts$$, 'o.v1 {}', 'o.v2 {}'),
(7, $$INSERT INTO analytics_contracts (event_type, mode) VALUES ('o', 'refuse')$$, 'contract_violation', 'o {"version"'),
(8, $$TRUNCATE analytics_contracts$$, 'o.v1 {}', 'o.v2 {}');
CREATE FUNCTION tap.check_changes() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    change changes;
    session text;
BEGIN
    FOR change IN SELECT * FROM changes ORDER BY number LOOP
        PERFORM tap.there('writer', change.statement);
        FOREACH session IN ARRAY '{other,repeatable}'::text[] LOOP
            RETURN NEXT is(tap.verdict_in(session, 'o.v1'), change.of_1, format('%s: %s of version 1', session, change.statement));
            RETURN NEXT is(tap.verdict_in(session, 'o.v2'), change.of_2, format('%s: %s of version 2', session, change.statement));
        END LOOP;
    END LOOP;
END
$$;
SELECT tap.check_changes();
SELECT tap.there('repeatable', 'COMMIT') \g /dev/null

-- Random records and a random table of contracts: ingesting them comes to what a model in plain SQL says.
SELECT setseed(0.25) \g /dev/null
CREATE TEMP TABLE records AS
SELECT i AS number, (ARRAY['a', 'b', 'a.b', 'c d'])[1 + floor(random() * 4)] || (ARRAY['', '.v1', '.v2', '.v3', '.v02', '.v', '.v2.v3'])[1 + floor(random() * 7)] AS event_type,
    (ARRAY['{}', '{"version":2}', '{"version":3.0}', '{"version":"1"}', '{"version":0,"x":1}', '{"version":1e0}'])[1 + floor(random() * 6)] AS payload, 'k' || floor(random() * 40) AS key
FROM generate_series(1, 600) AS i;
CREATE FUNCTION tap.fill_contracts() RETURNS void LANGUAGE sql AS $$
    TRUNCATE analytics_contracts;
    INSERT INTO analytics_contracts (event_type, version, mode, valid_from)
    SELECT t, v, (ARRAY['accept', 'refuse'])[1 + floor(random() * 2)], (ARRAY['-infinity', 'infinity', now()])[1 + floor(random() * 3)]
    FROM unnest('{a,b,a.b,c d}'::text[]) AS t, generate_series(1, 3) AS v WHERE random() < 0.3;
$$;
CREATE FUNCTION tap.model(unregistered text) RETURNS TABLE (number integer, event_type text, payload jsonb, refused boolean) LANGUAGE sql AS $$
    WITH parts AS (
        SELECT r.number, r.event_type AS whole, r.payload::jsonb AS body, substring(r.event_type FROM '^(.+)\.v[1-9]\d*$') AS base, substring(r.event_type FROM '\.v([1-9]\d*)$')::integer AS suffix,
            CASE WHEN jsonb_typeof(r.payload::jsonb -> 'version') = 'number' AND (r.payload::jsonb ->> 'version')::numeric >= 1 THEN (r.payload::jsonb ->> 'version')::numeric::integer END AS own FROM records AS r
    ), known AS (
        SELECT p.*, coalesce(p.suffix, p.own, 1) AS version, coalesce(p.base, p.whole) AS type, EXISTS (SELECT FROM analytics_contracts AS c WHERE c.event_type = coalesce(p.base, p.whole)) AS registered FROM parts AS p
    )
    SELECT k.number, CASE WHEN registered THEN k.type ELSE k.whole END, k.body || CASE WHEN registered AND k.suffix IS NOT NULL THEN jsonb_build_object('version', k.suffix) ELSE '{}' END,
        CASE WHEN c.event_type IS NULL THEN $1 = 'refuse' ELSE c.mode = 'refuse' AND now() >= c.valid_from END
    FROM known AS k LEFT JOIN analytics_contracts AS c ON c.event_type = k.type AND c.version = k.version;
$$;
CREATE FUNCTION tap.check_model(round integer) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    unregistered text := (ARRAY['accept', 'refuse'])[1 + round % 2];
BEGIN
    PERFORM tap.fill_contracts();
    PERFORM set_config('analytics.unregistered_types', unregistered, true);
    TRUNCATE analytics_events, analytics_dead_letters, analytics_untimed_keys;
    CREATE TEMP TABLE due ON COMMIT DROP AS SELECT m.*, r.key, r.event_type AS whole FROM tap.model(unregistered) AS m JOIN records AS r USING (number);
    PERFORM analytics_ingest(array_agg(tap.event(r.key, '2025-01-01T00:00:00Z', r.event_type, NULL, r.payload::jsonb) ORDER BY r.number)) FROM records AS r;
    RETURN NEXT is((SELECT count(*) FROM analytics_dead_letters AS d WHERE d.reason = 'contract_violation'), (SELECT count(*) FROM due WHERE refused), format('round %s: as many are refused as the model says', round));
    RETURN NEXT bag_eq('SELECT value FROM analytics_dead_letters', 'SELECT tap.event(r.key, ''2025-01-01T00:00:00Z'', r.event_type, NULL, r.payload::jsonb) FROM records AS r JOIN due AS d USING (number) WHERE refused', format('round %s: and the same', round));
    RETURN NEXT bag_eq('SELECT event_type::text, payload FROM analytics_events', 'SELECT DISTINCT ON (event_type, key) event_type, payload FROM due WHERE NOT refused ORDER BY event_type, key, number', format('round %s: of a key the first is stored, of whatever version', round));
    DROP TABLE due;
END
$$;
SELECT tap.check_model(round) FROM generate_series(1, 12) AS round;

-- Observed and enforced: a schema's first finding, of the payload as it is stored.
SELECT tap.there('writer', 'TRUNCATE analytics_contracts') \g /dev/null
TRUNCATE analytics_events, analytics_dead_letters, analytics_untimed_keys;
RESET analytics.unregistered_types;
INSERT INTO faults SELECT 'schema: ' || fault, '23514', format('schema = %L', schema) FROM (VALUES ('{"minLength": "x"}', '"minLength" must be an integer that is not negative at "/minLength"'), ('{"properties": {"a": {"$anchor": "x"}}}', '"$anchor" is not supported at "/properties/a/$anchor"'), ('5', 'the schema must be a schema: an object, true or false at ""')) AS v (schema, fault);
INSERT INTO faults VALUES ('mode observe needs a schema', '23514', $$mode = 'observe'$$), ('mode enforce needs a schema', '23514', $$mode = 'enforce'$$);
INSERT INTO analytics_contracts (event_type) VALUES ('good');
SELECT is(ROW(f.state, f.detail), ROW(sqlstate, complaint), 'UPDATE refused: ' || assignments) FROM faults, tap.failure_of(format('UPDATE analytics_contracts SET %s WHERE event_type = ''good''', assignments)) AS f WHERE complaint ~ 'schema: |needs';
DELETE FROM analytics_contracts;
SELECT is(ROW(f.state, f.detail), ROW(sqlstate, complaint), 'INSERT refused: ' || assignments) FROM faults, tap.failure_of(format('SELECT tap.insert_spoiled(%L)', assignments)) AS f WHERE complaint ~ 'schema: |needs';

\set shop '{"properties": {"total": {"type": "number", "minimum": 0}, "version": {"const": 2}, "lines": {"items": {"properties": {"sku": {"pattern": "^[a-z]+$"}, "a/b": {"type": "null"}}, "required": ["sku"], "additionalProperties": false}}, "tree": {"$ref": "#"}}, "required": ["total", "version"]}'
INSERT INTO analytics_contracts (event_type, version, mode, schema) VALUES ('o', 2, 'enforce', :'shop'), ('p', 2, 'observe', :'shop'), ('q', 2, 'accept', '{"required": ["x"]}');
CREATE TEMP TABLE judged (payload text, pointer text, keyword text, expected text, general text);
INSERT INTO judged VALUES
('{"total":1}', NULL, NULL, NULL, NULL), ('{"total":1.5,"version":"x","lines":[{"sku":"a"}]}', NULL, NULL, NULL, NULL), ('{"total":"s3cret"}', '/total', 'type', 'number', '/total'), ('{"total":-1}', '/total', 'minimum', '0', '/total'), ('{}', '', 'required', 'total', ''),
('{"total":1,"lines":[{"sku":"a"},{"sku":"s3cret"}]}', '/lines/1/sku', 'pattern', '^[a-z]+$', '/lines/*/sku'), ('{"total":1,"lines":[{"sku":"a"},{}]}', '/lines/1', 'required', 'sku', '/lines/*'), ('{"total":1,"lines":[{"sku":"a","who":1}]}', '/lines/0/who', 'additionalProperties', 'false', '/lines/*/*'),
('{"total":1,"lines":[{"sku":"a","a/b":1}]}', '/lines/0/a~1b', 'type', 'null', '/lines/*/a~1b'), ('{"total":1,"tree":{"total":1,"version":2,"tree":{"total":0}}}', '/tree/tree', 'required', 'version', '/tree/tree'), ('{"total":1,"total":"x","total":2}', NULL, NULL, NULL, NULL),
(format('{"total":1,"tree":%s{}%s}', repeat('{"total":1,"version":2,"tree":', 9), repeat('}', 9)), repeat('/tree', 10), 'required', 'total', repeat('/tree', 8) || '/*');
SELECT is(tap.verdict('o.v2', payload), CASE WHEN keyword IS NULL THEN 'o ' || (payload::jsonb || '{"version":2}')::text ELSE format('contract_violation: "%s" %s: expected %s', pointer, keyword, expected) END, 'enforced: ' || payload) FROM judged;
SELECT is(tap.verdict('p.v2', payload), 'p ' || (payload::jsonb || '{"version":2}')::text, 'observed: ' || payload) FROM judged;
SELECT is(tap.verdict('q.v2'), 'q {"version": 2}', 'a schema that nobody asks for');
SELECT is(ROW(f.pointer, f.keyword, f.expected), ROW(j.pointer, j.keyword, j.expected), 'as analytics_contract_finding finds it in what is stored: ' || payload) FROM judged AS j, analytics_contract_finding(:'shop', payload::jsonb || '{"version":2}') AS f;
SELECT is_empty('SELECT * FROM analytics_contract_findings', 'looking counts nothing');
SELECT is(ROW(r.stored, r.dead_lettered), (SELECT ROW(count(*) FILTER (WHERE keyword IS NULL), count(*) FILTER (WHERE keyword IS NOT NULL)) FROM judged), 'enforced in a batch') FROM analytics_ingest((SELECT array_agg(tap.rec(format('{"eventType":"o.v2","source":"s","payload":%s}', payload))) FROM judged)) AS r;
SELECT is(ROW(r.stored, r.dead_lettered), (SELECT ROW(count(*), 0::bigint) FROM judged), 'observed in a batch') FROM analytics_ingest((SELECT array_agg(tap.rec(format('{"eventType":"p.v2","source":"s","payload":%s}', payload))) FROM judged)) AS r;
SELECT bag_eq('SELECT event_type::text, version, pointer, keyword, count FROM analytics_contract_findings', 'SELECT ''p''::text, 2, general, keyword, count(*) FROM judged WHERE keyword IS NOT NULL GROUP BY 3, 4', 'and counted by type, version, pointer and keyword');
SELECT ok(bool_and(first_seen = last_seen AND first_seen BETWEEN now() - interval '1 hour' AND now()), 'with the time of the transaction') FROM analytics_contract_findings;
SELECT is(tap.verdict('o.v2', '{"total":"\u0000"}'), 'contract_violation: "/total" type: expected number', 'a contract comes before what jsonb can''t hold');
SELECT is(tap.verdict('p.v2', '{"total":"\u0000"}'), 'unstorable_text: ' || (analytics_normalize('{"eventType":"p.v2","source":"s","payload":{"total":"\u0000"}}'::text)).detail, 'what is only observed does not');

-- Counted once for each event that is stored, in the transaction that stores it.
CREATE FUNCTION tap.found() RETURNS bigint LANGUAGE sql AS $$ SELECT coalesce(sum(count), 0)::bigint FROM analytics_contract_findings $$;
TRUNCATE analytics_contract_finding_counts;
SELECT analytics_ingest(ARRAY[tap.event('k', NULL, 'p.v2'), tap.event('k', NULL, 'p.v2'), tap.event('l', NULL, 'p.v2'), tap.event('m', NULL, 'p.v2', NULL, '{"total":1}')]) \g /dev/null
SELECT is(tap.found(), 2::bigint, 'a duplicate in the batch does not count');
SELECT analytics_ingest(ARRAY[tap.event('l', NULL, 'p.v2'), tap.event('n', NULL, 'p.v2')]) \g /dev/null
SELECT is(tap.found(), 3::bigint, 'nor one of an earlier batch');
BEGIN;
SELECT analytics_ingest(ARRAY[tap.event('roll', NULL, 'p.v2')]) \g /dev/null
SELECT is(tap.found(), 4::bigint, 'in the transaction');
ROLLBACK;
SELECT is(tap.found(), 3::bigint, 'and no longer');
SELECT analytics_record('{"eventType":"p","source":"s","payload":{"version":2}}') \g /dev/null
SELECT analytics_record_each(ARRAY[tap.event('each', NULL, 'p.v2')]) \g /dev/null
SELECT is(tap.found(), 5::bigint, 'one by one');
SELECT analytics_claim_partition('g', 't', 0, 'o', 0) \g /dev/null
SELECT analytics_ingest_kafka('g', 't', 0, 1, 0, 2, ARRAY[tap.event('kafka', NULL, 'p.v2'), '{'], '{0,1}') \g /dev/null
SELECT is(tap.found(), 6::bigint, 'from Kafka');
CREATE FUNCTION tap.keep_out() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.payload ? 'drop' THEN RETURN NULL; END IF; IF NEW.payload ? 'raise' THEN RAISE EXCEPTION 'no'; END IF; RETURN NEW; END $$;
CREATE TRIGGER keep_out BEFORE INSERT ON analytics_events FOR EACH ROW EXECUTE FUNCTION tap.keep_out();
SELECT is(ROW(r.stored, r.dead_lettered, r.skipped), ROW(2::bigint, 1::bigint, 1::bigint), 'a batch with events that are dropped and rejected') FROM analytics_ingest(ARRAY[tap.event('t1', NULL, 'p.v2', NULL, '{"drop":1}'), tap.event('t2', NULL, 'p.v2'), tap.event('t3', NULL, 'p.v2', NULL, '{"raise":1}'), tap.event('t4', NULL, 'p.v2')]) AS r;
SELECT is(tap.found(), 8::bigint, 'counts what it stores');
DROP TRIGGER keep_out ON analytics_events;
SELECT analytics_replay_dead_letters(reason => 'rejected') \g /dev/null
SELECT is(tap.found(), 9::bigint, 'a replay counts what it stores');
UPDATE analytics_contracts SET mode = 'observe' WHERE event_type = 'o';
SELECT r.replayed AS replayed FROM analytics_replay_dead_letters(reason => 'contract_violation') AS r \gset
SELECT is(ROW(:replayed::bigint, tap.found()), (SELECT ROW(count(*), 9 + count(*)) FROM judged WHERE keyword IS NOT NULL), 'so does one of what was refused, under a milder contract');

-- No right on the counts is needed, and no two batches change the same row.
CREATE ROLE analytics_check_findings;
GRANT USAGE ON SCHEMA tap TO analytics_check_findings;
GRANT SELECT, INSERT ON analytics_events, analytics_dead_letters, analytics_untimed_keys TO analytics_check_findings;
GRANT EXECUTE ON FUNCTION analytics_ingest, analytics_create_partition(timestamptz) TO analytics_check_findings;
TRUNCATE analytics_contract_finding_counts;
SET ROLE analytics_check_findings;
SELECT is(r.stored, 1::bigint, 'a writer stores what is observed') FROM analytics_ingest(ARRAY[tap.event('w', NULL, 'p.v2')]) AS r;
SELECT tap.fails('SELECT * FROM analytics_contract_findings', '42501', 'and may not read the counts');
RESET ROLE;
SELECT is(tap.found(), 1::bigint, 'it is counted');
DROP OWNED BY analytics_check_findings;
DROP ROLE analytics_check_findings;
SELECT tap.there('other', 'BEGIN') \g /dev/null
SELECT is(tap.answer_of('other', $$SELECT stored FROM analytics_ingest(ARRAY[tap.event('c1', NULL, 'p.v2')])$$), '1', 'another transaction stores');
SELECT is(r.stored, 1::bigint, 'this one does not wait for it') FROM analytics_ingest(ARRAY[tap.event('c2', NULL, 'p.v2')]) AS r;
SELECT tap.there('other', 'COMMIT') \g /dev/null
SELECT is(tap.found(), 3::bigint, 'both are counted');
SELECT count(*) FROM generate_series(1, 400) AS i, analytics_ingest(ARRAY[tap.event('many' || i, NULL, 'p.v2'), tap.event('more' || i, NULL, 'p.v2', NULL, '{"total":"x"}')]) \g /dev/null
SELECT is(tap.found(), 803::bigint, 'many batches of one transaction');
DO $$ BEGIN FOR i IN 1 .. 300 LOOP PERFORM analytics_ingest(ARRAY[tap.event('loop' || i, NULL, 'p.v2')]); COMMIT; END LOOP; END $$;
SELECT is(tap.found(), 1103::bigint, 'and of many');
SELECT cmp_ok(count(*), '<', 120::bigint, 'are folded meanwhile') FROM analytics_contract_finding_counts;
SELECT is((SELECT max(last_seen) FROM analytics_contract_findings), (SELECT max(ingested_at) FROM analytics_events), 'the last one is the latest');
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT analytics_ingest(ARRAY[tap.event('serial', NULL, 'p.v2')]) \g /dev/null
COMMIT;
SELECT is(tap.found(), 1104::bigint, 'under SERIALIZABLE too');

-- Types and versions without a contract may be observed, too.
TRUNCATE analytics_contract_finding_counts;
SET analytics.unregistered_types = observe;
SELECT is(r.stored, 4::bigint, 'all are stored') FROM analytics_ingest(ARRAY[tap.event('u', NULL, 'x'), tap.event('u', NULL, 'x.v7'), tap.event('u', NULL, 'p.v3'), tap.event('ok', NULL, 'p.v2', NULL, '{"total":1}')]) AS r;
SELECT bag_eq('SELECT event_type::text, version, pointer, keyword, count FROM analytics_contract_findings', $$VALUES ('x', 1, '', 'eventType', 1::bigint), ('x.v7', 7, '', 'eventType', 1), ('p', 3, '', 'version', 1)$$, 'and counted');
RESET analytics.unregistered_types;

-- Random payloads and random contracts: what ingesting does is what analytics_contract_finding says of each payload.
CREATE TEMP TABLE schemas (number integer, schema jsonb);
INSERT INTO schemas VALUES (0, '{"properties": {"a": {"type": "integer"}, "b": {"items": {"maximum": 3}}}, "required": ["a"]}'), (1, '{"additionalProperties": {"type": ["number", "string"]}, "maxProperties": 2}'), (2, '{"properties": {"version": {"const": 2}}, "required": ["version"]}'), (3, '{"not": {"required": ["b"]}}');
CREATE TEMP TABLE drawn AS
SELECT i AS number, (ARRAY['r', 's', 'r.v2', 's.v2'])[1 + floor(random() * 4)] AS event_type,
    (SELECT coalesce(jsonb_object_agg(k, (ARRAY['1', '2.5', '"x"', 'null', '[1,2]', '[1,5]', '{}'])[1 + floor(random() * 7)]::jsonb) FILTER (WHERE random() < 0.5), '{}') FROM unnest('{a,b,c,version}'::text[]) AS k WHERE i = i) AS payload
FROM generate_series(1, 500) AS i;
CREATE FUNCTION tap.check_schemas(round integer) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    TRUNCATE analytics_contracts, analytics_events, analytics_dead_letters, analytics_contract_finding_counts;
    INSERT INTO analytics_contracts (event_type, version, mode, schema)
    SELECT t, v, (ARRAY['accept', 'observe', 'enforce'])[1 + floor(random() * 3)], (ARRAY(SELECT s.schema FROM schemas AS s))[1 + floor(random() * 4)] FROM unnest('{r,s}'::text[]) AS t, generate_series(1, 3) AS v WHERE random() < 0.8;
    CREATE TEMP TABLE due ON COMMIT DROP AS
    SELECT d.number, k.type, k.version, k.body, c.mode, f.pointer, f.keyword, f.expected
    FROM drawn AS d
    CROSS JOIN LATERAL (SELECT split_part(d.event_type, '.v', 1) AS base, nullif(split_part(d.event_type, '.v', 2), '')::integer AS suffix) AS p
    CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM analytics_contracts AS c WHERE c.event_type = p.base) AS registered) AS g
    CROSS JOIN LATERAL (SELECT CASE WHEN g.registered THEN p.base ELSE d.event_type END AS type, coalesce(p.suffix, analytics_event_version(p.base, d.payload)) AS version,
                               d.payload || CASE WHEN g.registered AND p.suffix IS NOT NULL THEN jsonb_build_object('version', p.suffix) ELSE '{}' END AS body) AS k
    LEFT JOIN analytics_contracts AS c ON c.event_type = p.base AND c.version = k.version
    LEFT JOIN LATERAL analytics_contract_finding(c.schema, k.body) AS f ON c.mode IN ('observe', 'enforce');
    PERFORM analytics_ingest(array_agg(tap.event(NULL, '2025-01-01T00:00:00Z', d.event_type, NULL, d.payload) ORDER BY d.number)) FROM drawn AS d;
    RETURN NEXT bag_eq('SELECT reason, detail FROM analytics_dead_letters', 'SELECT ''contract_violation''::text, format(''"%s" %s: expected %s'', pointer, keyword, expected) FROM due WHERE mode = ''enforce'' AND keyword IS NOT NULL', format('round %s: what is refused, and why', round));
    RETURN NEXT bag_eq('SELECT event_type::text, payload FROM analytics_events', 'SELECT type, body FROM due WHERE mode IS DISTINCT FROM ''enforce'' OR keyword IS NULL', format('round %s: what is stored', round));
    RETURN NEXT bag_eq('SELECT event_type::text, version, pointer, keyword, count FROM analytics_contract_findings',
        'SELECT type, version, CASE WHEN pointer = '''' THEN '''' WHEN pointer ~ ''^/b/'' THEN ''/b/*'' WHEN keyword = ''type'' AND expected LIKE ''[%'' THEN ''/*'' ELSE pointer END, keyword, count(*) FROM due WHERE mode = ''observe'' AND keyword IS NOT NULL GROUP BY 1, 2, 3, 4', format('round %s: what is counted', round));
    DROP TABLE due;
END
$$;
SELECT tap.check_schemas(round) FROM generate_series(1, 10) AS round;

SELECT * FROM finish();
