-- analytics_shapes: what upstream objects look like, as rows that an operator can read, extend and change.
\ir include/start.psql
\ir include/elsewhere.psql
SELECT * FROM no_plan();

-- What a record is, in one word: the shape's name, or the reason why it is none.
CREATE FUNCTION tap.verdict(input text) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(n.shape, n.reason) FROM analytics_normalize(input) AS n;
$$;

-- Six of the shipped rows are the contract's table; cloudevents has tests of its own (shape_rows.sql).
SELECT results_eq('SELECT name, event_type::text, source::text, time_member, iso_member, key_members, required_members, not_null_members, null_or_absent_members, absent_members FROM analytics_shapes WHERE name <> ''cloudevents'' ORDER BY position, name',
$$VALUES
('iam.registered', 'iam.user-registered', 'iam-service', 'registeredAt', 'registeredAtIso', '{userId}'::text[], '{userId,email,firstName,lastName,provider,registeredAt}'::text[], '{}'::text[], '{}'::text[], '{}'::text[]),
('guides.challenges', 'guides.challenge-linked', 'guides-service', 'occurredAt', 'occurredAtIso', '{guideId,challengeId}', '{guideId,challengeId,occurredAt}', '{}', '{}', '{}'),
('execution.analytics', 'execution.analytics', 'execution-service', 'timestamp', 'timestampIso', '{execution_id,status}', '{execution_id,status,timestamp}', '{}', '{}', '{}'),
('community.registration', 'community.user-registered', 'community-service', 'occurredOn', 'occurredOnIso', '{profileId}', '{userId,profileId,username,occurredOn}', '{}', '{profileUrl}', '{}'),
('community.profile-updated', 'community.profile-updated', 'community-service', 'occurredOn', 'occurredOnIso', '{profileId}', '{userId,profileId,username,occurredOn}', '{profileUrl}', '{}', '{}'),
('challenges.completion', 'challenges.solution-completed', 'challenges-service', 'occurredOn', 'occurredOnIso', '{solutionId}', '{studentId,challengeId,solutionId,experiencePointsEarned,occurredOn}', '{}', '{}', '{}')$$, 'the shipped shapes are those of the contract, in its order');
SELECT ok(bool_and(enabled), 'the shipped shapes are in use') FROM analytics_shapes;

-- A row that could not be used is refused when it is written. complaint null: a constraint's own.
CREATE TEMP TABLE faults (complaint text, sqlstate text, assignments text);
INSERT INTO faults VALUES
('a member''s name must not be null or empty', '23514', $$required_members = '{a,NULL}'$$),
('a member''s name must not be null or empty', '23514', $$required_members = '{a,""}'$$),
('a member''s name must not be null or empty', '23514', $$key_members = '{""}'$$),
('a member''s name must not be null or empty', '23514', $$key_members = '{NULL}'$$),
('a member''s name must not be null or empty', '23514', $$absent_members = '{NULL}'$$),
('a member''s name must not be null or empty', '23514', $$null_or_absent_members = '{""}'$$),
('a member must not be listed twice in key_members', '23514', $$key_members = '{a,b,a}'$$),
('a shape must require at least one member', '23514', $$required_members = '{}', time_member = NULL, iso_member = NULL$$),
('iso_member must not be empty, and not the same as time_member', '23514', $$iso_member = ''$$),
('iso_member must not be empty, and not the same as time_member', '23514', $$iso_member = 'at'$$),
('iso_member needs a time_member', '23514', $$time_member = NULL$$),
('time_member must be listed in required_members or not_null_members, or be optional', '23514', $$time_member = 'b'$$),
('a path must be the name of a member, or a JSON Pointer like "/data/id"', '23514', $$time_member = ''$$),
('a path must be the name of a member, or a JSON Pointer like "/data/id"', '23514', $$time_member = '/a~'$$),
('a path must be the name of a member, or a JSON Pointer like "/data/id"', '23514', $$payload_member = '/a/~2'$$),
('a path must be the name of a member, or a JSON Pointer like "/data/id"', '23514', $$key_members = '{a,/~}'$$),
('a path must be the name of a member, or a JSON Pointer like "/data/id"', '23514', $$tenant_member = ''$$),
('a path must be the name of a member, or a JSON Pointer like "/data/id"', '23514', $$event_type = NULL, event_type_member = ''$$),
('a path must be the name of a member, or a JSON Pointer like "/data/id"', '23514', $$source = NULL, source_member = ''$$),
('the lists of members that must or must not be there name top-level members, not paths', '23514', $$required_members = '{at,/data/id}'$$),
('the lists of members that must or must not be there name top-level members, not paths', '23514', $$absent_members = '{/data}'$$),
('exactly one of event_type and event_type_member must be given', '23514', $$event_type = NULL$$),
('exactly one of event_type and event_type_member must be given', '23514', $$event_type_member = 'type'$$),
('exactly one of source and source_member must be given', '23514', $$source = NULL$$),
('exactly one of source and source_member must be given', '23514', $$source_member = '/data/source'$$),
('tenant_id and tenant_member must not both be given', '23514', $$tenant_id = 'x', tenant_member = 'y'$$),
('time_optional needs a time_member', '23514', $$time_member = NULL, iso_member = NULL, time_optional = true$$),
('member_values must be an object of paths with lists of strings, numbers and booleans', '23514', $$member_values = '[]'$$),
('member_values must be an object of paths with lists of strings, numbers and booleans', '23514', $$member_values = '"a"'$$),
('member_values must be an object of paths with lists of strings, numbers and booleans', '23514', $$member_values = '{"a": 1}'$$),
('member_values must be an object of paths with lists of strings, numbers and booleans', '23514', $$member_values = '{"a": []}'$$),
('member_values must be an object of paths with lists of strings, numbers and booleans', '23514', $$member_values = '{"a": ["x", null]}'$$),
('member_values must be an object of paths with lists of strings, numbers and booleans', '23514', $$member_values = '{"a": [["x"]]}'$$),
('member_values must be an object of paths with lists of strings, numbers and booleans', '23514', $$member_values = '{"a": [{}]}'$$),
('member_values must be an object of paths with lists of strings, numbers and booleans', '23514', $$member_values = '{"": ["x"]}'$$),
('member_values must be an object of paths with lists of strings, numbers and booleans', '23514', $$member_values = '{"/~": ["x"]}'$$),
('absent_members must not name a member that another list names', '23514', $$absent_members = '{a}'$$),
('absent_members must not name a member that another list names', '23514', $$absent_members = '{z}', null_or_absent_members = '{z}'$$),
('absent_members must not name a member that another list names', '23514', $$absent_members = '{z}', not_null_members = '{z}'$$),
('null_or_absent_members must not name a member that must be present', '23514', $$null_or_absent_members = '{a}'$$),
('null_or_absent_members must not name a member that must be present', '23514', $$null_or_absent_members = '{z}', not_null_members = '{z}'$$),
('max_future and max_past need a time_member', '23514', $$time_member = NULL, iso_member = NULL, max_future = '1 day'$$),
('max_future and max_past need a time_member', '23514', $$time_member = NULL, iso_member = NULL, max_past = '1 day'$$),
('max_future and max_past must be of days and smaller units, for months differ in length', '23514', $$max_future = '1 month'$$),
('max_future and max_past must be of days and smaller units, for months differ in length', '23514', $$max_past = '1 year'$$),
('an object with eventType and payload is canonical and never reaches a shape', '23514', $$required_members = '{at,eventType,payload}'$$),
('an object with eventType and payload is canonical and never reaches a shape', '23514', $$required_members = '{at,eventType}', not_null_members = '{payload}'$$),
(NULL, '23514', $$name = 'canonical'$$), (NULL, '23514', $$name = ''$$), (NULL, '23514', $$name = 'a b'$$), (NULL, '23514', $$name = '.x'$$), (NULL, '23514', $$name = repeat('x', 64)$$), (NULL, '23514', $$name = E'x\n'$$),
(NULL, '23514', $$event_type = ''$$), (NULL, '23514', $$source = ''$$), (NULL, '23514', $$tenant_id = ''$$), (NULL, '22001', $$tenant_id = repeat('x', 65)$$), (NULL, '23502', $$member_values = NULL$$), (NULL, '23502', $$time_optional = NULL$$), (NULL, '22001', $$event_type = repeat('x', 121)$$), (NULL, '22001', $$source = repeat('x', 121)$$),
(NULL, '23502', $$name = NULL$$), (NULL, '23502', $$enabled = NULL$$), (NULL, '23502', $$position = NULL$$),
('a shape must require at least one member', '23514', $$required_members = NULL$$), (NULL, '23502', $$not_null_members = NULL$$), (NULL, '23502', $$null_or_absent_members = NULL$$), (NULL, '23502', $$absent_members = NULL$$), (NULL, '23502', $$key_members = NULL$$),
(NULL, '23505', $$name = 'iam.registered'$$);

CREATE TEMP TABLE draft AS TABLE analytics_shapes WITH NO DATA;
CREATE FUNCTION tap.insert_spoiled(assignments text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO draft (name, position, enabled, event_type, source, required_members, not_null_members, null_or_absent_members,
        absent_members, time_member, iso_member, key_members, member_values, time_optional)
    VALUES ('good', 1000, true, 'g', 's', '{a,at}', '{}', '{}', '{}', 'at', 'atIso', '{a}', '{}', false);
    EXECUTE 'UPDATE draft SET ' || assignments;
    INSERT INTO analytics_shapes TABLE draft;
END
$$;

-- A shape to be spoiled: written by an UPDATE and by an INSERT, for both must be refused.
INSERT INTO analytics_shapes (name, event_type, source, required_members, time_member, iso_member, key_members) VALUES ('good', 'g', 's', '{a,at}', 'at', 'atIso', '{a}');
SELECT is(ROW(f.state, CASE WHEN complaint IS NOT NULL THEN f.detail END), ROW(sqlstate, complaint), 'UPDATE refused: ' || translate(assignments, E'\n', ' '))
FROM faults, tap.failure_of(format('UPDATE analytics_shapes SET %s WHERE name = ''good''', assignments)) AS f;
DELETE FROM analytics_shapes WHERE name = 'good';
SELECT is(ROW(f.state, CASE WHEN complaint IS NOT NULL THEN f.detail END), ROW(sqlstate, complaint), 'INSERT refused: ' || translate(assignments, E'\n', ' '))
FROM faults, tap.failure_of(format('SELECT tap.insert_spoiled(%L)', assignments)) AS f;
SELECT is(count(*), 7::bigint, 'what was refused is not there') FROM analytics_shapes;

-- A seventh shape, by one INSERT: at once here, at the next batch in sessions that are open already, whatever they are in the middle of.
\set order '''{"orderId":"o-1","paidAt":"2025-11-16T18:14:00Z","tenantId":"shop"}'''
CREATE FUNCTION tap.verdict_in(session text, input text) RETURNS text LANGUAGE sql AS $$
    SELECT tap.answer_of($1, format('SELECT coalesce(shape, reason) FROM analytics_normalize(%L::text)', $2));
$$;
SELECT tap.open_session('other'), tap.open_session('repeatable') \g /dev/null
SELECT is(tap.verdict(:order), 'unknown_shape', 'before: unknown here');
SELECT is(tap.verdict_in('other', :order), 'unknown_shape', 'before: unknown in another session');
SELECT tap.there('repeatable', 'BEGIN ISOLATION LEVEL REPEATABLE READ') \g /dev/null
SELECT is(tap.verdict_in('repeatable', :order), 'unknown_shape', 'before: unknown in a REPEATABLE READ transaction');

BEGIN;
INSERT INTO analytics_shapes (name, event_type, source, required_members, time_member, iso_member, key_members) VALUES ('orders.paid', 'order.paid', 'shop', '{orderId,paidAt}', 'paidAt', 'paidAtIso', '{orderId}');
SELECT is(tap.verdict(:order), 'orders.paid', 'uncommitted: known here');
SELECT is(tap.verdict_in('other', :order), 'unknown_shape', 'uncommitted: unknown in another session');
ROLLBACK;
SELECT is(tap.verdict(:order), 'unknown_shape', 'rolled back: unknown here');
SELECT is(tap.verdict_in('other', :order), 'unknown_shape', 'rolled back: unknown in another session');

BEGIN;
SAVEPOINT before;
INSERT INTO analytics_shapes (name, event_type, source, required_members) VALUES ('orders.paid', 'order.paid', 'shop', '{orderId,paidAt}');
SELECT is(tap.verdict(:order), 'orders.paid', 'in a savepoint: known here');
ROLLBACK TO before;
SELECT is(tap.verdict(:order), 'unknown_shape', 'rolled back to the savepoint: unknown here');
COMMIT;

INSERT INTO analytics_shapes (name, event_type, source, required_members, time_member, iso_member, key_members) VALUES ('orders.paid', 'order.paid', 'shop', '{orderId,paidAt}', 'paidAt', 'paidAtIso', '{orderId}');
SELECT is(tap.verdict(:order), 'orders.paid', 'committed: known here');
SELECT is(tap.verdict_in('other', :order), 'orders.paid', 'committed: known in another session');
SELECT is(tap.verdict_in('repeatable', :order), 'orders.paid', 'committed: known in the REPEATABLE READ transaction that began before');
SELECT is(tap.answer_of('repeatable', format('SELECT stored FROM analytics_ingest(ARRAY[convert_to(%L, ''UTF8'')])', :order)), '1', 'that transaction stores such an event');
SELECT tap.there('repeatable', 'COMMIT') \g /dev/null
SELECT is(ROW(event_type::text, source::text, occurred_at, tenant_id::text, payload), ROW('order.paid'::text, 'shop'::text, '2025-11-16 18:14:00+00'::timestamptz, 'shop'::text, '{"orderId":"o-1","paidAt":"2025-11-16T18:14:00Z","tenantId":"shop","paidAtIso":"2025-11-16T18:14:00Z"}'::jsonb), 'the event is what the new row says') FROM analytics_events;
SELECT is((analytics_normalize(:order::text)).event_key, '{o-1}', 'its key is what the new row says');

-- Any change of a row, and any way of taking it away.
UPDATE analytics_shapes SET event_type = 'order.settled' WHERE name = 'orders.paid';
SELECT is(tap.answer_of('other', format('SELECT event_type FROM analytics_normalize(%L::text)', :order)), 'order.settled', 'an UPDATE is effective elsewhere');
UPDATE analytics_shapes SET enabled = false WHERE name = 'orders.paid';
SELECT is(tap.verdict_in('other', :order), 'unknown_shape', 'enabled = false takes it out of use');
UPDATE analytics_shapes SET enabled = true WHERE name = 'orders.paid';
SELECT is(tap.verdict_in('other', :order), 'orders.paid', 'enabled = true brings it back');
DELETE FROM analytics_shapes WHERE name = 'orders.paid';
SELECT is(tap.verdict_in('other', :order), 'unknown_shape', 'DELETE takes it away');
BEGIN;
TRUNCATE analytics_shapes;
SELECT is(tap.verdict('{"guideId":"g","challengeId":"c","occurredAt":1}'), 'unknown_shape', 'TRUNCATE takes all away');
SELECT is(tap.verdict('{"eventType":"t","source":"s","payload":{}}'), 'canonical', 'without any shape there is the canonical form');
ROLLBACK;
SELECT is(tap.verdict('{"guideId":"g","challengeId":"c","occurredAt":1}'), 'guides.challenges', 'a TRUNCATE rolled back takes nothing away');
CREATE FUNCTION tap.by_function(input text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO analytics_shapes (name, event_type, source, required_members) VALUES ('made.within', 't', 's', '{within}');
    RETURN tap.verdict(input);
END
$$;
BEGIN;
SELECT is(tap.by_function('{"within":1}'), 'made.within', 'effective within the function that inserts it');
ROLLBACK;

-- What each column does, one record a line.
BEGIN;
INSERT INTO analytics_shapes (name, position, event_type, source, required_members, not_null_members, null_or_absent_members, absent_members, time_member, iso_member, key_members) VALUES
('a.second', 200, 't', 's', '{p}', '{}', '{}', '{}', NULL, NULL, '{}'),
('a.first', 100, 't', 's', '{p,q}', '{}', '{}', '{}', NULL, NULL, '{}'),
('b.a', 100, 't', 's', '{r}', '{}', '{}', '{}', NULL, NULL, '{}'),
('b.b', 100, 't', 's', '{r}', '{}', '{}', '{}', NULL, NULL, '{}'),
('c.not-null', 1000, 't', 's', '{}', '{n}', '{}', '{}', NULL, NULL, '{}'),
('c.null', 1000, 't', 's', '{c}', '{}', '{n}', '{}', NULL, NULL, '{}'),
('d.absent', 1000, 't', 's', '{d}', '{}', '{}', '{x}', NULL, NULL, '{}'),
('e.no-iso', 1000, 't', 's', '{e}', '{}', '{}', '{}', 'e', NULL, '{opt,e}'),
('f.before-iam', 1, 't', 's', '{userId,email,special}', '{}', '{}', '{}', NULL, NULL, '{}'),
('g.names', 1000, 't', 's', '{"a b","é","\"","{}"}', '{}', '{}', '{}', NULL, NULL, '{"é"}');
CREATE TEMP TABLE meant (verdict text, input text);
INSERT INTO meant VALUES
('a.first', '{"p":1,"q":1}'), ('a.second', '{"p":1}'), ('a.second', '{"p":null}'), ('b.a', '{"r":1}'), ('c.not-null', '{"n":0}'), ('c.not-null', '{"n":0,"c":1}'), ('c.null', '{"n":null,"c":1}'), ('c.null', '{"c":1}'), ('unknown_shape', '{"n":null}'),
('d.absent', '{"d":1}'), ('unknown_shape', '{"d":1,"x":1}'), ('unknown_shape', '{"d":1,"x":null}'), ('e.no-iso', '{"e":5}'), ('invalid_timestamp', '{"e":null}'), ('f.before-iam', '{"userId":1,"email":1,"special":1,"firstName":1,"lastName":1,"provider":1,"registeredAt":1}'),
('iam.registered', '{"userId":1,"email":1,"firstName":1,"lastName":1,"provider":1,"registeredAt":1}'), ('g.names', '{"a b":1,"\u00e9":2,"\"":3,"{}":4}'), ('unknown_shape', '{"a b":1,"\u00e9":2,"\"":3}');
SELECT is(tap.verdict(input), verdict, format('%s is %s', input, verdict)) FROM meant;
SELECT is(n.occurred_at, NULL, 'without time_member the ingestion time is taken') FROM analytics_normalize('{"p":1}'::text) AS n;
SELECT is(n.payload, '{"p":1}', 'without iso_member nothing is added') FROM analytics_normalize('{"p":1}'::text) AS n;
SELECT is(ROW(n.occurred_at, n.payload), ROW('1970-01-01 00:00:05+00'::timestamptz, '{"e":5}'::jsonb), 'a time without iso_member is not stored again') FROM analytics_normalize('{"e":5}'::text) AS n;
SELECT is(n.event_key, NULL, 'without key_members there is no key') FROM analytics_normalize('{"p":1}'::text) AS n;
SELECT is(n.event_key, NULL, 'a key member that is absent: no key') FROM analytics_normalize('{"e":5}'::text) AS n;
SELECT is(n.event_key, '{x,5}', 'a key in the order of key_members') FROM analytics_normalize('{"e":5,"opt":"x"}'::text) AS n;
INSERT INTO analytics_shapes (name, event_type, source, required_members) SELECT format('many.%s', i), format('t%s', i), 's', ARRAY[format('m%s', i)] FROM generate_series(1, 500) AS i;
SELECT ok(bool_and(tap.verdict(format('{"m%s":1}', i)) = format('many.%s', i)), 'five hundred shapes, each recognised') FROM generate_series(1, 500) AS i;
ROLLBACK;

-- The rows that came with the extension are the operator's, like any other.
BEGIN;
UPDATE analytics_shapes SET event_type = 'guide.linked' WHERE name = 'guides.challenges';
SELECT is((analytics_normalize('{"guideId":"g","challengeId":"c","occurredAt":1}'::text)).event_type, 'guide.linked', 'one can be changed');
DELETE FROM analytics_shapes WHERE name = 'guides.challenges';
SELECT is(tap.verdict('{"guideId":"g","challengeId":"c","occurredAt":1}'), 'unknown_shape', 'and deleted');
ROLLBACK;

-- Parallel workers know the shapes as their leader does, uncommitted ones as well.
CREATE TABLE tap.records AS SELECT format('{"%s":%s,"at":%s}', CASE WHEN i % 2 = 0 THEN 'even' ELSE 'odd' END, i, i) AS record FROM generate_series(1, 5000) AS i;
ANALYZE tap.records;
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
SELECT set_config(name, 'on', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query') \g /dev/null
-- Straight from psql, for a cursor (which results_eq would open) never has parallel workers.
\set tally 'SELECT string_agg(verdict || '' '' || count, '', '' ORDER BY verdict) AS found FROM (SELECT coalesce(n.shape, n.reason) AS verdict, count(*) FROM tap.records, analytics_normalize(record) AS n GROUP BY 1) AS counted'
CREATE FUNCTION tap.plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF) ' || query;
END
$$;
BEGIN;
INSERT INTO analytics_shapes (name, event_type, source, required_members, time_member) VALUES ('numbers.even', 'even', 's', '{even,at}', 'at');
SELECT ok(bool_or(line ~ 'Workers Launched: [1-9]'), 'parallel workers are at work') FROM tap.plan_of(:'tally') AS line;
:tally \gset
SELECT is(:'found'::text, 'numbers.even 2500, unknown_shape 2500', 'they know an uncommitted shape');
COMMIT;
:tally \gset
SELECT is(:'found'::text, 'numbers.even 2500, unknown_shape 2500', 'they know a committed shape');
DELETE FROM analytics_shapes WHERE name = 'numbers.even';
:tally \gset
SELECT is(:'found'::text, 'unknown_shape 5000', 'they know that a shape is gone');

SELECT * FROM finish();
