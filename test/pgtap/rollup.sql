-- Rollups: whatever a statement does to the events, by whatever way, the bags say afterwards what GROUP BY says.
\ir include/start.psql
\ir include/elsewhere.psql
SELECT * FROM no_plan();

-- The oracle: events by minute, tenant and type, against the bags added up; both tables, both ways.
CREATE VIEW tap.counted_tenants AS SELECT date_bin('1 minute', occurred_at, '2000-01-01 00:00:00+00') AS minute, tenant_id::text, event_type::text, count(*)::numeric FROM analytics_events GROUP BY 1, 2, 3;
CREATE VIEW tap.kept_tenants AS SELECT minute, tenant_id::text, event_type, sum(count) AS count FROM analytics_rollup_tenants, analytics_bag_cells(hour, cells) GROUP BY 1, 2, 3 HAVING sum(count) <> 0;
CREATE VIEW tap.counted_totals AS SELECT date_bin('1 minute', occurred_at, '2000-01-01 00:00:00+00') AS minute, event_type::text, count(*)::numeric FROM analytics_events GROUP BY 1, 2;
CREATE VIEW tap.kept_totals AS SELECT minute, event_type, sum(count) AS count FROM analytics_rollup_totals, analytics_bag_cells(hour, cells) GROUP BY 1, 2 HAVING sum(count) <> 0;
CREATE FUNCTION tap.differences() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(difference, '; ') FROM (
        SELECT 'tenants lack ' || t::text FROM (TABLE tap.counted_tenants EXCEPT ALL TABLE tap.kept_tenants) AS t UNION ALL
        SELECT 'tenants have ' || t::text FROM (TABLE tap.kept_tenants EXCEPT ALL TABLE tap.counted_tenants) AS t UNION ALL
        SELECT 'totals lack ' || t::text FROM (TABLE tap.counted_totals EXCEPT ALL TABLE tap.kept_totals) AS t UNION ALL
        SELECT 'totals have ' || t::text FROM (TABLE tap.kept_totals EXCEPT ALL TABLE tap.counted_totals) AS t UNION ALL
        SELECT 'seconds differ ' || v::text FROM analytics_verify() AS v WHERE v.events = v.counted UNION ALL
        SELECT 'without seconds ' || r.hour::text FROM analytics_rollup_totals AS r WHERE r.seconds IS NULL) AS _ (difference);
$$;
CREATE FUNCTION tap.agree(what text) RETURNS text LANGUAGE sql AS $$ SELECT is(tap.differences(), NULL, what || ': the rollups say what the events say') $$;
CREATE FUNCTION tap.hold(what text, events bigint) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN NEXT is((SELECT count(*) FROM analytics_events), events, what || ': so many events');
    RETURN NEXT tap.agree(what);
END
$$;
-- Events to play with: i-th of a day, three tenants and none, five types, one a minute.
CREATE VIEW tap.some AS SELECT 's' AS source, 't' || i % 5 AS event_type, timestamptz '2025-01-31 22:00:00+00' + i * interval '1 minute 0.5 second' AS occurred_at, CASE WHEN i % 4 > 0 THEN 'tenant ' || i % 4 END AS tenant_id, '{}'::jsonb AS payload, i FROM generate_series(1, 200) AS i;
SELECT analytics_create_partition('2025-01-31 00:00:00+00', '1 month') IS NOT NULL, analytics_create_partition('2025-02-01 00:00:00+00', '1 month') IS NOT NULL \g /dev/null

-- Each way of changing events.
INSERT INTO analytics_events (source, event_type, occurred_at, tenant_id, payload) SELECT source, event_type, occurred_at, tenant_id, payload FROM tap.some;
SELECT tap.hold('INSERT', 200);
SELECT is(count(*), 4::bigint, 'one bag an hour') FROM analytics_rollup_totals;
SELECT is((SELECT count(*) FROM analytics_rollup_tenants WHERE tenant_id IS NULL), 4::bigint, 'events without a tenant have theirs');
SELECT is((SELECT max(last_ingested_at) FROM analytics_rollup_totals), (SELECT max(ingested_at) FROM analytics_events), 'with the newest ingestion');
UPDATE analytics_events SET event_type = 'other' WHERE event_type = 't1';
SELECT tap.hold('UPDATE of the type', 200);
UPDATE analytics_events SET occurred_at = occurred_at + interval '7 minutes' WHERE event_type = 'other' AND occurred_at < '2025-01-31 23:30:00+00';
SELECT tap.hold('UPDATE of the time', 200);
UPDATE analytics_events SET tenant_id = CASE WHEN tenant_id IS NULL THEN 'new' END WHERE event_type = 't2';
SELECT tap.hold('UPDATE of the tenant', 200);
UPDATE analytics_events SET occurred_at = occurred_at + interval '3 hours' WHERE event_type = 't3' AND occurred_at < '2025-02-01 00:00:00+00';
SELECT tap.hold('UPDATE into another partition', 200);
CREATE TEMP TABLE before AS SELECT (SELECT count(*) FROM analytics_rollup_totals) AS totals, (SELECT count(*) FROM analytics_rollup_tenants) AS tenants;
UPDATE analytics_events SET payload = '{"a":1}', source = 'other', ingested_at = now();
SELECT cmp_ok((SELECT count(*) FROM analytics_rollup_totals), '<=', (SELECT totals FROM before), 'UPDATE of anything else leaves no bag'); -- fewer, where it has folded
DELETE FROM analytics_events WHERE event_type = 't4';
SELECT tap.hold('DELETE', 160);
SELECT ok(bool_or(last_ingested_at IS NULL), 'a bag that only takes away has no ingestion') FROM analytics_rollup_totals;
INSERT INTO analytics_events (id, source, event_type, occurred_at, payload) SELECT CASE WHEN i % 2 = 0 THEN (SELECT id FROM analytics_events ORDER BY occurred_at LIMIT 1) ELSE gen_random_uuid() END, 's', 'conflict', (SELECT min(occurred_at) FROM analytics_events), '{}' FROM generate_series(1, 10) AS i ON CONFLICT DO NOTHING;
SELECT tap.hold('INSERT ON CONFLICT DO NOTHING', 165);
INSERT INTO analytics_events AS e (id, source, event_type, occurred_at, payload) SELECT id, 's', 'upsert', occurred_at, '{}'::jsonb FROM analytics_events WHERE event_type = 't2' UNION ALL SELECT gen_random_uuid(), 's', 'upsert', '2025-02-02 00:00:00+00', '{}' ON CONFLICT (occurred_at, id) DO UPDATE SET event_type = 'updated';
SELECT tap.hold('INSERT ON CONFLICT DO UPDATE', 166);
MERGE INTO analytics_events AS e USING (SELECT DISTINCT ON (id) id, occurred_at, event_type FROM analytics_events WHERE event_type IN ('updated', 't3') UNION ALL SELECT gen_random_uuid(), '2025-02-03 00:00:00+00', 'merged') AS m (id, occurred_at, event_type) ON e.id = m.id AND e.occurred_at = m.occurred_at
    WHEN MATCHED AND m.event_type = 'updated' THEN UPDATE SET event_type = 'merged' WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (source, event_type, occurred_at, payload) VALUES ('s', m.event_type, m.occurred_at, '{}');
SELECT tap.hold('MERGE', 127);
COPY analytics_events (source, event_type, occurred_at, tenant_id, payload) FROM stdin;
s	copied	2025-02-04 00:00:00+00	\N	{}
s	copied	2025-02-04 00:00:00+00	c	{}
s	copied	2025-01-04 00:00:00+00	c	{}
\.
SELECT tap.hold('COPY', 130);
WITH a AS (INSERT INTO analytics_events (source, event_type, occurred_at, payload) VALUES ('s', 'with', '2025-02-05 00:00:00+00', '{}') RETURNING 1), b AS (DELETE FROM analytics_events WHERE event_type = 'copied' RETURNING 1), c AS (INSERT INTO analytics_events (source, event_type, occurred_at, payload) VALUES ('s', 'with', '2025-01-05 00:00:00+00', '{}') RETURNING 1) UPDATE analytics_events SET tenant_id = 'with' WHERE event_type = 'merged';
SELECT tap.hold('four statements in one', 129);
SELECT * FROM analytics_ingest(ARRAY(SELECT tap.event(i::text, _analytics_iso8601('2024-12-01 00:00:00+00'::timestamptz + i * interval '1 day'), 'ingested', 'i' || i % 3) FROM generate_series(1, 60) AS i) || ARRAY[tap.event('1', '2024-12-02T00:00:00Z', 'ingested', 'i1'), '{']) \g /dev/null
SELECT tap.hold('analytics_ingest, with partitions to be made and a duplicate', 189);

-- Statements that name a partition.
INSERT INTO analytics_events_2025_01 (source, event_type, occurred_at, payload) SELECT 's', 'direct', '2025-01-10 07:00:00+00', '{}' FROM generate_series(1, 10);
SELECT tap.hold('INSERT into a partition', 199);
SELECT is(count(*), 1::bigint, 'makes one bag') FROM analytics_rollup_totals WHERE hour = '2025-01-10 07:00:00+00';
UPDATE analytics_events_2025_01 SET event_type = 'direct 2' WHERE event_type = 'direct';
SELECT tap.agree('UPDATE of a partition');
DELETE FROM analytics_events_2025_01 WHERE event_type = 'direct 2';
SELECT tap.agree('DELETE from a partition');
CREATE TABLE "by hand" PARTITION OF analytics_events FOR VALUES FROM ('2020-01-01 00:00:00+00') TO ('2020-01-10 00:00:00+00');
CREATE TABLE other_order (payload jsonb NOT NULL, tenant_id varchar(64), dropped int, occurred_at timestamptz NOT NULL, event_type varchar(120) NOT NULL, ingested_at timestamptz NOT NULL DEFAULT now(), id uuid NOT NULL DEFAULT gen_random_uuid(), source varchar(120) NOT NULL);
ALTER TABLE other_order DROP COLUMN dropped;
ALTER TABLE analytics_events ATTACH PARTITION other_order FOR VALUES FROM ('2020-01-10 00:00:00+00') TO ('2020-02-01 00:00:00+00');
INSERT INTO analytics_events (source, event_type, occurred_at, tenant_id, payload) SELECT 's', 't' || i % 2, '2020-01-01 00:00:00+00'::timestamptz + i * interval '1 hour', 'h', '{}' FROM generate_series(1, 500) AS i;
SELECT tap.hold('INSERT through the parent into partitions made by hand', 689);
SELECT is(count(*), 500::bigint, 'one bag an hour') FROM analytics_rollup_totals WHERE hour BETWEEN '2020-01-01 00:00:00+00' AND '2020-02-01 00:00:00+00';
INSERT INTO "by hand" (source, event_type, occurred_at, payload) SELECT 's', 't', '2020-01-05 00:00:00+00', '{}' FROM generate_series(1, 20);
SELECT tap.hold('INSERT into such a partition', 709);
UPDATE "by hand" SET event_type = 'u' WHERE event_type = 't';
SELECT tap.agree('UPDATE of such a partition');
DELETE FROM other_order WHERE occurred_at < '2020-01-12 00:00:00+00';
SELECT tap.agree('DELETE from such a partition');
SELECT analytics_watch_partition('"by hand"') \g /dev/null
INSERT INTO "by hand" (source, event_type, occurred_at, payload) SELECT 's', 'watched', '2020-01-06 00:30:00+00', '{}' FROM generate_series(1, 20);
SELECT tap.agree('INSERT into one that is watched');
SELECT is(count(*), 1::bigint, 'makes one bag') FROM analytics_rollup_totals AS r WHERE EXISTS (SELECT FROM analytics_bag_cells(r.hour, r.cells) WHERE event_type = 'watched');

-- TRUNCATE.
BEGIN;
TRUNCATE "by hand";
SELECT tap.agree('TRUNCATE of a watched partition, in its transaction');
ROLLBACK;
SELECT tap.agree('and rolled back');
TRUNCATE "by hand";
SELECT tap.agree('TRUNCATE of a watched partition');
TRUNCATE analytics_events_2025_01, analytics_events_2025_02;
SELECT tap.agree('TRUNCATE of two partitions');
BEGIN;
INSERT INTO analytics_events (source, event_type, occurred_at, payload) VALUES ('s', 't', '2024-12-05 00:00:00+00', '{}'), ('s', 't', '2020-01-20 00:00:00+00', '{}');
TRUNCATE analytics_events;
SELECT tap.agree('TRUNCATE of the table, after an INSERT');
INSERT INTO analytics_events (source, event_type, occurred_at, payload) VALUES ('s', 't', '2024-12-05 00:00:00+00', '{}'), ('s', 't', '2020-01-20 00:00:00+00', '{}');
SELECT tap.agree('and an INSERT after it');
ROLLBACK;
SELECT tap.agree('all rolled back');
SELECT (_analytics_partition_at('2024-12-05 00:00:00+00')).partition AS december \gset
ALTER TABLE analytics_events DETACH PARTITION :december;
CREATE TEMP TABLE detached AS SELECT count(*) AS bags FROM analytics_rollup_totals;
TRUNCATE :december;
SELECT is((SELECT count(*) FROM analytics_rollup_totals), (SELECT bags FROM detached), 'TRUNCATE of a partition that was detached takes nothing away');
SELECT analytics_rebuild() IS NOT NULL \g /dev/null
TRUNCATE analytics_events;
SELECT tap.hold('TRUNCATE', 0);
INSERT INTO analytics_events (source, event_type, occurred_at, payload) VALUES ('s', 't', '2020-01-20 00:00:00+00', '{}');
TRUNCATE analytics_rollup_totals, analytics_events, analytics_rollup_tenants, analytics_projection_bags;
SELECT tap.hold('TRUNCATE with the rollups', 0);

-- Transactions, savepoints, failures.
SELECT * FROM analytics_ingest(ARRAY[tap.event('base', '2025-02-01T00:00:00Z')]) \g /dev/null
BEGIN;
INSERT INTO analytics_events (source, event_type, occurred_at, payload) VALUES ('s', 'kept', '2025-02-01 00:00:00+00', '{}');
SAVEPOINT a;
INSERT INTO analytics_events (source, event_type, occurred_at, payload) VALUES ('s', 'lost', '2025-02-01 00:00:00+00', '{}');
SAVEPOINT b;
DELETE FROM analytics_events WHERE event_type = 'kept';
RELEASE b;
ROLLBACK TO a;
INSERT INTO analytics_events (source, event_type, occurred_at, payload) VALUES ('s', 'kept too', '2025-02-01 00:00:00+00', '{}');
SELECT tap.agree('what a savepoint that is rolled back counted, goes with it');
COMMIT;
SELECT tap.hold('so it is after COMMIT', 3);
BEGIN; DELETE FROM analytics_events; ROLLBACK;
SELECT tap.hold('ROLLBACK', 3);
-- A statement that fails half way, in a block that goes on: what it had counted is forgotten.
CREATE FUNCTION tap.fail_at_three() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.event_type = 'three' THEN RAISE 'three'; END IF; RETURN NULL; END $$;
CREATE TRIGGER z_fail AFTER INSERT ON analytics_events FOR EACH ROW EXECUTE FUNCTION tap.fail_at_three();
DO $$
BEGIN
    FOR i IN 1..3 LOOP
        BEGIN
            INSERT INTO analytics_events (source, event_type, occurred_at, payload) SELECT 's', unnest('{one,two,three}'::text[]), '2025-02-01 00:00:00+00', '{}';
        EXCEPTION WHEN raise_exception THEN
            INSERT INTO analytics_events (source, event_type, occurred_at, payload) VALUES ('s', 'instead', '2025-02-01 00:00:00+00', '{}');
        END;
    END LOOP;
END
$$;
SELECT tap.hold('statements that fail half way and are caught', 6);
DROP TRIGGER z_fail ON analytics_events;
-- Statements within statements: a trigger of the user's that stores events in turn, in a block of its own that may fail, before and after ours.
CREATE FUNCTION tap.nest() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.source <> 'nested' THEN
        BEGIN
            INSERT INTO analytics_events (source, event_type, occurred_at, tenant_id, payload) SELECT 'nested', NEW.event_type || i, NEW.occurred_at + interval '1 hour', 'n', '{}' FROM generate_series(1, 2) AS i;
            IF NEW.tenant_id = 'fail' THEN RAISE 'fail'; END IF;
        EXCEPTION WHEN raise_exception THEN
            DELETE FROM analytics_events WHERE event_type = 'instead';
        END;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER a_nest AFTER INSERT ON analytics_events FOR EACH ROW EXECUTE FUNCTION tap.nest();
INSERT INTO analytics_events (source, event_type, occurred_at, tenant_id, payload) SELECT 's', 'nest', '2025-02-01 00:00:00+00', CASE i % 2 WHEN 0 THEN 'fail' END, '{}' FROM generate_series(1, 6) AS i;
SELECT tap.hold('a trigger of the user''s, before ours', 15);
DROP TRIGGER a_nest ON analytics_events;
CREATE TRIGGER z_nest AFTER INSERT ON analytics_events FOR EACH ROW EXECUTE FUNCTION tap.nest();
INSERT INTO analytics_events (source, event_type, occurred_at, tenant_id, payload) SELECT 's', 'nest', '2025-02-01 00:00:00+00', CASE i % 2 WHEN 0 THEN 'fail' END, '{}' FROM generate_series(1, 6) AS i;
SELECT tap.agree('and after ours');
DROP TRIGGER z_nest ON analytics_events;
-- Foreign keys that cascade.
CREATE TABLE tap.types (name varchar(120) PRIMARY KEY);
INSERT INTO tap.types SELECT DISTINCT event_type FROM analytics_events;
ALTER TABLE analytics_events ADD CONSTRAINT known FOREIGN KEY (event_type) REFERENCES tap.types ON DELETE CASCADE ON UPDATE CASCADE;
UPDATE tap.types SET name = 'renamed' WHERE name = 'nest1';
SELECT tap.agree('ON UPDATE CASCADE');
DELETE FROM tap.types WHERE name IN ('renamed', 'nest2');
SELECT tap.agree('ON DELETE CASCADE');
ALTER TABLE analytics_events DROP CONSTRAINT known;
-- Isolation levels.
BEGIN ISOLATION LEVEL REPEATABLE READ;
INSERT INTO analytics_events (source, event_type, occurred_at, payload) VALUES ('s', 'rr', '2025-02-01 00:00:00+00', '{}');
SELECT tap.agree('REPEATABLE READ');
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE;
INSERT INTO analytics_events (source, event_type, occurred_at, payload) VALUES ('s', 'ser', '2025-02-01 00:00:00+00', '{}');
SELECT tap.agree('SERIALIZABLE');
COMMIT;
-- An old snapshot: folding betrays it nothing of what others have committed since, and TRUNCATE takes away what it does not see, too.
SELECT tap.open_session('other') \g /dev/null
CREATE PROCEDURE tap.store_one_by_one(tenant text, events integer) LANGUAGE plpgsql SET search_path = public AS $$
BEGIN
    FOR i IN 1..events LOOP
        INSERT INTO analytics_events (source, event_type, occurred_at, tenant_id, payload) VALUES ('s', 'o', '2025-02-12 10:00:00+00', tenant, '{}');
    END LOOP;
END
$$;
CALL tap.store_one_by_one('o', 20);
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM analytics_events \g /dev/null
SELECT tap.there('other', $$CALL tap.store_one_by_one('o', 40)$$) \g /dev/null
CALL tap.store_one_by_one('o', 100);
SELECT tap.agree('folded under REPEATABLE READ');
COMMIT;
SELECT tap.agree('and committed');
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM analytics_events \g /dev/null
SELECT tap.there('other', $$CALL tap.store_one_by_one('o', 10)$$) \g /dev/null
TRUNCATE analytics_events_2025_02;
COMMIT;
SELECT tap.agree('TRUNCATE under REPEATABLE READ');
BEGIN ISOLATION LEVEL SERIALIZABLE;
CALL tap.store_one_by_one('o', 100);
SELECT tap.there('other', $$BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT count(*) FROM public.analytics_shapes; CALL tap.store_one_by_one('o', 100); COMMIT$$) \g /dev/null
COMMIT;
SELECT tap.agree('two writers under SERIALIZABLE, neither of which reads what the other writes');
-- Two phases: what a prepared transaction counted and folded is seen when its events are, and nobody waits for it.
SELECT current_setting('max_prepared_transactions')::integer > 0 AS may_prepare \gset
\if :may_prepare
BEGIN;
DO $$ BEGIN FOR i IN 1..100 LOOP INSERT INTO analytics_events (source, event_type, occurred_at, tenant_id, payload) VALUES ('s', 'o', '2025-02-12 10:00:00+00', 'o', '{}'); END LOOP; END $$;
PREPARE TRANSACTION 'analytics_check_first';
CALL tap.store_one_by_one('o', 100);
SELECT tap.agree('prepared');
BEGIN;
DELETE FROM analytics_events WHERE tenant_id = 'o';
PREPARE TRANSACTION 'analytics_check_second';
COMMIT PREPARED 'analytics_check_first';
SELECT tap.agree('and committed');
ROLLBACK PREPARED 'analytics_check_second';
SELECT tap.agree('or rolled back');
\endif
SELECT dblink_disconnect('other') \g /dev/null
-- Times at the ends of what a column can hold, in a partition made by hand.
CREATE TABLE beyond PARTITION OF analytics_events FOR VALUES FROM (MINVALUE) TO ('0001-01-01 00:00:00+00');
CREATE TABLE above PARTITION OF analytics_events FOR VALUES FROM ('10000-01-01 00:00:00+00') TO (MAXVALUE);
INSERT INTO analytics_events (source, event_type, occurred_at, payload) SELECT 's', 't', t, '{}' FROM unnest('{4714-11-24 00:00:00+00 BC,294276-12-31 23:59:59.999999+00,0044-03-15 BC}'::timestamptz[]) AS t;
SELECT tap.agree('times beyond what ingest takes');
INSERT INTO analytics_events (source, event_type, occurred_at, payload) VALUES ('s', 't', 'infinity', '{}'), ('s', 't', '-infinity', '{}');
DELETE FROM analytics_events WHERE NOT isfinite(occurred_at);
SELECT tap.agree('infinite times are in no minute, and cost nothing');

-- Folding: a key's bags stay few, whatever they are made of.
DO $$ BEGIN FOR i IN 1..600 LOOP INSERT INTO analytics_events (source, event_type, occurred_at, tenant_id, payload) VALUES ('s', 'f' || i % 3, timestamptz '2025-02-10 10:00:00+00' + i % 60 * interval '1 minute', 'fold', '{}'); END LOOP; END $$;
SELECT tap.agree('six hundred bags, in one transaction');
SELECT cmp_ok(count(*), '<', 100::bigint, 'of which few are left in the totals') FROM analytics_rollup_totals WHERE hour = '2025-02-10 10:00:00+00';
SELECT cmp_ok(count(*), '<', 100::bigint, 'and of the tenant') FROM analytics_rollup_tenants WHERE hour = '2025-02-10 10:00:00+00' AND tenant_id = 'fold';
BEGIN;
DO $$ BEGIN FOR i IN 1..200 LOOP INSERT INTO analytics_events (source, event_type, occurred_at, tenant_id, payload) VALUES ('s', 'f' || i % 3, timestamptz '2025-02-10 10:00:00+00' + i % 60 * interval '1 minute', 'fold', '{}'); END LOOP; END $$;
ROLLBACK;
SELECT tap.agree('folded, and rolled back');

-- A large statement writes as it goes.
INSERT INTO analytics_events (source, event_type, occurred_at, tenant_id, payload) SELECT 's', 'l' || i % 7, timestamptz '2025-02-11 00:00:00+00' + i * interval '10 seconds', 'large ' || i % 1000, '{}' FROM generate_series(1, 60000) AS i;
SELECT tap.agree('sixty thousand cells');
SELECT cmp_ok(count(*), '>', count(DISTINCT hour), 'not all of them gathered until the end') FROM analytics_rollup_totals WHERE hour >= '2025-02-11 00:00:00+00';
SELECT is(analytics_verify::text, NULL, 'nothing to be verified') FROM (SELECT) AS _ LEFT JOIN analytics_verify() ON true;

SELECT * FROM finish();
