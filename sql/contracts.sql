/* Contracts: rows that say what is asked of the events of a type and version.
 *
 * A contract that cannot be used is refused when it is written. After a change, every session reads the table again.
 *
 * upcast names a function in a text. A column of type regprocedure would look after the name, but pg_upgrade refuses a
 * database that has one. */

CREATE FUNCTION @extschema@._analytics_check_contract() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    names text[];
    complaint text;
BEGIN
    IF NEW.upcast IS NOT NULL THEN
        BEGIN
            names := parse_ident(NEW.upcast);
        EXCEPTION WHEN invalid_parameter_value THEN
            names := '{}';
        END;
        IF cardinality(names) = 2 THEN
            NEW.upcast := format('%I.%I', names[1], names[2]);
        END IF;
    END IF;
    complaint := CASE
        WHEN NEW.event_type ~ '.\.v[1-9][0-9]*$'
            THEN 'event_type must not have a suffix .vN: the column version says it'
        WHEN NEW.mode IN ('observe', 'enforce') AND NEW.schema IS NULL
            THEN format('mode %s needs a schema', NEW.mode)
        WHEN @extschema@._analytics_schema_fault(NEW.schema) IS NOT NULL
            THEN 'schema: ' || @extschema@._analytics_schema_fault(NEW.schema)
        WHEN cardinality(names) <> 2 OR names[1] ~ '^pg_temp'
            THEN 'upcast must be the name of a function with its schema, like public.order_to_v2'
        WHEN NEW.upcast IS NOT NULL AND NOT EXISTS (
                SELECT FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
                WHERE n.nspname = names[1] AND p.proname = names[2] AND p.prokind = 'f' AND NOT p.proretset
                    AND p.pronargs = 1 AND p.proargtypes[0] = 'jsonb'::regtype AND p.prorettype = 'jsonb'::regtype
                    AND p.provolatile = 'i')
            THEN format('upcast must be an IMMUTABLE function from jsonb to jsonb, and %s(jsonb) is none', NEW.upcast)
    END;
    IF complaint IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'check_violation',
            MESSAGE = format('contract of "%s" version %s cannot be used', NEW.event_type, NEW.version),
            DETAIL = complaint, SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_check_contract() IS
    'Refuses a contract that cannot be used: SQLSTATE 23514, with the reason in DETAIL.';
