/* Publishing: what the companion topic is still to be told of the dead letters.
 *
 * The table is the truth, the topic a copy. A publisher takes some letters, hands them to Kafka and marks them once the broker has them, all in one transaction; what
 * crashes between is taken again, so the topic has each letter at least once. Letters are found by what they are, not by a position: one whose id is lower may be
 * committed later. One publisher is at work at a time, or the topic would be out of order: a lock on the table sees to it, in a mode that only who may UPDATE letters
 * can take, and that is in the way of neither readers nor writers, nor of replays. Objects of unknown shape are skipped records, not dead letters, and stay here; so do
 * letters that were replayed before their turn came. */

CREATE FUNCTION @extschema@._analytics_unpublished_dead_letters(
    max_rows integer DEFAULT 500, OUT id bigint, OUT key text, OUT value bytea, OUT header text, OUT header_value bytea, OUT fault text)
    RETURNS SETOF record
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    most_bytes CONSTANT bigint := 4 * 1024 * 1024; -- of values handed out at once, beside the one that passes it
    largest CONSTANT integer := 100 * 1000 * 1000; -- of a message, as the publisher has it
    letter record;
    names text[];
    contents bytea[];
BEGIN
    PERFORM @extschema@._analytics_require_tables();
    BEGIN
        LOCK TABLE @extschema@.analytics_dead_letters IN SHARE UPDATE EXCLUSIVE MODE NOWAIT;
    EXCEPTION WHEN lock_not_available THEN
        RETURN;
    END;
    FOR letter IN
        WITH waiting AS MATERIALIZED (
            SELECT d.id, d.reason, d.detail, d.value, d.topic, d.partition, d."offset", d.recorded_at, d.headers
            FROM @extschema@.analytics_dead_letters AS d
            WHERE d.published_at IS NULL AND d.publish_fault IS NULL AND d.replayed_at IS NULL AND d.reason <> 'unknown_shape'
            ORDER BY d.id LIMIT $1
        ), letters AS (
            SELECT w.*, coalesce(sum(octet_length(w.value)) OVER (ORDER BY w.id) - octet_length(w.value), 0) AS bytes_before FROM waiting AS w
        )
        SELECT l.*, coalesce(nullif(concat_ws('-', l.topic, l.partition, l."offset"), ''), 'letter-' || l.id) AS place
        FROM letters AS l WHERE l.bytes_before < most_bytes ORDER BY l.id
    LOOP
        BEGIN
            IF octet_length(letter.value) > largest THEN
                RAISE EXCEPTION USING ERRCODE = 'program_limit_exceeded', MESSAGE = format('larger than %s bytes', largest);
            END IF;
            SELECT array_agg(h.name ORDER BY h.origin, h.number), array_agg(h.content ORDER BY h.origin, h.number) INTO STRICT names, contents
            FROM (
                SELECT 1 AS origin, o.number, o.entry ->> 'name' AS name,
                    CASE WHEN o.entry ? 'base64' THEN decode(o.entry ->> 'base64', 'base64') ELSE convert_to(o.entry ->> 'value', 'UTF8') END AS content
                FROM jsonb_array_elements(CASE WHEN jsonb_typeof(letter.headers) = 'array' THEN letter.headers ELSE '[]' END)
                    WITH ORDINALITY AS o (entry, number)
                WHERE o.entry ->> 'name' IS NOT NULL
                UNION ALL
                SELECT 2, own.number, 'analytics-' || own.name, convert_to(own.text, 'UTF8')
                FROM (VALUES (1, 'letter', letter.id::text), (2, 'reason', letter.reason), (3, 'detail', letter.detail), (4, 'topic', letter.topic),
                             (5, 'partition', letter.partition::text), (6, 'offset', letter."offset"::text),
                             (7, 'timestamp', @extschema@._analytics_iso8601(letter.recorded_at))) AS own (number, name, text)
                WHERE own.text IS NOT NULL
            ) AS h;
            RETURN QUERY
            SELECT letter.id, letter.place, CASE WHEN p.number = 1 THEN letter.value END, p.name, p.content, NULL::text
            FROM unnest(names, contents) WITH ORDINALITY AS p (name, content, number)
            ORDER BY p.number;
        EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
            RETURN QUERY SELECT letter.id, letter.place, NULL::bytea, NULL::text, NULL::bytea, SQLERRM;
        END;
    END LOOP;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_unpublished_dead_letters(integer) IS
    'The next letters for the companion topic, in the order of their ids: a row a header, the record''s own before those named analytics-…, with the value in a letter''s '
    'first row. key: topic-partition-offset, or letter-id for what did not come from Kafka. A letter that no message can be made of is one row, with its fault. At most '
    '4 MiB at once. Nothing while another transaction that has called this is open.';

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
    'The companion topic has these letters; it can''t have the faulty ones, and why.';

REVOKE EXECUTE ON FUNCTION @extschema@._analytics_unpublished_dead_letters(integer), @extschema@._analytics_mark_dead_letters_published(bigint[], bigint[], text[]) FROM PUBLIC;
