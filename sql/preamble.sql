/* The preamble: the search path and the database that the rest of the script needs.
 *
 * Names are resolved in pg_catalog alone, by the script and by every function body in it. Otherwise, a user who may
 * create objects in the extension's schema could make a function, an operator or a type that fits a call better than
 * the intended one. Our own objects are qualified. They are called with exactly the declared types, all arguments, and
 * no literal of unknown type except for text: then no overload fits better. */

SET LOCAL search_path = pg_catalog, pg_temp;

DO $$
BEGIN
    IF pg_catalog.getdatabaseencoding() OPERATOR(pg_catalog.<>) 'UTF8' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'feature_not_supported',
            MESSAGE = 'analytics_events needs a database with encoding UTF8',
            HINT = 'Create one with CREATE DATABASE … ENCODING ''UTF8'' TEMPLATE template0.';
    END IF;
END
$$;
