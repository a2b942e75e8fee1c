-- Versions: which one an event has, what becomes of the events of a registered type, and who still sends which.
\ir include/start.psql
SELECT * FROM no_plan();

-- The version of a stored event.
SELECT is(analytics_event_version(event_type, payload::jsonb), version, translate(format('%s %s', event_type, payload), E'\n', ' '))
FROM (VALUES ('o', '{}', 1), ('o.v2', '{}', 2), ('o.v2', '{"version": 3}', 2), ('o', '{"version": 3}', 3), ('o', '{"version": 3.0}', 3), ('o', '{"version": 30e-1}', 3), ('o', '{"version": 2147483647}', 2147483647), ('o', '{"version": 2147483648}', 1),
             ('o', '{"version": 0}', 1), ('o', '{"version": -1}', 1), ('o', '{"version": 1.5}', 1), ('o', '{"version": "2"}', 1), ('o', '{"version": null}', 1), ('o', '{"version": [2]}', 1), ('o', '{"Version": 2}', 1), ('o', '{"a": {"version": 2}}', 1), ('o', '[{"version": 2}]', 1), ('o', '"version"', 1), ('o', '7', 1),
             ('o', '{"version": 1e131071}', 1), ('o.v02', '{}', 1), ('o.v0', '{}', 1), ('.v2', '{}', 1), ('o.v2147483648', '{"version": 4}', 4), ('o.v2.v3', '{}', 3), ('o.v2 ', '{}', 1), (E'a\nb.v2', '{}', 2)) AS v (event_type, payload, version);
SELECT is(analytics_event_version(NULL, '{}'), NULL, 'no type, no version');
SELECT is(analytics_event_version('o', NULL), NULL, 'no payload, no version');
SELECT is(analytics_event_version(NULL), NULL, 'no event, no version');

-- A type that is registered, and one that is not.
INSERT INTO analytics_contracts (event_type) VALUES ('o'), ('tenant.o');
CREATE FUNCTION tap.event_of(event_type text, payload text) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(n.event_type || ' ' || n.payload, n.reason)
    FROM analytics_normalize(format('{"eventType":%s,"source":"s","payload":%s}', to_json($1), $2)) AS n;
$$;
SELECT is(tap.event_of(event_type, payload), due, format('%s %s', event_type, payload))
FROM (VALUES ('o', '{}', 'o {}'), ('o', '{"version":2}', 'o {"version": 2}'), ('o.v2', '{}', 'o {"version": 2}'), ('o.v1', '{}', 'o {"version": 1}'), ('o.v2', '{"version":7,"a":1.50}', 'o {"a": 1.50, "version": 2}'), ('o.v2', '{"version":"x","version":null}', 'o {"version": 2}'),
             ('p.v2', '{"a":1}', 'p.v2 {"a": 1}'), ('o.v02', '{}', 'o.v02 {}'), ('o.v2.v2', '{}', 'o.v2.v2 {}'), ('o.v2147483647', '{}', 'o {"version": 2147483647}'), ('o.v2147483648', '{}', 'o.v2147483648 {}')) AS v (event_type, payload, due);
-- *= compares binary images: the bytes are those that jsonb_in makes.
SELECT ok((SELECT one *= other FROM (SELECT n.payload) AS one, (SELECT due::jsonb) AS other), 'byte for byte: ' || due)
FROM (VALUES ('{"a":1,"version":12345}'), ('{"a":"xyz","version":10000}'), ('{"version":2147483647,"versio":"x"}'), ('{"version":1}'), ('{"aaaaaaaaaa":[1.50,{}],"b":"é","version":9999}'), ('{"zzzzzzz":"z","version":100}')) AS v (due),
    analytics_normalize(format('{"eventType":"o.v%s","source":"s","payload":%s}', due::jsonb ->> 'version', due::jsonb - 'version')) AS n;

-- Shapes give versions: by a constant, or by a member.
INSERT INTO analytics_shapes (name, event_type, source, required_members, time_member, iso_member, version) VALUES ('constant', 'o', 's', '{c}', 'c', 'cIso', 3);
INSERT INTO analytics_shapes (name, event_type_member, source, required_members, payload_member, version_member) VALUES ('member', 'type', 's', '{type,data}', 'data', '/meta/schema/1');
SELECT is(n.event_type || ' ' || n.payload, due, input) FROM (VALUES
    ('{"c":0}', 'o {"c": 0, "cIso": "1970-01-01T00:00:00Z", "version": 3}'), ('{"c":0,"version":4}', 'o {"c": 0, "cIso": "1970-01-01T00:00:00Z", "version": 4}'), ('{"c":0,"version":"4"}', 'o {"c": 0, "cIso": "1970-01-01T00:00:00Z", "version": 3}'),
    ('{"type":"q","data":{},"meta":{"schema":["x","5"]}}', 'q {"version": 5}'), ('{"type":"q","data":{},"meta":{"schema":["x",5.0]}}', 'q {"version": 5}'), ('{"type":"q","data":{},"meta":{"schema":["x","1.0"]}}', 'q {}'), ('{"type":"q","data":{}}', 'q {}'),
    ('{"type":"q.v2","data":{},"meta":{"schema":["x","5"]}}', 'q.v2 {}'), ('{"type":"o.v2","data":{},"meta":{"schema":["x","5"]}}', 'o {"version": 2}')) AS v (input, due), analytics_normalize(input) AS n;
SELECT is(f.detail, complaint, 'refused: ' || assignment) FROM (VALUES ('version = 2, version_member = ''v''', 'version and version_member must not both be given'), ('version = NULL, version_member = ''/~''', 'a path must be the name of a member, or a JSON Pointer like "/data/id"')) AS v (assignment, complaint),
    tap.failure_of('UPDATE analytics_shapes SET ' || assignment || ' WHERE name = ''constant''') AS f;
SELECT tap.fails('UPDATE analytics_shapes SET version = 0 WHERE name = ''constant''', '23514', 'a version is at least 1');

-- One identity for all versions.
SELECT is(ROW(r.stored, r.duplicates), ROW(1::bigint, 3::bigint), 'a key is the same in all versions') FROM analytics_ingest(ARRAY[
    tap.event('k', '2025-01-01T00:00:00Z', 'o'), tap.event('k', '2025-01-01T00:00:00Z', 'o.v1'), tap.event('k', '2025-01-01T00:00:00Z', 'o.v2'), tap.event('k', '2025-01-01T00:00:00Z', 'o.v77')]) AS r;
SELECT is(ROW(r.stored, r.duplicates), ROW(1::bigint, 1::bigint), 'also without a time') FROM analytics_ingest(ARRAY[tap.event('u', NULL, 'o.v2'), tap.event('u', NULL, 'o')]) AS r;
SELECT is(ROW(r.stored, r.duplicates), ROW(2::bigint, 0::bigint), 'an unregistered type has one for each') FROM analytics_ingest(ARRAY[tap.event('k', '2025-01-01T00:00:00Z', 'p'), tap.event('k', '2025-01-01T00:00:00Z', 'p.v2')]) AS r;
SELECT is(ROW(r.stored, r.duplicates), ROW(2::bigint, 0::bigint), 'without a key each is an event') FROM analytics_ingest(ARRAY[tap.event(NULL, '2025-01-01T00:00:00Z', 'o'), tap.event(NULL, '2025-01-01T00:00:00Z', 'o.v2')]) AS r;
SELECT bag_eq('SELECT event_type::text, payload::text FROM analytics_events', $$VALUES ('o', '{}'), ('o', '{"version": 2}'), ('p', '{}'), ('p.v2', '{}'), ('o', '{}'), ('o', '{"version": 2}')$$, 'what is stored');
SELECT bag_eq('SELECT event_type, count FROM analytics_counts(''2000-01-01Z'', ''2100-01-01Z'')', $$VALUES ('o', 4::bigint), ('p', 1), ('p.v2', 1)$$, 'counts are by the type without a suffix');
SELECT is(array_agg(analytics_event_version(e) ORDER BY 1), array_agg(analytics_event_version(e.event_type, e.payload) ORDER BY 1), 'of an event, and of a row') FROM analytics_recent() AS e;

-- Who sends which: as GROUP BY says it.
SELECT setseed(0.5) \g /dev/null
SELECT analytics_ingest(array_agg(convert_to(json_build_object('eventType', (ARRAY['o', 'o.v2', 'o.v3', 'p.v2', 'p'])[1 + floor(random() * 5)], 'source', 's' || floor(random() * 3), 'tenantId', (ARRAY['a', 'b', NULL])[1 + floor(random() * 3)],
    'occurredAt', '2025-03-01T00:00:00Z'::timestamptz + random() * interval '2 days', 'payload', (ARRAY['{}', '{"version":2}', '{"version":4}', '{"version":"x"}']::json[])[1 + floor(random() * 4)])::text, 'UTF8')))
FROM generate_series(1, 5000) \g /dev/null
CREATE FUNCTION tap.versions(window_start timestamptz, window_end timestamptz, tenant text) RETURNS TABLE (event_type text, version integer, source text, count bigint, last_occurred_at timestamptz) LANGUAGE sql AS $$
    SELECT e.event_type::text, coalesce(substring(e.event_type FROM '\.v([1-9]\d*)$')::integer, CASE WHEN e.payload ->> 'version' ~ '^[1-9]\d*$' AND jsonb_typeof(e.payload -> 'version') = 'number' THEN (e.payload ->> 'version')::integer END, 1), e.source::text, count(*), max(e.occurred_at)
    FROM analytics_events AS e WHERE e.occurred_at >= $1 AND e.occurred_at < $2 AND (tenant IS NULL OR e.tenant_id = tenant) GROUP BY 1, 2, 3;
$$;
SELECT bag_eq(format('SELECT * FROM analytics_versions(%L, %L, %L)', s, e, t), format('SELECT * FROM tap.versions(%L, %L, %L)', s, e, t), format('versions from %s to %s of %s', s, e, coalesce(t, 'all')))
FROM (VALUES ('2025-03-01Z', '2025-03-03Z'), ('2025-03-01 07:00:03.5Z', '2025-03-02Z'), ('2025-03-02Z', '2025-03-02Z'), ('2025-03-03Z', '2025-03-01Z'), ('-infinity', 'infinity')) AS w (s, e), unnest('{a,b,none,NULL}'::text[]) AS t;
SELECT cmp_ok(count(DISTINCT (event_type, version)), '>=', 8::bigint, 'there are many') FROM analytics_versions('-infinity', 'infinity');
SELECT is_empty('SELECT * FROM analytics_versions(NULL, ''infinity'')', 'no start, no rows');

SELECT * FROM finish();
