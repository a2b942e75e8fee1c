/* What the rest of the script stands on.
 *
 * Names are resolved in pg_catalog alone, while the script runs as in every body that it makes: whoever may create
 * something in the extension's schema could make a function, an operator or a type that fits a call better than what is
 * meant. What is ours is qualified, and called with exactly the types that it declares, all of its arguments and no
 * literal of unknown type for anything but text: then no overload fits better. */

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
