-- analytics_normalize: what event a record is, or why it is none. Both doors (bytea, text) go through every wall below.
\ir include/start.psql
BEGIN;
SELECT * FROM no_plan();

-- The columns of a verdict that a case speaks of, as one jsonb, to be compared with what the case expects.
CREATE FUNCTION tap.told(expected jsonb, input text, event_type text, source text, occurred_at timestamptz, tenant_id text, event_key text[],
                         payload jsonb, shape text, reason text) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_object_agg(asked, all_of_it -> asked)
    FROM jsonb_object_keys(expected) AS asked,
         jsonb_build_object('event_type', $3, 'source', $4, 'occurred_at', $5, 'tenant_id', $6, 'event_key', array_to_string($7, '|'),
                            'payload', $8::text, 'payload_adds', $8::text, 'shape', $9, 'reason', $10) AS all_of_it;
$$;

-- What a case expects, in the same form: instants as instants, payloads as jsonb prints them.
CREATE FUNCTION tap.due(expected jsonb, input text) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_object_agg(key, CASE key
        WHEN 'occurred_at' THEN to_jsonb((value #>> '{}')::timestamptz)
        WHEN 'payload' THEN to_jsonb(value::text)
        WHEN 'payload_adds' THEN to_jsonb((input::jsonb || value)::text)
        ELSE value END)
    FROM jsonb_each(expected);
$$;

-- The cases that the core's unit tests run, too.
CREATE TEMP TABLE cases (line json);
\copy cases FROM '../data/normalize_cases.ndjson' WITH (FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02')
SELECT is(count(*), 60::bigint, 'the cases are all there') FROM cases;

SELECT is(tap.told(e, i, n.event_type, n.source, n.occurred_at, n.tenant_id, n.event_key, n.payload, n.shape, n.reason), tap.due(e, i), c ->> 'name' || ' (bytea)')
FROM cases AS _ (c), json_to_record(c) AS x (input text, expect jsonb), LATERAL (SELECT x.expect, x.input) AS y (e, i), analytics_normalize(tap.rec(i)) AS n;

SELECT is(tap.told(e, i, n.event_type, n.source, n.occurred_at, n.tenant_id, n.event_key, n.payload, n.shape, n.reason), tap.due(e, i), c ->> 'name' || ' (text)')
FROM cases AS _ (c), json_to_record(c) AS x (input text, expect jsonb), LATERAL (SELECT x.expect, x.input) AS y (e, i), analytics_normalize(i) AS n;

-- The six shapes as their emitters write them. Times are UTC; iso is what is added to the payload.
CREATE TEMP TABLE shaped (shape text, event_type text, source text, occurred_at timestamptz, key text[], tenant text, iso jsonb, input text);
INSERT INTO shaped VALUES
('iam.registered', 'iam.user-registered', 'iam-service', '2025-11-16T18:14:00.123456Z', '{u-7}', NULL, '{"registeredAtIso":"2025-11-16T18:14:00.123456Z"}', '{"userId":"u-7","email":"ana@example.com","firstName":"Ana","lastName":"Nguyễn","profileUrl":null,"provider":"google","registeredAt":[2025,11,16,18,14,0,123456789]}'),
('iam.registered', 'iam.user-registered', 'iam-service', '2025-11-16T18:14:07Z', '{u-7}', NULL, '{"registeredAtIso":"2025-11-16T18:14:07Z"}', '{"userId":"u-7","email":"ana@example.com","firstName":"Ana","lastName":"Rojas","provider":"google","registeredAt":[2025,11,16,18,14,7]}'),
('iam.registered', 'iam.user-registered', 'iam-service', '2025-11-16T18:14:00Z', '{u-7}', 'academy-7', '{"registeredAtIso":"2025-11-16T18:14:00Z"}', '{"userId":"u-7","email":"ana@example.com","firstName":"Ana","lastName":"Rojas","provider":"google","tenantId":"academy-7","registeredAt":[2025,11,16,18,14]}'),
('guides.challenges', 'guides.challenge-linked', 'guides-service', '2025-11-16T18:14:00.123456Z', '{g-1,c-1}', NULL, '{"occurredAtIso":"2025-11-16T18:14:00.123456Z"}', '{"guideId":"g-1","challengeId":"c-1","occurredAt":1763316840.123456789}'),
('guides.challenges', 'guides.challenge-linked', 'guides-service', '2025-11-16T18:14:00Z', '{g-1,c-1}', NULL, '{"occurredAtIso":"2025-11-16T18:14:00Z"}', '{"guideId":"g-1","challengeId":"c-1","occurredAt":1.76331684E9}'),
('guides.challenges', 'guides.challenge-linked', 'guides-service', '2025-11-16T18:14:00.5Z', '{12,34.50}', NULL, '{"occurredAtIso":"2025-11-16T18:14:00.500000Z"}', '{"guideId":12,"challengeId":34.50,"occurredAt":1763316840500}'),
('execution.analytics', 'execution.analytics', 'execution-service', '2025-11-16T18:14:00.999999Z', '{e-1,completed}', NULL, '{"timestampIso":"2025-11-16T18:14:00.999999Z"}', '{"execution_id":"e-1","challenge_id":"c-1","language":"go","status":"completed","timestamp":"2025-11-16T18:14:00.999999999Z","execution_time_ms":12,"success":true,"test_results":[{"test_id":"t0","passed":true}]}'),
('execution.analytics', 'execution.analytics', 'execution-service', '2025-11-16T23:14:00Z', '{e-1,failed}', NULL, '{"timestampIso":"2025-11-16T23:14:00Z"}', '{"execution_id":"e-1","status":"failed","timestamp":"2025-11-16T18:14:00-05:00"}'),
('community.registration', 'community.user-registered', 'community-service', '2025-11-16T18:14:00.000005Z', '{p-1}', NULL, '{"occurredOnIso":"2025-11-16T18:14:00.000005Z"}', '{"userId":"u-1","profileId":"p-1","username":"ana","profileUrl":null,"occurredOn":[2025,11,16,18,14,0,5000]}'),
('community.registration', 'community.user-registered', 'community-service', '2025-11-16T18:14:00Z', '{p-1}', NULL, '{"occurredOnIso":"2025-11-16T18:14:00Z"}', '{"userId":"u-1","profileId":"p-1","username":"ana","occurredOn":[2025,11,16,18,14]}'),
('community.profile-updated', 'community.profile-updated', 'community-service', '2025-11-16T18:14:09Z', '{p-1}', NULL, '{"occurredOnIso":"2025-11-16T18:14:09Z"}', '{"userId":"u-1","profileId":"p-1","username":"ana","profileUrl":"https://cdn.example.com/1.png","occurredOn":[2025,11,16,18,14,9]}'),
('community.profile-updated', 'community.profile-updated', 'community-service', '2025-11-16T18:14:09Z', '{p-1}', NULL, '{"occurredOnIso":"2025-11-16T18:14:09Z"}', '{"userId":"u-1","profileId":"p-1","username":"ana","profileUrl":false,"occurredOn":[2025,11,16,18,14,9]}'),
('challenges.completion', 'challenges.solution-completed', 'challenges-service', '2025-11-16T18:14:00Z', '{sol-1}', NULL, '{"occurredOnIso":"2025-11-16T18:14:00Z"}', '{"studentId":"s-1","challengeId":"c-1","solutionId":"sol-1","experiencePointsEarned":90,"scoreMultiplier":0.50,"completedAt":[2025,11,16,18,13,59],"occurredOn":[2025,11,16,18,14]}');

SELECT is(ROW(n.event_type, n.source, n.occurred_at, n.tenant_id, n.event_key, n.shape, n.reason), ROW(s.event_type, s.source, s.occurred_at, s.tenant, s.key, s.shape, NULL::text), format('%s: verdict of %s', s.shape, tap.shown(tap.rec(input))))
FROM shaped AS s, analytics_normalize(tap.rec(input)) AS n;
SELECT is(n.payload::text, (input::jsonb || iso)::text, format('%s: the whole object and its ISO member of %s', s.shape, tap.shown(tap.rec(input))))
FROM shaped AS s, analytics_normalize(tap.rec(input)) AS n;

-- A shape's rules, one record a line: its verdict is shape or reason; key is null where it has none.
CREATE TEMP TABLE rules (fact text, verdict text, key text[], input text);
INSERT INTO rules VALUES
('canonical beats a shape', 'canonical', NULL, '{"eventType":"t","source":"s","payload":{},"guideId":"g","challengeId":"c","occurredAt":"2025-01-01T00:00:00Z"}'),
('an object with eventType and payload is judged as canonical, also when it is a shape', 'missing_field', NULL, '{"eventType":"t","payload":{},"guideId":"g","challengeId":"c","occurredAt":1}'),
('eventType alone does not make it canonical', 'guides.challenges', '{g,c}', '{"eventType":"t","guideId":"g","challengeId":"c","occurredAt":1}'),
('a canonical member that is null counts as absent, but makes it canonical all the same', 'missing_field', NULL, '{"eventType":null,"source":"s","payload":{}}'),
('the first shape in order wins', 'iam.registered', '{u}', '{"userId":"u","email":1,"firstName":1,"lastName":1,"provider":1,"registeredAt":1,"profileId":"p","username":"x","occurredOn":1}'),
('keys are recognised whatever their values', 'guides.challenges', NULL, '{"guideId":{},"challengeId":[],"occurredAt":1}'),
('one member missing: no shape', 'unknown_shape', NULL, '{"guideId":"g","occurredAt":1}'),
('members in a payload do not make a shape', 'unknown_shape', NULL, '{"payload":{"guideId":"g","challengeId":"c","occurredAt":1}}'),
('names are matched exactly', 'unknown_shape', NULL, '{"guideid":"g","challengeId":"c","occurredAt":1}'),
('names are matched after escapes', 'guides.challenges', '{g,c}', '{"guideI\u0064":"g","challengeId":"c","occurredAt":1}'),
('a key is text or number, digits as written', 'guides.challenges', '{1.50,-0}', '{"guideId":1.50,"challengeId":-0,"occurredAt":1}'),
('a key is taken after escapes', 'guides.challenges', '{é,"a\"b"}', '{"guideId":"\u00e9","challengeId":"a\"b","occurredAt":1}'),
('an empty text is a key', 'guides.challenges', '{"",c}', '{"guideId":"","challengeId":"c","occurredAt":1}'),
('a null member: no key', 'guides.challenges', NULL, '{"guideId":null,"challengeId":"c","occurredAt":1}'),
('a boolean member: no key', 'guides.challenges', NULL, '{"guideId":true,"challengeId":"c","occurredAt":1}'),
('an array member: no key', 'guides.challenges', NULL, '{"guideId":["g"],"challengeId":"c","occurredAt":1}'),
('the last duplicate decides the key', 'guides.challenges', '{h,c}', '{"guideId":"g","guideId":"h","challengeId":"c","occurredAt":1}'),
('the last duplicate decides the shape', 'community.registration', '{p}', '{"userId":"u","profileId":"p","username":"x","profileUrl":"y","profileUrl":null,"occurredOn":1}'),
('the last duplicate decides the time', 'guides.challenges', '{g,c}', '{"guideId":"g","challengeId":"c","occurredAt":"never","occurredAt":1}'),
('a top-level eventId is the key', 'canonical', '{k}', '{"eventType":"t","source":"s","eventId":"k","payload":{}}'),
('payload.eventId is the key', 'canonical', '{k}', '{"eventType":"t","source":"s","payload":{"eventId":"k"}}'),
('the top-level eventId beats that of the payload', 'canonical', '{a}', '{"eventType":"t","source":"s","eventId":"a","payload":{"eventId":"b"}}'),
('a top-level eventId that is null is absent', 'canonical', '{b}', '{"eventType":"t","source":"s","eventId":null,"payload":{"eventId":"b"}}'),
('a payload.eventId that is a number is no key', 'canonical', NULL, '{"eventType":"t","source":"s","payload":{"eventId":5}}'),
('an empty payload.eventId is no key', 'canonical', NULL, '{"eventType":"t","source":"s","payload":{"eventId":""}}'),
('a payload.eventId that is too long is no key', 'canonical', NULL, format('{"eventType":"t","source":"s","payload":{"eventId":"%s"}}', repeat('x', 201))),
('a payload.eventId of 200 characters is a key', 'canonical', ARRAY[repeat('é', 200)], format('{"eventType":"t","source":"s","payload":{"eventId":"%s"}}', repeat('é', 200))),
('a top-level eventId that is a number is invalid', 'invalid_field', NULL, '{"eventType":"t","source":"s","eventId":5,"payload":{}}'),
('a shape has its own key: eventId does not count', 'guides.challenges', '{g,c}', '{"eventId":"e","guideId":"g","challengeId":"c","occurredAt":1}'),
('other top-level members are ignored', 'canonical', NULL, '{"eventType":"t","source":"s","payload":{},"nonsense":[1,2,3]}'),
('a shape''s null tenant is absent', 'guides.challenges', '{g,c}', '{"guideId":"g","challengeId":"c","occurredAt":1,"tenantId":null}'),
('a shape''s tenant of a wrong type is invalid', 'invalid_field', NULL, '{"guideId":"g","challengeId":"c","occurredAt":1,"tenantId":7}'),
('a shape''s tenant may have 64 characters', 'guides.challenges', '{g,c}', format('{"guideId":"g","challengeId":"c","occurredAt":1,"tenantId":"%s"}', repeat('é', 64))),
('a shape''s tenant must not have 65', 'invalid_field', NULL, format('{"guideId":"g","challengeId":"c","occurredAt":1,"tenantId":"%s"}', repeat('é', 65))),
('a shape''s time that is null is invalid', 'invalid_timestamp', NULL, '{"guideId":"g","challengeId":"c","occurredAt":null}'),
('a canonical time that is null is absent', 'canonical', NULL, '{"eventType":"t","source":"s","occurredAt":null,"payload":{}}'),
('blanks around the object are fine', 'canonical', NULL, E' \t\r\n{"eventType":"t","source":"s","payload":{}}\n'),
('an eventType of 120 characters', 'canonical', NULL, format('{"eventType":"%s","source":"s","payload":{}}', repeat('😀', 120))),
('a source of 120 characters', 'canonical', NULL, format('{"eventType":"t","source":"%s","payload":{}}', repeat('ß', 120))),
('a surrogate pair is one character', 'canonical', NULL, format('{"eventType":"%s","source":"s","payload":{}}', repeat('\ud83d\ude00', 120)));

SELECT is(coalesce(n.shape, n.reason), verdict, fact) FROM rules, analytics_normalize(tap.rec(input)) AS n;
SELECT is(n.event_key, key, fact || ': key') FROM rules, analytics_normalize(tap.rec(input)) AS n WHERE n.reason IS NULL;

-- The ISO member replaces the upstream's member of that name, wherever that stands.
SELECT is((analytics_normalize('{"occurredAtIso":"mine","guideId":"g","challengeId":"c","occurredAt":1}'::text)).payload, '{"guideId":"g","challengeId":"c","occurredAt":1,"occurredAtIso":"1970-01-01T00:00:01Z"}', 'the ISO member replaces one of its name, before');
SELECT is((analytics_normalize('{"guideId":"g","challengeId":"c","occurredAt":1,"occurredAtIso":{"a":[1]}}'::text)).payload, '{"guideId":"g","challengeId":"c","occurredAt":1,"occurredAtIso":"1970-01-01T00:00:01Z"}', 'the ISO member replaces one of its name, after');
SELECT is((analytics_normalize('{"eventType":"t","source":"s","payload":{"a":1.500,"b":1e2,"a":-0.10}}'::text)).payload::text, '{"a": -0.10, "b": 100}', 'numbers keep their digits, the last duplicate wins');

-- Refused: each reason by three inputs or more. The bytes are the record.
CREATE TEMP TABLE refused (reason text, input bytea);
INSERT INTO refused VALUES
('too_large', tap.rec(format('{"eventType":"t","source":"s","payload":{"x":"%s"}}', repeat('x', 1048576)))),
('too_large', tap.rec(repeat(' ', 1048577))),
('too_large', decode(repeat('ff', 1048577), 'hex')),
('invalid_utf8', '\xff'), ('invalid_utf8', '\x7b2261223a22c080227d'), ('invalid_utf8', '\x22eda08022'), ('invalid_utf8', '\x7b7dc3'), ('invalid_utf8', '\x22f490808022'), ('invalid_utf8', '\x22f880808022'), ('invalid_utf8', '\x80'), ('invalid_utf8', '\x22e28222'),
('invalid_json', ''), ('invalid_json', '   '), ('invalid_json', '{'), ('invalid_json', '{"a":1,}'), ('invalid_json', '{"a" 1}'), ('invalid_json', '{a:1}'), ('invalid_json', '[1,]'), ('invalid_json', '01'), ('invalid_json', '+1'), ('invalid_json', '.5'), ('invalid_json', '1.'),
('invalid_json', '1e'), ('invalid_json', 'nul'), ('invalid_json', 'True'), ('invalid_json', '{} x'), ('invalid_json', '{}{}'), ('invalid_json', '"a'), ('invalid_json', $$'a'$$), ('invalid_json', tap.rec('"\x"')), ('invalid_json', '\x220a22'), ('invalid_json', '\xefbbbf7b7d'),
('invalid_json', tap.rec('"\u12g4"')), ('invalid_json', tap.rec('/* c */ {}')), ('invalid_json', tap.rec('{"a":Infinity}')), ('invalid_json', '\x7b7d00'), ('invalid_json', '\xc2a07b7d'),
('too_deep', tap.rec(repeat('[', 65) || repeat(']', 65))), ('too_deep', tap.rec(repeat('{"a":', 65) || '1' || repeat('}', 65))), ('too_deep', tap.rec(repeat('[', 100000))), ('too_deep', tap.rec('{"eventType":"t","source":"s","payload":' || repeat('{"a":', 64) || '1' || repeat('}', 65))),
('not_an_object', '[]'), ('not_an_object', '"x"'), ('not_an_object', '-1.5e3'), ('not_an_object', 'null'), ('not_an_object', 'true'), ('not_an_object', '[{"eventType":"t","source":"s","payload":{}}]'),
('unknown_shape', '{}'), ('unknown_shape', '{"eventType":"t","source":"s"}'), ('unknown_shape', '{"payload":{}}'), ('unknown_shape', '{"userId":"u"}'),
('missing_field', '{"eventType":"t","payload":{}}'), ('missing_field', '{"eventType":"t","source":null,"payload":{}}'), ('missing_field', '{"eventType":"t","source":"s","payload":null}'), ('missing_field', '{"eventType":null,"source":"s","payload":{}}'),
('invalid_field', '{"eventType":"","source":"s","payload":{}}'), ('invalid_field', '{"eventType":5,"source":"s","payload":{}}'), ('invalid_field', '{"eventType":"t","source":"","payload":{}}'), ('invalid_field', '{"eventType":"t","source":["s"],"payload":{}}'),
('invalid_field', '{"eventType":"t","source":"s","payload":[]}'), ('invalid_field', '{"eventType":"t","source":"s","payload":"{}"}'), ('invalid_field', '{"eventType":"t","source":"s","payload":{},"tenantId":""}'), ('invalid_field', '{"eventType":"t","source":"s","payload":{},"tenantId":true}'),
('invalid_field', tap.rec(format('{"eventType":"%s","source":"s","payload":{}}', repeat('é', 121)))), ('invalid_field', tap.rec(format('{"eventType":"t","source":"%s","payload":{}}', repeat('x', 121)))), ('invalid_field', tap.rec(format('{"eventType":"t","source":"s","payload":{},"tenantId":"%s"}', repeat('x', 65)))),
('invalid_field', '{"eventType":"t","source":"s","payload":{},"eventId":""}'), ('invalid_field', tap.rec(format('{"eventType":"t","source":"s","payload":{},"eventId":"%s"}', repeat('x', 201)))),
('unstorable_text', tap.rec('{"eventType":"t","source":"s","payload":{"x":"\u0000"}}')), ('unstorable_text', tap.rec('{"eventType":"t","source":"s","payload":{"\ud800":1}}')), ('unstorable_text', tap.rec('{"eventType":"t","source":"s","payload":{"x":"\udc00\ud800"}}')),
('unstorable_text', tap.rec('{"eventType":"t","source":"s","payload":{},"ignored":["\u0000"]}')), ('unstorable_text', tap.rec('{"eventType":"t","source":"s","payload":{"x":"\ud800x"}}')),
('unstorable_number', '{"eventType":"t","source":"s","payload":{"x":1e131072}}'), ('unstorable_number', '{"eventType":"t","source":"s","payload":{"x":[1e-16384]}}'), ('unstorable_number', '{"eventType":"t","source":"s","payload":{},"ignored":-1E+999999999999999999999}'), ('unstorable_number', '{"guideId":1e200000,"challengeId":"c","occurredAt":1}'),
('implausible_time', '{"eventType":"t","source":"s","payload":{},"occurredAt":"9999-12-31T23:59:59.999999Z"}'), ('implausible_time', '{"eventType":"t","source":"s","payload":{},"occurredAt":99999999999}'),
('implausible_time', '{"guideId":"g","challengeId":"c","occurredAt":[5000,1,1,0,0]}'),
('contract_violation', '{"eventType":"over","source":"s","payload":{}}'), ('contract_violation', '{"eventType":"over.v1","source":"s","payload":{}}'), ('contract_violation', '{"eventType":"over","source":"s","payload":{"version":1}}'),
('tombstone', NULL);
INSERT INTO analytics_contracts (event_type, mode) VALUES ('over', 'refuse');

-- Instants that are none: the last wall's reason invalid_timestamp, written as the value of occurredAt.
INSERT INTO refused SELECT 'invalid_timestamp', tap.rec(format('{"eventType":"t","source":"s","payload":{},"occurredAt":%s}', instant)) FROM unnest(ARRAY[
'""', '"now"', '"infinity"', '"2025-11-16"', '"2025-11-16T18"', '"2025-11-16T18:14:00Z "', '" 2025-11-16T18:14:00Z"', '"2025-11-16  18:14:00Z"', '"2025-11-16T24:00:00Z"', '"2025-11-16T18:60:00Z"', '"2025-11-16T18:14:60Z"', '"2025-11-16T18:14:61Z"',
'"2025-02-29T00:00:00Z"', '"1900-02-29T00:00:00Z"', '"2025-13-01T00:00:00Z"', '"2025-00-01T00:00:00Z"', '"2025-04-31T00:00:00Z"', '"2025-11-16T18:14:00."', '"2025-11-16T18:14:00+24:00"', '"2025-11-16T18:14:00+05:60"', '"2025-11-16T18:14:00 Z"', '"25-11-16T18:14:00Z"', '"0000-12-31T23:59:59Z"',
'"10000-01-01T00:00:00Z"', '"0001-01-01T00:00:00+00:01"', '"9999-12-31T23:59:59-00:01"', '"２025-11-16T18:14:00Z"', 'true', '{}', '[]', '[2025,11,16,18]', '[2025,11,16,18,14,0,0,0]', '[2025,2,29,0,0]', '[2025,11,16,24,0]', '[2025,11,16,18,14,60]', '[2025,11,16,18,14,0,1000000000]', '[2025,11,16,18,14.0]',
'[2025,11,16,18,1e1]', '[2025,11,16,18,"14"]', '[0,1,1,0,0]', '[10000,1,1,0,0]', '[2025,11,16,18,14,-1]', '-62135596801', '253402300800000000000', '1e30', '-1e30']) AS instant;

SELECT is(n.reason, r.reason, format('%s (bytea): %s', r.reason, tap.shown(input))) FROM refused AS r, analytics_normalize(input) AS n;
SELECT is(n.reason, r.reason, format('%s (text): %s', r.reason, tap.shown(input)))
FROM refused AS r, analytics_normalize(CASE WHEN r.reason <> 'invalid_utf8' AND position('\x00'::bytea IN input) = 0 AND get_byte(input || ' ', 0) <> 255 THEN convert_from(input, 'UTF8') END) AS n
WHERE r.reason <> 'invalid_utf8' AND (input IS NULL OR (position('\x00'::bytea IN input) = 0 AND get_byte(input || ' ', 0) <> 255));
SELECT ok(count(*) >= 3, format('%s is produced by at least three inputs', reason)) FROM refused WHERE reason <> 'tombstone' GROUP BY reason;
SELECT is(count(DISTINCT reason), 14::bigint, 'every reason of the list is produced') FROM refused;
SELECT ok(bool_and(num_nonnulls(n.event_type, n.source, n.occurred_at, n.tenant_id, n.event_key, n.payload, n.shape) = 0), 'a refused record has a reason and nothing else') FROM refused, analytics_normalize(input) AS n;
SELECT is((SELECT reason FROM analytics_normalize(NULL::text)), 'tombstone', 'tombstone (text)');
SELECT ok(bool_and(n.detail ~ 'at byte \d+'), format('%s: the detail says at which byte', r.reason)) FROM refused AS r, analytics_normalize(input) AS n WHERE r.reason IN ('invalid_json', 'unstorable_text', 'unstorable_number', 'too_deep') GROUP BY r.reason;
SELECT matches(n.detail, member, format('the detail names the member: %s', input))
FROM (VALUES ('source', '{"eventType":"t","payload":{}}'), ('eventType', '{"eventType":null,"source":"s","payload":{}}'), ('payload', '{"eventType":"t","source":"s","payload":[]}'), ('tenantId', '{"eventType":"t","source":"s","payload":{},"tenantId":""}'), ('eventId', '{"eventType":"t","source":"s","payload":{},"eventId":7}'),
             ('occurredAt', '{"eventType":"t","source":"s","payload":{},"occurredAt":"x"}'), ('registeredAt', '{"userId":1,"email":1,"firstName":1,"lastName":1,"provider":1,"registeredAt":{}}')) AS v (member, input), analytics_normalize(input) AS n;

-- Instants that are some: the value of occurredAt, and the same instant as PostgreSQL reads it.
SET LOCAL analytics.max_future = -1;
SELECT is(n.occurred_at, due, format('instant %s', written))
FROM (VALUES
('"2025-11-16T18:14:00Z"', '2025-11-16 18:14:00+00'::timestamptz), ('"2025-11-16t18:14:00z"', '2025-11-16 18:14:00+00'), ('"2025-11-16 18:14"', '2025-11-16 18:14:00+00'), ('"2025-11-16T18:14:00"', '2025-11-16 18:14:00+00'), ('"2025-11-16T18:14:00,5"', '2025-11-16 18:14:00.5+00'),
('"2025-11-16T18:14:00.1234567899999999999999999+05"', '2025-11-16 13:14:00.123456+00'), ('"2025-11-16T18:14:00.999999999Z"', '2025-11-16 18:14:00.999999+00'), ('"2025-11-16T18:14:00+0530"', '2025-11-16 12:44:00+00'), ('"2025-11-16T18:14:00-05:45"', '2025-11-16 23:59:00+00'),
('"2025-11-16T00:00:00+23:59"', '2025-11-15 00:01:00+00'), ('"2025-11-16T23:59:60Z"', '2025-11-17 00:00:00+00'), ('"2025-11-16T18:59:60-05:00"', '2025-11-17 00:00:00+00'), ('"2000-02-29T00:00:00Z"', '2000-02-29 00:00:00+00'), ('"0001-01-01T00:00:00Z"', '0001-01-01 00:00:00+00'),
('"9999-12-31T23:59:59.999999Z"', '9999-12-31 23:59:59.999999+00'), ('[2025,11,16,18,14]', '2025-11-16 18:14:00+00'), ('[2025,11,16,18,14,7]', '2025-11-16 18:14:07+00'), ('[2025,11,16,18,14,7,999]', '2025-11-16 18:14:07+00'), ('[ 2025 , 11,16,18,14,7,1000]', '2025-11-16 18:14:07.000001+00'),
('[1,1,1,0,0]', '0001-01-01 00:00:00+00'), ('[9999,12,31,23,59,59,999999999]', '9999-12-31 23:59:59.999999+00'), ('0', 'epoch'), ('-0', 'epoch'), ('-1.5', '1969-12-31 23:59:58.5+00'), ('-0.0000019', '1969-12-31 23:59:59.999999+00'), ('99999999999', '5138-11-16 09:46:39+00'),
('100000000000', '1973-03-03 09:46:40+00'), ('-100000000000', '1966-10-31 14:13:20+00'), ('99999999999999', '5138-11-16 09:46:39.999+00'), ('1e14', '1973-03-03 09:46:40+00'), ('99999999999999999', '5138-11-16 09:46:39.999999+00'), ('1e17', '1973-03-03 09:46:40+00'), ('1763316840123456789', '2025-11-16 18:14:00.123456+00'),
('1763316840.123456789', '2025-11-16 18:14:00.123456+00'), ('1763316840123.4567', '2025-11-16 18:14:00.123456+00'), ('17633168401234567e-7', '2025-11-16 18:14:00.123456+00'), ('-62135596800', '0001-01-01 00:00:00+00'), ('253402300799999999999', '9999-12-31 23:59:59.999999+00')) AS v (written, due),
analytics_normalize(format('{"eventType":"t","source":"s","payload":{},"occurredAt":%s}', written)) AS n;

RESET analytics.max_future;

-- Where several reasons apply, the first of the contract's list wins.
SET LOCAL analytics.max_event_bytes = 80;
SELECT is(n.reason, due, due || ' wins: ' || tap.shown(input))
FROM (VALUES
('too_large', decode(repeat('ff', 81), 'hex')), ('invalid_utf8', decode(repeat('5b', 70) || 'ff', 'hex')), ('invalid_utf8', '\x7b22ff'), ('invalid_json', tap.rec(']' || repeat('[', 65))), ('too_deep', tap.rec(repeat('[', 65) || ',')),
('invalid_json', tap.rec('["\u0000"')), ('not_an_object', tap.rec('["\u0000",1e999999]')), ('unknown_shape', tap.rec('{"a":"\u0000"}')), ('missing_field', '{"eventType":5,"payload":[]}'), ('invalid_field', '{"eventType":5,"source":"s","payload":{},"occurredAt":"x"}'),
('invalid_timestamp', tap.rec('{"eventType":"t","source":"s","payload":{},"occurredAt":"x","z":"\u0000"}')), ('implausible_time', tap.rec('{"eventType":"t","source":"s","payload":{},"occurredAt":9e10,"z":"\u0000"}')), ('unstorable_text', tap.rec('{"eventType":"t","source":"s","payload":{"x":1e999999,"y":"\u0000"}}'))) AS v (due, input), analytics_normalize(input) AS n;
RESET analytics.max_event_bytes;

-- The limits are settings: n bytes or levels are fine, one more is refused.
SET LOCAL analytics.max_event_bytes = 44;
SELECT is((analytics_normalize('{"eventType":"t","source":"s","payload":{} }'::text)).reason, NULL, 'as large as analytics.max_event_bytes is accepted');
SELECT is((analytics_normalize('{"eventType":"t","source":"s","payload":{}  }'::text)).reason, 'too_large', 'a byte more is too_large');
RESET analytics.max_event_bytes;
SET LOCAL analytics.max_depth = 3;
SELECT is((analytics_normalize('{"eventType":"t","source":"s","payload":{"a":[]}}'::text)).reason, NULL, 'as deep as analytics.max_depth is accepted');
SELECT is((analytics_normalize('{"eventType":"t","source":"s","payload":{"a":[[]]}}'::text)).reason, 'too_deep', 'a level more is too_deep');
RESET analytics.max_depth;
SELECT is((analytics_normalize('{"eventType":"t","source":"s","payload":' || repeat('{"a":', 62) || '{}' || repeat('}', 63))).reason, NULL, '64 levels are the default');

-- text and bytea agree, whatever the record and the session's settings.
CREATE TEMP VIEW everything AS
    SELECT c ->> 'input' AS input FROM cases AS _ (c) UNION ALL SELECT input FROM shaped UNION ALL SELECT input FROM rules;
SELECT ok(bool_and(a *= b), 'text and bytea agree') FROM everything, analytics_normalize(input) AS a, analytics_normalize(tap.rec(input)) AS b;
CREATE TEMP TABLE before AS SELECT input, n.* FROM everything, analytics_normalize(input) AS n;
SET LOCAL TimeZone = 'America/Lima'; SET LOCAL DateStyle = 'German'; SET LOCAL IntervalStyle = 'sql_standard'; SET LOCAL extra_float_digits = -15; SET LOCAL bytea_output = 'hex';
SELECT ok(bool_and(n *= ROW(b.event_type, b.source, b.occurred_at, b.tenant_id, b.event_key, b.payload, b.shape, b.reason, b.detail)), 'the session''s settings change nothing')
FROM before AS b, analytics_normalize(b.input) AS n;

SELECT * FROM finish();
ROLLBACK;
