-- The counts of open dead letters: whatever changes the dead letters, in whatever transaction, they are what plain SQL counts.
\ir include/start.psql
\ir include/elsewhere.psql
SELECT * FROM no_plan();

CREATE FUNCTION tap.watch() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    CREATE VIEW tap.counted AS SELECT reason, sum(open)::bigint AS open FROM analytics_dead_letter_counts GROUP BY reason HAVING sum(open) <> 0;
    CREATE VIEW tap.actual AS SELECT reason, count(*) AS open FROM analytics_dead_letters WHERE replayed_at IS NULL GROUP BY reason;
    CREATE VIEW tap.differences AS (TABLE tap.counted EXCEPT ALL TABLE tap.actual) UNION ALL (TABLE tap.actual EXCEPT ALL TABLE tap.counted);
END
$$;
CREATE FUNCTION tap.agree(what text, due bigint) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN NEXT is_empty('TABLE tap.differences', what);
    RETURN NEXT is(analytics_open_dead_letters(), due, what || ': how many are open');
    RETURN NEXT is((analytics_summary() #>> '{freshness,deadLetters}')::bigint, due, what || ': the summary');
END
$$;

SELECT tap.watch() \g /dev/null

-- Every statement (outside a transaction block, so that each is committed).
SELECT tap.agree('none', 0);
SELECT analytics_ingest(ARRAY['{', '{', '{}', '[]', '{']::bytea[]) \g /dev/null
SELECT tap.agree('ingested; objects of unknown shape are counted apart', 4);
SELECT is((SELECT open FROM tap.counted WHERE reason = 'unknown_shape'), 1::bigint, 'but counted');
INSERT INTO analytics_dead_letters (reason, topic, "offset", replayed_at) VALUES ('too_deep', 't', 8, NULL), ('too_deep', 't', 9, now()), ('rejected', NULL, NULL, NULL);
SELECT tap.agree('INSERT', 6);
COPY analytics_dead_letters (reason, topic, partition, "offset") FROM stdin;
too_large	t	0	1
too_large	t	0	2
\.
SELECT tap.agree('COPY', 8);
INSERT INTO analytics_dead_letters (reason, topic, partition, "offset") VALUES ('too_large', 't', 0, 2), ('too_large', 't', 0, 3) ON CONFLICT DO NOTHING;
SELECT tap.agree('INSERT ON CONFLICT DO NOTHING', 9);
INSERT INTO analytics_dead_letters AS d (reason, topic, partition, "offset") VALUES ('too_large', 't', 0, 2), ('too_large', 't', 0, 4)
    ON CONFLICT (topic, partition, "offset", recorded_at, pg_catalog.sha256(value)) WHERE topic IS NOT NULL DO UPDATE SET reason = 'changed', detail = d.reason;
SELECT tap.agree('INSERT ON CONFLICT DO UPDATE', 10);
UPDATE analytics_dead_letters SET replayed_at = now() WHERE reason = 'too_large';
SELECT tap.agree('UPDATE: replayed', 7);
UPDATE analytics_dead_letters SET replayed_at = NULL WHERE reason = 'too_large' AND "offset" = 1;
SELECT tap.agree('UPDATE: opened again', 8);
UPDATE analytics_dead_letters SET reason = 'unknown_shape' WHERE reason = 'changed';
SELECT tap.agree('UPDATE: another reason', 7);
CREATE TEMP TABLE bags AS SELECT count(*) AS n FROM analytics_dead_letter_counts;
UPDATE analytics_dead_letters SET published_at = now(), publish_fault = 'f', value = 'v';
SELECT tap.agree('UPDATE of anything else', 7);
SELECT is(count(*), (SELECT n FROM bags), 'which leaves no bag') FROM analytics_dead_letter_counts;
MERGE INTO analytics_dead_letters AS d USING (VALUES ('invalid_json'), ('not_an_object'), ('new')) AS v (reason) ON d.reason = v.reason AND d.replayed_at IS NULL
    WHEN MATCHED AND v.reason = 'not_an_object' THEN DELETE WHEN MATCHED THEN UPDATE SET replayed_at = now() WHEN NOT MATCHED THEN INSERT (reason) VALUES (v.reason);
SELECT tap.agree('MERGE', 4);
DELETE FROM analytics_dead_letters WHERE reason IN ('new', 'too_deep');
SELECT tap.agree('DELETE', 2);
WITH a AS (INSERT INTO analytics_dead_letters (reason) VALUES ('a'), ('b') RETURNING 1), b AS (DELETE FROM analytics_dead_letters WHERE reason = 'rejected' RETURNING 1) SELECT * FROM a, b \g /dev/null
SELECT tap.agree('two statements in one', 3);
CREATE FUNCTION tap.stored_before() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.replayed_at := now(); RETURN NEW; END $$;
CREATE TRIGGER changes BEFORE UPDATE ON analytics_dead_letters FOR EACH ROW EXECUTE FUNCTION tap.stored_before();
UPDATE analytics_dead_letters SET detail = 'd' WHERE reason = 'a';
SELECT tap.agree('a trigger that replays whatever is updated', 2);
DROP TRIGGER changes ON analytics_dead_letters;

-- Replay and purge.
TRUNCATE analytics_dead_letters;
SELECT tap.agree('TRUNCATE', 0);
SELECT is(count(*), 0::bigint, 'takes the bags along') FROM analytics_dead_letter_counts;
SELECT analytics_ingest(ARRAY['{', '{"colour":"red"}', '{"colour":"blue"}', '[]']::bytea[]) \g /dev/null
INSERT INTO analytics_shapes (name, event_type, source, required_members) VALUES ('paint.colour', 'paint.colour-chosen', 's', '{colour}');
UPDATE analytics_dead_letters SET reason = 'rejected' WHERE value = '{"colour":"red"}';
SELECT tap.agree('before a replay', 3);
SELECT is(replayed, 2::bigint, 'a replay') FROM analytics_replay_dead_letters();
SELECT tap.agree('replayed', 2);
DELETE FROM analytics_shapes WHERE name = 'paint.colour';
SELECT is(analytics_purge_dead_letters('0', reason => 'invalid_json'), 1::bigint, 'a purge');
SELECT tap.agree('purged', 1);
SELECT is(analytics_purge_dead_letters('0', replayed => true), 2::bigint, 'a purge of replayed ones');
SELECT tap.agree('which were counted no more', 1);
TRUNCATE analytics_dead_letters RESTART IDENTITY;
INSERT INTO analytics_dead_letters (reason) VALUES ('one'), ('other');
TRUNCATE analytics_dead_letters, analytics_dead_letter_counts;
SELECT tap.agree('TRUNCATE of both tables', 0);
INSERT INTO analytics_dead_letters (reason) VALUES ('one'), ('other');
TRUNCATE analytics_dead_letter_counts, analytics_dead_letters;
SELECT tap.agree('in any order', 0);
BEGIN;
INSERT INTO analytics_dead_letters (reason) VALUES ('one'), ('other');
DECLARE open CURSOR FOR TABLE analytics_dead_letter_counts;
FETCH open \g /dev/null
SELECT tap.fails('TRUNCATE analytics_dead_letters', '55006', 'not while a cursor reads the counts');
ROLLBACK;

-- Within a transaction, in savepoints, and what is rolled back.
BEGIN;
INSERT INTO analytics_dead_letters (reason) VALUES ('kept');
SAVEPOINT a;
INSERT INTO analytics_dead_letters (reason) SELECT 'given up' FROM generate_series(1, 50);
SELECT tap.agree('in a savepoint', 51);
ROLLBACK TO a;
SELECT tap.agree('rolled back to it', 1);
SELECT f.state FROM tap.failure_of($$INSERT INTO analytics_dead_letters (reason) SELECT CASE WHEN i < 30 THEN 'failed' END FROM generate_series(1, 30) AS i$$) AS f \g /dev/null
SELECT tap.agree('after a statement that failed midway', 1);
TRUNCATE analytics_dead_letters;
INSERT INTO analytics_dead_letters (reason) VALUES ('after');
SELECT tap.agree('TRUNCATE and INSERT in a transaction', 1);
ROLLBACK TO a;
SELECT tap.agree('and rolled back', 1);
ROLLBACK;
SELECT tap.agree('all of it', 0);

-- Folding: many statements leave few bags; sums do not change, and what is nobody's any more leaves nothing for ever.
DO $$ BEGIN FOR i IN 1 .. 400 LOOP INSERT INTO analytics_dead_letters (reason) VALUES ('many'), (CASE WHEN i % 2 = 0 THEN 'some' ELSE 'unknown_shape' END); END LOOP; END $$;
SELECT tap.agree('800 by 400 statements', 600);
SELECT cmp_ok(count(*), '<', 200::bigint, 'leave few bags') FROM analytics_dead_letter_counts;
DO $$ BEGIN FOR i IN 1 .. 400 LOOP DELETE FROM analytics_dead_letters WHERE id IN (SELECT id FROM analytics_dead_letters LIMIT 2); END LOOP; END $$;
SELECT tap.agree('deleted again', 0);
SELECT cmp_ok(count(*), '<', 200::bigint, 'few bags are left') FROM analytics_dead_letter_counts;
BEGIN ISOLATION LEVEL SERIALIZABLE;
DO $$ BEGIN FOR i IN 1 .. 60 LOOP INSERT INTO analytics_dead_letters (reason) VALUES ('serial'); END LOOP; END $$;
SELECT tap.agree('60 under SERIALIZABLE', 60);
SELECT is((SELECT count(*) FROM analytics_dead_letter_counts WHERE reason = 'serial'), 60::bigint, 'none is folded there');
ROLLBACK;

-- Other sessions: nobody waits, and each sees the counts of what it sees.
SELECT tap.open_session('one'), tap.open_session('two') \g /dev/null
SELECT tap.there(name, 'SET lock_timeout = ''1s''') FROM unnest('{one,two}'::text[]) AS name \g /dev/null
SELECT tap.there(name, 'BEGIN') FROM unnest('{one,two}'::text[]) AS name \g /dev/null
SELECT tap.there(name, $$DO 'BEGIN FOR i IN 1 .. 100 LOOP INSERT INTO analytics_dead_letters (reason) VALUES (''both''); END LOOP; END'$$) FROM unnest('{one,two,one,two}'::text[]) AS name \g /dev/null
SELECT is(tap.answer_of(name, 'SELECT analytics_open_dead_letters()'), '200', name || ' sees his own') FROM unnest('{one,two}'::text[]) AS name;
SELECT tap.agree('a third sees neither''s', 0);
SELECT tap.there('one', 'COMMIT') \g /dev/null
SELECT tap.agree('one has committed', 200);
SELECT is(tap.answer_of('two', 'SELECT analytics_open_dead_letters()'), '400', 'the other sees both');
SELECT tap.there('two', 'ROLLBACK') \g /dev/null
SELECT tap.agree('the other has given up', 200);

BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT tap.agree('an old snapshot', 200);
SELECT tap.there('one', $$DO 'BEGIN FOR i IN 1 .. 100 LOOP DELETE FROM analytics_dead_letters WHERE id IN (SELECT id FROM analytics_dead_letters LIMIT 1); END LOOP; END'$$) \g /dev/null
SELECT tap.agree('does not see what was deleted since', 200);
DO $$ BEGIN FOR i IN 1 .. 100 LOOP INSERT INTO analytics_dead_letters (reason) VALUES ('both'); END LOOP; END $$;
SELECT tap.agree('and writes', 300);
COMMIT;
SELECT tap.agree('to the same sum', 200);
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM analytics_events \g /dev/null
SELECT tap.there('one', 'TRUNCATE analytics_dead_letters') \g /dev/null
SELECT tap.agree('TRUNCATE is visible to an old snapshot, and so are its counts', 0);
COMMIT;
SELECT tap.agree('after it', 0);
SELECT dblink_disconnect(name) FROM unnest('{one,two}'::text[]) AS name \g /dev/null

-- Within the statement itself the dead letters are counted.
CREATE TABLE tap.seen (open bigint, due bigint);
CREATE FUNCTION tap.look() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tap.seen SELECT analytics_open_dead_letters(), (SELECT count(*) FROM analytics_dead_letters WHERE replayed_at IS NULL AND reason <> 'unknown_shape');
    RETURN NULL;
END
$$;
CREATE TRIGGER a_look AFTER INSERT OR UPDATE OR DELETE ON analytics_dead_letters FOR EACH ROW EXECUTE FUNCTION tap.look();
INSERT INTO analytics_dead_letters (reason) SELECT 'looked at' FROM generate_series(1, 3);
DELETE FROM analytics_dead_letters WHERE id IN (SELECT max(id) FROM analytics_dead_letters);
SELECT is(array_agg(open), '{3,3,3,2}'::bigint[], 'a trigger that asks is answered rightly') FROM tap.seen;
SELECT is(array_agg(open), array_agg(due), 'as plain SQL answers there') FROM tap.seen;
DROP TRIGGER a_look ON analytics_dead_letters;
SELECT tap.agree('and after it', 2);

-- Columns in another order, a reason that is long.
BEGIN;
ALTER TABLE analytics_dead_letters DROP COLUMN detail CASCADE;
ALTER TABLE analytics_dead_letters ADD COLUMN extra int;
INSERT INTO analytics_dead_letters (reason, extra) VALUES (repeat('long ', 1000), 1), ('short', 2);
SELECT tap.agree('a column less', 4);
ROLLBACK;

-- What nothing counts, verify finds and rebuild repairs.
SELECT is_empty('SELECT * FROM analytics_verify()', 'verify finds no difference');
SET session_replication_role = replica;
INSERT INTO analytics_dead_letters (reason) VALUES ('uncounted'), ('uncounted'), ('looked at');
RESET session_replication_role;
SELECT results_eq('SELECT rollup, minute, tenant_id, event_type, events, counted FROM analytics_verify()', $$VALUES ('dead letters', NULL::timestamptz, NULL::text, 'looked at', 3::bigint, 2::bigint), ('dead letters', NULL, NULL, 'uncounted', 2, 0)$$, 'a replica''s session: verify finds it');
SELECT is_empty($$SELECT * FROM analytics_verify(now() - interval '1 day')$$, 'not where a bound is given: counts of dead letters have no time');
SELECT is(analytics_rebuild(now() - interval '1 day'), 0::bigint, 'neither does rebuild');
SELECT is(analytics_rebuild(), 2::bigint, 'rebuild repairs it');
SELECT tap.agree('repaired', 5);
SELECT is_empty('SELECT * FROM analytics_verify()', 'for good');
SET session_replication_role = replica;
ALTER TABLE analytics_dead_letters ENABLE ALWAYS TRIGGER analytics_count_row;
INSERT INTO analytics_dead_letters (reason) VALUES ('always'), ('always'), ('looked at');
RESET session_replication_role;
ALTER TABLE analytics_dead_letters ENABLE TRIGGER analytics_count_row;
SELECT tap.agree('a trigger that is always on counts row by row', 8);
TRUNCATE analytics_dead_letter_counts;
SELECT is(analytics_open_dead_letters(), 0::bigint, 'who truncates the counts has none');
SELECT is(analytics_rebuild(), 3::bigint, 'until they are rebuilt, from nothing');
SELECT tap.agree('rebuilt', 8);
SELECT tap.fails('INSERT INTO analytics_dead_letter_counts VALUES (''r'', 1)', '55000', 'bags by hand are refused');

-- Made later than the dead letters, as by an update or by a restore of an older dump: counted at once.
BEGIN;
DROP VIEW tap.differences, tap.counted, tap.actual; DROP TABLE analytics_dead_letter_counts;
SELECT analytics_create_tables(), tap.watch() \g /dev/null
SELECT tap.agree('the table was missing', 8);
INSERT INTO analytics_dead_letters (reason) VALUES ('later');
SELECT tap.agree('and counts on', 9);
ROLLBACK;

-- Whose they are: who may read the dead letters gets the number that he sees.
BEGIN;
ALTER TABLE analytics_dead_letters ADD COLUMN tenant text DEFAULT current_setting('app.tenant', true);
CREATE ROLE analytics_check_reader; CREATE ROLE analytics_check_letters;
GRANT USAGE ON SCHEMA tap TO PUBLIC;
GRANT SELECT ON analytics_dead_letters TO analytics_check_reader, analytics_check_letters;
GRANT SELECT ON analytics_dead_letter_counts TO analytics_check_reader;
CREATE FUNCTION tap.open_for(who name, OUT told bigint, OUT reads_counts boolean) LANGUAGE plpgsql AS $$
DECLARE
    is_ours bigint := (SELECT count(*) FROM analytics_dead_letters);
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', who);
    told := analytics_open_dead_letters();
    RESET ROLE;
    reads_counts := told >= 1000;
END
$$;
SELECT analytics_rebuild() \g /dev/null
SET LOCAL analytics.append_bags = on;
INSERT INTO analytics_dead_letter_counts VALUES ('mark', 1000); -- whoever gets it has read the counts
SELECT is(o, ROW(1008::bigint, true), 'a reader reads the counts') FROM tap.open_for('analytics_check_reader') AS o;
SELECT is(o, ROW(8::bigint, false), 'who was not granted them counts') FROM tap.open_for('analytics_check_letters') AS o;
ALTER TABLE analytics_dead_letters ENABLE ROW LEVEL SECURITY;
CREATE POLICY shown ON analytics_dead_letters USING (reason = 'looked at');
SELECT is(o, ROW(4::bigint, false), 'a policy on the dead letters alone: counted, under it') FROM tap.open_for('analytics_check_reader') AS o;
ALTER TABLE analytics_dead_letter_counts ENABLE ROW LEVEL SECURITY;
SELECT is(o, ROW(0::bigint, false), 'on both: the counts, as their policy shows them') FROM tap.open_for('analytics_check_reader') AS o;
CREATE POLICY shown ON analytics_dead_letter_counts USING (reason = 'looked at');
SELECT is(o, ROW(4::bigint, false), 'and that shows the same') FROM tap.open_for('analytics_check_reader') AS o;
ALTER TABLE analytics_dead_letters DISABLE ROW LEVEL SECURITY;
SELECT is(o, ROW(8::bigint, false), 'on the counts alone: counted') FROM tap.open_for('analytics_check_reader') AS o;
ROLLBACK;
BEGIN;
CREATE ROLE analytics_check_writer;
GRANT USAGE ON SCHEMA tap TO analytics_check_writer;
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON analytics_dead_letters TO analytics_check_writer;
SET LOCAL ROLE analytics_check_writer;
INSERT INTO analytics_dead_letters (reason) VALUES ('w');
UPDATE analytics_dead_letters SET replayed_at = now() WHERE reason = 'always';
SELECT tap.fails('SELECT * FROM analytics_dead_letter_counts', '42501', 'a writer needs no right on the counts, and has none');
RESET ROLE;
SELECT tap.agree('and his dead letters are counted', 7);
SET LOCAL ROLE analytics_check_writer;
TRUNCATE analytics_dead_letters;
RESET ROLE;
SELECT tap.agree('and truncated', 0);
ROLLBACK;
SELECT tap.agree('at last', 8);

SELECT * FROM finish();
