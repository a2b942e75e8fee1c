-- analytics_try_shape: what it says comes true when the shape is written, and until then nothing has changed.
\ir include/start.psql
SELECT * FROM no_plan();
SET analytics.max_future = -1;

DELETE FROM analytics_shapes;
INSERT INTO analytics_shapes (name, position, event_type, source, required_members, time_member, iso_member) VALUES
    ('order', 20, 'order.placed', 'shop', '{order_id,at}', 'at', 'at_iso'), ('refund', 30, 'order.refunded', 'shop', '{refund_id}', NULL, NULL);

-- Records of every kind: of the two shapes, canonical, and of none.
CREATE TABLE tap.records AS
SELECT n, convert_to(CASE n % 8
    WHEN 0 THEN format('{"order_id":%s,"at":"2025-01-%sT00:00:00Z"}', n, to_char(1 + n % 28, 'FM00')) WHEN 1 THEN format('{"refund_id":%s}', n) WHEN 2 THEN format('{"order_id":%s,"at":"2025-01-05T00:00:00Z","refund_id":1}', n)
    WHEN 3 THEN format('{"eventType":"order.placed","source":"shop","payload":{"order_id":%s,"at":"2025-01-05T00:00:00Z"}}', n) WHEN 4 THEN format('{"parcel":%s,"sent":"2025-01-02T00:00:00Z"}', n) WHEN 5 THEN format('{"parcel":%s,"sent":"x"}', n)
    WHEN 6 THEN format('{"order_id":%s,"at":"never"}', n) ELSE '{' || n END, 'UTF8') AS value FROM generate_series(1, 160) AS n;
SELECT * FROM analytics_ingest((SELECT array_agg(value ORDER BY n) FROM tap.records)) \gset first_

CREATE TABLE tap.before AS SELECT * FROM analytics_events;
CREATE FUNCTION tap.tried(shape jsonb) RETURNS TABLE (line text) LANGUAGE sql AS $$
    SELECT concat_ws(' ', finding, '[' || from_shape || ']', '->', to_shape, event_type, reason, records, nullif(other_identity, 0)) FROM analytics_try_shape(shape) $$;

\set parcel '{"name": "parcel", "event_type": "parcel.sent", "source": "post", "required_members": ["parcel", "sent"], "time_member": "sent", "key_members": ["parcel"]}'
SELECT set_eq(format('SELECT * FROM tap.tried(%L)', :'parcel'), $$VALUES ('becomes_event -> parcel parcel.sent 20'), ('has_other_reason -> invalid_timestamp 20'), ('same_dead_letter -> invalid_timestamp 20'),
    ('same_dead_letter -> invalid_json 20'), ('same_event [order] -> order order.placed 60'), ('same_event [refund] -> refund order.refunded 20')$$, 'a shape of dead letters');

-- One that is asked first takes what both orders and refunds have; a key gives other ids.
SELECT set_eq($$SELECT * FROM tap.tried('{"name": "both", "position": 10, "event_type": "both", "source": "shop", "required_members": ["order_id", "refund_id"], "key_members": ["order_id"]}')$$,
    $$VALUES ('changes_shape [order] -> both both 20 20'), ('same_event [order] -> order order.placed 40'), ('same_event [refund] -> refund order.refunded 20'), ('same_dead_letter -> unknown_shape 40'),
        ('same_dead_letter -> invalid_timestamp 20'), ('same_dead_letter -> invalid_json 20')$$, 'a shape that takes events away');

-- A key that is taught later; a time that is taught later; a time that old records do not have.
SELECT set_eq($$SELECT * FROM tap.tried((SELECT to_jsonb(s) || '{"key_members": ["order_id"]}' FROM analytics_shapes AS s WHERE name = 'order')) WHERE line ~ 'order\.'$$,
    $$VALUES ('same_event [order] -> order order.placed 60 60'), ('same_event [refund] -> refund order.refunded 20')$$, 'a key');
SELECT set_has($$SELECT * FROM tap.tried((SELECT to_jsonb(s) || '{"required_members": ["refund_id", "day"]}' FROM analytics_shapes AS s WHERE name = 'refund'))$$,
    $$VALUES ('is_refused [refund] -> unknown_shape 20')$$, 'a member that is required now');

-- Nothing has changed, in the table or in this session's rules.
SELECT results_eq('SELECT name FROM analytics_shapes ORDER BY 1', $$VALUES ('order'), ('refund')$$, 'the table is as it was');
SELECT set_eq('TABLE analytics_events', 'TABLE tap.before', 'the events too');
SELECT is((analytics_normalize('{"parcel":1,"sent":"2025-01-02T00:00:00Z"}'::text)).reason, 'unknown_shape', 'and what this session knows');
SELECT cmp_ok((SELECT sum(records) FROM analytics_try_shape(:'parcel', sample => 7)), '<=', 14::numeric, 'no more than a sample');
SELECT is((SELECT examples FROM analytics_try_shape(:'parcel') WHERE finding = 'becomes_event'), (SELECT array_agg(id::text ORDER BY id::text) FROM (SELECT id FROM analytics_dead_letters WHERE convert_from(value, 'UTF8') ~ 'sent":"2025' ORDER BY id::text LIMIT 3) AS d), 'three ids');

-- It comes true: written and replayed, as many become events.
BEGIN;
INSERT INTO analytics_shapes (name, event_type, source, required_members, time_member, key_members) SELECT name, event_type, source, required_members, time_member, key_members FROM jsonb_populate_record(NULL::analytics_shapes, :'parcel');
SELECT results_eq('SELECT stored FROM analytics_replay_dead_letters()', $$VALUES (20::bigint)$$, 'what was said comes true');
ROLLBACK;

-- What can't be written can't be tried.
SELECT tap.fails($$SELECT analytics_try_shape('{"name": "x", "event_type": "t", "source": "s", "required_members": []}')$$, '23514', 'a bad shape');
SELECT tap.fails($$SELECT analytics_try_shape('{"name": "x", "colour": "red"}')$$, '42703', 'a column that is not there');
SELECT tap.fails($$SELECT analytics_try_shape('{"name": "x\" (y", "a, b": 1}')$$, '42703', 'a name with anything in it');
SELECT tap.fails($$SELECT analytics_try_shape('[]')$$, '22023', 'no object');
SELECT tap.fails($$SELECT analytics_try_shape('{}')$$, '22023', 'an empty one');
CREATE ROLE analytics_check_trier;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO analytics_check_trier; GRANT USAGE ON SCHEMA tap TO analytics_check_trier;
SET ROLE analytics_check_trier;
SELECT tap.fails(format('SELECT analytics_try_shape(%L)', :'parcel'), '42501', 'who may not write shapes');
RESET ROLE;
DROP OWNED BY analytics_check_trier; DROP ROLE analytics_check_trier;

SELECT * FROM finish();
