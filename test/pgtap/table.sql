-- What operators do to the table, each kind by itself: columns that come and go, keys and constraints of their own, triggers that drop rows or
-- give them another key, partitions that are not like their parent, and rights that are missing.
\ir include/start.psql
BEGIN;
SELECT * FROM no_plan();

CREATE FUNCTION tap.ingested(VARIADIC records bytea[]) RETURNS bigint[] LANGUAGE sql AS $$
    SELECT ARRAY[stored, duplicates, dead_lettered, skipped] FROM analytics_ingest($1);
$$;
-- The outcomes of POST, item by item, with the payloads of the events that are answered.
CREATE FUNCTION tap.posted(VARIADIC records bytea[]) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat_ws(' ', outcome, payload::text), ', ' ORDER BY item) FROM analytics_record_each($1);
$$;
CREATE FUNCTION tap.letters() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat_ws(' ', reason, left(detail, 5)), ', ' ORDER BY id) FROM analytics_dead_letters;
$$;
SAVEPOINT clean;

-- Columns that came and went, in the table and so in its partitions, or not in those that came later.
SELECT tap.ingested(tap.event('a', '2025-01-01T00:00:00Z')) \g /dev/null
ALTER TABLE analytics_events ADD COLUMN x int;
ALTER TABLE analytics_events DROP COLUMN x;
SELECT is(tap.ingested(tap.event('a', '2025-01-01T00:00:00Z'), tap.event('b', '2025-01-01T00:00:00Z'), tap.event('c', '2025-02-01T00:00:00Z')), '{2,1,0,0}', 'a dropped column, and a partition without it');
ALTER TABLE analytics_events ADD COLUMN y int DEFAULT 7, ADD COLUMN z text;
SELECT is(tap.ingested(tap.event('d', '2025-01-01T00:00:00Z', tenant => 'x'), tap.event('d', '2025-02-01T00:00:00Z', tenant => 'x'), tap.event('d', '2025-03-01T00:00:00Z', tenant => 'x')), '{3,0,0,0}', 'columns of other numbers in each partition');
SELECT is(count(*), 3::bigint, 'are filled by their names') FROM analytics_events WHERE event_type = 't' AND source = 's' AND tenant_id = 'x' AND payload = '{}' AND y = 7 AND z IS NULL AND ingested_at = now();
SELECT is_empty('SELECT * FROM analytics_verify()', 'and counted');
ROLLBACK TO clean;
CREATE TABLE odd (payload jsonb NOT NULL, junk int, tenant_id varchar(64), ingested_at timestamptz NOT NULL DEFAULT '2000-01-01', id uuid NOT NULL, source varchar(120) NOT NULL, occurred_at timestamptz NOT NULL, event_type varchar(120) NOT NULL);
ALTER TABLE odd DROP COLUMN junk;
ALTER TABLE analytics_events ATTACH PARTITION odd FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
SELECT is(tap.ingested(tap.event('a', '2024-05-01T00:00:00Z', tenant => 'x'), tap.event('b', '2024-06-01T00:00:00Z', tenant => 'x')), '{2,0,0,0}', 'a partition with its columns in another order');
SELECT is(tap.ingested(tap.event('a', '2024-05-01T00:00:00Z', tenant => 'x'), tap.event('c', '2024-06-01T00:00:00Z', tenant => 'x')), '{1,1,0,0}', 'and its duplicates');
SELECT is(count(*), 3::bigint, 'has them where they belong, with the table''s defaults and not its own') FROM analytics_events WHERE event_type = 't' AND source = 's' AND tenant_id = 'x' AND payload = '{}' AND ingested_at = now();
SELECT is(tap.posted(tap.event('p', '2024-07-01T00:00:00Z', payload => '{"n":1}')), 'stored {"n": 1}', 'a single event likewise');
SELECT is_empty('SELECT * FROM analytics_verify()', 'and they are counted');
ROLLBACK TO clean;
-- What is asked and answered is an event, whatever else the table has.
PREPARE newest AS SELECT _analytics_event_json(e)::jsonb - 'ingestedAt' FROM analytics_recent(1) AS e;
PREPARE newest_of AS SELECT _analytics_event_json(e)::jsonb - 'ingestedAt' FROM analytics_recent(1, tenant_id => 'x') AS e;
CREATE FUNCTION tap.answers(n int) RETURNS SETOF jsonb LANGUAGE plpgsql AS $$
DECLARE
    r record;
BEGIN
    SELECT * INTO r FROM analytics_record(jsonb_build_object('eventType', 't', 'source', 's', 'tenantId', 'x', 'occurredAt', '2025-01-01T00:00:0' || n || 'Z', 'payload', '{}'::jsonb));
    RETURN NEXT jsonb_build_object('id', r.id, 'eventType', r.event_type, 'source', r.source, 'occurredAt', _analytics_iso8601(r.occurred_at), 'tenantId', r.tenant_id, 'payload', r.payload);
    RETURN QUERY EXECUTE 'EXECUTE newest';
    RETURN QUERY EXECUTE 'EXECUTE newest_of';
    RETURN QUERY SELECT _analytics_event_json(e)::jsonb - 'ingestedAt' FROM analytics_event(r.occurred_at, r.id) AS e;
END
$$;
SELECT is(ROW(count(*), count(DISTINCT a)), ROW(4::bigint, 1::bigint), 'an event is the same to whoever asks') FROM tap.answers(1) AS a;
ALTER TABLE analytics_events ADD COLUMN x int DEFAULT 7;
SELECT is(ROW(count(*), count(DISTINCT a)), ROW(4::bigint, 1::bigint), 'also when a column was added') FROM tap.answers(2) AS a;
ALTER TABLE analytics_events DROP COLUMN x, ADD COLUMN y text;
SELECT is(ROW(count(*), count(DISTINCT a)), ROW(4::bigint, 1::bigint), 'and when one was dropped') FROM tap.answers(3) AS a;
ROLLBACK TO clean;

-- A duplicate is what has the same (occurred_at, id). Whatever else a table wants only once is refused.
CREATE UNIQUE INDEX ON analytics_events (occurred_at, source);
SELECT is(tap.ingested(tap.event('a', '2025-01-01T00:00:00Z'), tap.event('b', '2025-01-01T00:00:00Z'), tap.event('c', '2025-01-02T00:00:00Z')), '{2,0,1,0}', 'a unique index of the operator''s');
SELECT is(tap.ingested(tap.event('d', '2025-01-01T00:00:00Z'), tap.event('c', '2025-01-02T00:00:00Z')), '{0,1,1,0}', 'against what is stored, beside a duplicate');
SELECT is(tap.letters(), 'rejected 23505, rejected 23505', 'makes dead letters');
SELECT tap.fails($$SELECT tap.posted(tap.event('e', '2025-01-01T00:00:00Z'))$$, '23505', 'and is an error to POST');
ROLLBACK TO clean;
CREATE EXTENSION btree_gist SCHEMA tap;
SELECT tap.ingested(tap.event('a', '2025-01-01T00:00:00Z')) \g /dev/null
SELECT (_analytics_partition_at('2025-01-01 00:00:00+00')).partition AS january \gset
ALTER TABLE :january ADD EXCLUDE USING gist (source WITH =, tstzrange(occurred_at, occurred_at, '[]') WITH &&);
SELECT is(tap.ingested(tap.event('b', '2025-01-01T00:00:00Z'), tap.event('c', '2025-01-01T00:02:00Z'), tap.event('a', '2025-01-01T00:00:00Z')), '{1,1,1,0}', 'an exclusion constraint, a new event and a duplicate');
SELECT is(tap.letters(), 'rejected 23P01', 'makes a dead letter');
SELECT tap.fails($$SELECT tap.posted(tap.event('d', '2025-01-01T00:00:00Z'))$$, '23P01', 'and is an error to POST');
ROLLBACK TO clean;
CREATE FUNCTION tap.nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER nothing BEFORE INSERT ON analytics_events FOR EACH ROW EXECUTE FUNCTION tap.nothing();
CREATE UNIQUE INDEX ON analytics_events (occurred_at, source);
SELECT is(tap.ingested(tap.event('a', '2025-01-01T00:00:00Z'), tap.event('b', '2025-01-01T00:00:00Z'), tap.event('a', '2025-01-01T00:00:00Z')), '{1,1,1,0}', 'the same where the statement must store');
ROLLBACK TO clean;

-- A BEFORE trigger that answers null: the event is dropped, and nothing else.
CREATE FUNCTION tap.drop_odd() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RETURN CASE WHEN (NEW.payload ->> 'n')::int % 2 = 0 THEN NEW END;
END
$$;
CREATE TRIGGER drop_odd BEFORE INSERT ON analytics_events FOR EACH ROW EXECUTE FUNCTION tap.drop_odd();
CREATE FUNCTION tap.n(n int) RETURNS bytea LANGUAGE sql STABLE AS $$ SELECT tap.event($1::text, '2025-01-01T00:00:00Z', payload => jsonb_build_object('n', $1)) $$;
SELECT is(tap.posted(tap.n(1)), 'dropped', 'POST of a dropped event has no event to answer with');
SELECT is(tap.posted(tap.n(2), tap.n(1), tap.n(2), tap.n(3), tap.n(4)), 'stored {"n": 2}, dropped, duplicate {"n": 2}, dropped, stored {"n": 4}', 'each item by itself');
SELECT is(tap.ingested(tap.n(2), tap.n(5), tap.n(6), tap.n(7)), '{1,1,0,2}', 'among four counts they are skipped');
SELECT is(tap.letters(), NULL, 'and no dead letters');
SELECT is(b, ROW(1::bigint, 1::bigint, 0::bigint, 1::bigint, '[{"count": 1, "detail": "a trigger before the insertion answered null", "reason": "dropped", "lastOffset": 11, "firstOffset": 11}]'::jsonb), 'reported as that')
FROM _analytics_ingest_batch('t', 0, ARRAY[tap.n(8), tap.n(9), tap.n(8)], '{10,11,12}', NULL, NULL, NULL) AS b;
SELECT is_empty($$SELECT * FROM analytics_record('{"eventType":"t","source":"s","payload":{"n":1}}')$$, 'analytics_record answers no row');
INSERT INTO analytics_dead_letters (reason, value) VALUES ('rejected', tap.n(11)), ('rejected', tap.n(12)), ('rejected', '{');
SELECT is(r, ROW(1::bigint, 1::bigint, 0::bigint, 2::bigint, max), 'a dead letter whose event is dropped stays open') FROM (SELECT max(id) FROM analytics_dead_letters) AS _ (max), analytics_replay_dead_letters() AS r;
SELECT is(tap.letters(), 'dropped a tri, rejected, invalid_json missi', 'and says why');
ROLLBACK TO clean;
CREATE FUNCTION tap.take_away() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM public.analytics_events AS e WHERE e.id = NEW.id; RETURN NULL; END $$;
CREATE TRIGGER take_away AFTER INSERT ON analytics_events FOR EACH ROW EXECUTE FUNCTION tap.take_away();
SELECT is(tap.posted(tap.event('a', '2025-01-01T00:00:00Z')), 'dropped', 'nor has one that an AFTER trigger took away');
ROLLBACK TO clean;

-- A BEFORE trigger that changes the key or the tenant: what is stored is answered.
CREATE FUNCTION tap.rekey() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.occurred_at := date_trunc('minute', NEW.occurred_at);
    NEW.id := md5(NEW.payload::text)::uuid;
    NEW.tenant_id := 'changed';
    RETURN NEW;
END
$$;
CREATE TRIGGER rekey BEFORE INSERT ON analytics_events FOR EACH ROW EXECUTE FUNCTION tap.rekey();
SELECT results_eq($$SELECT outcome, id, occurred_at, tenant_id FROM analytics_record_each(ARRAY[tap.event('a', '2025-01-01T00:00:07Z', payload => '{"n":1}'), tap.event('a', '2025-01-01T00:00:07Z', payload => '{"n":2}')])$$,
    $$VALUES ('stored', md5('{"n": 1}')::uuid, timestamptz '2025-01-01 00:00:00+00', 'changed'), ('stored', md5('{"n": 2}')::uuid, '2025-01-01 00:00:00+00', 'changed')$$, 'another key and tenant');
SELECT is(tap.ingested(tap.event('a', '2025-01-01T00:00:07Z', payload => '{"n":1}'), tap.event('a', '2025-01-01T00:00:07Z', payload => '{"n":3}')), '{1,1,0,0}', 'what it makes of a redelivered event is a duplicate');
SELECT is_empty('SELECT * FROM analytics_verify()', 'and the counts are right');
ROLLBACK TO clean;
CREATE FUNCTION tap.move() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.payload = '{"move":1}' THEN NEW.occurred_at := NEW.occurred_at + interval '1 year'; END IF; RETURN NEW; END $$;
CREATE TRIGGER move BEFORE INSERT ON analytics_events FOR EACH ROW EXECUTE FUNCTION tap.move();
SELECT is(tap.ingested(tap.event('a', '2025-01-01T00:00:00Z', payload => '{"move":1}'), tap.event('b', '2025-01-01T00:00:00Z')), '{1,0,1,0}', 'one that moves a row to another partition, which PostgreSQL forbids, refuses that row');
ROLLBACK TO clean;

-- Domains, generated columns, and defaults that look at the table.
CREATE DOMAIN tap.filled AS text NOT NULL;
CREATE DOMAIN tap.seven AS int DEFAULT 7 CHECK (VALUE > 0);
SELECT tap.ingested(tap.event('old', '2025-01-01T00:00:00Z')) \g /dev/null
ALTER TABLE analytics_events ADD COLUMN seven tap.seven;
SELECT is(tap.ingested(tap.event('a', '2025-01-01T00:00:00Z')), '{1,0,0,0}', 'a domain with a default');
SELECT is(seven::int, 7, 'which is taken') FROM analytics_events WHERE seven IS NOT NULL ORDER BY ingested_at DESC LIMIT 1;
DELETE FROM analytics_events;
ALTER TABLE analytics_events ADD COLUMN filled tap.filled;
SELECT is(tap.ingested(tap.event('b', '2025-01-01T00:00:00Z'), tap.event('b', '2025-02-01T00:00:00Z')), '{0,0,2,0}', 'a domain that forbids null');
SELECT is(tap.letters(), 'rejected 23502, rejected 23502', 'refuses what has no value for it');
ROLLBACK TO clean;
CREATE TABLE odd (id uuid NOT NULL, event_type varchar(120) NOT NULL, source varchar(120) NOT NULL, occurred_at timestamptz NOT NULL, ingested_at timestamptz NOT NULL DEFAULT now(),
    tenant_id varchar(64) GENERATED ALWAYS AS ('generated') STORED, payload jsonb NOT NULL);
CREATE FUNCTION tap.attached() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    ALTER TABLE public.analytics_events ATTACH PARTITION public.odd FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
    RETURN true;
EXCEPTION WHEN OTHERS THEN
    RETURN false; -- newer servers don't attach it
END
$$;
SELECT tap.attached() AS is_attached \gset
SELECT tap.ingested(tap.event('a', '2024-01-01T00:00:00Z')) \g /dev/null
SELECT CASE WHEN :'is_attached' THEN is(array_agg(tenant_id), '{generated}', 'a generated column of one partition alone')
    ELSE skip('a partition can''t have a generated column of its own here') END FROM odd;
ROLLBACK TO clean;
CREATE FUNCTION tap.so_far() RETURNS bigint LANGUAGE sql VOLATILE AS $$ SELECT count(*) FROM public.analytics_events $$;
ALTER TABLE analytics_events ADD COLUMN place bigint DEFAULT tap.so_far();
SELECT is(tap.ingested(tap.event('a', '2025-01-01T00:00:00Z'), tap.event('b', '2025-01-01T00:00:00Z')), '{2,0,0,0}', 'a default that looks at the table');
ROLLBACK TO clean;

-- Memory: a refused row leaves nothing behind but its dead letter.
CREATE FUNCTION tap.memory() RETURNS bigint LANGUAGE sql AS $$ SELECT sum(used_bytes)::bigint FROM pg_backend_memory_contexts $$;
CREATE TABLE tap.seen (bytes bigint);
CREATE FUNCTION tap.look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO tap.seen SELECT tap.memory(); RETURN NULL; END $$;
CREATE TRIGGER look BEFORE INSERT ON analytics_dead_letters FOR EACH STATEMENT EXECUTE FUNCTION tap.look();
ALTER TABLE analytics_events ADD CHECK (source <> 's');
SELECT is(tap.ingested(VARIADIC array_agg(tap.event(n::text, '2025-01-01T00:00:00Z'))), '{0,0,200,0}', 'a batch of which every row is refused') FROM generate_series(1, 200) AS n;
SELECT is(tap.ingested(VARIADIC array_agg(tap.event(n::text, '2025-01-02T00:00:00Z'))), '{0,0,2000,0}', 'and a larger one') FROM generate_series(1, 2000) AS n;
SELECT cmp_ok((max(bytes) - min(bytes)) / 1800, '<', 2000::bigint, 'costs its records and letters, not an attempt''s memory a row') FROM tap.seen;
ROLLBACK TO clean;

-- Row-level security that lets nothing in is a missing right, the batch's fault; a policy that refuses a row is the row's.
CREATE ROLE analytics_check_ingestor;
GRANT SELECT, INSERT ON analytics_events, analytics_dead_letters, analytics_untimed_keys TO analytics_check_ingestor;
GRANT EXECUTE ON FUNCTION analytics_ingest(bytea[]), analytics_create_partition(timestamptz) TO analytics_check_ingestor;
GRANT USAGE ON SCHEMA tap TO analytics_check_ingestor;
ALTER TABLE analytics_events ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION tap.refused_whole(policy text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    failure record;
BEGIN
    EXECUTE $1;
    SET LOCAL ROLE analytics_check_ingestor;
    failure := tap.failure_of($e$SELECT tap.ingested(tap.event('a', '2025-01-01T00:00:00Z', tenant => 'x'), tap.event('b', '2025-01-01T00:00:00Z'))$e$);
    RESET ROLE;
    RETURN failure.state || ' ' || (SELECT count(*) FROM public.analytics_dead_letters);
END
$$;
SAVEPOINT secured;
SELECT is(tap.refused_whole('SELECT'), '42501 0', 'no policy at all');
ROLLBACK TO secured;
SELECT is(tap.refused_whole($$CREATE POLICY tenant ON analytics_events USING (tenant_id = current_setting('app.tenant', true))$$), '42501 0', 'the policy of extending.md, and no tenant set');
ROLLBACK TO secured;
SELECT is(tap.refused_whole($$CREATE POLICY tenant ON analytics_events USING (tenant_id = (SELECT nullif(current_setting('app.tenant', true), '')))$$), '42501 0', 'the same in a subquery');
ROLLBACK TO secured;
SELECT is(tap.refused_whole($$CREATE POLICY stores ON analytics_events FOR INSERT WITH CHECK (true)$$), '42501 0', 'no policy to read what RETURNING answers');
ROLLBACK TO secured;
SELECT is(tap.refused_whole($$CREATE POLICY others ON analytics_events TO analytics_check_nobody USING (true)$$), '42501 0', 'a policy for others') FROM (SELECT tap.failure_of('CREATE ROLE analytics_check_nobody')) AS _;
ROLLBACK TO secured;
SELECT is(tap.refused_whole($$CREATE POLICY any_row ON analytics_events USING (true); CREATE POLICY never ON analytics_events AS RESTRICTIVE USING (current_setting('app.open', true) = 'yes')$$), '42501 0', 'a restrictive policy that is never met');
ROLLBACK TO secured;
SELECT is(tap.refused_whole($$CREATE POLICY own ON analytics_events USING (tenant_id = 'x')$$), '00000 1', 'a policy that refuses one row makes a dead letter of it');
ROLLBACK TO secured;
SELECT is(tap.refused_whole($$CREATE POLICY own ON analytics_events USING (tenant_id = 'other')$$), '00000 2', 'and of each that it refuses');
ROLLBACK TO secured;
SELECT is(tap.refused_whole('REVOKE INSERT ON analytics_events FROM analytics_check_ingestor'), '42501 0', 'a missing grant');

SELECT * FROM finish();
ROLLBACK;
