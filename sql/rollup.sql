/* Rollups: bags of counts beside the events, kept by whatever statement changes the events.
 *
 * A bag is a row that says how many events of each type the minutes of one hour hold. There may be many bags of an hour:
 * their sum is the truth. Writers append, folding replaces many by their sum. See doc/design.md, "Aggregation".
 *
 * Bags come and go all the time: so they stand inline in their row up to a page's size, vacuum comes early, and does not
 * try to give back an end of the file that will be used again. They have no key; the replica identity is for publications
 * of all tables, where a subscriber would miss what folding deletes. */

CREATE FUNCTION @extschema@.analytics_bag_cells(hour timestamptz, cells bytea, OUT minute timestamptz, OUT event_type text, OUT count bigint)
    RETURNS SETOF record
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 100
    AS 'MODULE_PATHNAME', 'analytics_bag_cells';

COMMENT ON FUNCTION @extschema@.analytics_bag_cells(timestamptz, bytea) IS
    'What a bag holds: for each event type and minute of the hour that has any, how many. Bytes that are no bag are SQLSTATE XX001.';

CREATE FUNCTION @extschema@._analytics_rollup_row() RETURNS trigger
    LANGUAGE c
    AS 'MODULE_PATHNAME', 'analytics_rollup_row';

COMMENT ON FUNCTION @extschema@._analytics_rollup_row() IS 'Counts an event that a statement has stored, changed or deleted.';

CREATE FUNCTION @extschema@._analytics_rollup_statement() RETURNS trigger
    LANGUAGE c
    AS 'MODULE_PATHNAME', 'analytics_rollup_statement';

COMMENT ON FUNCTION @extschema@._analytics_rollup_statement() IS 'Before a statement: opens its count; after it: appends what it has counted to the rollups.';

CREATE FUNCTION @extschema@._analytics_rollup_truncate() RETURNS trigger
    LANGUAGE c
    AS 'MODULE_PATHNAME', 'analytics_rollup_truncate';

COMMENT ON FUNCTION @extschema@._analytics_rollup_truncate() IS 'Takes the events that TRUNCATE is about to remove from the rollups.';

REVOKE EXECUTE ON FUNCTION @extschema@._analytics_rollup_row(), @extschema@._analytics_rollup_statement(), @extschema@._analytics_rollup_truncate() FROM PUBLIC;

CREATE FUNCTION @extschema@.analytics_watch_partition(partition regclass) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM @extschema@._analytics_attach_trigger(partition, t.trigger, t.fires, 'STATEMENT', t.called)
    FROM (VALUES
        ('analytics_rollup_begin', 'BEFORE INSERT OR UPDATE OR DELETE', '_analytics_rollup_statement'),
        ('analytics_rollup_end', 'AFTER INSERT OR UPDATE OR DELETE', '_analytics_rollup_statement'),
        ('analytics_rollup_truncate', 'BEFORE TRUNCATE', '_analytics_rollup_truncate')
    ) AS t (trigger, fires, called);
END
$$;

COMMENT ON FUNCTION @extschema@.analytics_watch_partition(regclass) IS
    'Gives a partition of analytics_events that was made by hand the triggers that those made by analytics_create_partition have: statements that name '
    'the partition itself are counted at their end instead of row by row, and so is TRUNCATE, which would go unnoticed otherwise.';

REVOKE EXECUTE ON FUNCTION @extschema@.analytics_watch_partition(regclass) FROM PUBLIC;

CREATE FUNCTION @extschema@._analytics_bag_add(bag internal, minute timestamptz, event_type text, count bigint) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_bag_add';

COMMENT ON FUNCTION @extschema@._analytics_bag_add(internal, timestamptz, text, bigint) IS 'Of analytics_bag: adds a count.';

CREATE FUNCTION @extschema@._analytics_bag_pack(bag internal) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_bag_pack';

COMMENT ON FUNCTION @extschema@._analytics_bag_pack(internal) IS 'Of analytics_bag: packs what was added.';

CREATE AGGREGATE @extschema@.analytics_bag(minute timestamptz, event_type text, count bigint) (
    SFUNC = @extschema@._analytics_bag_add, STYPE = internal, FINALFUNC = @extschema@._analytics_bag_pack, PARALLEL = SAFE);

COMMENT ON AGGREGATE @extschema@.analytics_bag(timestamptz, text, bigint) IS
    'Packs counts by minute and event type, all of one hour, into a bag: what analytics_bag_cells takes apart.';

CREATE FUNCTION @extschema@.analytics_verify(
    window_start timestamptz DEFAULT NULL, window_end timestamptz DEFAULT NULL,
    OUT rollup text, OUT minute timestamptz, OUT tenant_id text, OUT event_type text, OUT events bigint, OUT counted bigint)
    RETURNS SETOF record
    LANGUAGE c STABLE
    AS 'MODULE_PATHNAME', 'analytics_as_owner';

CREATE FUNCTION @extschema@._analytics_verify(
    range_start timestamptz, range_end timestamptz,
    OUT rollup text, OUT minute timestamptz, OUT tenant_id text, OUT event_type text, OUT events bigint, OUT counted bigint)
    RETURNS SETOF record
    LANGUAGE sql STABLE
    SET row_security = off -- an owner whom policies restrict is refused, not misled
    SET search_path = pg_catalog, pg_temp
    AS $$
    WITH bounds AS (
        SELECT date_bin('1 minute', coalesce($1, '-infinity'), '2000-01-01 00:00:00+00') AS low,
               CASE WHEN $2 <= '294276-12-31 23:59:00+00' -- the last minute has no end
                    THEN date_bin('1 minute', $2 + interval '59.999999 seconds', '2000-01-01 00:00:00+00')
                    ELSE 'infinity' END AS high
    ), events AS (
        SELECT date_bin('1 minute', e.occurred_at, '2000-01-01 00:00:00+00') AS minute, e.tenant_id, e.event_type, count(*) AS count
        FROM bounds AS b JOIN @extschema@.analytics_events AS e
            ON e.occurred_at >= b.low AND e.occurred_at < b.high
        WHERE isfinite(e.occurred_at)
        GROUP BY 1, 2, 3
    ), tenants AS (
        SELECT c.minute, r.tenant_id, c.event_type, c.count
        FROM bounds AS b JOIN @extschema@.analytics_rollup_tenants AS r
            ON r.hour >= date_bin('1 hour', b.low, '2000-01-01 00:00:00+00') AND r.hour < b.high
        CROSS JOIN @extschema@.analytics_bag_cells(r.hour, r.cells) AS c
        WHERE c.minute >= b.low AND c.minute < b.high
    ), totals AS (
        SELECT c.minute, c.event_type, c.count
        FROM bounds AS b JOIN @extschema@.analytics_rollup_totals AS r
            ON r.hour >= date_bin('1 hour', b.low, '2000-01-01 00:00:00+00') AND r.hour < b.high
        CROSS JOIN @extschema@.analytics_bag_cells(r.hour, r.cells) AS c
        WHERE c.minute >= b.low AND c.minute < b.high
    ), compared AS (
        SELECT 'totals' AS rollup, e.minute, NULL AS tenant_id, e.event_type, e.count AS events, 0 AS counted FROM events AS e
        UNION ALL
        SELECT 'totals', t.minute, NULL, t.event_type, 0, t.count FROM totals AS t
        UNION ALL
        SELECT 'tenants', e.minute, e.tenant_id, e.event_type, e.count, 0 FROM events AS e
        UNION ALL
        SELECT 'tenants', t.minute, t.tenant_id, t.event_type, 0, t.count FROM tenants AS t
    )
    SELECT c.rollup, c.minute, c.tenant_id, c.event_type, sum(c.events)::bigint, sum(c.counted)::bigint
    FROM compared AS c
    WHERE NOT EXISTS (
        SELECT FROM @extschema@.analytics_kept_rollups AS k WHERE k.range_end > c.minute AND date_bin('1 minute', k.range_start, '2000-01-01 00:00:00+00') <= c.minute)
    GROUP BY 1, 2, 3, 4
    HAVING sum(c.events) <> sum(c.counted)
    UNION ALL
    SELECT 'projection ' || p.name, l.bucket_start, l.tenant_id, NULL, l.events, l.counted
    FROM bounds AS b
    CROSS JOIN @extschema@.analytics_projections AS p
    CROSS JOIN LATERAL @extschema@._analytics_projection_missing(p.id, b.low, b.high) AS l
    WHERE p.state = 'ready' AND NOT EXISTS (
        SELECT FROM @extschema@.analytics_kept_rollups AS k WHERE k.range_end > l.bucket_start AND k.range_start < l.bucket_end)
    ORDER BY 1, 2, 3, 4
$$;

COMMENT ON FUNCTION @extschema@._analytics_verify(timestamptz, timestamptz) IS 'The work of analytics_verify.';

COMMENT ON FUNCTION @extschema@.analytics_verify(timestamptz, timestamptz) IS
    'Where the rollups (rollup: totals or tenants) do not say what the events of [from, to) say, by minute, tenant and type, or a projection (rollup: projection NAME, '
    'minute: the start of the bucket, whose counts may be right and its measures not) by bucket and tenant; no row when all is well. '
    'A minute, or bucket, is looked at as a whole; those of analytics_kept_rollups are not. Null: without that bound. One snapshot, so writers at work make no difference. '
    'Whoever may call it is told of all tenants, whatever policies say.';

CREATE FUNCTION @extschema@.analytics_rebuild(window_start timestamptz DEFAULT NULL, window_end timestamptz DEFAULT NULL) RETURNS bigint
    LANGUAGE c VOLATILE
    AS 'MODULE_PATHNAME', 'analytics_as_owner';

CREATE FUNCTION @extschema@._analytics_rebuild(range_start timestamptz, range_end timestamptz) RETURNS bigint
    LANGUAGE plpgsql VOLATILE
    SET analytics.append_bags = on
    SET row_security = off -- an owner whom policies restrict is refused, not misled
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    mended bigint;
BEGIN
    PERFORM @extschema@._analytics_require_tables();
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'active_sql_transaction',
            MESSAGE = 'analytics_rebuild needs isolation level READ COMMITTED',
            DETAIL = 'An older snapshot might not see what another rebuild has mended.';
    END IF;
    LOCK TABLE @extschema@.analytics_rollup_totals IN SHARE UPDATE EXCLUSIVE MODE; -- one rebuild after another; writers go on
    LOCK TABLE @extschema@.analytics_events IN ACCESS SHARE MODE; -- a TRUNCATE that commits now would be seen among the events, but not yet among the bags
    WITH missing AS MATERIALIZED (
        SELECT v.rollup, date_bin('1 hour', v.minute, '2000-01-01 00:00:00+00') AS hour, v.minute, v.tenant_id, v.event_type, v.events - v.counted AS count
        FROM @extschema@._analytics_verify($1, $2) AS v
    ), totals AS (
        INSERT INTO @extschema@.analytics_rollup_totals (hour, last_ingested_at, cells)
        SELECT m.hour, (SELECT max(e.ingested_at) FROM @extschema@.analytics_events AS e
                        WHERE e.occurred_at >= m.hour AND e.occurred_at <= m.hour + interval '59 minutes 59.999999 seconds'),
               @extschema@.analytics_bag(m.minute, m.event_type, m.count)
        FROM missing AS m WHERE m.rollup = 'totals' GROUP BY m.hour
    ), tenants AS (
        INSERT INTO @extschema@.analytics_rollup_tenants (hour, tenant_id, last_ingested_at, cells)
        SELECT m.hour, m.tenant_id,
               (SELECT max(e.ingested_at) FROM @extschema@.analytics_events AS e
                WHERE e.occurred_at >= m.hour AND e.occurred_at <= m.hour + interval '59 minutes 59.999999 seconds' AND e.tenant_id IS NOT DISTINCT FROM m.tenant_id),
               @extschema@.analytics_bag(m.minute, m.event_type, m.count)
        FROM missing AS m WHERE m.rollup = 'tenants' GROUP BY m.hour, m.tenant_id
    ), projections AS (
        INSERT INTO @extschema@.analytics_projection_bags (projection, bucket_start, tenant_id, cells)
        SELECT p.id, l.bucket_start, l.tenant_id, l.cells
        FROM missing AS m JOIN @extschema@.analytics_projections AS p ON m.rollup = 'projection ' || p.name
        CROSS JOIN LATERAL (SELECT greatest(m.minute, '0001-01-01 00:00:00+00')) AS b (minute) -- in the bucket, which may begin before the year 1
        CROSS JOIN LATERAL @extschema@._analytics_projection_missing(p.id, b.minute, b.minute + interval '1 minute') AS l
        WHERE l.tenant_id IS NOT DISTINCT FROM m.tenant_id
    )
    SELECT count(*) INTO mended FROM missing;
    RETURN mended;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_rebuild(timestamptz, timestamptz) IS 'The work of analytics_rebuild.';

COMMENT ON FUNCTION @extschema@.analytics_rebuild(timestamptz, timestamptz) IS
    'Mends what analytics_verify tells of, by appending what the rollups lack, and returns how many differences there were. Writers need not wait: what is '
    'lacking is computed in one snapshot, and what others commit meanwhile brings its own counts. READ COMMITTED only, else SQLSTATE 25001.';

REVOKE EXECUTE ON FUNCTION @extschema@.analytics_verify(timestamptz, timestamptz), @extschema@.analytics_rebuild(timestamptz, timestamptz) FROM PUBLIC;
