-- What analytics_verify of a day costs: pages of the buffer cache that it touches, and they are as many when ten times as many days are stored.
\ir include/start.psql
SELECT * FROM no_plan();
SET TimeZone = 'UTC';

CREATE FUNCTION tap.pages(arguments text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    told json;
    least bigint;
BEGIN
    FOR i IN 1 .. 3 LOOP
        EXECUTE format('EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) SELECT * FROM analytics_verify(%s)', arguments) INTO told;
        least := least(least, (told #>> '{0,Plan,Shared Hit Blocks}')::bigint + (told #>> '{0,Plan,Shared Read Blocks}')::bigint);
    END LOOP;
    RETURN least;
END
$$;
-- Fifty tenants with an event an hour each, from one day before the end to another.
CREATE FUNCTION tap.store(first int, last int) RETURNS bigint LANGUAGE sql AS $$
    SELECT sum(r.stored)::bigint FROM generate_series(first, last) AS d, LATERAL analytics_ingest((
        SELECT array_agg(tap.event(NULL, _analytics_iso8601('2025-03-10 00:00:00+00'::timestamptz - d * interval '1 day' + h * interval '1 hour'), 't', 'tenant-' || t)) FROM generate_series(0, 23) AS h, generate_series(1, 50) AS t)) AS r
$$;
SELECT tap.store(1, 6) \g /dev/null
VACUUM ANALYZE analytics_events; VACUUM ANALYZE analytics_rollup_tenants; VACUUM ANALYZE analytics_rollup_totals;
SELECT tap.pages('''2025-03-09Z''') AS a_day, tap.pages('NULL, ''2025-03-05Z''') AS first_day, tap.pages('') AS everything \gset
SELECT tap.store(7, 60) \g /dev/null
VACUUM ANALYZE analytics_events; VACUUM ANALYZE analytics_rollup_tenants; VACUUM ANALYZE analytics_rollup_totals;
SELECT cmp_ok(tap.pages(''), '>', 5 * :everything::bigint, 'ten times as much is stored');
SELECT cmp_ok(tap.pages('''2025-03-09Z'''), '<', 2 * :a_day::bigint, 'the newest day costs what it cost');
SELECT cmp_ok(tap.pages('''2025-02-01Z'', ''2025-02-02Z'''), '<', 2 * :a_day::bigint, 'so does any other');
SELECT is_empty('SELECT * FROM analytics_verify()', 'there is no difference');
SELECT * FROM finish();
