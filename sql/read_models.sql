/* Read models: single things, as links name them. */

CREATE FUNCTION analytics_event(occurred_at timestamptz, id uuid) RETURNS SETOF analytics_events
    LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    SELECT e.* FROM analytics_events AS e WHERE e.occurred_at = $1 AND e.id = $2;
END;

COMMENT ON FUNCTION analytics_event(timestamptz, uuid) IS
    'The event of this primary key, or no row. An id alone would be looked for in every partition: (occurred_at, id) leads to one row of one.';
