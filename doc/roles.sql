/* Who may do what: the roles of analytics_events, with no right more than they need, and tenants kept apart.
 *
 *     psql -d app -v ON_ERROR_STOP=1 -1 -f roles.sql
 *
 * Run it as a superuser in each database that has the extension, again after an update of it: it may be run any number
 * of times. Roles can't be part of an extension, and neither can policies, so they are made here.
 *
 *   analytics_writer    stores what Kafka has            analytics_ingestor  the ingestor's login, a writer
 *   analytics_reader    asks                             analytics_api       the HTTP service's login
 *   analytics_operator  replays, purges, retains, mends  analytics_tenant    one tenant's, told by a setting
 *
 * Row-level security is on for the tables that hold tenants' data, and for those that hold totals over all of them:
 * analytics_tenant sees its tenant's rows and may store only such, and nothing of the totals. Everybody else has a policy
 * that lets all through. The two logins have BYPASSRLS, which is the same without asking: where the server has to ask,
 * it can't store in bulk nor read the totals of all tenants, and is slower for it. Give it to analysts that may see
 * everything, too (ALTER ROLE ana BYPASSRLS): they hold rights on nothing else here.
 *
 * Passwords: none are set. Over a unix socket peer authentication needs none; else \password analytics_api. */

\set QUIET on
SET client_min_messages = warning;
SET search_path = pg_catalog, pg_temp; -- what is the extension's is qualified, all else PostgreSQL's

SELECT format('CREATE ROLE %I %s', r.name, r.what)
FROM (VALUES ('analytics_writer', 'NOLOGIN'), ('analytics_reader', 'NOLOGIN'), ('analytics_operator', 'NOLOGIN'), ('analytics_tenant', 'NOLOGIN NOBYPASSRLS'),
             ('analytics_ingestor', 'LOGIN'), ('analytics_api', 'LOGIN')) AS r (name, what)
WHERE NOT EXISTS (SELECT FROM pg_roles AS known WHERE known.rolname = r.name)
\gexec
ALTER ROLE analytics_tenant NOSUPERUSER NOBYPASSRLS;
ALTER ROLE analytics_ingestor BYPASSRLS;
ALTER ROLE analytics_api BYPASSRLS;

SELECT n.nspname AS home FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace WHERE e.extname = 'analytics_events'
\gset

GRANT USAGE ON SCHEMA :"home" TO analytics_writer, analytics_reader, analytics_operator, analytics_tenant;

-- who stores what Kafka has, and publishes dead letters
GRANT SELECT, INSERT ON :"home".analytics_events, :"home".analytics_untimed_keys TO analytics_writer;
GRANT SELECT, INSERT, UPDATE ON :"home".analytics_dead_letters, :"home".analytics_kafka_offsets TO analytics_writer;
GRANT SELECT ON :"home".analytics_kafka_gaps TO analytics_writer;

-- who asks
GRANT SELECT ON :"home".analytics_events, :"home".analytics_dead_letters, :"home".analytics_kafka_offsets, :"home".analytics_kafka_gaps, :"home".analytics_rollup_totals, :"home".analytics_rollup_tenants,
    :"home".analytics_projections, :"home".analytics_projection_bags, :"home".analytics_dead_letter_summary TO analytics_reader;

-- who replays and purges dead letters, accepts gaps, drops old partitions, compares the rollups with the events and mends them
GRANT SELECT, INSERT ON :"home".analytics_events, :"home".analytics_untimed_keys, :"home".analytics_kafka_gaps TO analytics_operator;
GRANT SELECT, UPDATE, DELETE ON :"home".analytics_dead_letters TO analytics_operator;
GRANT SELECT, UPDATE ON :"home".analytics_kafka_offsets TO analytics_operator;
GRANT SELECT ON :"home".analytics_rollup_totals, :"home".analytics_rollup_tenants, :"home".analytics_projections, :"home".analytics_projection_bags, :"home".analytics_dead_letter_summary TO analytics_operator;

-- one tenant's: asks and posts. Totals are granted, and hidden by policies, so that a summary has a 0 there and no error.
GRANT SELECT, INSERT ON :"home".analytics_events, :"home".analytics_untimed_keys TO analytics_tenant;
GRANT SELECT ON :"home".analytics_dead_letters, :"home".analytics_kafka_offsets, :"home".analytics_rollup_tenants, :"home".analytics_projections, :"home".analytics_projection_bags TO analytics_tenant;

-- the logins
GRANT analytics_writer TO analytics_ingestor;
GRANT analytics_reader, analytics_tenant TO analytics_api;
GRANT INSERT ON :"home".analytics_events TO analytics_api;
GRANT SELECT, INSERT ON :"home".analytics_untimed_keys TO analytics_api;
-- for keys with the scope admin, which replay dead letters
GRANT UPDATE ON :"home".analytics_dead_letters TO analytics_api;

-- Functions and procedures, the extension's alone: in its schema another may have been given the same name.
SELECT format('GRANT EXECUTE ON ROUTINE %s TO %I', coalesce(own.routine::text, n.name), g.role)
FROM (VALUES
    ('analytics_writer', '{analytics_create_partition,analytics_ingest,analytics_record,analytics_record_each,analytics_claim_partition,_analytics_lock_claim,
        _analytics_ingest_batch,analytics_ingest_kafka,_analytics_unpublished_dead_letters,_analytics_mark_dead_letters_published}'),
    ('analytics_operator', '{analytics_create_partition,_analytics_ingest_again,analytics_replay_dead_letters,analytics_purge_dead_letters,analytics_accept_gap,
        analytics_retain,analytics_verify,analytics_rebuild,analytics_replay_all_dead_letters}'),
    ('analytics_tenant', '{analytics_create_partition,analytics_record_each}'),
    ('analytics_api', '{analytics_create_partition,analytics_record_each,_analytics_ingest_again,analytics_replay_dead_letters}')) AS g (role, names)
CROSS JOIN unnest(g.names::text[]) AS n (name)
LEFT JOIN (SELECT p.proname, p.oid::regprocedure AS routine FROM pg_proc AS p
           JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
           JOIN pg_extension AS e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid AND e.extname = 'analytics_events') AS own
    ON own.proname = n.name
\gexec

-- Policies: everything for those who may see everything, and a tenant's rows for the tenant.
SELECT format('ALTER TABLE %1$I.%2$I ENABLE ROW LEVEL SECURITY; DROP POLICY IF EXISTS everything ON %1$I.%2$I; '
           'CREATE POLICY everything ON %1$I.%2$I TO analytics_writer, analytics_reader, analytics_operator USING (true)', :'home', t.name)
FROM unnest('{analytics_events,analytics_dead_letters,analytics_kafka_offsets,analytics_rollup_tenants,analytics_projection_bags}'::text[]) AS t (name)
\gexec
SELECT format('DROP POLICY IF EXISTS tenant ON %1$I.%2$I; '
           'CREATE POLICY tenant ON %1$I.%2$I %3$s TO analytics_tenant USING (tenant_id = (SELECT nullif(current_setting(''analytics_http.tenant'', true), '''')))',
           :'home', t.name, t.command)
FROM (VALUES ('analytics_events', 'FOR SELECT'), ('analytics_rollup_tenants', 'FOR SELECT'), ('analytics_projection_bags', 'FOR SELECT')) AS t (name, command)
\gexec
DROP POLICY IF EXISTS tenant_stores ON :"home".analytics_events;
CREATE POLICY tenant_stores ON :"home".analytics_events FOR INSERT TO analytics_tenant
    WITH CHECK (tenant_id = nullif(current_setting('analytics_http.tenant', true), ''));
