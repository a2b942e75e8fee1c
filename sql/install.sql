/* The end of the installation: the tables. An update has no such section.
 *
 * A session that restores a dump makes no tables, because the dump brings them. Only pg_dump and pg_restore set
 * row_security to off. */

DO $$
BEGIN
    IF pg_catalog.current_setting('row_security') OPERATOR(pg_catalog.=) 'on' THEN
        PERFORM @extschema@.analytics_create_tables();
    END IF;
END
$$;
