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
    '{"outcome": "event", "shape": "canonical", "eventType": "t", "source": "s", "occurredAt": "2026-01-02T03:04:05.500000Z", "tenantId": "x", "key": ["k"]}'::jsonb, 'all of an event');
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

SELECT * FROM finish();
