/* Retention: old partitions are dropped whole, and their rollups are kept or deleted.
 *
 * A drop locks the whole table for a moment, and while it waits for that lock, everybody else waits behind it. So the
 * slow work is done first, while only the partition is locked against writers. Then the table is locked for the drop
 * alone, with a short lock_timeout. If another transaction is in the way, the attempt fails, and a later attempt does
 * everything again.
 *
 * Kept rollups count events that no longer exist. analytics_kept_rollups has the ranges, so that
 * analytics_verify reports no difference there, and analytics_rebuild repairs none. Where rollups are not kept, the
 * bags of whole hours and buckets of the range are deleted. The events in the rest of the range are deleted one by one
 * first, which subtracts them from the bags that count other events too. */

CREATE FUNCTION @extschema@._analytics_forget_rollups(range_start timestamptz, range_end timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    SET TimeZone = 'UTC'
    SET row_security = off
    AS $$
DECLARE
    found_any boolean;
BEGIN
    PERFORM @extschema@._analytics_note_rows(p.id, $1, $2, false) FROM @extschema@.analytics_projections AS p;
    PERFORM @extschema@._analytics_note_counts($1, $2);
    -- A transaction that folds bags makes us wait, and then a new bag is there: repeat until there is none.
    LOOP
        DELETE FROM @extschema@.analytics_rollup_totals AS r
        WHERE r.hour >= $1 AND r.hour < date_bin('1 hour', $2, '2000-01-01 00:00:00+00');
        found_any := FOUND;
        DELETE FROM @extschema@.analytics_rollup_tenants AS r
        WHERE r.hour >= $1 AND r.hour < date_bin('1 hour', $2, '2000-01-01 00:00:00+00');
        found_any := found_any OR FOUND;
        DELETE FROM @extschema@.analytics_projection_bags AS b USING @extschema@.analytics_projections AS p
        WHERE b.projection IN (p.id, p.next_id) AND b.bucket_start >= $1 AND b.bucket_start + p.bucket <= $2;
        EXIT WHEN NOT (found_any OR FOUND);
    END LOOP;
    -- A build has been there; what has come since is counted again. analytics_rebuild does it for all others.
    UPDATE @extschema@.analytics_projections AS p
    SET built_until = @extschema@.analytics_bucket_start(greatest($1, '0001-01-01 00:00:00+00'), p.bucket, 'UTC')
    WHERE (p.state = 'building' OR p.next_id IS NOT NULL) AND p.built_until > $1;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_forget_rollups(timestamptz, timestamptz) IS
    'Part of analytics_retain: deletes the bags of rollups and projections whose whole hour or bucket is in the range.';

CREATE FUNCTION @extschema@._analytics_drop_partitions(
    cutoff timestamptz, keep_rollups boolean,
    OUT partition text, OUT range_start timestamptz, OUT range_end timestamptz, OUT events bigint)
    RETURNS SETOF record
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    SET TimeZone = 'UTC'
    SET row_security = off
    SET lock_timeout = '3s' -- longer than autovacuum needs to cancel itself
    AS $$
DECLARE
    old record;
    own record;
    drops text[] := '{}';
    starts timestamptz[] := '{}';
    ends timestamptz[] := '{}';
BEGIN
    LOCK TABLE @extschema@.analytics_rollup_totals IN SHARE UPDATE EXCLUSIVE MODE; -- no other retention or rebuild now
    PERFORM FROM @extschema@.analytics_projections FOR SHARE; -- and no step of a projection's build

    FOR old IN
        SELECT p.partition, p.range_start, p.range_end, c.relkind,
               CASE WHEN c.relnamespace = t.relnamespace THEN quote_ident(c.relname) ELSE p.partition::text END AS name
        FROM @extschema@.analytics_partitions() AS p JOIN pg_class AS c ON c.oid = p.partition
        JOIN pg_class AS t ON t.oid = '@extschema@.analytics_events'::regclass
        WHERE p.range_end <= cutoff
        ORDER BY p.range_end
    LOOP
        IF old.relkind <> 'f' THEN
            EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', old.partition);
        END IF;
        EXECUTE format('SELECT count(*) FROM %s', old.partition) INTO events;
        IF NOT keep_rollups THEN
            -- [low, high) has whole hours and buckets only. Buckets are of the years 0001 to 9999.
            SELECT greatest(
                       date_bin('1 hour', old.range_start + interval '59 minutes 59.999999 seconds',
                                '2000-01-01 00:00:00+00'),
                       max(CASE WHEN b.first < old.range_start THEN b.first + b.size END)) AS low,
                   least(
                       date_bin('1 hour', old.range_end, '2000-01-01 00:00:00+00'),
                       min(CASE WHEN old.range_end > '0001-01-01 00:00:00+00'
                                THEN @extschema@.analytics_bucket_start(old.range_end, b.size, 'UTC') END)) AS high,
                   EXISTS (SELECT FROM @extschema@.analytics_kept_rollups AS k
                           WHERE k.range_start < old.range_end AND k.range_end > old.range_start) AS is_kept
            INTO own
            FROM (SELECT p.bucket, @extschema@.analytics_bucket_start(
                             greatest(old.range_start, '0001-01-01 00:00:00+00'), p.bucket, 'UTC')
                  FROM @extschema@.analytics_projections AS p) AS b (size, first);
            EXECUTE format(
                'DELETE FROM %s WHERE occurred_at < $1 OR occurred_at >= $2 OR $1 >= $2 OR $3', old.partition)
            USING own.low, own.high, own.is_kept;
            IF NOT own.is_kept THEN
                PERFORM @extschema@._analytics_forget_rollups(old.range_start, old.range_end);
            END IF;
        END IF;
        DELETE FROM @extschema@.analytics_untimed_keys AS k
        WHERE k.occurred_at >= old.range_start AND k.occurred_at < old.range_end;
        partition := old.name;
        range_start := old.range_start;
        range_end := old.range_end;
        drops := drops
            || format('DROP %s %s', CASE old.relkind WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END, old.partition);
        starts := starts || old.range_start;
        ends := ends || old.range_end;
        IF keep_rollups AND events > 0 THEN
            PERFORM @extschema@._analytics_note_rows(
                p.id, greatest(old.range_start, '0001-01-01 00:00:00+00') - p.bucket, old.range_end, true)
            FROM @extschema@.analytics_projections AS p;
            INSERT INTO @extschema@.analytics_kept_rollups AS k (range_start, range_end)
            VALUES (old.range_start, old.range_end) ON CONFLICT DO NOTHING;
        END IF;
        RETURN NEXT;
    END LOOP;

    IF drops <> '{}' THEN
        PERFORM set_config('lock_timeout', '50ms', true); -- while we wait for this lock, everybody waits behind us
        LOCK TABLE ONLY @extschema@.analytics_events IN ACCESS EXCLUSIVE MODE;
        PERFORM @extschema@._analytics_feed_drop(d.range_start, d.range_end)
        FROM unnest(starts, ends) AS d (range_start, range_end);
        EXECUTE array_to_string(drops, '; ');
    END IF;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_drop_partitions(timestamptz, boolean) IS
    'One attempt of analytics_retain: drops the partitions that end at the cutoff or before, the oldest first.';

CREATE FUNCTION @extschema@._analytics_drop_partition(partition regclass, cutoff timestamptz) RETURNS bigint
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    SET TimeZone = 'UTC'
    SET row_security = off
    SET lock_timeout = '3s' -- longer than autovacuum needs to cancel itself; writers and readers pass
    AS $$
DECLARE
    old record;
    events bigint;
BEGIN
    LOCK TABLE @extschema@.analytics_rollup_totals IN SHARE UPDATE EXCLUSIVE MODE; -- no other retention or rebuild now
    PERFORM FROM @extschema@.analytics_projections FOR SHARE; -- and no step of a projection's build
    SELECT p.range_start, p.range_end, c.relkind INTO old
    FROM @extschema@.analytics_partitions() AS p JOIN pg_class AS c ON c.oid = p.partition
    WHERE p.partition = $1 AND p.range_end <= $2;
    IF NOT FOUND THEN
        RETURN 0; -- somebody else was faster
    END IF;
    events := (SELECT coalesce(sum(c.count), 0) FROM @extschema@.analytics_rollup_totals AS r
               CROSS JOIN @extschema@.analytics_bag_cells(r.hour, r.cells) AS c
               WHERE r.hour > old.range_start - interval '1 hour' AND r.hour < old.range_end
                   AND c.minute >= old.range_start AND c.minute < old.range_end);
    INSERT INTO @extschema@.analytics_kept_rollups AS k (range_start, range_end)
    VALUES (old.range_start, old.range_end) ON CONFLICT DO NOTHING;
    PERFORM @extschema@._analytics_note_rows(
        p.id, greatest(old.range_start, '0001-01-01 00:00:00+00') - p.bucket, old.range_end, true)
    FROM @extschema@.analytics_projections AS p;
    IF old.relkind <> 'f' THEN
        EXECUTE format('LOCK TABLE %s IN SHARE UPDATE EXCLUSIVE MODE', $1);
    END IF;
    PERFORM set_config('lock_timeout', '30ms', true); -- while we wait for these two locks, others wait behind us
    LOCK TABLE ONLY @extschema@.analytics_events IN ACCESS EXCLUSIVE MODE;
    PERFORM @extschema@._analytics_feed_drop(old.range_start, old.range_end);
    EXECUTE format('DROP %s %s', CASE old.relkind WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END, $1);
    RETURN events;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_drop_partition(regclass, timestamptz) IS
    'Drops a partition that ends at the cutoff or before, keeps its counts, and returns how many events they count. '
    'Nobody waits for longer than a tenth of a second: that is why it counts no events, and forgets no counts.';

CREATE FUNCTION @extschema@._analytics_drop_kept_rollups(
    cutoff timestamptz, max_ranges integer, OUT range_start timestamptz, OUT range_end timestamptz)
    RETURNS SETOF record
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    SET row_security = off
    SET lock_timeout = '3s' -- as above
    AS $$
BEGIN
    LOCK TABLE @extschema@.analytics_rollup_totals IN SHARE UPDATE EXCLUSIVE MODE; -- no other retention or rebuild now
    PERFORM FROM @extschema@.analytics_projections FOR SHARE; -- and no step of a projection's build
    FOR range_start, range_end IN
        DELETE FROM @extschema@.analytics_kept_rollups AS k
        WHERE (k.range_end, k.range_start) IN (
            SELECT o.range_end, o.range_start FROM @extschema@.analytics_kept_rollups AS o
            WHERE o.range_end <= cutoff ORDER BY o.range_end, o.range_start LIMIT max_ranges)
        RETURNING k.range_start, k.range_end
    LOOP
        PERFORM @extschema@._analytics_forget_rollups(range_start, range_end);
        PERFORM @extschema@._analytics_rebuild(range_start, range_end);
        RETURN NEXT;
    END LOOP;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_drop_kept_rollups(timestamptz, integer) IS
    'Deletes the counts that were kept of ranges that end at the cutoff or before, at most max_ranges (null: all), but '
    'those of events that have come since.';

CREATE FUNCTION @extschema@.analytics_retain(
    older_than interval, keep_rollups boolean DEFAULT true,
    OUT partition text, OUT range_start timestamptz, OUT range_end timestamptz, OUT events bigint)
    RETURNS SETOF record
    LANGUAGE c VOLATILE
    AS 'MODULE_PATHNAME', 'analytics_as_owner';

CREATE FUNCTION @extschema@._analytics_retain(
    older_than interval, keep_rollups boolean,
    OUT partition text, OUT range_start timestamptz, OUT range_end timestamptz, OUT events bigint)
    RETURNS SETOF record
    LANGUAGE plpgsql VOLATILE
    SET row_security = off -- an error if policies restrict the owner, instead of a wrong answer
    SET search_path = pg_catalog, pg_temp
    SET TimeZone = 'UTC'
    AS $$
DECLARE
    attempts CONSTANT integer := 20;
    cutoff timestamptz;
BEGIN
    PERFORM @extschema@._analytics_require_tables();
    IF older_than IS NULL OR older_than < interval '0' OR keep_rollups IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'older_than must be an interval that is not negative, and keep_rollups true or false';
    END IF;
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'active_sql_transaction',
            MESSAGE = 'analytics_retain needs isolation level READ COMMITTED',
            DETAIL = 'An older snapshot might not see all events that are to be dropped.';
    END IF;
    BEGIN
        cutoff := now() - older_than;
    EXCEPTION WHEN datetime_field_overflow THEN
        cutoff := '-infinity'; -- nothing is that old
    END;
    FOR attempt IN 1 .. attempts LOOP
        BEGIN
            IF NOT keep_rollups THEN
                RETURN QUERY SELECT NULL::text, k.range_start, k.range_end, 0::bigint
                             FROM @extschema@._analytics_drop_kept_rollups(cutoff, NULL::integer) AS k;
            END IF;
            RETURN QUERY SELECT * FROM @extschema@._analytics_drop_partitions(cutoff, keep_rollups);
            RETURN;
        EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
            IF attempt = attempts THEN
                RAISE EXCEPTION USING
                    ERRCODE = 'lock_not_available',
                    MESSAGE = 'analytics_events was in use at every attempt',
                    DETAIL = format('No partition was dropped in %s attempts. '
                                    'Each waits only briefly for its lock, because others wait behind it.', attempts),
                    HINT = 'A transaction that has read or written events is still open. Try again when it has ended.';
            END IF;
            PERFORM pg_sleep(0.05 * attempt);
        END;
    END LOOP;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_retain(interval, boolean) IS 'Does the work of analytics_retain.';

COMMENT ON FUNCTION @extschema@.analytics_retain(interval, boolean) IS
    'Drops the partitions of analytics_events whose whole range is older than now() - older_than, and returns each '
    'with its number of events. Rollups and projections still count the dropped events. '
    'If keep_rollups is false, these counts are deleted too, and also those that earlier calls kept: each range of '
    'theirs is a row with partition null. '
    'Writers into a partition that is dropped wait to the end of the transaction. '
    'Other sessions wait 100 ms at most, until the drop succeeds. It locks analytics_events in ACCESS EXCLUSIVE mode '
    'to the end of the transaction, so commit at once. '
    'SQLSTATE 55P03: the table was in use at all 20 attempts, and nothing was dropped. '
    'Needs isolation level READ COMMITTED, else SQLSTATE 25001. A negative or null older_than is SQLSTATE 22023. '
    'Runs with the rights of the tables'' owner.';

REVOKE EXECUTE ON FUNCTION @extschema@.analytics_retain(interval, boolean) FROM PUBLIC;
