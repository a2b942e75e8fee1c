-- Pages: bounded by rows and by bytes, and one behind the other they are the whole.
\ir include/start.psql
SELECT * FROM no_plan();

SELECT is(_analytics_time_at(_analytics_position(t)), t, t || ' has a place') FROM unnest('{-infinity,4714-11-24 00:00:00+00 BC,0001-01-01 00:00:00+00,1999-12-31 23:59:59.999999+00,2000-01-01 00:00:00+00,2026-03-04 05:06:07.000001+00,9999-12-31 23:59:59.999999+00,12000-01-01 00:00:00+00,200000-12-31 23:59:59.999999+00,infinity}'::timestamptz[]) AS t;
SELECT ok(_analytics_time_at(p) IS NOT NULL, p || ' is the place of a time') FROM unnest('{-9223372036854775808,-211813488000000001,-211813488000000000,0,9223371331199999999,9223371331200000000,9223372036854775807}'::bigint[]) AS p;
SELECT ok(bool_and(a.place < b.place), 'places are in the order of times') FROM (SELECT _analytics_position(t) AS place, n FROM unnest('{-infinity,4714-11-24 00:00:00+00 BC,0001-01-01 00:00:00+00,2026-03-04 05:06:07+00,infinity}'::timestamptz[]) WITH ORDINALITY AS u (t, n)) AS a, (SELECT _analytics_position(t) AS place, n FROM unnest('{-infinity,4714-11-24 00:00:00+00 BC,0001-01-01 00:00:00+00,2026-03-04 05:06:07+00,infinity}'::timestamptz[]) WITH ORDINALITY AS u (t, n)) AS b WHERE a.n < b.n;

-- What a page takes of rows of these sizes.
CREATE FUNCTION tap.page(sizes int[], max_rows int, max_bytes int, OUT count int, OUT has_next boolean, OUT last_key text) LANGUAGE plpgsql AS $$
DECLARE
    rows refcursor;
    page record;
BEGIN
    OPEN rows FOR SELECT to_json(repeat('x', s.size - 2))::text, s.place, s.place::text FROM unnest(sizes) WITH ORDINALITY AS s (size, place);
    SELECT p.* INTO page FROM _analytics_page(rows, max_rows, max_bytes) AS p;
    count := json_array_length(page.body::json -> 'items');
    IF count <> (page.body::json ->> 'count')::int THEN RAISE 'a wrong count'; END IF;
    has_next := page.has_next;
    last_key := page.last_key;
END
$$;
SELECT is(tap.page('{}', 10, 100)::text, '(0,f,)', 'nothing is a page');
SELECT is(tap.page('{10,10,10}', 10, 100)::text, '(3,f,3)', 'a page may be all');
SELECT is(tap.page('{10,10,10}', 3, 100)::text, '(3,f,3)', 'a page of just so many rows');
SELECT is(tap.page('{10,10,10}', 2, 100)::text, '(2,t,2)', 'one of fewer has a next one');
SELECT is(tap.page('{50,50,10}', 10, 100)::text, '(2,t,2)', 'so is one of just so many bytes');
SELECT is(tap.page('{50,51,10}', 10, 100)::text, '(1,t,1)', 'an item that does not fit is the next page''s');
SELECT is(tap.page('{500,10}', 10, 100)::text, '(1,t,1)', 'an item that fits into none has one alone');
SELECT is(tap.page('{500}', 10, 100)::text, '(1,f,1)', 'and may be the last');
SELECT is(tap.page('{10,500,10}', 10, 100)::text, '(1,t,1)', 'wherever it stands');

-- A list is read no further than its page goes: the next row raises.
CREATE FUNCTION tap.read_to(rows_read int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    rows refcursor;
BEGIN
    OPEN rows FOR SELECT to_json(n / (rows_read + 1 - n))::text, n, n::text FROM generate_series(1, 1000) AS n;
    RETURN (SELECT p.last_key FROM _analytics_page(rows, 3) AS p);
END
$$;
SELECT is(tap.read_to(4), '3', 'one row more tells whether there is a next page');
SELECT tap.fails('SELECT tap.read_to(3)', '22012', 'and that one is read');

-- Events, page after page.
SELECT analytics_ingest(ARRAY(SELECT tap.event(CASE WHEN i % 3 = 0 THEN 'a' ELSE 'b' END, '2024-01-01T00:00:0' || i % 10 || 'Z') FROM generate_series(1, 40) AS i));
CREATE FUNCTION tap.recent(size int, event_type text DEFAULT NULL) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE page record; place bigint; id uuid;
BEGIN
    LOOP
        SELECT p.* INTO page FROM _analytics_http_recent(size, place, id, NULL, event_type) AS p;
        RETURN QUERY SELECT i ->> 'id' FROM json_array_elements(page.body::json -> 'items') AS i;
        EXIT WHEN NOT page.has_next;
        place := page.last_position;
        id := page.last_key;
    END LOOP;
END
$$;
SELECT results_eq(format('SELECT tap.recent(%s)', size), 'SELECT r.id::text FROM analytics_recent(1000) AS r', format('pages of %s are the whole, in order', size)) FROM unnest('{1,2,7,39,40,41}'::int[]) AS size;
SELECT results_eq($$SELECT tap.recent(4, 'a')$$, $$SELECT r.id::text FROM analytics_recent(1000, event_type => 'a') AS r$$, 'those of one type, too');

-- The page of a session that knew the table before it got a column, and after.
SELECT isnt((SELECT p.body FROM _analytics_http_recent(2, NULL, NULL, NULL, NULL) AS p), NULL, 'a page');
ALTER TABLE analytics_events ADD COLUMN note text DEFAULT 'x';
SELECT isnt((SELECT p.body FROM _analytics_http_recent(2, NULL, NULL, NULL, NULL) AS p), NULL, 'the same with a column more');
ALTER TABLE analytics_events DROP COLUMN note;
SELECT isnt((SELECT p.body FROM _analytics_http_recent(2, NULL, NULL, NULL, NULL) AS p), NULL, 'and without it again');

SELECT analytics_ingest(ARRAY['{'::bytea, '[', '1']);
SELECT is((SELECT json_array_length(p.body::json -> 'items') FROM _analytics_http_dead_letters(2, NULL, NULL, NULL, NULL) AS p), 2, 'a page of dead letters');
SELECT is((SELECT p.last_key::bigint FROM _analytics_http_dead_letters(2, NULL, NULL, NULL, NULL) AS p), (SELECT min(d.id) FROM analytics_recent_dead_letters(2) AS d), 'and where the next begins');

SELECT finish();
