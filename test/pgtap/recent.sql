-- analytics_recent of a tenant, of a type, or of both, against the plain query over the same events: pages at random places, and page after page to the end, whatever has become of the events and of their rollups. ANALYTICS_SEED repeats a run.
\ir include/start.psql
\ir include/elsewhere.psql
SELECT * FROM no_plan();
SET TimeZone = 'UTC';
SELECT random() AS seed \gset
\getenv seed ANALYTICS_SEED
SELECT setseed(:seed) \g /dev/null
SELECT diag('seed ' || :'seed');
\set day '\'2025-03-10 00:00:00+00\'::timestamptz'

-- Months, and by hand all that lies before and after the calendar, infinity as well, and a part of a month that ends amid a minute.
CREATE TABLE before_all PARTITION OF analytics_events FOR VALUES FROM (MINVALUE) TO ('0001-01-01 00:00:00+00');
CREATE TABLE after_all PARTITION OF analytics_events FOR VALUES FROM ('10000-01-01 00:00:00+00') TO (MAXVALUE);
CREATE TABLE a_part PARTITION OF analytics_events FOR VALUES FROM ('2025-03-01 00:00:00+00') TO ('2025-03-10 02:10:30+00');
SELECT analytics_create_partition(at) FROM unnest(ARRAY['2024-11-30', '2025-01-31 23:59+00', '2025-02-10', :day + interval '3 hours']::timestamptz[]) AS at \g /dev/null

-- An instant: of some hours of a day mostly, often one that others have too, at a minute or beside it; of another month; of no minute at all.
CREATE FUNCTION tap.any_instant() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
    SELECT CASE kind WHEN 0 THEN date_trunc('minute', at) + (floor(random() * 3) - 1) * interval '1 microsecond' WHEN 1 THEN date_bin('10 minutes', at, '2025-01-01 00:00:00+00') WHEN 2 THEN '2025-03-10 01:01:01+00' WHEN 3 THEN at + (floor(random() * 59) - 40) * interval '1 day'
        WHEN 4 THEN (ARRAY['infinity', '-infinity', '0044-03-15 12:00:00+00 BC', '4714-11-24 00:00:00+00 BC', '294276-12-31 23:59:59.999999+00', '10000-01-01 00:00:00+00', '2025-03-10 02:10:30+00', '2025-03-10 02:10:29.999999+00', '2025-03-10 02:00:00+00', '2025-01-31 23:59:59.999999+00', '2025-02-01 00:00:00+00']::timestamptz[])[1 + floor(random() * 11)::int] ELSE at END
    FROM (SELECT floor(random() * 9)::int AS kind, '2025-03-10 00:00:00+00'::timestamptz + random() * interval '5 hours' AS at) AS r;
$$;
CREATE FUNCTION tap.store(number int) RETURNS void LANGUAGE sql VOLATILE AS $$
    INSERT INTO analytics_events (event_type, source, occurred_at, tenant_id, payload)
    SELECT (ARRAY['a', 'b', 'b', 'Ä'])[1 + n % 4], 's', tap.any_instant(), (ARRAY['x', 'y', '', NULL])[1 + (n / 4) % 4], '{}' FROM generate_series(1, number) AS n;
$$;
SELECT tap.store(1500) \g /dev/null
INSERT INTO analytics_events (event_type, source, occurred_at, tenant_id, payload) SELECT t, 's', at, t, '{}' FROM unnest('{rare,burst}'::text[]) AS t, (SELECT :day + n * interval '37 minutes' FROM generate_series(1, 6) AS n) AS _ (at);
INSERT INTO analytics_events (event_type, source, occurred_at, tenant_id, payload) SELECT 'burst', 's', :day + interval '97 minutes', 'burst', '{}' FROM generate_series(1, 300);
INSERT INTO analytics_events (id, event_type, source, occurred_at, payload) SELECT id, 'edge', 's', at, '{}' FROM unnest('{00000000-0000-0000-0000-000000000000,ffffffff-ffff-ffff-ffff-ffffffffffff}'::uuid[]) AS id, unnest(ARRAY[:day, :day + interval '1 minute', :day - interval '1 microsecond', '-infinity', 'infinity']) AS at;

CREATE FUNCTION tap.plain(max_rows int, before_at timestamptz, before_id uuid, tenant text, type text) RETURNS SETOF analytics_event LANGUAGE sql STABLE AS $$
    SELECT e.id, e.event_type, e.source, e.occurred_at, e.ingested_at, e.tenant_id, e.payload FROM analytics_events AS e
    WHERE (e.occurred_at, e.id) < (coalesce($2, 'infinity'), coalesce($3, 'ffffffff-ffff-ffff-ffff-ffffffffffff')) AND ($4 IS NULL OR e.tenant_id = $4) AND ($5 IS NULL OR e.event_type = $5)
    ORDER BY e.occurred_at DESC, e.id DESC LIMIT $1;
$$;
-- Of random pages, those that are not the plain query's, row for row and in its order.
CREATE FUNCTION tap.wrong(number int) RETURNS SETOF text LANGUAGE sql VOLATILE AS $$
    WITH asked AS MATERIALIZED (
        SELECT n, (ARRAY[1, 2, 7, 50, 400, 100000])[1 + floor(random() * 6)::int] AS size, (ARRAY['x', 'y', '', 'rare', 'burst', 'nobody', NULL, NULL])[1 + floor(random() * 8)::int] AS tenant, (ARRAY['a', 'b', 'Ä', 'rare', 'edge', 'none', NULL, NULL])[1 + floor(random() * 8)::int] AS type,
               CASE WHEN random() < 0.8 THEN tap.any_instant() END AS at
        FROM generate_series(1, number) AS n
    ), paged AS MATERIALIZED (
        SELECT a.*, CASE WHEN at IS NULL THEN NULL WHEN n % 3 = 0 THEN gen_random_uuid() WHEN n % 3 = 1 THEN '00000000-0000-0000-0000-000000000000' ELSE coalesce((SELECT e.id FROM analytics_events AS e WHERE e.occurred_at = at ORDER BY random() LIMIT 1), 'ffffffff-ffff-ffff-ffff-ffffffffffff') END AS id FROM asked AS a
    )
    SELECT format('%s before (%s, %s) of %s, %s', size, at, id, tenant, type) FROM paged
    WHERE ARRAY(SELECT r FROM analytics_recent(size, at, id, tenant, type) AS r) IS DISTINCT FROM ARRAY(SELECT r FROM tap.plain(size, at, id, tenant, type) AS r);
$$;
CREATE FUNCTION tap.walked(size int, tenant text, type text) RETURNS uuid[] LANGUAGE plpgsql STABLE AS $$
DECLARE
    page analytics_event[];
    last analytics_event;
    ids uuid[] := '{}';
BEGIN
    LOOP
        SELECT array_agg(r) INTO page FROM analytics_recent(size, last.occurred_at, last.id, tenant, type) AS r;
        IF page IS NULL THEN RETURN ids; END IF;
        last := page[cardinality(page)];
        ids := ids || ARRAY(SELECT e.id FROM unnest(page) AS e);
    END LOOP;
END
$$;
CREATE FUNCTION tap.same(what text, number int DEFAULT 60) RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN NEXT is((SELECT string_agg(w, E'\n') FROM tap.wrong(number) AS w), NULL, what || ': any page');
    RETURN NEXT is((SELECT string_agg(format('pages of %s of %s, %s', s, t, e), E'\n') FROM unnest('{3,61}'::int[]) AS s, unnest('{x,rare,burst,NULL}'::text[]) AS t, unnest('{b,burst,NULL}'::text[]) AS e
                    WHERE (t, e) IS DISTINCT FROM (NULL, NULL) AND tap.walked(s, t, e) IS DISTINCT FROM ARRAY(SELECT id FROM tap.plain(100000, NULL, NULL, t, e))), NULL, what || ': page after page');
END
$$;
SELECT tap.same('as they came', 200);

-- They move, change and go; what bags say then is a sum of pluses and minuses.
UPDATE analytics_events SET occurred_at = tap.any_instant() WHERE random() < 0.1 AND NOT EXISTS (SELECT FROM analytics_events AS o WHERE o.id = analytics_events.id AND o.ctid <> analytics_events.ctid);
UPDATE analytics_events SET event_type = 'b', tenant_id = 'y' WHERE random() < 0.1;
DELETE FROM analytics_events WHERE random() < 0.2;
DELETE FROM analytics_events WHERE occurred_at >= '2025-03-10 01:20:00+00' AND occurred_at < '2025-03-10 02:00:00+00';
SELECT tap.same('after some have moved and some have gone', 120);
BEGIN;
DELETE FROM analytics_events WHERE tenant_id = 'x' AND random() < 0.9;
SELECT tap.store(200) \g /dev/null
SELECT tap.same('what the transaction has done itself');
SAVEPOINT none;
TRUNCATE analytics_events;
SELECT tap.same('of nothing', 10);
ROLLBACK TO none;
SELECT tap.same('after that was rolled back');
ROLLBACK;

-- Many bags of an hour, one for each of these statements.
SELECT format($$INSERT INTO analytics_events (event_type, source, occurred_at, tenant_id, payload) VALUES ('a', 's', '2025-03-10 04:%s:00+00', 'x', '{}')$$, n % 60) FROM generate_series(1, 150) AS n \gexec
SELECT tap.same('from bags that were not folded');

-- Snapshots that are older than the latest commit.
SELECT tap.open_session('elsewhere') \g /dev/null
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT tap.walked(50, 'x', NULL) AS before \gset
SELECT tap.there('elsewhere', $$INSERT INTO analytics_events (event_type, source, occurred_at, tenant_id, payload) SELECT 'late', 's', '2025-03-10 01:00:00+00'::timestamptz + n * interval '17 seconds', 'x', '{}' FROM generate_series(1, 100) AS n$$) \g /dev/null
SELECT tap.there('elsewhere', $$DELETE FROM analytics_events WHERE tenant_id = 'x' AND event_type = 'a'$$) \g /dev/null
SELECT is(tap.walked(50, 'x', NULL), :'before'::uuid[], 'REPEATABLE READ sees what was there at first');
SELECT tap.same('in it');
COMMIT;
SELECT isnt(tap.walked(50, 'x', NULL), :'before'::uuid[], 'the next transaction sees the rest');
BEGIN;
DECLARE earlier CURSOR FOR SELECT array_agg(r.id) AS told FROM analytics_recent(100000, tenant_id => 'x') AS r;
SELECT array_agg(id) AS before FROM tap.plain(100000, NULL, NULL, 'x', NULL) \gset
DELETE FROM analytics_events WHERE tenant_id = 'x' AND event_type = 'b';
FETCH earlier \gset
SELECT is(:'told'::uuid[], :'before'::uuid[], 'a cursor that was opened before sees what it saw');
ROLLBACK;

-- Within a statement that changes events nothing is written down yet: whoever is called there sees what it has done so far.
CREATE TABLE tap.seen (who text, told uuid[], due uuid[]);
CREATE FUNCTION tap.look(who text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    INSERT INTO tap.seen SELECT who, ARRAY(SELECT r.id FROM analytics_recent(1000, tenant_id => 'within') AS r), ARRAY(SELECT id FROM tap.plain(1000, NULL, NULL, 'within', NULL));
END
$$;
CREATE FUNCTION tap.looks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tap.look(TG_NAME);
    BEGIN -- also in a subtransaction
        PERFORM tap.look(TG_NAME);
        RAISE SQLSTATE 'TAP00';
    EXCEPTION WHEN SQLSTATE 'TAP00' THEN
        NULL;
    END;
    RETURN NULL;
END
$$;
BEGIN;
CREATE TRIGGER a_row AFTER INSERT ON analytics_events FOR EACH ROW WHEN (NEW.tenant_id = 'within') EXECUTE FUNCTION tap.looks();
CREATE TRIGGER a_statement AFTER INSERT ON analytics_events FOR EACH STATEMENT EXECUTE FUNCTION tap.looks();
INSERT INTO analytics_events (event_type, source, occurred_at, tenant_id, payload) SELECT 'a', 's', :day + n * interval '1 minute', 'within', '{}' FROM generate_series(1, 3) AS n;
INSERT INTO a_part (event_type, source, occurred_at, tenant_id, payload) SELECT 'a', 's', :day + n * interval '10 minutes', 'within', '{}' FROM generate_series(1, 3) AS n;
SELECT analytics_ingest(ARRAY[tap.event('w1', '2025-03-10T03:00:00Z', tenant => 'within'), tap.event('w2', '2025-03-10T04:00:00Z', tenant => 'within')]) \g /dev/null
SELECT is((SELECT string_agg(DISTINCT who, ' ') FROM tap.seen WHERE told IS DISTINCT FROM due), NULL, 'triggers see what was stored so far');
SELECT ok(count(*) >= 9 AND max(cardinality(due)) = 8, 'and they were asked when there was something') FROM tap.seen;
ROLLBACK;
BEGIN;
INSERT INTO analytics_events (event_type, source, occurred_at, tenant_id, payload) SELECT 'a', 's', :day + n * interval '1 minute', 'within', '{}' FROM generate_series(1, 3) AS n RETURNING tap.look('returning') \g /dev/null
SELECT is((SELECT count(*) FROM tap.seen WHERE told IS DISTINCT FROM due), 0::bigint, 'so does a function in RETURNING');
SELECT ok(max(cardinality(due)) > 0, 'which had something to see') FROM tap.seen;
SELECT is(count(*), 3::bigint, 'and when it has ended, all is written down') FROM analytics_recent(tenant_id => 'within');
ROLLBACK;

-- Whose rows: the caller's, by rights and policies on the events alone.
BEGIN;
CREATE ROLE analytics_check_reader; CREATE ROLE analytics_check_nobody;
GRANT USAGE ON SCHEMA tap TO PUBLIC;
GRANT SELECT ON analytics_events TO analytics_check_reader;
SET LOCAL ROLE analytics_check_reader;
SELECT tap.same('to whom may not read the rollups');
RESET ROLE;
ALTER TABLE analytics_rollup_tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics_rollup_totals ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON analytics_rollup_tenants, analytics_rollup_totals TO analytics_check_reader;
SET LOCAL ROLE analytics_check_reader;
SELECT tap.same('to whom a policy hides the rollups');
RESET ROLE;
ALTER TABLE analytics_events ENABLE ROW LEVEL SECURITY;
CREATE POLICY a_few ON analytics_events TO analytics_check_reader USING (tenant_id = 'x' AND extract(minute FROM occurred_at)::int % 4 <> 0 OR tenant_id = 'rare');
SELECT count(*) AS hidden FROM tap.plain(100000, NULL, NULL, NULL, 'b') \gset
SET LOCAL ROLE analytics_check_reader;
SELECT cmp_ok(count(*), '<', :hidden::bigint, 'a policy on the events hides some') FROM tap.plain(100000, NULL, NULL, NULL, 'b');
SELECT tap.same('to whom it hides them');
SET LOCAL ROLE analytics_check_nobody;
SELECT tap.fails(format('SELECT * FROM analytics_recent(%s)', arguments), '42501', 'who may not read events is told so: ' || arguments) FROM unnest(ARRAY['', 'tenant_id => ''x''', 'tenant_id => ''nobody''', 'event_type => ''none''', '5, ''-infinity'', gen_random_uuid(), ''x''']) AS arguments;
ROLLBACK;

-- Columns of the user's, also such as are gone.
BEGIN;
ALTER TABLE analytics_events ADD COLUMN first int DEFAULT 1, ADD COLUMN second text DEFAULT 'two';
SELECT tap.same('with columns more', 20);
ALTER TABLE analytics_events DROP COLUMN first;
SELECT tap.same('after one was dropped', 20);
SELECT is(ARRAY(SELECT json_object_keys(row_to_json(r))), '{id,event_type,source,occurred_at,ingested_at,tenant_id,payload}', 'an event has the columns that it has always had') FROM analytics_recent(1, tenant_id => 'x') AS r;
ROLLBACK;

-- Rollups that have outlived their events, with nothing in their place and with a partition that takes all.
DELETE FROM analytics_events WHERE occurred_at < '0001-01-01 00:00:00+00' OR occurred_at >= '10000-01-01 00:00:00+00';
DROP TABLE before_all, after_all;
INSERT INTO analytics_events (event_type, source, occurred_at, tenant_id, payload) SELECT 'b', 's', '2025-02-01 00:00:00+00'::timestamptz + n * interval '13 minutes', 'x', '{}' FROM generate_series(1, 2000) AS n;
SELECT count(*) AS gone FROM analytics_retain(now() - '2025-03-05 00:00:00+00') \gset
SELECT analytics_create_partition('2024-11-01'), analytics_create_partition('2025-01-01') \g /dev/null
INSERT INTO analytics_events (event_type, source, occurred_at, tenant_id, payload) SELECT 'b', 's', '2024-11-10 00:00:00+00'::timestamptz + n * interval '1 hour', 'x', '{}' FROM generate_series(1, 100) AS n;
SELECT ok(:gone >= 3 AND EXISTS (SELECT FROM analytics_counts('2025-02-01', '2025-03-01', 'x')), 'partitions went and their rollups stayed');
SELECT tap.same('beside rollups that were kept');
BEGIN;
CREATE ROLE analytics_check_nobody;
GRANT USAGE ON SCHEMA tap TO PUBLIC;
SET LOCAL ROLE analytics_check_nobody;
SELECT tap.fails('SELECT * FROM analytics_recent(tenant_id => ''nobody'')', '42501', 'who may not read events is told so where nothing is to be looked at');
ROLLBACK;
CREATE TABLE all_else PARTITION OF analytics_events DEFAULT;
INSERT INTO analytics_events (event_type, source, occurred_at, tenant_id, payload) SELECT 'b', 's', at, 'x', '{}' FROM unnest('{infinity,-infinity,2025-02-02 00:00:00+00,0044-03-15 12:00:00+00 BC}'::timestamptz[]) AS at;
SELECT tap.same('and with a default partition');

SELECT * FROM finish();
