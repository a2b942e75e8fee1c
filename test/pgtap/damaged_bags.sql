-- Packed bytes that nobody of ours has written: an error, SQLSTATE XX001, and never a text that a database can't hold.
\ir include/start.psql
SELECT * FROM no_plan();
SET TimeZone = 'UTC'; SET DateStyle = 'ISO';

-- What a call answers, or its SQLSTATE.
CREATE FUNCTION tap.answer(query text, bytes bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    EXECUTE format('SELECT string_agg(a::text, '' '') FROM (%s) AS a', query) INTO answer USING bytes;
    RETURN coalesce(answer, 'nothing');
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END
$$;
CREATE FUNCTION tap.cells(bytes bytea) RETURNS text LANGUAGE sql AS $$
    SELECT tap.answer('SELECT * FROM analytics_bag_cells(''2025-01-02 03:00:00+00'', $1)', bytes);
$$;

-- Bags of counts.
SELECT is(tap.cells('\x01016102020102'), '("2025-01-02 03:01:00+00",a,1)', 'a bag');
SELECT is(tap.cells(bytes::bytea), 'XX001', 'no bag: ' || what) FROM (VALUES
    ('', 'nothing'), ('\x02', 'another version'), ('\x0101ff02020102', 'a type that is not UTF-8'), ('\x0103eda08002020102', 'a surrogate'),
    ('\x010100' || '02020102', 'a zero byte'), ('\x0102c3' || '28' || '02020102', 'half a character'), ('\x010161020202' || '3c02', 'minute 60'),
    ('\x01016104020102', 'a total that is not the minutes'''), ('\x0101610204010201' || '02', 'a total that is one minute''s'), ('\x01016202020102016102020102', 'types out of order'),
    ('\x018100' || '6102020102', 'a number in a longer form'), ('\x01ffffffffffffffffff01', 'a length beyond the end'),
    ('\x010161000e00feffffffffffffffff0101feffffffffffffffff01', 'counts beyond 64 bits')) AS _ (bytes, what);
SELECT is(tap.answer('SELECT * FROM analytics_bag_cells(''294276-12-31 23:59:59.999999+00'', $1)', ('\x0101610202' || '3b02')::bytea), '22008', 'an hour at the end of time');
SELECT is(tap.answer('SELECT * FROM analytics_bag_cells(''infinity'', $1)', '\x01016102020102'), '22008', 'an infinite hour');
SELECT is(tap.answer('SELECT analytics_bag(''-infinity'', ''a'', 1)', NULL), '22023', 'a bag of an infinite minute');

-- Seconds: of a bag with an event of type a in minute 1.
CREATE FUNCTION tap.seconds(bytes bytea) RETURNS text LANGUAGE sql AS $$
    SELECT tap.answer('SELECT * FROM _analytics_bag_seconds(''2025-01-02 03:00:00+00'', ''\x01016102020102'', $1)', bytes);
$$;
SELECT is(tap.seconds('\x010300010400010506'), '("2025-01-02 03:01:05+00",a,1)', 'the seconds of a bag');
SELECT is(tap.seconds(NULL), 'nothing', 'of a bag that has none');
SELECT is(tap.seconds(bytes::bytea), 'XX001', 'no seconds: ' || what) FROM (VALUES
    ('', 'nothing'), ('\x02', 'another version'), ('\x01', 'no head'), ('\x01ffffffffffffffffff01', 'a head beyond the end'), ('\x0103000104000105', 'cut off'),
    ('\x01030001040001050600', 'bytes after the end'), ('\x010300010401010506', 'an unknown type'), ('\x0103003c0400010506', 'minute 60'), ('\x01030001040001053d', 'second 60'),
    ('\x0105010' || '1ff010400010506', 'a type that is not UTF-8'), ('\x0103000103000100', 'a count of zero')) AS _ (bytes, what);
SELECT is(tap.answer('SELECT minute, count, weight <> 0 FROM _analytics_bag_minutes(''2025-01-02 03:00:00+00'', ''\x01'', $1)', ('\x010501016101' || '0400010506')::bytea), '("2025-01-02 03:01:00+00",0,t)', 'a minute may have seconds alone');

-- Bags of cells.
CALL analytics_create_projection('p', dimensions => '{"name": ["name"], "n": {"path": ["n"], "type": "bigint"}, "ok": {"path": ["ok"], "type": "boolean"}}', measures => '{"m": ["m"]}', bucket => '1 day');
CREATE FUNCTION tap.rows_of(bytes bytea, bucket_start text DEFAULT '2025-01-02') RETURNS text LANGUAGE sql AS $$
    SELECT tap.answer(format('SELECT * FROM _analytics_projection_rows(1, %L, NULL, ARRAY[$1]) AS r (name text, n bigint, ok boolean, other boolean, count bigint, mismatched bigint,
        m_count bigint, m_sum numeric, m_avg numeric, m_min numeric, m_max numeric)', bucket_start), bytes);
$$;
-- One cell: its key as hexadecimal digits, and what it comes to.
CREATE FUNCTION tap.bag(key text, cell text DEFAULT '0200000000', rest text DEFAULT '00') RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT decode('010101' || lpad(to_hex(length(key) / 2), 2, '0') || key || cell || rest, 'hex');
$$;
SELECT is(tap.rows_of(tap.bag('03026869' || '04010006' || '02')), '(hi,3,t,f,1,0,0,,,,)', 'a bag of cells');
SELECT is(tap.rows_of(bytes), 'XX001', 'no bag of cells: ' || what) FROM (VALUES
    (''::bytea, 'nothing'), ('\x0201', 'another version'), ('\x0102', 'of another projection'), ('\x01010100', 'a cut one'),
    (tap.bag('0302ff69' || '00' || '00'), 'a text that is not UTF-8'), (tap.bag('03026900' || '00' || '00'), 'a text with a zero byte'), (tap.bag('0303eda080' || '00' || '00'), 'a surrogate'),
    (tap.bag('0000'), 'a value too few'), (tap.bag('00000000'), 'a value too many'), (tap.bag('020000'), 'a boolean for a text'), (tap.bag('00030161' || '00'), 'a text for a number'),
    (tap.bag('00' || '04010102' || '00'), 'a bigint that is none: 10000.5'), (tap.bag('00' || '0401ff' || '0302' || '00'), 'a number in pieces'),
    (tap.bag('00' || '04010e02' || '00'), 'a bigint that is too large'), (tap.bag('050000'), 'an unknown value'), (tap.bag('000000', '0200040000'), 'unknown extremes'),
    (tap.bag('000000', '0200010201000201000401' || '0002'), 'a least beyond the greatest'), (tap.bag('000000', '0200000000', '02'), 'an unknown mark'), (tap.bag('000000', '0200000000', '0000'), 'bytes after its end'),
    (tap.bag('000000', '020000010180cfcf0102'), 'a number out of any range'),
    (decode('010102' || '03000000' || '0200000000' || '03000000' || '0200000000' || '00', 'hex'), 'a key twice')) AS _ (bytes, what);
SELECT is((SELECT tap.answer('SELECT count FROM _analytics_projection_rows(1, ''2025-01-02'', NULL, ARRAY[$1, $1]) AS r (name text, n bigint, ok boolean, other boolean, count bigint, mismatched bigint,
    m_count bigint, m_sum numeric, m_avg numeric, m_min numeric, m_max numeric)', tap.bag('000000', 'feffffffffffffffff01' || '00000000'))), 'XX001', 'counts beyond 64 bits');
SELECT is(tap.rows_of(tap.bag('000000', '0200' || '02' || '02' || '00' || '00' || '00'), bucket_start), '(,,,f,1,0,1,0,0.00000000000000000000,,)', 'events are asked in a bucket at ' || bucket_start)
FROM unnest('{infinity,-infinity,4713-01-01 BC,0001-01-01,9999-12-31 23:59:59,294276-12-31}'::text[]) AS bucket_start;

-- Bags that an operator has edited by hand: whoever folds or reads them says so, and nothing else is lost.
SELECT analytics_create_partition('2025-01-02 00:00:00+00') IS NOT NULL \g /dev/null
CREATE FUNCTION tap.write(count int) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. count LOOP
        PERFORM analytics_ingest(ARRAY[tap.event(NULL, '2025-01-02T03:04:05Z', 'e', 't', '{"name":"x"}')]);
    END LOOP;
    RETURN 'written';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END
$$;
SELECT is(tap.write(400), 'written', 'bags are folded');
BEGIN;
UPDATE analytics_rollup_totals SET cells = '\x0101ff02020102';
SELECT is(tap.write(400), 'XX001', 'a damaged bag of counts is not folded');
SELECT is(tap.answer('SELECT count FROM analytics_counts(''2025-01-01 00:00:00+00'', ''2025-01-03 00:00:00+00'')', NULL), 'XX001', 'nor counted');
SELECT is(tap.answer('SELECT event_type FROM analytics_recent(1, event_type => ''e'')', NULL), 'XX001', 'nor looked into');
ROLLBACK;
BEGIN;
UPDATE analytics_rollup_totals SET seconds = substr(seconds, 1, octet_length(seconds) - 1);
SELECT is(tap.write(400), 'XX001', 'damaged seconds are not folded');
SELECT is(tap.answer('SELECT count FROM analytics_counts(''2025-01-01 00:00:00+00'', ''2025-01-02 03:04:05.5+00'')', NULL), 'XX001', 'nor counted');
SELECT is(tap.answer('SELECT rollup FROM analytics_verify()', NULL), 'XX001', 'nor compared');
SELECT is(tap.answer('SELECT sum(count) > 0 FROM analytics_counts(''2025-01-01 00:00:00+00'', ''2025-01-03 00:00:00+00'')', NULL), '(t)', 'whoever counts whole minutes does not read them');
ROLLBACK;
BEGIN;
UPDATE analytics_projection_bags SET cells = tap.bag('0302ff69' || '00' || '00');
SELECT is(tap.write(400), 'XX001', 'a damaged bag of cells is not folded');
SELECT is(tap.answer('SELECT name FROM p', NULL), 'XX001', 'nor read');
SELECT is(tap.answer('SELECT events FROM _analytics_projection_missing(1, ''-infinity'', ''infinity'')', NULL), 'XX001', 'nor compared');
ROLLBACK;
BEGIN;
SET LOCAL session_replication_role = replica; -- a trigger refuses bags that are inserted by hand
INSERT INTO analytics_rollup_totals (hour, cells) SELECT '2025-01-02 03:00:00+00', analytics_bag('2025-01-02 03:04:00+00', 'e', 9223372036854775807) FROM generate_series(1, 2) AS i GROUP BY i;
SELECT is(tap.answer('SELECT count FROM ' || called, NULL), 'XX001', 'counts beyond 64 bits: ' || called) FROM unnest(ARRAY[
    'analytics_counts(''2025-01-01 00:00:00+00'', ''2025-01-03 00:00:00+00'')',
    'analytics_hopping(''2025-01-02 00:00:00+00'', ''2025-01-03 00:00:00+00'', ''2 hours'', ''30 minutes'')',
    'analytics_histogram(''2025-01-02 00:00:00+00'', ''2025-01-03 00:00:00+00'', ''1 hour'')']) AS called;
SELECT is(tap.answer('SELECT last_event_at FROM _analytics_freshness()', NULL), 'XX001', 'and looking for the newest event');
ROLLBACK;

SELECT is(tap.answer('SELECT * FROM _analytics_projection_columns(''{"a\u0000": ["a"]}'', ''{}'')', NULL), '22023', 'a name with a zero byte');
SELECT is(tap.answer('SELECT * FROM _analytics_projection_columns(''{"a\ud800": ["a"]}'', ''{}'')', NULL), '22023', 'a name with a surrogate');

SELECT finish();
