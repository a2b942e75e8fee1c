-- The life of the tables: the extension owns none of them, DROP EXTENSION leaves them, CREATE EXTENSION adopts them, and only a word drops them.
\ir include/start.psql
SELECT * FROM no_plan();

CREATE FUNCTION tap.members(kind "char") RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM pg_depend AS d JOIN pg_class AS c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid AND c.relkind = kind
    WHERE d.refclassid = 'pg_extension'::regclass AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'analytics_events') AND d.deptype = 'e';
$$;

SELECT is(tap.members('r') + tap.members('p') + tap.members('v') + tap.members('S') + tap.members('i'), 0::bigint, 'no table, view, sequence or index is a member');
SELECT is(extconfig, NULL, 'so none is dumped as configuration') FROM pg_extension WHERE extname = 'analytics_events';

-- A database in use, with what an operator hangs on.
SELECT is((SELECT stored FROM analytics_ingest((SELECT array_agg(tap.event(i::text, _analytics_iso8601('2026-01-01 00:00:00+00'::timestamptz + i * interval '3 hours'), 't', 'x')) FROM generate_series(1, 400) AS i))), 400::bigint, 'four hundred events');
CALL analytics_create_projection('by "day"', bucket => '1 day');
ALTER TABLE analytics_events ADD COLUMN own integer DEFAULT 7;
CREATE INDEX own_index ON analytics_events USING gin (payload);
CREATE FUNCTION tap.own() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER own BEFORE INSERT ON analytics_events FOR EACH ROW EXECUTE FUNCTION tap.own();
ALTER TABLE analytics_shapes ADD COLUMN own text;
DELETE FROM analytics_shapes WHERE name = 'iam.registered';
CREATE TEMP TABLE before AS SELECT tgrelid::regclass::text AS relation, tgname::text, tgenabled::text, regexp_replace(pg_get_triggerdef(oid), '^CREATE', '') AS definition FROM pg_trigger WHERE NOT tgisinternal;

SELECT tap.fails('DROP EXTENSION analytics_events', '2BP01', 'DROP EXTENSION needs CASCADE, for triggers use its functions');
DROP EXTENSION analytics_events CASCADE;
SELECT is(count(*), 400::bigint, 'and then leaves every event') FROM analytics_events;
SELECT is(array_agg(tgname::text), '{own}', 'and the operator''s trigger, not its own') FROM pg_trigger WHERE tgrelid = 'analytics_events'::regclass AND NOT tgisinternal;

CREATE EXTENSION analytics_events;
SELECT results_eq('SELECT tgrelid::regclass::text, tgname::text, tgenabled::text, regexp_replace(pg_get_triggerdef(oid), ''^CREATE'', '''') FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2, 4', 'SELECT * FROM before ORDER BY 1, 2, 4', 'CREATE EXTENSION puts every trigger back');
SELECT is(count(*), 0::bigint, 'the counts are right') FROM analytics_verify();
SELECT is((SELECT sum(count) FROM "by ""day""")::bigint, 400::bigint, 'the projection has its view again');
SELECT is(tap.members('r') + tap.members('p') + tap.members('v') + tap.members('S'), 0::bigint, 'none has become a member');
SELECT is((SELECT ARRAY[stored, duplicates] FROM analytics_ingest(ARRAY[tap.event('1', '2026-01-01T03:00:00Z', 't', 'x'), tap.event('new', '2026-01-01T03:00:00Z', 't', 'x')])), '{1,1}', 'a redelivered event is a duplicate, a new one is stored');
SELECT is((SELECT sum(count) FROM analytics_counts('2026-01-01 00:00:00+00', '2027-01-01 00:00:00+00'))::bigint, 401::bigint, 'and counted');
SELECT is(count(*), 0::bigint, 'a shape that was deleted stays deleted') FROM analytics_shapes WHERE name = 'iam.registered';

-- Events that nobody counted.
DROP EXTENSION analytics_events CASCADE;
INSERT INTO analytics_events (event_type, source, occurred_at, payload) VALUES ('t', 's', '2026-01-05 00:00:00+00', '{}'), ('t', 's', '2026-01-05 00:00:00+00', '{}');
DELETE FROM analytics_events WHERE occurred_at < '2026-01-02 00:00:00+00';
CREATE EXTENSION analytics_events;
SELECT cmp_ok(count(*), '>', 0::bigint, 'events stored while the extension was away are found by analytics_verify') FROM analytics_verify();
SELECT cmp_ok(analytics_rebuild(), '>', 0::bigint, 'and mended by analytics_rebuild');
SELECT is(count(*), 0::bigint, 'as a whole') FROM analytics_verify();

-- Adoption is refused where it could not work, with every difference, and changes nothing.
CREATE FUNCTION tap.refusal(change text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    told text;
BEGIN
    DROP EXTENSION analytics_events CASCADE;
    EXECUTE change;
    BEGIN
        CREATE EXTENSION analytics_events;
        RETURN 'adopted';
    EXCEPTION WHEN object_not_in_prerequisite_state THEN
        GET STACKED DIAGNOSTICS told = PG_EXCEPTION_DETAIL;
    END;
    RETURN told || CASE WHEN EXISTS (SELECT FROM pg_trigger WHERE tgname LIKE 'analytics%') THEN ' and something has changed' ELSE '' END;
END
$$;
CREATE FUNCTION tap.told_of(change text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    told text;
BEGIN
    BEGIN
        told := tap.refusal(change);
        RAISE EXCEPTION USING ERRCODE = 'TAP01';
    EXCEPTION WHEN SQLSTATE 'TAP01' THEN RETURN told;
    END;
END
$$;
SELECT is(tap.told_of(change), due, 'adoption: ' || change) FROM (VALUES
    ('ALTER TABLE analytics_events DROP COLUMN source', 'column analytics_events.source is missing'),
    ('ALTER TABLE analytics_events ALTER COLUMN tenant_id TYPE text', 'column analytics_events.tenant_id has type text, not character varying(64)'),
    ('ALTER TABLE analytics_kafka_offsets ALTER COLUMN next_offset DROP NOT NULL', 'column analytics_kafka_offsets.next_offset may be null'),
    ('ALTER TABLE analytics_dead_letters ALTER COLUMN id DROP IDENTITY', 'column analytics_dead_letters.id is no longer generated as identity'),
    ('DROP INDEX analytics_dead_letters_record', 'analytics_dead_letters has no unique index on (topic, partition, "offset", recorded_at, sha256(value)) WHERE topic IS NOT NULL'),
    ('ALTER TABLE analytics_events DROP CONSTRAINT analytics_events_pkey', 'analytics_events has no primary key on (occurred_at, id)'),
    ('ALTER TABLE analytics_events DROP COLUMN source, ALTER COLUMN tenant_id TYPE text', E'column analytics_events.source is missing\ncolumn analytics_events.tenant_id has type text, not character varying(64)'),
    ('ALTER TABLE analytics_events RENAME TO elsewhere; CREATE TABLE analytics_events (LIKE elsewhere INCLUDING ALL)', 'analytics_events is not a partitioned table'),
    ('DROP VIEW analytics_dead_letter_summary; ALTER TABLE analytics_kept_rollups RENAME TO elsewhere; CREATE VIEW analytics_kept_rollups AS TABLE elsewhere', E'analytics_kept_rollups has no primary key on (range_end, range_start)\nanalytics_kept_rollups is not a table\ncolumn analytics_kept_rollups.kept_at may be null\ncolumn analytics_kept_rollups.range_end may be null\ncolumn analytics_kept_rollups.range_start may be null'),
    ('CREATE ROLE analytics_check_owner; ALTER TABLE analytics_shapes OWNER TO analytics_check_owner', 'analytics_shapes belongs to analytics_check_owner, who is neither a superuser nor ' || current_user),
    ('ALTER TABLE analytics_events ADD UNIQUE (occurred_at, source, id)', 'adopted'),
    ('DROP TABLE analytics_kept_rollups', 'adopted')
) AS _ (change, due);

-- What is inserted into the bags by hand would be counted twice, as by a restore of data alone.
SELECT tap.fails(format('INSERT INTO %s SELECT * FROM %1$s', bags), '55000', bags || ' takes no rows by hand') FROM unnest('{analytics_rollup_totals,analytics_rollup_tenants,analytics_projection_bags,analytics_dead_letter_counts}'::text[]) AS bags;
SELECT matches(f.message, 'are counts', 'in a sentence') FROM tap.failure_of('INSERT INTO analytics_rollup_totals SELECT * FROM analytics_rollup_totals') AS f;

-- No setting that anybody may make keeps events from being counted.
SET row_security = off; SET check_function_bodies = off; SET session_replication_role = origin;
SELECT is((SELECT stored FROM analytics_ingest(ARRAY[tap.event('quiet', '2026-02-01T03:00:00Z')])), 1::bigint, 'a session with the settings of a restore stores an event');
INSERT INTO analytics_events (event_type, source, occurred_at, payload) VALUES ('t', 's', '2026-02-05 00:00:00+00', '{}');
RESET row_security; RESET check_function_bodies;
SELECT is(count(*), 0::bigint, 'and it is counted') FROM analytics_verify();

-- Whoever owns the table owns its new partitions.
BEGIN;
CREATE ROLE analytics_check_owner;
GRANT CREATE ON SCHEMA public TO analytics_check_owner;
ALTER TABLE analytics_events OWNER TO analytics_check_owner;
SELECT is(pg_get_userbyid(relowner), 'analytics_check_owner', 'a new partition has the owner of the table') FROM pg_class WHERE oid = analytics_create_partition('2001-01-01 00:00:00+00');
ROLLBACK;

-- A session that restores makes no tables; every function then says what to do.
BEGIN;
SELECT analytics_drop_tables(confirm => 'analytics_events') \g /dev/null
DROP EXTENSION analytics_events CASCADE;
SET LOCAL row_security = off;
CREATE EXTENSION analytics_events;
SET LOCAL row_security = on;
SELECT is(to_regclass('analytics_events'), NULL, 'a session that restores makes no tables');
SELECT is(f.state || ' ' || f.message, '42P01 the tables of analytics_events are missing', call || ': says that the tables are missing')
FROM unnest(ARRAY['SELECT analytics_ingest(''{"{}"}'')', 'SELECT analytics_summary()', 'SELECT analytics_counts(now(), now())', 'SELECT analytics_recent()',
    'SELECT analytics_create_partition(now())', 'SELECT analytics_retain(''1 day'')', 'SELECT analytics_rebuild()', 'SELECT analytics_normalize(''{}''::text)',
    'SELECT analytics_replay_dead_letters()', 'SELECT analytics_purge_dead_letters(''1 day'')', 'SELECT analytics_accept_gap(''g'', ''t'', 0, 0, 1)', 'SELECT analytics_drop_projection(''p'')']) AS call, tap.failure_of(call) AS f;
SELECT lives_ok('SELECT analytics_create_tables()', 'and makes them when it is asked to');
SELECT is((SELECT stored FROM analytics_ingest(ARRAY[tap.event('1')])), 1::bigint, 'whole');
SELECT lives_ok('SELECT analytics_create_tables()', 'a second time changes nothing');
ROLLBACK;

-- The one way to remove data.
SELECT tap.fails('SELECT analytics_drop_tables(' || word || ')', '22023', 'not dropped: ' || word) FROM unnest(ARRAY['NULL', '''''', '''yes''', '''Analytics_events''']) AS word;
CREATE VIEW tap.mine AS SELECT * FROM analytics_events;
SELECT tap.fails('SELECT analytics_drop_tables(''analytics_events'')', '2BP01', 'nor where a view of yours depends on a table');
DROP VIEW tap.mine;
SELECT lives_ok('SELECT analytics_drop_tables(confirm => ''analytics_events'')', 'dropped with its word');
SELECT is(count(*), 0::bigint, 'and no table, view or sequence is left') FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind <> 'c';
SELECT lives_ok('DROP EXTENSION analytics_events', 'the extension then goes without CASCADE');
SELECT * FROM finish();
