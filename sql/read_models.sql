/* Read models: single things, as links name them. */

CREATE FUNCTION analytics_event(occurred_at timestamptz, id uuid) RETURNS SETOF analytics_events
    LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    SELECT e.* FROM analytics_events AS e WHERE e.occurred_at = $1 AND e.id = $2;
END;

COMMENT ON FUNCTION analytics_event(timestamptz, uuid) IS
    'The event of this primary key, or no row. An id alone would be looked for in every partition: (occurred_at, id) leads to one row of one.';

CREATE FUNCTION analytics_text_of(bytes bytea) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL UNSAFE -- a subtransaction, which parallel workers can't have
    SET search_path = pg_catalog, @extschema@, pg_temp
    AS $$
BEGIN
    RETURN convert_from(bytes, 'UTF8');
EXCEPTION WHEN character_not_in_repertoire THEN
    RETURN NULL;
END
$$;

COMMENT ON FUNCTION analytics_text_of(bytea) IS 'The bytes as text, or null where they are no UTF-8 that PostgreSQL can hold.';

CREATE FUNCTION analytics_recent_dead_letters(
    "limit" integer DEFAULT 50, before_id bigint DEFAULT NULL, reason text DEFAULT NULL, topic text DEFAULT NULL, replayed boolean DEFAULT NULL)
    RETURNS SETOF analytics_dead_letters
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
    AS $$
BEGIN
    IF "limit" IS NULL OR "limit" < 1 THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = '"limit" must be at least 1';
    END IF;
    RETURN QUERY
        SELECT d.* FROM analytics_dead_letters AS d
        WHERE ($2 IS NULL OR d.id < $2) AND ($3 IS NULL OR d.reason = $3) AND ($4 IS NULL OR d.topic = $4)
          AND ($5 IS NULL OR (d.replayed_at IS NOT NULL) = $5)
        ORDER BY d.id DESC
        LIMIT $1;
END
$$;

COMMENT ON FUNCTION analytics_recent_dead_letters(integer, bigint, text, text, boolean) IS
    'Dead letters, newest first by id; of one reason, of one topic, replayed or open ones, or all. The next page: the last row''s id as before_id.';

CREATE FUNCTION analytics_dead_letter_json(letter analytics_dead_letters) RETURNS json
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT pg_catalog.json_build_object(
        'id', ($1).id, 'reason', ($1).reason, 'detail', ($1).detail, 'topic', ($1).topic, 'partition', ($1).partition, 'offset', ($1)."offset",
        'recordedAt', analytics_iso8601(($1).recorded_at), 'receivedAt', analytics_iso8601(($1).received_at),
        'replayedAt', analytics_iso8601(($1).replayed_at), 'valueBytes', pg_catalog.octet_length(($1).value));
END;

COMMENT ON FUNCTION analytics_dead_letter_json(analytics_dead_letters) IS
    'A dead letter as lists over HTTP show it: {id, reason, detail, topic, partition, offset, recordedAt, receivedAt, replayedAt, valueBytes}, without its bytes.';

CREATE FUNCTION analytics_dead_letter(id bigint) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
    AS $$
DECLARE
    letter analytics_dead_letters;
BEGIN
    SELECT d.* INTO letter FROM analytics_dead_letters AS d WHERE d.id = $1;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    RETURN analytics_dead_letter_json(letter)::jsonb || jsonb_build_object(
        'headers', letter.headers,
        'key', analytics_text_of(letter.key), 'value', analytics_text_of(letter.value),
        'keyBase64', CASE WHEN analytics_text_of(letter.key) IS NULL THEN translate(encode(letter.key, 'base64'), E'\n', '') END,
        'valueBase64', CASE WHEN analytics_text_of(letter.value) IS NULL THEN translate(encode(letter.value, 'base64'), E'\n', '') END);
END
$$;

COMMENT ON FUNCTION analytics_dead_letter(bigint) IS
    'The whole dead letter, or null: what analytics_dead_letter_json tells, headers, and key and value as text, or as base64 (keyBase64, valueBase64) where they are none.';
