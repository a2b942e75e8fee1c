/* The store: the identity of this database's tables.
 *
 * A consumer group belongs to one store, and the ingestor marks the group's offsets in Kafka with the store's identity.
 * The first call makes the id, and not CREATE EXTENSION, because a restored dump brings its own id. A restored copy
 * has the same id, but is in another cluster or database. */

CREATE FUNCTION @extschema@.analytics_store_identity(
    OUT id uuid, OUT system_identifier bigint, OUT database_oid oid, OUT database text)
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'analytics_as_owner';

CREATE FUNCTION @extschema@._analytics_store_identity(
    OUT id uuid, OUT system_identifier bigint, OUT database_oid oid, OUT database text)
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

COMMENT ON FUNCTION @extschema@._analytics_store_identity() IS 'Does the work of analytics_store_identity.';

COMMENT ON FUNCTION @extschema@.analytics_store_identity() IS
    'The identity of this store: the id of its tables, the cluster''s system identifier, and the database. '
    'A restored copy has the same id, but is in another cluster or database. '
    'The first call makes the id. Runs with the rights of the tables'' owner.';
