-- Columns that an operator has altered, and objects put in the place of the extension's: an error that names them, or the same
-- answer as before, and never memory that is somebody else's.
\ir include/start.psql
SELECT * FROM no_plan();
SET TimeZone = 'UTC';

SELECT analytics_create_partition('2025-01-02 00:00:00+00') IS NOT NULL \g /dev/null
CALL analytics_create_projection('plans', dimensions => '{"plan": ["plan"]}', measures => '{"n": ["n"]}', bucket => '1 day');
SELECT * FROM analytics_ingest(ARRAY(SELECT tap.event(i::text, '2025-01-02T03:04:05Z', 'e', 't', jsonb_build_object('plan', 'p', 'n', i)) FROM generate_series(1, 3) AS i)) \g /dev/null
DELETE FROM analytics_events WHERE payload @> '{"n": 1}'; -- so that the projection asks the events for the least

-- Everything that reads or writes a table, by what it is about.
CREATE FUNCTION tap.uses(what text) RETURNS text LANGUAGE sql AS $$
    SELECT (CASE what
        WHEN 'normalize' THEN 'SELECT * FROM analytics_normalize(''{}''::text)'
        WHEN 'ingest' THEN 'SELECT stored FROM analytics_ingest(ARRAY[tap.event(''new'', ''2025-01-02T05:00:00Z'', ''e'', ''t'')])'
        WHEN 'record' THEN 'SELECT outcome FROM analytics_record_each(ARRAY[tap.event(''1'', ''2025-01-02T03:04:05Z'', ''e'', ''t'')])'
        WHEN 'untimed' THEN 'SELECT stored FROM analytics_ingest(ARRAY[tap.event(''new'')])'
        WHEN 'delete' THEN 'DELETE FROM analytics_events'
        WHEN 'update' THEN 'UPDATE analytics_events SET tenant_id = ''u'''
        WHEN 'fold' THEN 'DO $_$ BEGIN FOR i IN 1 .. 400 LOOP PERFORM analytics_ingest(ARRAY[tap.event(''f'' || i, ''2025-01-02T03:30:00Z'', ''e'', ''t'')]); END LOOP; END $_$'
        WHEN 'counts' THEN 'SELECT count FROM analytics_counts(''2025-01-02 00:00:30+00'', ''2025-01-03 00:00:00+00'')'
        WHEN 'tenant' THEN 'SELECT count FROM analytics_counts(''2025-01-02 00:00:30+00'', ''2025-01-03 00:00:00+00'', ''t'')'
        WHEN 'partial' THEN 'SELECT count FROM analytics_counts(''2025-01-02 03:04:04+00'', ''2025-01-02 03:04:06+00'')'
        WHEN 'freshness' THEN 'SELECT last_event_at FROM _analytics_freshness()'
        WHEN 'recent' THEN 'SELECT id FROM analytics_recent(5, tenant_id => ''t'')'
        WHEN 'of a type' THEN 'SELECT id FROM analytics_recent(5, event_type => ''e'')'
        WHEN 'view' THEN 'SELECT plan, n_min FROM plans'
        WHEN 'lack' THEN 'SELECT l.counted FROM _analytics_projection_missing(1, ''-infinity'', ''infinity'') AS l'
    END);
$$;

-- What the statement answers after the alteration, in a subtransaction that leaves nothing: an SQLSTATE and a message, or the first value.
CREATE FUNCTION tap.after(alteration text, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    EXECUTE alteration;
    BEGIN
        IF statement ~ '^SELECT' THEN EXECUTE statement INTO answer; ELSE EXECUTE statement; END IF;
    EXCEPTION WHEN OTHERS THEN
        answer := SQLSTATE || ' ' || SQLERRM;
    END;
    RAISE SQLSTATE 'TAP00' USING MESSAGE = coalesce(answer, 'null');
EXCEPTION WHEN SQLSTATE 'TAP00' THEN
    RETURN SQLERRM;
END
$$;

-- Functions that are bound to columns forbid to alter them; whoever does it nevertheless has dropped these first.
DO $$
DECLARE
    bound text;
BEGIN
    FOR bound IN SELECT DISTINCT objid::regprocedure FROM pg_depend WHERE classid = 'pg_proc'::regclass AND refclassid = 'pg_class'::regclass AND refobjsubid > 0 LOOP
        EXECUTE format('ALTER EXTENSION analytics_events DROP FUNCTION %s', bound);
        EXECUTE format('DROP FUNCTION %s CASCADE', bound);
    END LOOP;
END
$$;

CREATE TABLE altered (number int GENERATED ALWAYS AS IDENTITY, alteration text, uses text[], answer text);
INSERT INTO altered (alteration, uses, answer) VALUES
    ('ALTER TABLE analytics_shapes ALTER enabled DROP DEFAULT, ALTER enabled TYPE text', '{normalize,ingest,record}', '42804 column "enabled" must be of type boolean'),
    ('ALTER TABLE analytics_shapes ALTER position TYPE text', '{normalize}', '42804 column "position" must be of type integer'),
    ('ALTER TABLE analytics_shapes ALTER source TYPE jsonb USING to_jsonb(source)', '{normalize}', '42804 column "source" must be of type pg_catalog.text'),
    ('ALTER TABLE analytics_shapes ALTER iso_member TYPE int USING 1073741820', '{normalize}', '42804 column "iso_member" must be of type pg_catalog.text'),
    ('ALTER TABLE analytics_shapes ALTER required_members TYPE jsonb USING to_jsonb(required_members)', '{normalize}', '42804 column "required_members" must be of type pg_catalog.text[]'),
    ('ALTER TABLE analytics_shapes ALTER key_members DROP NOT NULL; ALTER TABLE analytics_shapes DISABLE TRIGGER USER; UPDATE analytics_shapes SET key_members = NULL', '{normalize}', 'XX001 column "key_members" must not be null'),
    ('ALTER TABLE analytics_shapes DISABLE TRIGGER USER; UPDATE analytics_shapes SET key_members = ''{null}''', '{normalize}', 'XX001 column "key_members" must not hold a null'),
    ('ALTER TABLE analytics_shapes ALTER event_type DROP NOT NULL; ALTER TABLE analytics_shapes DISABLE TRIGGER USER; UPDATE analytics_shapes SET event_type = NULL', '{normalize}', 'XX001 column "event_type" must not be null'),
    ('ALTER TABLE analytics_shapes DROP CONSTRAINT analytics_shapes_version, ALTER version TYPE text', '{normalize}', '42804 column "version" must be of type integer'),
    ('INSERT INTO analytics_contracts (event_type) VALUES (''t''); ALTER TABLE analytics_contracts DROP CONSTRAINT analytics_contracts_version, ALTER version DROP DEFAULT, ALTER version TYPE text', '{normalize,ingest}', '42804 column "version" must be of type integer'),
    ('INSERT INTO analytics_contracts (event_type) VALUES (''t''); ALTER TABLE analytics_contracts DROP CONSTRAINT analytics_contracts_mode, ALTER mode DROP DEFAULT, ALTER mode TYPE int USING 1073741820', '{normalize}', '42804 column "mode" must be of type pg_catalog.text'),
    ('INSERT INTO analytics_contracts (event_type) VALUES (''t''); ALTER TABLE analytics_contracts DROP CONSTRAINT analytics_contracts_mode; UPDATE analytics_contracts SET mode = ''x''', '{normalize}', 'XX001 column "mode" of analytics_contracts has an unknown mode'),
    ('INSERT INTO analytics_contracts (event_type) VALUES (''t''); ALTER TABLE analytics_contracts ALTER valid_from DROP NOT NULL; UPDATE analytics_contracts SET valid_from = NULL', '{normalize}', 'XX001 column "valid_from" must not be null'),
    ('ALTER TABLE analytics_contracts RENAME TO t; CREATE VIEW analytics_contracts AS TABLE t', '{normalize}', '42809 "public.analytics_contracts" is not a plain table'),
    ('DROP TABLE analytics_contracts', '{normalize}', 'null'),
    ('INSERT INTO analytics_contracts (event_type, mode, schema) VALUES (''t'', ''observe'', ''false''); ALTER TABLE analytics_contracts ALTER schema TYPE text', '{normalize}', '42804 column "schema" must be of type jsonb'),
    ('INSERT INTO analytics_contracts (event_type, mode, schema) VALUES (''t'', ''observe'', ''false''); ALTER TABLE analytics_contracts DISABLE TRIGGER USER; UPDATE analytics_contracts SET schema = NULL', '{normalize}', 'XX001 column "schema" of analytics_contracts is null'),
    ('INSERT INTO analytics_contracts (event_type, mode, schema) VALUES (''t'', ''observe'', ''false''); ALTER TABLE analytics_contracts DISABLE TRIGGER USER; UPDATE analytics_contracts SET schema = ''7''', '{normalize}', 'XX001 schema of analytics_contracts is refused: the schema must be a schema: an object, true or false at ""'),
    ('INSERT INTO analytics_contracts (event_type, mode, schema) VALUES (''e'', ''observe'', ''false''); DROP VIEW analytics_contract_findings; ALTER TABLE analytics_contract_finding_counts ALTER count TYPE int', '{ingest}', '42804 column "count" must be of type bigint'),
    ('INSERT INTO analytics_contracts (event_type, mode, schema) VALUES (''e'', ''observe'', ''false''); DROP VIEW analytics_contract_findings; ALTER TABLE analytics_contract_finding_counts DROP pointer', '{ingest}', '42703 column "pointer" does not exist'),
    ('INSERT INTO analytics_feeds (name, source, since, keep) VALUES (''f'', ''events'', ''now'', ''1 day''); ALTER TABLE analytics_outbox ALTER changes TYPE bigint', '{ingest,delete,update}', '42804 column "changes" must be of type integer'),
    ('INSERT INTO analytics_feeds (name, source, since, keep) VALUES (''f'', ''events'', ''now'', ''1 day''); ALTER TABLE analytics_outbox DROP ids', '{ingest,delete,update}', '42703 column "ids" does not exist'),
    ('INSERT INTO analytics_feeds (name, source, since, keep) VALUES (''f'', ''events'', ''now'', ''1 day''); DROP TABLE analytics_outbox', '{ingest,delete,update}', '42P01 the tables of analytics_events are missing'),
    ('INSERT INTO analytics_feeds (name, source, since, keep) VALUES (''f'', ''events'', ''now'', ''1 day''); ALTER TABLE analytics_feeds DROP tenant_id CASCADE', '{ingest,delete,update}', '42703 column "tenant_id" does not exist'),
    ('DROP TABLE analytics_feeds', '{ingest,delete,update}', 'null'),
    ('ALTER TABLE analytics_shapes DROP iso_member CASCADE', '{normalize}', '42703 column "iso_member" does not exist'),
    ('ALTER TABLE analytics_shapes ADD "........pg.dropped.1........" text', '{normalize}', 'null'),
    ('DROP TRIGGER analytics_projections_changed ON analytics_projections; ALTER TABLE analytics_projections ALTER bucket TYPE text', '{ingest,delete,update}', '42804 column "bucket" must be of type interval'),
    ('DROP TRIGGER analytics_projections_changed ON analytics_projections; ALTER TABLE analytics_projections ALTER dimensions TYPE jsonb', '{ingest,lack}', '42804 column "dimensions" must be of type pg_catalog.json'),
    ('DROP TRIGGER analytics_projections_changed ON analytics_projections; ALTER TABLE analytics_projections ALTER max_groups TYPE bigint', '{ingest,lack}', '42804 column "max_groups" must be of type integer'),
    ('DROP TRIGGER analytics_projections_changed ON analytics_projections; ALTER TABLE analytics_projections ALTER event_types TYPE text USING ''65536''', '{ingest}', '42804 column "event_types" must be of type pg_catalog.text[]'),
    ('ALTER TABLE analytics_rollup_totals ALTER cells TYPE text USING encode(cells, ''hex'')', '{ingest,delete,counts,of a type}', '42804 column "cells" must be of type pg_catalog.bytea'),
    ('ALTER TABLE analytics_rollup_totals ALTER cells DROP NOT NULL; UPDATE analytics_rollup_totals SET cells = NULL', '{counts,of a type,fold}', 'XX001 column "cells" must not be null'),
    ('ALTER TABLE analytics_rollup_tenants ALTER cells DROP NOT NULL; UPDATE analytics_rollup_tenants SET cells = NULL', '{tenant,recent,fold}', 'XX001 column "cells" must not be null'),
    ('ALTER TABLE analytics_rollup_totals ALTER seconds TYPE text USING encode(seconds, ''hex'')', '{ingest,delete,counts,partial}', '42804 column "seconds" must be of type pg_catalog.bytea'),
    ('ALTER TABLE analytics_rollup_totals DROP seconds; ALTER TABLE analytics_rollup_tenants DROP seconds', '{ingest,delete,fold,counts,tenant,partial}', 'null'),
    ('ALTER TABLE analytics_rollup_tenants ALTER hour TYPE timestamp', '{ingest,tenant,recent}', '42804 column "hour" must be of type timestamp with time zone'),
    ('ALTER TABLE analytics_rollup_totals ALTER last_ingested_at TYPE timestamp', '{ingest}', '42804 column "last_ingested_at" must be of type timestamp with time zone'),
    ('ALTER TABLE analytics_rollup_totals ALTER last_ingested_at TYPE timestamp', '{freshness}', '42804 column "newest ingestion" must be of type timestamp with time zone'),
    ('ALTER TABLE analytics_rollup_totals ADD note text, ADD more text DEFAULT ''x''', '{ingest,update}', 'null'),
    ('ALTER TABLE analytics_projection_bags ALTER cells DROP NOT NULL; UPDATE analytics_projection_bags SET cells = NULL', '{lack,fold}', 'XX001 column "cells" must not be null'),
    ('ALTER TABLE analytics_projection_bags ADD note text', '{ingest,update}', 'null'),
    ('ALTER TABLE analytics_untimed_keys ALTER occurred_at TYPE timestamp', '{untimed}', '42804 column "occurred_at" must be of type timestamp with time zone'),
    ('ALTER TABLE analytics_rollup_totals RENAME TO t; CREATE VIEW analytics_rollup_totals AS TABLE t', '{ingest,of a type}', '42809 "public.analytics_rollup_totals" is not a plain table'),
    ('ALTER TABLE analytics_rollup_totals RENAME TO t; CREATE TABLE analytics_rollup_totals (LIKE t) PARTITION BY RANGE (hour)', '{ingest,of a type}', '42809 "public.analytics_rollup_totals" is not a plain table'),
    ('ALTER TABLE analytics_shapes RENAME TO t; CREATE VIEW analytics_shapes AS TABLE t', '{normalize}', '42809 "public.analytics_shapes" is not a plain table'),
    ('ALTER INDEX analytics_rollup_totals_hour RENAME TO i; CREATE INDEX analytics_rollup_totals_hour ON analytics_rollup_tenants (hour)', '{ingest,of a type}', '42809 "public.analytics_rollup_totals_hour" is not a B-tree index of "analytics_rollup_totals"'),
    ('ALTER INDEX analytics_rollup_totals_hour RENAME TO i; CREATE INDEX analytics_rollup_totals_hour ON analytics_rollup_totals USING hash (hour)', '{ingest,of a type}', '42809 "public.analytics_rollup_totals_hour" is not a B-tree index of "analytics_rollup_totals"'),
    ('ALTER TABLE analytics_events RENAME TO e; CREATE VIEW analytics_events AS TABLE e', '{ingest}', '42809 table "analytics_events" is not partitioned by range of a timestamp with time zone');
-- PostgreSQL's name of json is with or without its schema, by the version.
SELECT is(replace(tap.after(alteration, tap.uses(what)), 'pg_catalog.', ''), CASE WHEN answer = 'null' THEN tap.after('SELECT 1', tap.uses(what)) ELSE replace(answer, 'pg_catalog.', '') END, what || ' after ' || alteration)
FROM altered, unnest(uses) AS what ORDER BY number, what;

-- Types that have the same bytes are as good.
CREATE DOMAIN tap.instant AS timestamptz;
CREATE DOMAIN tap.name AS varchar(200);
SELECT is(tap.after(alteration, tap.uses(what)), tap.after('SELECT 1', tap.uses(what)), what || ' after ' || alteration)
FROM unnest(ARRAY['ALTER TABLE analytics_rollup_totals ALTER hour TYPE tap.instant', 'ALTER TABLE analytics_rollup_tenants ALTER tenant_id TYPE text',
    'ALTER TABLE analytics_rollup_tenants ALTER tenant_id TYPE tap.name', 'ALTER TABLE analytics_shapes ALTER name TYPE varchar']) AS alteration,
    unnest('{ingest,counts,tenant,freshness,recent,normalize}'::text[]) AS what;

-- Trigger functions, called otherwise or for other tables.
SELECT is((tap.failure_of(format('SELECT %I()', f))).state, '39P01', f::text || ' as a plain function')
FROM unnest('{_analytics_rollup_row,_analytics_rollup_statement,_analytics_rollup_truncate,_analytics_invalidate_rules}'::text[]) AS f;

CREATE TABLE other (occurred_at int, ingested_at text, event_type int, tenant_id int, payload text);
CREATE TABLE same (payload jsonb, tenant_id text, event_type text, ingested_at timestamptz, occurred_at timestamptz, id uuid);
SELECT is(tap.after(format('CREATE TRIGGER x %s EXECUTE FUNCTION %s()', trigger, function), statement), answer, format('%s, %s: %s', function, trigger, statement))
FROM (VALUES
    ('AFTER INSERT ON other FOR EACH ROW', '_analytics_rollup_row', 'INSERT INTO other VALUES (1, ''x'', 1073741820, 65536, ''{}'')', '42804 column "event_type" must be of type pg_catalog.text'),
    ('AFTER INSERT ON same FOR EACH ROW', '_analytics_rollup_row', 'INSERT INTO same DEFAULT VALUES', 'XX001 column "occurred_at" must not be null'),
    ('AFTER INSERT ON analytics_shapes FOR EACH ROW', '_analytics_rollup_row', 'INSERT INTO analytics_shapes (name, event_type, source, required_members) VALUES (''x'', ''x'', ''x'', ''{x}'')', '42703 column "occurred_at" does not exist'),
    ('BEFORE INSERT ON same FOR EACH ROW', '_analytics_rollup_row', 'INSERT INTO same DEFAULT VALUES', '39P01 must be fired after each row'),
    ('AFTER INSERT ON same FOR EACH STATEMENT', '_analytics_rollup_row', 'INSERT INTO same DEFAULT VALUES', '39P01 must be fired after each row'),
    ('AFTER INSERT ON same FOR EACH ROW', '_analytics_rollup_statement', 'INSERT INTO same DEFAULT VALUES', '39P01 must be fired for each statement'),
    ('BEFORE INSERT ON same FOR EACH STATEMENT', '_analytics_rollup_truncate', 'INSERT INTO same DEFAULT VALUES', '39P01 must be fired before TRUNCATE'),
    ('AFTER TRUNCATE ON same FOR EACH STATEMENT', '_analytics_rollup_truncate', 'TRUNCATE same', '39P01 must be fired before TRUNCATE'),
    ('BEFORE TRUNCATE ON same FOR EACH STATEMENT', '_analytics_rollup_truncate', 'TRUNCATE same', 'null'),
    ('BEFORE INSERT ON same FOR EACH STATEMENT', '_analytics_rollup_statement', 'INSERT INTO same DEFAULT VALUES', 'null'),
    ('AFTER INSERT ON same FOR EACH STATEMENT', '_analytics_rollup_statement', 'INSERT INTO same DEFAULT VALUES', 'null'),
    ('AFTER INSERT ON same FOR EACH STATEMENT', '_analytics_invalidate_rules', 'INSERT INTO same DEFAULT VALUES', 'null'),
    ('BEFORE INSERT ON same FOR EACH ROW', '_analytics_invalidate_rules', 'INSERT INTO same DEFAULT VALUES', '39P01 must be fired after a statement')) AS _ (trigger, function, statement, answer);

-- A schema that is renamed under a session's plans.
CREATE FUNCTION tap.of_plans(schema text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answers text[];
    answer text;
    statement text;
BEGIN
    FOREACH statement IN ARRAY ARRAY[
        'SELECT string_agg(r.n_min::text, '' '') FROM (SELECT projection, bucket_start, tenant_id, array_agg(cells) AS bags FROM %1$I.analytics_projection_bags GROUP BY 1, 2, 3) AS b,
         %1$I._analytics_projection_rows(b.projection, b.bucket_start, b.tenant_id, b.bags) AS r (plan text, other boolean, count bigint, mismatched bigint, n_count bigint, n_sum numeric, n_avg numeric, n_min numeric, n_max numeric)',
        'SELECT count(*) FROM %1$I._analytics_projection_missing(1, ''-infinity'', ''infinity'')',
        'SELECT sum(count) FROM %1$I._analytics_window_counts(''{2025-01-02 03:04:00+00,2025-01-02 03:04:05.5+00}'')',
        'SELECT sum(count) FROM %1$I._analytics_window_counts(''{2025-01-02 03:04:00+00,2025-01-02 03:04:05.5+00}'', ''t'')',
        'SELECT last_event_at FROM %1$I._analytics_freshness()',
        'SELECT last_event_at FROM %1$I._analytics_freshness(''t'')',
        'SELECT outcome FROM %1$I.analytics_record_each(ARRAY[tap.event(''2'', ''2025-01-02T03:04:05Z'', ''e'', ''t'')])',
        'SELECT count(*) FROM %1$I._analytics_recent_of(5, ''infinity'', ''ffffffff-ffff-ffff-ffff-ffffffffffff'', ''t'', NULL)'] LOOP
        EXECUTE format(statement, schema) INTO answer;
        answers := answers || answer;
    END LOOP;
    RETURN answers::text;
END
$$;
SELECT tap.of_plans('public') AS of_plans, tap.of_plans('public') AS again \gset
SELECT is(:'again', :'of_plans'::text, 'plans are kept');
ALTER SCHEMA public RENAME TO "else where";
SET search_path = tap;
SELECT is(tap.of_plans('else where'), :'of_plans', 'the schema is renamed: the same answers in the same session');
ALTER SCHEMA "else where" RENAME TO public;
SELECT is(tap.of_plans('public'), :'of_plans', 'and renamed back');

SELECT finish();
