-- Rows that the table refuses: the record alone becomes a dead letter, with the SQLSTATE and the message; its neighbours are stored.
\ir include/start.psql
BEGIN;
SELECT * FROM no_plan();

CREATE FUNCTION tap.ingested(VARIADIC records bytea[]) RETURNS bigint[] LANGUAGE sql AS $$
    SELECT ARRAY[stored, duplicates, dead_lettered, skipped] FROM analytics_ingest($1);
$$;
CREATE FUNCTION tap.numbered(n int) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT tap.event(n::text, '2025-01-01T00:00:00Z', payload => jsonb_build_object('n', n));
$$;
-- Raises for the numbers of the table bad, with its SQLSTATE.
CREATE TABLE tap.bad (n int, state text);
CREATE FUNCTION tap.raise_bad() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    due text := (SELECT state FROM tap.bad WHERE n = (NEW.payload ->> 'n')::int);
BEGIN
    IF due IS NOT NULL THEN RAISE EXCEPTION USING ERRCODE = due, MESSAGE = 'number ' || (NEW.payload ->> 'n'); END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER raise_bad BEFORE INSERT ON analytics_events FOR EACH ROW EXECUTE FUNCTION tap.raise_bad();
SAVEPOINT clean;

-- Wherever the bad ones stand, and however many they are: what is stored, and what is kept, are those that ought to be.
CREATE FUNCTION tap.check_split(bad int[], OUT counts bigint[], OUT stored int[], OUT kept int[]) LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM analytics_events; DELETE FROM analytics_dead_letters; DELETE FROM tap.bad;
    INSERT INTO tap.bad SELECT b, 'P0001' FROM unnest($1) AS b;
    counts := (SELECT tap.ingested(VARIADIC array_agg(tap.numbered(n) ORDER BY n)) FROM generate_series(1, 37) AS n);
    stored := (SELECT array_agg((payload ->> 'n')::int ORDER BY 1) FROM (SELECT payload FROM analytics_events ORDER BY (payload ->> 'n')::int) AS _);
    kept := (SELECT array_agg(n ORDER BY n) FROM (SELECT (convert_from(value, 'UTF8')::jsonb #>> '{payload,n}')::int AS n FROM analytics_dead_letters WHERE reason = 'rejected') AS _);
END
$$;
SELECT is(c, ROW(ARRAY[37 - cardinality(bad), 0, cardinality(bad), 0]::bigint[], (SELECT array_agg(n ORDER BY n) FROM generate_series(1, 37) AS n WHERE n <> ALL (bad)), (SELECT array_agg(n ORDER BY n) FROM unnest(bad) AS n)), format('bad among 37: %s', bad))
FROM unnest(ARRAY['{}', '{1}', '{37}', '{19}', '{1,37}', '{18,19,20}', '{2,4,8,16,32}']) AS v (text), LATERAL (SELECT text::int[] AS bad) AS _, tap.check_split(bad) AS c;
SELECT is(c, ROW('{0,0,37,0}'::bigint[], NULL::int[], (SELECT array_agg(n) FROM generate_series(1, 37) AS n)), 'all of them') FROM tap.check_split((SELECT array_agg(n) FROM generate_series(1, 37) AS n)) AS c;
ROLLBACK TO clean;

-- Which errors are the row's own.
CREATE FUNCTION tap.outcome_of(state text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    failure record;
    answer text;
BEGIN
    DELETE FROM tap.bad; INSERT INTO tap.bad VALUES (2, $1);
    failure := tap.failure_of('SELECT tap.ingested(tap.numbered(1), tap.numbered(2), tap.numbered(3))');
    IF failure.state <> '00000' THEN RETURN 'raised ' || failure.state; END IF;
    answer := (SELECT 'kept ' || detail FROM analytics_dead_letters);
    DELETE FROM analytics_events; DELETE FROM analytics_dead_letters;
    RETURN answer;
END
$$;
SELECT is(tap.outcome_of(state), 'kept ' || state || ': number 2', 'the row''s own: ' || state) FROM unnest('{22003,22012,23514,23503,23505,23502,23P01,21000,27000,38000,44000,54000,P0001,P0004,ZX001,2F002}'::text[]) AS state;
SELECT is(tap.outcome_of(state), 'raised ' || state, 'not the row''s: ' || state) FROM unnest('{08006,08000,40001,40P01,53100,53200,57P01,57P03,58030,XX000,XX001,XX002,55P03,55000,25006,42501,42883,42P01,0A000,28000,3F000,F0000,HV000}'::text[]) AS state;
ROLLBACK TO clean;

-- The letter knows its record, and Kafka's counts and refusals tell of it; the log is told the SQLSTATE alone, for a message may quote the row.
INSERT INTO tap.bad VALUES (2, '23514');
SELECT * FROM analytics_claim_partition('g', 't', 0, 'host:1', 10) \g /dev/null
SELECT is(b, ROW(2::bigint, 0::bigint, 2::bigint, 0::bigint, '[{"count": 1, "detail": "23514", "reason": "rejected", "lastOffset": 11, "firstOffset": 11}, {"count": 1, "detail": "missing a member name at byte 1", "reason": "invalid_json", "lastOffset": 12, "firstOffset": 12}]'::jsonb), 'counts and refusals')
FROM analytics_ingest_kafka('g', 't', 0, 1, 10, 14, ARRAY[tap.numbered(1), tap.numbered(2), '{', tap.numbered(3)], '{10,11,12,13}', ARRAY['a', 'b', 'c', 'd']::bytea[], ARRAY[now(), now(), now(), now()], ARRAY[NULL, '[{"name":"h","value":"v"}]', NULL, NULL]::jsonb[]) AS b;
SELECT is(ROW(reason, detail, value, topic, partition, "offset", key, recorded_at, headers), ROW('rejected'::text, '23514: number 2'::text, tap.numbered(2), 't'::text, 0, 11::bigint, 'b'::bytea, now(), '[{"name":"h","value":"v"}]'::jsonb), 'the letter') FROM analytics_dead_letters WHERE reason = 'rejected';
SELECT is(ROW(stored, dead_lettered, next_offset), ROW(2::bigint, 2::bigint, 14::bigint), 'the partition has moved past it') FROM analytics_kafka_offsets;
ROLLBACK TO clean;

-- Of two records with one key the first is refused: the second is stored; a duplicate beside a refused one stays a duplicate.
INSERT INTO tap.bad VALUES (1, 'P0001');
SELECT is(tap.ingested(tap.event('k', '2025-01-01T00:00:00Z', payload => '{"n":1}'), tap.event('k', '2025-01-01T00:00:00Z', payload => '{"n":2}'), tap.event('k', '2025-01-01T00:00:00Z', payload => '{"n":3}')), '{1,1,1,0}', 'one key, the first refused');
SELECT is(payload, '{"n":2}', 'the second is stored') FROM analytics_events;
ROLLBACK TO clean;

-- What an error has undone is undone: a row that was counted as stored before its statement failed is counted once.
CREATE FUNCTION tap.late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'late' USING ERRCODE = '23000'; END $$;
CREATE TRIGGER late AFTER INSERT ON analytics_events FOR EACH ROW WHEN (NEW.payload @> '{"n":5}') EXECUTE FUNCTION tap.late();
SELECT is((SELECT tap.ingested(VARIADIC array_agg(tap.numbered(n))) FROM generate_series(1, 9) AS n), '{8,0,1,0}', 'an AFTER trigger that raises');
SELECT is(count(*), 8::bigint, 'and eight are there') FROM analytics_events;
ROLLBACK TO clean;
CREATE INDEX ON analytics_events ((payload ->> 'text'));
SELECT is(tap.ingested(tap.event('small', '2025-01-01T00:00:00Z'), tap.event('large', '2025-01-01T00:00:00Z', payload => jsonb_build_object('text', (SELECT string_agg(md5(n::text), '') FROM generate_series(1, 1000) AS n)))), '{1,0,1,0}', 'a value that a user''s index can''t take');
SELECT matches(detail, '^54000: ', 'with its SQLSTATE') FROM analytics_dead_letters;
ROLLBACK TO clean;

-- The doors that keep nothing raise.
INSERT INTO tap.bad VALUES (2, 'ZX001');
SELECT tap.fails($$SELECT analytics_record_each(ARRAY[tap.numbered(1), tap.numbered(2)])$$, 'ZX001', 'analytics_record_each raises');
SELECT tap.fails($$SELECT analytics_record('{"eventType":"t","source":"s","payload":{"n":2}}')$$, 'ZX001', 'analytics_record raises');
SELECT is(count(*), 0::bigint, 'and keeps nothing') FROM analytics_dead_letters;
SELECT is(_analytics_sqlstate('rejected'), '22023', 'the reason has a SQLSTATE as any');

SELECT * FROM finish();
ROLLBACK;
