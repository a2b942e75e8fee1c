-- No setting keeps from counting: what a dump's preamble sets, any session may set.
\ir include/start.psql
SELECT * FROM no_plan();
SET TimeZone = 'UTC';
CALL analytics_create_projection('monthly', measures => '{"n": ["n"]}', bucket => '1 month');
SELECT analytics_create_partition('2024-01-01 00:00:00+00', '1 month'), analytics_create_partition('2024-02-01 00:00:00+00', '1 month') \g /dev/null
CREATE FUNCTION tap.agrees(what text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN NEXT is_empty('SELECT * FROM analytics_verify()', what || ': nothing is to be mended');
    RETURN NEXT set_eq($q$SELECT * FROM analytics_counts('-infinity', 'infinity')$q$, $q$SELECT event_type::text, count(*) FROM analytics_events GROUP BY 1$q$, what || ': counts');
    RETURN NEXT is((SELECT coalesce(sum(count), 0)::bigint FROM monthly), (SELECT count(*) FROM analytics_events), what || ': the projection');
END
$$;

-- A plain writer's statements (4).
CREATE ROLE uncounted_writer;
GRANT USAGE ON SCHEMA tap TO uncounted_writer;
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON analytics_events, analytics_events_2024_01 TO uncounted_writer;
CREATE FUNCTION tap.writes(setting text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE setting;
    SET LOCAL ROLE uncounted_writer;
    INSERT INTO analytics_events (event_type, source, occurred_at, tenant_id, payload) SELECT 't' || n % 3, 's', timestamptz '2024-01-20 00:00:00+00' + n * interval '5 hours', 'a', '{"n": 1}' FROM generate_series(1, 60) AS n;
    RETURN QUERY SELECT tap.in_between(setting, 'INSERT');
    UPDATE analytics_events SET event_type = 'u' WHERE event_type = 't1';
    RETURN QUERY SELECT tap.in_between(setting, 'UPDATE');
    DELETE FROM analytics_events WHERE event_type = 't2';
    RETURN QUERY SELECT tap.in_between(setting, 'DELETE');
    INSERT INTO analytics_events_2024_01 (event_type, source, occurred_at, payload) VALUES ('p', 's', '2024-01-02 00:00:00+00', '{}');
    RETURN QUERY SELECT tap.in_between(setting, 'INSERT into a partition');
    TRUNCATE analytics_events;
    RETURN QUERY SELECT tap.in_between(setting, 'TRUNCATE');
END
$$;
CREATE FUNCTION tap.in_between(setting text, what text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RESET ROLE;
    RETURN QUERY SELECT tap.agrees(format('%s under %s', what, setting));
    SET LOCAL ROLE uncounted_writer;
END
$$;
BEGIN; SELECT tap.writes('SET LOCAL row_security = off; SET LOCAL check_function_bodies = off'); ROLLBACK;
BEGIN; SELECT tap.writes('SET LOCAL check_function_bodies = off'); ROLLBACK;
BEGIN; SELECT tap.writes('SET LOCAL row_security = off'); ROLLBACK;
BEGIN; SELECT tap.writes('SET LOCAL row_security = off; SET LOCAL check_function_bodies = off; SET LOCAL client_min_messages = warning; SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0; SET LOCAL standard_conforming_strings = on'); ROLLBACK;
BEGIN;
SET LOCAL row_security = off; SET LOCAL check_function_bodies = off;
SELECT is((SELECT stored FROM analytics_ingest((SELECT array_agg(tap.event(n::text, _analytics_iso8601('2024-01-20 00:00:00+00'::timestamptz + n * interval '1 minute'))) FROM generate_series(1, 6000) AS n))), 6000::bigint, 'an ingest in bulk');
SELECT tap.agrees('ingested');
ROLLBACK;

-- Retention, whose functions set row_security off themselves (30): partitions whose bounds are no bag's.
CREATE FUNCTION tap.retains(what text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    SET LOCAL check_function_bodies = off;
    PERFORM analytics_retain('1 day', keep_rollups => false);
    RETURN QUERY SELECT tap.agrees(what);
END
$$;
BEGIN;
DROP TABLE analytics_events_2024_01, analytics_events_2024_02;
CREATE TABLE early PARTITION OF analytics_events FOR VALUES FROM (MINVALUE) TO ('2023-05-10 01:30:00+00');
CREATE TABLE late PARTITION OF analytics_events FOR VALUES FROM ('2023-05-10 01:30:00+00') TO (MAXVALUE);
INSERT INTO analytics_events (event_type, source, occurred_at, payload) SELECT 't', 's', timestamptz '2023-05-10 01:00:00+00' + n * interval '7 minutes', '{"n": 2}' FROM generate_series(1, 20) AS n;
SELECT tap.retains('a partition that ends at 01:30');
ROLLBACK;
BEGIN;
CREATE TABLE days_of_a_month PARTITION OF analytics_events FOR VALUES FROM ('2023-05-01 00:00:00+00') TO ('2023-05-10 00:00:00+00');
INSERT INTO analytics_events (event_type, source, occurred_at, payload) SELECT 't', 's', timestamptz '2023-05-01 00:00:00+00' + n * interval '7 hours', '{"n": 2}' FROM generate_series(0, 20) AS n;
SELECT tap.retains('days, and a projection by month');
ROLLBACK;
DROP OWNED BY uncounted_writer; DROP ROLE uncounted_writer;
SELECT is_empty('SELECT * FROM analytics_verify()', 'with all that taken back, nothing is to be mended');

SELECT * FROM finish();
