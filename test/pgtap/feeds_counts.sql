-- Feeds of counts: whatever changes events, replaying by key gives exactly their numbers by minute, tenant and type.
\ir include/start.psql
SELECT * FROM no_plan();
SET TimeZone = 'UTC'; SET DateStyle = 'ISO';

CREATE TABLE tap.copy (feed text, key text, value jsonb, PRIMARY KEY (feed, key));
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
            news := news || concat_ws(' ', answer.operation, to_char(answer.occurred_at, 'HH24:MI'), answer.tenant_id, answer.event_type, answer.value ->> 'count');
            IF answer.operation = 'put' THEN
                INSERT INTO tap.copy VALUES ($1, answer.key::text, answer.value) ON CONFLICT ON CONSTRAINT copy_pkey DO UPDATE SET value = excluded.value;
            ELSE
                DELETE FROM tap.copy AS c WHERE c.feed = $1 AND c.key = answer.key::text;
            END IF;
        END LOOP;
    END LOOP;
    INSERT INTO tap.place AS p VALUES (feed, place) ON CONFLICT ON CONSTRAINT place_pkey DO UPDATE SET after = place;
    RETURN array_to_string(news, ', ');
END
$$;
CREATE FUNCTION tap.news(feed text DEFAULT 'all', max_rows integer DEFAULT 1000) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    WHILE analytics_tick() IS NOT NULL LOOP END LOOP;
    RETURN tap.replay(feed, max_rows);
END
$$;
CREATE FUNCTION tap.agree(feed text, wanted text, what text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT set_eq(format('SELECT value FROM tap.copy WHERE feed = %L', feed), format(
        $q$SELECT jsonb_build_object('minute', _analytics_instant_text(date_trunc('minute', occurred_at)), 'tenantId', tenant_id, 'eventType', event_type, 'count', count(*))
           FROM analytics_events WHERE isfinite(occurred_at) AND %s GROUP BY date_trunc('minute', occurred_at), tenant_id, event_type$q$, wanted), what);
$$;
CREATE FUNCTION tap.store("time" text, type text DEFAULT 'a', tenant text DEFAULT NULL) RETURNS void LANGUAGE sql AS $$
    INSERT INTO analytics_events (event_type, source, occurred_at, tenant_id, payload) VALUES (type, 's', ('2025-01-15 ' || "time" || 'Z')::timestamptz, tenant, '{}');
$$;
SELECT analytics_create_partition(m, '1 month') FROM generate_series('2025-01-01Z'::timestamptz, '2025-03-01Z', '1 month') AS m \g /dev/null
SELECT tap.store('01:00'), tap.store('01:00:59', 'a', 't'), tap.store('01:01', 'a', 't'), tap.store('03:00', 'b') \g /dev/null

-- What a feed of counts cannot have.
SELECT tap.fails(format($$SELECT _analytics_register_feed('f', 'counts', 't', NULL, NULL, %s, 'now', '1 day', '1 second')$$, a), '22023', 'counts have their own key and format: ' || a) FROM unnest(ARRAY[$$'tenant', 'event'$$, $$'id', 'cloudevent'$$]) AS a;
SELECT tap.fails($$SELECT _analytics_register_feed('f', 'counts', NULL, '{}', NULL, 'id', 'event', 'now', '1 day', '1 second')$$, '22023', 'no type');

-- Without a feed nothing is kept, nor by a feed of something else. A feed begins with what is there.
SELECT is_empty('TABLE analytics_outbox', 'no feed, no outbox');
CALL analytics_create_feed('all', 'counts');
CALL analytics_create_feed('one', 'counts', tenant_id => 't', since => 'now');
SELECT is((SELECT count(*) FROM analytics_read_feed('all') WHERE operation = 'put'), 4::bigint, 'the past');
SELECT is(tap.replay('all', 1), 'put 03:00 b 1, put 01:01 t a 1, put 01:00 t a 1, put 01:00 a 1', 'the past one by one, the latest first');
SELECT tap.agree('all', 'true', 'the past');
SELECT unnest(ARRAY[is(value::text, '{"minute":"2025-01-15T03:00:00Z","tenantId":null,"eventType":"b","count":1}', 'a row'), is(key::text, '{"minute":"2025-01-15T03:00:00Z","tenantId":null,"eventType":"b"}', 'its key'), is(occurred_at, '2025-01-15 03:00Z'::timestamptz, 'its minute'), is(event_type, 'b', 'its type'), is(num_nulls(id, tenant_id), 2, 'and no event')]) FROM analytics_read_feed('all', NULL, 1);
SELECT is(item::jsonb -> 'key', (SELECT f.key::jsonb FROM analytics_read_feed('all', 'beginning', 1) AS f), 'its key over HTTP') FROM _analytics_http_feed('all', 'beginning', 1, NULL, false) WHERE item IS NOT NULL;
SELECT unnest(ARRAY[is(key, '{"minute":"2025-01-15T03:00:00Z","tenantId":null,"eventType":"b"}', 'the key of a message'), is(value, '{"minute":"2025-01-15T03:00:00Z","tenantId":null,"eventType":"b","count":1}', 'its value'), is(recipients, 'key', 'its partition is that of its key')]) FROM analytics_feed_messages('all', 'beginning', 1);

-- Changes.
SELECT tap.store('01:00:30', 'a', 't'), tap.store('05:59', 'c') \g /dev/null
SELECT is(tap.news(), 'put 01:00 t a 2, put 05:59 c 1', 'changed minutes as they are');
SELECT tap.store('05:59', 'c') FROM generate_series(1, 5) \g /dev/null
SELECT is(tap.news(), 'put 05:59 c 6', 'a minute comes once in a page');
UPDATE analytics_events SET payload = '{"n": 1}', ingested_at = now() + interval '1 hour';
SELECT is(tap.news(), '', 'what changes no count does not come');
UPDATE analytics_events SET occurred_at = occurred_at + interval '1 second' WHERE event_type = 'b';
SELECT is(tap.news(), '', 'nor does what moves within its minute');
UPDATE analytics_events SET tenant_id = 'u' WHERE tenant_id = 't';
SELECT is(tap.news(), 'delete 01:00 t a, delete 01:01 t a, put 01:00 u a 2, put 01:01 u a 1', 'another tenant');
UPDATE analytics_events SET event_type = 'd' WHERE event_type = 'b';
SELECT is(tap.news(), 'delete 03:00 b, put 03:00 d 1', 'another type');
DELETE FROM analytics_events WHERE event_type = 'd';
SELECT tap.store('03:00', 'd') \g /dev/null
SELECT is(tap.news(), 'put 03:00 d 1', 'gone and there again');
BEGIN;
SELECT tap.store('09:00', 'never') \g /dev/null
ROLLBACK;
SELECT is(tap.news(), '', 'what is rolled back does not come');
SELECT tap.agree('all', 'true', 'changes');
SELECT is(tap.replay('one'), 'delete 01:00 t a, delete 01:01 t a', 'a feed of a tenant has its changes alone');

-- Filters: of the outbox, and of the past.
CALL analytics_create_feed('some', 'counts', event_types => '{b,c}');
CALL analytics_create_feed('both', 'counts', event_types => '{b,c}', tenant_id => 't');
SELECT is(tap.replay('some', 1), 'put 05:59 c 6', 'types of the past');
SELECT tap.store('06:00', t, u) FROM unnest('{a,b,c}'::text[]) AS t, unnest('{t,u,NULL}'::text[]) AS u \g /dev/null
SELECT tap.news('some', 1), tap.news('both', 2), tap.news() \g /dev/null
SELECT tap.agree('some', $$event_type IN ('b', 'c')$$, 'a feed of types');
SELECT tap.agree('both', $$event_type IN ('b', 'c') AND tenant_id = 't'$$, 'of types and a tenant');
SELECT analytics_drop_feed('all') \g /dev/null
SELECT max(number) AS number FROM analytics_outbox \gset
SELECT tap.store('06:01'), tap.store('06:01', 'b', 't') \g /dev/null
SELECT results_eq(format('SELECT event_types, tenant_id::text FROM analytics_outbox WHERE number > %s', :'number'), $$VALUES ('{b}'::text[], 't')$$, 'what no feed wants is not noted');
DELETE FROM tap.copy WHERE feed = 'all'; DELETE FROM tap.place WHERE feed = 'all';
CALL analytics_create_feed('all', 'counts');

-- Minutes far away, many types, and events without a minute.
SELECT analytics_create_partition(m, '1 month') FROM unnest('{0001-01-01Z,9999-12-01Z}'::timestamptz[]) AS m \g /dev/null
CREATE TABLE analytics_events_other PARTITION OF analytics_events DEFAULT;
INSERT INTO analytics_events (event_type, source, occurred_at, payload)
    SELECT 'far', 's', t, '{}' FROM unnest('{0001-01-01Z,4000-01-01 BC,9999-12-31 23:59:59.999999Z,294276-12-31 23:59:59.999999Z,infinity,-infinity}'::timestamptz[]) AS t;
INSERT INTO analytics_events (event_type, source, occurred_at, tenant_id, payload)
    SELECT 'type ' || n, 's', '2025-01-16Z'::timestamptz + n % 7 * interval '10 minutes', 'x' || n % 3, '{}' FROM generate_series(1, 3000) AS n;
SELECT tap.news('all', 100) \g /dev/null
SELECT tap.agree('all', 'true', 'far away, and many');
SELECT cmp_ok((SELECT max(changes) FROM analytics_outbox), '<=', 1000, 'a row of the outbox has a thousand changes at most');
DELETE FROM tap.copy WHERE feed = 'all'; DELETE FROM tap.place WHERE feed = 'all';
SELECT tap.replay('all', 100) \g /dev/null
SELECT tap.agree('all', 'true', 'as a past, too');

-- Random changes, read in pages of every size. Ticks and readers come between.
CREATE FUNCTION tap.change() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    few CONSTANT text := 'id IN (SELECT id FROM analytics_events WHERE isfinite(occurred_at) ORDER BY md5(id::text || random()) LIMIT 1 + (random() * 5)::int)';
BEGIN
    CASE (random() * 5)::int
    WHEN 0 THEN EXECUTE 'DELETE FROM analytics_events WHERE ' || few;
    WHEN 1 THEN EXECUTE 'UPDATE analytics_events SET tenant_id = (ARRAY[''t'', ''u'', NULL])[1 + (random() * 2)::int] WHERE ' || few;
    WHEN 2 THEN EXECUTE 'UPDATE analytics_events SET event_type = chr(97 + (random() * 3)::int), payload = ''{"n": 2}'' WHERE ' || few;
    WHEN 3 THEN EXECUTE 'UPDATE analytics_events SET occurred_at = ''2025-02-01Z''::timestamptz + (random() * 99)::int * interval ''20 seconds'' WHERE ' || few;
    ELSE INSERT INTO analytics_events (event_type, source, occurred_at, tenant_id, payload)
         SELECT chr(97 + (random() * 3)::int), 's', '2025-01-31 23:30Z'::timestamptz + random() * interval '1 hour', (ARRAY['t', 'u', NULL])[1 + (random() * 2)::int], '{}'
         FROM generate_series(1, (random() * 20)::int);
    END CASE;
END
$$;
SELECT setseed(0.20261201) \g /dev/null
DO $$
BEGIN
    FOR step IN 1 .. 300 LOOP
        PERFORM tap.change();
        IF random() < 0.3 THEN
            PERFORM analytics_tick();
        END IF;
        PERFORM tap.replay(f.name, (ARRAY[1, 2, 7, 1000])[1 + (random() * 3)::int]) FROM unnest('{all,some,both}'::text[]) AS f (name) WHERE random() < 0.1;
        IF random() < 0.05 THEN
            PERFORM _analytics_fold_hour(r.hour, '-infinity', false, r.tenant_id::text) FROM (SELECT DISTINCT hour, tenant_id FROM analytics_rollup_tenants) AS r;
        END IF;
    END LOOP;
    PERFORM tap.news(f.name) FROM unnest('{all,some,both}'::text[]) AS f (name);
END
$$;
SELECT tap.agree('all', 'true', 'random changes');
SELECT tap.agree('some', $$event_type IN ('b', 'c')$$, 'of types');
SELECT tap.agree('both', $$event_type IN ('b', 'c') AND tenant_id = 't'$$, 'of types and a tenant');

-- All at once: TRUNCATE, retention, a repair.
TRUNCATE analytics_events;
DROP TABLE analytics_events_other;
SELECT tap.news() \g /dev/null
SELECT is_empty($$SELECT * FROM tap.copy WHERE feed = 'all'$$, 'TRUNCATE leaves nothing');
SELECT tap.store('01:00'), tap.store('02:00', 'b', 't') \g /dev/null
SELECT is(tap.news(), 'put 01:00 a 1, put 02:00 t b 1', 'stored again');
SELECT _analytics_drop_partition('analytics_events_2025_01', '2025-02-01Z') \g /dev/null
SELECT is(tap.news(), '', 'retention that keeps counts changes none');
SELECT is((SELECT count(*) FROM tap.copy WHERE feed = 'all'), 2::bigint, 'so they stay');
SELECT is((SELECT count(*) FROM analytics_read_feed('all', 'beginning') WHERE operation = 'put'), 2::bigint, 'also in the past');
SELECT count(*) FROM analytics_retain('1 hour', false) \g /dev/null
SELECT tap.news() \g /dev/null
SELECT is_empty($$SELECT * FROM tap.copy WHERE feed = 'all'$$, 'retention that does not keep them leaves nothing');
SELECT analytics_create_partition('2025-01-01Z', '1 month') \g /dev/null
SELECT tap.store('01:00'), tap.store('02:00', 'b', 't') \g /dev/null
SELECT tap.news() \g /dev/null
SELECT count(*) FROM analytics_retain('1 hour', false) \g /dev/null
SELECT tap.news() \g /dev/null
SELECT is_empty($$SELECT * FROM tap.copy WHERE feed = 'all'$$, 'nor of a partition that is dropped at once');
SELECT analytics_create_partition('2025-01-01Z', '1 month') \g /dev/null
SELECT tap.store('01:00'), tap.store('02:00', 'b', 't'), tap.store('02:30', 'b', 't') \g /dev/null
SELECT tap.news() \g /dev/null
SET session_replication_role = replica;
DELETE FROM analytics_events WHERE event_type = 'a';
SELECT tap.store('02:30', 'b', 't') \g /dev/null
RESET session_replication_role;
SELECT is(tap.news(), '', 'what goes unseen');
SELECT is(analytics_rebuild() > 0, true, 'is repaired');
SELECT tap.news() \g /dev/null
SELECT tap.agree('all', 'true', 'a repair');
SELECT tap.store('05:00'), tap.store('09:00'), tap.store('09:30'), tap.store('13:00') \g /dev/null
SELECT tap.news() \g /dev/null
SET session_replication_role = replica;
DELETE FROM analytics_events WHERE occurred_at IN ('2025-01-15 05:00Z', '2025-01-15 13:00Z');
RESET session_replication_role;
SELECT ok(analytics_rebuild() > 0, 'two hours are repaired');
SELECT matches(tap.news(), '^delete (05:00 a, delete 13:00|13:00 a, delete 05:00) a$', 'and nothing between them is noted');

-- A projection may have the name: its rows are another matter.
CALL analytics_create_projection('counts', bucket => '1 day');
SELECT tap.store('03:00', 'b', 't') \g /dev/null
SELECT is(tap.news(), 'put 03:00 t b 1', 'a projection of this name is no source');
SELECT lives_ok($$SELECT analytics_drop_projection('counts')$$, 'and may be dropped');

-- Row-level security.
CREATE ROLE analytics_check_tenant;
GRANT USAGE ON SCHEMA tap TO analytics_check_tenant;
GRANT SELECT ON analytics_events, analytics_feeds, analytics_ticks, analytics_outbox, analytics_rollup_tenants TO analytics_check_tenant;
ALTER TABLE analytics_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics_outbox ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON analytics_events FOR SELECT TO analytics_check_tenant USING (tenant_id = 't');
CREATE POLICY own ON analytics_outbox FOR SELECT TO analytics_check_tenant USING (tenant_id = 't' OR event_types = '{}');
SELECT max(tick) AS before FROM analytics_ticks \gset
SELECT tap.store('06:00', 'a', 't'), tap.store('06:00', 'a', 'u'), tap.store('06:00', 'a'), analytics_tick() \g /dev/null
SET ROLE analytics_check_tenant;
SELECT tap.fails(format($$SELECT * FROM analytics_read_feed('all', %L)$$, :'before'), '42501', 'a reader whom policies restrict on all but the bags');
RESET ROLE;
ALTER TABLE analytics_rollup_tenants ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON analytics_rollup_tenants FOR SELECT TO analytics_check_tenant USING (tenant_id = 't');
SET ROLE analytics_check_tenant;
SELECT results_eq(format($$SELECT operation, tenant_id FROM analytics_read_feed('all', %L) WHERE operation IS NOT NULL$$, :'before'), $$VALUES ('put', 't')$$, 'reads what it may see');
SELECT results_eq($$SELECT DISTINCT tenant_id FROM analytics_read_feed('all', 'beginning') WHERE operation IS NOT NULL$$, $$VALUES ('t')$$, 'also of the past');
RESET ROLE;
DROP OWNED BY analytics_check_tenant; DROP ROLE analytics_check_tenant;

-- Without a feed of counts again.
SELECT analytics_drop_feed(f.name) FROM analytics_feeds AS f \g /dev/null
SELECT max(number) AS number FROM analytics_outbox \gset
SELECT tap.store('07:00'), analytics_rebuild() \g /dev/null
SELECT is_empty(format('SELECT FROM analytics_outbox WHERE number > %s', :'number'), 'nothing is noted');
SELECT * FROM finish();
