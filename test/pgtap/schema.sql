-- JSON Schema from SQL: what is refused, what a payload breaks, and that a call site keeps its schema compiled.
\ir include/start.psql
SELECT * FROM no_plan();

SELECT is(_analytics_schema_fault(schema), fault, schema::text) FROM (VALUES
    ('{}'::jsonb, NULL), ('true', NULL),
    ('{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "properties": {"total": {"type": "number", "multipleOf": 0.01}}}', NULL),
    ('5', 'the schema must be a schema: an object, true or false at ""'),
    ('{"properties": {"a/b": {"requierd": []}}}', '"requierd" is not supported at "/properties/a~1b/requierd"'),
    ('{"$defs": {"a": {"$anchor": "x"}}}', '"$anchor" is not supported at "/$defs/a/$anchor"'),
    ('{"$ref": "#"}', 'the schema refers to itself without an end at ""'),
    ('{"pattern": "("}', '"pattern" has a pattern that RE2 does not take: missing ): ( at "/pattern"'),
    ('{"pattern": "(?=é)"}', '"pattern" has a pattern that RE2 does not take: invalid perl operator: (?= at "/pattern"')) AS v (schema, fault);
SELECT is(_analytics_schema_fault(NULL), NULL, 'no schema, no fault');
SELECT matches(_analytics_schema_fault(jsonb_build_object('title', repeat('x', 300000))), '^the schema can''t be read: 3000\d\d bytes, more than 262144 at ""$', 'a schema that is too large');

CREATE FUNCTION tap.found(schema jsonb, payload jsonb) RETURNS text LANGUAGE sql AS
    $$SELECT concat_ws(' ', to_json(pointer)::text, keyword, expected) FROM analytics_contract_finding(schema, payload)$$;

SELECT is(tap.found(schema, payload), finding, concat_ws(' ', schema, payload)) FROM (VALUES
    ('{"required": ["total"]}'::jsonb, '{"total": 1}'::jsonb, ''),
    ('{"required": ["total"]}', '{}', '"" required total'),
    ('{"properties": {"total": {"type": "number"}}}', '{"total": "secret"}', '"/total" type number'),
    ('{"properties": {"id": {"pattern": "^\\d+$"}}}', '{"id": "x1"}', '"/id" pattern ^\d+$'),
    ('{"items": {"maximum": 12345678901234567890.5}}', '[1, 12345678901234567890.50, 12345678901234567890.51]', '"/2" maximum 12345678901234567890.5'),
    ('{"maximum": 1e400}', '1e401', '"" maximum 1' || repeat('0', 199) || '…'),
    ('{"additionalProperties": false}', '{"ä/": 1}', '"/ä~1" additionalProperties false'),
    ('{"enum": ["a", null]}', '"b"', '"" enum ["a", null]')) AS v (schema, payload, finding);
SELECT is(tap.found(NULL, '{}'), '', 'no schema, no finding');

SELECT throws_ok($$SELECT analytics_contract_finding('{"minLength": -1}', '{}')$$, '22023', 'JSON Schema refused: "minLength" must be an integer that is not negative at "/minLength"', 'a bad schema');
SELECT throws_ok($$SELECT analytics_contract_finding(s, '1') FROM (VALUES ('{"minimum": 1}'::jsonb), ('{"minimum": "1"}')) AS v (s)$$, '22023', 'JSON Schema refused: "minimum" must be a number at "/minimum"', 'a bad schema after a good one');
SELECT results_eq($$SELECT (analytics_contract_finding(CASE n % 3 WHEN 0 THEN '{"maximum": 50}'::jsonb WHEN 1 THEN '{"minimum": 50}' ELSE '{}' END, to_jsonb(n))).keyword FROM generate_series(1, 100) AS n$$,
    $$SELECT CASE WHEN n % 3 = 0 AND n > 50 THEN 'maximum' WHEN n % 3 = 1 AND n < 50 THEN 'minimum' END FROM generate_series(1, 100) AS n$$, 'a schema that changes from row to row');
SELECT is(tap.found('{"items": {"$ref": "#"}}', (repeat('[', 5000) || repeat(']', 5000))::jsonb), '"" budget at most 1050000 steps', 'a payload that is too deep to be judged');
SELECT is(tap.found('{"items": {"$ref": "#"}}', (repeat('[', 400) || repeat(']', 400))::jsonb), '', 'a deep payload');
SELECT is((SELECT count(*) FROM generate_series(1, 2000) AS n, analytics_contract_finding('{"not": {"pattern": "(a+)+$"}}', to_jsonb(repeat('a', n) || 'b')) AS f WHERE f.keyword IS NOT NULL), 0::bigint, 'a pattern that would take exponential time elsewhere');

SELECT * FROM finish();
