-- analytics_record and analytics_record_each: what POST uses. The caller is told what became of each event.
\ir include/start.psql
BEGIN;
SELECT * FROM no_plan();

-- One event.
SELECT is(ROW(r.event_type, r.source, r.occurred_at, r.ingested_at, r.tenant_id, r.payload::text, r.duplicate), ROW('t'::text, 's'::text, '2025-01-01 00:00:00+00'::timestamptz, now(), 'x'::text, '{"n": 1.50}'::text, false), 'analytics_record returns the event')
FROM analytics_record('{"eventType":"t","source":"s","eventId":"a","tenantId":"x","occurredAt":"2025-01-01T00:00:00Z","payload":{"n":1.50}}') AS r;
SELECT is(count(*), 1::bigint, 'and stores it') FROM analytics_events;
SELECT is(ROW(r.id, r.payload::text, r.duplicate), ROW((SELECT id FROM analytics_events), '{"n": 1.50}'::text, true), 'a duplicate returns the first event')
FROM analytics_record('{"eventType":"t","source":"s","eventId":"a","tenantId":"x","occurredAt":"2025-01-01T00:00:00Z","payload":{"n":2}}') AS r;
SELECT is(count(*), 1::bigint, 'and stores nothing') FROM analytics_events;
SELECT is(ROW(r.event_type, r.source, r.occurred_at, r.payload), ROW('guides.challenge-linked'::text, 'guides-service'::text, '2025-11-16 18:14:00.123456+00'::timestamptz, '{"guideId":"g","challengeId":"c","occurredAt":1763316840.123456789,"occurredAtIso":"2025-11-16T18:14:00.123456Z"}'::jsonb), 'a shape is taken, too')
FROM analytics_record('{"guideId":"g","challengeId":"c","occurredAt":1763316840.123456789}') AS r;
SELECT is(r.occurred_at, now(), 'without a time it is that of ingestion') FROM analytics_record('{"eventType":"t","source":"s","eventId":"u","payload":{}}') AS r;
SELECT is(ROW(r.occurred_at, r.duplicate), ROW(now(), true), 'a key without a time is a duplicate the second time') FROM analytics_record('{"eventType":"t","source":"s","eventId":"u","payload":{"later":true}}') AS r;
SELECT is(count(*), 0::bigint, 'null in place of an event: no row') FROM analytics_record(NULL);

-- What is no event raises: SQLSTATE of class 22, the reason in DETAIL, and the place in the message.
CREATE TEMP TABLE refused (reason text, sqlstate text, input jsonb);
INSERT INTO refused VALUES
('not_an_object', '22023', '[]'), ('not_an_object', '22023', '"x"'), ('not_an_object', '22023', 'null'),
('unknown_shape', '22023', '{}'), ('unknown_shape', '22023', '{"payload":{}}'), ('unknown_shape', '22023', '{"userId":1}'),
('missing_field', '22023', '{"eventType":"t","payload":{}}'), ('missing_field', '22023', '{"eventType":null,"source":"s","payload":{}}'), ('missing_field', '22023', '{"eventType":"t","source":"s","payload":null}'),
('invalid_field', '22023', '{"eventType":"","source":"s","payload":{}}'), ('invalid_field', '22023', '{"eventType":"t","source":"s","payload":[]}'), ('invalid_field', '22023', '{"eventType":"t","source":"s","payload":{},"tenantId":1}'),
('invalid_timestamp', '22007', '{"eventType":"t","source":"s","payload":{},"occurredAt":"now"}'), ('invalid_timestamp', '22007', '{"guideId":1,"challengeId":1,"occurredAt":null}'), ('invalid_timestamp', '22007', '{"eventType":"t","source":"s","payload":{},"occurredAt":[2025,2,30,0,0]}'),
('implausible_time', '22008', '{"eventType":"t","source":"s","payload":{},"occurredAt":"9999-01-01T00:00:00Z"}'), ('implausible_time', '22008', '{"guideId":1,"challengeId":1,"occurredAt":99999999999}'), ('implausible_time', '22008', '{"eventType":"t","source":"s","payload":{},"occurredAt":[5000,2,28,0,0]}'),
('too_deep', '22023', (repeat('[', 65) || repeat(']', 65))::jsonb), ('too_deep', '22023', (repeat('{"a":', 64) || '{}' || repeat('}', 64))::jsonb), ('too_deep', '22023', ('{"eventType":"t","source":"s","payload":' || repeat('{"a":', 63) || '{}' || repeat('}', 64))::jsonb),
('too_large', '22023', to_jsonb(repeat('x', 1048576))), ('too_large', '22023', jsonb_build_object('x', repeat('x', 1048576))), ('too_large', '22023', jsonb_build_object('x', repeat('é', 524288)));
SELECT is(ROW(f.state, f.detail), ROW(sqlstate, reason), format('%s: %s', reason, left(input::text, 60))) FROM refused, tap.failure_of(format('SELECT * FROM analytics_record(%L)', input)) AS f;
SELECT ok(count(*) >= 3, format('%s is produced by at least three inputs', reason)) FROM refused GROUP BY reason;
SELECT is(f.message, 'event refused: ' || n.detail, format('the message is the detail: %s', left(input::text, 60))) FROM refused, tap.failure_of(format('SELECT * FROM analytics_record(%L)', input)) AS f, analytics_normalize(input::text) AS n WHERE refused.reason IN ('missing_field', 'invalid_timestamp');
SELECT is((SELECT count(*) FROM analytics_dead_letters), 0::bigint, 'nothing of it is kept');

-- The SQLSTATE of every reason, those that a jsonb can't have as well.
SELECT is(ROW(f.state, f.message, f.detail, _analytics_sqlstate(reason)), ROW(due, 'event refused: where'::text, reason, due), format('SQLSTATE of %s', reason))
FROM (VALUES ('too_large', '22023'), ('invalid_utf8', '22021'), ('invalid_json', '22032'), ('too_deep', '22023'), ('not_an_object', '22023'), ('unknown_shape', '22023'), ('missing_field', '22023'), ('invalid_field', '22023'), ('invalid_timestamp', '22007'),
             ('implausible_time', '22008'), ('contract_violation', '22023'), ('unstorable_text', '22P05'), ('unstorable_number', '22003'), ('tombstone', '22004')) AS v (reason, due), tap.failure_of(format('SELECT _analytics_accepted(''refused'', %L, ''where'')', reason)) AS f;
SELECT is(f.message, 'event refused: tombstone', 'without a detail the reason is the message') FROM tap.failure_of($$SELECT _analytics_accepted('refused', 'tombstone', NULL)$$) AS f;
SELECT ok(_analytics_accepted('stored', NULL, NULL), 'what was not refused is accepted');
SELECT is(_analytics_sqlstate('nonsense'), NULL, 'what is no reason has no SQLSTATE');

-- A batch, told one by one.
SAVEPOINT clean;
TRUNCATE analytics_events, analytics_untimed_keys;
CREATE TEMP TABLE told AS SELECT * FROM analytics_record_each(ARRAY[tap.event('b', '2025-01-02T00:00:00Z', payload => '{"n":1}'), '{', tap.event('a', '2025-01-01T00:00:00Z', tenant => 'x'), tap.event('b', '2025-01-02T00:00:00Z', payload => '{"n":2}'), NULL, '{}', tap.event('u'), tap.event('u'), tap.event(NULL, '2025-01-01T00:00:00Z')]);
SELECT results_eq('SELECT item, outcome, reason FROM told ORDER BY item', $$VALUES (1, 'stored', NULL), (2, 'refused', 'invalid_json'), (3, 'stored', NULL), (4, 'duplicate', NULL), (5, 'refused', 'tombstone'), (6, 'refused', 'unknown_shape'), (7, 'stored', NULL), (8, 'duplicate', NULL), (9, 'stored', NULL::text)$$, 'the outcome of each');
SELECT results_eq('SELECT row_number() OVER ()::int FROM told', 'SELECT item FROM told', 'in their order');
SELECT ok(bool_and(ROW(t.event_type, t.source, t.occurred_at, t.ingested_at, t.tenant_id, t.payload) IS NOT DISTINCT FROM ROW(e.event_type::text, e.source::text, e.occurred_at, e.ingested_at, e.tenant_id::text, e.payload)), 'what is stored or was there is the row of the table') FROM told AS t JOIN analytics_events AS e USING (id) WHERE t.outcome <> 'refused';
SELECT is((SELECT id FROM told WHERE item = 4), (SELECT id FROM told WHERE item = 1), 'a duplicate within the batch has the id of the first');
SELECT is((SELECT payload FROM told WHERE item = 4), '{"n":1}', 'and its payload');
SELECT ok(bool_and(num_nonnulls(id, event_type, source, occurred_at, ingested_at, tenant_id, payload) = 0), 'what is refused has a reason and no event') FROM told WHERE outcome = 'refused';
SELECT ok(bool_and(num_nonnulls(reason, detail) = 0), 'what is not refused has no reason') FROM told WHERE outcome <> 'refused';
SELECT is(count(*), 0::bigint, 'nothing refused is kept') FROM analytics_dead_letters;
SELECT is(count(*), 4::bigint, 'four events are there') FROM analytics_events;
SELECT is(count(*), 0::bigint, 'an empty batch') FROM analytics_record_each('{}');
SELECT is(count(*), 0::bigint, 'null in place of a batch') FROM analytics_record_each(NULL);
SELECT tap.fails($$SELECT * FROM analytics_record_each('{{a},{b}}')$$, '2202E', 'a batch of two dimensions is refused');
SELECT is(array_agg(outcome ORDER BY item), ARRAY['stored', 'stored', 'duplicate'], 'a function call in FROM beside other tables') FROM (SELECT ARRAY[tap.event('j', '2025-01-01T00:00:00Z'), tap.event('k', '2025-01-01T00:00:00Z'), tap.event('j', '2025-01-01T00:00:00Z')]) AS b (batch), analytics_record_each(batch);
SELECT is(count(*), 3000::bigint, 'three thousand in a batch') FROM analytics_record_each((SELECT array_agg(tap.event(i::text, '2025-01-03T00:00:00Z')) FROM generate_series(1, 3000) AS i)) WHERE outcome = 'stored';
ROLLBACK TO clean;
SET LOCAL analytics.deduplicate = off;
SELECT is(array_agg(duplicate), '{f,f}', 'deduplicate = off: both are stored') FROM generate_series(1, 2), analytics_record('{"eventType":"t","source":"s","eventId":"same","payload":{}}');

SELECT * FROM finish();
ROLLBACK;
