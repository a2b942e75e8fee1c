/* The parts of maintenance. Each is a function of the time and an item. Without an item it returns the items that there
 * are, or does all in one step. With an item it works on it. rows is how many rows that concerned, items is what is to
 * be done next, null when there is nothing, and failure says what this step could not do, while it goes on with the
 * rest. analytics_maintain_step calls them.
 *
 * Rows may refuse to go: a trigger of the operator keeps them, or a foreign key. A statement that fails is repeated
 * with an eighth of its rows, down to the single row that refuses, and all the others go. */

CREATE FUNCTION @extschema@._analytics_maintenance_parts() RETURNS text[]
    LANGUAGE sql IMMUTABLE
    SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT '{new_partitions,events,old_partitions,counts,dead_letters,untimed_keys,retired_groups,outbox,projections,'
           'bags,sizes}'::text[]
$$;

COMMENT ON FUNCTION @extschema@._analytics_maintenance_parts() IS
    'The parts of analytics_maintain, in their order. Each is a function _analytics_maintain_… of that name.';

CREATE FUNCTION @extschema@._analytics_tell_kept(part text, kept bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF kept > 0 THEN
        RAISE NOTICE '%: % rows stay: other transactions hold them, or a trigger keeps them', part, kept;
    END IF;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_tell_kept(text, bigint) IS
    'Part of analytics_maintain: a NOTICE about rows that have expired and were not deleted.';

CREATE FUNCTION @extschema@._analytics_maintain_new_partitions(
    reference timestamptz, item text, OUT rows bigint, OUT items text[], OUT failure text)
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
    reference timestamptz, item text, OUT rows bigint, OUT items text[], OUT failure text)
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    SET TimeZone = 'UTC'
    SET DateStyle = 'ISO'
    AS $$
DECLARE
    most_rows CONSTANT integer := 2000; -- that a step reads, and may delete, in some tens of milliseconds
    most_events CONSTANT integer := 20000; -- in the hours of an item, if these are more than one
    size integer;
    after_id uuid;
    times timestamptz[];
    room integer;
    hour timestamptz;
    hour_end timestamptz;
    page record;
    deleted bigint;
    refused boolean;
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
                    SELECT h.hour, div(sum(h.events) OVER (ORDER BY h.hour), most_events) AS number
                    FROM hours AS h WHERE h.has_expired
                )
                SELECT (ARRAY[most_rows::text, NULL] || array_agg(i.hour::text ORDER BY i.hour))::text
                FROM items AS i GROUP BY i.number ORDER BY i.number);
        END IF;
        RETURN;
    END IF;

    size := (item::text[])[1];
    after_id := (item::text[])[2];
    times := (item::text[])[3:];
    room := size;
    WHILE times <> '{}' AND room > 0 AND items IS NULL LOOP
        hour := date_bin('1 hour', times[1], '2000-01-01 00:00:00+00');
        hour_end := hour + interval '1 hour';
        -- Nothing is locked yet: most of what is read may stay.
        SELECT count(*) AS read, (array_agg(p.occurred_at))[count(*)::integer] AS last_time,
               (array_agg(p.id))[count(*)::integer] AS last_id,
               min(p.occurred_at) FILTER (WHERE p.has_expired) AS low,
               max(p.occurred_at) FILTER (WHERE p.has_expired) AS high,
               array_agg(p.occurred_at) FILTER (WHERE p.has_expired) AS times,
               array_agg(p.id) FILTER (WHERE p.has_expired) AS ids
        INTO page
        FROM (
            WITH rules AS MATERIALIZED (
                SELECT * FROM @extschema@._analytics_event_rules(reference)
            )
            SELECT o.occurred_at, o.id,
                   (SELECT hour >= r.delete_start AND hour < r.delete_end FROM rules AS r
                    WHERE (r.event_types IS NULL OR o.event_type::text = ANY (r.event_types))
                        AND (r.tenant_id IS NULL OR o.tenant_id::text = r.tenant_id)
                    ORDER BY r.number LIMIT 1) AS has_expired
            FROM @extschema@.analytics_events AS o
            WHERE o.occurred_at >= times[1] AND o.occurred_at < hour_end
                AND (after_id IS NULL OR (o.occurred_at, o.id) > (times[1], after_id))
            ORDER BY o.occurred_at, o.id LIMIT room) AS p;
        refused := false;
        IF page.ids IS NOT NULL THEN
            BEGIN
                WITH expired AS MATERIALIZED (
                    SELECT e.occurred_at, e.id FROM unnest(page.times, page.ids) AS x (occurred_at, id)
                    JOIN @extschema@.analytics_events AS e ON e.occurred_at = x.occurred_at AND e.id = x.id
                    WHERE e.occurred_at >= page.low AND e.occurred_at <= page.high
                    FOR UPDATE OF e SKIP LOCKED
                ), gone AS (
                    DELETE FROM @extschema@.analytics_events AS e USING expired AS x
                    WHERE e.occurred_at = x.occurred_at AND e.id = x.id
                        AND e.occurred_at >= page.low AND e.occurred_at <= page.high
                    RETURNING e.id
                )
                SELECT count(*) INTO deleted FROM gone;
                rows := rows + deleted;
                PERFORM @extschema@._analytics_tell_kept('events'::text, cardinality(page.ids) - deleted);
            EXCEPTION
                WHEN lock_not_available OR deadlock_detected OR serialization_failure THEN
                    RAISE;
                WHEN OTHERS THEN
                    refused := true;
                    IF cardinality(page.ids) = 1 THEN
                        failure := coalesce(failure, format('%s: %s', SQLSTATE, SQLERRM));
                    ELSE
                        items := ARRAY[(
                            ARRAY[greatest(page.read / 8, 1)::text, after_id::text] || times::text[])::text];
                    END IF;
            END;
        END IF;
        CONTINUE WHEN items IS NOT NULL;
        IF page.read < room THEN -- the hour is done
            times := times[2:];
            after_id := NULL;
        ELSE
            times[1] := page.last_time;
            after_id := page.last_id;
        END IF;
        room := CASE WHEN refused THEN 0 ELSE room - page.read END;
    END LOOP;
    IF items IS NULL AND times <> '{}' THEN
        size := CASE WHEN refused THEN size ELSE least(size * 8, most_rows) END;
        items := ARRAY[(ARRAY[size::text, after_id::text] || times::text[])::text];
    END IF;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_maintain_events(timestamptz, text) IS
    'Part of analytics_maintain: deletes expired events that no dropped partition takes along, by the ordinary '
    'triggers. An item is how many events a step reads, the id behind which and the time at which it goes on, and more '
    'hours that have expired events. A step reads at most 2000 events.';

CREATE FUNCTION @extschema@._analytics_maintain_old_partitions(
    reference timestamptz, item text, OUT rows bigint, OUT items text[], OUT failure text)
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    rule record;
    counts record;
BEGIN
    rows := 0;
    SELECT r.* INTO rule FROM @extschema@._analytics_event_rules(reference) AS r LIMIT 1;
    IF item IS NULL THEN
        items := ARRAY(SELECT p.partition::oid::text FROM @extschema@.analytics_partitions() AS p
                       WHERE p.range_end <= rule.drop_end ORDER BY p.range_end);
        IF items <> '{}' AND NOT rule.keep_counts THEN
            items := items || 'counts'::text;
        END IF;
    ELSIF item = 'counts' THEN
        SELECT c.* INTO counts FROM @extschema@._analytics_maintain_counts(reference, NULL::text) AS c;
        items := CASE WHEN counts.items IS NOT NULL THEN ARRAY[item] END;
    ELSE
        rows := @extschema@._analytics_drop_partition(item::oid::regclass, rule.drop_end);
    END IF;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_maintain_old_partitions(timestamptz, text) IS
    'Part of analytics_maintain: drops partitions whose events have all expired. An item is the OID of a partition, or '
    'counts: forget the counts of one that is gone. rows is the number of events by these counts.';

CREATE FUNCTION @extschema@._analytics_maintain_counts(
    reference timestamptz, item text, OUT rows bigint, OUT items text[], OUT failure text)
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    cutoff CONSTANT timestamptz := greatest(
        @extschema@._analytics_keep_until('counts'::text, reference),
        (SELECT r.cutoff FROM @extschema@._analytics_rule_for_all(reference) AS r WHERE NOT r.keep_counts));
BEGIN
    rows := 0;
    IF EXISTS (SELECT FROM @extschema@.analytics_kept_rollups AS k WHERE k.range_end <= cutoff) THEN
        rows := (SELECT count(*) FROM @extschema@._analytics_drop_kept_rollups(cutoff, 1));
    END IF;
    items := CASE WHEN rows > 0 THEN ARRAY['more'] END;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_maintain_counts(timestamptz, text) IS
    'Part of analytics_maintain: deletes the counts of one range whose events were dropped before, and is to be called '
    'again.';

CREATE FUNCTION @extschema@._analytics_delete_expired(
    part text, expired text, bytes text, cutoff timestamptz, other_cutoff timestamptz, item text,
    OUT rows bigint, OUT items text[], OUT failure text)
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    relation CONSTANT text := format('%s.%I', '@extschema@', 'analytics_' || part);
    places tid[];
    deleted bigint;
    size integer;
BEGIN
    rows := 0;
    IF greatest(cutoff, other_cutoff) = '-infinity' THEN
        RETURN;
    ELSIF item IS NULL THEN
        -- An item has at most a thousand rows or 4 MiB, in at most a thousand pages.
        EXECUTE format(
            'SELECT array_agg(ARRAY[c.low, c.high]::text ORDER BY c.low) FROM ('
            'SELECT min(s.place) AS low, max(s.place) AS high FROM ('
            'SELECT e.place, div(e.page, 1000) AS pages, div(sum(e.cost) OVER (ORDER BY e.place), 1000) AS number '
            'FROM (SELECT t.ctid AS place, (t.ctid::text::point)[0]::numeric AS page, '
            '1 + div(coalesce(%s, 0)::numeric, 4096) AS cost FROM %s AS t WHERE %s) AS e) AS s '
            'GROUP BY s.pages, s.number) AS c', bytes, relation, expired)
        INTO items USING cutoff, other_cutoff;
        RETURN;
    END IF;

    EXECUTE format(
        'SELECT array_agg(l.ctid ORDER BY l.ctid) FROM (SELECT t.ctid FROM %s AS t '
        'WHERE t.ctid >= $3 AND t.ctid <= $4 AND (%s) FOR UPDATE SKIP LOCKED) AS l', relation, expired)
    INTO places USING cutoff, other_cutoff, (item::tid[])[1], (item::tid[])[2];
    IF places IS NULL THEN
        RETURN;
    END IF;
    BEGIN
        EXECUTE format('DELETE FROM %s AS t WHERE t.ctid = ANY ($3) AND (%s)', relation, expired)
        USING cutoff, other_cutoff, places;
        GET DIAGNOSTICS deleted = ROW_COUNT;
        rows := deleted;
        PERFORM @extschema@._analytics_tell_kept(part, cardinality(places) - deleted);
    EXCEPTION
        WHEN lock_not_available OR deadlock_detected OR serialization_failure THEN
            RAISE;
        WHEN OTHERS THEN
            IF cardinality(places) = 1 THEN
                failure := format('%s: %s', SQLSTATE, SQLERRM);
            ELSE
                size := (cardinality(places) + 7) / 8;
                items := ARRAY(
                    SELECT ARRAY[places[n], places[least(n + size - 1, cardinality(places))]]::text
                    FROM generate_series(1, cardinality(places), size) AS n);
            END IF;
    END;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_delete_expired(text, text, text, timestamptz, timestamptz, text) IS
    'Part of analytics_maintain: deletes rows t of a table by a condition with the cutoffs $1 and $2. bytes: the size '
    'of a row''s values outside of the page. An item is the first and the last place (ctid) of some rows.';

CREATE FUNCTION @extschema@._analytics_maintain_dead_letters(
    reference timestamptz, item text, OUT rows bigint, OUT items text[], OUT failure text)
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    SELECT d.* INTO rows, items, failure
    FROM @extschema@._analytics_delete_expired(
        'dead_letters'::text, 't.received_at < $1 OR t.received_at < $2 AND t.replayed_at IS NOT NULL'::text,
        'octet_length(t.value)'::text, @extschema@._analytics_keep_until('dead_letters'::text, reference),
        @extschema@._analytics_keep_until('replayed_dead_letters'::text, reference), item) AS d;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_maintain_dead_letters(timestamptz, text) IS
    'Part of analytics_maintain: deletes dead letters by the rules dead_letters and replayed_dead_letters, published '
    'or not.';

CREATE FUNCTION @extschema@._analytics_maintain_untimed_keys(
    reference timestamptz, item text, OUT rows bigint, OUT items text[], OUT failure text)
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    dropped_until CONSTANT timestamptz := (
        least((SELECT coalesce(max(r.cutoff), '-infinity') FROM @extschema@._analytics_rule_for_all(reference) AS r),
              (SELECT min(p.range_start) FROM @extschema@.analytics_partitions() AS p)));
BEGIN
    SELECT d.* INTO rows, items, failure
    FROM @extschema@._analytics_delete_expired(
        'untimed_keys'::text, 't.occurred_at < $1 OR t.occurred_at < $2'::text, '0'::text,
        @extschema@._analytics_keep_until('untimed_keys'::text, reference),
        dropped_until, item) AS d;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_maintain_untimed_keys(timestamptz, text) IS
    'Part of analytics_maintain: forgets the keys of events without a time of their own, by the rule untimed_keys, and '
    'those whose event a dropped partition took along. '
    'From then on a redelivery of such an event is an event again.';

CREATE FUNCTION @extschema@._analytics_maintain_retired_groups(
    reference timestamptz, item text, OUT rows bigint, OUT items text[], OUT failure text)
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    cutoff CONSTANT timestamptz := @extschema@._analytics_keep_until('retired_groups'::text, reference);
    locked bigint;
BEGIN
    rows := 0;
    IF item IS NULL THEN
        items := ARRAY(SELECT k.consumer_group FROM @extschema@.analytics_kafka_offsets AS k
                       GROUP BY k.consumer_group HAVING bool_and(coalesce(k.retired_at < cutoff, false)));
        RETURN;
    END IF;
    -- A group is kept whole if one of its partitions is owned again, or somebody is about to own it.
    locked := (SELECT count(*)
               FROM (SELECT FROM @extschema@.analytics_kafka_offsets AS k
                     WHERE k.consumer_group = item AND k.retired_at < cutoff FOR UPDATE SKIP LOCKED) AS l);
    IF locked = (SELECT count(*) FROM @extschema@.analytics_kafka_offsets AS k WHERE k.consumer_group = item) THEN
        DELETE FROM @extschema@.analytics_kafka_offsets AS k WHERE k.consumer_group = item AND k.retired_at < cutoff;
        GET DIAGNOSTICS rows = ROW_COUNT;
        DELETE FROM @extschema@.analytics_kafka_gaps AS g WHERE g.consumer_group = item;
    END IF;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_maintain_retired_groups(timestamptz, text) IS
    'Part of analytics_maintain: forgets the offsets and gaps of retired groups, by the rule retired_groups. '
    'An item is a group.';

CREATE FUNCTION @extschema@._analytics_maintain_sizes(
    reference timestamptz, item text, OUT rows bigint, OUT items text[], OUT failure text)
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
