/* Maintenance: all that time asks for, in one call.
 *
 * CALL analytics_maintain() works part by part. A part is a queue of items, and each item is a step in a transaction of
 * its own: short, and safe to repeat. So a call that was interrupted leaves nothing undone, the next one continues it,
 * and two at once share the work. An item that fails does not keep the others from their work. What does not get a
 * lock, because pg_dump or a long report holds the table, is tried again when all else is done.
 *
 * A procedure cannot return rows, and a cursor would end with the first commit. So the answer is the table
 * analytics_maintenance, a row a part, which daemons and people read later too. NOTICEs tell who is watching.
 *
 * The procedure commits, so it can have neither SECURITY DEFINER nor SET, and qualifies everything. The steps have
 * both, by analytics_as_owner: their callers need no right on the tables. */

CREATE FUNCTION @extschema@._analytics_require_reference(reference timestamptz) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF reference IS NULL OR reference > now() + interval '1 day' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('reference lies more than a day ahead: %s', reference),
            DETAIL = 'By that time too much would be old enough to be deleted.';
    END IF;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_require_reference(timestamptz) IS
    'Refuses a time for maintenance that is null or lies more than a day ahead: SQLSTATE 22023.';

CREATE FUNCTION @extschema@._analytics_maintain_step(
    part text, reference timestamptz, item text, OUT rows bigint, OUT items text[], OUT failure text)
    LANGUAGE plpgsql VOLATILE
    SET jit = off -- compiling takes longer than all the rest
    SET lock_timeout = '50ms' -- so nobody waits for longer behind a lock that a step waits for
    SET plan_cache_mode = force_custom_plan
    SET row_security = off -- an error if policies restrict the owner, instead of deleting less
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM @extschema@._analytics_require_tables();
    PERFORM @extschema@._analytics_require_reference(reference);
    IF part IS NULL OR part <> ALL (@extschema@._analytics_maintenance_parts()) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value', MESSAGE = format('maintenance has no part "%s"', part);
    END IF;
    SET CONSTRAINTS ALL IMMEDIATE; -- a foreign key that refuses does so in this step
    EXECUTE format('SELECT s.rows, s.items, s.failure FROM %s.%I($1, $2) AS s',
                   '@extschema@', '_analytics_maintain_' || part)
    INTO rows, items, failure USING reference, item;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_maintain_step(text, timestamptz, text) IS
    'Does the work of analytics_maintain_step.';

CREATE FUNCTION @extschema@.analytics_maintain_step(
    part text, reference timestamptz, item text, OUT rows bigint, OUT items text[], OUT failure text)
    LANGUAGE c VOLATILE
    AS 'MODULE_PATHNAME', 'analytics_as_owner';

COMMENT ON FUNCTION @extschema@.analytics_maintain_step(text, timestamptz, text) IS
    'One step of analytics_maintain, which calls it. With item null it answers the items of the part, else it works on '
    'the item. rows: how many rows that concerned. items: what is to be done next, null when it is done. '
    'failure: SQLSTATE and message of what it could not delete. Others wait for it for a tenth of a second at most; '
    'where it would keep them waiting: SQLSTATE 55P03. '
    'An unknown part, and a reference more than a day ahead of now(), are SQLSTATE 22023. '
    'Runs with the rights of the tables'' owner.';

CREATE FUNCTION @extschema@._analytics_record_maintenance(
    part text, started_at timestamptz, rows bigint, failure text) RETURNS void
    LANGUAGE sql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $$
    INSERT INTO @extschema@.analytics_maintenance AS m (part, started_at, seconds, rows, succeeded_at, failure)
    SELECT $1, $2, CASE WHEN $3 IS NOT NULL THEN extract(epoch FROM t.now - $2) END, $3,
           CASE WHEN $3 IS NOT NULL AND $4 IS NULL THEN t.now END, $4
    FROM (SELECT clock_timestamp()) AS t (now)
    ON CONFLICT (part) DO UPDATE
        SET started_at = excluded.started_at, seconds = excluded.seconds, rows = excluded.rows,
            succeeded_at = coalesce(excluded.succeeded_at, m.succeeded_at),
            failure = CASE WHEN $3 IS NULL THEN m.failure ELSE excluded.failure END
$$;

COMMENT ON FUNCTION @extschema@._analytics_record_maintenance(text, timestamptz, bigint, text) IS
    'Does the work of analytics_record_maintenance.';

CREATE FUNCTION @extschema@.analytics_record_maintenance(
    part text, started_at timestamptz, rows bigint, failure text) RETURNS void
    LANGUAGE c VOLATILE
    AS 'MODULE_PATHNAME', 'analytics_as_owner';

COMMENT ON FUNCTION @extschema@.analytics_record_maintenance(text, timestamptz, bigint, text) IS
    'Writes the row of a part into analytics_maintenance: analytics_maintain calls it. rows null: the part begins. '
    'Runs with the rights of the tables'' owner.';

CREATE PROCEDURE @extschema@.analytics_maintain(
    reference timestamptz DEFAULT NULL, patience interval DEFAULT '5 minutes')
    LANGUAGE plpgsql -- with a SET clause COMMIT is not allowed, so everything is qualified instead
    AS $$
DECLARE
    most_attempts CONSTANT integer := 10; -- of a step, before the other parts get their turn
    time_now CONSTANT timestamp with time zone := coalesce(reference, pg_catalog.now());
    parts CONSTANT pg_catalog.text[] := @extschema@._analytics_maintenance_parts();
    turns integer[] := ARRAY(SELECT pg_catalog.generate_series(1, pg_catalog.cardinality(parts)));
    later integer[] := '{}'; -- what did not get a lock, once more after all others
    number integer;
    queue pg_catalog.text[];
    place integer;
    attempt integer;
    done pg_catalog.record;
    state pg_catalog.text;
    message pg_catalog.text;
    is_again boolean := false;
    deadline timestamp with time zone := '-infinity';
    rows bigint[] := pg_catalog.array_fill(0::bigint, ARRAY[pg_catalog.cardinality(parts)]);
    starts timestamp with time zone[] := '{}';
    failures pg_catalog.text[] := '{}';
BEGIN
    PERFORM @extschema@._analytics_require_reference(time_now);
    WHILE turns OPERATOR(pg_catalog.<>) '{}'::integer[] LOOP
        FOREACH number IN ARRAY turns LOOP
            starts[number] := coalesce(starts[number], pg_catalog.clock_timestamp());
            failures[number] := NULL;
            COMMIT;
            SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
            PERFORM @extschema@.analytics_record_maintenance(
                parts[number], starts[number], NULL::bigint, NULL::pg_catalog.text);
            queue := ARRAY[NULL::pg_catalog.text];
            place := 1;
            attempt := 1;
            WHILE place OPERATOR(pg_catalog.<=) pg_catalog.cardinality(queue) LOOP
                COMMIT;
                SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
                BEGIN
                    SELECT s.rows, s.items, s.failure INTO done
                    FROM @extschema@.analytics_maintain_step(parts[number], time_now, queue[place]) AS s;
                    rows[number] := rows[number] OPERATOR(pg_catalog.+) coalesce(done.rows, 0::bigint);
                    failures[number] := coalesce(failures[number], done.failure);
                    place := place OPERATOR(pg_catalog.+) 1;
                    IF done.items IS NOT NULL THEN
                        queue := pg_catalog.array_cat(done.items, queue[place:]);
                        place := 1;
                    END IF;
                    attempt := 1;
                    CONTINUE;
                EXCEPTION
                    WHEN lock_not_available OR deadlock_detected OR serialization_failure THEN
                        GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
                        attempt := attempt OPERATOR(pg_catalog.+) 1;
                    WHEN OTHERS THEN
                        GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
                        attempt := 0;
                END;
                IF pg_catalog.clock_timestamp() OPERATOR(pg_catalog.>) deadline AND (is_again
                        OR number OPERATOR(pg_catalog.=) ANY (later)
                        OR attempt OPERATOR(pg_catalog.>) most_attempts) THEN
                    IF attempt OPERATOR(pg_catalog.>) 0 AND NOT is_again
                            AND number OPERATOR(pg_catalog.<>) ALL (later) THEN
                        later := pg_catalog.array_append(later, number);
                    END IF;
                    attempt := 0;
                END IF;
                IF attempt OPERATOR(pg_catalog.=) 0 THEN -- the next item
                    failures[number] := coalesce(failures[number], pg_catalog.format('%s: %s', state, message));
                    place := place OPERATOR(pg_catalog.+) 1;
                    attempt := 1;
                ELSE
                    COMMIT;
                    PERFORM pg_catalog.pg_sleep(least(1::pg_catalog.float8,
                        0.1::pg_catalog.float8 OPERATOR(pg_catalog.*) attempt::pg_catalog.float8));
                END IF;
            END LOOP;
            IF number OPERATOR(pg_catalog.<>) ALL (later) THEN
                PERFORM @extschema@.analytics_record_maintenance(
                    parts[number], starts[number], rows[number], failures[number]);
            END IF;
            COMMIT;
            RAISE NOTICE '%: % rows in % s%', parts[number], rows[number], pg_catalog.round(pg_catalog.date_part(
                'epoch'::pg_catalog.text,
                pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) starts[number])::pg_catalog.numeric, 3),
                coalesce(' (failed: ' OPERATOR(pg_catalog.||) failures[number] OPERATOR(pg_catalog.||) ')', '');
        END LOOP;
        turns := later;
        later := '{}';
        is_again := true;
        deadline := pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+) coalesce(patience, '0'::interval);
    END LOOP;
    IF pg_catalog.cardinality(pg_catalog.array_remove(failures, NULL::pg_catalog.text)) OPERATOR(pg_catalog.>) 0 THEN
        RAISE EXCEPTION USING
            ERRCODE = pg_catalog.left((pg_catalog.array_remove(failures, NULL::pg_catalog.text))[1], 5),
            MESSAGE = 'maintenance could not do all',
            DETAIL = (SELECT pg_catalog.string_agg(
                          pg_catalog.format('%s: %s', parts[n], failures[n]), E'\n'::pg_catalog.text ORDER BY n)
                      FROM pg_catalog.generate_subscripts(failures, 1) AS n WHERE failures[n] IS NOT NULL),
            HINT = 'All else is done. Remove the cause, and call analytics_maintain() again.';
    END IF;
END
$$;

COMMENT ON PROCEDURE @extschema@.analytics_maintain(timestamptz, interval) IS
    'Does all that time asks for, in short transactions: makes the partitions of now and of the time that follows, '
    'deletes what the rules in analytics_retention let go, folds what was left unfolded, and notes how large the '
    'tables are. Call it once a day, outside a transaction block (else SQLSTATE 2D000). '
    'analytics_maintenance then has a row a part: what, when, how long, how many rows. '
    'What fails does not keep the rest from being done; at the end the first failure is raised. '
    'A call that was interrupted is continued by the next. '
    'reference is the time to take for now, at most a day ahead (else SQLSTATE 22023), null for now itself. '
    'patience is for how long, after all else is done, it tries again what did not get a lock. '
    'The caller needs EXECUTE on it, on analytics_maintain_step and on analytics_record_maintenance, and no right on '
    'the tables. Their owner needs EXECUTE on analytics_create_partition(timestamptz), '
    'and where a projection has version latest on _analytics_build_projection_chunk.';

CREATE FUNCTION @extschema@._analytics_maintenance_state(OUT maintained_at timestamptz, OUT failed_parts bigint)
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    SELECT CASE WHEN count(m.succeeded_at) = count(*) THEN min(m.succeeded_at) END, count(m.failure)
    INTO maintained_at, failed_parts
    FROM unnest(@extschema@._analytics_maintenance_parts()) AS p (part)
    LEFT JOIN @extschema@.analytics_maintenance AS m ON m.part = p.part;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_maintenance_state() IS 'Does the work of analytics_maintenance_state.';

CREATE FUNCTION @extschema@.analytics_maintenance_state(OUT maintained_at timestamptz, OUT failed_parts bigint)
    LANGUAGE c STABLE
    AS 'MODULE_PATHNAME', 'analytics_as_owner';

COMMENT ON FUNCTION @extschema@.analytics_maintenance_state() IS
    'When every part of maintenance had last succeeded (null: one never has), and how many parts failed when they last '
    'ended. '
    'Anybody may ask. Runs with the rights of the tables'' owner.';

REVOKE EXECUTE ON FUNCTION
    @extschema@.analytics_maintain_step(text, timestamptz, text),
    @extschema@.analytics_record_maintenance(text, timestamptz, bigint, text) FROM PUBLIC;
REVOKE EXECUTE ON PROCEDURE @extschema@.analytics_maintain(timestamptz, interval) FROM PUBLIC;
