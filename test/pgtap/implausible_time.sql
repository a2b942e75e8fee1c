-- Times that can't be believed: refused against the ingestion time, kept, and stored as they are when an operator says so.
\ir include/start.psql
\ir include/elsewhere.psql
SELECT * FROM no_plan();
SET TimeZone = 'UTC'; SET DateStyle = 'ISO';

CREATE FUNCTION tap.at(distance interval) RETURNS text LANGUAGE sql STABLE AS $$ SELECT _analytics_iso8601(now() + $1) $$;
CREATE FUNCTION tap.reason_at(distance interval) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce(n.reason, 'believed') FROM analytics_normalize(tap.event('k', tap.at($1))) AS n;
$$;
CREATE FUNCTION tap.shape_at(distance interval) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce(n.reason, n.shape) FROM analytics_normalize(format('{"guideId":"g","challengeId":"c","occurredAt":"%s"}', tap.at($1))) AS n;
$$;

-- The limits, to the microsecond.
BEGIN;
SELECT is(tap.reason_at('1 day'), 'believed', 'a day ahead');
SELECT is(tap.reason_at('1 day 00:00:00.000001'), 'implausible_time', 'a microsecond more');
SELECT is(tap.reason_at('-1900 years'), 'believed', 'long past');
SET LOCAL analytics.max_future = '90s'; SET LOCAL analytics.max_past = '2h';
SELECT is(tap.reason_at('90 seconds'), 'believed', 'a limit that a session sets');
SELECT is(tap.reason_at('90.000001 seconds'), 'implausible_time', 'and a microsecond more');
SELECT is(tap.reason_at('-2 hours'), 'believed', 'a limit of the past');
SELECT is(tap.reason_at('-02:00:00.000001'), 'implausible_time', 'and a microsecond more');
SELECT is(detail, 'occurredAt: must be at most 02:00:00 behind the ingestion time, and is 3 days 00:00:01 behind it', 'the detail says how far') FROM analytics_normalize(tap.event('k', tap.at('-3 days -1 second')));
SET LOCAL analytics.max_future = -1; SET LOCAL analytics.max_past = -1;
SELECT is(tap.reason_at('5000 years'), 'believed', 'no limit ahead');
SELECT is(tap.reason_at('-1900 years'), 'believed', 'nor behind');
SET LOCAL analytics.max_future = 0; SET LOCAL analytics.max_past = 0; SET LOCAL analytics.accept_time = on;
SELECT is(tap.reason_at('5000 years'), 'believed', 'any time with analytics.accept_time');
ROLLBACK;

-- A shape's own limits.
BEGIN;
SELECT is(tap.shape_at('2 days'), 'implausible_time', 'a shape by the setting');
UPDATE analytics_shapes SET max_future = '3 days', max_past = '1 hour' WHERE name = 'guides.challenges';
SELECT is(tap.shape_at('3 days'), 'guides.challenges', 'by its own limit');
SELECT is(tap.shape_at('3 days 00:00:00.000001'), 'implausible_time', 'and not more');
SELECT is(tap.shape_at('-1 hour'), 'guides.challenges', 'by its own limit of the past');
SELECT is(tap.shape_at('-01:00:00.000001'), 'implausible_time', 'and not more');
SELECT is(tap.reason_at('2 days'), 'implausible_time', 'the canonical form keeps to the setting');
UPDATE analytics_shapes SET max_future = '-1 second', max_past = '-1 day' WHERE name = 'guides.challenges';
SELECT is(tap.shape_at('5000 years'), 'guides.challenges', 'a negative one allows any time');
SELECT is(tap.shape_at('-1900 years'), 'guides.challenges', 'on either side');
UPDATE analytics_shapes SET max_future = '0' WHERE name = 'guides.challenges';
SET LOCAL analytics.accept_time = on;
SELECT is(tap.shape_at('1 day'), 'guides.challenges', 'analytics.accept_time stands above it');
ROLLBACK;

-- A batch: good records are stored, and the others kept with their bytes.
SELECT stored AS stored, dead_lettered AS refused FROM analytics_ingest((SELECT array_agg(tap.event(n::text, tap.at(n * interval '1 hour'))) FROM generate_series(-50, 50) AS n)) \gset
SELECT is(ROW(:stored, :refused), ROW(75, 26), 'a batch around now: a day ahead is stored, the rest refused');
SELECT set_eq('SELECT DISTINCT reason, replayed_at IS NULL FROM analytics_dead_letters', $$VALUES ('implausible_time', true)$$, 'each refused one is a dead letter');
SELECT ok((analytics_summary() #>> '{freshness,lastEventAt}')::timestamptz <= now() + interval '1 day', 'the newest event is one that can be believed');
SELECT is((SELECT state FROM tap.failure_of(format('SELECT * FROM analytics_record(%L)', convert_from(tap.event('p', tap.at('2 days')), 'UTF8')))), '22008', 'an error to POST');
SELECT is((SELECT count(*) FROM analytics_record_each(ARRAY[tap.event('p', tap.at('2 days')), tap.event('q', tap.at('0'))]) WHERE reason = 'implausible_time'), 1::bigint, 'one by one, refused and stored');

-- Replays: as refused as before, also when the time has come; stored as they are when accepted.
CREATE TEMP TABLE due AS SELECT convert_from(value, 'UTF8')::jsonb ->> 'occurredAt' AS occurred_at, convert_from(value, 'UTF8')::jsonb ->> 'eventId' AS key FROM analytics_dead_letters;
CREATE TEMP TABLE before AS SELECT detail, id FROM analytics_dead_letters;
UPDATE analytics_dead_letters SET received_at = received_at - interval '30 days';
SELECT is(ROW(replayed, still_refused), ROW(0::bigint, 26::bigint), 'a replay changes nothing') FROM analytics_replay_dead_letters(reason => 'implausible_time');
SELECT is(ROW(replayed, still_refused), ROW(0::bigint, 26::bigint), 'nor does one that does not accept') FROM analytics_replay_dead_letters(accept_time => false, reason => 'implausible_time');
SELECT is(ROW(replayed, still_refused), ROW(0::bigint, 26::bigint), 'nor one that says null') FROM analytics_replay_dead_letters(accept_time => NULL, reason => 'implausible_time');
SELECT ok(bool_and(d.detail ~ 'and is 3\d days' AND d.detail <> b.detail), 'the time is judged against the first receipt') FROM analytics_dead_letters AS d JOIN before AS b USING (id);
SELECT count(*) AS events, md5(string_agg(e::text, '' ORDER BY e.id)) AS all_events FROM analytics_events AS e \gset
SELECT is(ROW(replayed, stored, still_refused), ROW(10::bigint, 10::bigint, 0::bigint), 'accepted, chunk by chunk') FROM analytics_replay_dead_letters(accept_time => true, max_rows => 10, reason => 'implausible_time');
SELECT is(current_setting('analytics.accept_time'), 'off', 'for that replay alone');
SELECT is(ROW(replayed, stored, still_refused), ROW(16::bigint, 16::bigint, 0::bigint), 'and all others') FROM analytics_replay_dead_letters(reason => 'implausible_time', accept_time => true);
SELECT set_eq('SELECT _analytics_iso8601(occurred_at), true FROM analytics_events WHERE occurred_at > now() + interval ''1 day''', 'SELECT occurred_at, true FROM due', 'exactly those are stored, as they are');
SELECT is(md5(string_agg(e::text, '' ORDER BY e.id)), :'all_events', 'and nothing else has changed') FROM analytics_events AS e WHERE occurred_at <= now() + interval '1 day';
SELECT is(count(*), :events::bigint + 26, 'none twice') FROM analytics_events;
SELECT set_eq('SELECT event_type, sum(count)::bigint FROM analytics_counts(''0001-01-01 00:00:00+00'', ''10000-01-01 00:00:00+00'') GROUP BY 1', 'SELECT event_type::text, count(*) FROM analytics_events GROUP BY 1', 'the counts are exact');
SELECT is_empty('SELECT * FROM analytics_verify()', 'to the minute');

-- Other reasons stand; and the setting does the same for a replay of everything.
SELECT stored FROM analytics_ingest(ARRAY[tap.event('x', tap.at('3 days')), '{'::bytea]) \g /dev/null
SELECT is(ROW(stored, still_refused), ROW(0::bigint, 1::bigint), 'what is no JSON is none') FROM analytics_replay_dead_letters(accept_time => true, reason => 'invalid_json');
SET analytics.accept_time = on;
CALL analytics_replay_all_dead_letters(reason => 'implausible_time') \g /dev/null
SELECT is_empty($$SELECT FROM analytics_dead_letters WHERE reason = 'implausible_time' AND replayed_at IS NULL$$, 'a session that accepts any time');
SELECT is(replayed, 0::bigint, 'and accepts it') FROM analytics_replay_dead_letters(reason => 'none', accept_time => true);
SELECT is(current_setting('analytics.accept_time'), 'on', 'still does so after a replay that was to accept it');
SELECT is((SELECT stored FROM analytics_ingest(ARRAY[tap.event('y', tap.at('3 days'))])), 1::bigint, 'stores it at once');
RESET analytics.accept_time;

-- A session that never called us before knows the limits, and takes what was accepted before the library was there.
SELECT dead_lettered FROM analytics_ingest(ARRAY[tap.event('z', tap.at('3 days')), tap.event('z2', tap.at('3 days'))]) \g /dev/null
SELECT min(id) AS one, max(id) AS other FROM analytics_dead_letters WHERE reason = 'implausible_time' AND replayed_at IS NULL \gset
SELECT tap.open_session('other') \g /dev/null
SELECT is(tap.answer_of('other', format('SELECT reason FROM analytics_normalize(%L::bytea)', tap.event('k', tap.at('2 days')))), 'implausible_time', 'a new session');
SELECT tap.open_session('replaying') \g /dev/null
SELECT is(tap.answer_of('replaying', format('SELECT stored::text FROM analytics_replay_dead_letters(ids => %L, accept_time => true)', ARRAY[:one])), '1', 'a replay as its first call');
SELECT is(tap.answer_of('replaying', format('SELECT still_refused::text FROM analytics_replay_dead_letters(ids => %L)', ARRAY[:other])), '1', 'and the next judges again');
SELECT is(tap.answer_of('replaying', format('SELECT stored || current_setting(''analytics.accept_time'') FROM analytics_replay_dead_letters(ids => %L, accept_time => true)', ARRAY[:other])), '1off', 'until it is accepted, too');

SELECT * FROM finish();
