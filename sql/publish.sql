/* Publishing: what the companion topic is still to be told of the dead letters.
 *
 * The table is the truth, the topic a copy. A publisher takes some letters, hands them to Kafka and marks them once the broker has them, all in one transaction; what
 * crashes between is taken again, so the topic has each letter at least once. Letters are found by what they are, not by a position: one whose id is lower may be
 * committed later. One publisher is at work at a time, or the topic would be out of order. Objects of unknown shape are skipped records, not dead letters, and stay
 * here; so do letters that were replayed before their turn came. */

CREATE FUNCTION @extschema@.analytics_unpublished_dead_letters(
    "limit" integer DEFAULT 500, OUT id bigint, OUT key text, OUT value bytea, OUT header text, OUT header_value bytea)
    RETURNS SETOF record
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    most_bytes CONSTANT bigint := 4 * 1024 * 1024; -- of values handed out at once, beside the one that passes it
BEGIN
    PERFORM @extschema@._analytics_require_tables();
    IF NOT pg_try_advisory_xact_lock('@extschema@.analytics_dead_letters'::regclass::oid::integer, 1) THEN
        RETURN;
    END IF;
    RETURN QUERY
    WITH waiting AS MATERIALIZED (
        SELECT d.id, d.reason, d.detail, d.value, d.topic, d.partition, d."offset", d.recorded_at, d.headers
        FROM @extschema@.analytics_dead_letters AS d
        WHERE d.published_at IS NULL AND d.publish_fault IS NULL AND d.replayed_at IS NULL AND d.reason <> 'unknown_shape'
        ORDER BY d.id LIMIT $1
    ), letters AS (
        SELECT w.*, coalesce(sum(octet_length(w.value)) OVER (ORDER BY w.id) - octet_length(w.value), 0) AS bytes_before FROM waiting AS w
    ), pieces AS (
        SELECT l.id, l.value, coalesce(concat_ws('-', l.topic, l.partition, l."offset"), '') AS place, h.header, h.header_value,
            row_number() OVER (PARTITION BY l.id ORDER BY h.origin, h.number) AS number
        FROM letters AS l CROSS JOIN LATERAL (
            SELECT 1 AS origin, o.number, o.entry ->> 'name' AS header,
                CASE WHEN o.entry ? 'base64' THEN decode(o.entry ->> 'base64', 'base64') ELSE convert_to(o.entry ->> 'value', 'UTF8') END AS header_value
            FROM jsonb_array_elements(CASE WHEN jsonb_typeof(l.headers) = 'array' THEN l.headers ELSE '[]' END) WITH ORDINALITY AS o (entry, number)
            WHERE o.entry ->> 'name' IS NOT NULL
            UNION ALL
            SELECT 2, own.number, 'analytics-' || own.name, convert_to(own.text, 'UTF8')
            FROM (VALUES (1, 'letter', l.id::text), (2, 'reason', l.reason), (3, 'detail', l.detail), (4, 'topic', l.topic), (5, 'partition', l.partition::text),
                         (6, 'offset', l."offset"::text), (7, 'timestamp', @extschema@.analytics_iso8601(l.recorded_at))) AS own (number, name, text)
            WHERE own.text IS NOT NULL
        ) AS h
        WHERE l.bytes_before < most_bytes
    )
    SELECT p.id, CASE WHEN p.place = '' THEN 'letter-' || p.id ELSE p.place END, CASE WHEN p.number = 1 THEN p.value END, p.header, p.header_value
    FROM pieces AS p ORDER BY p.id, p.number;
END
$$;

COMMENT ON FUNCTION @extschema@.analytics_unpublished_dead_letters(integer) IS
    'The next letters for the companion topic, in the order of their ids: a row a header, the record''s own before those named analytics-…, with the value in a letter''s '
    'first row. key: topic-partition-offset, or letter-id for what did not come from Kafka. At most 4 MiB at once. Nothing while another transaction that has called this is open.';

CREATE FUNCTION @extschema@.analytics_mark_dead_letters_published(
    ids bigint[], faulty_ids bigint[] DEFAULT NULL, faults text[] DEFAULT NULL) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    UPDATE @extschema@.analytics_dead_letters AS d SET published_at = clock_timestamp() WHERE d.id = ANY ($1);
    UPDATE @extschema@.analytics_dead_letters AS d SET publish_fault = f.fault
    FROM ROWS FROM (unnest($2), unnest($3)) AS f (id, fault) WHERE d.id = f.id
$$;

COMMENT ON FUNCTION @extschema@.analytics_mark_dead_letters_published(bigint[], bigint[], text[]) IS
    'The companion topic has these letters; it can''t have the faulty ones, and why.';

REVOKE EXECUTE ON FUNCTION @extschema@.analytics_unpublished_dead_letters(integer), @extschema@.analytics_mark_dead_letters_published(bigint[], bigint[], text[]) FROM PUBLIC;
