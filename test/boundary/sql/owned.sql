/* Objects that a memory context owns are destroyed once, however the context ends: at the end of the call, by a reset, an
 * error, the abort of a subtransaction or of the transaction, a constructor that throws. */

CREATE EXTENSION boundary_test;
SELECT plan(14);

CREATE TABLE account (made bigint, destroyed bigint, backwards boolean);

CREATE FUNCTION fails(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END
$$;

SELECT boundary_own(3, 'return');
SELECT is(boundary_counts()::text, '(3,3,t)', 'the end of the call destroys them, the youngest first');

SELECT boundary_own(3, 'reset');
SELECT is(boundary_counts()::text, '(3,3,t)', 'a reset destroys them');

SELECT boundary_own(3, 'delete');
SELECT is(boundary_counts()::text, '(3,3,t)', 'a deletion destroys them');

SELECT is(fails('SELECT boundary_own(3, ''error'')'), 'P0001', 'an error after they were made');
SELECT is(boundary_counts()::text, '(3,3,t)', '… destroys them');

SELECT is(fails('SELECT boundary_own(3, ''constructor'')'), 'XX000', 'a constructor that throws is an error');
SELECT is(boundary_counts()::text, '(4,4,t)', '… that destroys its part and the objects before');

BEGIN;
SAVEPOINT a;
SELECT boundary_own(3, 'subtransaction');
SELECT is((SELECT (made, destroyed)::text FROM boundary_counts()), '(3,0)', 'a subtransaction''s objects live on');
ROLLBACK TO a;
SELECT is((SELECT destroyed FROM boundary_counts()), 3::bigint, '… and its abort destroys them');
SAVEPOINT b;
SELECT boundary_own(2, 'subtransaction');
RELEASE b;
SELECT is((SELECT (made, destroyed)::text FROM boundary_counts()), '(2,0)',
    'a subtransaction''s commit leaves them to the transaction');
COMMIT;
SELECT is((SELECT destroyed FROM boundary_counts()), 2::bigint, '… whose commit destroys them');

BEGIN;
SELECT boundary_own(4, 'transaction');
SELECT is((SELECT (made, destroyed)::text FROM boundary_counts()), '(4,0)', 'a transaction''s objects live on');
ROLLBACK;
SELECT is((SELECT destroyed FROM boundary_counts()), 4::bigint, '… and its abort destroys them');

SELECT boundary_own(100000, 'reset');
SELECT is(boundary_counts()::text, '(100000,100000,t)', 'a hundred thousand in one context');

SELECT finish();
