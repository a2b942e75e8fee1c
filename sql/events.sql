/* Events: the type in which functions return them, and how one is found and shown.
 *
 * The table may have more columns than this type, in any order, but never fewer. */

CREATE TYPE @extschema@.analytics_event AS (
    id uuid,
    event_type varchar(120),
    source varchar(120),
    occurred_at timestamptz,
    ingested_at timestamptz,
    tenant_id varchar(64),
    payload jsonb
);

COMMENT ON TYPE @extschema@.analytics_event IS
    'An event, as functions return and accept it. '
    'Columns that an operator adds to analytics_events are not part of it.';

CREATE FUNCTION @extschema@.analytics_event(occurred_at timestamptz, id uuid) RETURNS SETOF @extschema@.analytics_event
    LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 1
    SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT e.id, e.event_type, e.source, e.occurred_at, e.ingested_at, e.tenant_id, e.payload
    FROM @extschema@.analytics_events AS e WHERE e.occurred_at = $1 AND e.id = $2
$$;

COMMENT ON FUNCTION @extschema@.analytics_event(timestamptz, uuid) IS
    'The event with this primary key, or no row. '
    'Both columns are needed: an id alone would be searched for in every partition.';

CREATE FUNCTION @extschema@._analytics_event_json(event @extschema@.analytics_event) RETURNS json
    LANGUAGE c STABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_event_json';

COMMENT ON FUNCTION @extschema@._analytics_event_json(@extschema@.analytics_event) IS
    'An event as HTTP shows it: {id, eventType, source, occurredAt, ingestedAt, tenantId, payload}.';
