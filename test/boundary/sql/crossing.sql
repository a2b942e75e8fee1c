/* Every crossing of the border: a C++ exception arrives as the SQLSTATE and message that boundary.hpp promises, a
 * PostgreSQL error arrives as if no C++ had been in its way (the oracle is the same statement without), and on every
 * route each object of each C++ phase is destroyed exactly once. */

CREATE EXTENSION boundary_test;

CREATE TYPE report AS (
    sqlstate text, message text, detail text, hint text, context text,
    schema_name text, table_name text, column_name text, datatype_name text, constraint_name text);

CREATE FUNCTION report_of(statement text) RETURNS report LANGUAGE plpgsql AS $$
DECLARE
    r report;
BEGIN
    EXECUTE statement;
    RETURN NULL;
EXCEPTION WHEN OTHERS OR query_canceled OR assert_failure THEN
    GET STACKED DIAGNOSTICS
        r.sqlstate = RETURNED_SQLSTATE, r.message = MESSAGE_TEXT, r.detail = PG_EXCEPTION_DETAIL, r.hint = PG_EXCEPTION_HINT,
        r.context = PG_EXCEPTION_CONTEXT, r.schema_name = SCHEMA_NAME, r.table_name = TABLE_NAME, r.column_name = COLUMN_NAME,
        r.datatype_name = PG_DATATYPE_NAME, r.constraint_name = CONSTRAINT_NAME;
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

CREATE TABLE parts (
    id integer CONSTRAINT parts_key PRIMARY KEY,
    weight integer NOT NULL CONSTRAINT parts_weight CHECK (weight > 0));
INSERT INTO parts VALUES (1, 10);

CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'AN001', MESSAGE = 'no row today', DETAIL = 'It is Sunday.', HINT = 'Come back tomorrow.';
END
$$;
CREATE TABLE guarded_by_trigger (id integer);
CREATE TRIGGER refuse BEFORE INSERT ON guarded_by_trigger FOR EACH ROW EXECUTE FUNCTION refuse();

/* A trigger that itself crosses the border twice before it fails. */
CREATE FUNCTION cross_and_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM boundary_run('INSERT INTO guarded_by_trigger VALUES (1)', 2);
    RETURN NEW;
END
$$;
CREATE TABLE guarded_by_crossing (id integer);
CREATE TRIGGER cross_and_refuse BEFORE INSERT ON guarded_by_crossing FOR EACH ROW EXECUTE FUNCTION cross_and_refuse();

CREATE TABLE failures (name text, statement text);
INSERT INTO failures VALUES
    ('arithmetic',          'SELECT 1 / 0'),
    ('syntax',              'SELEKT 1'),
    ('undefined table',     'SELECT * FROM no_such_table'),
    ('undefined column, with a hint', 'SELECT parts.wieght FROM parts'),
    ('unique violation',    'INSERT INTO parts VALUES (1, 2)'),
    ('check violation',     'INSERT INTO parts VALUES (2, -1)'),
    ('not-null violation',  'INSERT INTO parts VALUES (2, NULL)'),
    ('bad json',            $s$SELECT '{"a":' :: jsonb$s$),
    ('a limit of the program', $s$SELECT repeat('x', 2147483647)$s$),
    ('raised, with detail and hint', $s$DO $d$ BEGIN RAISE EXCEPTION USING
        ERRCODE = '22023', MESSAGE = 'm %s %', DETAIL = 'd', HINT = 'h', SCHEMA = 's', TABLE = 't', COLUMN = 'c', DATATYPE = 'y', CONSTRAINT = 'k'; END $d$$s$),
    ('an assertion of plpgsql', $s$DO $d$ BEGIN ASSERT false, 'never'; END $d$$s$),
    ('raised in a trigger', 'INSERT INTO guarded_by_trigger VALUES (1)'),
    ('raised in a trigger that crosses', 'INSERT INTO guarded_by_crossing VALUES (1)');

SELECT no_plan();

/* C++ exceptions. */

SELECT is(
    (SELECT (r.sqlstate, r.message, r.detail, r.hint)::text FROM report_of(format('SELECT boundary_throw(%L, %s)', kind, depth)) AS r),
    (SELECT (sqlstate, message, '', '')::text),
    format('%s from depth %s', kind, depth))
FROM kinds, depths;

SELECT ok((report_of('SELECT boundary_throw(''long'')')).message ~ '^x{200}x*$', 'a message without end is cut');
SELECT is((octet_length((report_of('SELECT boundary_throw(''long and odd'')')).message) - octet_length('xx')) % octet_length('€'), 0,
    'a message is cut between characters');
SELECT ok((report_of('SELECT boundary_throw(''int'')')).context LIKE 'SQL statement "SELECT boundary_throw%', 'an exception gets its context');

SELECT boundary_counts() \g /dev/null
SELECT report_of(format('SELECT boundary_throw(%L, %s)', kind, depth)) FROM kinds, depths \g /dev/null
CREATE TABLE account AS SELECT * FROM boundary_counts();
SELECT is(destroyed, made, 'every object that an exception passes is destroyed once') FROM account;
SELECT is(made, (SELECT sum(depth + 2) FROM kinds, depths)::bigint, '… in every phase on its way') FROM account;
SELECT ok(backwards, '… the youngest first') FROM account;

/* PostgreSQL errors: the same as without C++ in their way. */

SELECT is(
    (SELECT (r.sqlstate, r.message, r.detail, r.hint, r.schema_name, r.table_name, r.column_name, r.datatype_name, r.constraint_name)::text
     FROM report_of(format('SELECT boundary_run(%L, %s)', statement, depth)) AS r),
    (SELECT (r.sqlstate, r.message, r.detail, r.hint, r.schema_name, r.table_name, r.column_name, r.datatype_name, r.constraint_name)::text
     FROM report_of(statement) AS r),
    format('%s, from depth %s', name, depth))
FROM failures, depths;

SELECT is(
    (SELECT r.context FROM report_of(format('SELECT boundary_run(%L, 3)', statement)) AS r),
    (SELECT replace(r.context, ', 0)"', ', 3)"') FROM report_of(format('SELECT boundary_run(%L, 0)', statement)) AS r),
    format('%s: the context does not depend on the phases that it passed', name))
FROM failures;
SELECT ok((report_of('SELECT boundary_run(''INSERT INTO guarded_by_crossing VALUES (1)'', 3)')).context LIKE
    'PL/pgSQL function refuse() line 3 at RAISE%SQL statement "INSERT INTO guarded_by_trigger%cross_and_refuse() line 3 at PERFORM%'
    'SQL statement "INSERT INTO guarded_by_crossing%SQL statement "SELECT boundary_run%', 'the context tells the whole way');

TRUNCATE account;
SELECT boundary_counts() \g /dev/null
SELECT report_of(format('SELECT boundary_run(%L, %s)', statement, depth)) FROM failures, depths \g /dev/null
INSERT INTO account SELECT * FROM boundary_counts();
SELECT is(destroyed, made, 'every object that a PostgreSQL error passes is destroyed once') FROM account;
SELECT is(made, (SELECT sum(depth + 1 + CASE WHEN statement LIKE '%crossing%' THEN 3 ELSE 0 END) FROM failures, depths)::bigint,
    '… in every phase on its way') FROM account;
SELECT ok(backwards, '… the youngest first') FROM account;

/* What PostgreSQL keeps about where it is. */

SELECT is(boundary_run('SELECT FROM generate_series(1, 7)', depth), 7::bigint, format('an answer from depth %s', depth)) FROM depths;
SELECT ok(boundary_restored(), 'pg_call leaves PostgreSQL''s stacks as they were when it returns');
SELECT report_of(format('SELECT boundary_run(%L, 2)', 'SELECT 1 / 0')) \g /dev/null
SELECT ok(boundary_restored(), 'pg_call leaves PostgreSQL''s stacks as they were when it throws');

CREATE FUNCTION catch_in_turns(kind text, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    caught text := '';
BEGIN
    BEGIN PERFORM boundary_throw(kind, 2); EXCEPTION WHEN OTHERS THEN caught := caught || SQLSTATE || ' '; END;
    BEGIN PERFORM 1 / 0; EXCEPTION WHEN OTHERS THEN caught := caught || SQLSTATE || ' '; END;
    BEGIN PERFORM boundary_run(statement, 2); EXCEPTION WHEN OTHERS THEN caught := caught || SQLSTATE || ' '; END;
    BEGIN PERFORM 'x'::integer; EXCEPTION WHEN OTHERS THEN caught := caught || SQLSTATE; END;
    RETURN caught;
END
$$;
SELECT is(catch_in_turns(kind, 'SELECT 1 / 0'), sqlstate || ' 22012 22012 22P02', format('errors after %s are caught where they belong', kind)) FROM kinds;

BEGIN;
INSERT INTO parts VALUES (50, 50);
SAVEPOINT before;
SELECT report_of('SELECT boundary_run(''INSERT INTO parts VALUES (51, 1); SELECT 1 / 0'', 3)') \g /dev/null
SELECT is((SELECT array_agg(id ORDER BY id) FROM parts), '{1,50}', 'what a failed crossing had written is rolled back, and only that');
ROLLBACK;

SET statement_timeout = 100;
SELECT is((report_of('SELECT boundary_run(''SELECT pg_sleep(60)'', 3)')).sqlstate, '57014', 'a timeout crosses like any error');
RESET statement_timeout;

SELECT finish();
