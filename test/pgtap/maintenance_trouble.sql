-- Maintenance in trouble: two at once, rows that refuse to go, locks, calls that end early, a wrong clock.
\ir include/start.psql
\ir include/elsewhere.psql
SELECT * FROM no_plan();
SET TimeZone = 'UTC'; SET DateStyle = 'ISO';
\set clock '''2025-06-15 12:00:00+00'''
SELECT tap.open_session('one'), tap.open_session('two') \g /dev/null

CREATE FUNCTION tap.store(hour timestamptz, kinds text[], number integer, tenant text DEFAULT NULL) RETURNS bigint LANGUAGE sql AS $$
    SELECT stored FROM analytics_ingest((SELECT array_agg(tap.event(hour::text || i, _analytics_iso8601(hour + i * interval '0.1 seconds'), kinds[1 + i % cardinality(kinds)], tenant, jsonb_build_object('n', i))) FROM generate_series(0, number - 1) AS i));
$$;
CREATE FUNCTION tap.ended(name text) RETURNS text LANGUAGE sql AS $$ SELECT tag FROM dblink_get_result($1) AS _ (tag text); $$;
CREATE FUNCTION tap.await(query text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE is_true boolean;
BEGIN
    FOR i IN 1 .. 3000 LOOP
        EXECUTE 'SELECT ' || query INTO is_true;
        IF is_true THEN RETURN true; END IF;
        PERFORM pg_sleep(0.01);
    END LOOP;
    RETURN false;
END
$$;
-- All steps of a part, one after another: how many they are, without the list of items.
CREATE FUNCTION tap.steps(part text, clock timestamptz) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    queue text[] := (SELECT s.items FROM analytics_maintain_step(part, clock, NULL) AS s);
    number integer := 0;
BEGIN
    WHILE queue <> '{}' LOOP
        queue := (SELECT s.items FROM analytics_maintain_step(part, clock, queue[1]) AS s) || queue[2:];
        number := number + 1;
    END LOOP;
    RETURN number;
END
$$;

-- A clock that is wrong deletes nothing.
SELECT tap.fails($$SELECT * FROM analytics_maintain_step('old_partitions', 'infinity', NULL)$$, '22023', 'a step of a far time');
SELECT tap.fails($$SELECT * FROM analytics_maintain_step('events', now() + interval '25 hours', NULL)$$, '22023', 'a day ahead and more');
SELECT tap.fails($$SELECT * FROM analytics_maintain_step('events', NULL, NULL)$$, '22023', 'no time');
SELECT lives_ok($$SELECT * FROM analytics_maintain_step('events', now() + interval '23 hours', NULL)$$, 'less than a day is taken');
\set ON_ERROR_STOP off
CALL analytics_maintain(now() + interval '2 days');
\set ON_ERROR_STOP on
SELECT is(:'LAST_ERROR_SQLSTATE'::text, '22023', 'the call is refused as well');
SELECT is(count(*), 0::bigint, 'before it does anything') FROM analytics_maintenance;

-- The state: of every part there is, and of no other.
CALL analytics_maintain(:clock);
SELECT isnt(maintained_at, NULL, 'all parts have succeeded') FROM analytics_maintenance_state();
SELECT analytics_record_maintenance('formerly', '2020-01-01Z', 0, NULL) \g /dev/null
UPDATE analytics_maintenance SET succeeded_at = '2020-01-02Z', failure = 'why' WHERE part = 'formerly';
SELECT results_eq($$SELECT maintained_at > now() - interval '1 hour', failed_parts FROM analytics_maintenance_state()$$, 'VALUES (true, 0::bigint)', 'a part that there is no more says nothing');
DELETE FROM analytics_maintenance WHERE part = 'bags';
SELECT is(maintained_at, NULL, 'one that has never run says: never') FROM analytics_maintenance_state();
CALL analytics_maintain(:clock);
UPDATE analytics_maintenance SET succeeded_at = NULL WHERE part = 'counts';
SELECT is(maintained_at, NULL, 'one that has never succeeded likewise') FROM analytics_maintenance_state();
TRUNCATE analytics_maintenance;

-- A call that is cut off has begun a part and not ended it.
INSERT INTO analytics_retention (name, what, keep) VALUES ('letters', 'dead_letters', '50 days');
INSERT INTO analytics_dead_letters (reason, received_at) VALUES ('invalid_json', '2020-01-01Z');
CREATE FUNCTION tap.cancel() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'query_canceled'; END $$;
CREATE TRIGGER cancel BEFORE DELETE ON analytics_dead_letters FOR EACH ROW EXECUTE FUNCTION tap.cancel();
\set ON_ERROR_STOP off
CALL analytics_maintain(:clock);
\set ON_ERROR_STOP on
SELECT is(:'LAST_ERROR_SQLSTATE'::text, '57014', 'a call that is cancelled ends');
SELECT results_eq('SELECT part, rows, seconds, succeeded_at FROM analytics_maintenance WHERE seconds IS NULL', $$VALUES ('dead_letters', NULL::bigint, NULL::numeric, NULL::timestamptz)$$, 'and the part at which it was has begun only');
SELECT is(maintained_at, NULL, 'so not all is done') FROM analytics_maintenance_state();
DROP TRIGGER cancel ON analytics_dead_letters;
TRUNCATE analytics_dead_letters, analytics_retention;

-- Rules that contradict each other after one was removed.
INSERT INTO analytics_retention (name, position, keep, keep_counts) VALUES ('first', 1, '90 days', false), ('last', 3, '30 days', true);
INSERT INTO analytics_retention (name, position, event_types, keep) VALUES ('audit', 2, '{audit}', '1 year');
SELECT tap.fails($$DELETE FROM analytics_retention WHERE name = 'first'$$, '22023', 'a rule whose removal makes a contradiction stays');
TRUNCATE analytics_retention;

-- Two at once, and one finds done what it was about to do.
INSERT INTO analytics_kept_rollups (range_start, range_end) VALUES ('2020-01-01Z', '2020-02-01Z');
INSERT INTO analytics_retention (name, what, keep) VALUES ('counts', 'counts', '1 year');
SELECT tap.there('one', 'BEGIN'), tap.there('one', 'LOCK TABLE analytics_rollup_totals IN SHARE UPDATE EXCLUSIVE MODE') \g /dev/null
SELECT tap.there('one', 'DELETE FROM analytics_kept_rollups') \g /dev/null
SELECT dblink_send_query('two', $$CALL analytics_maintain('2025-06-15 12:00:00+00')$$) \g /dev/null
SELECT is(tap.other_waits(), true, 'the second waits for the first');
SELECT tap.there('one', 'COMMIT') \g /dev/null
SELECT is(tap.ended('two'), 'CALL', 'and finds that it is done');
SELECT tap.ended('two') \g /dev/null
SELECT results_eq($$SELECT rows, failure FROM analytics_maintenance WHERE part = 'counts'$$, 'VALUES (0::bigint, NULL::text)', 'which is no failure');
TRUNCATE analytics_retention;

INSERT INTO analytics_retention (name, position, event_types, keep, keep_counts) VALUES ('debug', 1, '{debug}', '7 days', NULL), ('all', 2, NULL, '90 days', false);
SELECT sum(tap.store('2024-06-01Z'::timestamptz + i * interval '9 days', '{debug,order}', 150)) AS stored FROM generate_series(0, 40) AS i \gset
SELECT dblink_send_query(name, $$CALL analytics_maintain('2025-06-15 12:00:00+00')$$) FROM unnest('{one,two}'::text[]) AS name \g /dev/null
SELECT is(tap.ended(name), 'CALL', 'two at once share the work: ' || name) FROM unnest('{one,two}'::text[]) AS name;
SELECT tap.ended(name) FROM unnest('{one,two}'::text[]) AS name \g /dev/null
SELECT is(count(*), 0::bigint, 'all is done') FROM analytics_events WHERE event_type = 'debug' AND occurred_at < '2025-06-08Z' OR occurred_at < '2025-03-01Z';
SELECT is_empty('SELECT * FROM analytics_verify()', 'and counted');
SELECT is_empty('SELECT * FROM analytics_kept_rollups', 'counts that nobody keeps are gone');
TRUNCATE analytics_retention, analytics_events; SELECT analytics_rebuild() \g /dev/null

-- Partitions go with their counts, also where a bucket lies in two of them.
CALL analytics_create_projection('odd', dimensions => '{}', measures => '{"n": ["n"]}', bucket => '7 days');
INSERT INTO analytics_retention (name, keep, keep_counts) VALUES ('all', '90 days', true);
SELECT sum(tap.store('2024-12-01Z'::timestamptz + i * interval '1 day', '{a,b}', 3, (ARRAY['acme', NULL])[1 + i % 2])) FROM generate_series(0, 190) AS i \g /dev/null
CALL analytics_maintain(:clock);
SELECT is(sum(count)::bigint, 573::bigint, 'counts stay') FROM odd;
SELECT is(tap.store('2025-01-05 00:00:30Z', '{a}', 5), 5::bigint, 'some come late');
UPDATE analytics_retention SET keep_counts = false;
CALL analytics_maintain(:clock);
SELECT is(min(range_start), '2025-03-01 00:00:00+00', 'old partitions are gone') FROM analytics_partitions();
SELECT is_empty('SELECT * FROM analytics_kept_rollups', 'and what was kept of earlier ones');
SELECT is_empty('SELECT * FROM analytics_verify()', 'counts agree');
SELECT is(sum(count)::bigint, (SELECT count(*) FROM analytics_events), 'also those of a bucket in two partitions') FROM odd;
SELECT is(min(hour) >= '2025-03-01Z', true, 'no bag is left') FROM analytics_rollup_tenants;
SELECT analytics_drop_projection('odd') \g /dev/null
TRUNCATE analytics_retention, analytics_events; SELECT analytics_rebuild() \g /dev/null

-- The key of an event without a time goes after its partition.
INSERT INTO analytics_retention (name, keep, keep_counts) VALUES ('all', '90 days', true);
SELECT count(*) FROM _analytics_ingest_again(ARRAY[tap.event('u'), tap.event('v')], '{2024-01-05Z,2025-06-01Z}'::timestamptz[]) \g /dev/null
CALL analytics_maintain(:clock);
SELECT results_eq('SELECT occurred_at FROM analytics_untimed_keys', $$VALUES ('2025-06-01Z'::timestamptz)$$, 'a key whose event is gone');
TRUNCATE analytics_retention, analytics_events, analytics_untimed_keys; SELECT analytics_rebuild() \g /dev/null

-- A full hour is read once, in steps of 2000 events.
INSERT INTO analytics_retention (name, event_types, keep) VALUES ('debug', '{debug}', '7 days');
SELECT is(tap.store('2025-05-01 07:00Z', '{debug,a,b,c,d,e,f,g,h,i}', 5001), 5001::bigint, 'an hour with a tenth of debug events');
SELECT is(tap.store('2025-05-01 09:00Z', '{debug}', 10), 10::bigint, 'and a small one');
SELECT is(tap.steps('events', :clock), 3, 'are three steps');
SELECT results_eq($$SELECT count(*), count(*) FILTER (WHERE event_type = 'debug') FROM analytics_events$$, 'VALUES (4500::bigint, 0::bigint)', 'that find all');

-- Rows that refuse to go: all others go, and the failure is reported.
SELECT is(tap.store('2025-05-02 07:00Z', '{debug}', 1000), 1000::bigint, 'many events');
SELECT is(tap.store('2025-05-03 07:00Z', '{debug}', 5), 5::bigint, 'and later ones');
CREATE TABLE tap.holds (occurred_at timestamptz, id uuid, FOREIGN KEY (occurred_at, id) REFERENCES analytics_events (occurred_at, id) DEFERRABLE INITIALLY DEFERRED);
INSERT INTO tap.holds SELECT occurred_at, id FROM analytics_events WHERE event_type = 'debug' AND payload ->> 'n' IN ('3', '500') AND occurred_at < '2025-05-03Z';
CREATE FUNCTION tap.keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN CASE WHEN old.payload ->> 'n' = '4' THEN NULL ELSE old END; END $$;
CREATE TRIGGER keep BEFORE DELETE ON analytics_events FOR EACH ROW EXECUTE FUNCTION tap.keep();
INSERT INTO analytics_retention (name, what, keep) VALUES ('letters', 'dead_letters', '50 days'), ('keys', 'untimed_keys', '50 days');
INSERT INTO analytics_dead_letters (reason, received_at) SELECT 'r' || i, '2020-01-01Z' FROM generate_series(1, 300) AS i;
INSERT INTO analytics_untimed_keys SELECT gen_random_uuid(), '2020-01-01Z'::timestamptz + i * interval '1 second' FROM generate_series(1, 300) AS i;
CREATE FUNCTION tap.hold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(old) ->> 'reason' = 'r77' OR to_jsonb(old) ->> 'occurred_at' ~ ':01:17' THEN
        RAISE EXCEPTION USING ERRCODE = 'CD456', MESSAGE = 'not this';
    ELSIF to_jsonb(old) ->> 'reason' = 'r78' OR to_jsonb(old) ->> 'occurred_at' ~ ':01:18' THEN
        RETURN NULL;
    END IF;
    RETURN old;
END
$$;
CREATE TRIGGER hold BEFORE DELETE ON analytics_dead_letters FOR EACH ROW EXECUTE FUNCTION tap.hold();
CREATE TRIGGER hold BEFORE DELETE ON analytics_untimed_keys FOR EACH ROW EXECUTE FUNCTION tap.hold();
\set ON_ERROR_STOP off
CALL analytics_maintain(:clock);
\set ON_ERROR_STOP on
SELECT is(:'LAST_ERROR_SQLSTATE'::text, '23503', 'the first failure is raised');
SELECT set_eq($$SELECT occurred_at::date, payload ->> 'n' FROM analytics_events WHERE event_type = 'debug'$$, $$VALUES ('2025-05-02'::date, '3'), ('2025-05-02', '4'), ('2025-05-02', '500'), ('2025-05-03', '4')$$, 'events stay that are held');
SELECT set_eq('SELECT reason FROM analytics_dead_letters', '{r77,r78}'::text[], 'dead letters likewise');
SELECT is(count(*), 2::bigint, 'and keys') FROM analytics_untimed_keys;
SELECT set_eq('SELECT part, left(failure, 5), rows FROM analytics_maintenance WHERE failure IS NOT NULL', $$VALUES ('events', '23503', 1001::bigint), ('dead_letters', 'CD456', 298), ('untimed_keys', 'CD456', 298)$$, 'each part says so, and what it could do');
SELECT is_empty('SELECT * FROM analytics_verify()', 'counts agree');
DROP TABLE tap.holds; DROP TRIGGER keep ON analytics_events; DROP TRIGGER hold ON analytics_dead_letters; DROP TRIGGER hold ON analytics_untimed_keys;
CALL analytics_maintain(:clock);
SELECT is(failed_parts, 0::bigint, 'without the cause nothing fails') FROM analytics_maintenance_state();
SELECT is((SELECT count(*) FROM analytics_dead_letters) + (SELECT count(*) FROM analytics_untimed_keys), 0::bigint, 'and nothing is left');

-- Who holds a key or a letter is not waited for.
INSERT INTO analytics_untimed_keys SELECT gen_random_uuid(), '2020-01-01Z' FROM generate_series(1, 10) AS i;
SELECT tap.there('one', 'BEGIN'), tap.there('one', 'DELETE FROM analytics_untimed_keys WHERE id = (SELECT min(id::text)::uuid FROM analytics_untimed_keys)') \g /dev/null
CALL analytics_maintain(:clock);
SELECT tap.there('one', 'ROLLBACK') \g /dev/null
SELECT results_eq($$SELECT rows, failure FROM analytics_maintenance WHERE part = 'untimed_keys'$$, 'VALUES (9::bigint, NULL::text)', 'a key that somebody holds stays for now');

-- Large letters: a few a step.
INSERT INTO analytics_dead_letters (reason, value, received_at) SELECT 'r', decode(repeat(md5(i::text), 32768), 'hex'), '2020-01-01Z' FROM generate_series(1, 40) AS i;
SELECT cmp_ok(tap.steps('dead_letters', :clock), '>=', 5, '20 MiB of letters are five steps');
SELECT is(count(*), 0::bigint, 'that delete them') FROM analytics_dead_letters;
TRUNCATE analytics_retention, analytics_events, analytics_untimed_keys; SELECT analytics_rebuild() \g /dev/null

-- A group that somebody claims meanwhile is kept whole.
SELECT count(*) FROM generate_series(0, 1) AS p, analytics_claim_partition('g', 't', p, 'o', 0, 5) \g /dev/null
UPDATE analytics_kafka_offsets SET retired_at = '2020-01-01Z';
INSERT INTO analytics_retention (name, what, keep) VALUES ('groups', 'retired_groups', '30 days');
SELECT tap.there('one', 'BEGIN'), tap.answer_of('one', $$SELECT count(*) FROM analytics_claim_partition('g', 't', 1, 'o', 0, 5)$$) \g /dev/null
CALL analytics_maintain(:clock);
SELECT tap.there('one', 'COMMIT') \g /dev/null
SELECT results_eq($$SELECT rows, failure FROM analytics_maintenance WHERE part = 'retired_groups'$$, 'VALUES (0::bigint, NULL::text)', 'it waits for no claim');
SELECT is(count(*), 2::bigint, 'and forgets nothing of a group that is claimed') FROM analytics_kafka_offsets;
SELECT is(rows, 0::bigint, 'nor later') FROM analytics_maintain_step('retired_groups', :clock, 'g');
TRUNCATE analytics_retention;

-- Tenants that come and go leave nothing; what is the newest stays exact.
INSERT INTO analytics_retention (name, event_types, keep) VALUES ('debug', '{debug}', '7 days');
SELECT tap.store('2025-05-04 07:00Z', '{debug}', 5, 'gone-' || i) FROM generate_series(1, 20) AS i \g /dev/null
SELECT tap.store('2025-05-04 07:00Z', '{debug,order}', 6, 'half') \g /dev/null
SELECT tap.store('2025-06-04 07:00Z', '{order}', 1, 'stays') \g /dev/null
CREATE TABLE tap.fresh AS SELECT t, f.* FROM unnest('{NULL,half,stays}'::text[]) AS t, _analytics_freshness(t) AS f;
CALL analytics_maintain(:clock);
CALL analytics_maintain(:clock);
SELECT is_empty($$SELECT * FROM analytics_rollup_tenants WHERE tenant_id ~ 'gone'$$, 'nothing is left of tenants without events');
SELECT set_eq($$SELECT t, f.* FROM unnest('{NULL,half,stays}'::text[]) AS t, _analytics_freshness(t) AS f$$, 'SELECT * FROM tap.fresh', 'the newest ingestion is as before');
SELECT is_empty('SELECT hour FROM analytics_rollup_totals GROUP BY hour HAVING bool_and(octet_length(cells) = 1)', 'totals have no empty hour either');
SELECT is_empty('SELECT * FROM analytics_verify()', 'all agrees');
TRUNCATE analytics_retention;

-- A lock that lasts: the other parts first, then again with patience.
INSERT INTO analytics_retention (name, keep, keep_counts) VALUES ('all', '20 days', true);
SELECT tap.there('one', 'BEGIN'), tap.answer_of('one', 'SELECT count(*) FROM analytics_events') \g /dev/null
SELECT dblink_send_query('two', $$CALL analytics_maintain('2025-06-25 12:00:00+00', '10 minutes')$$) \g /dev/null
SELECT is(tap.await($$EXISTS (SELECT FROM analytics_size_history WHERE measured_on = '2025-06-25')$$), true, 'all else is done first');
SELECT is(seconds, NULL, 'while one part has not ended') FROM analytics_maintenance WHERE part = 'old_partitions';
SELECT tap.there('one', 'COMMIT') \g /dev/null
SELECT is(tap.ended('two'), 'CALL', 'then it gets its lock');
SELECT tap.ended('two') \g /dev/null
SELECT results_eq($$SELECT rows, failure FROM analytics_maintenance WHERE part = 'old_partitions'$$, 'VALUES (3::bigint, NULL::text)', 'and has dropped the partition');

SELECT * FROM finish();
