-- analytics_rekey: after it a redelivered record is a duplicate, what is the same is there once, and all counts are right.
\ir include/start.psql
SELECT * FROM no_plan();

DELETE FROM analytics_shapes;
INSERT INTO analytics_shapes (name, event_type, source, required_members, time_member, iso_member) VALUES ('paid', 'invoice.paid', 'pay', '{invoice,at}', 'at', 'at_iso'), ('seen', 'page.seen', 'web', '{page,visit}', NULL, NULL);
CALL analytics_create_projection('amounts', dimensions => '{"invoice": ["invoice"]}', measures => '{"amount": ["amount"]}', bucket => '1 day');

CREATE TABLE tap.records AS
SELECT n, convert_to(v.value, 'UTF8') AS value FROM generate_series(1, 300) AS n, LATERAL (SELECT CASE n % 3
    WHEN 0 THEN format('{"invoice":"i%s","at":"2025-0%s-03T00:00:00Z","amount":%s,"tenantId":"t%s"}', n % 40, 1 + n % 40 % 6, n % 40, n % 40 % 3)
    WHEN 1 THEN format('{"page":"p%s","visit":%s}', n % 20, n % 5) ELSE format('{"eventType":"invoice.paid","source":"pay","payload":{"n":%s}}', n) END) AS v (value);
CREATE PROCEDURE tap.ingest() LANGUAGE plpgsql AS $$ BEGIN FOR i IN 0 .. 9 LOOP PERFORM analytics_ingest((SELECT array_agg(value ORDER BY n) FROM tap.records WHERE n % 10 = i)); COMMIT; END LOOP; END $$;
CALL tap.ingest();
SELECT is(count(*), 300::bigint, 'without a key all are stored') FROM analytics_events;

UPDATE analytics_shapes SET key_members = CASE name WHEN 'paid' THEN '{invoice}' ELSE '{page,visit}' END::text[];
CREATE VIEW tap.distinct_records AS SELECT DISTINCT convert_from(value, 'UTF8')::jsonb - '{amount,eventType,source}'::text[] AS record FROM tap.records;
SELECT count(*) FILTER (WHERE record ? 'invoice') AS invoices, count(*) FILTER (WHERE record ? 'page') AS pages FROM tap.distinct_records \gset

-- A dry run says what will be, and changes nothing.
CREATE TABLE tap.before AS SELECT * FROM analytics_events;
SELECT results_eq($$SELECT * FROM analytics_rekey('paid')$$, format('VALUES (%s::bigint, %s::bigint, 0::bigint)', :invoices, 100 - :invoices), 'a dry run');
SELECT set_eq('TABLE analytics_events', 'TABLE tap.before', 'changes nothing');
SELECT results_eq($$SELECT rekeyed + merged + unchanged, rekeyed > 0 FROM analytics_rekey('paid', window_start => '2025-01-01', window_end => '2025-02-01')$$, $$SELECT count(*), true FROM tap.before WHERE event_type = 'invoice.paid' AND payload ? 'invoice' AND occurred_at < '2025-02-01'$$, 'of a window');

SELECT results_eq($$SELECT * FROM analytics_rekey('paid', false)$$, format('VALUES (%s::bigint, %s::bigint, 0::bigint)', :invoices, 100 - :invoices), 'the same is done');
SELECT results_eq($$SELECT * FROM analytics_rekey('seen', false)$$, format('VALUES (%s::bigint, %s::bigint, 0::bigint)', :pages, 100 - :pages), 'also for events without a time of their own');
SELECT is(count(*), 100::bigint + :invoices + :pages, 'each event once') FROM analytics_events;
SELECT is_empty('SELECT * FROM analytics_verify()', 'the counts are right');
SELECT is(sum(count), :invoices::numeric, 'and the projection''s') FROM amounts WHERE invoice IS NOT NULL;
SELECT is_empty($$SELECT e.payload FROM analytics_events AS e WHERE NOT EXISTS (SELECT FROM tap.before AS b WHERE b.payload = e.payload AND b.ingested_at = e.ingested_at)$$, 'what is kept is as it was stored');
SELECT is_empty($$SELECT FROM analytics_events AS e JOIN tap.before AS b USING (payload) WHERE b.ingested_at < e.ingested_at AND e.payload ?| '{invoice,page}'$$, 'and the first of its kind');

-- Redelivered, they are duplicates; a second run finds nothing to do.
CREATE TABLE tap.after AS SELECT * FROM analytics_events WHERE payload ?| '{invoice,page}';
SELECT results_eq($$SELECT stored, duplicates FROM analytics_ingest((SELECT array_agg(value) FROM tap.records WHERE n % 3 < 2))$$, 'VALUES (0::bigint, 200::bigint)', 'redelivered records are duplicates');
SELECT results_eq($$SELECT rekeyed, merged, unchanged FROM analytics_rekey('paid', false) UNION ALL SELECT rekeyed, merged, unchanged FROM analytics_rekey('seen', false)$$, format('VALUES (0::bigint, 0::bigint, %s::bigint), (0, 0, %s)', :invoices, :pages), 'a second run');
SELECT set_eq($$SELECT * FROM analytics_events WHERE payload ?| '{invoice,page}'$$, 'TABLE tap.after', 'changes nothing');

-- A time that is taught later, into months without a partition; what was stored by the new rule already is kept.
INSERT INTO analytics_shapes (name, event_type, source, required_members) VALUES ('moved', 'moved', 'm', '{id,day}');
SELECT stored FROM analytics_ingest((SELECT array_agg(convert_to(format('{"id":%s,"day":"2019-0%s-02T00:00:00Z"}', n, 1 + n % 4), 'UTF8')) FROM generate_series(1, 40) AS n)) \g /dev/null
UPDATE analytics_shapes SET time_member = 'day', key_members = '{id}' WHERE name = 'moved';
SELECT stored FROM analytics_ingest((SELECT array_agg(convert_to(format('{"id":%s,"day":"2019-0%s-02T00:00:00Z"}', n, 1 + n % 4), 'UTF8')) FROM generate_series(1, 10) AS n)) \g /dev/null
SELECT results_eq($$SELECT * FROM analytics_rekey('moved', false)$$, 'VALUES (30::bigint, 10::bigint, 10::bigint)', 'a time, and some that were there');
SELECT results_eq($$SELECT count(*), count(DISTINCT id), min(occurred_at), max(occurred_at) FROM analytics_events WHERE event_type = 'moved'$$, $$VALUES (40::bigint, 40::bigint, '2019-01-02 00:00:00+00'::timestamptz, '2019-04-02 00:00:00+00'::timestamptz)$$, 'each at its time');
SELECT is_empty('SELECT * FROM analytics_verify()', 'and the counts are right');

SELECT tap.fails($$SELECT analytics_rekey('nosuch')$$, '42704', 'an unknown shape');
UPDATE analytics_shapes SET enabled = false WHERE name = 'moved';
SELECT tap.fails($$SELECT analytics_rekey('moved')$$, '42704', 'one that is not enabled');
SELECT is(current_setting('analytics.accept_time'), 'off', 'no setting is left');

SELECT * FROM finish();
