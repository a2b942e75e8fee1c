-- Maintenance: what the rules let go is gone and nothing else, counts agree, and a part that fails stops no other.
\ir include/start.psql
\ir include/elsewhere.psql
SELECT * FROM no_plan();
SET TimeZone = 'UTC'; SET DateStyle = 'ISO';
\set clock '''2025-06-15 12:00:00+00'''

-- Four events a day for 500 days before the clock: of three types, two tenants or none.
CREATE FUNCTION tap.past() RETURNS bigint LANGUAGE sql AS $$
    SELECT stored FROM analytics_ingest((
        SELECT array_agg(tap.event(i::text, _analytics_iso8601('2025-06-15 11:00:00+00'::timestamptz - i * interval '6 hours'), (ARRAY['audit', 'debug', 'order'])[1 + i % 3], (ARRAY['acme', 'globex', NULL])[1 + i / 3 % 3], jsonb_build_object('n', i)))
        FROM generate_series(0, 1999) AS i))
$$;
CREATE FUNCTION tap.counted() RETURNS bigint LANGUAGE sql AS $$
    SELECT coalesce(sum(c.count), 0)::bigint FROM analytics_rollup_totals AS r, analytics_bag_cells(r.hour, r.cells) AS c;
$$;
CREATE VIEW tap.kept AS SELECT event_type::text, tenant_id::text, occurred_at FROM analytics_events;

-- Rules that make no sense.
SELECT tap.fails($$INSERT INTO analytics_retention (name, keep, keep_counts) VALUES ('x', '-1 day', true)$$, '23514', 'a negative time');
SELECT tap.fails($$INSERT INTO analytics_retention (name, keep) VALUES ('x', '1 day')$$, '23514', 'all events, without a word about counts');
SELECT tap.fails($$INSERT INTO analytics_retention (name, tenant_id, keep, keep_counts) VALUES ('x', 'acme', '1 day', true)$$, '23514', 'counts of a tenant''s deleted events');
SELECT tap.fails($$INSERT INTO analytics_retention (name, what, keep, tenant_id) VALUES ('x', 'dead_letters', '1 day', 'acme')$$, '23514', 'dead letters of a tenant');
SELECT tap.fails($$INSERT INTO analytics_retention (name, what) VALUES ('x', 'untimed_keys')$$, '23514', 'a rule for what is kept for ever anyway');
SELECT tap.fails($$INSERT INTO analytics_retention (name, what, keep) VALUES ('x', 'everything', '1 day')$$, '23514', 'an unknown thing');
SELECT tap.fails($$INSERT INTO analytics_retention (name, what, keep) VALUES ('x', 'dead_letters', '1 day'), ('y', 'dead_letters', '2 days')$$, '23505', 'two rules for one thing');
SELECT tap.fails($$INSERT INTO analytics_retention (name, position, event_types, keep, keep_counts) VALUES ('x', 1, '{audit}', '2 years', NULL), ('y', 2, NULL, '90 days', true)$$, '22023', 'counts that cannot be kept, for some events stay');
SELECT tap.fails($$INSERT INTO analytics_retention (name, position, event_types, keep, keep_counts) VALUES ('x', 1, '{audit}', NULL, NULL), ('y', 2, NULL, '90 days', true)$$, '22023', 'or stay for ever');
SELECT is(count(*), 0::bigint, 'there is no rule') FROM analytics_retention;

-- Without rules nothing is deleted.
CALL analytics_create_projection('daily', dimensions => '{"t": ["t"]}', measures => '{"n": ["n"]}', bucket => '1 day');
SELECT tap.past() AS stored \gset
CALL analytics_maintain(:clock);
SELECT is(count(*), :stored::bigint, 'without a rule every event stays') FROM analytics_events;
SELECT is_empty('SELECT * FROM analytics_verify()', 'and is counted');
SELECT set_eq('SELECT part, failure FROM analytics_maintenance', $$SELECT unnest('{new_partitions,events,old_partitions,counts,dead_letters,untimed_keys,retired_groups,outbox,projections,bags,sizes}'::text[]), NULL::text$$, 'a row a part');
SELECT is(range_end, '2025-08-01 00:00:00+00', 'there is a partition for the month that follows') FROM analytics_partitions() ORDER BY range_end DESC LIMIT 1;
SELECT is(maintained_at BETWEEN now() - interval '1 minute' AND clock_timestamp() AND failed_parts = 0, true, 'it says when it was done') FROM analytics_maintenance_state();

-- Rules by type and tenant; the first that fits decides. An oracle says what stays.
INSERT INTO analytics_retention (name, position, event_types, tenant_id, keep, keep_counts) VALUES
    ('audit of acme', 1, '{audit}', 'acme', NULL, NULL), ('debug', 2, '{debug,trace}', NULL, '7 days', NULL), ('acme', 3, NULL, 'acme', '30 days', NULL),
    ('globex', 4, NULL, 'globex', '300 days', NULL), ('all', 5, NULL, NULL, '90 days', false), ('unreachable', 6, NULL, NULL, '0', false);
CREATE FUNCTION tap.stays(event_type text, tenant_id text, occurred_at timestamptz, clock timestamptz) RETURNS boolean LANGUAGE sql AS $$
    SELECT CASE
        WHEN $1 = 'audit' AND $2 = 'acme' THEN true
        WHEN $1 = 'debug' THEN $3 >= date_trunc('hour', $4 - interval '7 days')
        WHEN $2 = 'acme' THEN $3 >= date_trunc('hour', $4 - interval '30 days')
        WHEN $2 = 'globex' THEN $3 >= date_trunc('hour', $4 - interval '300 days')
        ELSE date_trunc('month', $3) + interval '1 month' > $4 - interval '90 days' END
$$;
SELECT stored FROM analytics_ingest(ARRAY[tap.event('a', '2025-06-15T11:30:00Z', 'order', 'acme'), tap.event('g', '2025-06-15T11:30:00Z', 'order', 'globex'), tap.event('n', '2025-06-15T11:30:00Z', 'order')]) \g /dev/null
CREATE TABLE tap.before AS SELECT * FROM tap.kept;
CALL analytics_maintain(:clock);
SELECT set_eq('SELECT * FROM tap.kept', format('SELECT * FROM tap.before WHERE tap.stays(event_type, tenant_id, occurred_at, %L)', :clock), 'each event stays as long as its rule says');
SELECT is(rows, (SELECT count(*) FROM tap.before) - (SELECT count(*) FROM analytics_events), 'and the row of events says how many went') FROM analytics_maintenance WHERE part = 'events';
SELECT is_empty('SELECT * FROM analytics_verify()', 'counts and projections agree');
SELECT is(tap.counted(), (SELECT count(*) FROM analytics_events), 'they count what there is');
SELECT is_empty(format('SELECT hour, tenant_id FROM analytics_rollup_tenants WHERE hour < %L GROUP BY 1, 2 HAVING count(*) > 1', :clock::timestamptz - interval '2 hours'), 'a bag for each hour and tenant');
SELECT is(count(*), 0::bigint, 'and none that counts nothing') FROM analytics_rollup_tenants AS r WHERE NOT EXISTS (SELECT FROM analytics_bag_cells(r.hour, r.cells));
CALL analytics_maintain(:clock::timestamptz + interval '40 days');
SELECT set_eq('SELECT * FROM tap.kept', format('SELECT * FROM tap.before WHERE tap.stays(event_type, tenant_id, occurred_at, %L)', :clock::timestamptz + interval '40 days'), 'forty days later likewise');
DELETE FROM analytics_retention WHERE name = 'audit of acme';
CALL analytics_maintain(:clock::timestamptz + interval '40 days');
SELECT is(min(range_start), '2024-09-01 00:00:00+00', 'when nothing in a partition stays, it goes as a whole') FROM analytics_partitions();
SELECT is_empty('SELECT * FROM analytics_verify()', 'all agrees');
SELECT * FROM analytics_retain('0') \g /dev/null
TRUNCATE analytics_retention, analytics_kept_rollups, analytics_events; SELECT analytics_rebuild() \g /dev/null

-- Counts that stay, and go later; those of a type that has a rule of its own go with the events.
SELECT tap.past() AS stored \gset
INSERT INTO analytics_retention (name, position, event_types, keep, keep_counts) VALUES ('debug', 1, '{debug}', '90 days', NULL), ('all', 2, NULL, '90 days', true);
CREATE TABLE tap.counts_before AS SELECT * FROM analytics_counts('0001-01-01Z', '9999-01-01Z') WHERE event_type <> 'debug';
CALL analytics_maintain(:clock);
SELECT set_eq($$SELECT * FROM analytics_counts('0001-01-01Z', '9999-01-01Z') WHERE event_type <> 'debug'$$, 'SELECT * FROM tap.counts_before', 'the counts stay');
SELECT is(count, (SELECT count(*) FROM analytics_events WHERE event_type = 'debug'), 'but those of a type that has a rule') FROM analytics_counts('0001-01-01Z', '9999-01-01Z') WHERE event_type = 'debug';
SELECT is(min(range_end) > :clock::timestamptz - interval '90 days', true, 'old partitions are gone') FROM analytics_partitions();
SELECT is_empty('SELECT * FROM analytics_verify()', 'no fault');
INSERT INTO analytics_retention (name, what, keep) VALUES ('old counts', 'counts', '1 year');
CALL analytics_maintain(:clock);
SELECT is(min(k.range_end) > :clock::timestamptz - interval '1 year', true, 'counts go after a year') FROM analytics_kept_rollups AS k;
SELECT is(min(r.hour) >= (SELECT min(range_start) FROM analytics_kept_rollups), true, 'from the bags') FROM analytics_rollup_totals AS r;
SELECT is_empty('SELECT * FROM analytics_verify()', 'no fault either');
TRUNCATE analytics_retention;

-- Dead letters: replayed ones sooner.
INSERT INTO analytics_dead_letters (reason, value, received_at, replayed_at) SELECT 'invalid_json', '{', :clock::timestamptz - i * interval '1 day', CASE WHEN i % 2 = 0 THEN now() END FROM generate_series(1, 100) AS i;
INSERT INTO analytics_retention (name, what, keep) VALUES ('letters', 'dead_letters', '50 days'), ('replayed', 'replayed_dead_letters', '10 days');
CALL analytics_maintain(:clock);
SELECT results_eq('SELECT replayed_at IS NULL, count(*) FROM analytics_dead_letters GROUP BY 1 ORDER BY 1', 'VALUES (false, 5::bigint), (true, 25)', 'replayed ones for 10 days, open ones for 50');

-- Keys of events without a time: afterwards a redelivery is an event again.
SELECT is((SELECT stored FROM analytics_ingest(ARRAY[tap.event('k'), tap.event('l')])), 2::bigint, 'two events with keys and without times');
UPDATE analytics_untimed_keys SET occurred_at = :clock::timestamptz - interval '31 days' WHERE id = (SELECT min(id::text)::uuid FROM analytics_untimed_keys);
INSERT INTO analytics_retention (name, what, keep) VALUES ('keys', 'untimed_keys', '30 days');
CALL analytics_maintain(:clock);
SELECT is(count(*), 1::bigint, 'an old key is forgotten') FROM analytics_untimed_keys;
SELECT results_eq($$SELECT stored, duplicates FROM analytics_ingest(ARRAY[tap.event('k'), tap.event('l')])$$, 'VALUES (1::bigint, 1::bigint)', 'and its event comes again as another');

-- Retired groups: a group is forgotten as a whole.
SELECT count(*) FROM (VALUES ('gone', 0), ('gone', 1), ('half', 0), ('young', 0), ('owned', 0)) AS v (g, p), analytics_claim_partition(g, 't', p, 'o', 0, 5) \g /dev/null
INSERT INTO analytics_kafka_gaps (consumer_group, topic, partition, from_offset, to_offset, owner_epoch) VALUES ('gone', 't', 0, 0, 1, 1), ('owned', 't', 0, 0, 1, 1);
SELECT analytics_retire_group(g) FROM unnest('{gone,half,young}'::text[]) AS g \g /dev/null
SELECT count(*) FROM analytics_claim_partition('half', 't', 1, 'o', 0, 5) \g /dev/null
UPDATE analytics_kafka_offsets SET retired_at = :clock::timestamptz - interval '31 days' WHERE retired_at IS NOT NULL AND consumer_group <> 'young';
CALL analytics_maintain(:clock);
SELECT is(count(*), 6::bigint, 'without a rule no group is forgotten') FROM analytics_kafka_offsets;
INSERT INTO analytics_retention (name, what, keep) VALUES ('groups', 'retired_groups', '30 days');
CALL analytics_maintain(:clock);
SELECT set_eq('SELECT consumer_group, partition FROM analytics_kafka_offsets', $$VALUES ('half', 0), ('half', 1), ('young', 0), ('owned', 0)$$, 'old ones are, as a whole');
SELECT is(rows, 2::bigint, 'with two partitions') FROM analytics_maintenance WHERE part = 'retired_groups';
SELECT set_eq('SELECT consumer_group FROM analytics_kafka_gaps', '{owned}'::text[], 'and with their gaps');
TRUNCATE analytics_kafka_offsets, analytics_kafka_gaps;

-- Folding: whatever writers left, also without events of theirs, and without changing an answer.
SET analytics.append_bags = on; -- as who mends counts
INSERT INTO analytics_rollup_totals SELECT hour, NULL, analytics_bag(hour, 'x', sign) FROM analytics_rollup_totals, unnest('{1,-1}'::bigint[]) AS sign WHERE hour < :clock GROUP BY hour, sign;
INSERT INTO analytics_rollup_tenants SELECT hour, tenant_id, NULL, analytics_bag(hour, 'x', sign) FROM analytics_rollup_tenants, unnest('{1,-1}'::bigint[]) AS sign WHERE hour < :clock GROUP BY hour, tenant_id, sign;
INSERT INTO analytics_projection_bags SELECT b.* FROM analytics_projection_bags AS b, generate_series(1, 2) WHERE bucket_start < '2025-05-01Z';
UPDATE analytics_projections SET state = 'ready'; -- whose numbers are three times the truth until the end
RESET analytics.append_bags;
CREATE TABLE tap.answers AS SELECT rollup, sum(events) FROM analytics_verify() GROUP BY 1;
CREATE TABLE tap.fresh AS SELECT * FROM _analytics_freshness();
CREATE TABLE tap.projected AS SELECT * FROM daily;
CALL analytics_maintain(:clock);
SELECT is_empty(format('SELECT hour FROM analytics_rollup_totals WHERE hour < %L GROUP BY 1 HAVING count(*) > 1', :clock::timestamptz - interval '2 hours'), 'totals have a bag an hour');
SELECT is_empty(format('SELECT hour FROM analytics_rollup_tenants WHERE hour < %L GROUP BY hour, tenant_id HAVING count(*) > 1', :clock::timestamptz - interval '2 hours'), 'tenants too');
SELECT is_empty(format('SELECT bucket_start FROM analytics_projection_bags WHERE bucket_start < %L GROUP BY projection, bucket_start, tenant_id HAVING count(*) > 1', :clock::timestamptz - interval '2 days'), 'projections too');
SELECT set_eq('SELECT rollup, sum(events) FROM analytics_verify() GROUP BY 1', 'SELECT * FROM tap.answers', 'no count has changed');
SELECT set_eq('SELECT * FROM daily', 'SELECT * FROM tap.projected', 'nor what the projection says');
SELECT set_eq('SELECT * FROM _analytics_freshness()', 'SELECT * FROM tap.fresh', 'nor what is the newest');
SELECT cmp_ok(rows, '>', 1000::bigint, 'it says how many bags fewer there are') FROM analytics_maintenance WHERE part = 'bags';
CALL analytics_maintain(:clock);
SELECT is(rows, 0::bigint, 'then there is nothing to fold') FROM analytics_maintenance WHERE part = 'bags';
SELECT analytics_rebuild() \g /dev/null
SELECT is_empty('SELECT * FROM analytics_verify()', 'all is well');

-- Who holds a bag is not waited for.
SELECT tap.open_session('writer') \g /dev/null
SELECT tap.there('writer', 'BEGIN') \g /dev/null
SELECT tap.there('writer', $$DELETE FROM analytics_rollup_totals WHERE hour < '2025-05-01Z'$$) \g /dev/null
CALL analytics_maintain(:clock);
SELECT tap.there('writer', 'ROLLBACK') \g /dev/null
SELECT is(failure, NULL, 'a transaction that holds bags delays no folding') FROM analytics_maintenance WHERE part = 'bags';

-- A part that fails: the others are done, its error comes at the end and stays in the table.
CREATE FUNCTION tap.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'AB123', MESSAGE = 'not this'; END $$;
CREATE TRIGGER refuse BEFORE DELETE ON analytics_dead_letters FOR EACH ROW EXECUTE FUNCTION tap.refuse();
\set ON_ERROR_STOP off
CALL analytics_maintain(:clock::timestamptz + interval '60 days');
\set ON_ERROR_STOP on
SELECT is(:'LAST_ERROR_SQLSTATE'::text, 'AB123', 'the error of the part is raised');
SELECT is(failure, 'AB123: not this', 'and written down') FROM analytics_maintenance WHERE part = 'dead_letters';
SELECT is(count(*), 10::bigint, 'the others are done') FROM analytics_maintenance WHERE failure IS NULL AND started_at > now() - interval '1 minute';
SELECT is(count(*), 0::bigint, 'those after it too') FROM analytics_untimed_keys WHERE occurred_at < :clock::timestamptz + interval '30 days';
SELECT is(failed_parts, 1::bigint, 'the state says how many failed') FROM analytics_maintenance_state();
DROP TRIGGER refuse ON analytics_dead_letters;
CALL analytics_maintain(:clock::timestamptz + interval '60 days');
SELECT is(count(*), 0::bigint, 'without the cause it is done') FROM analytics_dead_letters;
SELECT is(failed_parts, 0::bigint, 'and no part has failed') FROM analytics_maintenance_state();

-- A transaction that has read events keeps partitions from being dropped, and nothing else.
INSERT INTO analytics_retention (name, keep, keep_counts) VALUES ('all', '90 days', false);
SELECT tap.there('writer', 'BEGIN') \g /dev/null
SELECT tap.answer_of('writer', 'SELECT count(*) FROM analytics_events') \g /dev/null
\set ON_ERROR_STOP off
CALL analytics_maintain(:clock::timestamptz + interval '60 days', '0');
\set ON_ERROR_STOP on
SELECT tap.there('writer', 'COMMIT') \g /dev/null
SELECT is(:'LAST_ERROR_SQLSTATE'::text, '55P03', 'a table that is in use all the time');
SELECT results_eq('SELECT part FROM analytics_maintenance WHERE failure IS NOT NULL', $$VALUES ('old_partitions')$$, 'fails this part alone');
CALL analytics_maintain(:clock::timestamptz + interval '60 days');
SELECT cmp_ok(rows, '>', 0::bigint, 'the next call drops them') FROM analytics_maintenance WHERE part = 'old_partitions';
SELECT is_empty('SELECT * FROM analytics_verify()', 'and their counts');

-- Who may: EXECUTE is enough, whatever the isolation level; and not in a transaction block.
CREATE ROLE maintenance_operator;
GRANT USAGE ON SCHEMA tap TO PUBLIC;
SET ROLE maintenance_operator;
SELECT tap.fails($$SELECT * FROM analytics_maintain_step('events', now(), NULL)$$, '42501', 'not everybody');
SELECT tap.fails('SELECT * FROM analytics_sizes()', '42501', 'may know sizes');
SELECT is(failed_parts, 0::bigint, 'but everybody may ask for the state') FROM analytics_maintenance_state();
RESET ROLE;
GRANT EXECUTE ON PROCEDURE analytics_maintain TO maintenance_operator;
GRANT EXECUTE ON FUNCTION analytics_maintain_step, analytics_record_maintenance, analytics_sizes TO maintenance_operator;
SET default_transaction_isolation = 'serializable';
SET ROLE maintenance_operator;
CALL analytics_maintain(:clock::timestamptz + interval '120 days');
RESET default_transaction_isolation;
SELECT isnt(count(*), 0::bigint, 'sizes too') FROM analytics_sizes();
RESET ROLE;
SELECT is(failed_parts, 0::bigint, 'EXECUTE is enough') FROM analytics_maintenance_state();
SELECT cmp_ok(rows, '>', 0::bigint, 'also to drop a partition') FROM analytics_maintenance WHERE part = 'old_partitions';
\set ON_ERROR_STOP off
BEGIN; CALL analytics_maintain(:clock); ROLLBACK;
\set ON_ERROR_STOP on
SELECT is(:'LAST_ERROR_SQLSTATE'::text, '2D000', 'it commits, so it needs transactions of its own');
SELECT tap.fails($$SELECT * FROM analytics_maintain_step('dance', now(), NULL)$$, '22023', 'an unknown part');
REVOKE ALL ON PROCEDURE analytics_maintain FROM maintenance_operator;
REVOKE ALL ON FUNCTION analytics_maintain_step, analytics_record_maintenance, analytics_sizes FROM maintenance_operator;
DROP ROLE maintenance_operator;

-- Tables that were given to a role: all is done with its rights, whoever calls it.
CREATE ROLE maintenance_owner;
SELECT format('ALTER TABLE %s OWNER TO maintenance_owner', oid::regclass) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname ~ '^analytics_' AND relkind IN ('r', 'p', 'v') \gexec
GRANT EXECUTE ON FUNCTION analytics_create_partition(timestamptz) TO maintenance_owner;
SELECT stored FROM analytics_ingest(ARRAY[tap.event('o', '2025-01-15T11:30:00Z'), tap.event('p', '2025-01-15T11:30:00Z', 'debug')]) \g /dev/null
INSERT INTO analytics_retention (name, position, event_types, keep) VALUES ('debug', 1, '{debug}', '7 days');
CALL analytics_maintain('2025-02-15Z');
SELECT set_eq($$SELECT event_type::text FROM analytics_events WHERE occurred_at < '2025-02-01Z'$$, '{t}'::text[], 'deleted with the owner''s rights');
CALL analytics_maintain(:clock::timestamptz + interval '120 days');
SELECT is(failed_parts, 0::bigint, 'no right is missing') FROM analytics_maintenance_state();
SELECT is_empty('SELECT * FROM analytics_verify()', 'and all is counted');
REASSIGN OWNED BY maintenance_owner TO CURRENT_USER;
DROP OWNED BY maintenance_owner;
DROP ROLE maintenance_owner;

-- Sizes: what is larger today than it was.
TRUNCATE analytics_size_history;
ANALYZE analytics_dead_letters;
SELECT is(bytes_a_day, NULL, 'without a past there is no growth') FROM analytics_sizes(:clock) WHERE table_name = 'analytics_dead_letters';
CALL analytics_maintain(:clock);
INSERT INTO analytics_dead_letters (reason, value) SELECT 'invalid_json', repeat('x', 1000)::bytea FROM generate_series(1, 1000);
ANALYZE analytics_dead_letters;
SELECT results_eq($$SELECT s.rows, s.bytes, s.rows_a_day, s.bytes_a_day FROM analytics_sizes('2025-06-20 01:00:00+00') AS s WHERE table_name = 'analytics_dead_letters'$$,
    $$SELECT 1000::bigint, pg_total_relation_size('analytics_dead_letters'), 200::bigint, (pg_total_relation_size('analytics_dead_letters') - bytes) / 5 FROM analytics_size_history WHERE table_name = 'analytics_dead_letters'$$, 'rows, bytes, and a fifth of the growth in five days');
SELECT is(s.bytes, (SELECT sum(pg_total_relation_size(relid))::bigint FROM pg_partition_tree('analytics_events') WHERE isleaf), 'partitions are added up') FROM analytics_sizes() AS s WHERE table_name = 'analytics_events';
SELECT set_eq('SELECT table_name FROM analytics_sizes()', $$SELECT name FROM _analytics_tables() WHERE name !~ 'summary|findings$'$$, 'every table is named');
CALL analytics_maintain(:clock::timestamptz + interval '401 days');
SELECT is(count(DISTINCT measured_on), 1::bigint, 'the history ends after 400 days') FROM analytics_size_history;

SELECT * FROM finish();
