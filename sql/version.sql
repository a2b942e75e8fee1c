/* Versions: of the SQL objects, and of the library that the server has loaded. */

CREATE FUNCTION @extschema@._analytics_library_version() RETURNS text
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_library_version';

COMMENT ON FUNCTION @extschema@._analytics_library_version() IS 'The version of the loaded library.';

CREATE FUNCTION @extschema@.analytics_version(OUT extension text, OUT library text)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT e.extversion, @extschema@._analytics_library_version()
    FROM pg_catalog.pg_extension AS e WHERE e.extname = 'analytics_events';
END;

COMMENT ON FUNCTION @extschema@.analytics_version() IS
    'The versions of the installed SQL objects and of the loaded library. '
    'If they differ, run ALTER EXTENSION analytics_events UPDATE, or reconnect.';
