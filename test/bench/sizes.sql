-- What each table needs, in bytes with indexes and TOAST: the numbers of doc/growth.md. For an empty database:
--
--     psql -X -q -f test/bench/sizes.sql
--
-- 100 tenants for ten days, with ten events an hour and tenant of four types, some 400 bytes each; a projection by the
-- hour with five groups; a feed; 10,000 keys of events without a time; 10,000 dead letters of 400 bytes; sizes of 400 days.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
CREATE EXTENSION analytics_events;
CALL analytics_create_projection('p', dimensions => '{"k": ["k"]}', measures => '{"n": ["n"]}', bucket => '1 hour');
CALL analytics_create_feed('f', keep => '5000 years');
SELECT count(r.stored) AS batches FROM generate_series(0, 239) AS h, LATERAL analytics_ingest((
    SELECT array_agg(convert_to(jsonb_build_object(
        'eventType', 'service.event-' || n % 4, 'source', 'some-service', 'tenantId', 'tenant-' || t,
        'occurredAt', to_char('2025-03-01Z'::timestamptz + h * interval '1 hour' + n * interval '5 minutes',
                              'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'eventId', concat_ws('-', h, t, n),
        'payload', jsonb_build_object('k', n % 5, 'n', n, 'text', repeat('some text, ', 22)))::text, 'UTF8'))
    FROM generate_series(1, 100) AS t, generate_series(1, 10) AS n)) AS r \g /dev/null
SELECT count(*) FROM analytics_ingest((
    SELECT array_agg(convert_to(jsonb_build_object('eventType', 'untimed', 'source', 's', 'eventId', n,
                                                   'payload', '{}'::jsonb)::text, 'UTF8'))
    FROM (SELECT n::text FROM generate_series(1, 10000) AS n) AS k)) \g /dev/null
INSERT INTO analytics_dead_letters (reason, detail, topic, partition, "offset", recorded_at, value)
SELECT 'invalid_json', 'unexpected byte at byte 118', 'analytics.events', n % 4, n, now(), convert_to(repeat('x', 400), 'UTF8')
FROM generate_series(1, 10000) AS n;
INSERT INTO analytics_size_history SELECT 't' || t, '2025-03-11'::date - d, 1000, 1000000
FROM generate_series(1, 15) AS t, generate_series(1, 400) AS d;
CALL analytics_maintain('2025-03-12Z');
VACUUM (FREEZE, ANALYZE);
SELECT s.table_name, u.unit, u.number, round(s.bytes::numeric / u.number) AS bytes_each
FROM analytics_sizes() AS s JOIN (VALUES
    ('analytics_events', 'event', (SELECT count(*) FROM analytics_events WHERE occurred_at < '2025-04-01Z')),
    ('analytics_rollup_tenants', 'hour and tenant', 24000), ('analytics_rollup_totals', 'hour', 240),
    ('analytics_projection_bags', 'bucket and tenant', 24000), ('analytics_untimed_keys', 'key', 10000),
    ('analytics_outbox', 'statement and tenant, ten events', 24000),
    ('analytics_dead_letters', 'dead letter', 10000), ('analytics_size_history', 'table and day', 6000)
    ) AS u (table_name, unit, number) ON u.table_name = s.table_name
ORDER BY s.table_name;
