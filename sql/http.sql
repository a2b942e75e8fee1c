/* What the HTTP service asks for, and nobody else needs. */

CREATE FUNCTION @extschema@._analytics_require_row_security() RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF NOT row_security_active('@extschema@.analytics_events'::regclass) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_authorization_specification',
            MESSAGE = 'row-level security does not restrict the tenants'' role on analytics_events',
            HINT = 'Run doc/roles.sql.';
    END IF;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_require_row_security() IS
    'Raises 28000 unless policies restrict the role at hand on analytics_events. The HTTP service calls it before it asks for one tenant.';
