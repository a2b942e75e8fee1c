-- What users hang on analytics_events holds for every door: it is a table like any other, and the doors do plain INSERTs.
\ir include/start.psql
BEGIN;
SELECT * FROM no_plan();

CREATE FUNCTION tap.ingested(VARIADIC records bytea[]) RETURNS bigint[] LANGUAGE sql AS $$
    SELECT ARRAY[stored, duplicates, dead_lettered, skipped] FROM analytics_ingest($1);
$$;

-- Constraints and foreign keys: the doors that keep dead letters keep the record (rejected.sql), the others raise.
SAVEPOINT clean;
ALTER TABLE analytics_events ADD CONSTRAINT no_tests CHECK (source <> 'test');
SELECT is(tap.ingested('{"eventType":"t","source":"live","payload":{}}', '{"eventType":"t","source":"test","payload":{}}'), '{1,0,1,0}', 'a CHECK constraint makes a dead letter in analytics_ingest');
SELECT tap.fails($$SELECT analytics_record('{"eventType":"t","source":"test","payload":{}}')$$, '23514', 'raises in analytics_record');
SELECT tap.fails($$SELECT analytics_record_each(ARRAY['{"eventType":"t","source":"test","payload":{}}'::bytea])$$, '23514', 'in analytics_record_each');
SELECT is(dead_lettered, 1::bigint, 'and a dead letter in _analytics_ingest_batch') FROM _analytics_ingest_batch('t', 0, ARRAY['{"eventType":"t","source":"test","payload":{}}'::bytea], '{1}', NULL, NULL, NULL);
SELECT is(tap.ingested('{"eventType":"t","source":"live","payload":{}}'), '{1,0,0,0}', 'what satisfies it is stored');
ROLLBACK TO clean;
CREATE TABLE tenants (id varchar(64) PRIMARY KEY);
INSERT INTO tenants VALUES ('known');
ALTER TABLE analytics_events ADD FOREIGN KEY (tenant_id) REFERENCES tenants;
SELECT is(tap.ingested(tap.event('a', '2025-01-01T00:00:00Z', tenant => 'known'), tap.event('b', '2025-02-01T00:00:00Z')), '{2,0,0,0}', 'a foreign key that holds');
SELECT is(tap.ingested(tap.event('c', '2025-03-01T00:00:00Z', tenant => 'unknown')), '{0,0,1,0}', 'a foreign key that does not hold');
SELECT tap.fails($$DELETE FROM tenants$$, '23503', 'the key is guarded from the other side, too');
ROLLBACK TO clean;
CREATE UNIQUE INDEX ON analytics_events (occurred_at, source);
SELECT is(tap.ingested(tap.event('a', '2025-01-01T00:00:00Z'), tap.event('b', '2025-01-01T00:00:00Z')), '{1,0,1,0}', 'a unique index of the user''s makes a dead letter (table.sql)');
ROLLBACK TO clean;

-- Row triggers.
CREATE FUNCTION tap.mark() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.payload := NEW.payload || '{"marked":true}';
    NEW.tenant_id := coalesce(NEW.tenant_id, 'nobody');
    RETURN NEW;
END
$$;
CREATE TRIGGER mark BEFORE INSERT ON analytics_events FOR EACH ROW EXECUTE FUNCTION tap.mark();
SELECT is(tap.ingested(tap.event('a', '2025-01-01T00:00:00Z'), tap.event('b', '2025-02-01T00:00:00Z'), tap.event('u')), '{3,0,0,0}', 'a BEFORE trigger that changes rows');
SELECT ok(bool_and(payload = '{"marked":true}' AND tenant_id = 'nobody'), 'what it changes is stored, in new partitions as well') FROM analytics_events;
SELECT is(tap.ingested(tap.event('a', '2025-01-01T00:00:00Z'), tap.event('u')), '{0,2,0,0}', 'redelivered events are duplicates all the same');
SELECT is(ROW(tenant_id, payload, duplicate), ROW('nobody'::text, '{"marked":true}'::jsonb, false), 'analytics_record returns the row as it was stored') FROM analytics_record('{"eventType":"t","source":"s","eventId":"r","payload":{}}');
ROLLBACK TO clean;
CREATE FUNCTION tap.drop_odd() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RETURN CASE WHEN (NEW.payload ->> 'n')::int % 2 = 0 THEN NEW END;
END
$$;
CREATE TRIGGER drop_odd BEFORE INSERT ON analytics_events FOR EACH ROW EXECUTE FUNCTION tap.drop_odd();
SELECT is((SELECT ARRAY[stored, skipped, stored + duplicates + dead_lettered + skipped] FROM analytics_ingest((SELECT array_agg(tap.event(i::text, payload => jsonb_build_object('n', i))) FROM generate_series(1, 100) AS i))), '{50,50,100}', 'a BEFORE trigger that drops rows: they are skipped, and the counts still add up');
SELECT is(count(*), 50::bigint, 'what it drops is not stored') FROM analytics_events;
ROLLBACK TO clean;
CREATE TABLE log (what text, n bigint);
CREATE FUNCTION tap.log_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public.log SELECT TG_OP || ' ' || TG_TABLE_NAME, count(*) FROM added;
    RETURN NULL;
END
$$;
CREATE TRIGGER log_rows AFTER INSERT ON analytics_events REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION tap.log_rows();
SELECT is(tap.ingested(tap.event('a', '2025-01-01T00:00:00Z'), tap.event('a', '2025-01-01T00:00:00Z'), tap.event('b', '2025-02-01T00:00:00Z')), '{2,1,0,0}', 'a statement trigger with a transition table');
SELECT is(tap.ingested(tap.event('a', '2025-01-01T00:00:00Z')), '{0,1,0,0}', 'and a batch of duplicates');
SELECT results_eq('SELECT * FROM log', $$VALUES ('INSERT analytics_events'::text, 2::bigint), ('INSERT analytics_events', 0)$$, 'sees the rows that were stored, and those alone');
ROLLBACK TO clean;
CREATE FUNCTION tap.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'ZX001', MESSAGE = 'not today', DETAIL = 'a detail', HINT = 'a hint', CONSTRAINT = 'mine';
END
$$;
CREATE TRIGGER refuse BEFORE INSERT ON analytics_events FOR EACH ROW EXECUTE FUNCTION tap.refuse();
SELECT is(ROW(f.state, f.message, f.detail), ROW('ZX001'::text, 'not today'::text, 'a detail'::text), 'an error of a trigger arrives unchanged') FROM tap.failure_of($$SELECT analytics_record_each(ARRAY[tap.event('a')])$$) AS f;
ROLLBACK TO clean;

-- A trigger that ingests, itself: the doors can be used from within.
CREATE FUNCTION tap.echo() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.event_type = 't' THEN
        PERFORM analytics_ingest(ARRAY[tap.event(NEW.id::text, '2025-01-01T00:00:00Z', 'echo'), '{'::bytea]);
        INSERT INTO analytics_shapes (name, event_type, source, required_members) VALUES (NEW.id::text, 't', 's', ARRAY[NEW.id::text]);
        PERFORM analytics_normalize('{}'::text);
    END IF;
    RETURN NEW;
END
$$;
SELECT tap.ingested(tap.event('before', '2025-01-01T00:00:00Z', 'first')) \g /dev/null
CREATE TRIGGER echo BEFORE INSERT ON analytics_events FOR EACH ROW EXECUTE FUNCTION tap.echo();
SELECT is(tap.ingested(tap.event('a', '2025-02-01T00:00:00Z'), tap.event('u'), tap.event('b', '2025-03-01T00:00:00Z'), '{', '{}'), '{3,0,1,1}', 'a trigger that ingests and changes the shapes');
SELECT results_eq('SELECT event_type::text, count(*) FROM analytics_events GROUP BY 1 ORDER BY 1', $$VALUES ('echo'::text, 3::bigint), ('first', 1), ('t', 3)$$, 'its events are stored beside the batch''s');
SELECT is(count(*), 5::bigint, 'and its dead letters') FROM analytics_dead_letters;
SELECT lives_ok($$SELECT analytics_ingest(ARRAY[tap.event('late', '2002-01-01T00:00:00Z', 'u')]) FROM analytics_events$$, 'a door called by a query that reads the table');
ROLLBACK TO clean;

-- Upkeep's own trigger can be off.
ALTER TABLE analytics_events DISABLE TRIGGER analytics_rollup_row;
SELECT is(tap.ingested(tap.event('a', '2025-01-01T00:00:00Z'), tap.event('b', '2025-02-01T00:00:00Z')), '{2,0,0,0}', 'without upkeep events are stored');
SELECT isnt_empty('SELECT * FROM analytics_verify()', 'and not counted');
ROLLBACK TO clean;
SET LOCAL session_replication_role = replica;
SELECT is(tap.ingested(tap.event('a', '2025-01-01T00:00:00Z')), '{1,0,0,0}', 'so in a replica''s session');
SELECT isnt_empty('SELECT * FROM analytics_verify()', 'as documented');
ROLLBACK TO clean;
CREATE TRIGGER again AFTER INSERT ON analytics_events FOR EACH ROW WHEN (NEW.event_type = 'twice') EXECUTE FUNCTION _analytics_rollup_row();
SELECT is(tap.ingested(tap.event('a', '2025-01-01T00:00:00Z'), tap.event('b', '2025-01-01T00:00:00Z', 'twice')), '{2,0,0,0}', 'a second one with a condition');
SELECT is(array_agg(DISTINCT counted), '{2}', 'is heeded') FROM analytics_verify();
ROLLBACK TO clean;

-- Triggers that see what was stored, on the table and on one partition alone.
CREATE TABLE log (what text);
CREATE FUNCTION tap.log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public.log VALUES (TG_WHEN || ' ' || TG_LEVEL || CASE WHEN TG_LEVEL = 'ROW' THEN ' ' || NEW.tenant_id ELSE '' END);
    RETURN NULL;
END
$$;
CREATE TRIGGER a BEFORE INSERT ON analytics_events FOR EACH STATEMENT EXECUTE FUNCTION tap.log();
CREATE TRIGGER b AFTER INSERT ON analytics_events FOR EACH ROW EXECUTE FUNCTION tap.log();
CREATE TRIGGER c AFTER INSERT ON analytics_events FOR EACH STATEMENT EXECUTE FUNCTION tap.log();
SELECT is(tap.ingested(tap.event('a', '2025-01-01T00:00:00Z', tenant => 'x'), tap.event('b', '2025-02-01T00:00:00Z', tenant => 'y'), tap.event('a', '2025-01-01T00:00:00Z', tenant => 'x')), '{2,1,0,0}', 'triggers around a batch');
SELECT results_eq('SELECT what FROM log', $$VALUES ('BEFORE STATEMENT'::text), ('AFTER ROW x'), ('AFTER ROW y'), ('AFTER STATEMENT')$$, 'fire once a stored row, and in their order');
SELECT is_empty('SELECT * FROM analytics_verify()', 'and the rows are counted beside them');
ROLLBACK TO clean;
SELECT analytics_create_partition('2025-02-01 00:00:00+00', '1 month') \g /dev/null
SELECT tap.ingested(tap.event('a', '2025-01-01T00:00:00Z'), tap.event('a', '2025-02-01T00:00:00Z')) \g /dev/null
CREATE FUNCTION tap.mark() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.payload := '{"marked":true}';
    RETURN NEW;
END
$$;
SELECT (_analytics_partition_at('2025-02-01 00:00:00+00')).partition AS february \gset
CREATE TRIGGER mark BEFORE INSERT ON :february FOR EACH ROW EXECUTE FUNCTION tap.mark();
SELECT is(tap.ingested(tap.event('b', '2025-01-01T00:00:00Z'), tap.event('b', '2025-02-01T00:00:00Z'), tap.event('b', '2025-03-01T00:00:00Z')), '{3,0,0,0}', 'a trigger on one partition');
SELECT is(array_agg(tableoid::regclass::text), ARRAY[:'february'], 'changes the rows of that one') FROM analytics_events WHERE payload @> '{"marked":true}';
ROLLBACK TO clean;
ALTER TABLE analytics_events ADD COLUMN day date GENERATED ALWAYS AS ((occurred_at AT TIME ZONE 'UTC')::date) STORED;
SELECT is(tap.ingested(tap.event('a', '2025-01-02T00:00:00Z'), tap.event('b', '2025-02-03T00:00:00Z')), '{2,0,0,0}', 'a generated column');
SELECT results_eq('SELECT day FROM analytics_events ORDER BY 1', $$VALUES (date '2025-01-02'), ('2025-02-03')$$, 'is generated');
ROLLBACK TO clean;

-- Rules, views and defaults.
CREATE TABLE doubles (id uuid);
CREATE RULE double AS ON INSERT TO analytics_events DO ALSO INSERT INTO doubles VALUES (NEW.id);
SELECT is((SELECT state FROM tap.failure_of($$SELECT analytics_ingest(ARRAY[tap.event('a')])$$)), '0A000', 'a rule on the table: PostgreSQL itself has no ON CONFLICT then');
ROLLBACK TO clean;
ALTER TABLE analytics_events ADD COLUMN batch int NOT NULL DEFAULT 7;
SELECT is(tap.ingested(tap.event('a')), '{1,0,0,0}', 'a column of the user''s with a default');
SELECT is(batch, 7, 'is filled') FROM analytics_events;
ALTER TABLE analytics_events ALTER COLUMN batch DROP DEFAULT;
SELECT is(tap.ingested(tap.event('b')), '{0,0,1,0}', 'without one it must be filled by a trigger');
ROLLBACK TO clean;

-- Dead letters and untimed keys are tables, too.
ALTER TABLE analytics_dead_letters ADD CHECK (reason <> 'not_an_object');
SELECT tap.fails($$SELECT analytics_ingest(ARRAY['[]'::bytea])$$, '23514', 'a constraint on the dead letters raises');
ROLLBACK TO clean;

-- Row-level security holds for an ordinary role.
CREATE ROLE analytics_check_tenant;
GRANT SELECT, INSERT ON analytics_events, analytics_dead_letters, analytics_untimed_keys TO analytics_check_tenant;
GRANT EXECUTE ON FUNCTION analytics_ingest(bytea[]), analytics_record(jsonb), analytics_record_each(bytea[]), analytics_create_partition(timestamptz) TO analytics_check_tenant;
GRANT USAGE ON SCHEMA tap TO analytics_check_tenant;
ALTER TABLE analytics_events ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON analytics_events TO analytics_check_tenant USING (tenant_id = 'mine') WITH CHECK (tenant_id = 'mine');
SELECT is(tap.ingested(tap.event('x', '2025-01-01T00:00:00Z', tenant => 'theirs')), '{1,0,0,0}', 'the owner stores another tenant''s event');
SET LOCAL ROLE analytics_check_tenant;
SELECT is(tap.ingested(tap.event('a', '2025-01-01T00:00:00Z', tenant => 'mine'), tap.event('b', '2025-02-01T00:00:00Z', tenant => 'mine'), tap.event('u', tenant => 'mine')), '{3,0,0,0}', 'a role stores what its policy allows, in partitions to be made, too');
SELECT is(tap.ingested(tap.event('a', '2025-01-01T00:00:00Z', tenant => 'mine')), '{0,1,0,0}', 'its duplicates are duplicates');
SELECT is(tap.ingested(tap.event('c', '2025-01-01T00:00:00Z', tenant => 'theirs'), tap.event('d', '2025-01-01T00:00:00Z', tenant => 'mine')), '{1,0,1,0}', 'what its policy forbids is a dead letter, and costs no other');
SELECT tap.fails($$SELECT analytics_record('{"eventType":"t","source":"s","payload":{}}')$$, '42501', 'it raises in analytics_record');
SELECT is(count(*), 4::bigint, 'it reads its own') FROM analytics_events;
SELECT is(sum(count)::int, 4, 'and counts its own') FROM analytics_counts('0001-01-01', '9999-01-01');
SELECT is(count(*), 4::bigint, 'also in analytics_recent') FROM analytics_recent();
RESET ROLE;
SELECT is(count(*), 5::bigint, 'the owner sees all') FROM analytics_events;

SELECT * FROM finish();
ROLLBACK;
