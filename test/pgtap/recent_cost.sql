-- What analytics_recent of a tenant or of a type costs: pages of the buffer cache that it touches, and they are as many when ten times as much is stored.
\ir include/start.psql
SELECT * FROM no_plan();
SET TimeZone = 'UTC'; SET jit = off;
\set day '\'2025-03-10 00:00:00+00\'::timestamptz'
SELECT analytics_create_partition(:day + n * interval '1 month') FROM generate_series(-3, 0) AS n \g /dev/null

-- Pages touched by a question, its plans and the catalog being known: so not the first time.
CREATE FUNCTION tap.pages(arguments text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    told json;
    least bigint;
BEGIN
    FOR i IN 1 .. 4 LOOP
        EXECUTE format('EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) SELECT * FROM analytics_recent(%s)', arguments) INTO told;
        least := least(least, (told #>> '{0,Plan,Shared Hit Blocks}')::bigint + (told #>> '{0,Plan,Shared Read Blocks}')::bigint);
    END LOOP;
    RETURN least;
END
$$;
CREATE FUNCTION tap.store(first int, last int) RETURNS void LANGUAGE sql AS $$
    INSERT INTO analytics_events (event_type, source, occurred_at, tenant_id, payload)
    SELECT 'often', 's', '2025-03-10 12:00:00+00'::timestamptz - n * interval '20 seconds', 'tenant-' || n % 7, jsonb_build_object('note', repeat('x', 200)) FROM generate_series(first, last) AS n;
$$;
-- A rare tenant of a rare type, far in the past; and beside the newest events another one.
INSERT INTO analytics_events (event_type, source, occurred_at, tenant_id, payload) SELECT 'rare', 's', '2025-01-01 00:00:00+00'::timestamptz + n * interval '1 hour', 'rare', '{}' FROM generate_series(1, 5) AS n;
SELECT tap.store(1, 3000) \g /dev/null
VACUUM ANALYZE analytics_events; VACUUM ANALYZE analytics_rollup_tenants; VACUUM ANALYZE analytics_rollup_totals;
CREATE TABLE tap.costs AS SELECT arguments, tap.pages(arguments) AS pages
    FROM unnest(ARRAY['tenant_id => ''nobody''', 'tenant_id => ''rare''', 'tenant_id => ''tenant-3''', 'event_type => ''often''', 'tenant_id => ''rare'', event_type => ''often''', 'tenant_id => ''tenant-3'', event_type => ''none''',
        '50, ''2025-03-10 06:00:00+00'', gen_random_uuid(), ''tenant-3''', '50, ''2025-03-10 06:00:00+00'', gen_random_uuid(), ''nobody''', 'event_type => ''none''', 'event_type => ''rare''']) AS arguments;
SELECT tap.store(3001, 30000) \g /dev/null
VACUUM ANALYZE analytics_events; VACUUM ANALYZE analytics_rollup_tenants; VACUUM ANALYZE analytics_rollup_totals;
SELECT (SELECT sum(pg_relation_size(partition)) FROM analytics_partitions()) / 8192 AS stored \gset
SELECT cmp_ok(:stored::bigint, '>', 1000::bigint, 'ten times as much is stored');
SELECT cmp_ok(tap.pages(arguments), '<=', pages + 12, format('a page of %s costs what it cost: %s', arguments, pages)) FROM tap.costs WHERE arguments !~ 'none|type => .rare';
-- Of a type that is hardly ever met, the hours are looked through, all types of an hour being in one place: some three pages for a day.
SELECT cmp_ok(tap.pages(arguments), '<=', pages + 400, format('a page of %s costs hours, not events: %s', arguments, pages)) FROM tap.costs WHERE arguments ~ 'none|type => .rare';

-- Between a tenant's events lie others', which are not read.
INSERT INTO analytics_events (event_type, source, occurred_at, tenant_id, payload) SELECT 'often', 's', '2025-03-10 12:00:00+00'::timestamptz - n * interval '10 hours', 'seldom', '{}' FROM generate_series(1, 3) AS n;
SELECT cmp_ok(tap.pages('tenant_id => ''seldom'''), '<', 60::bigint, 'what lies between a tenant''s events is not read');

-- Years of rollups without events are passed over.
SET analytics.append_bags = on; -- as who mends them
INSERT INTO analytics_rollup_tenants (hour, tenant_id, cells) SELECT h, 'rare', analytics_bag(h + m * interval '2 minutes', 'often', 3) FROM generate_series('2015-01-01 00:00:00+00'::timestamptz, '2016-01-01 00:00:00+00', '1 hour') AS h, generate_series(0, 29) AS m GROUP BY h;
VACUUM ANALYZE analytics_rollup_tenants;
SELECT cmp_ok(tap.pages('tenant_id => ''rare'''), '<=', pages + 12, 'rollups whose partitions are gone cost nothing') FROM tap.costs WHERE arguments = 'tenant_id => ''rare''';

SELECT * FROM finish();
