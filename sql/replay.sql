/* Replay: today's rules over letters of yesterday.
 *
 * It is an ingest of the bytes that were kept, by the same routine. The letters are locked, and marked in the transaction that stores
 * their events, so whatever is run twice, at the same time, or again after a crash, makes one event of a letter. An event without a time
 * of its own gets the time at which its record was received first, as if it had been accepted then. */

CREATE FUNCTION @extschema@._analytics_ingest_again(
    records bytea[], received_at timestamptz[], OUT item integer, OUT outcome text, OUT reason text, OUT detail text)
    RETURNS SETOF record
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'analytics_ingest_again';

COMMENT ON FUNCTION @extschema@._analytics_ingest_again(bytea[], timestamptz[]) IS
    'Stores a batch of records that were received before, and tells for each, numbered from 1, its outcome: stored, duplicate or refused (with reason and detail; '
    'no letter is written). received_at is the ingestion time for events that have no time of their own.';

CREATE FUNCTION @extschema@.analytics_replay_dead_letters(
    reason text DEFAULT NULL, topic text DEFAULT NULL, ids bigint[] DEFAULT NULL,
    received_from timestamptz DEFAULT NULL, received_to timestamptz DEFAULT NULL, max_rows integer DEFAULT 10000, after_id bigint DEFAULT 0,
    OUT replayed bigint, OUT stored bigint, OUT duplicates bigint, OUT still_refused bigint, OUT last_id bigint)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    most_bytes CONSTANT bigint := 32 * 1024 * 1024; -- of values in memory at once, beside the one that passes it
BEGIN
    PERFORM @extschema@._analytics_require_tables();
    IF $6 IS NULL OR $6 < 1 THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'max_rows must be at least 1';
    END IF;

    WITH locked AS MATERIALIZED (
        SELECT d.id, d.value, d.received_at
        FROM @extschema@.analytics_dead_letters AS d
        WHERE d.replayed_at IS NULL AND d.id > coalesce($7, 0)
            AND ($1 IS NULL OR d.reason = $1) AND ($2 IS NULL OR d.topic = $2) AND ($3 IS NULL OR d.id = ANY ($3))
            AND ($4 IS NULL OR d.received_at >= $4) AND ($5 IS NULL OR d.received_at < $5)
        ORDER BY d.id LIMIT $6 FOR UPDATE SKIP LOCKED
    ), chosen AS MATERIALIZED (
        SELECT array_agg(l.id ORDER BY l.id) AS ids, array_agg(l.value ORDER BY l.id) AS records, array_agg(l.received_at ORDER BY l.id) AS times
        FROM (SELECT k.*, sum(octet_length(k.value)) OVER (ORDER BY k.id) - octet_length(k.value) AS bytes_before FROM locked AS k) AS l
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

COMMENT ON FUNCTION @extschema@.analytics_replay_dead_letters(text, text, bigint[], timestamptz, timestamptz, integer, bigint) IS
    'Runs today''s rules over open letters, in the order of their ids: of one reason, of one topic, of these ids, received in [received_from, received_to); all of them '
    'where nothing is said. One call is one chunk: at most max_rows letters after after_id, or 32 MiB; last_id is where the next chunk begins, null when none was left. '
    'replayed = stored + duplicates: letters that are events now. Those still refused stay open, with today''s reason and detail. Letters that another session replays '
    'at this moment are passed over.';

CREATE PROCEDURE @extschema@.analytics_replay_all_dead_letters(
    reason text DEFAULT NULL, topic text DEFAULT NULL, received_from timestamptz DEFAULT NULL, received_to timestamptz DEFAULT NULL,
    chunk integer DEFAULT 10000,
    INOUT replayed bigint DEFAULT 0, INOUT stored bigint DEFAULT 0, INOUT duplicates bigint DEFAULT 0, INOUT still_refused bigint DEFAULT 0)
    LANGUAGE plpgsql -- a search path of its own would forbid COMMIT: everything is qualified
    AS $$
DECLARE
    done pg_catalog.record;
    place bigint := 0;
BEGIN
    LOOP
        SELECT r.* INTO done FROM @extschema@.analytics_replay_dead_letters($1, $2, NULL::pg_catalog.int8[], $3, $4, $5, place) AS r;
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

COMMENT ON PROCEDURE @extschema@.analytics_replay_all_dead_letters(text, text, timestamptz, timestamptz, integer, bigint, bigint, bigint, bigint) IS
    'Calls analytics_replay_dead_letters chunk by chunk, each in a transaction of its own, and adds up what it tells. Not within a transaction block.';

REVOKE EXECUTE ON FUNCTION @extschema@._analytics_ingest_again(bytea[], timestamptz[]),
    @extschema@.analytics_replay_dead_letters(text, text, bigint[], timestamptz, timestamptz, integer, bigint) FROM PUBLIC;
REVOKE EXECUTE ON PROCEDURE @extschema@.analytics_replay_all_dead_letters(text, text, timestamptz, timestamptz, integer, bigint, bigint, bigint, bigint) FROM PUBLIC;
