/* Dead letters: refused records, kept byte for byte until somebody purges them.
 *
 * A dead letter is open until a replay accepts it as an event. An operator first looks at the view
 * analytics_dead_letter_summary. */

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
    'A dead letter, as functions answer it. '
    'Columns that an operator adds to analytics_dead_letters are not part of it.';

CREATE FUNCTION @extschema@.analytics_open_dead_letters() RETURNS bigint
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM @extschema@._analytics_require_tables();
    -- Two ranges of the index analytics_dead_letters_open: <> would read all of it.
    RETURN (SELECT count(*) FROM @extschema@.analytics_dead_letters AS d
            WHERE d.replayed_at IS NULL AND d.reason < 'unknown_shape')
         + (SELECT count(*) FROM @extschema@.analytics_dead_letters AS d
            WHERE d.replayed_at IS NULL AND d.reason > 'unknown_shape');
END
$$;

COMMENT ON FUNCTION @extschema@.analytics_open_dead_letters() IS
    'The number of dead letters that no replay has accepted yet, without objects of unknown shape. '
    'Counted from an index of open dead letters.';

CREATE FUNCTION @extschema@.analytics_purge_dead_letters(
    older_than interval, reason text DEFAULT NULL, topic text DEFAULT NULL, replayed boolean DEFAULT NULL,
    max_rows integer DEFAULT NULL) RETURNS bigint
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
        WHERE o.received_at < now() - $1 AND ($2 IS NULL OR o.reason = $2) AND ($3 IS NULL OR o.topic = $3)
            AND ($4 IS NULL OR (o.replayed_at IS NOT NULL) = $4)
        ORDER BY o.id LIMIT $5 FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS purged = ROW_COUNT;
    RETURN purged;
END
$$;

COMMENT ON FUNCTION @extschema@.analytics_purge_dead_letters(interval, text, text, boolean, integer) IS
    'Deletes dead letters received more than older_than ago, and answers how many. '
    'Null arguments do not restrict: reason, topic, replayed (true: replayed ones, false: open ones), and max_rows, '
    'which takes the lowest ids first. Dead letters that another transaction has locked are left. '
    'A negative or null older_than is SQLSTATE 22023. Nothing else deletes a dead letter.';

REVOKE EXECUTE ON FUNCTION @extschema@.analytics_purge_dead_letters(interval, text, text, boolean, integer) FROM PUBLIC;
