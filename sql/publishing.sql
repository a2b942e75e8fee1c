/* Publishing: how dead letters are copied to the dead-letter topic.
 *
 * The table is authoritative, the topic is a copy. A publisher reads some dead letters, sends them to Kafka, and marks
 * them when the broker has acknowledged them, all in one transaction. After a crash it reads the same ones again. So
 * the topic has each dead letter at least once.
 *
 * Unpublished dead letters are found by their columns, and not by the last published id: a dead letter with a lower id
 * may be committed later. A table lock lets one publisher run at a time, which keeps the topic in order. The mode of
 * the lock needs the right to UPDATE dead letters, and blocks neither readers nor writers nor replays.
 *
 * Objects of unknown shape are not published, because they are skipped records. Dead letters that a replay has
 * accepted before are not published either. */

CREATE FUNCTION @extschema@._analytics_unpublished_dead_letters(
    max_rows integer DEFAULT 500,
    OUT id bigint, OUT key text, OUT value bytea, OUT header text, OUT header_value bytea, OUT fault text)
    RETURNS SETOF record
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    most_bytes CONSTANT bigint := 4 * 1024 * 1024; -- of values returned at once; the last one may exceed it
    largest CONSTANT integer := 100 * 1000 * 1000; -- the publisher's largest message
    dead_letter record;
    names text[];
    contents bytea[];
BEGIN
    PERFORM @extschema@._analytics_require_tables();
    BEGIN
        LOCK TABLE @extschema@.analytics_dead_letters IN SHARE UPDATE EXCLUSIVE MODE NOWAIT;
    EXCEPTION WHEN lock_not_available THEN
        RETURN;
    END;
    FOR dead_letter IN
        WITH unpublished AS MATERIALIZED (
            SELECT d.id, d.reason, d.detail, d.value, d.topic, d.partition, d."offset", d.recorded_at, d.headers
            FROM @extschema@.analytics_dead_letters AS d
            WHERE d.published_at IS NULL AND d.publish_fault IS NULL AND d.replayed_at IS NULL
                AND d.reason <> 'unknown_shape'
            ORDER BY d.id LIMIT $1
        ), summed AS (
            SELECT u.*,
                coalesce(sum(octet_length(u.value)) OVER (ORDER BY u.id) - octet_length(u.value), 0) AS bytes_before
            FROM unpublished AS u
        )
        SELECT s.*,
            coalesce(nullif(concat_ws('-', s.topic, s.partition, s."offset"), ''), 'dead-letter-' || s.id) AS place
        FROM summed AS s WHERE s.bytes_before < most_bytes ORDER BY s.id
    LOOP
        BEGIN
            IF octet_length(dead_letter.value) > largest THEN
                RAISE EXCEPTION USING
                    ERRCODE = 'program_limit_exceeded', MESSAGE = format('larger than %s bytes', largest);
            END IF;
            SELECT array_agg(h.name ORDER BY h.origin, h.number), array_agg(h.content ORDER BY h.origin, h.number)
            INTO STRICT names, contents
            FROM (
                SELECT 1 AS origin, o.number, o.entry ->> 'name' AS name,
                    CASE WHEN o.entry ? 'base64' THEN decode(o.entry ->> 'base64', 'base64')
                         ELSE convert_to(o.entry ->> 'value', 'UTF8') END AS content
                FROM jsonb_array_elements(
                    CASE WHEN jsonb_typeof(dead_letter.headers) = 'array' THEN dead_letter.headers ELSE '[]' END)
                    WITH ORDINALITY AS o (entry, number)
                WHERE o.entry ->> 'name' IS NOT NULL
                UNION ALL
                SELECT 2, own.number, 'analytics-' || own.name, convert_to(own.text, 'UTF8')
                FROM (VALUES
                    (1, 'dead-letter', dead_letter.id::text),
                    (2, 'reason', dead_letter.reason),
                    (3, 'detail', dead_letter.detail),
                    (4, 'topic', dead_letter.topic),
                    (5, 'partition', dead_letter.partition::text),
                    (6, 'offset', dead_letter."offset"::text),
                    (7, 'timestamp', @extschema@._analytics_iso8601(dead_letter.recorded_at))
                ) AS own (number, name, text)
                WHERE own.text IS NOT NULL
            ) AS h;
            RETURN QUERY
            SELECT dead_letter.id, dead_letter.place, CASE WHEN p.number = 1 THEN dead_letter.value END,
                p.name, p.content, NULL::text
            FROM unnest(names, contents) WITH ORDINALITY AS p (name, content, number)
            ORDER BY p.number;
        EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
            RETURN QUERY SELECT dead_letter.id, dead_letter.place, NULL::bytea, NULL::text, NULL::bytea, SQLERRM;
        END;
    END LOOP;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_unpublished_dead_letters(integer) IS
    'The next dead letters for the dead-letter topic, in the order of their ids, at most max_rows and 4 MiB. '
    'A dead letter has one row per header: first the record''s own headers, then those named analytics-…. '
    'Its first row also has its value. '
    'key: topic-partition-offset, or dead-letter-id for a record that did not come from Kafka. '
    'fault: the reason why no message can be made of the dead letter, else null. '
    'No rows while another transaction that has called this function is open.';

CREATE FUNCTION @extschema@._analytics_mark_dead_letters_published(
    ids bigint[], faulty_ids bigint[] DEFAULT NULL, faults text[] DEFAULT NULL) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    UPDATE @extschema@.analytics_dead_letters AS d SET published_at = clock_timestamp() WHERE d.id = ANY ($1);
    UPDATE @extschema@.analytics_dead_letters AS d SET publish_fault = f.fault
    FROM ROWS FROM (unnest($2), unnest($3)) AS f (id, fault) WHERE d.id = f.id
$$;

COMMENT ON FUNCTION @extschema@._analytics_mark_dead_letters_published(bigint[], bigint[], text[]) IS
    'Marks dead letters as published, and others (faulty_ids) with the reason why the dead-letter topic cannot '
    'receive them.';

REVOKE EXECUTE ON FUNCTION
    @extschema@._analytics_unpublished_dead_letters(integer),
    @extschema@._analytics_mark_dead_letters_published(bigint[], bigint[], text[]) FROM PUBLIC;
