/* Maintenance: all that time asks for, in one call.
 *
 * CALL analytics_maintain() works part by part. A part is a queue of items, and each item is a step in a transaction of
 * its own: short, and safe to repeat. So a call that was interrupted leaves nothing undone, the next one continues it,
 * and two at once share the work. A part that fails does not keep the others from their work.
 *
 * A procedure cannot return rows, and a cursor would end with the first commit. So the answer is the table
 * analytics_maintenance, a row a part, which daemons and people read later too. NOTICEs tell who is watching.
 *
 * The procedure commits, so it can have neither SECURITY DEFINER nor SET, and qualifies everything. The steps have
 * both, by analytics_as_owner: their callers need no right on the tables. */

CREATE FUNCTION @extschema@._analytics_maintain_step(
    part text, reference timestamptz, item text, OUT rows bigint, OUT items text[])
    LANGUAGE plpgsql VOLATILE
    SET jit = off -- compiling takes longer than all the rest
    SET lock_timeout = '50ms' -- so nobody waits for longer behind a lock that a step waits for
    SET plan_cache_mode = force_custom_plan
    SET row_security = off -- an error if policies restrict the owner, instead of deleting less
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM @extschema@._analytics_require_tables();
    CASE part
    WHEN 'new_partitions' THEN
        SELECT s.* INTO rows, items FROM @extschema@._analytics_maintain_new_partitions(reference, item) AS s;
    WHEN 'events' THEN
        SELECT s.* INTO rows, items FROM @extschema@._analytics_maintain_events(reference, item) AS s;
    WHEN 'old_partitions' THEN
        SELECT s.* INTO rows, items FROM @extschema@._analytics_maintain_old_partitions(reference, item) AS s;
    WHEN 'counts' THEN
        SELECT s.* INTO rows, items FROM @extschema@._analytics_maintain_counts(reference, item) AS s;
    WHEN 'dead_letters' THEN
        SELECT s.* INTO rows, items FROM @extschema@._analytics_maintain_dead_letters(reference, item) AS s;
    WHEN 'untimed_keys' THEN
        SELECT s.* INTO rows, items FROM @extschema@._analytics_maintain_untimed_keys(reference, item) AS s;
    WHEN 'retired_groups' THEN
        SELECT s.* INTO rows, items FROM @extschema@._analytics_maintain_retired_groups(reference, item) AS s;
    WHEN 'bags' THEN
        SELECT s.* INTO rows, items FROM @extschema@._analytics_maintain_bags(reference, item) AS s;
    WHEN 'sizes' THEN
        SELECT s.* INTO rows, items FROM @extschema@._analytics_maintain_sizes(reference, item) AS s;
    ELSE
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value', MESSAGE = format('maintenance has no part "%s"', part);
    END CASE;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_maintain_step(text, timestamptz, text) IS
    'Does the work of analytics_maintain_step.';

CREATE FUNCTION @extschema@.analytics_maintain_step(
    part text, reference timestamptz, item text, OUT rows bigint, OUT items text[])
    LANGUAGE c VOLATILE
    AS 'MODULE_PATHNAME', 'analytics_as_owner';

COMMENT ON FUNCTION @extschema@.analytics_maintain_step(text, timestamptz, text) IS
    'One step of analytics_maintain, which calls it. With item null it answers the items of the part, else it works on '
    'the item. rows: how many rows that concerned. items: what is to be done next, null when it is done. '
    'Waits at most 50 ms for a lock, else SQLSTATE 55P03. An unknown part is SQLSTATE 22023. '
    'Runs with the rights of the tables'' owner.';

CREATE FUNCTION @extschema@._analytics_record_maintenance(
    part text, started_at timestamptz, rows bigint, failure text) RETURNS void
    LANGUAGE sql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $$
    INSERT INTO @extschema@.analytics_maintenance AS m (part, started_at, seconds, rows, succeeded_at, failure)
    SELECT $1, $2, extract(epoch FROM t.now - $2), $3, CASE WHEN $4 IS NULL THEN t.now END, $4
    FROM (SELECT clock_timestamp()) AS t (now)
    ON CONFLICT (part) DO UPDATE
        SET started_at = excluded.started_at, seconds = excluded.seconds, rows = excluded.rows,
            succeeded_at = coalesce(excluded.succeeded_at, m.succeeded_at), failure = excluded.failure
$$;

COMMENT ON FUNCTION @extschema@._analytics_record_maintenance(text, timestamptz, bigint, text) IS
    'Does the work of analytics_record_maintenance.';

CREATE FUNCTION @extschema@.analytics_record_maintenance(
    part text, started_at timestamptz, rows bigint, failure text) RETURNS void
    LANGUAGE c VOLATILE
    AS 'MODULE_PATHNAME', 'analytics_as_owner';

COMMENT ON FUNCTION @extschema@.analytics_record_maintenance(text, timestamptz, bigint, text) IS
    'Writes the row of a part into analytics_maintenance: analytics_maintain calls it. '
    'Runs with the rights of the tables'' owner.';

CREATE PROCEDURE @extschema@.analytics_maintain(reference timestamptz DEFAULT NULL)
    LANGUAGE plpgsql -- with a SET clause COMMIT is not allowed, so everything is qualified instead
    AS $$
DECLARE
    most_attempts CONSTANT integer := 10;
    time_now CONSTANT timestamp with time zone := coalesce(reference, pg_catalog.now());
    part pg_catalog.text;
    queue pg_catalog.text[];
    place integer;
    attempt integer;
    done pg_catalog.record;
    rows bigint;
    started_at timestamp with time zone;
    state pg_catalog.text;
    failure pg_catalog.text;
    failures pg_catalog.text[];
BEGIN
    FOREACH part IN ARRAY '{new_partitions,events,old_partitions,counts,dead_letters,untimed_keys,'
        'retired_groups,bags,sizes}'::pg_catalog.text[]
    LOOP
        started_at := pg_catalog.clock_timestamp();
        rows := 0;
        failure := NULL;
        queue := ARRAY[NULL::pg_catalog.text];
        place := 1;
        attempt := 1;
        WHILE failure IS NULL AND place OPERATOR(pg_catalog.<=) pg_catalog.cardinality(queue) LOOP
            COMMIT;
            SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
            BEGIN
                SELECT s.rows, s.items INTO done
                FROM @extschema@.analytics_maintain_step(part, time_now, queue[place]) AS s;
                rows := rows OPERATOR(pg_catalog.+) done.rows;
                IF done.items IS NULL THEN
                    place := place OPERATOR(pg_catalog.+) 1;
                ELSE
                    queue := pg_catalog.array_cat(done.items, queue[place OPERATOR(pg_catalog.+) 1:]);
                    place := 1;
                END IF;
                attempt := 1;
            EXCEPTION
                WHEN lock_not_available OR deadlock_detected OR serialization_failure THEN
                    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, failure = MESSAGE_TEXT;
                    IF attempt OPERATOR(pg_catalog.<) most_attempts THEN
                        failure := NULL;
                    END IF;
                    attempt := attempt OPERATOR(pg_catalog.+) 1;
                WHEN OTHERS THEN
                    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, failure = MESSAGE_TEXT;
            END;
            IF attempt OPERATOR(pg_catalog.>) 1 THEN
                COMMIT;
                PERFORM pg_catalog.pg_sleep(0.1::pg_catalog.float8 OPERATOR(pg_catalog.*) attempt::pg_catalog.float8);
            END IF;
        END LOOP;
        IF failure IS NOT NULL THEN
            failure := pg_catalog.format('%s: %s', state, failure);
            failures := pg_catalog.array_append(failures, pg_catalog.format('%s: %s', part, failure));
        END IF;
        PERFORM @extschema@.analytics_record_maintenance(part, started_at, rows, failure);
        COMMIT;
        RAISE NOTICE '%: % rows in % s%', part, rows, pg_catalog.round(pg_catalog.date_part(
            'epoch'::pg_catalog.text,
            pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) started_at)::pg_catalog.numeric, 3),
            CASE WHEN failure IS NULL THEN '' ELSE pg_catalog.format(' (failed: %s)', failure) END;
    END LOOP;
    IF failures IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = state,
            MESSAGE = 'maintenance could not do all',
            DETAIL = pg_catalog.array_to_string(failures, E'\n'),
            HINT = 'The other parts are done. Remove the cause, and call analytics_maintain() again.';
    END IF;
END
$$;

COMMENT ON PROCEDURE @extschema@.analytics_maintain(timestamptz) IS
    'Does all that time asks for, in short transactions: makes the partitions of now and of the time that follows, '
    'deletes what the rules in analytics_retention let go, folds what was left unfolded, and notes how large the '
    'tables are. Call it once a day, outside a transaction block (else SQLSTATE 2D000). '
    'analytics_maintenance then has a row a part: what, when, how long, how many rows. '
    'A part that fails does not keep the others from their work; at the end its error is raised. '
    'A call that was interrupted is continued by the next. reference is the time to take for now, null for now itself. '
    'The caller needs EXECUTE on it, on analytics_maintain_step and on analytics_record_maintenance, and no right on '
    'the tables. Their owner needs EXECUTE on analytics_create_partition.';

CREATE FUNCTION @extschema@._analytics_maintenance_state(OUT maintained_at timestamptz, OUT failed_parts bigint)
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    SELECT min(m.succeeded_at), count(m.failure) INTO maintained_at, failed_parts
    FROM @extschema@.analytics_maintenance AS m;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_maintenance_state() IS 'Does the work of analytics_maintenance_state.';

CREATE FUNCTION @extschema@.analytics_maintenance_state(OUT maintained_at timestamptz, OUT failed_parts bigint)
    LANGUAGE c STABLE
    AS 'MODULE_PATHNAME', 'analytics_as_owner';

COMMENT ON FUNCTION @extschema@.analytics_maintenance_state() IS
    'When every part of maintenance had last succeeded (null: never), and how many parts failed when they last ran. '
    'Anybody may ask. Runs with the rights of the tables'' owner.';

REVOKE EXECUTE ON FUNCTION
    @extschema@.analytics_maintain_step(text, timestamptz, text),
    @extschema@.analytics_record_maintenance(text, timestamptz, bigint, text) FROM PUBLIC;
REVOKE EXECUTE ON PROCEDURE @extschema@.analytics_maintain(timestamptz) FROM PUBLIC;
