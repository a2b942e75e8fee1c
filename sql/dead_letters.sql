/* Dead letters: refused records, kept byte for byte until somebody purges them.
 *
 * A dead letter is open until a replay accepts it as an event. An operator first looks at the view
 * analytics_dead_letter_summary. How many are open is counted by triggers, as events are: see rollup.sql. */

CREATE TYPE @extschema@.analytics_dead_letter AS (
    id bigint,
    reason text,
    detail text,
    value bytea,
    topic text,
    partition integer,
    "offset" bigint,
    key bytea,
    recorded_at timestamptz,
    headers jsonb,
    received_at timestamptz,
    replayed_at timestamptz,
    published_at timestamptz,
    publish_fault text
);

COMMENT ON TYPE @extschema@.analytics_dead_letter IS
    'A dead letter, as functions return it. '
    'Columns that an operator adds to analytics_dead_letters are not part of it.';

CREATE FUNCTION @extschema@._analytics_dead_letter_row() RETURNS trigger
    LANGUAGE c
    AS 'MODULE_PATHNAME', 'analytics_dead_letter_row';

COMMENT ON FUNCTION @extschema@._analytics_dead_letter_row() IS
    'Counts a dead letter that a statement has inserted, updated or deleted.';

CREATE FUNCTION @extschema@._analytics_dead_letter_statement() RETURNS trigger
    LANGUAGE c
    AS 'MODULE_PATHNAME', 'analytics_dead_letter_statement';

COMMENT ON FUNCTION @extschema@._analytics_dead_letter_statement() IS
    'Before a statement: starts its count. After it: appends the count to analytics_dead_letter_counts.';

CREATE FUNCTION @extschema@._analytics_dead_letter_truncate() RETURNS trigger
    LANGUAGE c
    AS 'MODULE_PATHNAME', 'analytics_dead_letter_truncate';

COMMENT ON FUNCTION @extschema@._analytics_dead_letter_truncate() IS
    'Truncates analytics_dead_letter_counts along with analytics_dead_letters.';

REVOKE EXECUTE ON FUNCTION
    @extschema@._analytics_dead_letter_row(),
    @extschema@._analytics_dead_letter_statement(),
    @extschema@._analytics_dead_letter_truncate() FROM PUBLIC;

CREATE FUNCTION @extschema@._analytics_dead_letter_counts_agree() RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL RESTRICTED
    AS 'MODULE_PATHNAME', 'analytics_dead_letter_counts_agree';

COMMENT ON FUNCTION @extschema@._analytics_dead_letter_counts_agree() IS
    'Whether the counts of open dead letters may be used. False while a statement of this session is changing dead '
    'letters: it writes their counts at its end.';

CREATE FUNCTION @extschema@.analytics_open_dead_letters() RETURNS bigint
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM @extschema@._analytics_require_tables();
    IF has_table_privilege('@extschema@.analytics_dead_letter_counts'::regclass, 'SELECT')
        AND row_security_active('@extschema@.analytics_dead_letter_counts'::regclass)
            = row_security_active('@extschema@.analytics_dead_letters'::regclass)
        AND @extschema@._analytics_dead_letter_counts_agree()
    THEN
        RETURN (SELECT coalesce(sum(c.open), 0)::bigint FROM @extschema@.analytics_dead_letter_counts AS c
                WHERE c.reason <> 'unknown_shape');
    END IF;
    -- Two ranges of the index analytics_dead_letters_open: <> would read all of it.
    RETURN (SELECT count(*) FROM @extschema@.analytics_dead_letters AS d
            WHERE d.replayed_at IS NULL AND d.reason < 'unknown_shape')
         + (SELECT count(*) FROM @extschema@.analytics_dead_letters AS d
            WHERE d.replayed_at IS NULL AND d.reason > 'unknown_shape');
END
$$;

COMMENT ON FUNCTION @extschema@.analytics_open_dead_letters() IS
    'The number of open dead letters, which no replay has accepted yet. Objects of unknown shape do not count. '
    'Reads analytics_dead_letter_counts, so it costs the same however many are open. '
    'The dead letters themselves are counted where the caller may not read the counts, or where row-level security '
    'restricts the caller on only one of the two tables.';

CREATE FUNCTION @extschema@.analytics_purge_dead_letters(
    older_than interval, max_rows integer DEFAULT NULL,
    reason text DEFAULT NULL, topic text DEFAULT NULL, replayed boolean DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    purged bigint;
BEGIN
    PERFORM @extschema@._analytics_require_tables();
    IF $1 IS NULL OR now() - $1 > now() THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value', MESSAGE = 'older_than must be an interval that is not negative';
    END IF;
    DELETE FROM @extschema@.analytics_dead_letters AS d
    WHERE d.id IN (
        SELECT o.id FROM @extschema@.analytics_dead_letters AS o
        WHERE o.received_at < now() - $1 AND ($3 IS NULL OR o.reason = $3) AND ($4 IS NULL OR o.topic = $4)
            AND ($5 IS NULL OR (o.replayed_at IS NOT NULL) = $5)
        ORDER BY o.id LIMIT $2 FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS purged = ROW_COUNT;
    RETURN purged;
END
$$;

COMMENT ON FUNCTION @extschema@.analytics_purge_dead_letters(interval, integer, text, text, boolean) IS
    'Deletes dead letters received more than older_than ago, and returns how many. '
    'Only those of this reason, of this topic, and replayed (true) or open (false) ones; null does not restrict. '
    'At most max_rows, those with the lowest ids; null: all. '
    'Dead letters that another transaction has locked stay. '
    'A negative or null older_than is SQLSTATE 22023.';

CREATE FUNCTION @extschema@.analytics_recent_dead_letters(
    max_rows integer DEFAULT 50, before_id bigint DEFAULT NULL,
    reason text DEFAULT NULL, topic text DEFAULT NULL, replayed boolean DEFAULT NULL)
    RETURNS SETOF @extschema@.analytics_dead_letter
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM @extschema@._analytics_require_tables();
    IF max_rows IS NULL OR max_rows < 1 THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'max_rows must be at least 1';
    END IF;
    RETURN QUERY
        SELECT d.id, d.reason, d.detail, d.value, d.topic, d.partition, d."offset", d.key, d.recorded_at, d.headers,
            d.received_at, d.replayed_at, d.published_at, d.publish_fault
        FROM @extschema@.analytics_dead_letters AS d
        WHERE ($2 IS NULL OR d.id < $2) AND ($3 IS NULL OR d.reason = $3) AND ($4 IS NULL OR d.topic = $4)
          AND ($5 IS NULL OR (d.replayed_at IS NOT NULL) = $5)
        ORDER BY d.id DESC
        LIMIT $1;
END
$$;

COMMENT ON FUNCTION @extschema@.analytics_recent_dead_letters(integer, bigint, text, text, boolean) IS
    'Dead letters, newest first by id. '
    'Only those of this reason, of this topic, and replayed (true) or open (false) ones; null does not restrict. '
    'For the next page, pass the last row''s id as before_id. max_rows below 1 is SQLSTATE 22023.';

CREATE FUNCTION @extschema@._analytics_dead_letter_json(dead_letter @extschema@.analytics_dead_letter) RETURNS json
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT pg_catalog.json_build_object(
        'id', ($1).id, 'reason', ($1).reason, 'detail', ($1).detail,
        'topic', ($1).topic, 'partition', ($1).partition, 'offset', ($1)."offset",
        'recordedAt', CASE WHEN ($1).recorded_at >= '0001-01-01 00:00:00+00'
                               AND ($1).recorded_at < '10000-01-01 00:00:00+00'
                           THEN @extschema@._analytics_iso8601(($1).recorded_at) END,
        'receivedAt', CASE WHEN ($1).received_at >= '0001-01-01 00:00:00+00'
                               AND ($1).received_at < '10000-01-01 00:00:00+00'
                           THEN @extschema@._analytics_iso8601(($1).received_at) END,
        'replayedAt', CASE WHEN ($1).replayed_at >= '0001-01-01 00:00:00+00'
                               AND ($1).replayed_at < '10000-01-01 00:00:00+00'
                           THEN @extschema@._analytics_iso8601(($1).replayed_at) END,
        'valueBytes', pg_catalog.octet_length(($1).value));
END;

COMMENT ON FUNCTION @extschema@._analytics_dead_letter_json(@extschema@.analytics_dead_letter) IS
    'A dead letter as HTTP shows it in a list, without its bytes: {id, reason, detail, topic, partition, offset, '
    'recordedAt, receivedAt, replayedAt, valueBytes}.';

CREATE FUNCTION @extschema@._analytics_text_of(bytes bytea) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL UNSAFE -- a subtransaction, which parallel workers cannot have
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    RETURN convert_from(bytes, 'UTF8');
EXCEPTION WHEN character_not_in_repertoire THEN
    RETURN NULL;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_text_of(bytea) IS
    'The bytes as text. Null: they are not UTF-8 text that PostgreSQL can store.';

CREATE FUNCTION @extschema@.analytics_dead_letter(id bigint) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    dead_letter @extschema@.analytics_dead_letter;
    key_text text;
    value_text text;
BEGIN
    SELECT d.id, d.reason, d.detail, d.value, d.topic, d.partition, d."offset", d.key, d.recorded_at, d.headers,
        d.received_at, d.replayed_at, d.published_at, d.publish_fault
    INTO dead_letter FROM @extschema@.analytics_dead_letters AS d WHERE d.id = $1;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    key_text := @extschema@._analytics_text_of(dead_letter.key);
    value_text := @extschema@._analytics_text_of(dead_letter.value);
    RETURN @extschema@._analytics_dead_letter_json(dead_letter)::jsonb || jsonb_build_object(
        'headers', dead_letter.headers, 'key', key_text, 'value', value_text,
        'keyBase64', CASE WHEN key_text IS NULL THEN translate(encode(dead_letter.key, 'base64'), E'\n', '') END,
        'valueBase64', CASE WHEN value_text IS NULL THEN translate(encode(dead_letter.value, 'base64'), E'\n', '') END);
END
$$;

COMMENT ON FUNCTION @extschema@.analytics_dead_letter(bigint) IS
    'The whole dead letter, or null if there is none with this id: the members of _analytics_dead_letter_json, '
    'headers, key, value, keyBase64 and valueBase64. '
    'A key or value that is not UTF-8 text is null, and its bytes are in the member with Base64.';

REVOKE EXECUTE ON FUNCTION @extschema@.analytics_purge_dead_letters(interval, integer, text, text, boolean) FROM PUBLIC;
