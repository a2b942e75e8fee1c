-- Tables that were given to a role: what it hangs on them runs as that role, whoever calls the extension's functions.
\ir include/start.psql
BEGIN;
SELECT * FROM no_plan();
CREATE ROLE analytics_check_owner;
CREATE ROLE analytics_check_caller;
GRANT USAGE ON SCHEMA tap TO PUBLIC;
SELECT analytics_create_partition('2024-05-06 00:00:00+00', '1 month') \g /dev/null
SELECT analytics_create_partition('2024-06-06 00:00:00+00', '1 month') \g /dev/null
INSERT INTO analytics_events (event_type, source, occurred_at, payload) VALUES ('a', 's', '2024-05-06 07:08:09+00', '{}'), ('a', 's', '2024-06-06 07:08:09+00', '{}');
SET LOCAL session_replication_role = replica;
INSERT INTO analytics_events (event_type, source, occurred_at, payload) VALUES ('b', 's', '2024-06-06 07:08:09+00', '{}');
SET LOCAL session_replication_role = origin;

-- The owner's code says as whom it runs.
CREATE TABLE tap.ran (what text, as_whom name);
GRANT INSERT ON tap.ran TO PUBLIC;
CREATE FUNCTION tap.note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tap.ran VALUES (TG_OP || ' ' || TG_TABLE_NAME, current_user);
    RETURN NULL;
END
$$;
CREATE TRIGGER note AFTER DELETE ON analytics_events FOR EACH ROW EXECUTE FUNCTION tap.note();
CREATE TRIGGER note AFTER INSERT ON analytics_rollup_totals FOR EACH ROW EXECUTE FUNCTION tap.note();
CREATE TRIGGER note AFTER INSERT ON analytics_store FOR EACH STATEMENT EXECUTE FUNCTION tap.note();
CREATE FUNCTION tap.give(new_owner name) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    given regclass;
BEGIN
    FOR given IN SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname LIKE 'analytics\_%' AND relkind IN ('r', 'p', 'v') LOOP
        EXECUTE format('ALTER TABLE %s OWNER TO %I', given, new_owner);
    END LOOP;
END
$$;
SELECT tap.give('analytics_check_owner') \g /dev/null
GRANT EXECUTE ON FUNCTION analytics_verify, analytics_rebuild, analytics_retain TO analytics_check_caller;

SELECT results_eq('SELECT rollup, event_type, events, counted FROM analytics_verify()', $$VALUES ('tenants', 'b', 1::bigint, 0::bigint), ('totals', 'b', 1, 0)$$, 'a superuser is answered');
SET LOCAL ROLE analytics_check_caller;
SELECT results_eq('SELECT rollup, event_type, events, counted FROM analytics_verify()', $$VALUES ('tenants', 'b', 1::bigint, 0::bigint), ('totals', 'b', 1, 0)$$, 'and whoever may call it');
SELECT is(analytics_rebuild(), 2::bigint, 'rebuilt by whoever may call it');
SELECT is(current_user, 'analytics_check_caller', 'who is himself again');
SELECT tap.fails('SELECT * FROM _analytics_verify(NULL, NULL)', '42501', 'the work itself has the caller''s rights alone');
SELECT tap.fails('SELECT count(*) FROM analytics_events', '42501', 'which are none');
SELECT is((SELECT array_agg(partition ORDER BY partition) FROM analytics_retain(now() - '2024-06-01 00:00:00+00', false)), '{analytics_events_2024_05}', 'dropped by whoever may call it');
SELECT isnt(id, NULL, 'the store''s id') FROM analytics_store_identity();
RESET ROLE;
SELECT is_empty('SELECT * FROM analytics_verify()', 'nothing is amiss');
SELECT is(analytics_create_partition('2024-05-07 00:00:00+00', '1 month')::text, 'analytics_events_2024_05', 'a new partition');
SELECT is(relowner::regrole::text, 'analytics_check_owner', 'is the owner''s') FROM pg_class WHERE oid = 'analytics_events_2024_05'::regclass;
SELECT set_eq('SELECT what, as_whom FROM tap.ran', $$VALUES ('INSERT analytics_rollup_totals', 'analytics_check_owner'::name), ('INSERT analytics_store', 'analytics_check_owner')$$, 'triggers ran as the owner');

-- A set is read by halves, and one statement calls a function often.
SELECT is(count(*), 3::bigint, 'called for each row') FROM generate_series(1, 3) AS n, LATERAL (SELECT analytics_rebuild(NULL, now() + n * interval '1 second')) AS r;
SELECT lives_ok('SELECT analytics_verify() LIMIT 1', 'in a select list, not read to the end');

-- Errors pass, and leave the caller himself.
SET LOCAL ROLE analytics_check_caller;
SELECT tap.fails($$SELECT * FROM analytics_retain('-1 day')$$, '22023', 'an error of the work');
SELECT is(current_user, 'analytics_check_caller', 'after which the caller is himself');
RESET ROLE;

-- Policies that the owner has put on himself.
ALTER TABLE analytics_events ENABLE ROW LEVEL SECURITY;
SELECT is_empty('SELECT * FROM analytics_verify()', 'row-level security does not restrict the owner');
ALTER TABLE analytics_events FORCE ROW LEVEL SECURITY;
SELECT tap.fails('SELECT * FROM analytics_verify()', '42501', 'unless it is forced: refused, for some events would not be seen');

-- Another owner of one table: the owner of the events decides whose rights these are.
ALTER TABLE analytics_events NO FORCE ROW LEVEL SECURITY;
ALTER TABLE analytics_rollup_totals OWNER TO CURRENT_USER;
SELECT tap.fails('SELECT * FROM analytics_verify()', '42501', 'who may not read it is refused');
GRANT SELECT ON analytics_rollup_totals TO analytics_check_owner;
SELECT is_empty('SELECT * FROM analytics_verify()', 'who may is answered');
SELECT * FROM finish();
ROLLBACK;
