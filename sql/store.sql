/* The store: what tells this database's tables from every other one's. A consumer group belongs to one store, and the ingestor marks the group's offsets with it.
 *
 * The id is made when it is first asked for, not by CREATE EXTENSION: so a dump brings its own, and a restored copy is told apart by where it is. */

CREATE FUNCTION @extschema@.analytics_store_identity(OUT id uuid, OUT system_identifier bigint, OUT database_oid oid, OUT database text)
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'analytics_as_owner';

CREATE FUNCTION @extschema@._analytics_store_identity(OUT id uuid, OUT system_identifier bigint, OUT database_oid oid, OUT database text)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM @extschema@._analytics_require_tables();
    SELECT s.id INTO id FROM @extschema@.analytics_store AS s;
    IF id IS NULL THEN
        INSERT INTO @extschema@.analytics_store DEFAULT VALUES ON CONFLICT DO NOTHING;
        SELECT s.id INTO id FROM @extschema@.analytics_store AS s;
    END IF;
    SELECT c.system_identifier INTO system_identifier FROM pg_control_system() AS c;
    SELECT d.oid, d.datname INTO database_oid, database FROM pg_database AS d WHERE d.datname = current_database();
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_store_identity() IS 'The work of analytics_store_identity.';

COMMENT ON FUNCTION @extschema@.analytics_store_identity() IS
    'Which store this is: the id of its tables, the identifier of the cluster, the database in it. A restored copy differs in one of the latter two.';
