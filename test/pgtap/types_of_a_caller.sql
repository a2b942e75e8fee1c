-- Types that a caller puts in the place of PostgreSQL's own: every function answers what it answers without them.
\ir include/start.psql
\ir include/elsewhere.psql
SELECT * FROM no_plan();
SET TimeZone = 'UTC';

-- Questions whose answers are the same each time. They name everything in full: what is tested is what the functions name.
CREATE TABLE public.question (name text PRIMARY KEY, query text NOT NULL);
INSERT INTO public.question VALUES
    ('normalize bytes', $$SELECT * FROM public.analytics_normalize(pg_catalog.convert_to('{"eventType":"e","source":"s","tenantId":"t","eventId":"k","occurredAt":"2025-01-02T03:04:05Z","payload":{"n":1}}', 'UTF8'))$$),
    ('normalize text', $$SELECT * FROM public.analytics_normalize('{"eventType":"e","source":"s","payload":{"n":1}}'::pg_catalog.text)$$),
    ('normalize a refused one', $$SELECT * FROM public.analytics_normalize('{"eventType":"e","payload":{"n":1}}'::pg_catalog.text)$$),
    ('sqlstate', $$SELECT public._analytics_sqlstate('invalid_json')$$),
    ('record a number''s text', $$SELECT item, id, event_type, source, occurred_at, tenant_id, payload, reason FROM public.analytics_record_each(ARRAY[
        pg_catalog.convert_to('{"eventType":"65536","source":"1073741820","tenantId":"65535","eventId":"1","occurredAt":"2025-01-02T03:04:05Z","payload":{"plan":"p","n":3}}', 'UTF8'),
        pg_catalog.convert_to('{"eventType":"1073741820","source":"s","eventId":"2","occurredAt":"2025-01-02T03:04:06Z","payload":{"plan":"p","n":5}}', 'UTF8'),
        pg_catalog.convert_to('{"eventType":"e","source":"s"}', 'UTF8'), NULL])$$),
    ('record an event', $$SELECT id, event_type, source, tenant_id, payload FROM public.analytics_record('{"eventType":"7","source":"s","tenantId":"8","eventId":"9","payload":{"plan":"p"}}'::pg_catalog.jsonb)$$),
    ('ingest', $$SELECT stored OPERATOR(pg_catalog.+) duplicates, dead_lettered, skipped FROM public.analytics_ingest(ARRAY[
        pg_catalog.convert_to('{"eventType":"1","source":"2","eventId":"3","payload":{}}', 'UTF8'), pg_catalog.convert_to('{', 'UTF8'), pg_catalog.convert_to('{}', 'UTF8')])$$),
    ('replay', $$SELECT stored, duplicates, still_refused OPERATOR(pg_catalog.>) 0 FROM public.analytics_replay_dead_letters(reason => 'invalid_json')$$),
    ('recent', $$SELECT id, event_type, source, occurred_at, tenant_id, payload FROM public.analytics_recent(10, '2025-02-01 00:00:00+00', 'ffffffff-ffff-ffff-ffff-ffffffffffff')$$),
    ('recent of a tenant', $$SELECT id, event_type, source, occurred_at, tenant_id, payload FROM public.analytics_recent(10, '2025-02-01 00:00:00+00', 'ffffffff-ffff-ffff-ffff-ffffffffffff', tenant_id => '65535')$$),
    ('summary', $$SELECT public.analytics_summary(60, '2025-01-02 03:30:00+00') - 'freshness'::pg_catalog.text$$),
    ('counts', $$SELECT * FROM public.analytics_counts('2025-01-02 03:04:05.5+00', '2025-01-03 00:00:00+00')$$),
    ('counts of a tenant', $$SELECT * FROM public.analytics_counts('2025-01-02 00:00:00+00', '2025-01-03 00:00:00+00', '65535')$$),
    ('histogram', $$SELECT * FROM public.analytics_histogram('2025-01-02 03:00:00+00', '2025-01-02 05:00:00+00', '1 hour', timezone => 'Asia/Kathmandu')$$),
    ('hopping', $$SELECT * FROM public.analytics_hopping('2025-01-02 03:00:00+00', '2025-01-02 05:00:00+00', '1 hour', '30 minutes')$$),
    ('freshness', $$SELECT last_event_at OPERATOR(pg_catalog.>) '2025-01-01 00:00:00+00', last_ingested_at IS NOT NULL FROM public._analytics_freshness()$$),
    ('freshness of a tenant', $$SELECT last_event_at, last_ingested_at IS NOT NULL FROM public._analytics_freshness('65535')$$),
    ('cells of bags', $$SELECT c.* FROM public.analytics_rollup_totals AS b, public.analytics_bag_cells(b.hour, b.cells) AS c WHERE b.hour OPERATOR(pg_catalog.<) '2025-02-01 00:00:00+00' ORDER BY c.minute, c.event_type$$),
    ('a bag', $$SELECT public.analytics_bag('2025-01-02 03:04:00+00', 'e', 3)$$),
    ('verify', $$SELECT * FROM public.analytics_verify()$$),
    ('rebuild', $$SELECT public.analytics_rebuild()$$),
    ('a projection', $$SELECT * FROM public.plans ORDER BY bucket_start, tenant_id, plan$$),
    ('what a projection lacks', $$SELECT l.* FROM public.analytics_projections AS p, public._analytics_projection_missing(p.id, '-infinity', 'infinity') AS l$$),
    ('columns of a projection', $$SELECT * FROM public._analytics_projection_columns('{"plan": ["plan"]}', '{"n": ["n"]}')$$),
    ('partitions', $$SELECT * FROM public.analytics_partitions()$$),
    ('a partition', $$SELECT * FROM public._analytics_partition_at('2025-01-02 00:00:00+00')$$),
    ('buckets', $$SELECT * FROM public._analytics_buckets('2025-01-02 00:00:00+00', '2025-01-02 03:00:00+00', '1 hour', 'Europe/Lisbon')$$),
    ('start of a bucket', $$SELECT public.analytics_bucket_start('2025-01-02 03:04:05+00', '1 day', 'Europe/Lisbon')$$),
    ('an ISO text', $$SELECT public._analytics_iso8601('2025-01-02 03:04:05.06+00')$$),
    ('version', $$SELECT public.analytics_version()$$);

-- Each question's answer as text, or what it was refused with.
CREATE FUNCTION public.answers() RETURNS TABLE (name text, answer text) LANGUAGE plpgsql AS $$
BEGIN
    FOR name, answer IN SELECT q.name, q.query FROM public.question AS q LOOP
        BEGIN
            EXECUTE pg_catalog.concat('SELECT pg_catalog.string_agg(a::pg_catalog.text, $1) FROM (', answer, ') AS a') INTO answer USING ' / '::pg_catalog.text;
        EXCEPTION WHEN OTHERS THEN
            answer := pg_catalog.concat(SQLSTATE, ' ', SQLERRM);
        END;
        RETURN NEXT;
    END LOOP;
END
$$;

SELECT analytics_create_partition('2025-01-02 00:00:00+00') IS NOT NULL \g /dev/null
CALL analytics_create_projection('plans', dimensions => '{"plan": ["plan"]}', measures => '{"n": ["n"]}', bucket => '1 day');
SELECT count(*) FROM analytics_record_each(ARRAY[tap.event('0', '2025-01-02T03:04:04Z', 'e', '65535', '{"plan":"p","n":1}'), tap.event('00', '2025-01-02T03:04:04Z', 'e', NULL, '{"plan":"p","n":9}')]) \g /dev/null
SELECT count(*) FROM public.answers() \g /dev/null
DELETE FROM analytics_events WHERE payload @> '{"n": 1}'; -- the least: the events are to be asked for it
CREATE TEMPORARY TABLE expected AS SELECT * FROM public.answers();
SELECT is(count(*), 0::bigint, 'every question is answered: ' || coalesce(string_agg(name || ': ' || answer, '; '), '')) FROM expected WHERE answer ~ '^[0-9A-Z]{5} ';

-- What a name stands for in a session, which is new each time, for plans are kept.
CREATE TABLE public.replaced AS SELECT split_part(pair, ':', 1) AS name, split_part(pair, ':', 2) AS type FROM regexp_split_to_table(
    'text:int4 text:int8 text:"char" text:float8 text:bool text:jsonb int8:text int8:int2 int4:text jsonb:int4 jsonb:text timestamptz:text '
    'timestamptz:date uuid:int4 uuid:text bytea:int8 bytea:text varchar:int4 "char":text interval:int4 numeric:bool bool:numeric regclass:text '
    'json:int4 name:int4 oid:text', ' ') AS pair;
CREATE TABLE public.told (name text, answer text);
CREATE FUNCTION tap.answers_with(name text, type text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tap.open_session('hostile');
    PERFORM tap.there('hostile', format('CREATE DOMAIN pg_temp.%s AS pg_catalog.%s', name, type));
    PERFORM tap.there('hostile', 'SET TimeZone = ''UTC''; SET search_path = pg_temp, pg_catalog, public');
    DELETE FROM public.told;
    FOR i IN 1 .. 2 LOOP
        PERFORM tap.there('hostile', 'INSERT INTO public.told SELECT * FROM public.answers()');
        RETURN NEXT is(
            (SELECT string_agg(format('%s: %s instead of %s', t.name, t.answer, e.answer), '; ') FROM public.told AS t JOIN expected AS e USING (name)
             WHERE t.answer IS DISTINCT FROM e.answer), NULL, format('%s is a domain over %s: every answer is the same%s', name, type, (ARRAY['', ' again'])[i]));
        RETURN NEXT is((SELECT count(*) FROM public.told), i * (SELECT count(*) FROM expected), 'each was given');
    END LOOP;
    PERFORM dblink_disconnect('hostile');
END
$$;
SELECT tap.answers_with(name, type) FROM public.replaced;

SELECT finish();
