-- analytics_explain: the normalizer's verdict, and the way to it.
\ir include/start.psql
SELECT * FROM no_plan();

DELETE FROM analytics_shapes;
INSERT INTO analytics_shapes (name, position, event_type, source, required_members, not_null_members, null_or_absent_members, absent_members, member_values, time_member, time_optional) VALUES
    ('order', 1, 'order.placed', 'shop', '{order_id}', '{total}', '{}', '{}', '{}', 'at', true),
    ('hook', 2, 'hook', 'pay', '{}', '{}', '{error}', '{draft}', '{"object": ["event"], "/data/version": [1, 2.0, true]}', NULL, false);

CREATE FUNCTION tap.explained(value text, OUT verdict text, OUT considered text) LANGUAGE sql AS $$
    SELECT concat_ws(' ', e ->> 'outcome', e ->> 'shape', e ->> 'reason'),
           (SELECT string_agg(concat(c ->> 'shape', ': ', (SELECT string_agg(l, ', ') FROM jsonb_array_elements_text(c -> 'lacks') AS l)), '; ' ORDER BY n)
            FROM jsonb_array_elements(e -> 'considered') WITH ORDINALITY AS u (c, n))
    FROM analytics_explain(value) AS e
$$;

SELECT results_eq(format('SELECT * FROM tap.explained(%L)', value), format('VALUES (%L, %L)', verdict, considered), value) FROM (VALUES
    ('{"eventType":"t","source":"s","payload":{}}', 'event canonical', 'canonical: '),
    ('{"eventType":"t","payload":{}}', 'refused canonical missing_field', 'canonical: '),
    ('{"order_id":1,"total":2,"at":"2026-01-02T03:04:05Z"}', 'event order', 'canonical: eventType: is required, payload: is required; order: '),
    ('{"order_id":1,"total":2,"at":"x"}', 'refused order invalid_timestamp', 'canonical: eventType: is required, payload: is required; order: '),
    ('{"eventType":"x","total":null}', 'refused unknown_shape',
     'canonical: payload: is required; order: order_id: is required, total: must not be null; hook: object: must be "event", /data/version: must be one of 1, 2.0, true'),
    ('{"object":"event","error":"e","draft":0,"data":{"version":3}}', 'refused unknown_shape',
     'canonical: eventType: is required, payload: is required; order: order_id: is required, total: is required; hook: error: must be null or absent, draft: must be absent, /data/version: must be one of 1, 2.0, true'),
    ('{"object":"event","data":{"version":2}}', 'event hook', 'canonical: eventType: is required, payload: is required; order: order_id: is required, total: is required; hook: '),
    ('[1]', 'refused not_an_object', NULL), ('{', 'refused invalid_json', NULL)) AS v (value, verdict, considered);
SELECT results_eq($$SELECT e ->> 'reason', e -> 'considered' FROM analytics_explain(NULL::bytea) AS e$$, $$VALUES ('tombstone', NULL::jsonb)$$, 'a record without a value');
SELECT is(analytics_explain('{"eventType":"t","source":"s","tenantId":"x","eventId":"k","occurredAt":"2026-01-02T03:04:05.5Z","payload":{"a":1}}'::text) - 'considered',
    '{"outcome": "event", "shape": "canonical", "eventType": "t", "version": 1, "source": "s", "occurredAt": "2026-01-02T03:04:05.500000Z", "tenantId": "x", "key": ["k"]}'::jsonb, 'all of an event');
SELECT is(analytics_explain('{"eventType":"t","source":"s","payload":{}}'::text) ->> 'occurredAt', NULL, 'of an event without a time of its own');
SELECT is_empty('SELECT FROM analytics_events UNION ALL SELECT FROM analytics_dead_letters', 'nothing is stored');

SELECT results_eq($$SELECT analytics_explain(value) -> 'closest' FROM unnest('{"{\"total\":1}","{\"object\":\"event\"}","{\"order_id\":1,\"total\":1}","[]"}'::text[]) AS value$$,
    $$VALUES ('{"shape": "order", "lacks": ["order_id: is required"]}'::jsonb), ('{"shape": "hook", "lacks": ["/data/version: must be one of 1, 2.0, true"]}'), (NULL), (NULL)$$, 'the shape of which least is lacking');

-- After a record that was considered, one that can't be; and the other way round.
SELECT is((SELECT array_agg(analytics_explain(value) -> 'considered' IS NULL ORDER BY n) FROM unnest('{"{}","[]","{}"}'::text[]) WITH ORDINALITY AS u (value, n)), '{f,t,f}', 'each record by itself');

-- What is considered leads to the verdict, for every record of the shared cases' kinds.
SELECT is_empty($$
    SELECT value FROM unnest(ARRAY['{}', '{"order_id":1}', '{"order_id":null,"total":0}', '{"total":1,"order_id":2,"error":3}', '{"object":"event"}', '{"object":"event","data":{"version":true},"error":null}',
        '{"object":"event","data":{"version":"1"}}', '{"payload":1,"eventType":2}']) AS value, LATERAL analytics_explain(value) AS e
    WHERE (e ->> 'reason' IS NOT DISTINCT FROM 'unknown_shape') <> NOT EXISTS (SELECT FROM jsonb_array_elements(e -> 'considered') AS c WHERE c -> 'lacks' = '[]')$$, 'of a known shape if it lacks nothing');

-- What a refused record would be.
SELECT is(analytics_explain(value) ->> 'wouldBe', would_be, value) FROM (VALUES
    ('{"order_id":1}', 'would be `order.placed` if it had `total`'),
    ('{"order_id":1,"total":null}', 'would be `order.placed` if `total` were not null'),
    ('{"order_id":1,"total":2,"at":"x"}', 'would be `order.placed` if `at` were an instant in the years 0001 to 9999'),
    ('{"object":"event","data":{"version":"s3cret"}}', 'would be `hook` if `/data/version` were one of 1, 2.0, true'),
    ('{"x":1}', 'would be an event if it had `eventType` and `payload`'),
    ('{"eventType":"t","payload":{}}', 'would be an event if it had `source`'),
    ('{"eventType":"t","source":"s","payload":{}}', NULL), ('[1]', NULL), ('{', NULL)) AS v (value, would_be);
SELECT is(analytics_explain(NULL::bytea) ->> 'wouldBe', NULL, 'a record without a value');

-- Versions, and what contracts find.
INSERT INTO analytics_contracts (event_type, version, mode, valid_from, schema) VALUES
    ('o.p', 1, 'refuse', '2026-01-02Z', NULL), ('o.p', 2, 'enforce', DEFAULT, '{"required":["id"],"properties":{"total":{"type":"number"}}}'), ('o.p', 3, 'observe', DEFAULT, '{"properties":{"a":{"items":{"maximum":1}}}}'), ('o.p', 4, 'accept', DEFAULT, NULL);
CREATE FUNCTION tap.explanation(event_type text, payload text) RETURNS jsonb LANGUAGE sql AS $$
    SELECT analytics_explain(format('{"eventType":"%s","source":"s","payload":%s}', event_type, payload)) - '{considered,shape,source}'::text[]
$$;
SELECT is(tap.explanation('o.p.v4', '{}'), '{"outcome":"event","eventType":"o.p","version":4}', 'a version that is accepted');
SELECT is(tap.explanation('o.q.v4', '{}'), '{"outcome":"event","eventType":"o.q.v4","version":4}', 'a type that is not registered');
SELECT is(tap.explanation('o.p', '{"version":2,"id":1,"total":3}'), '{"outcome":"event","eventType":"o.p","version":2}', 'what holds');
SELECT is(tap.explanation('o.p.v2', '{"id":1,"total":"s3cret"}'), '{"outcome":"refused","eventType":"o.p","version":2,"reason":"contract_violation","detail":"\"/total\" type: expected number",
    "findings":[{"mode":"enforce","pointer":"/total","keyword":"type","expected":"number","condition":"`total` were a number"}],"wouldBe":"would be `o.p` v2 if `total` were a number"}', 'what violates a contract that is enforced');
SELECT is(tap.explanation('o.p.v2', '{}') ->> 'wouldBe', 'would be `o.p` v2 if it had `id`', 'a missing member');
SELECT is(tap.explanation('o.p.v3', '{"a":[0,4711]}'), '{"outcome":"event","eventType":"o.p","version":3,"findings":[{"mode":"observe","pointer":"/a/*","keyword":"maximum","expected":"1","condition":"`/a/*` were at most 1"}]}', 'what is only observed');
SELECT is(tap.explanation('o.p', '{}'), '{"outcome":"refused","eventType":"o.p","version":1,"reason":"contract_violation","detail":"\"\" version: expected a version other than 1",
    "findings":[{"mode":"refuse","pointer":"","keyword":"version","expected":"a version other than 1","condition":"it had a version other than 1","because":"version 1 is over since 2026-01-02T00:00:00Z"}],"wouldBe":"would be `o.p` if it had a version other than 1"}', 'a version that is over');
SELECT is(tap.explanation('o.p.v2', '{"id":1,"t":"\u0000"}'), '{"outcome":"refused","reason":"unstorable_text","detail":"U+0000 at byte 56"}'::jsonb || jsonb_build_object('detail', tap.explanation('o.p.v2', '{"id":1,"t":"\u0000"}') -> 'detail'), 'what holds and cannot be stored');
SET analytics.unregistered_types = observe;
SELECT is(tap.explanation('o.q', '{}') #> '{findings,0}', '{"mode":"observe","pointer":"","keyword":"eventType","expected":"a type that has a contract","condition":"it had a type that has a contract","because":"no contract registers the event type"}', 'a type that is only observed');
SET analytics.unregistered_types = refuse;
SELECT is(tap.explanation('o.p.v9', '{}') - 'detail', '{"outcome":"refused","eventType":"o.p","version":9,"reason":"contract_violation",
    "findings":[{"mode":"refuse","pointer":"","keyword":"version","expected":"a version that has a contract","condition":"it had a version that has a contract","because":"no contract registers version 9"}],"wouldBe":"would be `o.p` if it had a version that has a contract"}', 'a version that is not registered');
SELECT is(tap.explanation('o.q', '{}') ->> 'wouldBe', 'would be an event if it had a type that has a contract', 'a type that is not registered');
RESET analytics.unregistered_types;

-- The finding is analytics_contract_finding's, and the version analytics_event_version's.
SELECT is_empty($$
    SELECT payload FROM unnest('{"{}","{\"id\":1}","{\"id\":1,\"total\":null}","{\"total\":\"x\",\"id\":[]}"}'::jsonb[]) AS payload, analytics_contracts AS c, LATERAL analytics_contract_finding(c.schema, payload) AS f,
        LATERAL tap.explanation('o.p.v2', payload::text) AS e
    WHERE c.event_type = 'o.p' AND c.version = 2 AND (e #>> '{findings,0,pointer}', e #>> '{findings,0,keyword}', e #>> '{findings,0,expected}') IS DISTINCT FROM (f.pointer, f.keyword, f.expected)$$, 'as the schema is judged');
SELECT is_empty($$
    SELECT value FROM unnest(ARRAY['{"eventType":"a.v3","source":"s","payload":{}}', '{"eventType":"a","source":"s","payload":{"version":5}}', '{"order_id":1,"total":2}', '{"eventType":"o.p.v4","source":"s","payload":{"version":7}}']) AS value,
        LATERAL analytics_normalize(value) AS n WHERE (analytics_explain(value) ->> 'version')::int IS DISTINCT FROM analytics_event_version(n.event_type, n.payload)$$, 'the version is that of the event');

SELECT * FROM finish();
