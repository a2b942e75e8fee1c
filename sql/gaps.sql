/* Gaps: when Kafka no longer has a partition's next offset, an operator decides where to continue.
 *
 * The records between the old and the new offset are lost. If the new offset is lower, because the topic was deleted
 * and created again, records are read from there. Every decision is a row. */

CREATE TYPE @extschema@.analytics_kafka_gap AS (
    consumer_group text,
    topic text,
    partition integer,
    from_offset bigint,
    to_offset bigint,
    owner_epoch bigint,
    accepted_by text,
    accepted_at timestamptz,
    note text
);

COMMENT ON TYPE @extschema@.analytics_kafka_gap IS 'An accepted gap, as functions return it.';

CREATE FUNCTION @extschema@.analytics_accept_gap(
    consumer_group text, topic text, partition integer, from_offset bigint, to_offset bigint, note text DEFAULT NULL)
    RETURNS @extschema@.analytics_kafka_gap
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    place record;
    gap @extschema@.analytics_kafka_gap;
BEGIN
    PERFORM @extschema@._analytics_require_tables();
    IF $5 IS NULL OR $5 < 0 THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'to_offset must not be negative';
    END IF;
    SELECT o.next_offset INTO place FROM @extschema@.analytics_kafka_offsets AS o
    WHERE o.consumer_group = $1 AND o.topic = $2 AND o.partition = $3 FOR NO KEY UPDATE;
    IF place IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'no_data_found',
            MESSAGE = format('group "%s" has never claimed partition %s of topic "%s"', $1, $3, $2);
    ELSIF place.next_offset IS DISTINCT FROM $4 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('partition %s of topic "%s" is not at offset %s but at %s',
                             $3, $2, coalesce($4::text, 'null'), place.next_offset),
            HINT = 'The gap was already accepted, or more records were read.';
    END IF;

    UPDATE @extschema@.analytics_kafka_offsets AS o
    SET next_offset = $5, owner_epoch = o.owner_epoch + 1, updated_at = now()
    WHERE o.consumer_group = $1 AND o.topic = $2 AND o.partition = $3
    RETURNING o.owner_epoch INTO place;
    INSERT INTO @extschema@.analytics_kafka_gaps AS g
        (consumer_group, topic, partition, from_offset, to_offset, owner_epoch, note)
    VALUES ($1, $2, $3, $4, $5, place.owner_epoch, $6)
    RETURNING g.consumer_group, g.topic, g.partition, g.from_offset, g.to_offset, g.owner_epoch,
        g.accepted_by, g.accepted_at, g.note INTO gap;
    RETURN gap;
END
$$;

COMMENT ON FUNCTION @extschema@.analytics_accept_gap(text, text, integer, bigint, bigint, text) IS
    'Moves a stopped partition to to_offset, and records who decided it. '
    'from_offset must be the partition''s next_offset, else SQLSTATE 55000. So the same call fails a second time. '
    'A partition that was never claimed is SQLSTATE P0002. '
    'Increments the epoch. The ingestor that has claimed the partition notices it within seconds and continues. '
    'Locks the partition''s row in analytics_kafka_offsets to the end of the transaction.';

CREATE FUNCTION @extschema@._analytics_gap_accepted(
    consumer_group text, topic text, partition integer, owner_epoch bigint) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT EXISTS (
        SELECT FROM @extschema@.analytics_kafka_offsets AS o
        JOIN @extschema@.analytics_kafka_gaps AS g
            ON g.consumer_group = o.consumer_group AND g.topic = o.topic AND g.partition = o.partition
                AND g.owner_epoch = o.owner_epoch
        WHERE o.consumer_group = $1 AND o.topic = $2 AND o.partition = $3 AND o.owner_epoch > $4)
$$;

COMMENT ON FUNCTION @extschema@._analytics_gap_accepted(text, text, integer, bigint) IS
    'True if a gap of the partition was accepted after this epoch, and nobody has claimed the partition since.';

REVOKE EXECUTE ON FUNCTION @extschema@.analytics_accept_gap(text, text, integer, bigint, bigint, text) FROM PUBLIC;
