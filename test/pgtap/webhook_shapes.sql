-- Records of real products, in the form that their documents give to webhooks: each is one row of analytics_shapes, with
-- event type, source, tenant, key, time, version and payload from members or constants. The examples are our own.
--
-- A row sees the body alone. What such a service says only in an HTTP header (the event of a code host or a shop) is a
-- constant of a row for each kind of event; which kind it is, the members tell.
\ir include/start.psql
SELECT * FROM no_plan();
SET TimeZone = 'UTC'; SET DateStyle = 'ISO';

INSERT INTO analytics_shapes (name, event_type, event_type_member, source, source_member, tenant_id, tenant_member, time_member, time_optional, iso_member, key_members, payload_member, version, version_member, required_members, member_values) VALUES
-- a payment service
('pay.event', NULL, 'type', 'pay', NULL, NULL, 'account', 'created', false, NULL, '{id}', '/data/object', NULL, NULL, '{id,type,created,data}', '{"object": ["event"], "livemode": [true]}'),
-- a code host, two kinds of event
('code.pull-request', 'code.pull-request', NULL, NULL, '/repository/full_name', NULL, '/organization/login', '/pull_request/updated_at', false, NULL, '{/pull_request/id,action,/pull_request/updated_at}', NULL, NULL, NULL, '{action,pull_request,repository}', '{}'),
('code.push', 'code.push', NULL, NULL, '/repository/full_name', NULL, NULL, '/head_commit/timestamp', true, NULL, '{after}', NULL, NULL, NULL, '{ref,before,after,repository}', '{}'),
-- a shop
('shop.order', 'shop.order-updated', NULL, 'shop', NULL, NULL, NULL, 'updated_at', false, 'updatedAtIso', '{admin_graphql_api_id,updated_at}', NULL, 2, NULL, '{admin_graphql_api_id,line_items,updated_at}', '{"test": [false]}'),
-- a mailing service
('mail.event', NULL, '/event-data/event', 'mail', NULL, 'mailing', NULL, '/event-data/timestamp', false, NULL, '{/event-data/id}', 'event-data', NULL, NULL, '{signature,event-data}', '{"/event-data/event": ["delivered", "opened", "clicked"]}'),
-- a chat service
('chat.event', NULL, '/event/type', 'chat', NULL, NULL, 'team_id', 'event_time', false, NULL, '{event_id}', 'event', NULL, NULL, '{team_id,event,event_id,event_time}', '{"type": ["event_callback"]}'),
-- an issue tracker
('issue.event', NULL, 'webhookEvent', 'tracker', NULL, NULL, '/issue/fields/project/key', 'timestamp', false, 'timestampIso', '{/issue/id,webhookEvent,timestamp}', NULL, NULL, NULL, '{timestamp,webhookEvent,issue}', '{}'),
-- a monitoring service: the notice of a group of alerts, whose version is a text
('alert.group', 'alert.group-changed', NULL, NULL, 'receiver', NULL, '/commonLabels/team', '/alerts/0/startsAt', false, NULL, '{groupKey,status,/alerts/0/fingerprint,/alerts/0/startsAt}', NULL, NULL, 'version', '{version,groupKey,status,receiver,alerts}', '{"status": ["firing", "resolved"]}'),
-- a video-call service; its member payload makes no canonical event
('call.event', NULL, 'event', 'calls', NULL, NULL, '/payload/account_id', 'event_ts', false, NULL, '{/payload/object/uuid,event,event_ts}', '/payload/object', NULL, NULL, '{event,event_ts,payload}', '{}'),
-- a CRM; its version is "2.0", so the row says 2
('crm.change', NULL, '/meta/entity', 'crm', NULL, NULL, '/meta/company_id', '/meta/timestamp', false, NULL, '{/meta/id}', 'data', 2, NULL, '{meta,data,previous}', '{"/meta/version": ["2.0"], "/meta/action": ["create", "change"]}'),
-- an identity provider
('login.log', NULL, '/data/type', NULL, '/data/client_name', NULL, '/data/tenant_name', '/data/date', false, NULL, '{log_id}', 'data', NULL, NULL, '{log_id,data}', '{"/data/type": ["s", "f", "ss"]}'),
-- and four more: behaviour of visitors, a cloud's events, changes of a database's rows, a pager
('track.call', NULL, 'event', 'web', NULL, NULL, '/context/groupId', 'timestamp', false, NULL, '{messageId}', 'properties', NULL, NULL, '{type,event,messageId,timestamp}', '{"type": ["track"]}'),
('cloud.event', NULL, 'detail-type', NULL, 'source', NULL, 'account', 'time', false, NULL, '{id}', 'detail', NULL, NULL, '{detail-type,source,account,time,detail}', '{"version": ["0"]}'),
('cdc.change', 'cdc.row-changed', NULL, NULL, '/source/table', NULL, '/source/db', '/source/ts_ms', false, NULL, '{/source/lsn,op}', 'after', NULL, NULL, '{before,after,source,op}', '{"op": ["c", "u"]}'),
('pager.event', NULL, '/event/event_type', 'pager', NULL, NULL, NULL, '/event/occurred_at', false, NULL, '{/event/id}', '/event/data', NULL, NULL, '{event}', '{"/event/resource_type": ["incident"], "/messages/0/level": [1, 2]}');

CREATE TEMP TABLE products (input text, answer text);
INSERT INTO products VALUES('{"id":"evt_1","object":"event","type":"invoice.paid","account":"acct_1","created":1763316840,"livemode":true,"data":{"object":{"id":"in_1","total":1250}}}', 'pay.event | invoice.paid | pay | 2025-11-16 18:14:00+00 | acct_1 | {evt_1} | {"id": "in_1", "total": 1250}'),
('{"action":"opened","number":2,"pull_request":{"id":34778,"updated_at":"2025-11-16T18:14:00Z"},"repository":{"full_name":"octo/hello"},"organization":{"login":"octo"}}', 'code.pull-request | code.pull-request | octo/hello | 2025-11-16 18:14:00+00 | octo | {34778,opened,2025-11-16T18:14:00Z} | {"action": "opened", "number": 2, "repository": {"full_name": "octo/hello"}, "organization": {"login": "octo"}, "pull_request": {"id": 34778, "updated_at": "2025-11-16T18:14:00Z"}}'),
('{"ref":"refs/heads/main","before":"00","after":"1f","head_commit":null,"repository":{"full_name":"octo/hello"}}', 'code.push | code.push | octo/hello | - | - | {1f} | {"ref": "refs/heads/main", "after": "1f", "before": "00", "repository": {"full_name": "octo/hello"}, "head_commit": null}'),
('{"admin_graphql_api_id":"gid://1","updated_at":"2025-11-16T13:14:00-05:00","line_items":[],"test":false}', 'shop.order | shop.order-updated | shop | 2025-11-16 18:14:00+00 | - | {gid://1,2025-11-16T13:14:00-05:00} | {"test": false, "version": 2, "line_items": [], "updated_at": "2025-11-16T13:14:00-05:00", "updatedAtIso": "2025-11-16T18:14:00Z", "admin_graphql_api_id": "gid://1"}'),
('{"signature":{"token":"x"},"event-data":{"event":"opened","id":"m1","timestamp":1763316840.25,"recipient":"a@example.org"}}', 'mail.event | opened | mail | 2025-11-16 18:14:00.25+00 | mailing | {m1} | {"id": "m1", "event": "opened", "recipient": "a@example.org", "timestamp": 1763316840.25}'),
('{"team_id":"T1","type":"event_callback","event_id":"Ev1","event_time":1763316840,"event":{"type":"message","text":"hi"}}', 'chat.event | message | chat | 2025-11-16 18:14:00+00 | T1 | {Ev1} | {"text": "hi", "type": "message"}'),
('{"timestamp":1763316840123,"webhookEvent":"issue_updated","user":{"accountId":"u-7"},"issue":{"id":"10002","key":"OPS-3","fields":{"project":{"key":"OPS"},"summary":"It \"leaks\""}},"changelog":{"items":[{"field":"status","toString":"Done"}]}}', 'issue.event | issue_updated | tracker | 2025-11-16 18:14:00.123+00 | OPS | {10002,issue_updated,1763316840123} | {"user": {"accountId": "u-7"}, "issue": {"id": "10002", "key": "OPS-3", "fields": {"project": {"key": "OPS"}, "summary": "It \"leaks\""}}, "changelog": {"items": [{"field": "status", "toString": "Done"}]}, "timestamp": 1763316840123, "timestampIso": "2025-11-16T18:14:00.123000Z", "webhookEvent": "issue_updated"}'),
('{"version":"4","groupKey":"{}:{alertname=\"Full\"}","truncatedAlerts":0,"status":"firing","receiver":"ops","commonLabels":{"team":"storage"},"alerts":[{"status":"firing","fingerprint":"9f","startsAt":"2025-11-16T18:14:00.250000001Z","endsAt":"0001-01-01T00:00:00Z"}]}', 'alert.group | alert.group-changed | ops | 2025-11-16 18:14:00.25+00 | storage | {"{}:{alertname=\"Full\"}",firing,9f,2025-11-16T18:14:00.250000001Z} | {"alerts": [{"endsAt": "0001-01-01T00:00:00Z", "status": "firing", "startsAt": "2025-11-16T18:14:00.250000001Z", "fingerprint": "9f"}], "status": "firing", "version": 4, "groupKey": "{}:{alertname=\"Full\"}", "receiver": "ops", "commonLabels": {"team": "storage"}, "truncatedAlerts": 0}'),
('{"event":"meeting.ended","event_ts":1763316840999,"payload":{"account_id":"acc9","object":{"uuid":"4444AAA==","id":111,"topic":"Standup","duration":60}}}', 'call.event | meeting.ended | calls | 2025-11-16 18:14:00.999+00 | acc9 | {4444AAA==,meeting.ended,1763316840999} | {"id": 111, "uuid": "4444AAA==", "topic": "Standup", "duration": 60}'),
('{"meta":{"action":"change","company_id":"31","entity":"deal","entity_id":"42","id":"f06e","timestamp":"2025-11-16T18:14:00.006Z","version":"2.0"},"data":{"id":42,"value":9.90,"stage":3},"previous":{"stage":2}}', 'crm.change | deal | crm | 2025-11-16 18:14:00.006+00 | 31 | {f06e} | {"id": 42, "stage": 3, "value": 9.90, "version": 2}'),
('{"log_id":"9002025","data":{"date":"2025-11-16T18:14:00.010Z","type":"s","client_name":"Back office","tenant_name":"acme","user_id":"db|7","ip":"2001:db8::1"}}', 'login.log | s | Back office | 2025-11-16 18:14:00.01+00 | acme | {9002025} | {"ip": "2001:db8::1", "date": "2025-11-16T18:14:00.010Z", "type": "s", "user_id": "db|7", "client_name": "Back office", "tenant_name": "acme"}'),
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
('{"messages":[{"level":3}],"event":{"id":"p1","event_type":"t","resource_type":"incident","occurred_at":"2025-11-16T18:14:00Z"}}', 'unknown_shape: neither canonical nor of any known shape'),
('{"id":"evt_1","object":"event","type":"invoice.paid","created":1763316840,"livemode":false,"data":{"object":{}}}', 'unknown_shape: neither canonical nor of any known shape'),
('{"timestamp":1763316840123,"webhookEvent":"user_created","user":{}}', 'unknown_shape: neither canonical nor of any known shape'),
('{"version":"4","groupKey":"g","status":"firing","receiver":"ops","alerts":[]}', 'invalid_timestamp: /alerts/0/startsAt: is required'),
('{"event":"endpoint.url_validation","event_ts":1763316840999,"payload":{"plainToken":"x","object":7}}', 'call.event | endpoint.url_validation | calls | 2025-11-16 18:14:00.999+00 | - | - | {"event": "endpoint.url_validation", "payload": {"object": 7, "plainToken": "x"}, "event_ts": 1763316840999}'),
('{"meta":{"action":"change","company_id":31,"entity":"deal","id":"f","timestamp":"2025-11-16T18:14:00Z","version":"2.0"},"data":{},"previous":{}}', 'invalid_field: /meta/company_id: must be a string of 1 to 64 characters'),
('{"meta":{"action":"change","entity":"deal","id":"f","timestamp":"2025-11-16T18:14:00Z","version":"1.0"},"data":{},"previous":{}}', 'unknown_shape: neither canonical nor of any known shape'),
('[{"log_id":"1","data":{}}]', 'not_an_object: expected an object, found an array');
SELECT is(tap.event_of(input), answer, left(answer, 60)) FROM products;

-- Stored, redelivered in the same bytes and in others.
CREATE TEMP TABLE sent AS SELECT array_agg(convert_to(input, 'UTF8')) AS records, array_agg(convert_to(input::jsonb::text, 'UTF8')) AS rewritten, count(*) AS number
    FROM products WHERE answer LIKE '% | {%} | {%'; -- what has a key
SELECT results_eq('SELECT r.stored, r.duplicates FROM sent, analytics_ingest(records) AS r', 'SELECT number, 0::bigint FROM sent', 'all are stored');
SELECT results_eq('SELECT r.stored, r.duplicates FROM sent, analytics_ingest(records) AS r', 'SELECT 0::bigint, number FROM sent', 'and known again');
SELECT results_eq('SELECT r.stored, r.duplicates FROM sent, analytics_ingest(rewritten) AS r', 'SELECT 0::bigint, number FROM sent', 'in whatever order their members are');
SELECT set_eq('SELECT event_type::text, source::text, tenant_id::text, payload FROM analytics_events',
    $$SELECT n.event_type, n.source, n.tenant_id, n.payload FROM products, analytics_normalize(input) AS n WHERE n.event_key IS NOT NULL$$, 'as they were judged');
SELECT set_eq($$SELECT event_type, version FROM analytics_versions('2025-01-01Z', '2100-01-01Z') WHERE version <> 1$$,
    $$VALUES ('shop.order-updated', 2), ('alert.group-changed', 4), ('deal', 2)$$, 'with their versions');
SELECT is_empty('SELECT * FROM analytics_verify()', 'the counts are right');

SELECT * FROM finish();
