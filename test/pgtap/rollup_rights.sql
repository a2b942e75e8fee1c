-- Whose numbers: each role gets from every function what a plain query over the events gives it; and the totals are read for nobody whom row-level security restricts.
\ir include/start.psql
BEGIN;
SELECT * FROM no_plan();
SELECT setseed(0.577) \g /dev/null
SELECT diag('seed 0.577');
\set day '''2025-03-10 00:00:00+00''::timestamptz'
SELECT analytics_create_partition(:day) \g /dev/null
INSERT INTO analytics_events (event_type, source, occurred_at, ingested_at, tenant_id, payload)
SELECT (ARRAY['a', 'b', 'c'])[1 + floor(random() * 3)::int], 's', :day + random() * interval '8 hours', :day + random() * interval '1 day', (ARRAY['x', 'y', 'Z', NULL])[1 + floor(random() * 4)::int], '{"k":"v"}' FROM generate_series(1, 3000) AS n;

CREATE ROLE analytics_check_whole; CREATE ROLE analytics_check_tenant; CREATE ROLE analytics_check_plain; CREATE ROLE analytics_check_columns; CREATE ROLE analytics_check_unbound BYPASSRLS;
GRANT USAGE ON SCHEMA tap TO PUBLIC;
GRANT SELECT ON analytics_events, analytics_dead_letters, analytics_kafka_offsets TO analytics_check_whole, analytics_check_tenant, analytics_check_plain, analytics_check_unbound;
GRANT SELECT (occurred_at, event_type, tenant_id) ON analytics_events TO analytics_check_columns;
GRANT SELECT ON analytics_rollup_totals, analytics_rollup_tenants TO analytics_check_whole, analytics_check_unbound;
GRANT SELECT ON analytics_rollup_tenants TO analytics_check_tenant;

-- What the caller sees with his own eyes, and what the functions tell him.
CREATE FUNCTION tap.seen(start timestamptz, stop timestamptz, tenant text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT string_agg(event_type || ' ' || n, ', ' ORDER BY event_type) FROM (SELECT event_type, count(*) AS n FROM analytics_events WHERE occurred_at >= start AND occurred_at < stop AND (tenant IS NULL OR tenant_id = tenant) GROUP BY 1) AS t;
$$;
CREATE FUNCTION tap.told(start timestamptz, stop timestamptz, tenant text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT string_agg(event_type || ' ' || count, ', ' ORDER BY event_type) FROM analytics_counts(start, stop, tenant);
$$;
CREATE FUNCTION tap.told_otherwise(start timestamptz, stop timestamptz, tenant text) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT ARRAY[(SELECT string_agg(event_type || ' ' || n, ', ' ORDER BY event_type) FROM (SELECT event_type, sum(count) AS n FROM analytics_histogram(start, stop, '1 hour', tenant) WHERE event_type IS NOT NULL GROUP BY 1) AS h),
                 (SELECT string_agg(event_type || ' ' || n, ', ' ORDER BY event_type) FROM (SELECT event_type, sum(count) AS n FROM analytics_tumbling(start, stop, '17 minutes', tenant) GROUP BY 1) AS w)];
$$;
CREATE TABLE tap.windows AS SELECT :day + random() * interval '4 hours' AS start, :day + interval '4 hours' + random() * interval '4 hours' AS stop, (ARRAY['x', 'nobody', NULL, NULL])[1 + n % 4] AS tenant FROM generate_series(1, 12) AS n
    UNION ALL VALUES (:day, :day + interval '8 hours', NULL), (:day + interval '1 hour', :day + interval '2 hours', 'y');
GRANT SELECT ON tap.windows TO PUBLIC;
CREATE FUNCTION tap.same(role text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', role);
    RETURN QUERY SELECT is(tap.told(start, stop, tenant), tap.seen(start, stop, tenant), format('%s counts what he sees: %s', role, coalesce(tenant, 'any'))) FROM tap.windows;
    RETURN QUERY SELECT is(tap.told_otherwise(start, stop, tenant), array_fill(tap.seen(start, stop, tenant), '{2}'), format('in histogram and windows: %s, %s', role, coalesce(tenant, 'any'))) FROM tap.windows;
    IF role <> 'analytics_check_columns' THEN
        RETURN QUERY SELECT is((analytics_summary(600, now.at, t) ->> 'totalEvents')::bigint, (SELECT count(*) FROM analytics_events WHERE occurred_at BETWEEN now.at - interval '600 minutes' AND now.at AND (t IS NULL OR tenant_id = t)), format('in the summary: %s, %s', role, coalesce(t, 'any')))
            FROM unnest('{x,y,NULL}'::text[]) AS t, LATERAL (SELECT '2025-03-10 07:12:34.567+00'::timestamptz) AS now (at);
        RETURN QUERY SELECT is(last_event_at, (SELECT max(occurred_at) FROM analytics_events WHERE t IS NULL OR tenant_id = t), format('the latest event: %s, %s', role, coalesce(t, 'any'))) FROM unnest('{x,y,Z,nobody,NULL}'::text[]) AS t, _analytics_freshness(t);
        RETURN QUERY SELECT is(last_ingested_at, (SELECT max(ingested_at) FROM analytics_events WHERE t IS NULL OR tenant_id = t), format('the latest ingestion: %s, %s', role, coalesce(t, 'any'))) FROM unnest('{x,y,Z,nobody,NULL}'::text[]) AS t, _analytics_freshness(t);
        RETURN QUERY SELECT is(coalesce(sum(events), 0), (SELECT count(*)::numeric FROM analytics_events), 'sessions: ' || role) FROM analytics_session('2025-03-10', '2025-03-12', '1 hour', '{k}');
    END IF;
    RESET ROLE;
END
$$;

-- Without row-level security: with the rollups, with those of tenants only, with none, with a few columns.
SELECT tap.same(role) FROM unnest('{analytics_check_whole,analytics_check_tenant,analytics_check_plain,analytics_check_columns}'::text[]) AS role;
SET LOCAL ROLE analytics_check_plain;
SELECT tap.fails('SELECT * FROM analytics_rollup_totals', '42501', 'who was not granted them can not look into the totals');
RESET ROLE;

-- A wrong bag is put into each table of rollups, to tell by: whoever counts it has read them.
CREATE FUNCTION tap.marks(role text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    marks text;
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', role);
    SELECT string_agg(DISTINCT event_type, ' ' ORDER BY event_type) INTO marks FROM (SELECT event_type FROM analytics_counts('2025-03-10 00:00:00+00', '2025-03-10 08:00:00+00') UNION ALL SELECT event_type FROM analytics_counts('2025-03-10 00:00:00+00', '2025-03-10 08:00:00+00', 'x')) AS c WHERE event_type IN ('totals', 'tenants');
    RESET ROLE;
    RETURN marks;
END
$$;

SET analytics.append_bags = on; -- as who mends them
SAVEPOINT marked;
INSERT INTO analytics_rollup_totals (hour, cells) SELECT :day, analytics_bag(:day, 'totals', 1);
INSERT INTO analytics_rollup_tenants (hour, tenant_id, cells) SELECT :day, 'x', analytics_bag(:day, 'tenants', 1);
SELECT is(tap.marks(role), due, role || ' reads, without row-level security: ' || coalesce(due, 'the events')) FROM (VALUES ('analytics_check_whole', 'tenants totals'), ('analytics_check_tenant', 'tenants'), ('analytics_check_plain', NULL)) AS v (role, due);
ROLLBACK TO marked;

-- Restricted on the events, with nothing said about the rollups: counted from the events.
SET LOCAL app.tenant = 'x';
ALTER TABLE analytics_events ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON analytics_events USING (tenant_id = current_setting('app.tenant', true));
SELECT tap.same(role) FROM unnest('{analytics_check_whole,analytics_check_tenant,analytics_check_plain,analytics_check_unbound}'::text[]) AS role;
SAVEPOINT marked;
INSERT INTO analytics_rollup_totals (hour, cells) SELECT :day, analytics_bag(:day, 'totals', 1);
INSERT INTO analytics_rollup_tenants (hour, tenant_id, cells) SELECT :day, 'x', analytics_bag(:day, 'tenants', 1);
SELECT is(tap.marks(role), due, role || ' reads, restricted on the events alone: ' || coalesce(due, 'the events')) FROM (VALUES ('analytics_check_whole', NULL), ('analytics_check_tenant', NULL), ('analytics_check_plain', NULL), ('analytics_check_unbound', 'tenants totals')) AS v (role, due);
ROLLBACK TO marked;

-- By the recipe.
ALTER TABLE analytics_rollup_tenants ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON analytics_rollup_tenants FOR SELECT USING (tenant_id = current_setting('app.tenant', true));
SELECT tap.same(role) FROM unnest('{analytics_check_whole,analytics_check_tenant,analytics_check_plain,analytics_check_unbound}'::text[]) AS role;
SET LOCAL app.tenant = 'y';
SELECT tap.same('analytics_check_tenant');
SET LOCAL app.tenant = '';
SELECT tap.same('analytics_check_tenant');
SET LOCAL app.tenant = 'x';
SET LOCAL ROLE analytics_check_tenant;
SELECT is((SELECT array_agg(DISTINCT tenant_id::text) FROM analytics_rollup_tenants), '{x}'::text[], 'looking into the rollups shows his own tenant''s');
SELECT tap.fails('SELECT * FROM analytics_rollup_totals', '42501', 'and no totals');
RESET ROLE;
INSERT INTO analytics_rollup_totals (hour, cells) SELECT :day, analytics_bag(:day, 'totals', 1);
INSERT INTO analytics_rollup_tenants (hour, tenant_id, cells) SELECT :day, 'x', analytics_bag(:day, 'tenants', 1);
SELECT is(tap.marks(role), due, role || ' reads, by the recipe: ' || coalesce(due, 'the events')) FROM (VALUES ('analytics_check_whole', 'tenants'), ('analytics_check_tenant', 'tenants'), ('analytics_check_plain', NULL), ('analytics_check_unbound', 'tenants totals')) AS v (role, due);

-- Rollups that are restricted for one who may see every event would tell him too little: so not from them.
ALTER TABLE analytics_events DISABLE ROW LEVEL SECURITY;
SELECT is(tap.marks('analytics_check_tenant'), NULL, 'a policy on the rollups alone: counted from the events');
SELECT is(tap.told(start, stop, 'y'), tap.seen(start, stop, 'y'), 'rightly') FROM tap.windows LIMIT 3;

-- row_security = off is a promise that nothing is hidden: it fails where a plain query would.
ALTER TABLE analytics_events ENABLE ROW LEVEL SECURITY;
SET LOCAL row_security = off;
SET LOCAL ROLE analytics_check_tenant;
SELECT tap.fails('SELECT * FROM analytics_counts(now() - interval ''1 year'', now())', '42501', 'row_security = off');

SELECT * FROM finish();
ROLLBACK;
