/* Retention: whole partitions go, and their rollups stay or go with them.
 *
 * Dropping a partition needs the whole table for a moment, and a lock that waits makes everybody wait behind it. So all
 * that takes time is done first, holding only the partition against writers; then the table is locked for the drop alone,
 * with a short lock_timeout. Whoever is in the way makes the attempt fail, and all of it is tried again later.
 *
 * Rollups that stay say more than the events: analytics_kept_rollups knows where, so that analytics_verify does not call
 * it a fault and analytics_rebuild does not mend it. Rollups that go are deleted bag by bag where a bag is of nothing
 * else; events that share a bag with a neighbour are deleted first, and take their counts with them. */

CREATE FUNCTION @extschema@._analytics_forget_rollups(range_start timestamptz, range_end timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    SET TimeZone = 'UTC'
    SET row_security = off
    AS $$
DECLARE
    found_any boolean;
BEGIN
    -- Who is folding a bag makes us wait and leaves a new one behind: once more, until there is none.
    LOOP
        DELETE FROM @extschema@.analytics_rollup_totals AS r WHERE r.hour >= $1 AND r.hour < date_bin('1 hour', $2, '2000-01-01 00:00:00+00');
        found_any := FOUND;
        DELETE FROM @extschema@.analytics_rollup_tenants AS r WHERE r.hour >= $1 AND r.hour < date_bin('1 hour', $2, '2000-01-01 00:00:00+00');
        found_any := found_any OR FOUND;
        DELETE FROM @extschema@.analytics_projection_bags AS b USING @extschema@.analytics_projections AS p
        WHERE p.id = b.projection AND b.bucket_start >= $1 AND b.bucket_start + p.bucket <= $2;
        EXIT WHEN NOT (found_any OR FOUND);
    END LOOP;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_forget_rollups(timestamptz, timestamptz) IS
    'Of analytics_retain: deletes the bags, also of projections, whose hour or bucket lies in the range as a whole.';

CREATE FUNCTION @extschema@._analytics_drop_partitions(
    before timestamptz, keep_rollups boolean,
    OUT partition text, OUT range_start timestamptz, OUT range_end timestamptz, OUT events bigint)
    RETURNS SETOF record
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    SET TimeZone = 'UTC'
    SET row_security = off
    SET lock_timeout = '3s' -- longer than autovacuum needs to get out of the way
    AS $$
DECLARE
    old record;
    own record;
    drops text[] := '{}';
BEGIN
    LOCK TABLE @extschema@.analytics_rollup_totals IN SHARE UPDATE EXCLUSIVE MODE; -- no other retention, and no rebuild
    PERFORM FROM @extschema@.analytics_projections FOR SHARE; -- nor a projection's next chunk

    FOR old IN
        SELECT p.partition, CASE WHEN c.relnamespace = t.relnamespace THEN quote_ident(c.relname) ELSE p.partition::text END AS name,
               p.range_start, p.range_end, c.relkind
        FROM @extschema@.analytics_partitions() AS p JOIN pg_class AS c ON c.oid = p.partition
        JOIN pg_class AS t ON t.oid = '@extschema@.analytics_events'::regclass
        WHERE p.range_end <= before
        ORDER BY p.range_end
    LOOP
        IF old.relkind <> 'f' THEN
            EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', old.partition);
        END IF;
        EXECUTE format('SELECT count(*) FROM %s', old.partition) INTO events;
        IF NOT keep_rollups THEN
            -- Whole hours and buckets: a range may begin and end anywhere, and buckets are of the years 0001 to 9999.
            SELECT greatest(date_bin('1 hour', old.range_start + interval '59 minutes 59.999999 seconds', '2000-01-01 00:00:00+00'),
                            max(CASE WHEN b.first < old.range_start THEN b.first + b.size END)) AS low,
                   least(date_bin('1 hour', old.range_end, '2000-01-01 00:00:00+00'),
                         min(CASE WHEN old.range_end > '0001-01-01 00:00:00+00' THEN @extschema@.analytics_bucket_start(old.range_end, b.size, 'UTC') END)) AS high,
                   EXISTS (SELECT FROM @extschema@.analytics_kept_rollups AS k WHERE k.range_start < old.range_end AND k.range_end > old.range_start) AS is_kept
            INTO own
            FROM (SELECT p.bucket, @extschema@.analytics_bucket_start(greatest(old.range_start, '0001-01-01 00:00:00+00'), p.bucket, 'UTC')
                  FROM @extschema@.analytics_projections AS p) AS b (size, first);
            EXECUTE format('DELETE FROM %s WHERE occurred_at < $1 OR occurred_at >= $2 OR $1 >= $2 OR $3', old.partition)
            USING own.low, own.high, own.is_kept;
            IF NOT own.is_kept THEN
                PERFORM @extschema@._analytics_forget_rollups(old.range_start, old.range_end);
            END IF;
        END IF;
        DELETE FROM @extschema@.analytics_untimed_keys AS k WHERE k.occurred_at >= old.range_start AND k.occurred_at < old.range_end;
        partition := old.name;
        range_start := old.range_start;
        range_end := old.range_end;
        drops := drops || format('DROP %s %s', CASE old.relkind WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END, old.partition);
        IF keep_rollups AND events > 0 THEN
            INSERT INTO @extschema@.analytics_kept_rollups AS k (range_start, range_end) VALUES (old.range_start, old.range_end) ON CONFLICT DO NOTHING;
        END IF;
        RETURN NEXT;
    END LOOP;

    IF NOT keep_rollups THEN
        FOR old IN DELETE FROM @extschema@.analytics_kept_rollups AS k WHERE k.range_end <= before RETURNING k.range_start, k.range_end LOOP
            PERFORM @extschema@._analytics_forget_rollups(old.range_start, old.range_end);
            PERFORM @extschema@._analytics_rebuild(old.range_start, old.range_end);
            partition := NULL;
            range_start := old.range_start;
            range_end := old.range_end;
            events := 0;
            RETURN NEXT;
        END LOOP;
    END IF;

    IF drops <> '{}' THEN
        PERFORM set_config('lock_timeout', '100ms', true); -- from here on everybody waits for us
        LOCK TABLE ONLY @extschema@.analytics_events IN ACCESS EXCLUSIVE MODE;
        EXECUTE array_to_string(drops, '; ');
    END IF;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_drop_partitions(timestamptz, boolean) IS 'One attempt of analytics_retain.';

CREATE FUNCTION @extschema@.analytics_retain(
    keep interval, keep_rollups boolean DEFAULT true,
    OUT partition text, OUT range_start timestamptz, OUT range_end timestamptz, OUT events bigint)
    RETURNS SETOF record
    LANGUAGE c VOLATILE
    AS 'MODULE_PATHNAME', 'analytics_as_owner';

CREATE FUNCTION @extschema@._analytics_retain(
    keep interval, keep_rollups boolean,
    OUT partition text, OUT range_start timestamptz, OUT range_end timestamptz, OUT events bigint)
    RETURNS SETOF record
    LANGUAGE plpgsql VOLATILE
    SET row_security = off -- an owner whom policies restrict is refused, not misled
    SET search_path = pg_catalog, pg_temp
    SET TimeZone = 'UTC'
    AS $$
DECLARE
    attempts CONSTANT integer := 20;
    cutoff timestamptz;
BEGIN
    PERFORM @extschema@._analytics_require_tables();
    IF keep IS NULL OR keep < interval '0' OR keep_rollups IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'keep must be an interval that is not negative, and keep_rollups true or false';
    END IF;
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'active_sql_transaction',
            MESSAGE = 'analytics_retain needs isolation level READ COMMITTED',
            DETAIL = 'An older snapshot might not see all that is to go.';
    END IF;
    BEGIN
        cutoff := now() - keep;
    EXCEPTION WHEN datetime_field_overflow THEN
        cutoff := '-infinity'; -- nothing is that old
    END;
    FOR attempt IN 1 .. attempts LOOP
        BEGIN
            RETURN QUERY SELECT * FROM @extschema@._analytics_drop_partitions(cutoff, keep_rollups);
            RETURN;
        EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
            IF attempt = attempts THEN
                RAISE EXCEPTION USING
                    ERRCODE = 'lock_not_available',
                    MESSAGE = 'analytics_events was in use all the time',
                    DETAIL = format('No partition was dropped in %s attempts, none of which may make others wait for long.', attempts),
                    HINT = 'A transaction that has read or written events is still open; try again when it has ended.';
            END IF;
            PERFORM pg_sleep(0.05 * attempt);
        END;
    END LOOP;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_retain(interval, boolean) IS 'The work of analytics_retain.';

COMMENT ON FUNCTION @extschema@.analytics_retain(interval, boolean) IS
    'Drops the partitions of analytics_events whose whole range is older than now() - keep, and tells which, with their numbers of events. Rollups stay and go on being read, '
    'or go too (keep_rollups => false), also those kept earlier (partition null). Nobody waits longer than a tenth of a second for it, save who writes into a partition that is '
    'to go; it gives up with SQLSTATE 55P03 when the table is never free. Its locks last to the end of the transaction: commit at once. READ COMMITTED only, else 25001.';

REVOKE EXECUTE ON FUNCTION @extschema@.analytics_retain(interval, boolean) FROM PUBLIC;
