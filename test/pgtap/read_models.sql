-- Single things by name.
\ir include/start.psql
SELECT * FROM no_plan();

SELECT analytics_ingest(ARRAY[tap.event('a', '2024-01-01T00:00:00.000001Z'), tap.event('b', '2024-01-01T00:00:00.000001Z'), tap.event('a', '2024-02-01T00:00:00Z')]);
SELECT results_eq('SELECT f.* FROM analytics_events AS e, analytics_event(e.occurred_at, e.id) AS f ORDER BY f', 'SELECT e.* FROM analytics_events AS e ORDER BY e', 'every event is found by its key');
SELECT is_empty($$SELECT f.* FROM analytics_events AS e, analytics_event(e.occurred_at + interval '1 microsecond', e.id) AS f$$, 'a microsecond later there is none');
SELECT is_empty('SELECT * FROM analytics_event(now(), gen_random_uuid())', 'nor one of another id');
SELECT is_empty('SELECT * FROM analytics_event(NULL, gen_random_uuid())', 'nor one of no time');

SELECT finish();
