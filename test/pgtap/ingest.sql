-- analytics_ingest: what becomes of a batch. Counts, duplicates, dead letters, settings, transactions.
\ir include/start.psql
\ir include/elsewhere.psql
SELECT * FROM no_plan();

-- The four counts of a batch, as an array: {stored, duplicates, dead_lettered, skipped}.
CREATE FUNCTION tap.ingested(VARIADIC records bytea[]) RETURNS bigint[] LANGUAGE sql AS $$
    SELECT ARRAY[stored, duplicates, dead_lettered, skipped] FROM analytics_ingest($1);
$$;

-- What a batch counts: {stored, duplicates, dead_lettered, skipped}.
BEGIN;
SELECT is(tap.ingested(tap.event('a', '2025-01-01T00:00:00Z')), '{1,0,0,0}', 'an event is stored');
SELECT is(tap.ingested(tap.event('a', '2025-01-01T00:00:00Z')), '{0,1,0,0}', 'again in a second batch: a duplicate');
SELECT is(tap.ingested(tap.event('b', '2025-01-01T00:00:00Z'), tap.event('b', '2025-01-01T00:00:00Z'), tap.event('b', '2025-01-01T00:00:00Z')), '{1,2,0,0}', 'three times in one batch: one and two duplicates');
SELECT is(tap.ingested(tap.event('a', '2025-01-01T00:00:00.000001Z')), '{1,0,0,0}', 'the same key at another time is another event');
SELECT is(tap.ingested(tap.event('a', '2025-01-01T00:00:00Z', tenant => 'x')), '{1,0,0,0}', 'the same key of a tenant is another event');
SELECT is(tap.ingested(tap.event('a', '2025-01-01T00:00:00Z', event_type => 'u')), '{1,0,0,0}', 'the same key of another type is another event');
SELECT is(tap.ingested(tap.event('a', '2025-01-01T01:00:00+01:00')), '{0,1,0,0}', 'the same instant written otherwise is the same event');
SELECT is(tap.ingested(tap.event('a', '2025-01-01T00:00:00Z', payload => '{"other":1}')), '{0,1,0,0}', 'the payload does not count');
SELECT is(tap.ingested(tap.event('p', '2025-01-02T00:00:00Z', payload => '{"n":1}'), tap.event('p', '2025-01-02T00:00:00Z', payload => '{"n":2}')), '{1,1,0,0}', 'nor within a batch');
SELECT is(array_agg(payload), ARRAY['{"n":1}'::jsonb], 'the first one of the batch stays') FROM analytics_events WHERE occurred_at = '2025-01-02 00:00:00+00';
SELECT is(tap.ingested(tap.event(NULL, '2025-01-01T00:00:00Z'), tap.event(NULL, '2025-01-01T00:00:00Z')), '{2,0,0,0}', 'events without a key are never duplicates');
SELECT is(tap.ingested('{', '[]', '\xff', ''), '{0,0,4,0}', 'refused records are dead letters');
SELECT is(tap.ingested('{}', NULL, '{"a":1}'), '{0,0,0,3}', 'unknown shapes and tombstones are skipped');
SELECT is(tap.ingested(tap.event('m', '2025-01-01T00:00:00Z'), '{', tap.event('m', '2025-01-01T00:00:00Z'), NULL, '{}', tap.event(NULL)), '{2,1,1,2}', 'bad records do not cost good ones');
SELECT is((SELECT ARRAY[stored, duplicates, dead_lettered, skipped] FROM analytics_ingest('{}')), '{0,0,0,0}', 'an empty batch');
SELECT is((SELECT ARRAY[stored, duplicates, dead_lettered, skipped] FROM analytics_ingest('{NULL,NULL}')), '{0,0,0,2}', 'a batch of nulls');
SELECT ok(i IS NULL, 'a null in place of the batch: a null answer') FROM analytics_ingest(NULL) AS i;
SELECT is((SELECT ARRAY[stored, duplicates, dead_lettered, skipped] FROM analytics_ingest('[5:6]={NULL,NULL}')), '{0,0,0,2}', 'an array whose subscripts do not begin at 1');
SELECT tap.fails($$SELECT * FROM analytics_ingest('{{a,b},{c,d}}')$$, '2202E', 'an array of two dimensions is refused');
ROLLBACK;

-- Rows as the record says.
BEGIN;
SELECT is(tap.ingested(tap.rec('{"eventType":"é","source":"s","tenantId":"x","occurredAt":"2025-01-01T00:00:00.5Z","payload":{"n":1.50,"t":"\u00e9"}}')), '{1,0,0,0}', 'an event with all its parts');
SELECT is(ROW(event_type::text, source::text, occurred_at, ingested_at, tenant_id::text, payload::text), ROW('é'::text, 's'::text, '2025-01-01 00:00:00.5+00'::timestamptz, now(), 'x'::text, '{"n": 1.50, "t": "é"}'::text), 'its row') FROM analytics_events;
DELETE FROM analytics_events;
SELECT is(tap.ingested('{"eventType":"t","source":"s","payload":{}}'), '{1,0,0,0}', 'an event without time');
SELECT is(ROW(occurred_at, ingested_at, tenant_id::text), ROW(now(), now(), NULL::text), 'its time is that of ingestion, the start of the transaction') FROM analytics_events;
ROLLBACK;

-- Dead letters keep the bytes.
BEGIN;
SELECT is(tap.ingested('\x7bff00', '{}', NULL, '{'), '{0,0,2,2}', 'two refused, two skipped');
SELECT results_eq('SELECT reason, value, topic, partition, "offset", key, recorded_at, headers, received_at, replayed_at FROM analytics_dead_letters ORDER BY id',
$$VALUES ('invalid_utf8', '\x7bff00'::bytea, NULL::text, NULL::int, NULL::bigint, NULL::bytea, NULL::timestamptz, NULL::jsonb, now(), NULL::timestamptz), ('unknown_shape', '{}', NULL, NULL, NULL, NULL, NULL, NULL, now(), NULL), ('invalid_json', '{', NULL, NULL, NULL, NULL, NULL, NULL, now(), NULL)$$, 'in their order, byte for byte; a tombstone is not kept');
SELECT is(tap.ingested('{', '{'), '{0,0,2,0}', 'the same bad record twice makes two dead letters, for nothing says that they are one');
SELECT is(count(*), 3::bigint, 'both are kept') FROM analytics_dead_letters WHERE reason = 'invalid_json';
ROLLBACK;

-- Settings.
BEGIN;
SET LOCAL analytics.keep_skipped = off;
SELECT is(tap.ingested('{}', '{'), '{0,0,1,1}', 'keep_skipped = off: a skipped record is counted');
SELECT is(array_agg(reason), '{invalid_json}', 'but not kept') FROM analytics_dead_letters;
ROLLBACK;
BEGIN;
SET LOCAL analytics.deduplicate = off;
SELECT is(tap.ingested(tap.event('a', '2025-01-01T00:00:00Z'), tap.event('a', '2025-01-01T00:00:00Z'), tap.event('u'), tap.event('u')), '{4,0,0,0}', 'deduplicate = off stores everything');
SELECT is(tap.ingested(tap.event('a', '2025-01-01T00:00:00Z')), '{1,0,0,0}', 'also a redelivered one');
SELECT is(count(*), 0::bigint, 'and remembers no key') FROM analytics_untimed_keys;
ROLLBACK;

-- A key without a time: the key alone tells duplicates, in later transactions as well. Committed, so that time goes on.
SELECT is(tap.ingested(tap.event('u', tenant => 'first'), tap.event('u', tenant => 'first')), '{1,1,0,0}', 'untimed: twice in a batch');
SELECT id AS first_id, occurred_at AS first_time FROM analytics_events WHERE tenant_id = 'first' \gset
SELECT ok(now() > :'first_time', 'time goes on');
SELECT is(tap.ingested(tap.event('u', tenant => 'first')), '{0,1,0,0}', 'untimed: again in a later transaction');
SELECT is(tap.ingested(tap.event('u', tenant => 'second')), '{1,0,0,0}', 'untimed: another tenant''s');
SELECT is(tap.ingested(tap.event('v', tenant => 'first'), tap.event('u', tenant => 'first'), tap.event('w', tenant => 'first')), '{2,1,0,0}', 'untimed: new ones beside an old one');
DELETE FROM analytics_events WHERE id = :'first_id';
SELECT is(tap.ingested(tap.event('u', tenant => 'first')), '{1,0,0,0}', 'untimed: deleted by hand, it is stored again when redelivered');
SELECT is(occurred_at, :'first_time'::timestamptz, 'at its first time') FROM analytics_events WHERE id = :'first_id';
SELECT is(tap.ingested(tap.event('u', _analytics_iso8601(:'first_time'), tenant => 'first')), '{0,1,0,0}', 'the same key with that very time is the same event');
SELECT is(tap.ingested(tap.event('u', '2025-01-01T00:00:00Z', tenant => 'first')), '{1,0,0,0}', 'the same key with another time is another event');
SELECT is(tap.ingested(tap.event('u', tenant => 'first')), '{0,1,0,0}', 'which does not change the time of the key');
SELECT is(count(*), 4::bigint, 'one memory a key') FROM analytics_untimed_keys;
DELETE FROM analytics_untimed_keys WHERE id = :'first_id';
SELECT is(tap.ingested(tap.event('u', tenant => 'first')), '{1,0,0,0}', 'a key that was forgotten by hand is new');
TRUNCATE analytics_events, analytics_untimed_keys;

-- Two sessions with one new key: the second waits for the first, then tells a duplicate (or stores, when the first gives up).
SELECT tap.open_session('other') \g /dev/null
CREATE FUNCTION tap.ingest_there(records bytea[]) RETURNS text LANGUAGE sql AS $$
    SELECT dblink_send_query('other', format('SELECT stored || '' '' || duplicates FROM analytics_ingest(%L::bytea[])', records));
$$;
BEGIN;
SELECT is(tap.ingested(tap.event('race')), '{1,0,0,0}', 'race: the first stores');
SELECT tap.ingest_there(ARRAY[tap.event('race')]) \g /dev/null
SELECT ok(tap.other_waits(), 'race: the second waits');
COMMIT;
SELECT is(answer, '0 1', 'race: after the commit it is a duplicate') FROM dblink_get_result('other') AS _ (answer text);
SELECT count(*) FROM dblink_get_result('other') AS _ (answer text) \g /dev/null
BEGIN;
SELECT is(tap.ingested(tap.event('race 2')), '{1,0,0,0}', 'race: the first stores once more');
SELECT tap.ingest_there(ARRAY[tap.event('race 2')]) \g /dev/null
SELECT ok(tap.other_waits(), 'race: the second waits once more');
ROLLBACK;
SELECT is(answer, '1 0', 'race: after a rollback it is stored') FROM dblink_get_result('other') AS _ (answer text);
SELECT count(*) FROM dblink_get_result('other') AS _ (answer text) \g /dev/null
TRUNCATE analytics_events, analytics_untimed_keys;

-- Two sessions with the same thousands of keys, each in an order of its own: nobody is deadlocked, each key is stored once.
SELECT tap.open_session('third') \g /dev/null
CREATE FUNCTION tap.shuffled(seed text) RETURNS bytea[] LANGUAGE sql AS $$
    SELECT array_agg(record ORDER BY md5(seed || i::text)) FROM generate_series(1, 5000) AS i, LATERAL (SELECT tap.event('both ' || i, CASE WHEN i % 4 <> 0 THEN _analytics_iso8601('2025-01-01 00:00:00+00'::timestamptz + i % 700 * interval '5 hours') END)) AS _ (record);
$$;
SELECT dblink_send_query(session, format('SELECT stored, duplicates FROM analytics_ingest(tap.shuffled(%L))', session)) FROM unnest('{other,third}'::text[]) AS session \g /dev/null
SELECT is(sum(stored), 5000::numeric, 'two at a time: each key is stored once') FROM unnest('{other,third}'::text[]) AS session, dblink_get_result(session) AS r (stored bigint, duplicates bigint);
SELECT dblink_disconnect('third') \g /dev/null
SELECT count(*) FROM dblink_get_result('other') AS _ (stored bigint, duplicates bigint) \g /dev/null
SELECT is(count(*), 5000::bigint, 'and is there') FROM analytics_events;
SELECT is(count(*), 1250::bigint, 'those without a time are remembered') FROM analytics_untimed_keys;
TRUNCATE analytics_events, analytics_untimed_keys;

-- Transactions.
BEGIN;
SELECT is(tap.ingested(tap.event('a', '2001-01-01T00:00:00Z'), tap.event('u'), '{'), '{2,0,1,0}', 'a batch in a transaction that will be rolled back');
ROLLBACK;
SELECT is((SELECT count(*) FROM analytics_events), 0::bigint, 'rolled back: no event');
SELECT is((SELECT count(*) FROM analytics_dead_letters), 0::bigint, 'rolled back: no dead letter');
SELECT is((SELECT count(*) FROM analytics_untimed_keys), 0::bigint, 'rolled back: no key');
SELECT is((_analytics_partition_at('2001-01-01 00:00:00+00')).partition, NULL, 'rolled back: no partition');
BEGIN;
SAVEPOINT one;
SELECT is(tap.ingested(tap.event('a', '2001-01-01T00:00:00Z')), '{1,0,0,0}', 'in a savepoint');
ROLLBACK TO one;
SELECT is(tap.ingested(tap.event('a', '2001-01-01T00:00:00Z')), '{1,0,0,0}', 'rolled back to the savepoint, it is new again');
SAVEPOINT two;
SELECT is(tap.ingested(tap.event('a', '2001-01-01T00:00:00Z')), '{0,1,0,0}', 'and a duplicate in the next');
ROLLBACK;
BEGIN READ ONLY;
SELECT tap.fails($$SELECT analytics_ingest(ARRAY[tap.event('a')])$$, '25006', 'a read-only transaction refuses');
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT is(tap.ingested(tap.event('a', '2025-01-01T00:00:00Z'), tap.event('a', '2025-01-01T00:00:00Z')), '{1,1,0,0}', 'in a SERIALIZABLE transaction');
ROLLBACK;
BEGIN;
SELECT is(sum(stored)::int, 30, 'called once a row of a query') FROM generate_series(1, 10) AS i, analytics_ingest(ARRAY[tap.event(NULL), tap.event('k' || i), tap.event('k' || i, '2025-01-01T00:00:00Z')]);
ROLLBACK;

-- Size and order.
BEGIN;
SELECT is((SELECT ARRAY[stored, duplicates, dead_lettered, skipped] FROM analytics_ingest((SELECT array_agg(CASE i % 10 WHEN 7 THEN '{'::bytea WHEN 8 THEN '{}' WHEN 9 THEN NULL ELSE tap.event((i % 15000)::text, _analytics_iso8601('2025-01-01 00:00:00+00'::timestamptz + (i % 15000) * interval '17 minutes')) END ORDER BY md5(i::text)) FROM generate_series(1, 20000) AS i))),
    '{10500,3500,2000,4000}', 'twenty thousand records in one batch');
SELECT is(count(*), 10500::bigint, 'every one of them is there') FROM analytics_events;
SELECT is(count(DISTINCT tableoid), 6::bigint, 'in the months that they belong to') FROM analytics_events;
SELECT ok(bool_and(in_order), 'stored in the order of the primary key') FROM (SELECT (occurred_at, id) >= lag((occurred_at, id)) OVER (PARTITION BY tableoid ORDER BY ctid) AS in_order FROM analytics_events) AS rows WHERE in_order IS NOT NULL;
ROLLBACK;
-- A batch among keys that are there already, one in so many, over a month's end or all at one instant.
CREATE FUNCTION tap.among(every int, step interval) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
    records CONSTANT bytea[] := (
        SELECT array_agg(tap.event(concat_ws(' ', every, step, i), _analytics_iso8601('2025-01-31 12:00:00+00'::timestamptz + i * step)) ORDER BY i)
        FROM generate_series(1, 3000) AS i);
BEGIN
    PERFORM analytics_ingest((SELECT array_agg(records[i]) FROM generate_series(every, 3000, every) AS i));
    RETURN tap.ingested(VARIADIC records);
END
$$;
BEGIN;
SELECT is(tap.among(every, step), ARRAY[3000 - 3000 / every, 3000 / every, 0, 0]::bigint[], 'among one in ' || every || ', ' || step || ' apart')
FROM unnest('{1,2,63,64,65,400,2999}'::int[]) AS every, unnest('{0,1 s,1 min}'::interval[]) AS step;
ROLLBACK;

BEGIN;
SELECT is(tap.ingested(tap.event('big', '2025-01-01T00:00:00Z', payload => jsonb_build_object('text', repeat('x', 1000000)))), '{1,0,0,0}', 'a record of a megabyte');
SELECT is(length(payload ->> 'text'), 1000000, 'is there with all its text') FROM analytics_events;
ROLLBACK;
CREATE TABLE tap.toasted AS SELECT tap.event(i::text, '2025-01-01T00:00:00Z', payload => jsonb_build_object('text', repeat(md5(i::text), 500))) AS record FROM generate_series(1, 20) AS i;
SELECT is((SELECT stored FROM analytics_ingest((SELECT array_agg(record) FROM tap.toasted))), 20::bigint, 'records from a table, compressed and out of line');

SELECT * FROM finish();
