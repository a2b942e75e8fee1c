-- An event's id: UUIDv8 from its natural key, recomputed here with PostgreSQL's own sha256; UUIDv7 for an event without a key.
\ir include/start.psql
BEGIN;
SELECT * FROM no_plan();

-- Each part preceded by its length; an absent one has the length 2^64 - 1. The number of key values stands before them.
CREATE FUNCTION tap.part(value text) RETURNS bytea LANGUAGE sql AS $$
    SELECT int8send(coalesce(octet_length(convert_to($1, 'UTF8')), -1)) || coalesce(convert_to($1, 'UTF8'), '');
$$;
CREATE FUNCTION tap.uuid_v8(event_type text, source text, tenant_id text, key text[]) RETURNS uuid LANGUAGE sql AS $$
    SELECT encode(set_byte(set_byte(bytes, 6, get_byte(bytes, 6) & 15 | 128), 8, get_byte(bytes, 8) & 63 | 128), 'hex')::uuid
    FROM (SELECT substr(sha256(tap.part($1) || tap.part($2) || tap.part($3) || int8send(cardinality($4)) || (SELECT string_agg(tap.part(value), '' ORDER BY n) FROM unnest($4) WITH ORDINALITY AS _ (value, n))), 1, 16)) AS _ (bytes);
$$;
CREATE FUNCTION tap.id_of(input text) RETURNS uuid LANGUAGE sql AS $$
    SELECT id FROM analytics_record(input::jsonb);
$$;

SELECT is(tap.id_of(input), tap.uuid_v8(n.event_type, n.source, n.tenant_id, n.event_key), format('the id of %s', left(input, 80)))
FROM unnest(ARRAY[
'{"eventType":"t","source":"s","eventId":"k","payload":{}}', '{"eventType":"t","source":"s","eventId":"k","tenantId":"x","payload":{}}', '{"eventType":"t","source":"s","payload":{"eventId":"é😀"}}',
'{"eventType":"ts","source":"x","eventId":"k","payload":{}}', '{"eventType":"t","source":"sx","eventId":"k","payload":{}}', '{"eventType":"é","source":"ß","tenantId":"ñ","eventId":"k","payload":{}}',
'{"guideId":"g","challengeId":"c","occurredAt":1}', '{"guideId":"gc","challengeId":"","occurredAt":1}', '{"guideId":"","challengeId":"gc","occurredAt":1}', '{"guideId":1.50,"challengeId":7,"occurredAt":1}',
'{"execution_id":"e","status":"failed","timestamp":1}', '{"userId":"u","profileId":"p","username":"n","occurredOn":1}', '{"userId":"u","profileId":"p","username":"n","profileUrl":"l","occurredOn":1}', '{"studentId":1,"challengeId":2,"solutionId":3,"experiencePointsEarned":4,"occurredOn":5}',
'{"userId":"u","email":1,"firstName":1,"lastName":1,"provider":1,"registeredAt":1}']) AS input, analytics_normalize(input) AS n;
SELECT is(count(DISTINCT id), 15::bigint, 'all of them differ') FROM analytics_events;
SELECT ok(bool_and(substr(id::text, 15, 1) = '8' AND substr(id::text, 20, 1) IN ('8', '9', 'a', 'b')), 'version 8, variant of RFC 9562') FROM analytics_events;
DELETE FROM analytics_events;

SELECT setseed(0.20261124) \g /dev/null
SELECT diag('seed 0.20261124');
CREATE TEMP TABLE drawn AS SELECT CASE WHEN random() < 0.3 THEN NULL ELSE left(md5(random()::text), ceil(random() * 5)::int) END AS tenant, left(md5(random()::text), ceil(random() * 3)::int) AS type, repeat('é', (random() * 70)::int) || i AS key FROM generate_series(1, 500) AS i;
SELECT is((SELECT stored FROM analytics_ingest((SELECT array_agg(tap.event(key, '2025-01-01T00:00:00Z', type, tenant)) FROM drawn))), 500::bigint, 'five hundred drawn events are stored');
SELECT set_eq('SELECT id FROM analytics_events', $$SELECT tap.uuid_v8(type, 's', tenant, ARRAY[key]) FROM drawn$$, 'with the ids of the oracle');
DELETE FROM analytics_events;

-- Without a key.
SELECT is((SELECT stored FROM analytics_ingest((SELECT array_agg('{"eventType":"t","source":"s","payload":{}}'::bytea) FROM generate_series(1, 5000)))), 5000::bigint, 'five thousand events without a key');
SELECT is(count(DISTINCT id), 5000::bigint, 'have five thousand ids') FROM analytics_events;
SELECT ok(bool_and(substr(id::text, 15, 1) = '7' AND substr(id::text, 20, 1) IN ('8', '9', 'a', 'b')), 'version 7, variant of RFC 9562') FROM analytics_events;
SELECT ok(bool_and(abs(extract(epoch FROM clock_timestamp()) * 1000 - ('x' || substr(replace(id::text, '-', ''), 1, 12))::bit(48)::bigint) < 60000), 'which begin with the milliseconds of the clock') FROM analytics_events;
SELECT ok((SELECT max(id::text) FROM analytics_events) < tap.id_of('{"eventType":"t","source":"s","payload":{}}')::text, 'and grow within a session');

SELECT * FROM finish();
ROLLBACK;
