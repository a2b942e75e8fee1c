/* The data of a database in use: events of many months and of both ends of time, of two tenants and of none; keys that
 * came without a time; dead letters of every state; two groups' offsets and an accepted gap; shapes of the operator's,
 * changed, disabled and deleted; a ready projection and one half built; a feed; a month that retention has dropped.
 *
 *     psql -v ON_ERROR_STOP=1 -v home=public -f data.sql -f operator.sql
 *
 * The schema ops is the operator's own. What it holds here, tests use again in a copy of the database. */

SELECT pg_catalog.set_config('search_path', pg_catalog.quote_ident(:'home'), false) \g /dev/null

CREATE SCHEMA ops;

CREATE FUNCTION ops.event(
    key text, occurred_at text DEFAULT NULL, tenant text DEFAULT NULL, event_type text DEFAULT 't', payload jsonb DEFAULT '{}')
    RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT pg_catalog.convert_to((pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
        'eventType', event_type, 'source', 's', 'eventId', key, 'occurredAt', occurred_at, 'tenantId', tenant))
        || pg_catalog.jsonb_build_object('payload', payload))::text, 'UTF8');
$$;

-- Every record that has become an event, for it to be delivered once more.
CREATE TABLE ops.records (record bytea NOT NULL);

-- A month of which only the rollups are left.
SELECT stored FROM analytics_ingest(ARRAY[ops.event('old', '2020-01-15T00:00:00Z', 'acme')]) \g /dev/null
SELECT partition FROM analytics_retain(older_than => pg_catalog.now() - '2020-03-01 00:00:00+00', keep_rollups => true) \g /dev/null

INSERT INTO analytics_shapes (name, event_type, source, required_members, time_member, iso_member, key_members)
VALUES ('own.seventh', 'seventh', 's', '{seven,at}', 'at', 'atIso', '{seven}');
UPDATE analytics_shapes SET event_type = 'guide.linked' WHERE name = 'guides.challenges';
UPDATE analytics_shapes SET enabled = false WHERE name = 'challenges.completion';
DELETE FROM analytics_shapes WHERE name = 'community.profile-updated';

CREATE FUNCTION ops."order to 2"(jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS 'SELECT $1';
DO $$
BEGIN -- the release before has none
    INSERT INTO analytics_contracts (event_type, version, mode, schema, upcast, valid_from, note)
    VALUES ('order.placed', 1, 'refuse', NULL, 'ops."order to 2"', '2024-01-01Z', 'over'),
           ('order.placed', 2, 'observe', '{"required": ["total"]}', NULL, '-infinity', NULL);
    INSERT INTO analytics_contract_finding_counts (event_type, version, pointer, keyword, count, first_seen, last_seen)
    VALUES ('order.placed', 2, '', 'required', 3, '2024-01-01Z', '2024-01-02Z');
EXCEPTION WHEN undefined_table THEN NULL;
END
$$;

-- Partitions made by hand: everything up to 2000, and a summer, its columns in another order. The second has no trigger
-- but those that it inherits.
CREATE TABLE "before ""2000""" PARTITION OF analytics_events FOR VALUES FROM (MINVALUE) TO ('2000-01-01 00:00:00+00');
SELECT analytics_watch_partition('"before ""2000"""'::regclass) \g /dev/null
CREATE TABLE "the summer of '23" (
    payload jsonb NOT NULL, tenant_id varchar(64), occurred_at timestamptz NOT NULL, source varchar(120) NOT NULL,
    ingested_at timestamptz NOT NULL DEFAULT pg_catalog.now(), event_type varchar(120) NOT NULL,
    id uuid NOT NULL DEFAULT pg_catalog.gen_random_uuid());
ALTER TABLE analytics_events ATTACH PARTITION "the summer of '23"
    FOR VALUES FROM ('2023-06-10 00:00:00+00') TO ('2023-08-20 00:00:00+00');

-- Months of that year, as they were made while it was recent; and the last month of all.
SELECT pg_catalog.format('CREATE TABLE %I PARTITION OF analytics_events FOR VALUES FROM (%L) TO (%L)',
    'analytics_events_' || pg_catalog.to_char(month, 'YYYY_MM'), pg_catalog.to_char(month, 'YYYY-MM-DD 00:00:00+00'), pg_catalog.to_char(month + interval '1 month', 'YYYY-MM-DD 00:00:00+00'))
FROM (SELECT pg_catalog.make_date(2023, n, 1) FROM pg_catalog.unnest('{3,4,5,9,10,11,12}'::integer[]) AS n
      UNION ALL SELECT '9999-12-01') AS _ (month)
\gexec
SELECT analytics_watch_partition(i.inhrelid) FROM pg_catalog.pg_inherits AS i
WHERE i.inhparent = 'analytics_events'::regclass AND i.inhrelid::regclass::text ~ 'analytics_events_(2023|9999)' \g /dev/null

INSERT INTO ops.records
SELECT ops.event('day ' || i, _analytics_iso8601('2023-03-01 00:00:00+00'::timestamptz + i * interval '1 day'),
                 (ARRAY['acme', 'zenith', NULL])[1 + i % 3], 't' || i % 4, pg_catalog.jsonb_build_object('n', i, 'text', 'text ' || i % 2))
FROM pg_catalog.generate_series(0, 300) AS i;
INSERT INTO ops.records VALUES
    (ops.event('untimed', tenant => 'acme')), (ops.event('odd', '2023-03-01T00:00:00Z', payload => '{"text":"tab\tnewline\n\\N","n":1.50}')),
    ('{"seven":"7","at":"2024-05-01T00:00:00Z"}'), ('{"guideId":"g","challengeId":"c","occurredAt":1763316840.123456789}');
SELECT stored FROM analytics_ingest((SELECT pg_catalog.array_agg(record) FROM ops.records)) \g /dev/null

-- Both ends of time, by hand.
INSERT INTO analytics_events (event_type, source, occurred_at, tenant_id, payload)
VALUES ('end', 's', '0001-01-01 00:00:00+00', 'acme', '{}'), ('end', 's', '9999-12-31 23:59:59.999999+00', 'zenith', '{}');
UPDATE analytics_events SET tenant_id = 'acme'
WHERE occurred_at >= '2023-12-01 00:00:00+00' AND occurred_at < '2023-12-10 00:00:00+00';

-- Dead letters: with and without Kafka's bytes, replayed, published, not publishable; and objects of unknown shape.
SELECT skipped FROM analytics_ingest('{"{}","{",NULL,"\\xff00"}') \g /dev/null
SELECT t FROM analytics_claim_partition('g', 't', 0, 'host:1', 100, 900) AS t \g /dev/null
SELECT t FROM analytics_claim_partition('other', 't', 0, 'host:2', 100) AS t \g /dev/null
SELECT stored FROM analytics_ingest_kafka(
    'g', 't', 0, 1, 100, 104, ARRAY['\x00ff'::bytea, NULL, ops.event('kafka', '2023-04-05T06:07:08Z', 'acme'), '{"a":'], '{100,101,102,103}',
    ARRAY['\x00ff'::bytea, NULL, NULL, NULL], ARRAY['2026-01-02 03:04:05+00'::timestamptz, NULL, NULL, NULL],
    ARRAY['[{"name":"h","base64":"/w=="},{"name":"traceparent","value":"é"}]'::jsonb, NULL, NULL, NULL]) \g /dev/null
UPDATE analytics_dead_letters SET replayed_at = pg_catalog.now() WHERE topic IS NULL AND reason = 'invalid_json';
UPDATE analytics_dead_letters SET published_at = pg_catalog.now() WHERE topic IS NOT NULL AND reason = 'invalid_utf8';
UPDATE analytics_dead_letters SET publish_fault = 'too large' WHERE topic IS NULL AND reason = 'invalid_utf8';
SELECT analytics_accept_gap('other', 't', 0, 100, 7, 'made anew') \g /dev/null

CALL analytics_create_projection('of "n"', dimensions => '{"text": ["text"]}', measures => '{"n": ["n"]}', bucket => '1 month');
SELECT _analytics_register_projection('half made', NULL, '{}', '{}', '1 day', 1000, 'ops') \g /dev/null

-- A feed, a change that was ticked, and one that was not. The release before has none.
SELECT pg_catalog.to_regclass('analytics_feeds') IS NOT NULL AS has_feeds \gset
\if :has_feeds
CALL analytics_create_feed('all', keep => '100 years');
SELECT stored FROM analytics_ingest(ARRAY[ops.event('fed', '2023-12-05T00:00:00Z', 'acme')]) \g /dev/null
SELECT analytics_tick() \g /dev/null
SELECT stored FROM analytics_ingest(ARRAY[ops.event('fed later', '2023-12-05T00:00:00Z', 'acme')]) \g /dev/null
\endif

-- Rules of retention, what maintenance has done, and a past size; 0.1.0 had none of it.
SELECT to_regclass('analytics_retention') IS NOT NULL AS has_maintenance \gset
\if :has_maintenance
INSERT INTO analytics_retention (name, position, event_types, tenant_id, keep, keep_counts)
VALUES ('rare', 1, '{t1}', NULL, NULL, NULL), ('acme', 2, NULL, 'acme', '10 years', NULL), ('all', 3, NULL, NULL, '20 years', false);
INSERT INTO analytics_retention (name, what, keep) VALUES ('letters', 'dead_letters', '20 years');
SELECT analytics_record_maintenance('events', '2026-01-02 03:04:05+00', 7, NULL) \g /dev/null
INSERT INTO analytics_size_history VALUES ('analytics_events', '2026-01-02', 7, 8192);
\endif
