-- Our reader and our jsonb against PostgreSQL's own: the same texts accepted and refused, the same jsonb to the byte, on generated and on mutated input.
\ir include/start.psql
BEGIN;
SELECT * FROM no_plan();

-- Random JSON in all its ways of writing: blanks, escapes, duplicate members, numbers of every form, long arrays and objects, deep ones.
CREATE FUNCTION tap.pick(VARIADIC choices text[]) RETURNS text LANGUAGE sql VOLATILE AS $$
    SELECT choices[1 + floor(random() * cardinality(choices))::int];
$$;
CREATE FUNCTION tap.random_text() RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    answer text := '';
BEGIN
    FOR i IN 1 .. floor(random() ^ 3 * 40)::int LOOP
        answer := answer || tap.pick('a', 'B', '0', ' ', 'é', '😀', '世', E'\u007f', '\"', '\\', '\/', '\b', '\n', '\t', '\u0041', '\u00e9', '\uFFFF', '\ud83d\ude00', '/', '{', ':', '''', 'xyzzy', repeat('l', 300));
    END LOOP;
    RETURN '"' || answer || '"';
END
$$;
CREATE FUNCTION tap.random_number() RETURNS text LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN tap.pick('', '-') || tap.pick('0', floor(random() * 10)::text, floor(random() * 1e6)::bigint::text, floor(random() * 1e18)::bigint::text, '1' || repeat('0', floor(random() * 60)::int), '9999', '10000', '99999999', repeat('7', 1 + floor(random() * 80)::int))
        || tap.pick('', '', '.' || floor(random() * 1e6)::text, '.0', '.000', '.' || repeat('0', floor(random() * 30)::int) || '5', '.' || repeat('123', 1 + floor(random() * 20)::int))
        || tap.pick('', '', '', 'e0', 'E5', 'e-7', 'e+12', 'E-0', 'e' || floor(random() * 200)::text, 'e-' || floor(random() * 200)::text);
END
$$;
CREATE FUNCTION tap.random_json(depth int) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    kind float := random() * CASE WHEN depth > 0 THEN 1 ELSE 0.5 END;
    length int := floor(random() ^ 4 * 80)::int;
    blank text := tap.pick('', '', ' ', E'\n\t', E' \r\n');
BEGIN
    CASE
        WHEN kind < 0.2 THEN RETURN tap.random_number();
        WHEN kind < 0.4 THEN RETURN tap.random_text();
        WHEN kind < 0.5 THEN RETURN tap.pick('true', 'false', 'null', '[]', '{}');
        WHEN kind < 0.75 THEN RETURN '[' || blank || coalesce((SELECT string_agg(tap.random_json(CASE WHEN i < 5 THEN depth - 1 ELSE 0 END), blank || ',' || blank) FROM generate_series(1, length) AS i), '') || blank || ']';
        ELSE RETURN '{' || blank || coalesce((SELECT string_agg(CASE WHEN random() < 0.3 THEN '"' || tap.pick('a', 'b', 'aa', '\u0061') || '"' ELSE tap.random_text() END || blank || ':' || tap.random_json(CASE WHEN i < 5 THEN depth - 1 ELSE 0 END), ',' || blank) FROM generate_series(1, length) AS i), '') || '}';
    END CASE;
END
$$;

SELECT setseed(0.8259) \g /dev/null
SELECT diag('seed 0.8259');
CREATE TEMP TABLE drawn AS SELECT n, '{' || tap.random_text() || ':' || tap.random_json(4) || tap.pick(' ', E'\n', '') || '}' AS payload FROM generate_series(1, 2000) AS n;
SELECT ok(bool_or(payload::json::text ~ '\[.*\[.*\[') AND max(length(payload)) > 20000, 'the drawn texts are long and deep enough') FROM drawn;

-- Accepted, and the same jsonb to the byte: *= compares binary images.
CREATE FUNCTION tap.same(a jsonb, b jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT one *= other FROM (SELECT $1) AS one, (SELECT $2) AS other;
$$;
SELECT ok(tap.same('[1.0]', ' [1.0]') AND NOT tap.same('[1.0]', '[1.00]'), 'the same means the same bytes');
CREATE TEMP TABLE read AS SELECT n, d.payload AS text, v.payload, v.reason FROM drawn AS d, analytics_normalize('{"eventType":"t","source":"s","payload":' || d.payload || '}') AS v;
SELECT is(string_agg(left(text, 200), E'\n' ORDER BY length(text)), NULL, 'every drawn text is accepted') FROM (SELECT * FROM read WHERE reason IS NOT NULL LIMIT 3) AS faults;
SELECT is(string_agg(left(text, 200), E'\n' ORDER BY length(text)), NULL, 'and becomes the jsonb that PostgreSQL makes of it, byte for byte') FROM (SELECT * FROM read WHERE NOT tap.same(payload, text::jsonb) ORDER BY length(text) LIMIT 3) AS faults;
SELECT is(string_agg(left(text, 200), E'\n' ORDER BY length(text)), NULL, 'which reads back as itself') FROM (SELECT * FROM read WHERE payload::text::jsonb <> payload OR (analytics_normalize('{"eventType":"t","source":"s","payload":' || payload::text || '}')).payload <> payload LIMIT 3) AS faults;

-- A shape's whole object and its ISO member, against jsonb's own concatenation.
CREATE TEMP TABLE shaped AS SELECT text, v.payload FROM drawn AS d, LATERAL (SELECT '{"guideId":1,"x":' || d.payload || ',"challengeId":2.50,"occurredAt":1763316840.5,"é":[' || d.payload || ',1e2]}') AS t (text), analytics_normalize(text) AS v WHERE n % 5 = 0;
SELECT is(string_agg(left(text, 200), E'\n'), NULL, 'a shape''s object with its ISO member is jsonb''s own, byte for byte')
FROM (SELECT * FROM shaped WHERE NOT tap.same(payload, text::jsonb || '{"occurredAtIso":"2025-11-16T18:14:00.500000Z"}') LIMIT 3) AS faults;

-- Sizes at which the form changes: every 32nd entry holds an offset, keys sort by length and then by bytes.
SELECT ok(bool_and(tap.same((analytics_normalize('{"eventType":"t","source":"s","payload":' || text || '}')).payload, text::jsonb)), 'objects of 0 to 200 members, arrays of as many')
FROM generate_series(0, 200) AS size, LATERAL (SELECT format('{"list":[%s],"object":{%s}}', (SELECT string_agg((i * i)::text, ',') FROM generate_series(1, size) AS i), (SELECT string_agg(format('"%s":"%s"', repeat(chr(97 + i * 7 % 26), 1 + i % 5) || i * 31 % 17, i), ',') FROM generate_series(1, size) AS i))) AS t (text);
SELECT ok(bool_and(tap.same((analytics_normalize('{"eventType":"t","source":"s","payload":' || text || '}')).payload, text::jsonb)), 'numbers around the digits of numeric')
FROM generate_series(-12, 12) AS exponent, unnest('{1,10,1.0,1.00000,12345,0.00012345,9999.9999,10000.0001,0,0.0,-0.00}'::text[]) AS digits, LATERAL (SELECT format('{"n":%se%s}', digits, exponent)) AS t (text);

-- Mutated records: a byte changed, taken away, put in, or a piece moved. PostgreSQL says of each whether it is UTF-8, JSON and jsonb.
CREATE FUNCTION tap.mutated(record bytea) RETURNS bytea LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    place int;
    piece bytea;
BEGIN
    FOR i IN 1 .. 1 + floor(random() * 3)::int LOOP
        place := 1 + floor(random() * length(record))::int;
        piece := (ARRAY['\x22', '\x5c', '\x7b', '\x7d', '\x5b', '\x5d', '\x2c', '\x3a', '\x00', '\xff', '\xc3', '\xeda080', '\x30', '\x2d', '\x65', '\x2e', '\x20', '\x0a', '\x5c7530303030', '\x5c7564383030', '\x6e756c6c', '\x3165393939393939', '\xf09f9880']::bytea[])[1 + floor(random() * 23)::int];
        record := CASE floor(random() * 4)::int
            WHEN 0 THEN substr(record, 1, place - 1) || piece || substr(record, place)
            WHEN 1 THEN substr(record, 1, place - 1) || piece || substr(record, place + 1)
            WHEN 2 THEN substr(record, 1, place - 1) || substr(record, place + 1 + floor(random() * 3)::int)
            ELSE substr(record, 1, place) || substr(record, greatest(place - floor(random() * 20)::int, 1)) END;
    END LOOP;
    RETURN record;
END
$$;
CREATE FUNCTION tap.understood(record bytea, OUT is_utf8 boolean, OUT is_json boolean, OUT is_jsonb boolean) LANGUAGE plpgsql AS $$
DECLARE
    value text;
    ignored jsonb;
BEGIN
    is_utf8 := false; is_json := false; is_jsonb := false;
    value := convert_from(record, 'UTF8'); is_utf8 := true;
    PERFORM value::json; is_json := true;
    ignored := value::jsonb; is_jsonb := true;
EXCEPTION WHEN OTHERS THEN
    NULL;
END
$$;
CREATE TEMP TABLE mutants AS SELECT m.record, u.*, n.reason, n.payload, n.shape
FROM (SELECT tap.mutated(tap.rec(tap.pick('{"eventType":"t","source":"s","payload":{"a":[1,2.50,"é\u00e9\n"],"b":null}}', '{"guideId":"g","challengeId":17,"occurredAt":1763316840.123,"x":{"y":[true]}}', '{"eventType":"t","source":"s","eventId":"k","tenantId":"x","occurredAt":"2025-11-16T18:14:00Z","payload":' || left(payload, 2000 * (length(payload) < 2000)::int) || tap.pick('{}', '') || '}'))) AS record FROM drawn, generate_series(1, 7)) AS m,
     tap.understood(record) AS u, analytics_normalize(record) AS n;
SELECT ok(count(*) = 14000 AND count(DISTINCT reason) >= 8 AND count(*) FILTER (WHERE reason IS NULL) > 700, 'fourteen thousand mutants, some of them alive') FROM mutants;
SELECT is(string_agg(tap.shown(record), ' | '), NULL, 'invalid_utf8 is what PostgreSQL does not decode, but for a NUL byte') FROM (SELECT * FROM mutants WHERE coalesce(reason = 'invalid_utf8', false) = is_utf8 AND position('\x00'::bytea IN record) = 0 LIMIT 3) AS faults;
SELECT is(string_agg(tap.shown(record), ' | '), NULL, 'invalid_json is what PostgreSQL''s json refuses') FROM (SELECT * FROM mutants WHERE is_utf8 AND coalesce(reason = 'invalid_json', false) = is_json LIMIT 3) AS faults;
SELECT is(string_agg(tap.shown(record), ' | '), NULL, 'what is accepted jsonb takes as well') FROM (SELECT * FROM mutants WHERE reason IS NULL AND NOT is_jsonb LIMIT 3) AS faults;
SELECT is(string_agg(tap.shown(record), ' | '), NULL, 'what is unstorable jsonb refuses as well') FROM (SELECT * FROM mutants WHERE reason LIKE 'unstorable%' AND is_jsonb LIMIT 3) AS faults;
SELECT is(string_agg(tap.shown(record), ' | '), NULL, 'and what is accepted is the same jsonb') FROM (SELECT * FROM mutants WHERE reason IS NULL AND shape = 'canonical' AND NOT tap.same(payload, (convert_from(record, 'UTF8')::json -> 'payload')::text::jsonb) LIMIT 3) AS faults;
SELECT is((SELECT stored + duplicates + dead_lettered + skipped FROM analytics_ingest((SELECT array_agg(record) FROM mutants))), 14000::bigint, 'all of them ingested in one batch: every one is accounted for');
SELECT is((SELECT count(*) FROM analytics_dead_letters), (SELECT count(*) FROM mutants WHERE reason IS NOT NULL), 'every refused one is kept');

SELECT * FROM finish();
ROLLBACK;
