-- Single things by name, and pages.
\ir include/start.psql
SELECT * FROM no_plan();

SELECT analytics_ingest(ARRAY[tap.event('a', '2024-01-01T00:00:00.000001Z'), tap.event('b', '2024-01-01T00:00:00.000001Z'), tap.event('a', '2024-02-01T00:00:00Z')]);
SELECT results_eq('SELECT f.* FROM analytics_events AS e, analytics_event(e.occurred_at, e.id) AS f ORDER BY f', 'SELECT e.* FROM analytics_events AS e ORDER BY e', 'every event is found by its key');
SELECT is_empty($$SELECT f.* FROM analytics_events AS e, analytics_event(e.occurred_at + interval '1 microsecond', e.id) AS f$$, 'a microsecond later there is none');
SELECT is_empty('SELECT * FROM analytics_event(now(), gen_random_uuid())', 'nor one of another id');
SELECT is_empty('SELECT * FROM analytics_event(NULL, gen_random_uuid())', 'nor one of no time');

SELECT analytics_ingest(ARRAY['{'::bytea, '\xff', convert_to('{"a":"\u0000"}', 'UTF8'), '{}', NULL, '\x7b00']);
SELECT results_eq('SELECT d.* FROM analytics_recent_dead_letters() AS d', 'SELECT d.* FROM analytics_dead_letters AS d ORDER BY d.id DESC', 'letters, the newest first');
SELECT results_eq('SELECT d.* FROM analytics_recent_dead_letters(2, (SELECT max(id) FROM analytics_dead_letters)) AS d', 'SELECT d.* FROM analytics_dead_letters AS d ORDER BY d.id DESC OFFSET 1 LIMIT 2', 'a page of them');
SELECT results_eq($$SELECT d.* FROM analytics_recent_dead_letters(reason => 'invalid_utf8') AS d$$, $$SELECT d.* FROM analytics_dead_letters AS d WHERE reason = 'invalid_utf8'$$, 'those of one reason');
SELECT is_empty('SELECT * FROM analytics_recent_dead_letters(replayed => true)', 'none was replayed');
SELECT tap.fails('SELECT * FROM analytics_recent_dead_letters(0)', '22023', 'a page of nothing is refused');
SELECT is(coalesce(convert_to(l ->> 'value', 'UTF8'), decode(l ->> 'valueBase64', 'base64')), d.value, 'the bytes are there, as text or as base64') FROM analytics_dead_letters AS d, analytics_dead_letter(d.id) AS l;
SELECT is(count(*), 2::bigint, 'as base64 where they are no text') FROM analytics_dead_letters WHERE value IS NOT NULL AND analytics_dead_letter(id) ->> 'value' IS NULL;
SELECT is(analytics_dead_letter(-1), NULL, 'no letter of this id');

-- A projection's rows: three tenants and none, by day, with a name and a dimension that want quotes.
INSERT INTO analytics_events (event_type, source, occurred_at, tenant_id, payload) SELECT 't', 's', timestamptz '2024-01-10 00:00:00+00' + i * interval '1 hour', CASE WHEN i % 4 > 0 THEN 'tenant ' || i % 4 END, jsonb_build_object('d', i % 5, 'n', i * 0.5) FROM generate_series(1, 200) AS i;
CALL analytics_create_projection('the "page"', event_types => '{t}', bucket => '1 day', dimensions => '{"key": {"path": ["d"], "type": "bigint"}, "a b": ["e"]}', measures => '{"n": ["n"]}');
CREATE VIEW tap.rows AS SELECT to_jsonb(p) || jsonb_build_object('bucket_start', _analytics_iso8601(p.bucket_start)) AS row, p.bucket_start, p.tenant_id FROM "the ""page""" AS p;
CREATE VIEW tap.pages AS SELECT g.bucket_start, g.key, g.item::jsonb AS item FROM _analytics_projection_page('the "page"', max_rows => 10000) AS g;
SELECT ok(count(*) > 100, 'there are rows enough') FROM tap.rows;
SELECT bag_eq('SELECT item FROM tap.pages', 'SELECT row FROM tap.rows', 'a page has the rows of the view');
SELECT results_eq('SELECT bucket_start, key FROM tap.pages', 'SELECT bucket_start, key FROM tap.pages ORDER BY bucket_start DESC, key DESC', 'the latest bucket first');
SELECT is(count(DISTINCT key), count(*), 'each row of a bucket has a key of its own') FROM tap.pages WHERE bucket_start = '2024-01-12 00:00:00+00';
SELECT bag_eq($$SELECT item::jsonb FROM _analytics_projection_page('the "page"', 1000, NULL, NULL, '2024-01-11 00:00:00+00', '2024-01-14 00:00:00+00', 'tenant 2')$$, $$SELECT row FROM tap.rows WHERE bucket_start >= '2024-01-11 00:00:00+00' AND bucket_start < '2024-01-14 00:00:00+00' AND tenant_id = 'tenant 2'$$, 'of some buckets, and one tenant');
SELECT is_empty($$SELECT * FROM _analytics_projection_page('the "page"', window_start => '2025-01-01')$$, 'none is later');
SELECT is_empty($$SELECT * FROM _analytics_projection_page('the "page"', tenant_id => 'nobody')$$, 'nor another tenant''s');
SELECT tap.fails($$SELECT * FROM _analytics_projection_page('the "page"', max_rows => 0)$$, '22023', 'a page of nothing is refused');
SELECT tap.fails($$SELECT * FROM _analytics_projection_page('no such')$$, '42704', 'nor is there one of what is not there');

-- Page after page, from row to row; while it goes, another group appears in a bucket that was passed, in one that is not, and in that of the cursor.
CREATE FUNCTION tap.followed(size int, disturbed boolean DEFAULT false) RETURNS SETOF jsonb LANGUAGE plpgsql AS $$
DECLARE last_bucket timestamptz; last_key uuid; page record; place int; pages int := 0;
BEGIN
    LOOP
        place := 0;
        FOR page IN SELECT * FROM _analytics_projection_page('the "page"', max_rows => size, before_bucket_start => last_bucket, before_key => last_key) LOOP
            RETURN NEXT page.item::jsonb;
            last_bucket := page.bucket_start;
            last_key := page.key;
            place := place + 1;
        END LOOP;
        EXIT WHEN place < size;
        pages := pages + 1;
        IF pages > 1000 THEN RAISE 'pages without end'; END IF;
        IF disturbed AND pages = 3 THEN
            INSERT INTO analytics_events (event_type, source, occurred_at, tenant_id, payload) SELECT 't', 's', at, 'later', jsonb_build_object('d', d) FROM unnest(ARRAY[last_bucket, last_bucket + interval '1 day', '2024-01-11 00:00:00+00']) AS at, generate_series(100, 110) AS d;
        END IF;
    END LOOP;
END
$$;
SELECT results_eq(format('SELECT tap.followed(%s)', size), 'SELECT item FROM tap.pages', format('pages of %s are the whole, in order', size)) FROM unnest('{1,2,7,50}'::int[]) AS size;
CREATE TEMP TABLE before_disturbance AS SELECT row FROM tap.rows;
CREATE TEMP TABLE disturbed AS SELECT tap.followed(7, true) AS row;
SELECT is_empty('SELECT row FROM before_disturbance EXCEPT ALL SELECT row FROM disturbed', 'groups that appear meanwhile hide none');
SELECT is(count(*), count(DISTINCT row), 'and repeat none') FROM disturbed;

-- Years that ISO 8601 text has not.
SELECT analytics_create_partition('0001-01-01 00:00:00+00') \g /dev/null
INSERT INTO analytics_events (event_type, source, occurred_at, payload) VALUES ('w', 's', '0001-01-01 00:00:00+00', '{"d":1}'), ('w', 's', '0001-01-01 00:00:00+00', '{"d":2}');
CALL analytics_create_projection('weeks', event_types => '{w}', bucket => '7 days', dimensions => '{"d": {"path": ["d"], "type": "numeric"}}');
SELECT is(array_agg(DISTINCT item ->> 'bucket_start'), '{0001-01-01T00:00:00Z}', 'a bucket that begins before the year 1 is told to begin with it') FROM _analytics_projection_page('weeks');
SELECT is(second.item ->> 'count', '1', 'and is paged like others') FROM _analytics_projection_page('weeks', max_rows => 1) AS first, _analytics_projection_page('weeks', before_bucket_start => first.bucket_start, before_key => first.key) AS second;

-- No right on the view is needed; who may read no bags reads none; under a policy on the events alone nobody does.
BEGIN;
CREATE ROLE analytics_check_reader;
GRANT USAGE ON SCHEMA tap TO analytics_check_reader;
GRANT SELECT ON analytics_events TO analytics_check_reader;
SET LOCAL ROLE analytics_check_reader;
SELECT tap.fails($$SELECT * FROM _analytics_projection_page('weeks')$$, '42501', 'no right on the bags');
RESET ROLE;
GRANT SELECT ON analytics_projection_bags TO analytics_check_reader;
SET LOCAL ROLE analytics_check_reader;
SELECT is(count(*), 2::bigint, 'a right on the bags will do') FROM _analytics_projection_page('weeks');
RESET ROLE;
ALTER TABLE analytics_events ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON analytics_events USING (tenant_id = 'tenant 1');
SET LOCAL ROLE analytics_check_reader;
SELECT tap.fails($$SELECT * FROM _analytics_projection_page('the "page"')$$, '42501', 'a policy on the events alone');
RESET ROLE;
ALTER TABLE analytics_projection_bags ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON analytics_projection_bags USING (tenant_id = 'tenant 1');
SET LOCAL ROLE analytics_check_reader;
SELECT is(array_agg(DISTINCT item ->> 'tenant_id'), '{tenant 1}', 'a policy on both: what it lets through') FROM _analytics_projection_page('the "page"', max_rows => 1000);
RESET ROLE;
ROLLBACK;

-- What lists show of one.
SELECT is(_analytics_projection_json(p.name)::jsonb - 'createdAt' - 'columns', '{"name": "weeks", "state": "ready", "builtUntil": null, "eventTypes": ["w"], "bucket": "P7D", "maxGroups": 10000, "version": "stored", "dimensions": {"d": {"path": ["d"], "type": "numeric"}}, "measures": {}}', 'what a projection is made of') FROM analytics_projections AS p WHERE name = 'weeks';
SELECT is((SELECT array_agg(c ->> 'name' || ' ' || (c ->> 'type')) FROM json_array_elements(_analytics_projection_json(p.name) -> 'columns') AS c), (SELECT array_agg(attname || ' ' || CASE attname WHEN 'tenant_id' THEN 'text' ELSE replace(format_type(atttypid, NULL), 'timestamp with time zone', 'timestamptz') END ORDER BY attnum) FROM pg_attribute WHERE attrelid = '"the ""page"""'::regclass), 'and its columns are those of the view') FROM analytics_projections AS p WHERE name = 'the "page"';
SELECT _analytics_register_projection('late', NULL, '{}', '{}', '1 month', 10, 'public') \g /dev/null
SELECT tap.fails($$SELECT * FROM _analytics_projection_page('late')$$, '55000', 'one that is being built has no pages');
SELECT is(_analytics_projection_json(p.name) ->> 'builtUntil', NULL, 'nothing of it is built') FROM analytics_projections AS p WHERE name = 'late';
UPDATE analytics_projections SET built_until = '2024-01-01 00:00:00+00' WHERE name = 'late';
SELECT is(_analytics_projection_json(p.name) ->> 'builtUntil', '2024-01-01T00:00:00Z', 'so far it is built') FROM analytics_projections AS p WHERE name = 'late';

SELECT finish();
