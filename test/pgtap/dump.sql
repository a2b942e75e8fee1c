-- pg_dump and pg_restore keep every row of every table, and the copy goes on where the original stood: in the custom format, as plain SQL, in one
-- transaction too, with the data last, and by several jobs, section by section or in one run (which reports keys that came too early, and ends well).
\ir include/start.psql
\ir include/elsewhere.psql
SELECT * FROM no_plan();

-- All that a database in use may hold: events of many months and of both ends of time, keys with and without a time, dead letters with binary keys and
-- headers, two groups' offsets; a shape of the operator's, one changed, one disabled; a partition of the operator's.
CREATE TABLE tap.records AS SELECT n, record FROM unnest(ARRAY[tap.event('a', '0001-01-01T00:00:00Z'), tap.event('a', '9999-12-31T23:59:59.999999Z'), tap.event('u', tenant => 'x'), tap.event('v', payload => '{"text":"tab\tnewline\n\\N","n":1.50}'),
    '{"seven":"7","at":"2024-05-01T00:00:00Z"}'::bytea, '{"guideId":"g","challengeId":"c","occurredAt":1763316840.123456789}'] || (SELECT array_agg(tap.event(i::text, analytics_iso8601('2023-01-01 00:00:00+00'::timestamptz + i * interval '1 day'))) FROM generate_series(1, 400) AS i)) WITH ORDINALITY AS _ (record, n);
INSERT INTO analytics_shapes (name, event_type, source, required_members, time_member, iso_member, key_members) VALUES ('own.seventh', 'seventh', 's', '{seven,at}', 'at', 'atIso', '{seven}');
UPDATE analytics_shapes SET event_type = 'guide.linked' WHERE name = 'guides.challenges';
UPDATE analytics_shapes SET enabled = false WHERE name = 'challenges.completion';
CREATE TABLE "my partition" PARTITION OF analytics_events FOR VALUES FROM ('2023-06-10 00:00:00+00') TO ('2023-08-20 00:00:00+00');
SELECT is((SELECT ARRAY[stored, duplicates] FROM analytics_ingest((SELECT array_agg(record) FROM tap.records))), '{406,0}', 'four hundred and six events');
SELECT is((SELECT skipped + dead_lettered FROM analytics_ingest('{"{}","{",NULL,"\\\\xff00"}')), 4::bigint, 'a few dead letters');
SELECT t FROM analytics_take_partition('g', 't', 0, 'host:1', 100, 900) AS t, analytics_take_partition('other', 't', 0, 'host:2', 100) AS o \g /dev/null
SELECT is((SELECT jsonb_array_length(refusals) FROM analytics_ingest_kafka('g', 't', 0, 1, 100, 103, ARRAY['\x00ff'::bytea, NULL, tap.event('kafka')], '{100,101,102}', ARRAY['\x00ff'::bytea, NULL, NULL], ARRAY[now(), NULL, NULL], ARRAY['[{"name":"h","base64":"/w=="}]'::jsonb, NULL, NULL])), 2, 'and some from Kafka');
UPDATE analytics_events SET tenant_id = 'changed' WHERE occurred_at >= '2023-12-01 00:00:00+00' AND occurred_at < '2023-12-10 00:00:00+00';
CALL analytics_create_projection('of "n"', dimensions => '{"text": ["text"]}', measures => '{"n": ["n"]}', bucket => '1 month');
SELECT analytics_register_projection('half made', NULL, '{}', '{}', '1 day', 1000, 'public') \g /dev/null
SELECT is((SELECT count(*) FROM analytics_verify()), 0::bigint, 'their rollups say what the events say');
UPDATE analytics_dead_letters SET replayed_at = now() WHERE reason = 'invalid_json';
SELECT analytics_accept_gap('other', 't', 0, 100, 7, 'made anew') \g /dev/null

-- The whole of a database: tables with a digest of their rows, partitions with their bounds, indexes, triggers.
CREATE FUNCTION tap.contents() RETURNS SETOF text LANGUAGE plpgsql SET TimeZone = 'UTC' SET DateStyle = 'ISO' SET bytea_output = 'hex' SET extra_float_digits = 1 AS $$
DECLARE
    name text;
    digest text;
BEGIN
    FOR name IN SELECT oid::regclass FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace ORDER BY 1 LOOP
        EXECUTE format('SELECT count(*) || '' rows, '' || md5(string_agg(t::text, ''|'' ORDER BY t::text)) FROM %s AS t', name) INTO digest;
        RETURN NEXT name || ': ' || coalesce(digest, 'empty');
    END LOOP;
    RETURN QUERY SELECT format('%s %s', oid::regclass, pg_get_expr(relpartbound, oid)) FROM pg_class WHERE relispartition AND relkind = 'r';
    RETURN QUERY SELECT format('%s valid %s, of %s', pg_get_indexdef(indexrelid), indisvalid, (SELECT inhparent::regclass FROM pg_inherits WHERE inhrelid = indexrelid)) FROM pg_index JOIN pg_class AS c ON c.oid = indrelid WHERE relnamespace = 'public'::regnamespace;
    RETURN QUERY SELECT pg_get_triggerdef(oid) || tgenabled::text FROM pg_trigger WHERE NOT tgisinternal;
    RETURN QUERY SELECT format('extension member %s', pg_describe_object(classid, objid, objsubid)) FROM pg_depend WHERE deptype = 'e' AND refclassid = 'pg_extension'::regclass AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'analytics_events');
    RETURN QUERY SELECT 'next dead letter ' || last_value || is_called FROM analytics_dead_letters_id_seq;
END
$$;
CREATE TEMP TABLE original AS SELECT line FROM tap.contents() AS line;
SELECT ok(count(*) > 50, 'the original''s contents are told in many lines') FROM original;

\setenv SOURCE :DBNAME
\set copied `d=$(mktemp -d) && export LC_ALL=C && { createdb -T template0 -E UTF8 "$SOURCE.custom" && pg_dump -Fc "$SOURCE" >"$d/custom" && pg_restore --exit-on-error -d "$SOURCE.custom" "$d/custom" && echo done; } 2>&1; rm -rf "$d"`
SELECT is(:'copied'::text, 'done', 'custom format: dumped and restored without a word');
\set copied `d=$(mktemp -d) && export LC_ALL=C && { createdb -T template0 -E UTF8 "$SOURCE.plain" && pg_dump "$SOURCE" >"$d/plain" && psql -X -q -v ON_ERROR_STOP=1 -d "$SOURCE.plain" -f "$d/plain" >/dev/null && echo done; } 2>&1; rm -rf "$d"`
SELECT is(:'copied'::text, 'done', 'plain SQL: dumped and restored without a word');
\set copied `d=$(mktemp -d) && export LC_ALL=C && { createdb -T template0 -E UTF8 "$SOURCE.single" && pg_dump "$SOURCE" >"$d/plain" && psql -X -q -1 -v ON_ERROR_STOP=1 -d "$SOURCE.single" -f "$d/plain" >/dev/null && echo done; } 2>&1; rm -rf "$d"`
SELECT is(:'copied'::text, 'done', 'plain SQL in one transaction: dumped and restored without a word');
\set copied `d=$(mktemp -d) && export LC_ALL=C && { createdb -T template0 -E UTF8 "$SOURCE.apart" && pg_dump -Fc -f "$d/custom" "$SOURCE" && pg_restore --exit-on-error --section=pre-data -d "$SOURCE.apart" "$d/custom" && psql -X -q -v ON_ERROR_STOP=1 -d "$SOURCE.apart" -c "SELECT public.analytics_complete_key()" >/dev/null && for section in post-data data; do pg_restore --exit-on-error --section=$section -d "$SOURCE.apart" "$d/custom" || exit; done && echo done; } 2>&1; rm -rf "$d"`
SELECT is(:'copied'::text, 'done', 'the data last, when keys and triggers are all there: dumped and restored without a word');
\set copied `d=$(mktemp -d) && export LC_ALL=C && { createdb -T template0 -E UTF8 "$SOURCE.sections" && pg_dump -Fd -j 2 -f "$d/jobs" "$SOURCE" && for section in pre-data data post-data; do pg_restore -j 2 --exit-on-error --section=$section -d "$SOURCE.sections" "$d/jobs" || exit; done && echo done; } 2>&1; rm -rf "$d"`
SELECT is(:'copied'::text, 'done', 'directory format, two jobs, section by section: dumped and restored without a word');
\set copied `d=$(mktemp -d) && export LC_ALL=C && createdb -T template0 -E UTF8 "$SOURCE.jobs" && pg_dump -Fd -j 2 -f "$d/jobs" "$SOURCE" && pg_restore -j 2 -d "$SOURCE.jobs" "$d/jobs" 2>&1 | grep 'ERROR' | grep -v 'ERROR:  relation "public.analytics_events_pkey" does not exist$'; echo done; rm -rf "$d"`
SELECT is(:'copied'::text, 'done', 'directory format, two jobs in one run: no other word than of keys that came early');

-- Each copy, compared and put to use.
CREATE TEMP TABLE copies AS SELECT format, dblink_connect(format, format('host=%s port=%s dbname=%s user=%s options=''-c search_path=public,tap''', split_part(current_setting('unix_socket_directories'), ',', 1), current_setting('port'), current_database() || '.' || format, current_user)) FROM unnest('{custom,plain,single,apart,sections,jobs}'::text[]) AS format;
SELECT is(tap.answer_of('jobs', 'SELECT analytics_complete_key()'), '', 'analytics_complete_key does what is left to be done after the one run');
SELECT results_eq(format($$SELECT line FROM dblink(%L, 'SELECT line FROM tap.contents() AS line') AS _ (line text) EXCEPT ALL TABLE original$$, format), $$SELECT ''::text WHERE false$$, format || ': the copy has nothing that the original has not') FROM copies;
SELECT results_eq(format($$TABLE original EXCEPT ALL SELECT line FROM dblink(%L, 'SELECT line FROM tap.contents() AS line') AS _ (line text)$$, format), $$SELECT ''::text WHERE false$$, format || ': the original has nothing that the copy has not') FROM copies;
SELECT is(tap.answer_of(format, $$SELECT ARRAY[stored, duplicates] FROM analytics_ingest((SELECT array_agg(record) FROM tap.records))$$), '{0,406}', format || ': every event redelivered is a duplicate') FROM copies;
SELECT is(tap.answer_of(format, $$SELECT stored FROM analytics_ingest(ARRAY[tap.event('new', '2026-01-01T00:00:00Z'), tap.event('new'), '{'])$$), '2', format || ': new events are stored, in a partition to be made, too') FROM copies;
SELECT is(tap.answer_of(format, 'SELECT max(id) - count(*) FROM analytics_dead_letters'), (SELECT (max(id) - count(*))::text FROM analytics_dead_letters), format || ': the dead letters are numbered on') FROM copies;
SELECT is(tap.answer_of(format, $$SELECT t FROM analytics_take_partition('g', 't', 0, 'host:3', 0) AS t$$), '(2,103)', format || ': Kafka is read on, at a new epoch') FROM copies;
SELECT is(tap.answer_of(format, $$SELECT stored || ' ' || dead_lettered FROM analytics_ingest_kafka('g', 't', 0, 2, 103, 105, ARRAY['\xff', tap.event('kafka 2')], '{103,104}')$$), '1 1', format || ': and stored') FROM copies;
SELECT is(tap.answer_of(format, $$SELECT string_agg(coalesce(event_type, reason), ' ' ORDER BY n) FROM unnest(ARRAY['{"seven":7,"at":1}', '{"guideId":1,"challengeId":1,"occurredAt":1}', '{"studentId":1,"challengeId":1,"solutionId":1,"experiencePointsEarned":1,"occurredOn":1}', '{"execution_id":1,"status":1,"timestamp":1}']) WITH ORDINALITY AS _ (r, n), analytics_normalize(r)$$),
    'seventh guide.linked unknown_shape execution.analytics', format || ': shapes added, changed, disabled and shipped are in force') FROM copies;
SELECT is(tap.answer_of(format, $$SELECT ROW(sum(count) = (SELECT count(*) FROM analytics_events), sum(n_sum), count(DISTINCT bucket_start) > 10) FROM "of ""n"""$$), '(t,1.5,t)', format || ': a projection goes on') FROM copies;
SELECT is((SELECT f.state FROM tap.failure_of(format('SELECT * FROM dblink(%L, ''SELECT count(*) FROM "half made"'') AS _ (n bigint)', format)) AS f), '55000', format || ': one that was being built is not ready') FROM copies;
SELECT is(tap.there(format, 'CALL analytics_build_projection(''half made'')'), 'CALL', format || ': and can be built') FROM copies;
SELECT is(tap.answer_of(format, 'SELECT sum(count) = (SELECT count(*) FROM analytics_events) FROM "half made"'), 'true', format || ': and is right') FROM copies;
SELECT is(tap.answer_of(format, 'SELECT count(*) FROM analytics_verify()'), '0', format || ': the rollups say what the events say') FROM copies;
SELECT is(tap.answer_of(format, $$SELECT string_agg(name, ' ' ORDER BY name) FROM analytics_shapes WHERE shipped$$), 'community.profile-updated community.registration execution.analytics iam.registered', format || ': shipped are those that nobody changed') FROM copies;
SELECT dblink_disconnect(format) FROM copies \g /dev/null
\set dropped `{ for format in custom plain single apart sections jobs; do dropdb "$SOURCE.$format" || exit; done; echo done; } 2>&1`
SELECT is(:'dropped'::text, 'done', 'the copies are gone');

SELECT * FROM finish();
