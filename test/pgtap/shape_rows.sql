-- What a shape can say: values as conditions, and type, source, tenant, time, key and payload from members. CloudEvents
-- is such a row; webhook_shapes.sql has those of other products.
\ir include/start.psql
SELECT * FROM no_plan();

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

SELECT * FROM finish();
