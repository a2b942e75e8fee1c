/* Verify and rebuild: verify compares the rollups and projections with the events, and the counts of open dead letters
 * with the dead letters. Rebuild repairs the differences.
 *
 * Seconds are compared as one number a minute, the sum of their weights, where each bag of the hour has them. There,
 * rebuild compares the minutes that differ once more by second, and appends what they lack by minute and by second.
 *
 * Both read rows and bags in one snapshot, so writers may continue: their rows and bags become visible together. */

CREATE FUNCTION @extschema@.analytics_verify(
    window_start timestamptz DEFAULT NULL, window_end timestamptz DEFAULT NULL,
    OUT rollup text, OUT minute timestamptz, OUT tenant_id text, OUT event_type text,
    OUT events bigint, OUT counted bigint)
    RETURNS SETOF record
    LANGUAGE c STABLE
    AS 'MODULE_PATHNAME', 'analytics_as_owner';

COMMENT ON FUNCTION @extschema@.analytics_verify(timestamptz, timestamptz) IS
    'The differences between rollups and events in [window_start, window_end). No row: there is no difference. '
    'Null: no bound. '
    'rollup is totals (compared by minute and type), tenants (by minute, tenant and type), or "projection NAME" (by '
    'bucket and tenant; minute is the bucket''s start). '
    'events is the number of events that exist, counted is the number that the rollup has. '
    'The two may be equal: then a measure of the projection differs, or the seconds of the minute. '
    'Without any bound, the counts of open dead letters are compared too: rollup is "dead letters", and event_type is '
    'their reason. '
    'Minutes and buckets are compared whole. Ranges in analytics_kept_rollups are not compared. '
    'Reads one snapshot and blocks nobody. Runs with the rights of the tables'' owner, so it reports on all tenants.';

CREATE FUNCTION @extschema@._analytics_verify(
    window_start timestamptz, window_end timestamptz,
    OUT rollup text, OUT minute timestamptz, OUT tenant_id text, OUT event_type text,
    OUT events bigint, OUT counted bigint)
    RETURNS SETOF record
    LANGUAGE sql STABLE
    SET jit = off -- the estimates of a window are so wrong that compiling takes longer than all the rest
    SET row_security = off -- an error if policies restrict the owner, instead of a wrong answer
    SET search_path = pg_catalog, pg_temp
    AS $$
    WITH bounds AS (
        SELECT date_bin('1 minute', coalesce($1, '-infinity'), '2000-01-01 00:00:00+00') AS low,
               CASE WHEN $2 <= '294276-12-31 23:59:00+00' -- the last minute has no end
                    THEN date_bin('1 minute', $2 + interval '59.999999 seconds', '2000-01-01 00:00:00+00')
                    ELSE 'infinity' END AS high
    ), events AS (
        SELECT date_bin('1 minute', e.occurred_at, '2000-01-01 00:00:00+00') AS minute, e.tenant_id, e.event_type,
               count(*) AS count, sum(@extschema@._analytics_second_weight(e.occurred_at)) AS weight
        FROM bounds AS b JOIN @extschema@.analytics_events AS e
            ON e.occurred_at >= b.low AND e.occurred_at < b.high
        WHERE isfinite(e.occurred_at)
        GROUP BY 1, 2, 3
    ), tenants AS (
        SELECT c.minute, r.tenant_id, c.event_type, c.count, c.weight
        FROM bounds AS b JOIN @extschema@.analytics_rollup_tenants AS r
            ON r.hour >= date_bin('1 hour', b.low, '2000-01-01 00:00:00+00') AND r.hour < b.high
        CROSS JOIN @extschema@._analytics_bag_minutes(r.hour, r.cells, r.seconds) AS c
        WHERE c.minute >= b.low AND c.minute < b.high
    ), totals AS (
        SELECT c.minute, c.event_type, c.count, c.weight
        FROM bounds AS b JOIN @extschema@.analytics_rollup_totals AS r
            ON r.hour >= date_bin('1 hour', b.low, '2000-01-01 00:00:00+00') AND r.hour < b.high
        CROSS JOIN @extschema@._analytics_bag_minutes(r.hour, r.cells, r.seconds) AS c
        WHERE c.minute >= b.low AND c.minute < b.high
    ), compared AS (
        SELECT 'totals' AS rollup, e.minute, NULL AS tenant_id, e.event_type, e.count AS events, 0 AS counted, e.weight
        FROM events AS e
        UNION ALL
        SELECT 'totals', t.minute, NULL, t.event_type, 0, t.count, - t.weight FROM totals AS t
        UNION ALL
        SELECT 'tenants', e.minute, e.tenant_id, e.event_type, e.count, 0, e.weight FROM events AS e
        UNION ALL
        SELECT 'tenants', t.minute, t.tenant_id, t.event_type, 0, t.count, - t.weight FROM tenants AS t
    ), different AS (
        SELECT c.rollup, c.minute, c.tenant_id, c.event_type, sum(c.events)::bigint AS events,
               sum(c.counted)::bigint AS counted
        FROM compared AS c
        WHERE NOT EXISTS (
            SELECT FROM @extschema@.analytics_kept_rollups AS k
            WHERE k.range_end > c.minute AND date_bin('1 minute', k.range_start, '2000-01-01 00:00:00+00') <= c.minute)
        GROUP BY 1, 2, 3, 4
        HAVING sum(c.events) <> sum(c.counted) OR sum(c.weight) <> 0
    ), without_seconds AS (
        SELECT 'totals' AS rollup, r.hour, '' AS tenant_id
        FROM bounds AS b JOIN @extschema@.analytics_rollup_totals AS r
            ON r.hour >= date_bin('1 hour', b.low, '2000-01-01 00:00:00+00') AND r.hour < b.high
        WHERE r.seconds IS NULL
        UNION
        SELECT 'tenants', r.hour, coalesce('t' || r.tenant_id, '')
        FROM bounds AS b JOIN @extschema@.analytics_rollup_tenants AS r
            ON r.hour >= date_bin('1 hour', b.low, '2000-01-01 00:00:00+00') AND r.hour < b.high
        WHERE r.seconds IS NULL
    )
    SELECT d.rollup, d.minute, d.tenant_id, d.event_type, d.events, d.counted
    FROM different AS d LEFT JOIN without_seconds AS u
        ON u.rollup = d.rollup AND u.hour = date_bin('1 hour', d.minute, '2000-01-01 00:00:00+00')
        AND u.tenant_id = coalesce('t' || d.tenant_id, '')
    WHERE d.events <> d.counted OR u.hour IS NULL
    UNION ALL
    SELECT 'projection ' || p.name, m.bucket_start, m.tenant_id, NULL, m.events, m.counted
    FROM bounds AS b
    CROSS JOIN @extschema@.analytics_projections AS p
    CROSS JOIN LATERAL @extschema@._analytics_projection_missing(p.id, b.low, b.high) AS m
    WHERE p.state = 'ready' AND NOT EXISTS (
        SELECT FROM @extschema@.analytics_kept_rollups AS k
        WHERE k.range_end > m.bucket_start AND k.range_start < m.bucket_end)
    UNION ALL
    SELECT 'dead letters', NULL, NULL, l.reason, sum(l.open)::bigint, sum(l.counted)::bigint
    FROM (SELECT d.reason, 1 AS open, 0 AS counted FROM @extschema@.analytics_dead_letters AS d
          WHERE d.replayed_at IS NULL
          UNION ALL
          SELECT c.reason, 0, c.open FROM @extschema@.analytics_dead_letter_counts AS c) AS l
    WHERE $1 IS NULL AND $2 IS NULL
    GROUP BY l.reason
    HAVING sum(l.open) <> sum(l.counted)
    ORDER BY 1, 2, 3, 4
$$;

COMMENT ON FUNCTION @extschema@._analytics_verify(timestamptz, timestamptz) IS 'Does the work of analytics_verify.';

CREATE FUNCTION @extschema@.analytics_rebuild(
    window_start timestamptz DEFAULT NULL, window_end timestamptz DEFAULT NULL) RETURNS bigint
    LANGUAGE c VOLATILE
    AS 'MODULE_PATHNAME', 'analytics_as_owner';

COMMENT ON FUNCTION @extschema@.analytics_rebuild(timestamptz, timestamptz) IS
    'Repairs the differences that analytics_verify finds, and returns how many there were. '
    'It only appends what the counts lack, so writers do not wait. '
    'Locks analytics_rollup_totals in SHARE UPDATE EXCLUSIVE mode, so one rebuild runs at a time. '
    'Needs isolation level READ COMMITTED, else SQLSTATE 25001. Runs with the rights of the tables'' owner.';

CREATE FUNCTION @extschema@._analytics_rebuild(window_start timestamptz, window_end timestamptz) RETURNS bigint
    LANGUAGE plpgsql VOLATILE
    SET analytics.append_bags = on
    SET row_security = off -- an error if policies restrict the owner, instead of a wrong answer
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    repaired bigint;
    repaired_projections integer[]; -- one for each repaired bucket
    repaired_buckets timestamptz[];
    repaired_hours timestamptz[]; -- whose counts by tenant are repaired
BEGIN
    PERFORM @extschema@._analytics_require_tables();
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'active_sql_transaction',
            MESSAGE = 'analytics_rebuild needs isolation level READ COMMITTED',
            DETAIL = 'An older snapshot might not see what another rebuild has repaired.';
    END IF;
    -- One rebuild after another; writers do not wait.
    LOCK TABLE @extschema@.analytics_rollup_totals IN SHARE UPDATE EXCLUSIVE MODE;
    -- Otherwise a TRUNCATE could commit now: its rows would be gone, and its bags not visible yet.
    LOCK TABLE @extschema@.analytics_events, @extschema@.analytics_dead_letters IN ACCESS SHARE MODE;
    WITH missing AS MATERIALIZED (
        SELECT v.rollup, date_bin('1 hour', v.minute, '2000-01-01 00:00:00+00') AS hour, v.minute, v.tenant_id,
               v.event_type, v.events - v.counted AS count
        FROM @extschema@._analytics_verify($1, $2) AS v
    ), hours AS MATERIALIZED (
        SELECT m.rollup, m.hour, m.tenant_id,
               CASE m.rollup
               WHEN 'totals' THEN NOT EXISTS (
                   SELECT FROM @extschema@.analytics_rollup_totals AS r WHERE r.hour = m.hour AND r.seconds IS NULL)
               ELSE NOT EXISTS (
                   SELECT FROM @extschema@.analytics_rollup_tenants AS r
                   WHERE r.hour = m.hour AND r.seconds IS NULL
                       AND (r.tenant_id = m.tenant_id OR r.tenant_id IS NULL AND m.tenant_id IS NULL))
               END AS has_seconds
        FROM missing AS m WHERE m.rollup IN ('totals', 'tenants') GROUP BY m.rollup, m.hour, m.tenant_id
    ), seconds AS (
        SELECT m.rollup, m.hour, m.tenant_id, m.event_type,
               date_bin('1 second', e.occurred_at, '2000-01-01 00:00:00+00') AS time, count(*) AS count
        FROM (SELECT min(m.minute) AS low, max(m.minute) AS high FROM missing AS m
              WHERE m.rollup IN ('totals', 'tenants')) AS b
        JOIN @extschema@.analytics_events AS e
            ON e.occurred_at >= b.low AND e.occurred_at <= b.high + interval '59.999999 seconds'
        JOIN missing AS m
            ON m.minute = date_bin('1 minute', e.occurred_at, '2000-01-01 00:00:00+00') AND m.event_type = e.event_type
        WHERE m.rollup = 'totals' OR m.rollup = 'tenants' AND m.tenant_id IS NOT DISTINCT FROM e.tenant_id
        GROUP BY 1, 2, 3, 4, 5
        UNION ALL
        SELECT 'totals', h.hour, NULL, c.event_type, c.second, - c.count
        FROM hours AS h JOIN @extschema@.analytics_rollup_totals AS r ON r.hour = h.hour
        CROSS JOIN @extschema@._analytics_bag_seconds(r.hour, r.cells, r.seconds) AS c
        WHERE h.rollup = 'totals' AND h.has_seconds
        UNION ALL
        SELECT 'tenants', h.hour, h.tenant_id, c.event_type, c.second, - c.count
        FROM hours AS h JOIN @extschema@.analytics_rollup_tenants AS r
            ON r.hour = h.hour AND r.tenant_id IS NOT DISTINCT FROM h.tenant_id
        CROSS JOIN @extschema@._analytics_bag_seconds(r.hour, r.cells, r.seconds) AS c
        WHERE h.rollup = 'tenants' AND h.has_seconds
    ), bags AS (
        SELECT h.rollup, h.hour, h.tenant_id,
               @extschema@._analytics_missing_bag(l.time, l.is_second, l.event_type, l.count) AS bag, h.has_seconds
        FROM hours AS h JOIN (
            SELECT m.rollup, m.hour, m.tenant_id, m.minute AS time, false AS is_second, m.event_type, m.count
            FROM missing AS m
            UNION ALL
            SELECT s.rollup, s.hour, s.tenant_id, s.time, true, s.event_type, sum(s.count)::bigint
            FROM seconds AS s
            JOIN missing AS m
                ON m.rollup = s.rollup AND m.minute = date_bin('1 minute', s.time, '2000-01-01 00:00:00+00')
                AND m.event_type = s.event_type AND m.tenant_id IS NOT DISTINCT FROM s.tenant_id
            GROUP BY 1, 2, 3, 4, 6) AS l
            ON l.rollup = h.rollup AND l.hour = h.hour AND l.tenant_id IS NOT DISTINCT FROM h.tenant_id
        GROUP BY h.rollup, h.hour, h.tenant_id, h.has_seconds
    ), totals AS (
        INSERT INTO @extschema@.analytics_rollup_totals (hour, last_ingested_at, cells, seconds)
        SELECT b.hour,
               (SELECT max(e.ingested_at) FROM @extschema@.analytics_events AS e
                WHERE e.occurred_at >= b.hour
                    AND e.occurred_at <= b.hour + interval '59 minutes 59.999999 seconds'),
               b.bag[1], CASE WHEN b.has_seconds THEN b.bag[2] END
        FROM bags AS b WHERE b.rollup = 'totals'
    ), tenants AS (
        INSERT INTO @extschema@.analytics_rollup_tenants (hour, tenant_id, last_ingested_at, cells, seconds)
        SELECT b.hour, b.tenant_id,
               (SELECT max(e.ingested_at) FROM @extschema@.analytics_events AS e
                WHERE e.occurred_at >= b.hour
                    AND e.occurred_at <= b.hour + interval '59 minutes 59.999999 seconds'
                    AND e.tenant_id IS NOT DISTINCT FROM b.tenant_id),
               b.bag[1], CASE WHEN b.has_seconds THEN b.bag[2] END
        FROM bags AS b WHERE b.rollup = 'tenants'
        RETURNING hour
    ), projections AS (
        INSERT INTO @extschema@.analytics_projection_bags (projection, bucket_start, tenant_id, cells)
        SELECT p.id, l.bucket_start, l.tenant_id, l.cells
        FROM missing AS m JOIN @extschema@.analytics_projections AS p ON m.rollup = 'projection ' || p.name
        -- a minute of the bucket, which may begin before the year 1
        CROSS JOIN LATERAL (SELECT greatest(m.minute, '0001-01-01 00:00:00+00')) AS b (minute)
        CROSS JOIN LATERAL
            @extschema@._analytics_projection_missing(p.id, b.minute, b.minute + interval '1 minute') AS l
        WHERE l.tenant_id IS NOT DISTINCT FROM m.tenant_id
        RETURNING projection, bucket_start
    ), dead_letters AS (
        INSERT INTO @extschema@.analytics_dead_letter_counts (reason, open)
        SELECT m.event_type, m.count FROM missing AS m WHERE m.rollup = 'dead letters'
    )
    SELECT (SELECT count(*) FROM missing),
           array_agg(p.projection), array_agg(p.bucket_start), ARRAY(SELECT DISTINCT t.hour FROM tenants AS t)
    INTO repaired, repaired_projections, repaired_buckets, repaired_hours
    FROM (SELECT DISTINCT p.projection, p.bucket_start FROM projections AS p) AS p;
    PERFORM @extschema@._analytics_note_rows(
        c.projection, c.bucket_start, c.bucket_start + interval '1 microsecond', false)
    FROM unnest(repaired_projections, repaired_buckets) AS c (projection, bucket_start);
    PERFORM @extschema@._analytics_note_counts(h.hour, h.hour + interval '1 microsecond')
    FROM unnest(repaired_hours) AS h (hour);
    RETURN repaired;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_rebuild(timestamptz, timestamptz) IS 'Does the work of analytics_rebuild.';

REVOKE EXECUTE ON FUNCTION
    @extschema@.analytics_verify(timestamptz, timestamptz),
    @extschema@.analytics_rebuild(timestamptz, timestamptz) FROM PUBLIC;
