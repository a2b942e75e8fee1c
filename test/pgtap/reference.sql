-- The reference and the catalogue can't part: doc/analytics_events.md has the signature of every public function, and
-- an entry for nothing else.
\ir include/start.psql
SELECT * FROM no_plan();
SET intervalstyle = postgres;
\set reference `cat ../../doc/analytics_events.md`

-- Types by their short names and defaults without casts.
CREATE FUNCTION tap.short(declared text) RETURNS text LANGUAGE sql AS $$
    SELECT regexp_replace(replace(replace(replace(declared,
        'timestamp with time zone', 'timestamptz'), 'character varying', 'varchar'), '"', ''), '::[a-z]+(\[\])?', '', 'g')
$$;

-- A signature as the reference has it: what is answered stands behind an arrow.
CREATE VIEW tap.signatures AS
SELECT p.proname::text AS name, concat(CASE p.prokind WHEN 'p' THEN 'CALL ' END, p.proname, '(', given.list, ')',
    ' → ' || coalesce(answered.list, result.type)) AS signature
FROM pg_proc AS p
JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
JOIN pg_extension AS e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid
    AND e.extname = 'analytics_events'
CROSS JOIN LATERAL (
    SELECT nullif(regexp_replace(tap.short(pg_get_function_result(p.oid)), '^TABLE\((.*)\)$', '\1'), 'void') AS type
) AS result
CROSS JOIN LATERAL (
    SELECT string_agg(regexp_replace(part, '^IN ', ''), ', ' ORDER BY n) AS list
    FROM regexp_split_to_table(tap.short(pg_get_function_arguments(p.oid)), ', ') WITH ORDINALITY AS a (part, n)
    WHERE part !~ '^OUT '
) AS given
CROSS JOIN LATERAL (
    SELECT string_agg(substr(part, 5), ', ' ORDER BY n) AS list
    FROM regexp_split_to_table(tap.short(pg_get_function_arguments(p.oid)), ', ') WITH ORDINALITY AS a (part, n)
    WHERE part ~ '^OUT '
) AS answered
WHERE p.proname LIKE 'analytics\_%';

-- The page with its signatures on one line each, at the line's beginning.
SELECT regexp_replace(regexp_replace(:'reference', '\n {8,}', ' ', 'g'), '\n {4}(?=\S)', E'\n', 'g') AS lines \gset

SELECT ok(count(*) > 30, 'the extension has functions for users') FROM tap.signatures;
SELECT ok(position(E'\n' || signature || E'\n' IN :'lines') > 0, 'the reference has: ' || signature)
FROM tap.signatures ORDER BY signature;
SELECT set_eq(
    format('SELECT (regexp_matches(%L, E''\n#### (_?analytics_\\w+)\n'', ''g''))[1]', :'reference'),
    'SELECT name FROM tap.signatures', 'its entries are these functions, and no others');

SELECT * FROM finish();
