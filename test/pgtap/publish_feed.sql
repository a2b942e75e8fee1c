-- Publishing feeds: what the messages of a feed are, which ingestor publishes it, and how it begins again.
\ir include/start.psql
SELECT * FROM no_plan();
SET TimeZone = 'UTC';
SELECT analytics_create_partition(m, '1 month') FROM generate_series('2025-01-01Z'::timestamptz, '2025-02-01Z', '1 month') AS m \g /dev/null
CREATE FUNCTION tap.id(number int) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$ SELECT lpad(number::text, 32, '0')::uuid $$;
CREATE FUNCTION tap.store(number int, payload jsonb DEFAULT '{}', tenant text DEFAULT NULL, at timestamptz DEFAULT '2025-01-15 12:00Z') RETURNS void LANGUAGE sql AS $$
    INSERT INTO analytics_events (id, occurred_at, ingested_at, event_type, source, tenant_id, payload) VALUES (tap.id(number), at, '2025-01-20Z', 'order', 's', tenant, payload);
$$;
CREATE FUNCTION tap.tick() RETURNS void LANGUAGE plpgsql AS $$ BEGIN WHILE analytics_tick() IS NOT NULL LOOP END LOOP; END $$;
-- A feed's messages after a position, without their positions.
CREATE FUNCTION tap.messages(feed text, after text DEFAULT NULL) RETURNS TABLE (recipients text, key text, value text, headers jsonb) LANGUAGE sql AS $$
    SELECT m.recipients, m.key, m.value, jsonb_strip_nulls(to_jsonb(m) - '{position,recipients,key,value,analytics-position}'::text[]) FROM analytics_feed_messages($1, $2) AS m WHERE m.recipients IS NOT NULL;
$$;

SELECT is(analytics_has_feeds(), false, 'no feed');
SELECT is(analytics_tick_feeds(), false, 'nothing to tick for');
CALL analytics_create_feed('all', topic => 'all');
CALL analytics_create_feed('tenants', topic => 'tenants', key => 'tenant');
CALL analytics_create_feed('paths', topic => 'paths', key => '/a~1b/0');
CALL analytics_create_feed('members', topic => 'members', key => 'id2');
CALL analytics_create_feed('clouds', topic => 'clouds', format => 'cloudevent');
CALL analytics_create_feed('unpublished');
SELECT is(analytics_has_feeds(), true, 'there is a feed');
SELECT is(analytics_tick_feeds(), true, 'nothing is new, but there is a feed');
SELECT tap.fails(format('UPDATE analytics_feeds SET %s WHERE name = ''all''', c), '55000', c || ': not changed later') FROM unnest('{topic = ''other'',topic = NULL,key = ''tenant'',format = ''cloudevent''}'::text[]) AS c;
SELECT lives_ok($$UPDATE analytics_feeds SET every = '2 seconds' WHERE name = 'all'$$, 'how often it is published may change');
SELECT tap.fails(format('INSERT INTO analytics_feeds (name, source, since, keep, %s) VALUES (''x'', ''events'', ''now'', ''1 day'', %L)', c, v), '23514', format('the table refuses %s %L', c, v))
FROM (VALUES ('topic', ''), ('topic', '.'), ('topic', 'ä'), ('key', ''), ('key', '/~'), ('format', 'x'), ('every', '1 ms'), ('every', '2 days')) AS v (c, v);

-- What the messages are.
SELECT max(tick)::text AS before FROM analytics_ticks \gset
SELECT tap.store(1, '{"a/b": ["x", 1.50], "id2": 1.50, "n": 12345678901234567890.10}', 't') \g /dev/null
SELECT is(analytics_tick_feeds(), true, 'a tick');
SELECT results_eq(format('SELECT * FROM tap.messages(''all'', %L)', :'before'), $$VALUES ('key', tap.id(1)::text, _analytics_event_json((SELECT e FROM analytics_event('2025-01-15 12:00Z', tap.id(1)) AS e))::text,
    '{"content-type": "application/json", "analytics-operation": "put", "analytics-time": "2025-01-15T12:00:00Z"}'::jsonb)$$, 'a put: the event as JSON');
SELECT results_eq(format('SELECT key FROM tap.messages(%L, %L)', f, :'before'), ARRAY[k], 'the key of ' || f) FROM (VALUES ('tenants', 't'), ('paths', 'x'), ('members', '1.50'), ('clouds', tap.id(1)::text)) AS v (f, k);
SELECT is(m.value::jsonb, '{"a/b": ["x", 1.50], "id2": 1.50, "n": 12345678901234567890.10}', 'of a CloudEvent the value is the payload') FROM tap.messages('clouds', :'before') AS m;
SELECT is(m.headers, jsonb_build_object('content-type', 'application/json', 'analytics-operation', 'put', 'ce_specversion', '1.0', 'ce_id', tap.id(1), 'ce_source', 's', 'ce_type', 'order', 'ce_time', '2025-01-15T12:00:00Z', 'ce_tenantid', 't'), 'and headers have what it is') FROM tap.messages('clouds', :'before') AS m;
SELECT is("analytics-position", "position", 'a message has its position') FROM analytics_feed_messages('all', :'before') WHERE recipients IS NOT NULL;

SELECT max(tick)::text AS before FROM analytics_ticks \gset
SELECT tap.store(2) \g /dev/null
DELETE FROM analytics_events WHERE id = tap.id(1);
SELECT tap.tick() \g /dev/null
SELECT results_eq(format('SELECT key, value, headers ->> ''analytics-operation'' FROM tap.messages(%L, %L) WHERE headers ->> ''analytics-operation'' = ''put''', f, :'before'), format('VALUES (NULL, _analytics_event_json((SELECT e FROM analytics_event(''2025-01-15 12:00Z'', tap.id(2)) AS e))::text, ''put'')'), f || ': an event without the key has none') FROM unnest('{tenants,paths,members}'::text[]) AS f;
SELECT results_eq(format('SELECT recipients, key, value, headers FROM tap.messages(%L, %L) WHERE headers ->> ''analytics-operation'' = ''delete''', f, :'before'),
    format('VALUES (%L, %L, NULL, jsonb_build_object(''analytics-operation'', ''delete'', ''analytics-time'', ''2025-01-15T12:00:00Z'', ''analytics-id'', tap.id(1), ''analytics-event-type'', ''order'', ''analytics-tenant'', ''t''))', r, k), f || ': a delete')
FROM (VALUES ('all', 'key', tap.id(1)::text), ('tenants', 'key', 't'), ('clouds', 'key', tap.id(1)::text), ('paths', 'all', NULL), ('members', 'all', NULL)) AS v (f, r, k);

SELECT max(tick)::text AS before FROM analytics_ticks \gset
SELECT tap.store(3, at => '2025-02-02Z') \g /dev/null
SELECT analytics_retain('1 day') \g /dev/null
SELECT tap.tick() \g /dev/null
SELECT results_eq(format('SELECT recipients, key::jsonb, value::jsonb, headers FROM tap.messages(%L, %L)', f, :'before'),
    $$SELECT 'all', r.range::jsonb, r.range::jsonb, '{"content-type": "application/json", "analytics-operation": "drop"}'::jsonb FROM (VALUES ('{"rangeStart": "2025-01-01T00:00:00Z", "rangeEnd": "2025-02-01T00:00:00Z"}'), ('{"rangeStart": "2025-02-01T00:00:00Z", "rangeEnd": "2025-03-01T00:00:00Z"}')) AS r (range)$$, f || ': what retention drops goes to every partition, with the range as its key, too') FROM unnest('{all,paths,clouds}'::text[]) AS f;
SELECT results_eq($$SELECT "position", recipients, key, value, "analytics-operation" FROM analytics_feed_messages('clouds', 'again')$$, $$SELECT 'beginning', 'all', r.range, r.range, 'drop' FROM (VALUES ('{"rangeStart" : null, "rangeEnd" : null}')) AS r (range)$$, 'again: all that there was is gone, and the feed goes on from the beginning');
SELECT tap.fails(format('SELECT analytics_feed_messages(%s)', a), s, 'errors are those of analytics_read_feed: ' || a) FROM (VALUES ($$'none'$$, '42704'), ($$'all', 'x'$$, '22023'), ($$'all', max_rows => 0$$, '22023')) AS v (a, s);

-- Pages are bounded by bytes, too; replaying them gives the same.
SELECT max(tick)::text AS before FROM analytics_ticks \gset
SELECT analytics_create_partition('2025-03-01Z') \g /dev/null
SELECT tap.store(n, jsonb_build_object('text', repeat('x', 1000)), at => '2025-03-01Z') FROM generate_series(11, 20) AS n \g /dev/null
SELECT tap.tick() \g /dev/null
SELECT is(count(*), n::bigint, b || ' bytes') FROM (VALUES (1, 1), (1200, 1), (2000, 2), (100000, 10)) AS v (b, n), analytics_feed_messages('all', :'before', 100, b) AS m WHERE m.recipients IS NOT NULL GROUP BY b, n;
CREATE FUNCTION tap.keys(after text, max_rows int, max_bytes int) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    keys text[] := '{}';
    page record;
BEGIN
    LOOP
        SELECT array_agg(m.key) FILTER (WHERE m.recipients IS NOT NULL) AS keys, (array_agg(m."position"))[count(*)] AS last INTO page FROM analytics_feed_messages('all', after, max_rows, max_bytes) AS m;
        EXIT WHEN page.last IS NULL;
        keys := keys || page.keys;
        after := page.last;
    END LOOP;
    RETURN keys;
END
$$;
SELECT is(tap.keys(:'before', r, b), tap.keys(:'before', 1000, 1000000), format('%s rows, %s bytes', r, b)) FROM generate_series(1, 4) AS r, unnest('{1,1200,2500}'::int[]) AS b;
SELECT is(cardinality(tap.keys(:'before', 1000, 1000000)), 10, 'each once');

-- Who publishes what.
CREATE FUNCTION tap.claims(publisher text, names text[] DEFAULT NULL) RETURNS text LANGUAGE sql AS $$ SELECT string_agg(name || ' ' || epoch, ', ' ORDER BY name) FROM analytics_claim_feeds($1, $2); $$;
SELECT is(tap.claims('one', '{all,clouds,none,unpublished}'), 'all 1, clouds 1', 'feeds with a topic, as far as they are wanted');
SELECT is(tap.claims('two'), 'members 1, paths 1, tenants 1', 'another one gets what is left');
SELECT is(tap.claims('one'), 'all 1, clouds 1', 'and keeps what it has');
SELECT is(tap.claims('two', '{paths}'), 'paths 1', 'what it does not want it gives back');
SELECT is(tap.claims('one'), 'all 1, clouds 1, members 2, tenants 2', 'to the next one, at a later epoch');
UPDATE analytics_feed_publishers SET heartbeat_at = clock_timestamp() - interval '9 seconds';
SELECT is(tap.claims('two'), 'paths 1', 'a publisher may be silent for some seconds');
UPDATE analytics_feed_publishers SET heartbeat_at = clock_timestamp() - interval '11 seconds' WHERE feed <> 'clouds';
SELECT is(tap.claims('two'), 'all 2, members 3, paths 1, tenants 3', 'after ten, another one takes over');
SELECT is(tap.claims('one'), 'clouds 1', 'and it has them no more');
SELECT is(tap.claims('one', '{}'), NULL, 'one that ends gives all back');
SELECT is(tap.claims('two'), 'all 2, clouds 2, members 3, paths 1, tenants 3', 'at once');

-- What --check asks: nobody claims.
CREATE TABLE tap.before AS SELECT * FROM analytics_feed_publishers;
SELECT is(tap.claims(NULL), 'all 2, clouds 2, members 3, paths 1, tenants 3', 'nobody is answered all');
SELECT is(tap.claims(NULL, '{all,none}'), 'all 2', 'of those that are wanted');
SELECT set_eq($$SELECT DISTINCT claimed_by, claimed_seconds BETWEEN 0 AND 600 FROM analytics_claim_feeds(NULL)$$, $$VALUES ('two', true)$$, 'with who publishes them, and since when');
SELECT is((SELECT key FROM analytics_claim_feeds(NULL) WHERE name = 'tenants'), 'tenant', 'and the key');
SELECT set_eq('TABLE analytics_feed_publishers', 'TABLE tap.before', 'and nothing has changed');

-- What it reports.
CREATE FUNCTION tap.report("position" text, fault text DEFAULT NULL, off int DEFAULT 0) RETURNS SETOF record LANGUAGE sql AS $$
    SELECT r FROM analytics_claim_feeds('two', NULL, '{all}', ARRAY[(SELECT generation + off FROM analytics_feed_publishers WHERE feed = 'all')], ARRAY["position"], ARRAY[fault]) AS r WHERE name = 'all';
$$;
CREATE FUNCTION tap.state() RETURNS text LANGUAGE sql AS $$ SELECT concat_ws(' | ', begin_at, takes_over, "position", fault) FROM analytics_feed_publishers WHERE feed = 'all' $$;
SELECT tap.report('3.1.1', off => 1) \g /dev/null
SELECT is(tap.state(), 'f', 'a report of another generation does not count');
SELECT tap.report(NULL) \g /dev/null
SELECT is(tap.state(), 'f', 'nothing is published yet');
SELECT results_eq($$SELECT ticks_behind, seconds_behind FROM analytics_claim_feeds('two') WHERE name = 'all'$$, 'VALUES (NULL::bigint, NULL::double precision)', 'so how far it is behind is unknown');
SELECT tap.report(max(tick)::text) FROM analytics_ticks \g /dev/null
SELECT is(tap.state(), 'f | ' || max(tick), 'the position') FROM analytics_ticks;
SELECT results_eq($$SELECT ticks_behind, seconds_behind FROM analytics_claim_feeds('two') WHERE name = 'all'$$, 'VALUES (0::bigint, 0::double precision)', 'all is published');
SELECT heartbeat_at AS heartbeat FROM analytics_feed_publishers WHERE feed = 'all' \gset
SELECT tap.report(max(tick)::text) FROM analytics_ticks \g /dev/null
SELECT is(heartbeat_at, :'heartbeat', 'nothing new, so nothing is written') FROM analytics_feed_publishers WHERE feed = 'all';
UPDATE analytics_feed_publishers SET heartbeat_at = clock_timestamp() - interval '3 seconds';
SELECT tap.report(NULL) \g /dev/null
SELECT ok(heartbeat_at > :'heartbeat', 'but a heartbeat, now and then') FROM analytics_feed_publishers WHERE feed = 'all';
SELECT tap.store(30, at => '2025-03-01Z') \g /dev/null
SELECT tap.tick() \g /dev/null
UPDATE analytics_ticks SET ticked_at = ticked_at - interval '1 minute';
SELECT is((ticks_behind, seconds_behind BETWEEN 60 AND 600, oldest_seconds BETWEEN 60 AND 600)::text, '(1,t,t)', 'a tick is not published') FROM analytics_claim_feeds('two') WHERE name = 'all';

-- Beginning again.
SELECT generation AS generation FROM analytics_feed_publishers WHERE feed = 'all' \gset
SELECT tap.report(NULL, 'too old') \g /dev/null
SELECT is(fault, 'too old', 'a feed that has stopped says why') FROM analytics_claim_feeds('two') WHERE name = 'all';
SELECT analytics_republish_feed('all') \g /dev/null
SELECT is(tap.state(), 'again | t', 'again from the beginning');
SELECT ok(generation > :generation, 'in another generation') FROM analytics_feed_publishers WHERE feed = 'all';
SELECT is(r.fault, NULL, 'and it has not stopped') FROM analytics_claim_feeds('two') AS r WHERE name = 'all';
SELECT tap.report('beginning') \g /dev/null
SELECT is(tap.state(), 'again | f | beginning', 'once it has begun, no other database is overruled');
SELECT analytics_republish_feed('all', 'now') \g /dev/null
SELECT is(begin_at, (SELECT max(tick)::text FROM analytics_ticks), 'from now on') FROM analytics_feed_publishers WHERE feed = 'all';
SELECT analytics_republish_feed('all', :'before') \g /dev/null
SELECT is(begin_at, :'before', 'from a position on') FROM analytics_feed_publishers WHERE feed = 'all';
SELECT tap.fails(format('SELECT analytics_republish_feed(%s)', a), s, a) FROM (VALUES ($$'none'$$, '42704'), ($$'unpublished'$$, '42704'), ($$'all', '9999'$$, '22023'), ($$'all', 'x'$$, '22023'), ($$'all', NULL$$, '22023')) AS v (a, s);

-- A feed that is gone, and another one of its name.
SELECT generation FROM analytics_feed_publishers WHERE feed = 'clouds' \gset
SELECT analytics_drop_feed('clouds') \g /dev/null
SELECT is_empty($$SELECT FROM analytics_feed_publishers WHERE feed = 'clouds'$$, 'nobody publishes what is dropped');
DELETE FROM analytics_feeds WHERE name = 'paths';
SELECT is(tap.claims('two'), 'all 1, members 3, tenants 3', 'nor what is deleted');
CALL analytics_create_feed('clouds', topic => 'other');
CALL analytics_create_feed('paths', topic => 'paths');
SELECT is(tap.claims('two'), 'all 1, clouds 1, members 3, paths 2, tenants 3', 'new ones of their names');
SELECT ok(bool_and(generation > :generation), 'continue no position of theirs') FROM analytics_feed_publishers WHERE feed IN ('clouds', 'paths');
SELECT * FROM finish();
