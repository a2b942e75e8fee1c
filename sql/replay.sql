/* Replay: open dead letters are judged again, by today's rules.
 *
 * A replay ingests the kept bytes as if they came for the first time. It locks the dead letters, and marks them in the
 * transaction that stores their events. So a dead letter makes one event, even if two sessions replay it at once, or a
 * session repeats its replay after a crash. An event without a time of its own gets the time at which its record was
 * first received. A time of its own is judged against that one too. So a record that was refused as implausible_time
 * stays refused until the operator accepts its time. */

CREATE FUNCTION @extschema@._analytics_ingest_again(
    records bytea[], received_at timestamptz[], OUT item integer, OUT outcome text, OUT reason text, OUT detail text)
    RETURNS SETOF record
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'analytics_ingest_again';

COMMENT ON FUNCTION @extschema@._analytics_ingest_again(bytea[], timestamptz[]) IS
    'Stores records that were received before, and returns the outcome of each, numbered from 1: stored, duplicate or '
    'refused (with reason and detail). Keeps no dead letters. '
    'received_at is the ingestion time for an event without a time of its own.';

CREATE FUNCTION @extschema@.analytics_replay_dead_letters(
    max_rows integer, after_id bigint, reason text, topic text, ids bigint[],
    received_start timestamptz, received_end timestamptz,
    OUT replayed bigint, OUT stored bigint, OUT duplicates bigint, OUT still_refused bigint, OUT last_id bigint)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    most_bytes CONSTANT bigint := 32 * 1024 * 1024; -- of values in memory at once; the last one may exceed it
BEGIN
    PERFORM @extschema@._analytics_require_tables();
    IF $1 IS NULL OR $1 < 1 THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'max_rows must be at least 1';
    END IF;

    WITH locked AS MATERIALIZED (
        SELECT d.id, d.value, d.received_at
        FROM @extschema@.analytics_dead_letters AS d
        WHERE d.replayed_at IS NULL AND d.id > coalesce($2, 0)
            AND ($3 IS NULL OR d.reason = $3) AND ($4 IS NULL OR d.topic = $4) AND ($5 IS NULL OR d.id = ANY ($5))
            AND ($6 IS NULL OR d.received_at >= $6) AND ($7 IS NULL OR d.received_at < $7)
        ORDER BY d.id LIMIT $1 FOR UPDATE SKIP LOCKED
    ), chosen AS MATERIALIZED (
        SELECT array_agg(l.id ORDER BY l.id) AS ids, array_agg(l.value ORDER BY l.id) AS records,
            array_agg(l.received_at ORDER BY l.id) AS times
        FROM (SELECT k.*, sum(octet_length(k.value)) OVER (ORDER BY k.id) - octet_length(k.value) AS bytes_before
              FROM locked AS k) AS l
        WHERE l.bytes_before < most_bytes OR l.bytes_before IS NULL
    ), judged AS MATERIALIZED (
        SELECT c.ids[a.item] AS id, a.outcome, a.reason, a.detail
        FROM chosen AS c CROSS JOIN LATERAL @extschema@._analytics_ingest_again(c.records, c.times) AS a
    ), marked AS (
        UPDATE @extschema@.analytics_dead_letters AS d
        SET replayed_at = CASE WHEN j.outcome <> 'refused' THEN now() END,
            reason = coalesce(j.reason, d.reason),
            detail = CASE WHEN j.outcome = 'refused' THEN j.detail ELSE d.detail END
        FROM judged AS j
        WHERE d.id = j.id AND (j.outcome <> 'refused' OR d.reason <> j.reason OR d.detail IS DISTINCT FROM j.detail)
    )
    SELECT count(*) FILTER (WHERE j.outcome <> 'refused'), count(*) FILTER (WHERE j.outcome = 'stored'),
        count(*) FILTER (WHERE j.outcome = 'duplicate'), count(*) FILTER (WHERE j.outcome = 'refused'), max(j.id)
    INTO replayed, stored, duplicates, still_refused, last_id
    FROM judged AS j;
END
$$;

COMMENT ON FUNCTION @extschema@.analytics_replay_dead_letters(integer, bigint, text, text, bigint[],
    timestamptz, timestamptz) IS
    'Judges open dead letters again by today''s rules, in the order of their ids, and stores those that are accepted. '
    'reason, topic, ids and [received_start, received_end) restrict them; null does not. '
    'One call is one chunk: at most max_rows dead letters or 32 MiB, with ids above after_id. '
    'Pass last_id as after_id of the next call. It is null if no dead letter was left. '
    'replayed is the number of dead letters that are events now (stored + duplicates). '
    'A dead letter that is still refused stays open, with today''s reason and detail. '
    'While analytics.accept_time is on, an event is stored as it is, whatever its own time. '
    'Locks the chunk to the end of the transaction, and passes over dead letters that another transaction has locked. '
    'max_rows below 1 is SQLSTATE 22023.';

-- 0.1.0 has the form above alone, with defaults. It remains, because dumps of 0.1.0 grant rights on it; without
-- defaults, because a call that both forms match alike is ambiguous. A call with seven arguments matches both: the
-- reason's type decides, for PostgreSQL prefers text to varchar, also for arguments whose types it has to guess.
CREATE FUNCTION @extschema@.analytics_replay_dead_letters(
    max_rows integer DEFAULT 10000, after_id bigint DEFAULT 0,
    reason varchar DEFAULT NULL, topic text DEFAULT NULL, ids bigint[] DEFAULT NULL,
    received_start timestamptz DEFAULT NULL, received_end timestamptz DEFAULT NULL, accept_time boolean DEFAULT false,
    OUT replayed bigint, OUT stored bigint, OUT duplicates bigint, OUT still_refused bigint, OUT last_id bigint)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    accepted CONSTANT text := coalesce(current_setting('analytics.accept_time', true), 'off'); -- null: not loaded yet
BEGIN
    IF $8 THEN -- after an error, the end of the (sub)transaction takes it back
        PERFORM set_config('analytics.accept_time', 'on', true);
    END IF;
    SELECT r.* INTO replayed, stored, duplicates, still_refused, last_id
    FROM @extschema@.analytics_replay_dead_letters($1, $2, $3::text, $4, $5, $6, $7) AS r;
    IF $8 THEN
        PERFORM set_config('analytics.accept_time', accepted, true);
    END IF;
END
$$;

COMMENT ON FUNCTION @extschema@.analytics_replay_dead_letters(integer, bigint, varchar, text, bigint[],
    timestamptz, timestamptz, boolean) IS
    'The same, with defaults. If accept_time is true, an event is stored as it is, whatever its own time: the reason '
    'implausible_time does not apply. So does a replay while analytics.accept_time is on.';

CREATE PROCEDURE @extschema@.analytics_replay_all_dead_letters(
    chunk integer DEFAULT 10000, reason text DEFAULT NULL, topic text DEFAULT NULL,
    received_start timestamptz DEFAULT NULL, received_end timestamptz DEFAULT NULL,
    INOUT replayed bigint DEFAULT 0, INOUT stored bigint DEFAULT 0, INOUT duplicates bigint DEFAULT 0,
    INOUT still_refused bigint DEFAULT 0)
    LANGUAGE plpgsql -- with a SET clause COMMIT is not allowed, so everything is qualified instead
    AS $$
DECLARE
    done pg_catalog.record;
    place bigint := 0;
BEGIN
    LOOP
        SELECT r.* INTO done
        FROM @extschema@.analytics_replay_dead_letters($1, place, $2, $3, NULL::pg_catalog.int8[], $4, $5) AS r;
        EXIT WHEN done.last_id IS NULL;
        place := done.last_id;
        replayed := replayed OPERATOR(pg_catalog.+) done.replayed;
        stored := stored OPERATOR(pg_catalog.+) done.stored;
        duplicates := duplicates OPERATOR(pg_catalog.+) done.duplicates;
        still_refused := still_refused OPERATOR(pg_catalog.+) done.still_refused;
        COMMIT;
    END LOOP;
END
$$;

COMMENT ON PROCEDURE @extschema@.analytics_replay_all_dead_letters(integer, text, text, timestamptz, timestamptz,
    bigint, bigint, bigint, bigint) IS
    'Calls analytics_replay_dead_letters for chunk after chunk, and returns the sums. '
    'Commits after each chunk, so it cannot run in a transaction block (SQLSTATE 2D000).';

REVOKE EXECUTE ON FUNCTION
    @extschema@._analytics_ingest_again(bytea[], timestamptz[]),
    @extschema@.analytics_replay_dead_letters(integer, bigint, text, text, bigint[], timestamptz, timestamptz),
    @extschema@.analytics_replay_dead_letters(
        integer, bigint, varchar, text, bigint[], timestamptz, timestamptz, boolean)
    FROM PUBLIC;
REVOKE EXECUTE ON PROCEDURE @extschema@.analytics_replay_all_dead_letters(
    integer, text, text, timestamptz, timestamptz, bigint, bigint, bigint, bigint) FROM PUBLIC;
