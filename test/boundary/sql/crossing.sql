/* A C++ exception crosses the border: it arrives as the SQLSTATE and message that boundary.hpp promises, and each object
 * that it passes is destroyed exactly once. */

CREATE EXTENSION boundary_test;

CREATE TYPE report AS (
    sqlstate text, message text, detail text, hint text, context text);

CREATE FUNCTION report_of(statement text) RETURNS report LANGUAGE plpgsql AS $$
DECLARE
    r report;
BEGIN
    EXECUTE statement;
    RETURN NULL;
EXCEPTION WHEN OTHERS OR query_canceled OR assert_failure THEN
    GET STACKED DIAGNOSTICS
        r.sqlstate = RETURNED_SQLSTATE, r.message = MESSAGE_TEXT, r.detail = PG_EXCEPTION_DETAIL,
        r.hint = PG_EXCEPTION_HINT, r.context = PG_EXCEPTION_CONTEXT;
    RETURN r;
END
$$;

CREATE TABLE kinds (kind text, sqlstate text, message text);
INSERT INTO kinds VALUES
    ('core::Error',        'XX000', 'a promise did not hold'),
    ('core::Corrupt',      'XX001', 'bytes that are no bag'),
    ('std::bad_alloc',     '53200', 'out of memory'),
    ('allocation',         '53200', 'out of memory'),
    ('std::length_error',  'XX000', 'vector::reserve'),
    ('std::runtime_error', 'XX000', 'out of luck'),
    ('percent',            'XX000', '100%s of %n'),
    ('int',                'XX000', 'unknown C++ exception'),
    ('pointer',            'XX000', 'unknown C++ exception');

CREATE TABLE depths (depth integer);
INSERT INTO depths VALUES (0), (1), (2), (7);

SELECT no_plan();

/* C++ exceptions. */

SELECT is(
    (SELECT (r.sqlstate, r.message, r.detail, r.hint)::text
     FROM report_of(format('SELECT boundary_throw(%L, %s)', kind, depth)) AS r),
    (SELECT (sqlstate, message, '', '')::text),
    format('%s from depth %s', kind, depth))
FROM kinds, depths;

SELECT ok((report_of('SELECT boundary_throw(''long'')')).message ~ '^x{200}x*$', 'a message without end is cut');
SELECT is(
    (octet_length((report_of('SELECT boundary_throw(''long and odd'')')).message) - octet_length('xx'))
        % octet_length('€'),
    0, 'a message is cut between characters');
SELECT ok((report_of('SELECT boundary_throw(''int'')')).context LIKE 'SQL statement "SELECT boundary_throw%',
    'an exception gets its context');

SELECT boundary_counts() \g /dev/null
SELECT report_of(format('SELECT boundary_throw(%L, %s)', kind, depth)) FROM kinds, depths \g /dev/null
CREATE TABLE account AS SELECT * FROM boundary_counts();
SELECT is(destroyed, made, 'every object that an exception passes is destroyed once') FROM account;
SELECT is(made, (SELECT sum(depth + 2) FROM kinds, depths)::bigint, '… in every call on its way') FROM account;
SELECT ok(backwards, '… the youngest first') FROM account;

/* PostgreSQL's errors afterwards. */

CREATE FUNCTION catch_in_turns(kind text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    caught text := '';
BEGIN
    BEGIN PERFORM boundary_throw(kind, 2); EXCEPTION WHEN OTHERS THEN caught := caught || SQLSTATE || ' '; END;
    BEGIN PERFORM 1 / 0; EXCEPTION WHEN OTHERS THEN caught := caught || SQLSTATE || ' '; END;
    BEGIN PERFORM 'x'::integer; EXCEPTION WHEN OTHERS THEN caught := caught || SQLSTATE; END;
    RETURN caught;
END
$$;
SELECT is(catch_in_turns(kind), sqlstate || ' 22012 22P02',
    format('errors after %s are caught where they belong', kind))
FROM kinds;

SELECT finish();
