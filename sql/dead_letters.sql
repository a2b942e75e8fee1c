/* Dead letters: records that are no events, kept as they came until somebody purges them.
 *
 * A letter is open until a replay has made an event of it. What an operator reads first is the view at the end. */

CREATE TABLE @extschema@.analytics_dead_letters (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reason text NOT NULL,
    detail text,
    value bytea,
    topic text,
    partition integer,
    "offset" bigint,
    key bytea,
    recorded_at timestamptz,
    headers jsonb,
    received_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    replayed_at timestamptz,
    published_at timestamptz,
    publish_fault text
);

/* A record of Kafka is known by its place, its time and its bytes: a topic that was deleted and made anew uses its offsets again. */
CREATE UNIQUE INDEX analytics_dead_letters_record ON @extschema@.analytics_dead_letters
    (topic, partition, "offset", recorded_at, pg_catalog.sha256(value)) NULLS NOT DISTINCT WHERE topic IS NOT NULL;

CREATE INDEX analytics_dead_letters_open ON @extschema@.analytics_dead_letters (reason, id) WHERE replayed_at IS NULL;

COMMENT ON TABLE @extschema@.analytics_dead_letters IS
    'Every refused record with its raw bytes, written in the transaction that refused it. The same Kafka record never makes two.';
COMMENT ON COLUMN @extschema@.analytics_dead_letters.reason IS 'Why it was refused: the closed list of the reference, section "Refused records".';
COMMENT ON COLUMN @extschema@.analytics_dead_letters.detail IS 'What exactly, and where; never the payload itself.';
COMMENT ON COLUMN @extschema@.analytics_dead_letters.value IS 'The record''s value, byte for byte.';
COMMENT ON COLUMN @extschema@.analytics_dead_letters.topic IS 'Kafka topic, null for records that did not come from Kafka; likewise the next four columns.';
COMMENT ON COLUMN @extschema@.analytics_dead_letters.partition IS 'Kafka partition.';
COMMENT ON COLUMN @extschema@.analytics_dead_letters."offset" IS 'Kafka offset.';
COMMENT ON COLUMN @extschema@.analytics_dead_letters.key IS 'The record''s key, byte for byte.';
COMMENT ON COLUMN @extschema@.analytics_dead_letters.recorded_at IS 'The record''s timestamp.';
COMMENT ON COLUMN @extschema@.analytics_dead_letters.headers IS
    'The record''s headers in their order: [{"name", "value"}], or "base64" in place of "value" where the bytes are no storable text.';
COMMENT ON COLUMN @extschema@.analytics_dead_letters.received_at IS 'Start of the transaction that refused it.';
COMMENT ON COLUMN @extschema@.analytics_dead_letters.replayed_at IS 'When a replay accepted it, else null: it is open.';
COMMENT ON COLUMN @extschema@.analytics_dead_letters.published_at IS 'When the companion topic had it, else null.';
COMMENT ON COLUMN @extschema@.analytics_dead_letters.publish_fault IS
    'Why the companion topic can''t have it (a message too large for its broker), else null; set it to null to have it tried again.';

CREATE VIEW @extschema@.analytics_dead_letter_summary WITH (security_invoker = true) AS
    SELECT d.reason, d.topic, pg_catalog.count(*) AS open, pg_catalog.min(d.received_at) AS first_seen, pg_catalog.max(d.received_at) AS last_seen,
        pg_catalog.max(d.id) AS sample_id, pg_catalog.count(d.publish_fault) AS unpublishable
    FROM @extschema@.analytics_dead_letters AS d
    WHERE d.replayed_at IS NULL
    GROUP BY d.reason, d.topic
    ORDER BY pg_catalog.count(*) DESC, d.reason, d.topic;

COMMENT ON VIEW @extschema@.analytics_dead_letter_summary IS
    'What is open, by reason and topic (null: not from Kafka), most first. Objects of unknown shape are among them where they are kept.';
COMMENT ON COLUMN @extschema@.analytics_dead_letter_summary.reason IS 'Why the records were refused.';
COMMENT ON COLUMN @extschema@.analytics_dead_letter_summary.topic IS 'Kafka topic they came from.';
COMMENT ON COLUMN @extschema@.analytics_dead_letter_summary.open IS 'How many letters no replay has accepted yet.';
COMMENT ON COLUMN @extschema@.analytics_dead_letter_summary.first_seen IS 'received_at of the first of them.';
COMMENT ON COLUMN @extschema@.analytics_dead_letter_summary.last_seen IS 'received_at of the last of them.';
COMMENT ON COLUMN @extschema@.analytics_dead_letter_summary.sample_id IS 'The id of one of them, the latest.';
COMMENT ON COLUMN @extschema@.analytics_dead_letter_summary.unpublishable IS 'How many the companion topic can''t have: see publish_fault.';

CREATE FUNCTION @extschema@.analytics_open_dead_letters() RETURNS bigint
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    RETURN (SELECT count(*) FROM @extschema@.analytics_dead_letters AS d WHERE d.replayed_at IS NULL AND d.reason < 'unknown_shape')
         + (SELECT count(*) FROM @extschema@.analytics_dead_letters AS d WHERE d.replayed_at IS NULL AND d.reason > 'unknown_shape');
END
$$;

COMMENT ON FUNCTION @extschema@.analytics_open_dead_letters() IS
    'Letters that no replay has accepted yet; objects of unknown shape are none. Counted from an index of the open ones alone.';

CREATE FUNCTION @extschema@.analytics_purge_dead_letters(
    older_than interval, reason text DEFAULT NULL, topic text DEFAULT NULL, replayed boolean DEFAULT NULL, "limit" integer DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    purged bigint;
BEGIN
    IF $1 IS NULL OR now() - $1 > now() THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'older_than must be an interval that is not negative';
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
    'Deletes letters that were received longer ago than that, of one reason or of any, of one topic or of any, replayed or open ones or both, at most so many; '
    'tells how many. Nothing else ever deletes one.';

REVOKE EXECUTE ON FUNCTION @extschema@.analytics_purge_dead_letters(interval, text, text, boolean, integer) FROM PUBLIC;
GRANT SELECT ON @extschema@.analytics_dead_letter_summary TO PUBLIC; -- who may see letters is asked of the table

SELECT pg_catalog.pg_extension_config_dump('@extschema@.analytics_dead_letters', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.analytics_dead_letters_id_seq', '');
