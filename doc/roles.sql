/* The roles of analytics_events. Each has only the rights that it needs, and policies keep tenants apart.
 *
 *     psql -d app -v ON_ERROR_STOP=1 -1 -f roles.sql
 *
 * Run it as a superuser in each database that has the extension, and again after each update of the extension. It may
 * run any number of times. An extension cannot contain roles and policies, so this script creates them.
 *
 *   analytics_writer    stores Kafka's records             analytics_ingestor  the ingestor's login, a writer
 *   analytics_reader    reads                              analytics_api       the HTTP service's login
 *   analytics_operator  replays, purges, retains, repairs  analytics_tenant    acts for one tenant, named by a setting
 *                                                          analytics_maintainer  the login of daily maintenance
 *
 * Row-level security is on for the tables with tenants' data, and for those with totals over all tenants.
 * analytics_tenant sees and stores only its tenant's rows, and sees no totals. Every other role has a policy that shows
 * all rows. The two logins have BYPASSRLS, which shows the same rows without checking policies. If policies must be
 * checked, PostgreSQL can neither store in bulk nor use the totals of all tenants, so it is slower. Therefore also give
 * BYPASSRLS to analysts who may see everything (ALTER ROLE ana BYPASSRLS). It gives them no rights on other tables.
 *
 * Passwords: none are set. Peer authentication over a unix socket needs none; otherwise use \password analytics_api. */

\set QUIET on
SET client_min_messages = warning;
SET search_path = pg_catalog, pg_temp; -- the extension's objects are qualified

SELECT format('CREATE ROLE %I %s', r.name, r.what)
FROM (VALUES ('analytics_writer', 'NOLOGIN'), ('analytics_reader', 'NOLOGIN'), ('analytics_operator', 'NOLOGIN'),
             ('analytics_tenant', 'NOLOGIN NOBYPASSRLS'),
             ('analytics_ingestor', 'LOGIN'), ('analytics_api', 'LOGIN'), ('analytics_maintainer', 'LOGIN')
    ) AS r (name, what)
WHERE NOT EXISTS (SELECT FROM pg_roles AS known WHERE known.rolname = r.name)
\gexec
ALTER ROLE analytics_tenant NOSUPERUSER NOBYPASSRLS;
ALTER ROLE analytics_ingestor BYPASSRLS;
ALTER ROLE analytics_api BYPASSRLS;

SELECT n.nspname AS schema
FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace WHERE e.extname = 'analytics_events'
\gset

GRANT USAGE ON SCHEMA :"schema"
    TO analytics_writer, analytics_reader, analytics_operator, analytics_tenant, analytics_maintainer;

-- stores Kafka's records, and publishes dead letters and feeds
GRANT SELECT, INSERT ON :"schema".analytics_events, :"schema".analytics_untimed_keys TO analytics_writer;
GRANT SELECT, INSERT ON :"schema".analytics_dead_letters TO analytics_writer;
GRANT SELECT, INSERT, UPDATE ON :"schema".analytics_kafka_offsets TO analytics_writer;
GRANT SELECT ON :"schema".analytics_kafka_gaps TO analytics_writer;

-- reads
GRANT SELECT ON :"schema".analytics_events, :"schema".analytics_dead_letters,
    :"schema".analytics_dead_letter_counts, :"schema".analytics_dead_letter_summary,
    :"schema".analytics_kafka_offsets, :"schema".analytics_kafka_gaps,
    :"schema".analytics_rollup_totals, :"schema".analytics_rollup_tenants,
    :"schema".analytics_projections, :"schema".analytics_projection_bags,
    :"schema".analytics_feeds, :"schema".analytics_ticks, :"schema".analytics_outbox,
    :"schema".analytics_contract_finding_counts TO analytics_reader;

-- replays and purges dead letters, accepts gaps, retires groups, drops old partitions, verifies and repairs counts,
-- maintains, writes the rules of retention, and makes feeds and ticks
GRANT SELECT, INSERT ON :"schema".analytics_events, :"schema".analytics_untimed_keys, :"schema".analytics_kafka_gaps
    TO analytics_operator;
GRANT SELECT, UPDATE, DELETE ON :"schema".analytics_dead_letters TO analytics_operator;
GRANT SELECT, UPDATE ON :"schema".analytics_kafka_offsets TO analytics_operator;
GRANT SELECT ON :"schema".analytics_rollup_totals, :"schema".analytics_rollup_tenants,
    :"schema".analytics_projections, :"schema".analytics_projection_bags,
    :"schema".analytics_dead_letter_counts, :"schema".analytics_dead_letter_summary
    TO analytics_operator;
GRANT SELECT, INSERT, UPDATE, DELETE ON :"schema".analytics_retention TO analytics_operator;
GRANT SELECT, DELETE ON :"schema".analytics_contract_finding_counts TO analytics_operator;
GRANT SELECT, INSERT, UPDATE, DELETE ON :"schema".analytics_feeds TO analytics_operator;
GRANT SELECT, INSERT, DELETE ON :"schema".analytics_feed_publishers TO analytics_operator;
GRANT SELECT, INSERT ON :"schema".analytics_ticks TO analytics_operator;
GRANT SELECT ON :"schema".analytics_outbox TO analytics_operator;
GRANT SELECT ON :"schema".analytics_maintenance, :"schema".analytics_size_history TO analytics_operator;

-- Reads and posts for one tenant. It may read dead letters and offsets, but policies hide their rows: so a summary has
-- 0 and null for them instead of an error.
GRANT SELECT, INSERT ON :"schema".analytics_events, :"schema".analytics_untimed_keys TO analytics_tenant;
GRANT SELECT ON :"schema".analytics_dead_letters, :"schema".analytics_dead_letter_counts,
    :"schema".analytics_kafka_offsets, :"schema".analytics_rollup_tenants,
    :"schema".analytics_projections, :"schema".analytics_projection_bags,
    :"schema".analytics_feeds, :"schema".analytics_ticks, :"schema".analytics_outbox TO analytics_tenant;

-- the logins
GRANT analytics_writer TO analytics_ingestor;
GRANT analytics_reader, analytics_tenant TO analytics_api;
GRANT INSERT ON :"schema".analytics_events TO analytics_api;
GRANT SELECT, INSERT ON :"schema".analytics_untimed_keys TO analytics_api;
-- keys with the scope admin replay dead letters
GRANT UPDATE ON :"schema".analytics_dead_letters TO analytics_api;

-- Only functions and procedures of the extension: its schema may have others with the same names. Those that have two
-- forms stand below; in this list they would fail.
SELECT format('GRANT EXECUTE ON ROUTINE %s TO %I',
              CASE WHEN count(own.routine) = 1 THEN min(own.routine::text) ELSE n.name END, g.role)
FROM (VALUES
    ('analytics_writer', '{
        analytics_ingest,analytics_record,analytics_record_each,
        analytics_claim_partition,_analytics_lock_claim,_analytics_ingest_batch,analytics_ingest_kafka,
        analytics_tick_feeds,analytics_claim_feeds,analytics_feed_messages,
        analytics_feed_dead_letters,analytics_dead_letter_messages,analytics_skip_dead_letter}'),
    ('analytics_operator', '{
        _analytics_ingest_again,analytics_replay_all_dead_letters,analytics_purge_dead_letters,analytics_accept_gap,
        analytics_retire_group,analytics_retain,analytics_verify,analytics_rebuild,
        analytics_maintain,analytics_maintain_step,analytics_record_maintenance,analytics_sizes,
        analytics_create_feed,analytics_start_feed,_analytics_register_feed,_analytics_start_feed,
        analytics_drop_feed,analytics_pause_feed,analytics_resume_feed,analytics_republish_feed,analytics_tick}'),
    ('analytics_maintainer', '{analytics_maintain,analytics_maintain_step,analytics_record_maintenance}'),
    ('analytics_tenant', '{analytics_record_each}'),
    ('analytics_api', '{analytics_record_each,_analytics_ingest_again}')
    ) AS g (role, names)
CROSS JOIN unnest(g.names::text[]) AS n (name)
LEFT JOIN (SELECT p.proname, p.oid::regprocedure AS routine FROM pg_proc AS p
           JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
           JOIN pg_extension AS e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid
           WHERE e.extname = 'analytics_events') AS own
    ON own.proname = n.name
GROUP BY g.role, n.name
\gexec
-- The number of partitions is bounded by the first form alone.
GRANT EXECUTE ON FUNCTION :"schema".analytics_create_partition(timestamptz)
    TO analytics_writer, analytics_operator, analytics_tenant, analytics_api;
GRANT EXECUTE ON FUNCTION :"schema".analytics_create_partition(timestamptz, interval) TO analytics_operator;
GRANT EXECUTE ON FUNCTION :"schema".analytics_replay_dead_letters(
    integer, bigint, text, text, bigint[], timestamptz, timestamptz) TO analytics_operator, analytics_api;
GRANT EXECUTE ON FUNCTION :"schema".analytics_replay_dead_letters(
    integer, bigint, varchar, text, bigint[], timestamptz, timestamptz, boolean) TO analytics_operator;
-- An earlier version of this script granted more.
REVOKE EXECUTE ON FUNCTION :"schema".analytics_create_partition(timestamptz, interval)
    FROM analytics_writer, analytics_tenant, analytics_api;
REVOKE UPDATE ON :"schema".analytics_dead_letters FROM analytics_writer;
REVOKE EXECUTE ON FUNCTION :"schema"._analytics_unpublished_dead_letters(integer),
    :"schema"._analytics_mark_dead_letters_published(bigint[], bigint[], text[]) FROM analytics_writer;

-- Policies: all rows for the roles that may see everything, and a tenant's rows for the tenant.
SELECT format('ALTER TABLE %1$I.%2$I ENABLE ROW LEVEL SECURITY; DROP POLICY IF EXISTS everything ON %1$I.%2$I; '
           'CREATE POLICY everything ON %1$I.%2$I TO analytics_writer, analytics_reader, analytics_operator '
           'USING (true)', :'schema', t.name)
FROM unnest('{analytics_events,analytics_dead_letters,analytics_dead_letter_counts,analytics_kafka_offsets,
              analytics_rollup_tenants,analytics_projection_bags,analytics_outbox}'::text[]) AS t (name)
\gexec
SELECT format('DROP POLICY IF EXISTS tenant ON %1$I.%2$I; '
           'CREATE POLICY tenant ON %1$I.%2$I FOR SELECT TO analytics_tenant '
           'USING (tenant_id = (SELECT nullif(current_setting(''analytics_http.tenant'', true), '''')))',
           :'schema', t.name)
FROM unnest('{analytics_events,analytics_rollup_tenants,analytics_projection_bags,
              analytics_outbox}'::text[]) AS t (name)
\gexec
-- A dropped partition concerns every tenant.
DROP POLICY IF EXISTS dropped ON :"schema".analytics_outbox;
CREATE POLICY dropped ON :"schema".analytics_outbox FOR SELECT TO analytics_tenant USING (event_types = '{}');
DROP POLICY IF EXISTS tenant_stores ON :"schema".analytics_events;
CREATE POLICY tenant_stores ON :"schema".analytics_events FOR INSERT TO analytics_tenant
    WITH CHECK (tenant_id = nullif(current_setting('analytics_http.tenant', true), ''));
