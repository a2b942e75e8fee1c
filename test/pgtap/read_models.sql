-- Single things by name.
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

SELECT finish();
