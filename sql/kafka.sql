/* Kafka: how far each partition has been read, who has claimed it, and how its records are stored.
 *
 * A consumer claims a partition, which increments the partition's epoch. Each of its batches names that epoch and the
 * offset from which it was read, and is stored only if the partition's row still has both: compare-and-swap. So a
 * consumer that has lost its partition, or repeats a batch, changes nothing (AN001). */

CREATE FUNCTION @extschema@.analytics_claim_partition(
    consumer_group text, topic text, partition integer, owner text, start_offset bigint,
    high_watermark bigint DEFAULT NULL,
    OUT owner_epoch bigint, OUT next_offset bigint)
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    INSERT INTO @extschema@.analytics_kafka_offsets AS o
        (consumer_group, topic, partition, owner, next_offset, high_watermark)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (consumer_group, topic, partition) DO UPDATE
        SET owner_epoch = o.owner_epoch + 1,
            owner = excluded.owner,
            updated_at = now(),
            retired_at = NULL,
            high_watermark = coalesce(excluded.high_watermark, o.high_watermark)
    RETURNING o.owner_epoch, o.next_offset
$$;

COMMENT ON FUNCTION @extschema@.analytics_claim_partition(text, text, integer, text, bigint, bigint) IS
    'Claims a Kafka partition for owner, and returns the new epoch and the offset to read next. '
    'Batches of earlier epochs are refused from then on. '
    'start_offset is the first offset to read if nobody has claimed the partition before. '
    'Locks the partition''s row in analytics_kafka_offsets to the end of the transaction.';

CREATE FUNCTION @extschema@._analytics_lock_claim(
    consumer_group text, topic text, partition integer, owner_epoch bigint, expected_offset bigint, next_offset bigint)
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    claim record;
BEGIN
    SELECT o.owner_epoch, o.next_offset, o.owner INTO claim
    FROM @extschema@.analytics_kafka_offsets AS o
    WHERE o.consumer_group = $1 AND o.topic = $2 AND o.partition = $3
    FOR NO KEY UPDATE;

    IF claim IS NULL OR claim.owner_epoch IS DISTINCT FROM $4 OR claim.next_offset IS DISTINCT FROM $5 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'AN001',
            MESSAGE = format('batch of partition %s of topic "%s" is fenced off', $3, $2),
            DETAIL = CASE WHEN claim IS NULL
                THEN format('Group "%s" has never claimed the partition.', $1)
                ELSE format('The batch was read at epoch %s from offset %s. '
                            'The partition is at epoch %s and offset %s, claimed by %s.',
                            $4, $5, claim.owner_epoch, claim.next_offset, claim.owner) END,
            HINT = 'Claim the partition again, and continue from the offset that the claim returns.';
    END IF;
    IF $6 IS NULL OR $6 < $5 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('next_offset must not be less than expected_offset (%s)', $5);
    END IF;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_lock_claim(text, text, integer, bigint, bigint, bigint) IS
    'Locks the partition''s row to the end of the transaction. '
    'SQLSTATE AN001: the row is no longer at this epoch and offset, or there is none.';

CREATE FUNCTION @extschema@._analytics_ingest_batch(
    topic text, partition integer, records bytea[],
    offsets bigint[], keys bytea[], timestamps timestamptz[], headers jsonb[],
    OUT stored bigint, OUT duplicates bigint, OUT dead_lettered bigint, OUT skipped bigint, OUT refusals jsonb)
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'analytics_ingest_batch';

COMMENT ON FUNCTION @extschema@._analytics_ingest_batch(text, integer, bytea[], bigint[], bytea[],
    timestamptz[], jsonb[]) IS
    'The same as analytics_ingest, for records of one Kafka partition with their offsets. '
    'refusals: null if there are none, else an array with one object per reason: {reason, count, firstOffset, '
    'lastOffset, detail}.';

CREATE FUNCTION @extschema@.analytics_ingest_kafka(
    consumer_group text, topic text, partition integer, owner_epoch bigint, expected_offset bigint, next_offset bigint,
    records bytea[], offsets bigint[], keys bytea[] DEFAULT NULL, timestamps timestamptz[] DEFAULT NULL,
    headers jsonb[] DEFAULT NULL, high_watermark bigint DEFAULT NULL,
    OUT stored bigint, OUT duplicates bigint, OUT dead_lettered bigint, OUT skipped bigint, OUT refusals jsonb)
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT @extschema@._analytics_lock_claim($1, $2, $3, $4, $5, $6);
    WITH outcome AS MATERIALIZED (
        SELECT * FROM @extschema@._analytics_ingest_batch($2, $3, $7, $8, $9, $10, $11)
    )
    UPDATE @extschema@.analytics_kafka_offsets AS o
    SET next_offset = $6,
        updated_at = now(),
        retired_at = NULL,
        high_watermark = coalesce($12, o.high_watermark),
        stored = o.stored + outcome.stored,
        duplicates = o.duplicates + outcome.duplicates,
        dead_lettered = o.dead_lettered + outcome.dead_lettered,
        skipped = o.skipped + outcome.skipped
    FROM outcome
    WHERE o.consumer_group = $1 AND o.topic = $2 AND o.partition = $3
    RETURNING outcome.stored, outcome.duplicates, outcome.dead_lettered, outcome.skipped, outcome.refusals
$$;

COMMENT ON FUNCTION @extschema@.analytics_ingest_kafka(text, text, integer, bigint, bigint, bigint, bytea[],
    bigint[], bytea[], timestamptz[], jsonb[], bigint) IS
    'Stores the batch of one Kafka partition and moves its offset, in one transaction. '
    'If the partition is no longer at (owner_epoch, expected_offset), nothing is stored: SQLSTATE AN001. '
    'offsets may have gaps. keys, timestamps and headers are kept with dead letters. '
    'The four counts add up to the number of records. For refusals see _analytics_ingest_batch. '
    'Locks the partition''s row in analytics_kafka_offsets to the end of the transaction.';

CREATE FUNCTION @extschema@._analytics_rewound_claims(
    consumer_group text, topics text[], partitions bigint[], owner_epochs bigint[], next_offsets bigint[],
    OUT topic text, OUT partition bigint)
    RETURNS SETOF record
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    unseen CONSTANT interval := '10 minutes'; -- much less than any useful analytics.group_timeout
BEGIN
    IF EXISTS (SELECT FROM @extschema@.analytics_kafka_offsets AS o
               WHERE o.consumer_group = $1 AND (o.updated_at < now() - unseen OR o.retired_at IS NOT NULL)) THEN
        UPDATE @extschema@.analytics_kafka_offsets AS o SET updated_at = now(), retired_at = NULL
        FROM (SELECT k.topic, k.partition FROM @extschema@.analytics_kafka_offsets AS k
              JOIN ROWS FROM (unnest($2), unnest($3), unnest($4)) AS c (topic, partition, owner_epoch)
                  ON k.topic = c.topic AND k.partition = c.partition AND k.owner_epoch = c.owner_epoch
              WHERE k.consumer_group = $1 AND (k.updated_at < now() - unseen OR k.retired_at IS NOT NULL)
              FOR NO KEY UPDATE OF k SKIP LOCKED) AS owned
        WHERE o.consumer_group = $1 AND o.topic = owned.topic AND o.partition = owned.partition;
    END IF;
    RETURN QUERY
        SELECT c.topic, c.partition
        FROM ROWS FROM (unnest($2), unnest($3), unnest($4), unnest($5))
            AS c (topic, partition, owner_epoch, next_offset)
        LEFT JOIN @extschema@.analytics_kafka_offsets AS o
            ON o.consumer_group = $1 AND o.topic = c.topic AND o.partition = c.partition
        WHERE c.next_offset IS NOT NULL AND (o.owner_epoch IS NULL OR o.owner_epoch < c.owner_epoch
            OR (o.owner_epoch = c.owner_epoch AND o.next_offset <> c.next_offset));
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_rewound_claims(text, text[], bigint[], bigint[], bigint[]) IS
    'Of the partitions that the caller has claimed, those that the database does not have as the caller has them: it '
    'was restored, or a promoted standby had not received the newest. Where next_offset is null, the caller does not '
    'know the outcome of its last batch, and the partition is not judged. '
    'The others are owned: where their updated_at is older than ten minutes it becomes now, and a retired one is '
    'retired no longer.';

CREATE FUNCTION @extschema@.analytics_consumer_groups(
    OUT consumer_group text, OUT state text, OUT lag_records bigint, OUT last_owned_at timestamptz,
    OUT retired_at timestamptz)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    timeout text;
BEGIN
    PERFORM @extschema@._analytics_require_tables(); -- and loads the library, which has the setting
    timeout := current_setting('analytics.group_timeout');
    RETURN QUERY
        SELECT o.consumer_group,
            CASE WHEN bool_and(o.retired_at IS NOT NULL) THEN 'retired'
                 WHEN timeout <> '-1' AND max(o.updated_at) < now() - timeout::interval THEN 'timed out'
                 ELSE 'counted' END,
            sum(greatest(o.high_watermark - o.next_offset, 0)) -- greatest ignores null: the lag would be 0
                FILTER (WHERE o.high_watermark IS NOT NULL AND o.retired_at IS NULL)::bigint,
            max(o.updated_at), max(o.retired_at)
        FROM @extschema@.analytics_kafka_offsets AS o
        GROUP BY o.consumer_group
        ORDER BY o.consumer_group;
END
$$;

COMMENT ON FUNCTION @extschema@.analytics_consumer_groups() IS
    'The consumer groups, and whether analytics_lag_records counts them. '
    'state: counted; timed out, where no ingestor has owned a partition for analytics.group_timeout; or retired, by '
    'analytics_retire_group. '
    'lag_records: of the partitions that are not retired, as the ingestors last saw it; null: none has reported. '
    'last_owned_at is at most ten minutes old while an ingestor owns a partition.';

CREATE FUNCTION @extschema@.analytics_lag_records() RETURNS bigint
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    RETURN (SELECT max(g.lag_records) FROM @extschema@.analytics_consumer_groups() AS g WHERE g.state = 'counted');
END
$$;

COMMENT ON FUNCTION @extschema@.analytics_lag_records() IS
    'The lag of the consumer group that is furthest behind: the number of records in Kafka that the group has not read '
    'yet, as its ingestors last saw it. '
    'Groups that are retired, or that nobody has owned for analytics.group_timeout, do not count: see '
    'analytics_consumer_groups. Null: no ingestor of another group has reported yet.';

CREATE FUNCTION @extschema@.analytics_retire_group(consumer_group text) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    retired bigint;
BEGIN
    PERFORM @extschema@._analytics_require_tables();
    UPDATE @extschema@.analytics_kafka_offsets AS o SET retired_at = clock_timestamp() WHERE o.consumer_group = $1;
    GET DIAGNOSTICS retired = ROW_COUNT;
    IF retired = 0 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'no_data_found', MESSAGE = format('group "%s" has never claimed a partition', $1);
    END IF;
    RETURN retired;
END
$$;

COMMENT ON FUNCTION @extschema@.analytics_retire_group(text) IS
    'Retires a consumer group: its lag no longer counts, and its offsets are kept. Returns the number of its '
    'partitions. Stop its ingestors first: a partition counts again as soon as an ingestor claims it, stores a batch '
    'of it, or shows that it owns it. The ingestor continues from the partition''s offset. '
    'A group that has never claimed a partition is SQLSTATE P0002.';

REVOKE EXECUTE ON FUNCTION
    @extschema@.analytics_claim_partition(text, text, integer, text, bigint, bigint),
    @extschema@._analytics_lock_claim(text, text, integer, bigint, bigint, bigint),
    @extschema@._analytics_ingest_batch(text, integer, bytea[], bigint[], bytea[], timestamptz[], jsonb[]),
    @extschema@.analytics_ingest_kafka(text, text, integer, bigint, bigint, bigint, bytea[],
        bigint[], bytea[], timestamptz[], jsonb[], bigint),
    @extschema@.analytics_retire_group(text)
    FROM PUBLIC;
