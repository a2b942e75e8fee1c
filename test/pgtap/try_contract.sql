-- analytics_try_contract: what it says comes true when the same records are ingested under the contract; it changes nothing.
\ir include/start.psql
SELECT * FROM no_plan();

CREATE SCHEMA ours;
CREATE FUNCTION ours.up(jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN CASE WHEN $1 ->> 'n' = '7' THEN NULL ELSE $1 - 'amount' || jsonb_build_object('total', 100 / (($1 ->> 'n')::int - 8)) END; END $$;
\set schema '{"type": "object", "required": ["amount"], "properties": {"amount": {"type": "number", "minimum": 3}, "lines": {"items": {"type": "integer"}}, "version": {"const": 2}}}'

CREATE TABLE tap.records AS SELECT n, convert_to(format('{"eventType":"order%s","source":"shop","eventId":"e%s","payload":%s}', CASE WHEN n % 2 = 0 THEN '.v2' ELSE '' END, n, CASE n % 10
    WHEN 0 THEN format('{"n":%s}', n) WHEN 1 THEN format('{"n":%s,"amount":"x"}', n) WHEN 2 THEN format('{"n":%s,"amount":2,"version":1}', n) WHEN 3 THEN format('{"n":%s,"amount":5,"lines":[1,2,"x"]}', n) WHEN 4 THEN format('{"n":%s,"amount":5,"lines":[1,2,3.0]}', n)
    ELSE format('{"n":%s,"amount":5}', n) END), 'UTF8') AS value FROM generate_series(1, 400) AS n;

-- The type is registered after some are stored, so some have the suffix in their type and some do not.
SELECT stored FROM analytics_ingest((SELECT array_agg(value ORDER BY n) FROM tap.records WHERE n <= 200)) \g /dev/null
INSERT INTO analytics_contracts (event_type, version) VALUES ('order', 1), ('order', 2);
SELECT stored FROM analytics_ingest((SELECT array_agg(value ORDER BY n) FROM tap.records WHERE n > 200)) \g /dev/null
CREATE TABLE tap.before AS SELECT * FROM analytics_events;
CREATE TABLE tap.contracts AS SELECT * FROM analytics_contracts;

CREATE TABLE tap.tried AS SELECT v.version, t.* FROM generate_series(1, 2) AS v (version), LATERAL analytics_try_contract('order', v.version, :'schema') AS t;
SELECT results_eq('SELECT version, sum(records)::bigint FROM tap.tried GROUP BY 1 ORDER BY 1', 'VALUES (1, 200::bigint), (2, 200)', 'every event is judged once');
SELECT set_eq('TABLE analytics_events', 'TABLE tap.before', 'nothing has changed'); SELECT set_eq('TABLE analytics_contracts', 'TABLE tap.contracts', 'in the contracts either');
SELECT is_empty($$SELECT FROM tap.tried AS t WHERE finding = 'violates' AND NOT EXISTS (SELECT FROM analytics_events AS e WHERE e.id::text = t.examples[1] AND t.before = e.payload || CASE WHEN e.event_type = 'order.v2' THEN '{"version": 2}' ELSE '{}' END::jsonb)$$, 'the example is one of them');

-- Ingested again into an empty database under the contract.
BEGIN;
TRUNCATE analytics_events, analytics_dead_letters;
UPDATE analytics_contracts SET mode = 'enforce', schema = :'schema';
SELECT stored, dead_lettered FROM analytics_ingest((SELECT array_agg(value ORDER BY n) FROM tap.records)) \gset again_
SELECT is(:again_stored::bigint, sum(records)::bigint, 'as many hold as were said to') FROM tap.tried WHERE finding = 'holds';
SELECT is(:again_dead_lettered::bigint, sum(records)::bigint, 'as many violate') FROM tap.tried WHERE finding = 'violates';
SELECT is_empty($$SELECT t.pointer, t.keyword, t.records, count(d.id) FROM (SELECT pointer, keyword, expected, sum(records)::bigint AS records FROM tap.tried WHERE finding = 'violates' GROUP BY 1, 2, 3) AS t
    LEFT JOIN analytics_dead_letters AS d ON d.reason = 'contract_violation' AND strpos(d.detail, t.keyword) > 0 AND strpos(d.detail, t.expected) > 0 AND strpos(d.detail, t.pointer) > 0 GROUP BY 1, 2, 3 HAVING count(d.id) <> t.records$$, 'for the same reasons');
-- Tried with a weaker schema, some of the dead letters would be events.
SELECT is((SELECT records FROM analytics_try_contract('order', 1, '{"required": ["amount"]}') WHERE finding = 'becomes_event'), (SELECT sum(records)::bigint FROM tap.tried WHERE version = 1 AND finding = 'violates' AND keyword <> 'required'), 'dead letters that would become events');
SELECT results_eq($$SELECT DISTINCT mode, schema FROM analytics_contracts$$, format('VALUES (%L, %L::jsonb)', 'enforce', :'schema'), 'the contract is as it was');
ROLLBACK;

-- An upcast that is tried: what it makes, where it fails, and where the next version's schema would refuse it.
UPDATE analytics_contracts SET schema = '{"properties": {"total": {"maximum": 10}}}' WHERE version = 2;
CREATE TABLE tap.upcast AS SELECT * FROM analytics_try_contract('order', 1, upcast => 'ours.up');
SELECT set_eq($$SELECT finding, keyword, expected ~ '^an object|division by zero|^10' FROM tap.upcast WHERE finding ~ '_'$$, $$VALUES ('upcast_fails', NULL::text, true), ('upcast_violates', 'maximum', true)$$, 'findings of an upcast') ;
SELECT is(sum(records), 200::numeric, 'of every event of the version') FROM tap.upcast;
SELECT is(before - 'amount' || jsonb_build_object('total', after -> 'total'), after, 'before and after') FROM tap.upcast WHERE finding = 'upcast';
SELECT is_empty('SELECT FROM tap.upcast WHERE cardinality(examples) > 3 OR cardinality(examples) <> least(3, records)', 'three examples at most');

SELECT tap.fails($$SELECT analytics_try_contract('order', 1, '{"colour": 1}')$$, '22023', 'a bad schema');
SELECT tap.fails($$SELECT analytics_try_contract('order', 1, upcast => 'ours.nosuch')$$, '42501', 'a function that is not there');
SELECT results_eq($$SELECT count(*) FROM analytics_try_contract('nosuch', 1, '{}')$$, 'VALUES (0::bigint)', 'a type of which there is nothing');

SELECT * FROM finish();
