/* The parts of maintenance. Each is a function of the time and an item. Without an item it returns the items that there
 * are, or does all in one step. With an item it works on it. rows is how many rows that concerned, and items is what is
 * to be done next: null when there is nothing. analytics_maintain_step calls them. */

CREATE FUNCTION @extschema@._analytics_maintain_new_partitions(
    reference timestamptz, item text, OUT rows bigint, OUT items text[])
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    SET TimeZone = 'UTC'
    AS $$
DECLARE
    ahead CONSTANT interval := ('1 ' || current_setting('analytics.partition_interval'))::interval;
    instant timestamptz;
BEGIN
    rows := 0;
    FOREACH instant IN ARRAY ARRAY[reference, reference + ahead] LOOP
        IF (SELECT p.partition IS NULL FROM @extschema@._analytics_partition_at(instant) AS p) THEN
            PERFORM @extschema@.analytics_create_partition(instant);
            rows := rows + 1;
        END IF;
    END LOOP;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_maintain_new_partitions(timestamptz, text) IS
    'Part of analytics_maintain: the partitions of now and of the time that follows. One step.';

CREATE FUNCTION @extschema@._analytics_maintain_events(
    reference timestamptz, item text, OUT rows bigint, OUT items text[])
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    SET TimeZone = 'UTC'
    SET DateStyle = 'ISO'
    AS $$
DECLARE
    most_rows CONSTANT integer := 2000; -- that a step deletes, in some tens of milliseconds
    most_read CONSTANT integer := 20000; -- events in the hours of an item, if these are more than one
BEGIN
    rows := 0;
    IF item IS NULL THEN
        IF EXISTS (SELECT FROM @extschema@._analytics_event_rules(reference) AS r
                   WHERE r.delete_start < r.delete_end) THEN
            -- Bags say where to look. Kept counts have no partition any more.
            items := ARRAY(
                WITH rules AS MATERIALIZED (
                    SELECT * FROM @extschema@._analytics_event_rules(reference)
                ), candidates AS ( -- hours with a type that has expired, or with a tenant that has a rule
                    SELECT b.hour FROM @extschema@.analytics_rollup_totals AS b
                    CROSS JOIN @extschema@.analytics_bag_cells(b.hour, b.cells) AS c
                    WHERE b.hour < (SELECT max(r.delete_end) FROM rules AS r)
                        AND b.hour >= (SELECT min(r.delete_start) FROM rules AS r)
                    GROUP BY b.hour, c.event_type
                    HAVING sum(c.count) > 0
                        AND (SELECT b.hour >= r.delete_start AND b.hour < r.delete_end FROM rules AS r
                             WHERE (r.event_types IS NULL OR c.event_type = ANY (r.event_types))
                                 AND r.tenant_id IS NULL
                             ORDER BY r.number LIMIT 1)
                    UNION
                    SELECT b.hour FROM rules AS r
                    JOIN @extschema@.analytics_rollup_tenants AS b
                        ON b.tenant_id = r.tenant_id AND b.hour >= r.delete_start AND b.hour < r.delete_end
                ), counted AS (
                    SELECT b.hour, b.tenant_id, c.event_type, sum(c.count) AS events
                    FROM @extschema@.analytics_rollup_tenants AS b
                    CROSS JOIN @extschema@.analytics_bag_cells(b.hour, b.cells) AS c
                    WHERE b.hour IN (
                        SELECT k.hour FROM candidates AS k JOIN @extschema@.analytics_partitions() AS p
                            ON p.range_start < k.hour + interval '1 hour' AND p.range_end > k.hour)
                    GROUP BY 1, 2, 3 HAVING sum(c.count) > 0
                ), hours AS (
                    SELECT c.hour, sum(c.events) AS events,
                           bool_or((SELECT c.hour >= r.delete_start AND c.hour < r.delete_end FROM rules AS r
                                    WHERE (r.event_types IS NULL OR c.event_type = ANY (r.event_types))
                                        AND (r.tenant_id IS NULL OR c.tenant_id::text = r.tenant_id)
                                    ORDER BY r.number LIMIT 1)) AS has_expired
                    FROM counted AS c GROUP BY c.hour
                ), items AS (
                    SELECT h.hour, div(sum(h.events) OVER (ORDER BY h.hour), most_read) AS number
                    FROM hours AS h WHERE h.has_expired
                )
                SELECT array_agg(i.hour ORDER BY i.hour)::text FROM items AS i GROUP BY i.number ORDER BY i.number);
        END IF;
        RETURN;
    END IF;

    WITH rules AS MATERIALIZED (
        SELECT * FROM @extschema@._analytics_event_rules(reference)
    ), expired AS MATERIALIZED (
        SELECT e.occurred_at, e.id
        FROM unnest(item::timestamptz[]) AS h (hour)
        CROSS JOIN LATERAL (
            SELECT o.occurred_at, o.id FROM @extschema@.analytics_events AS o
            WHERE o.occurred_at >= h.hour AND o.occurred_at < h.hour + interval '1 hour'
                AND (SELECT h.hour >= r.delete_start AND h.hour < r.delete_end FROM rules AS r
                     WHERE (r.event_types IS NULL OR o.event_type::text = ANY (r.event_types))
                         AND (r.tenant_id IS NULL OR o.tenant_id::text = r.tenant_id)
                     ORDER BY r.number LIMIT 1)
            LIMIT most_rows FOR UPDATE SKIP LOCKED) AS e
        LIMIT most_rows
    )
    DELETE FROM @extschema@.analytics_events AS e USING expired AS x
    WHERE e.occurred_at = x.occurred_at AND e.id = x.id
        AND e.occurred_at >= (SELECT min(a.occurred_at) FROM expired AS a)
        AND e.occurred_at <= (SELECT max(a.occurred_at) FROM expired AS a);
    GET DIAGNOSTICS rows = ROW_COUNT;
    items := CASE WHEN rows = most_rows THEN ARRAY[item] END;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_maintain_events(timestamptz, text) IS
    'Part of analytics_maintain: deletes expired events that no dropped partition takes along, by the ordinary '
    'triggers. An item is one or more hours that have some; a step deletes at most 2000.';

CREATE FUNCTION @extschema@._analytics_maintain_old_partitions(
    reference timestamptz, item text, OUT rows bigint, OUT items text[])
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    rule record;
BEGIN
    rows := 0;
    SELECT r.* INTO rule FROM @extschema@._analytics_event_rules(reference) AS r LIMIT 1;
    IF EXISTS (SELECT FROM @extschema@.analytics_partitions() AS p WHERE p.range_end <= rule.drop_end) THEN
        SELECT d.events, ARRAY[d.partition] INTO rows, items
        FROM @extschema@._analytics_drop_partitions(rule.drop_end, rule.keep_counts, 1) AS d;
    END IF;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_maintain_old_partitions(timestamptz, text) IS
    'Part of analytics_maintain: drops one partition whose events have all expired, like analytics_retain. '
    'Names it, and is to be called again.';

CREATE FUNCTION @extschema@._analytics_maintain_counts(
    reference timestamptz, item text, OUT rows bigint, OUT items text[])
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    cutoff CONSTANT timestamptz := @extschema@._analytics_keep_until('counts'::text, reference);
BEGIN
    rows := 0;
    IF EXISTS (SELECT FROM @extschema@.analytics_kept_rollups AS k WHERE k.range_end <= cutoff) THEN
        SELECT 1, ARRAY[d.range_start::text] INTO rows, items
        FROM @extschema@._analytics_drop_kept_rollups(cutoff, 1) AS d;
    END IF;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_maintain_counts(timestamptz, text) IS
    'Part of analytics_maintain: deletes the counts of one range whose events were dropped before. '
    'Names it, and is to be called again.';

CREATE FUNCTION @extschema@._analytics_maintain_dead_letters(
    reference timestamptz, item text, OUT rows bigint, OUT items text[])
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    pages CONSTANT bigint := 100; -- of a step
    cutoff CONSTANT timestamptz := @extschema@._analytics_keep_until('dead_letters'::text, reference);
    replayed_cutoff CONSTANT timestamptz := @extschema@._analytics_keep_until('replayed_dead_letters'::text, reference);
BEGIN
    rows := 0;
    IF greatest(cutoff, replayed_cutoff) = '-infinity' THEN
        RETURN;
    ELSIF item IS NULL THEN
        items := ARRAY(
            SELECT DISTINCT (d.ctid::text::point)[0]::bigint / pages
            FROM @extschema@.analytics_dead_letters AS d
            WHERE d.received_at < cutoff OR d.received_at < replayed_cutoff AND d.replayed_at IS NOT NULL)::text[];
    ELSE
        DELETE FROM @extschema@.analytics_dead_letters AS d
        WHERE d.id IN (
            SELECT o.id FROM @extschema@.analytics_dead_letters AS o
            WHERE o.ctid >= format('(%s,0)', item::bigint * pages)::tid
                AND o.ctid < format('(%s,0)', (item::bigint + 1) * pages)::tid
                AND (o.received_at < cutoff OR o.received_at < replayed_cutoff AND o.replayed_at IS NOT NULL)
            FOR UPDATE SKIP LOCKED);
        GET DIAGNOSTICS rows = ROW_COUNT;
    END IF;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_maintain_dead_letters(timestamptz, text) IS
    'Part of analytics_maintain: deletes dead letters by the rules dead_letters and replayed_dead_letters. '
    'An item is a hundred pages of the table.';

CREATE FUNCTION @extschema@._analytics_maintain_untimed_keys(
    reference timestamptz, item text, OUT rows bigint, OUT items text[])
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    pages CONSTANT bigint := 100; -- of a step
    cutoff CONSTANT timestamptz := @extschema@._analytics_keep_until('untimed_keys'::text, reference);
BEGIN
    rows := 0;
    IF cutoff = '-infinity' THEN
        RETURN;
    ELSIF item IS NULL THEN
        items := ARRAY(
            SELECT DISTINCT (k.ctid::text::point)[0]::bigint / pages
            FROM @extschema@.analytics_untimed_keys AS k WHERE k.occurred_at < cutoff)::text[];
    ELSE
        DELETE FROM @extschema@.analytics_untimed_keys AS k
        WHERE k.ctid >= format('(%s,0)', item::bigint * pages)::tid
            AND k.ctid < format('(%s,0)', (item::bigint + 1) * pages)::tid AND k.occurred_at < cutoff;
        GET DIAGNOSTICS rows = ROW_COUNT;
    END IF;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_maintain_untimed_keys(timestamptz, text) IS
    'Part of analytics_maintain: forgets the keys of events without a time of their own, by the rule untimed_keys. '
    'From then on a redelivery of such an event is an event again. An item is a hundred pages of the table.';

CREATE FUNCTION @extschema@._analytics_maintain_retired_groups(
    reference timestamptz, item text, OUT rows bigint, OUT items text[])
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    cutoff CONSTANT timestamptz := @extschema@._analytics_keep_until('retired_groups'::text, reference);
BEGIN
    -- A group of which one partition is still owned is kept whole.
    WITH forgotten AS (
        DELETE FROM @extschema@.analytics_kafka_offsets AS o
        WHERE o.consumer_group IN (
            SELECT k.consumer_group FROM @extschema@.analytics_kafka_offsets AS k
            GROUP BY k.consumer_group HAVING bool_and(coalesce(k.retired_at < cutoff, false)))
        RETURNING o.consumer_group
    ), gaps AS (
        DELETE FROM @extschema@.analytics_kafka_gaps AS g
        WHERE g.consumer_group IN (SELECT f.consumer_group FROM forgotten AS f)
    )
    SELECT count(*) INTO rows FROM forgotten;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_maintain_retired_groups(timestamptz, text) IS
    'Part of analytics_maintain: forgets the offsets and gaps of retired groups, by the rule retired_groups. One step.';

CREATE FUNCTION @extschema@._analytics_fold_hour(
    hour timestamptz, newest_ingestion timestamptz, of_totals boolean, tenant_id text) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'analytics_fold_hour';

COMMENT ON FUNCTION @extschema@._analytics_fold_hour(timestamptz, timestamptz, boolean, text) IS
    'Replaces the bags of an hour by their sum, in the totals or of one tenant (null: of no tenant), and returns how '
    'many bags fewer there are. '
    'A sum that counts nothing is kept only if its last ingestion is not older than newest_ingestion. '
    'Waits for nobody. The caller needs INSERT and DELETE on the table of bags.';

CREATE FUNCTION @extschema@._analytics_fold_bucket(projection integer, bucket_start timestamptz, tenant_id text)
    RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'analytics_fold_bucket';

COMMENT ON FUNCTION @extschema@._analytics_fold_bucket(integer, timestamptz, text) IS
    'Replaces the bags of a bucket and tenant by their sum, and returns how many bags fewer there are. '
    'Waits for nobody. The caller needs INSERT and DELETE on the table of bags.';

CREATE FUNCTION @extschema@._analytics_maintain_bags(
    reference timestamptz, item text, OUT rows bigint, OUT items text[])
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    SET TimeZone = 'UTC'
    AS $$
DECLARE
    most_keys CONSTANT integer := 500; -- of a step
    over CONSTANT timestamptz := date_bin('1 hour', reference - interval '1 hour', '2000-01-01 00:00:00+00');
    kind CONSTANT text := left(item, 1);
    subject CONSTANT text := substr(item, 2);
    newest timestamptz;
    keys bigint;
BEGIN
    rows := 0;
    IF item IS NULL THEN
        items := ARRAY(
            SELECT 'h' WHERE EXISTS (SELECT FROM @extschema@.analytics_rollup_totals)
            UNION ALL
            SELECT DISTINCT CASE WHEN b.tenant_id IS NULL THEN 'n' ELSE 't' || b.tenant_id END
            FROM (SELECT r.tenant_id, r.hour FROM @extschema@.analytics_rollup_tenants AS r WHERE r.hour < over
                  GROUP BY r.tenant_id, r.hour HAVING count(*) > 1) AS b
            UNION ALL
            SELECT 'p' || p.id FROM @extschema@.analytics_projections AS p
            ORDER BY 1);
        RETURN;
    ELSIF kind = 'h' THEN
        newest := (SELECT coalesce(max(r.last_ingested_at), '-infinity') FROM @extschema@.analytics_rollup_totals AS r);
        SELECT count(*), sum(@extschema@._analytics_fold_hour(k.hour, newest, true, NULL::text)) INTO keys, rows
        FROM (SELECT r.hour FROM @extschema@.analytics_rollup_totals AS r WHERE r.hour < over
              GROUP BY r.hour HAVING count(*) > 1 ORDER BY r.hour LIMIT most_keys) AS k;
    ELSIF kind = 'n' THEN
        newest := (SELECT coalesce(max(r.last_ingested_at), '-infinity') FROM @extschema@.analytics_rollup_tenants AS r
                   WHERE r.tenant_id IS NULL);
        SELECT count(*), sum(@extschema@._analytics_fold_hour(k.hour, newest, false, NULL::text)) INTO keys, rows
        FROM (SELECT r.hour FROM @extschema@.analytics_rollup_tenants AS r WHERE r.tenant_id IS NULL AND r.hour < over
              GROUP BY r.hour HAVING count(*) > 1 ORDER BY r.hour LIMIT most_keys) AS k;
    ELSIF kind = 't' THEN
        newest := (SELECT coalesce(max(r.last_ingested_at), '-infinity') FROM @extschema@.analytics_rollup_tenants AS r
                   WHERE r.tenant_id = subject);
        SELECT count(*), sum(@extschema@._analytics_fold_hour(k.hour, newest, false, subject)) INTO keys, rows
        FROM (SELECT r.hour FROM @extschema@.analytics_rollup_tenants AS r WHERE r.tenant_id = subject AND r.hour < over
              GROUP BY r.hour HAVING count(*) > 1 ORDER BY r.hour LIMIT most_keys) AS k;
    ELSE
        SELECT count(*), sum(@extschema@._analytics_fold_bucket(k.projection, k.bucket_start, k.tenant_id::text))
        INTO keys, rows
        FROM (SELECT b.projection, b.bucket_start, b.tenant_id
              FROM @extschema@.analytics_projections AS p
              JOIN @extschema@.analytics_projection_bags AS b
                  ON b.projection = p.id AND b.bucket_start + p.bucket <= over
              WHERE p.id = subject::integer
              GROUP BY b.projection, b.bucket_start, b.tenant_id HAVING count(*) > 1
              ORDER BY b.bucket_start LIMIT most_keys) AS k;
    END IF;
    items := CASE WHEN keys = most_keys AND rows > 0 THEN ARRAY[item] END;
    rows := coalesce(rows, 0);
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_maintain_bags(timestamptz, text) IS
    'Part of analytics_maintain: folds bags of hours and buckets that are over. '
    'An item is the totals (h), a tenant (t and its name; n: no tenant) or a projection (p and its number). '
    'rows is the number of bags fewer.';

CREATE FUNCTION @extschema@._analytics_maintain_sizes(
    reference timestamptz, item text, OUT rows bigint, OUT items text[])
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    SET TimeZone = 'UTC'
    AS $$
BEGIN
    DELETE FROM @extschema@.analytics_size_history AS h WHERE h.measured_on < reference::date - 400;
    INSERT INTO @extschema@.analytics_size_history AS h (table_name, measured_on, rows, bytes)
    SELECT s.table_name, reference::date, s.rows, s.bytes FROM @extschema@._analytics_table_sizes() AS s
    ON CONFLICT (table_name, measured_on) DO UPDATE SET rows = excluded.rows, bytes = excluded.bytes;
    GET DIAGNOSTICS rows = ROW_COUNT;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_maintain_sizes(timestamptz, text) IS
    'Part of analytics_maintain: notes how large each table is today, for analytics_sizes, and forgets what is older '
    'than 400 days. One step.';
