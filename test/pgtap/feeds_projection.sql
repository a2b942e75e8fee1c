-- Feeds of projections: whatever changes a projection's rows, replaying its feed by key gives exactly its view.
\ir include/start.psql
SELECT * FROM no_plan();
SET TimeZone = 'UTC'; SET DateStyle = 'ISO';

CREATE TABLE tap.copy (key text PRIMARY KEY, value jsonb);
CREATE TABLE tap.place (feed text PRIMARY KEY, after text);
-- Reads a feed from where it stopped, applies what it answers to tap.copy, and says what came.
CREATE FUNCTION tap.replay(feed text, max_rows integer DEFAULT 1000) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    place text := (SELECT p.after FROM tap.place AS p WHERE p.feed = $1);
    answer record;
    news text[] := '{}';
    found_any boolean := true;
BEGIN
    WHILE found_any LOOP
        found_any := false;
        FOR answer IN SELECT * FROM analytics_read_feed(feed, place, max_rows) LOOP
            found_any := true;
            place := answer."position";
            CONTINUE WHEN answer.operation IS NULL;
            news := news || concat_ws(' ', answer.operation, answer.tenant_id, coalesce(answer.key ->> 'plan', CASE answer.key ->> 'other' WHEN 'true' THEN 'other' ELSE '-' END), answer.value ->> 'count');
            IF answer.operation = 'put' THEN
                INSERT INTO tap.copy VALUES (answer.key::text, answer.value) ON CONFLICT (key) DO UPDATE SET value = excluded.value;
            ELSE
                DELETE FROM tap.copy AS c WHERE c.key = answer.key::text;
            END IF;
        END LOOP;
    END LOOP;
    INSERT INTO tap.place AS p VALUES (feed, place) ON CONFLICT ON CONSTRAINT place_pkey DO UPDATE SET after = place;
    RETURN array_to_string(news, ', ');
END
$$;
CREATE FUNCTION tap.news(feed text DEFAULT 'sales') RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    WHILE analytics_tick() IS NOT NULL LOOP END LOOP;
    RETURN tap.replay(feed);
END
$$;
CREATE FUNCTION tap.agree(what text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT set_eq('SELECT value FROM tap.copy', $q$SELECT item::jsonb FROM _analytics_projection_page('sales', 100000)$q$, what);
$$;
CREATE FUNCTION tap.store(hour int, plan text, tenant text DEFAULT NULL, amount int DEFAULT 1) RETURNS void LANGUAGE sql AS $$
    INSERT INTO analytics_events (event_type, source, occurred_at, tenant_id, payload) VALUES ('sale', 's', '2025-01-15Z'::timestamptz + hour * interval '1 hour', tenant, jsonb_build_object('plan', plan, 'amount', amount));
$$;
SELECT analytics_create_partition(m, '1 month') FROM generate_series('2025-01-01Z'::timestamptz, '2025-03-01Z', '1 month') AS m \g /dev/null
SELECT tap.store(1, 'a'), tap.store(1, 'a', 't'), tap.store(2, 'b') \g /dev/null
CALL analytics_create_projection('sales', dimensions => '{"plan": ["plan"]}', measures => '{"amount": ["amount"]}');
CALL analytics_create_projection('many', dimensions => '{"plan": ["plan"]}', max_groups => 1);

-- What cannot be a source.
SELECT tap.fails($$SELECT _analytics_register_feed('f', 'nothing', NULL, NULL, NULL, 'id', 'event', 'now', '1 day', '1 second')$$, '22023', 'neither events nor a projection');
SELECT tap.fails(format($$SELECT _analytics_register_feed('f', 'sales', 't', NULL, NULL, %s, 'now', '1 day', '1 second')$$, a), '22023', 'a projection has its own key and format: ' || a) FROM unnest(ARRAY[$$'tenant', 'event'$$, $$'id', 'cloudevent'$$]) AS a;
SELECT tap.fails($$SELECT _analytics_register_feed('f', 'sales', NULL, '{sale}', NULL, 'id', 'event', 'now', '1 day', '1 second')$$, '22023', 'a projection has types of its own');
INSERT INTO analytics_projections (name, event_types, dimensions, measures, bucket, max_groups, view_schema) VALUES ('unready', NULL, '{}', '{}', '1 hour', 10, 'public');
SELECT tap.fails($$SELECT _analytics_register_feed('f', 'unready', NULL, NULL, NULL, 'id', 'event', 'now', '1 day', '1 second')$$, '55000', 'a projection that is being built');

-- Without a feed nothing is kept; a feed begins with what is there.
SELECT is_empty('TABLE analytics_outbox', 'no feed, no outbox');
CALL analytics_create_feed('sales', 'sales');
CALL analytics_create_feed('oft', 'sales', tenant_id => 't', since => 'now');
SELECT is((SELECT count(*) FROM analytics_read_feed('sales') WHERE operation = 'put'), 3::bigint, 'the past');
SELECT is(tap.replay('sales', 1) <> '', true, 'the past one by one');
SELECT tap.agree('the past');
SELECT unnest(ARRAY[is(value::jsonb, (SELECT item::jsonb FROM _analytics_projection_page('sales', 1)), 'a row as HTTP shows it'), is(key::text, '{"bucket_start":"2025-01-15T02:00:00Z","tenant_id":null,"plan":"b","other":false}', 'its key'), is(occurred_at, '2025-01-15 02:00Z'::timestamptz, 'its bucket'), is(num_nulls(id, event_type, tenant_id), 3, 'nothing of an event')]) FROM analytics_read_feed('sales', NULL, 1);
SELECT is(item::jsonb -> 'key', (SELECT f.key::jsonb FROM analytics_read_feed('sales', 'beginning', 1) AS f), 'its key over HTTP') FROM _analytics_http_feed('sales', 'beginning', 1, NULL, false) WHERE item IS NOT NULL;

-- Changes.
SELECT tap.store(1, 'a', 't'), tap.store(3, NULL) \g /dev/null
SELECT is(tap.news(), 'put t a 2, put - 1', 'changed rows as they are');
SELECT tap.store(1, 'a', 't') FROM generate_series(1, 5) \g /dev/null
UPDATE analytics_events SET payload = payload || '{"amount": 9}' WHERE tenant_id = 't';
SELECT is(tap.news(), 'put t a 7', 'a row comes once in a page');
SELECT tap.agree('changes');
UPDATE analytics_events SET tenant_id = 'u' WHERE tenant_id = 't';
SELECT is(tap.news(), 'delete t a, delete t other, put u a 7', 'another tenant');
DELETE FROM analytics_events WHERE payload ->> 'plan' = 'b';
SELECT tap.store(2, 'b') \g /dev/null
SELECT matches(tap.news(), 'put b 1', 'gone and there again');
SELECT tap.agree('deleted, moved and stored again');
BEGIN;
SELECT tap.store(9, 'never') \g /dev/null
ROLLBACK;
SELECT is(tap.news(), '', 'what is rolled back does not come');
SELECT results_eq($$SELECT DISTINCT tenant_id FROM analytics_read_feed('oft') WHERE operation IS NOT NULL$$, $$VALUES ('t')$$, 'a feed of a tenant has its changes alone');

-- All at once: TRUNCATE, retention, a repair, a projection that is built again.
SELECT tap.store(3, 'c', 'v') \g /dev/null
SELECT tap.news() \g /dev/null
TRUNCATE analytics_events;
SELECT matches(tap.news(), 'delete v c', 'TRUNCATE');
SELECT is_empty('TABLE tap.copy', 'leaves nothing');
SELECT tap.store(1, 'a'), tap.store(24 * 20, 'b', 't') \g /dev/null
SELECT tap.news() \g /dev/null
SELECT _analytics_drop_partition('analytics_events_2025_01', '2025-02-01Z') \g /dev/null
SELECT is(tap.news(), 'put a 1', 'retention that keeps counts changes minima and maxima that only the events knew');
SELECT tap.agree('of what is kept');
SELECT tap.store(24 * 20, 'b', 't') \g /dev/null
SELECT tap.news() \g /dev/null
SELECT count(*) FROM analytics_retain('1 hour', false) \g /dev/null
SELECT matches(tap.news(), 'delete a, delete other', 'retention that does not');
SELECT tap.agree('what is left of retention');
SELECT is_empty('TABLE tap.copy', 'which is nothing');
SELECT analytics_create_partition('2025-01-01Z', '1 month') \g /dev/null
SELECT tap.store(1, 'a'), tap.store(2, 'b', 't') \g /dev/null
SELECT tap.news() \g /dev/null
SET session_replication_role = replica;
DELETE FROM analytics_events WHERE payload ->> 'plan' = 'b';
RESET session_replication_role;
SELECT is(tap.news(), '', 'an event that goes unseen');
SELECT is(analytics_rebuild() > 0, true, 'is repaired');
SELECT is(tap.news(), 'delete t b, delete t other', 'and its row is deleted');
SELECT tap.agree('a repair');
SELECT tap.store(g, 'g') FROM unnest('{24, 72, 120}'::integer[]) AS g \g /dev/null
SELECT tap.news() \g /dev/null
SET session_replication_role = replica;
DELETE FROM analytics_events WHERE payload ->> 'plan' = 'g' AND occurred_at <> '2025-01-18Z';
RESET session_replication_role;
SELECT ok(analytics_rebuild() > 0, 'two buckets are repaired');
SELECT unalike(tap.news(), '%put%', 'and nothing between them is noted');
SELECT tap.agree('a repair of two buckets');
DELETE FROM analytics_events WHERE payload ->> 'plan' = 'g';
SELECT tap.news() \g /dev/null

-- Beyond max_groups rows are one, "other".
CALL analytics_create_feed('many', 'many', since => 'now');
SELECT tap.store(4, p) FROM unnest('{d,e,f}'::text[]) AS p \g /dev/null
SELECT alike(tap.news('many'), '%put other 2%', 'other');
SELECT sum(_analytics_fold_bucket(p.id, b.bucket_start, b.tenant_id)) FROM analytics_projections AS p, LATERAL (SELECT DISTINCT b.bucket_start, b.tenant_id FROM analytics_projection_bags AS b WHERE b.projection = p.id) AS b WHERE p.name = 'many' \g /dev/null
SELECT tap.news('many') \g /dev/null
SELECT results_eq($$SELECT value FROM tap.copy WHERE value ->> 'bucket_start' = '2025-01-15T04:00:00Z' ORDER BY value -> 'other'$$, $$SELECT item::jsonb FROM _analytics_projection_page('many', 10, window_start => '2025-01-15 04:00Z') ORDER BY item ->> 'other'$$, 'what is displaced into other is deleted when the bags are folded');
DELETE FROM analytics_events WHERE occurred_at >= '2025-01-15 04:00Z';
SELECT tap.store(4, 'd') \g /dev/null
SELECT alike(tap.news('many'), '%delete other%', 'other is gone, though the last change of the page deleted nothing');
SELECT tap.store(4, p) FROM unnest('{d,e,f}'::text[]) AS p \g /dev/null
SELECT alike(tap.news('many'), '%put other 2%', 'other is there again');
TRUNCATE analytics_events;
SELECT alike(tap.news('many'), '%delete other%', 'other is gone');
TRUNCATE tap.copy;

-- A projection of payloads in their newest version, which is built again.
CREATE FUNCTION public.renamed(payload jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$ SELECT jsonb_build_object('plan', 'new ' || (payload ->> 'plan'), 'version', 2) $$;
CALL analytics_create_projection('newest', version => 'latest', dimensions => '{"plan": ["plan"]}');
CALL analytics_create_feed('newest', 'newest');
SELECT tap.store(5, 'g') \g /dev/null
SELECT is(tap.news('newest'), 'put g 1', 'as it is stored');
INSERT INTO analytics_contracts (event_type, version, mode, upcast) VALUES ('sale', 1, 'accept', 'public.renamed');
CALL analytics_build_projection('newest');
SELECT tap.news('newest') \g /dev/null
SELECT results_eq('SELECT value ->> ''plan'' FROM tap.copy', '{new g}'::text[], 'as it is upcast');
DELETE FROM analytics_contracts;

-- What has a feed stays.
SELECT tap.fails($$SELECT analytics_drop_projection('newest')$$, '2BP01', 'a projection that has a feed is not dropped');
SELECT analytics_drop_feed('newest'), analytics_drop_projection('newest') \g /dev/null

-- Row-level security.
CREATE ROLE analytics_check_tenant;
GRANT USAGE ON SCHEMA tap TO analytics_check_tenant;
GRANT SELECT ON analytics_events, analytics_feeds, analytics_ticks, analytics_outbox, analytics_projection_bags TO analytics_check_tenant;
ALTER TABLE analytics_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics_outbox ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON analytics_events FOR SELECT TO analytics_check_tenant USING (tenant_id = 't');
CREATE POLICY own ON analytics_outbox FOR SELECT TO analytics_check_tenant USING (tenant_id = 't' OR event_types = '{}');
SELECT analytics_tick() \g /dev/null
SELECT max(tick) AS before FROM analytics_ticks \gset
SELECT tap.store(6, 'a', 't'), tap.store(6, 'a', 'u'), tap.store(6, 'a'), analytics_tick() \g /dev/null
SET ROLE analytics_check_tenant;
SELECT tap.fails(format($$SELECT * FROM analytics_read_feed('sales', %L)$$, :'before'), '42501', 'a reader whom policies restrict on all but the bags');
RESET ROLE;
ALTER TABLE analytics_projection_bags ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON analytics_projection_bags FOR SELECT TO analytics_check_tenant USING (tenant_id = 't');
SET ROLE analytics_check_tenant;
SELECT results_eq(format($$SELECT operation, tenant_id FROM analytics_read_feed('sales', %L) WHERE operation IS NOT NULL$$, :'before'), $$VALUES ('put', 't')$$, 'reads what it may see');
SELECT results_eq($$SELECT DISTINCT tenant_id FROM analytics_read_feed('sales', 'beginning') WHERE operation IS NOT NULL$$, $$VALUES ('t')$$, 'also of the past');
RESET ROLE;
DROP OWNED BY analytics_check_tenant; DROP ROLE analytics_check_tenant;
SELECT * FROM finish();
