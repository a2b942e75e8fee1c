-- The functions behind the routes of HTTP, against those that they call.
\ir include/start.psql
BEGIN;
SELECT * FROM no_plan();

SELECT analytics_ingest(ARRAY(SELECT tap.event(n::text, '2024-03-' || 10 + n % 3 || 'T0' || n % 7 || ':30:00.000001Z',
                                               (ARRAY['a', 'b "quoted"'])[1 + n % 2], (ARRAY['acme', 'umbra', NULL])[1 + n % 3])
                              FROM generate_series(1, 50) AS n) || ARRAY['{'::bytea, '\xff', '[1]']) \g /dev/null

-- one event
SELECT is(_analytics_http_event(e.occurred_at, e.id)::jsonb, _analytics_event_json(ROW(e.*)::analytics_event)::jsonb, 'an event by its key')
FROM analytics_events AS e LIMIT 3;
SELECT is(_analytics_http_event(now(), gen_random_uuid()), NULL, 'and none where there is none');

-- the summary
SELECT is(s.body, analytics_summary(90, '2024-03-11 04:00:00+00', t.id)::text, 'the summary is analytics_summary''s, byte for byte')
FROM unnest(ARRAY['acme', NULL]) AS t (id), _analytics_http_summary(90, '2024-03-11 04:00:00+00', t.id) AS s;
SELECT is((s.body::jsonb - 'freshness')::text, (analytics_summary() - 'freshness')::text, 'without arguments, too')
FROM _analytics_http_summary(NULL, NULL, NULL) AS s;
SELECT is(a.tag_source, b.tag_source, 'its tag stays while the window alone moves on')
FROM _analytics_http_summary(5, '2024-05-01 00:00:01+00', NULL) AS a, _analytics_http_summary(5, '2024-05-01 00:00:02+00', NULL) AS b;
SELECT isnt(a.tag_source, b.tag_source, 'and not while what is in it changes')
FROM _analytics_http_summary(60, '2024-03-11 04:00:00+00', NULL) AS a, _analytics_http_summary(60, '2024-03-11 05:00:00+00', NULL) AS b;
SELECT tap.fails('SELECT _analytics_http_summary(1, NULL, NULL)', '22023', 'a window that is too short is refused');

-- the histogram
CREATE FUNCTION tap.histogram(since timestamptz, until timestamptz, tenant text, type text) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object(
        'windowStart', _analytics_iso8601($1), 'windowEnd', _analytics_iso8601($2), 'bucket', 'PT1H', 'timezone', 'Europe/Berlin',
        'totalEvents', coalesce(sum(b.count), 0),
        'buckets', jsonb_agg(jsonb_build_object('bucketStart', _analytics_iso8601(b.bucket_start), 'count', b.count, 'eventsPerType', b.types) ORDER BY b.bucket_start))
    FROM (SELECT h.bucket_start, sum(h.count) AS count, coalesce(jsonb_object_agg(h.event_type, h.count) FILTER (WHERE h.count > 0), '{}') AS types
          FROM analytics_histogram($1, $2, '1 hour', $3, $4, 'Europe/Berlin') AS h GROUP BY h.bucket_start) AS b;
$$;
SELECT is(h.body::jsonb, tap.histogram('2024-03-10 01:15:00+00', '2024-03-11 05:00:00+00', t.id, e.type), format('the histogram of %L and %L', t.id, e.type))
FROM unnest(ARRAY['acme', NULL]) AS t (id), unnest(ARRAY['a', 'none', NULL]) AS e (type),
     _analytics_http_histogram('2024-03-10 01:15:00+00', '2024-03-11 05:00:00+00', 'PT1H', t.id, e.type, 'Europe/Berlin') AS h;
SELECT is(h.body::jsonb, tap.histogram('2024-03-10 05:00:00+00', '2024-03-11 05:00:00+00', NULL, NULL), 'it begins a day before its end')
FROM _analytics_http_histogram(NULL, '2024-03-11 05:00:00+00', 'PT1H', NULL, NULL, 'Europe/Berlin') AS h;
SELECT is(h.body::jsonb ->> 'windowEnd', _analytics_iso8601(now()), 'and ends now') FROM _analytics_http_histogram(NULL, NULL, 'PT1H', NULL, NULL, 'UTC') AS h;
SELECT is(h.body::jsonb ->> 'windowStart', '0001-01-01T00:00:00Z', 'but not before the year 1')
FROM _analytics_http_histogram(NULL, '0001-01-01 06:00:00+00', 'PT1H', NULL, NULL, 'UTC') AS h;
SELECT is(h.body::jsonb -> 'buckets', ('[' || h.tag_source || ']')::jsonb, 'its tag is made from the buckets')
FROM _analytics_http_histogram('2024-03-10 00:00:00+00', '2024-03-11 00:00:00+00', 'PT6H', NULL, NULL, 'UTC') AS h;

-- pages
SELECT is(p.body::jsonb, jsonb_build_object('items', (SELECT jsonb_agg(_analytics_event_json(r)) FROM analytics_recent(20, tenant_id => t.id, event_type => 'a') AS r),
                                            'count', (SELECT count(*) FROM analytics_recent(20, tenant_id => t.id, event_type => 'a'))), 'a page of events')
FROM unnest(ARRAY['acme', NULL]) AS t (id), _analytics_http_recent(20, NULL, NULL, t.id, 'a') AS p;
SELECT is(p.body, '{"items":[],"count":0}', 'an empty one') FROM _analytics_http_recent(20, NULL, NULL, 'nobody', NULL) AS p;
SET LOCAL analytics_http.tenant = 'acme';
SELECT is(p.body, '{"items":[],"count":0}', 'under a key of one tenant another tenant has no events') FROM _analytics_http_recent(20, NULL, NULL, 'umbra', NULL) AS p;
SELECT is((p.body::jsonb -> 'count')::int, (SELECT count(*)::int FROM analytics_events WHERE tenant_id = 'acme'), 'and its own are read by name') FROM _analytics_http_recent(500, NULL, NULL, NULL, NULL) AS p;
RESET analytics_http.tenant;

-- projections
SELECT is(_analytics_http_projections(), '{"items":[],"count":0}', 'no projection');
SELECT _analytics_register_projection(name, NULL, '{}', '{}', '1 hour', 1, 'public') FROM unnest('{one,two}'::text[]) AS name \g /dev/null
SELECT is(_analytics_http_projections()::jsonb, jsonb_build_object('count', 2, 'items', (SELECT jsonb_agg(_analytics_projection_json(p.name) ORDER BY p.name) FROM analytics_projections AS p)), 'two of them');
SELECT is(p.state, NULL, 'none of this name') FROM _analytics_http_projection('three', 1, NULL, NULL, NULL, NULL, NULL) AS p;
SELECT is(ROW(p.state, (p.page).body), ROW('building'::text, NULL::text), 'one that is being built has no rows yet') FROM _analytics_http_projection('one', 1, NULL, NULL, NULL, NULL, NULL) AS p;
UPDATE analytics_projections SET state = 'ready' WHERE name = 'one';
SELECT is(ROW(p.state, (p.page).body, (p.page).has_next), ROW('ready'::text, '{"items":[],"count":0}'::text, false), 'one that is ready has a page') FROM _analytics_http_projection('one', 1, NULL, NULL, NULL, NULL, NULL) AS p;

-- dead letters
SELECT is((_analytics_http_dead_letter_summary()::jsonb ->> 'open')::int, 3, 'three dead letters are open');
SELECT is(jsonb_agg(i ->> 'reason' ORDER BY i ->> 'reason'), '["invalid_json", "invalid_utf8", "not_an_object"]', 'each with its reason') FROM jsonb_array_elements(_analytics_http_dead_letter_summary()::jsonb -> 'items') AS i;
SELECT is(p.body::jsonb, jsonb_build_object('count', 2, 'items', (SELECT jsonb_agg(_analytics_dead_letter_json(d)) FROM analytics_recent_dead_letters(2) AS d)), 'a page of them') FROM _analytics_http_dead_letters(2, NULL, NULL, NULL, NULL) AS p;
SELECT is(_analytics_http_replay(10, 0, 'invalid_json', NULL)::jsonb - 'lastId', '{"replayed": 0, "stored": 0, "duplicates": 0, "stillRefused": 1}', 'a replay');

-- what stores
SELECT is(ROW(r.outcome, r.reason, r.code, r.id), ROW('refused'::text, 'invalid_json'::text, '22032'::text, NULL::uuid), 'a refusal has its SQLSTATE') FROM _analytics_http_record('{') AS r;
CREATE TEMP TABLE stored AS SELECT r.* FROM _analytics_http_record(tap.event('x', '2024-04-01T00:00:00.5Z')) AS r;
SELECT is(ROW(s.outcome, s.event, s.occurred_at), ROW('stored'::text, _analytics_http_event('2024-04-01 00:00:00.5+00', s.id), '2024-04-01T00:00:00.500000Z'::text), 'a stored event is answered') FROM stored AS s;
SELECT is(r.outcome, 'duplicate', 'and is a duplicate then') FROM _analytics_http_record(tap.event('x', '2024-04-01T00:00:00.5Z')) AS r;
SELECT is(ROW(b.items, (SELECT jsonb_agg(o - 'event' - 'detail') FROM jsonb_array_elements(b.body::jsonb) AS o)),
          ROW(3, '[{"item": 1, "outcome": "duplicate"}, {"item": 2, "reason": "unknown_shape", "outcome": "refused"}, {"item": 3, "outcome": "stored"}]'::jsonb), 'a result for each item of an array')
FROM _analytics_http_record_batch('[' || tap.event('x', '2024-04-01T00:00:00.5Z') || ',{},' || tap.event('y', '2024-04-01T00:00:00Z') || ']', NULL, 3) AS b;
SELECT is(ROW(b.items, b.body), ROW(0, '[]'::text), 'of none, none') FROM _analytics_http_record_batch('[]', NULL, 3) AS b;
SELECT is(b.items, 2, 'records are taken as they are') FROM _analytics_http_record_batch(NULL, ARRAY['{}'::bytea, '1'], 3) AS b;
SELECT is(ROW(b.items, b.body), ROW(3, NULL::text), 'of too many none is stored') FROM _analytics_http_record_batch('[{},{},{}]', NULL, 2) AS b;
SELECT tap.fails($$SELECT _analytics_http_record_batch('{}', NULL, 2)$$, '22P02', 'what is no array is refused');

-- RFC 3339 has no time before the year 0000, which is 1 BC.
SELECT tap.fails(format('SELECT _analytics_http_histogram(%L, %L, %L, NULL, NULL, %L)', since, '2026-11-30', bucket, timezone), '22023', 'too early a bucket: ' || bucket)
FROM (VALUES ('1292-06-21', 'P2812Y', 'Europe/Berlin'), ('1292-06-21', 'P2811Y', 'UTC'), ('0001-01-02', 'P4000Y', 'UTC'), ('1969-12-31', 'P1971Y', 'UTC')) AS v (since, bucket, timezone);
SELECT matches((SELECT body FROM _analytics_http_histogram('1969-12-31', '1970-01-02', 'P1970Y', NULL, NULL, 'UTC')), '"bucketStart":"0000-01-01T00:00:00Z"', 'the earliest that can be said');

SELECT * FROM finish();
ROLLBACK;
