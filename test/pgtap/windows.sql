-- Tumbling, hopping and session windows against the plain SQL that the reference gives for each: the statements are taken from there, word for word.
\ir include/start.psql
BEGIN;
SELECT * FROM no_plan();
SELECT setseed(0.618) \g /dev/null
SELECT diag('seed 0.618');

-- Two thousand events of a day: ties, edges of minutes and of seconds, keys of every kind and none.
\set day '''2025-03-10 00:00:00+00''::timestamptz'
SELECT analytics_create_partition(:day), analytics_create_partition('1969-12-31 12:00:00+00'), analytics_create_partition('1970-01-01 12:00:00+00') \g /dev/null
INSERT INTO analytics_events (event_type, source, occurred_at, tenant_id, payload)
SELECT (ARRAY['a', 'b', 'b', 'Ä'])[1 + floor(random() * 4)::int], 's', at + CASE floor(random() * 4)::int WHEN 0 THEN floor(random() * 1440) * interval '1 minute' WHEN 1 THEN floor(random() * 86400) * interval '1 second' - interval '1 microsecond' ELSE random() * interval '1 day' END,
       (ARRAY['x', 'y', NULL])[1 + floor(random() * 3)::int], (ARRAY['{"user":{"id":"u-1"}}', '{"user":{"id":"u-2"}}', '{"user":{"id":7}}', '{"user":{"id":7.0}}', '{"user":{"id":null}}', '{"user":{}}', '{}', '{"user":{"id":{"a":1}}}', '{"user":{"id":""}}']::jsonb[])[1 + floor(random() * 9)::int]
FROM (VALUES (:day, 2000), ('1969-12-31 12:00:00+00', 200)) AS v (at, n), generate_series(1, n);

-- The reference's statements, as functions of the arguments that they are written for.
\set reference `cat ../../doc/analytics_events.md`
CREATE FUNCTION tap.make_plain(reference text, name text, arguments text, columns text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    statement text := substring(reference FROM format(E'\n    -- %s\n(([ ]{4}[^\n]+\n)+)', name));
BEGIN
    EXECUTE format('CREATE FUNCTION tap.plain_%s(%s) RETURNS TABLE (%s) LANGUAGE sql STABLE SET TimeZone = ''UTC'' AS %L', substring(name FROM 'analytics_(.*)'), arguments, columns, statement);
END
$$;
SELECT tap.make_plain(:'reference', 'analytics_tumbling', 'timestamptz, timestamptz, interval, text DEFAULT NULL, text DEFAULT NULL', 'window_start timestamptz, window_end timestamptz, event_type varchar, count bigint') \g /dev/null
SELECT tap.make_plain(:'reference', 'analytics_hopping', 'timestamptz, timestamptz, interval, interval, text DEFAULT NULL, text DEFAULT NULL', 'window_start timestamptz, window_end timestamptz, event_type varchar, count bigint') \g /dev/null
SELECT tap.make_plain(:'reference', 'analytics_session', 'timestamptz, timestamptz, interval, text[], text DEFAULT NULL, text DEFAULT NULL', 'session_key text, session_start timestamptz, session_end timestamptz, last_event_at timestamptz, events bigint') \g /dev/null

-- Ranges that begin and end anywhere, at an event, and at its neighbours.
CREATE TEMP TABLE ranges AS
    SELECT n, at AS window_start, at + n * interval '37 minutes 1.000001 seconds' AS window_end, (ARRAY['x', 'nobody', NULL, NULL])[1 + n % 4] AS tenant, (ARRAY['a', 'none', NULL])[1 + n % 3] AS type
    FROM (SELECT n, CASE n % 2 WHEN 0 THEN (SELECT e.occurred_at + (n % 3 - 1) * interval '1 microsecond' FROM analytics_events AS e WHERE e.occurred_at >= :day ORDER BY md5(e.id::text || n) LIMIT 1) ELSE :day + random() * interval '1 day' END AS at FROM generate_series(1, 12) AS n) AS r
    UNION ALL VALUES (13, '1969-12-31 12:00:00+00'::timestamptz, '1970-01-01 12:00:00+00'::timestamptz, NULL, NULL);
CREATE FUNCTION tap.same(name text, arguments text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    whole text := format('analytics_%s(%s)', name, arguments);
BEGIN
    RETURN results_eq('SELECT * FROM ' || whole, format('SELECT %s FROM tap.plain_%s(%s)', CASE name WHEN 'session' THEN '*' ELSE 'window_start, window_end, event_type::text, count' END, name, arguments), whole);
END
$$;
SELECT tap.same('tumbling', format('%L, %L, %L, %L, %L', window_start, window_end, size, tenant, type)) FROM ranges, unnest('{1 minute,7 minutes,1 hour,90 seconds,1 second,13.000007 seconds,1 day,1 day 02:00:00.5}'::interval[]) AS size;
SELECT tap.same('hopping', format('%L, %L, %L, %L, %L, %L', window_start, window_end, size, hop, tenant, type)) FROM ranges, (VALUES ('1 hour'::interval, '5 minutes'::interval), ('10 minutes', '7 minutes'), ('90 seconds', '1 minute'), ('1 minute', '1 minute'), ('1 second', '10 minutes'), ('20 minutes', '1 hour'), ('1 day', '6 hours'), ('0.000001 seconds', '30 seconds')) AS v (size, hop);
SELECT tap.same('session', format('%L, %L, %L, ''{user,id}'', %L, %L', window_start, window_end, gap, tenant, type)) FROM ranges, unnest('{1 minute,30 minutes,2 hours,0.5 seconds,1 day}'::interval[]) AS gap;

-- Hopping: membership at the edges, to the microsecond.
SAVEPOINT few;
TRUNCATE analytics_events;
INSERT INTO analytics_events (event_type, source, occurred_at, payload) SELECT 't', 's', :day + at, '{}' FROM unnest('{0,1 hour,00:59:59.999999}'::interval[]) AS at;
SELECT results_eq(format('SELECT window_start - %L, count FROM analytics_hopping(%L, %L, ''1 hour'', ''30 minutes'')', :day, :day, :day + interval '1 day'), $$VALUES ('-30 minutes'::interval, 1::bigint), ('0', 2), ('30 minutes', 2), ('1 hour', 1)$$, 'a window holds its start, and not its end');
SELECT is((SELECT count FROM analytics_hopping(:day + interval '1 microsecond', :day + interval '1 day', '1 hour', '1 hour') LIMIT 1), 1::bigint, 'what lies before the range is not counted');

-- Sessions: exactly the gap is too long, a microsecond less is not.
TRUNCATE analytics_events;
INSERT INTO analytics_events (event_type, source, occurred_at, payload) SELECT 't', 's', :day + at, '{"k":"a"}' FROM unnest('{0,0,00:10:00,00:19:59.999999,00:29:59.999999}'::interval[]) AS at;
SELECT results_eq(format('SELECT session_start - %L, session_end - %L, last_event_at - %L, events FROM analytics_session(%L, %L, ''10 minutes'', ''{k}'')', :day, :day, :day, :day, :day + interval '1 day'),
    $$VALUES ('0'::interval, '10 minutes'::interval, '0'::interval, 2::bigint), ('00:10:00', '00:29:59.999999', '00:19:59.999999', 2), ('00:29:59.999999', '00:39:59.999999', '00:29:59.999999', 1)$$, 'a session is the half-open window to gap after its last event');
ROLLBACK TO few;

-- Sessions by a loop over the events, another oracle.
CREATE FUNCTION tap.walked(gap interval) RETURNS TABLE (key text, start timestamptz, last timestamptz, events bigint) LANGUAGE plpgsql SET TimeZone = 'UTC' AS $$
DECLARE
    e record;
BEGIN
    FOR e IN SELECT payload #>> '{user,id}' AS k, occurred_at AS at FROM analytics_events WHERE payload #>> '{user,id}' IS NOT NULL ORDER BY 1, 2 LOOP
        IF key IS DISTINCT FROM e.k OR e.at >= last + gap THEN
            IF key IS NOT NULL THEN RETURN NEXT; END IF;
            key := e.k; start := e.at; events := 0;
        END IF;
        last := e.at; events := events + 1;
    END LOOP;
    RETURN NEXT;
END
$$;
SELECT set_eq(format($$SELECT session_key, session_start, last_event_at, events FROM analytics_session('-infinity', 'infinity', %L, '{user,id}')$$, gap), format('SELECT * FROM tap.walked(%L)', gap), 'sessions as a loop finds them, gap ' || gap) FROM unnest('{1 second,5 minutes,1 hour,1 day}'::interval[]) AS gap;

-- What is refused.
SELECT is(ROW(f.state, f.message ~ named), ROW('22023'::text, true), format('%s: %s', call, f.message))
FROM (VALUES ($$analytics_tumbling(now(), now(), '1 month')$$, '^size'), ($$analytics_tumbling(now(), now(), '0')$$, '^size'), ($$analytics_tumbling(now(), now(), '-1 hour')$$, '^size'), ($$analytics_tumbling(now(), now(), '1 day -24 hours')$$, '^size'), ($$analytics_tumbling(now(), now(), '4000000 days')$$, '^size'),
    ($$analytics_hopping(now(), now(), '1 hour', '1 year')$$, '^hop'), ($$analytics_hopping(now(), now(), '1 hour', '0')$$, '^hop'), ($$analytics_hopping(now(), now(), '-1 hour', '1 hour')$$, '^size'), ($$analytics_hopping(now(), now() + interval '1 second', '1 hour', '1 microsecond')$$, '^window_start to window_end'), ($$analytics_tumbling('2025-01-01', '2026-01-01', '1 second')$$, '^window_start to window_end'),
    ($$analytics_session(now(), now(), '1 month', '{k}')$$, '^gap'), ($$analytics_session(now(), now(), '0', '{k}')$$, '^gap'), ($$analytics_session(now(), now(), '-1 s', '{k}')$$, '^gap'), ($$analytics_session(now(), now(), '1 s', '{}')$$, '^key_path')) AS v (call, named), tap.failure_of('SELECT * FROM ' || call) AS f;
SELECT is((tap.failure_of(format('SELECT * FROM analytics_tumbling(%L, now(), ''1 hour'')', at))).state, '22008', 'out of range: ' || at) FROM unnest('{-infinity,0001-12-31 23:59:59+00 BC}'::text[]) AS at;
SELECT is(count(*), 0::bigint, 'a null gives nothing') FROM (SELECT * FROM analytics_tumbling(now(), now(), NULL) UNION ALL SELECT * FROM analytics_hopping(now(), NULL, '1 h', '1 h')) AS n;
SELECT is((SELECT count(*) FROM analytics_session(now(), now(), '1 h', NULL)), 0::bigint, 'nor does a null path');
SELECT is(count(*), 0::bigint, 'a range that ends before it begins has no window') FROM analytics_hopping(:day + interval '1 day', :day, '1 hour', '1 minute');
SELECT lives_ok($$SELECT * FROM analytics_tumbling('2025-03-10 00:00:00+00', '2025-03-10 00:00:00+00'::timestamptz + interval '100000 seconds', '1 second')$$, 'a hundred thousand windows are fine');
SELECT tap.fails($$SELECT * FROM analytics_tumbling('2025-03-10 00:00:00+00', '2025-03-10 00:00:00.000001+00'::timestamptz + interval '100000 seconds', '1 second')$$, '22023', 'one more is not');

SELECT * FROM finish();
ROLLBACK;
