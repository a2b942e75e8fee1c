/* Versions: which version an event has, and who still sends which.
 *
 * The version is the first that is there: of the type's suffix .vN, of the payload's member "version"; else 1. Events
 * of a registered type have no suffix any more, and their payload says the version. */

CREATE FUNCTION @extschema@.analytics_event_version(event_type text, payload jsonb) RETURNS integer
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_event_version';

COMMENT ON FUNCTION @extschema@.analytics_event_version(text, jsonb) IS
    'The version of an event with this type and payload: that of the type''s suffix .vN, or the payload''s member '
    'version if it is a whole number from 1 to 2147483647, or else 1.';

CREATE FUNCTION @extschema@.analytics_event_version(event @extschema@.analytics_event) RETURNS integer
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT @extschema@.analytics_event_version(($1).event_type::pg_catalog.text, ($1).payload);
END;

COMMENT ON FUNCTION @extschema@.analytics_event_version(@extschema@.analytics_event) IS
    'The version of an event. For a row of analytics_events call it with event_type and payload.';

CREATE FUNCTION @extschema@.analytics_versions(
    window_start timestamptz, window_end timestamptz, tenant_id text DEFAULT NULL,
    OUT event_type text, OUT version integer, OUT source text, OUT count bigint, OUT last_occurred_at timestamptz)
    RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT e.event_type::text, @extschema@.analytics_event_version(e.event_type::text, e.payload), e.source::text,
           count(*), max(e.occurred_at)
    FROM @extschema@.analytics_events AS e
    WHERE e.occurred_at >= $1 AND e.occurred_at < $2 AND ($3 IS NULL OR e.tenant_id::text = $3)
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
$$;

COMMENT ON FUNCTION @extschema@.analytics_versions(timestamptz, timestamptz, text) IS
    'Which sources send which versions: the number of events by type, version and source in [window_start, '
    'window_end), of one tenant (null: all), and the latest of their times. '
    'Reads the events of the window, for the rollups do not know versions.';
