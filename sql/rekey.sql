/* Giving stored events the identity that today's rules give them.
 *
 * A shape that is taught a key or a time later makes another id or time of the same record, so a redelivered record is
 * stored once more. Rekeying recomputes both for what is stored, and merges what is the same event then. */

CREATE TYPE @extschema@._analytics_rekeying AS (
    occurred_at timestamptz, id uuid, to_time timestamptz, to_id uuid, is_untimed boolean, is_kept boolean);

COMMENT ON TYPE @extschema@._analytics_rekeying IS 'An event, and its place by today''s rules: _analytics_rekeyings.';

CREATE FUNCTION @extschema@._analytics_rekeyings(shape text, window_start timestamptz, window_end timestamptz)
    RETURNS SETOF @extschema@._analytics_rekeying
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
    SET analytics.accept_time = on
    AS $$
WITH judged AS (
    SELECT e.occurred_at, e.id, e.ingested_at, n.occurred_at AS own_time, n.id AS key_id
    FROM @extschema@.analytics_events AS e,
         LATERAL convert_to(e.payload::text, 'UTF8') AS r (value),
         LATERAL @extschema@._analytics_judged(r.value) AS n
    WHERE e.occurred_at >= window_start AND e.occurred_at < window_end AND n.shape = $1
        AND (n.event_type, n.source, n.tenant_id)
            IS NOT DISTINCT FROM (e.event_type::text, e.source::text, e.tenant_id::text)
), aimed AS (
    SELECT j.*, coalesce(j.key_id, j.id) AS to_id, j.own_time IS NULL AND j.key_id IS NOT NULL AS is_untimed,
           CASE WHEN j.own_time IS NOT NULL THEN j.own_time
                WHEN j.key_id IS NOT NULL
                THEN coalesce(k.occurred_at, min(j.occurred_at) OVER (PARTITION BY j.key_id))
                ELSE j.occurred_at END AS to_time
    FROM judged AS j LEFT JOIN @extschema@.analytics_untimed_keys AS k ON k.id = j.key_id
)
SELECT a.occurred_at, a.id, a.to_time, a.to_id, a.is_untimed,
       a.is_first AND ((a.occurred_at, a.id) = (a.to_time, a.to_id) OR NOT EXISTS (
           SELECT FROM @extschema@.analytics_events AS e WHERE e.occurred_at = a.to_time AND e.id = a.to_id))
FROM (SELECT b.*, row_number() OVER same = 1 AS is_first FROM aimed AS b
      WINDOW same AS (PARTITION BY b.to_time, b.to_id
                      ORDER BY (b.occurred_at, b.id) = (b.to_time, b.to_id) DESC, b.ingested_at, b.id)) AS a
$$;

COMMENT ON FUNCTION @extschema@._analytics_rekeyings(text, timestamptz, timestamptz) IS
    'The events of [window_start, window_end) that are of a shape by today''s rules, with the time and the id that '
    'these give them. Their payloads are taken for their records. '
    'Of those that would be the same event one is kept: the one that is there already, else the first that was stored. '
    'is_untimed: it has a key and no time of its own.';

CREATE FUNCTION @extschema@.analytics_rekey(
    shape text, dry_run boolean DEFAULT true,
    window_start timestamptz DEFAULT '-infinity', window_end timestamptz DEFAULT 'infinity',
    OUT rekeyed bigint, OUT merged bigint, OUT unchanged bigint)
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    events @extschema@._analytics_rekeying[];
BEGIN
    IF NOT EXISTS (SELECT FROM @extschema@.analytics_shapes AS s WHERE s.name = shape AND s.enabled) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'undefined_object', MESSAGE = format('shape "%s" does not exist or is not enabled', shape);
    END IF;
    events := ARRAY(SELECT r FROM @extschema@._analytics_rekeyings(shape, window_start, window_end) AS r);
    SELECT count(*) FILTER (WHERE e.is_kept AND (e.occurred_at, e.id) <> (e.to_time, e.to_id)),
           count(*) FILTER (WHERE NOT e.is_kept),
           count(*) FILTER (WHERE e.is_kept AND (e.occurred_at, e.id) = (e.to_time, e.to_id))
    INTO rekeyed, merged, unchanged FROM unnest(events) AS e;
    IF dry_run THEN
        RETURN;
    END IF;

    INSERT INTO @extschema@.analytics_untimed_keys (id, occurred_at)
    SELECT e.to_id, e.to_time FROM unnest(events) AS e WHERE e.is_untimed AND e.is_kept
    ON CONFLICT DO NOTHING;
    PERFORM @extschema@.analytics_create_partition(t.day)
    FROM (SELECT DISTINCT date_trunc('day', e.to_time, 'UTC') AS day FROM unnest(events) AS e
          WHERE e.is_kept AND e.occurred_at <> e.to_time) AS t;
    DELETE FROM @extschema@.analytics_events AS e USING unnest(events) AS r
    WHERE e.occurred_at = r.occurred_at AND e.id = r.id AND NOT r.is_kept;
    UPDATE @extschema@.analytics_events AS e SET occurred_at = r.to_time, id = r.to_id FROM unnest(events) AS r
    WHERE e.occurred_at = r.occurred_at AND e.id = r.id AND r.is_kept AND (r.occurred_at, r.id) <> (r.to_time, r.to_id);
END
$$;

COMMENT ON FUNCTION @extschema@.analytics_rekey(text, boolean, timestamptz, timestamptz) IS
    'Gives the stored events of a shape in [window_start, window_end) the id and the time that today''s rules give '
    'them, and merges events that are the same then: the first that was stored is kept. '
    'Counts and projections stay exact. '
    'dry_run (the default): only says what it would do. '
    'rekeyed: events with another id or time; merged: events that went; unchanged: the others. '
    'An event''s payload is taken for its record, so a shape with payload_member has none. The key is read from it, '
    'too: a number such as 1e2 is 100 there. '
    'An unknown shape is SQLSTATE 42704. Where the same record is stored at that moment, the error is 23505; then run '
    'it again. The caller needs SELECT, UPDATE and DELETE on analytics_events.';

REVOKE EXECUTE ON FUNCTION @extschema@.analytics_rekey(text, boolean, timestamptz, timestamptz) FROM PUBLIC;
