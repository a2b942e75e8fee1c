-- What a shape can say: values as conditions, and type, source, tenant, time, key and payload from members. CloudEvents,
-- and ten more forms in the manner of real products' webhooks, each as one row.
\ir include/start.psql
SELECT * FROM no_plan();

CREATE FUNCTION tap.event_of(input text) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(n.reason || ': ' || n.detail,
                    concat_ws(' | ', n.shape, n.event_type, n.source, coalesce(n.occurred_at::text, '-'), coalesce(n.tenant_id, '-'),
                              coalesce(n.event_key::text, '-'), n.payload::text))
    FROM analytics_normalize(input) AS n;
$$;
SET TimeZone = 'UTC'; SET DateStyle = 'ISO';

-- CloudEvents 1.0, structured JSON (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md).
CREATE TEMP TABLE cloud (means text, input text, answer text);
INSERT INTO cloud VALUES
('all attributes', '{"specversion":"1.0","type":"com.example.order.placed","source":"/shops/7","id":"o-1","time":"2025-11-16T18:14:00.5+01:00","subject":"x","tenantid":"acme","datacontenttype":"application/json","data":{"total":1.50}}',
 'cloudevents | com.example.order.placed | /shops/7 | 2025-11-16 17:14:00.5+00 | acme | {o-1} | {"total": 1.50}'),
('the required ones alone: the whole record is the payload', '{"specversion":"1.0","type":"t","source":"s","id":"i"}', 'cloudevents | t | s | - | - | {i} | {"id": "i", "type": "t", "source": "s", "specversion": "1.0"}'),
('data that is no object: likewise', '{"specversion":"1.0","type":"t","source":"s","id":"i","data":[1]}', 'cloudevents | t | s | - | - | {i} | {"id": "i", "data": [1], "type": "t", "source": "s", "specversion": "1.0"}'),
('data in base64: likewise', '{"specversion":"1.0","type":"t","source":"s","id":"i","data_base64":"AA=="}', 'cloudevents | t | s | - | - | {i} | {"id": "i", "type": "t", "source": "s", "data_base64": "AA==", "specversion": "1.0"}'),
('a null time is none', '{"specversion":"1.0","type":"t","source":"s","id":"i","time":null,"data":{}}', 'cloudevents | t | s | - | - | {i} | {}'),
('an extension with the name of a canonical member', '{"specversion":"1.0","type":"t","source":"s","id":"i","data":{},"payload":1}', 'cloudevents | t | s | - | - | {i} | {}'),
('another version', '{"specversion":"0.3","type":"t","source":"s","id":"i"}', 'unknown_shape: neither canonical nor of any known shape'),
('a version that is a number', '{"specversion":1.0,"type":"t","source":"s","id":"i"}', 'unknown_shape: neither canonical nor of any known shape'),
('no id', '{"specversion":"1.0","type":"t","source":"s"}', 'unknown_shape: neither canonical nor of any known shape'),
('a null type', '{"specversion":"1.0","type":null,"source":"s","id":"i"}', 'missing_field: type: must not be null'),
('a null source', '{"specversion":"1.0","type":"t","source":null,"id":"i"}', 'missing_field: source: must not be null'),
('an empty type', '{"specversion":"1.0","type":"","source":"s","id":"i"}', 'invalid_field: type: must be a string of 1 to 120 characters'),
('a source that is too long', format('{"specversion":"1.0","type":"t","source":"%s","id":"i"}', repeat('s', 121)), 'invalid_field: source: must be a string of 1 to 120 characters'),
('a tenant that is too long', format('{"specversion":"1.0","type":"t","source":"s","id":"i","tenantid":"%s"}', repeat('s', 65)), 'invalid_field: tenantid: must be a string of 1 to 64 characters'),
('a time that is none', '{"specversion":"1.0","type":"t","source":"s","id":"i","time":"now"}', 'invalid_timestamp: time: must be an instant in the years 0001 to 9999'),
('a source that is missing comes before a bad type', '{"specversion":"1.0","type":"","source":null,"id":"i"}', 'missing_field: source: must not be null'),
('text that jsonb can''t hold', '{"specversion":"1.0","type":"\u0000","source":"s","id":"i"}', 'unstorable_text');
SELECT is(regexp_replace(tap.event_of(input), '^(unstorable_text): .*', '\1'), answer, 'CloudEvents: ' || means) FROM cloud;
SELECT is(ROW(r.stored, r.duplicates), ROW(2::bigint, 1::bigint), 'an id is a key within its source') FROM analytics_ingest(ARRAY[
    '{"specversion":"1.0","type":"t","source":"a","id":"i"}', '{"id":"i","specversion":"1.0","type":"t","source":"a"}',
    '{"specversion":"1.0","type":"t","source":"b","id":"i"}']::text[]::bytea[]) AS r;

-- The framing of a schema registry's serializer.
SELECT is(coalesce(n.shape, n.reason), verdict, means) FROM (VALUES
('\x0000000007'::bytea || '{"eventType":"t","source":"s","payload":{}}'::bytea, 'canonical', 'behind the header stands a record'),
('\x00ffffffff'::bytea || '{"specversion":"1.0","type":"t","source":"s","id":"i"}'::bytea, 'cloudevents', 'whatever the schema''s id'),
('\x0000000007'::bytea || '{"eventType":'::bytea, 'invalid_json', 'behind the header stands no JSON'),
('\x0000000007'::bytea, 'invalid_json', 'a header and nothing behind it'),
('\x00000007'::bytea || '{}'::bytea, 'invalid_json', 'a header that is too short'),
('\x0000000007'::bytea || '\x0000000007'::bytea || '{}'::bytea, 'invalid_json', 'two headers'),
('\x0100000007'::bytea || '{}'::bytea, 'invalid_json', 'another first byte')
) AS framed(value, verdict, means), analytics_normalize(value) AS n;
SELECT is(d.value, '\x0000000007'::bytea || '{"eventType":'::bytea, 'a dead letter keeps all bytes')
FROM analytics_ingest(ARRAY['\x0000000007'::bytea || '{"eventType":'::bytea]), LATERAL (SELECT value FROM analytics_dead_letters) AS d;

-- Ten forms of other products, in the manner of their documents.
INSERT INTO analytics_shapes (name, event_type, event_type_member, source, source_member, tenant_id, tenant_member, time_member, time_optional, iso_member, key_members, payload_member, required_members, member_values) VALUES
('pay.event', NULL, 'type', 'pay', NULL, NULL, 'account', 'created', false, NULL, '{id}', '/data/object', '{id,type,created,data}', '{"object": ["event"]}'),
('code.pull-request', 'code.pull-request', NULL, NULL, '/repository/full_name', NULL, '/organization/login', '/pull_request/updated_at', false, NULL, '{/pull_request/id,action,/pull_request/updated_at}', NULL, '{action,pull_request,repository}', '{}'),
('code.push', 'code.push', NULL, NULL, '/repository/full_name', NULL, NULL, '/head_commit/timestamp', true, NULL, '{after}', NULL, '{ref,before,after,repository}', '{}'),
('shop.order', 'shop.order-updated', NULL, 'shop', NULL, NULL, NULL, 'updated_at', false, 'updatedAtIso', '{admin_graphql_api_id,updated_at}', NULL, '{admin_graphql_api_id,line_items,updated_at}', '{"test": [false]}'),
('chat.event', NULL, '/event/type', 'chat', NULL, NULL, 'team_id', 'event_time', false, NULL, '{event_id}', 'event', '{team_id,event,event_id,event_time}', '{"type": ["event_callback"]}'),
('mail.event', NULL, '/event-data/event', 'mail', NULL, 'mailing', NULL, '/event-data/timestamp', false, NULL, '{/event-data/id}', 'event-data', '{signature,event-data}', '{"/event-data/event": ["delivered", "opened", "clicked"]}'),
('track.call', NULL, 'event', 'web', NULL, NULL, '/context/groupId', 'timestamp', false, NULL, '{messageId}', 'properties', '{type,event,messageId,timestamp}', '{"type": ["track"]}'),
('cloud.event', NULL, 'detail-type', NULL, 'source', NULL, 'account', 'time', false, NULL, '{id}', 'detail', '{detail-type,source,account,time,detail}', '{"version": ["0"]}'),
('cdc.change', 'cdc.row-changed', NULL, NULL, '/source/table', NULL, '/source/db', '/source/ts_ms', false, NULL, '{/source/lsn,op}', 'after', '{before,after,source,op}', '{"op": ["c", "u"]}'),
('pager.event', NULL, '/event/event_type', 'pager', NULL, NULL, NULL, '/event/occurred_at', false, NULL, '{/event/id}', '/event/data', '{event}', '{"/event/resource_type": ["incident"], "/messages/0/level": [1, 2]}');
CREATE TEMP TABLE products (input text, answer text);
INSERT INTO products VALUES
('{"id":"evt_1","object":"event","type":"invoice.paid","account":"acct_1","created":1763316840,"livemode":true,"data":{"object":{"id":"in_1","total":1250}}}', 'pay.event | invoice.paid | pay | 2025-11-16 18:14:00+00 | acct_1 | {evt_1} | {"id": "in_1", "total": 1250}'),
('{"action":"opened","number":2,"pull_request":{"id":34778,"updated_at":"2025-11-16T18:14:00Z"},"repository":{"full_name":"octo/hello"},"organization":{"login":"octo"}}', 'code.pull-request | code.pull-request | octo/hello | 2025-11-16 18:14:00+00 | octo | {34778,opened,2025-11-16T18:14:00Z} | {"action": "opened", "number": 2, "repository": {"full_name": "octo/hello"}, "organization": {"login": "octo"}, "pull_request": {"id": 34778, "updated_at": "2025-11-16T18:14:00Z"}}'),
('{"ref":"refs/heads/main","before":"00","after":"1f","head_commit":null,"repository":{"full_name":"octo/hello"}}', 'code.push | code.push | octo/hello | - | - | {1f} | {"ref": "refs/heads/main", "after": "1f", "before": "00", "repository": {"full_name": "octo/hello"}, "head_commit": null}'),
('{"admin_graphql_api_id":"gid://1","updated_at":"2025-11-16T13:14:00-05:00","line_items":[],"test":false}', 'shop.order | shop.order-updated | shop | 2025-11-16 18:14:00+00 | - | {gid://1,2025-11-16T13:14:00-05:00} | {"test": false, "line_items": [], "updated_at": "2025-11-16T13:14:00-05:00", "updatedAtIso": "2025-11-16T18:14:00Z", "admin_graphql_api_id": "gid://1"}'),
('{"team_id":"T1","type":"event_callback","event_id":"Ev1","event_time":1763316840,"event":{"type":"message","text":"hi"}}', 'chat.event | message | chat | 2025-11-16 18:14:00+00 | T1 | {Ev1} | {"text": "hi", "type": "message"}'),
('{"signature":{"token":"x"},"event-data":{"event":"opened","id":"m1","timestamp":1763316840.25,"recipient":"a@example.org"}}', 'mail.event | opened | mail | 2025-11-16 18:14:00.25+00 | mailing | {m1} | {"id": "m1", "event": "opened", "recipient": "a@example.org", "timestamp": 1763316840.25}'),
('{"type":"track","event":"Order Completed","messageId":"m","timestamp":"2025-11-16T18:14:00.123Z","context":{"groupId":"g"},"properties":{"total":9.90}}', 'track.call | Order Completed | web | 2025-11-16 18:14:00.123+00 | g | {m} | {"total": 9.90}'),
('{"version":"0","id":"e-1","detail-type":"Instance Stopped","source":"cloud.compute","account":"123","time":"2025-11-16T18:14:00Z","region":"r","resources":[],"detail":{"state":"stopped"}}', 'cloud.event | Instance Stopped | cloud.compute | 2025-11-16 18:14:00+00 | 123 | {e-1} | {"state": "stopped"}'),
('{"before":null,"after":{"id":7},"source":{"db":"app","table":"orders","lsn":991,"ts_ms":1763316840000},"op":"c"}', 'cdc.change | cdc.row-changed | orders | 2025-11-16 18:14:00+00 | app | {991,c} | {"id": 7}'),
('{"messages":[{"level":2.0}],"event":{"id":"p1","event_type":"incident.triggered","resource_type":"incident","occurred_at":"2025-11-16T18:14:00Z","data":{"urgency":"high"}}}', 'pager.event | incident.triggered | pager | 2025-11-16 18:14:00+00 | - | {p1} | {"urgency": "high"}'),
-- and what they are not
('{"id":"evt_1","object":"charge","type":"invoice.paid","created":1763316840,"data":{"object":{}}}', 'unknown_shape: neither canonical nor of any known shape'),
('{"admin_graphql_api_id":"gid://1","updated_at":"2025-11-16T13:14:00-05:00","line_items":[],"test":true}', 'unknown_shape: neither canonical nor of any known shape'),
('{"signature":1,"event-data":{"event":"failed","id":"m1","timestamp":1}}', 'unknown_shape: neither canonical nor of any known shape'),
('{"team_id":"T1","type":"event_callback","event_id":"Ev1","event_time":1763316840,"event":{}}', 'missing_field: /event/type: is required'),
('{"team_id":"T1","type":"event_callback","event_id":"Ev1","event_time":1763316840,"event":{"type":7}}', 'invalid_field: /event/type: must be a string of 1 to 120 characters'),
('{"action":"x","pull_request":{},"repository":{"full_name":"r"}}', 'invalid_timestamp: /pull_request/updated_at: is required'),
('{"action":"x","pull_request":{"updated_at":null},"repository":{"full_name":"r"}}', 'invalid_timestamp: /pull_request/updated_at: must not be null'),
('{"messages":[{"level":3}],"event":{"id":"p1","event_type":"t","resource_type":"incident","occurred_at":"2025-11-16T18:14:00Z"}}', 'unknown_shape: neither canonical nor of any known shape');
SELECT is(tap.event_of(input), answer, left(answer, 60)) FROM products;
SELECT is(r.stored, 10::bigint, 'all ten are stored') FROM analytics_ingest((SELECT array_agg(convert_to(input, 'UTF8')) FROM products WHERE answer LIKE '% | %')) AS r;
SELECT is(r.duplicates, 10::bigint, 'and known again') FROM analytics_ingest((SELECT array_agg(convert_to(input, 'UTF8')) FROM products WHERE answer LIKE '% | %')) AS r;

SELECT * FROM finish();
