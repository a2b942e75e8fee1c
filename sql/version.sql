/* Versions: of the SQL objects, of the library that the session has loaded, and of what is installed on the server. */

CREATE FUNCTION @extschema@._analytics_library_version() RETURNS text
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_library_version';

COMMENT ON FUNCTION @extschema@._analytics_library_version() IS 'The version of the loaded library.';

CREATE FUNCTION @extschema@.analytics_version(OUT extension text, OUT library text, OUT available text, OUT advice text)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT v.extension, v.library, v.available, CASE
        WHEN v.available IS NULL THEN 'The files of analytics_events are missing on this server: install the package.'
        WHEN v.library <> v.available THEN pg_catalog.format(
            'This session has loaded the library of %s, and %s is installed: reconnect.', v.library, v.available)
        WHEN v.extension = v.available AND @extschema@._analytics_tables_are_current() THEN NULL
        WHEN v.extension = v.available THEN
            'Run SELECT @extschema@.analytics_create_tables(): the tables are missing, or of an earlier release.'
        WHEN EXISTS (SELECT FROM pg_catalog.pg_extension_update_paths('analytics_events') AS p
                     WHERE p.source = v.extension AND p.target = v.available AND p.path IS NOT NULL)
            THEN pg_catalog.format('Run ALTER EXTENSION analytics_events UPDATE: it leads from %s to %s.',
                                   v.extension, v.available)
        ELSE pg_catalog.format('No update leads from %s to %s: install a package of %s or later.',
                               v.extension, v.available, v.extension)
    END
    FROM (SELECT e.extversion AS extension, @extschema@._analytics_library_version() AS library,
              a.default_version AS available
          FROM pg_catalog.pg_extension AS e
          LEFT JOIN pg_catalog.pg_available_extensions() AS a ON a.name = e.extname
          WHERE e.extname = 'analytics_events') AS v;
END;

COMMENT ON FUNCTION @extschema@.analytics_version() IS
    'Three versions: of the installed SQL objects, of the library that this session has loaded, and of the files on '
    'the server (available), to which ALTER EXTENSION analytics_events UPDATE would bring the objects. '
    'advice: what to do if they differ, null if they agree.';
