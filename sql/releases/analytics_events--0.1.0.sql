\echo Use "CREATE EXTENSION analytics_events" to load this file. \quit
/* The preamble: the search path and the database that the rest of the script needs.
 *
 * Names are resolved in pg_catalog alone, by the script and by every function body in it. Otherwise, a user who may
 * create objects in the extension's schema could make a function, an operator or a type that fits a call better than
 * the intended one. Our own objects are qualified. They are called with exactly the declared types, all arguments, and
 * no literal of unknown type except for text: then no overload fits better. */

SET LOCAL search_path = pg_catalog, pg_temp;

DO $$
BEGIN
    IF pg_catalog.getdatabaseencoding() OPERATOR(pg_catalog.<>) 'UTF8' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'feature_not_supported',
            MESSAGE = 'analytics_events needs a database with encoding UTF8',
            HINT = 'Create one with CREATE DATABASE … ENCODING ''UTF8'' TEMPLATE template0.';
    END IF;
END
$$;
/* The tables, each as the statements that make it; @schema@ stands for their schema.
 *
 * They are ordinary tables, not members of the extension: sql/lifecycle.sql makes, adopts and drops them. This is their
 * only description. */

CREATE FUNCTION @extschema@._analytics_tables() RETURNS TABLE (name text, definition text)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $tables$
VALUES
('analytics_events', $table$
CREATE TABLE @schema@.analytics_events (
    id uuid NOT NULL DEFAULT pg_catalog.gen_random_uuid(),
    event_type varchar(120) NOT NULL,
    source varchar(120) NOT NULL,
    occurred_at timestamptz NOT NULL,
    ingested_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    tenant_id varchar(64),
    payload jsonb NOT NULL,
    PRIMARY KEY (occurred_at, id)
) PARTITION BY RANGE (occurred_at);
COMMENT ON TABLE @schema@.analytics_events IS
    'Every accepted event once. '
    'Partitioned by occurred_at; analytics.partition_interval is the length of a partition (a month of UTC by '
    'default). The functions that store events make partitions on demand.';
COMMENT ON COLUMN @schema@.analytics_events.id IS
    'UUIDv8 from SHA-256 over event_type, source, tenant_id and natural key. '
    'UUIDv7 (RFC 9562) for an event without a key.';
COMMENT ON COLUMN @schema@.analytics_events.event_type IS 'What happened, 1 to 120 characters.';
COMMENT ON COLUMN @schema@.analytics_events.source IS 'The service that reported the event, 1 to 120 characters.';
COMMENT ON COLUMN @schema@.analytics_events.occurred_at IS
    'Event time in microseconds; the ingestion time where the event has no time of its own.';
COMMENT ON COLUMN @schema@.analytics_events.ingested_at IS 'Start of the transaction that stored the event.';
COMMENT ON COLUMN @schema@.analytics_events.tenant_id IS 'Tenant, 1 to 64 characters, or null.';
COMMENT ON COLUMN @schema@.analytics_events.payload IS
    'The payload of a canonical event. For another shape the whole object, with its ISO 8601 time member.';
$table$),

('analytics_untimed_keys', $table$
CREATE TABLE @schema@.analytics_untimed_keys (
    id uuid PRIMARY KEY,
    occurred_at timestamptz NOT NULL
);
COMMENT ON TABLE @schema@.analytics_untimed_keys IS
    'The ingestion time given to an event that has a natural key and no time of its own. '
    'A redelivered event gets the same time, so it has the same primary key.';
COMMENT ON COLUMN @schema@.analytics_untimed_keys.id IS 'The event''s id, UUIDv8.';
COMMENT ON COLUMN @schema@.analytics_untimed_keys.occurred_at IS 'Ingestion time of its first delivery.';
$table$),

('analytics_shapes', $table$
CREATE TABLE @schema@.analytics_shapes (
    name text PRIMARY KEY
        CONSTRAINT analytics_shapes_name CHECK (name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$' AND name <> 'canonical'),
    position integer NOT NULL DEFAULT 1000,
    enabled boolean NOT NULL DEFAULT true,
    event_type varchar(120) NOT NULL CONSTRAINT analytics_shapes_event_type CHECK (event_type <> ''),
    source varchar(120) NOT NULL CONSTRAINT analytics_shapes_source CHECK (source <> ''),
    required_members text[] NOT NULL,
    not_null_members text[] NOT NULL DEFAULT '{}',
    null_or_absent_members text[] NOT NULL DEFAULT '{}',
    absent_members text[] NOT NULL DEFAULT '{}',
    time_member text,
    iso_member text,
    key_members text[] NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE @schema@.analytics_shapes IS
    'How upstream objects are recognised and which events they become. '
    'Shapes are tried in the order of (position, name), after the canonical form. '
    'A change takes effect in every session at its next batch.';
COMMENT ON COLUMN @schema@.analytics_shapes.name IS 'The name that analytics_normalize returns in its column shape.';
COMMENT ON COLUMN @schema@.analytics_shapes.position IS 'Lower positions are tried first.';
COMMENT ON COLUMN @schema@.analytics_shapes.enabled IS 'False: the shape is not used.';
COMMENT ON COLUMN @schema@.analytics_shapes.event_type IS 'The event_type of events of this shape.';
COMMENT ON COLUMN @schema@.analytics_shapes.source IS 'The source of events of this shape.';
COMMENT ON COLUMN @schema@.analytics_shapes.required_members IS
    'Top-level members that must be present, whatever their value.';
COMMENT ON COLUMN @schema@.analytics_shapes.not_null_members IS 'Top-level members that must be present and not null.';
COMMENT ON COLUMN @schema@.analytics_shapes.null_or_absent_members IS 'Top-level members that must be null or absent.';
COMMENT ON COLUMN @schema@.analytics_shapes.absent_members IS 'Top-level members that must be absent.';
COMMENT ON COLUMN @schema@.analytics_shapes.time_member IS
    'The member that holds the event time, in any accepted form of instant. '
    'Null: the ingestion time is the event time.';
COMMENT ON COLUMN @schema@.analytics_shapes.iso_member IS
    'The member under which the event time is also stored, as ISO 8601 text. Null: none is added.';
COMMENT ON COLUMN @schema@.analytics_shapes.key_members IS
    'The members whose values are the natural key, in order. Empty: events of this shape have no key.';
INSERT INTO @schema@.analytics_shapes
    (position, name, event_type, source, time_member, iso_member, key_members,
     required_members, not_null_members, null_or_absent_members)
VALUES
    (10, 'iam.registered', 'iam.user-registered', 'iam-service', 'registeredAt', 'registeredAtIso',
     '{userId}', '{userId,email,firstName,lastName,provider,registeredAt}', '{}', '{}'),
    (20, 'guides.challenges', 'guides.challenge-linked', 'guides-service', 'occurredAt', 'occurredAtIso',
     '{guideId,challengeId}', '{guideId,challengeId,occurredAt}', '{}', '{}'),
    (30, 'execution.analytics', 'execution.analytics', 'execution-service', 'timestamp', 'timestampIso',
     '{execution_id,status}', '{execution_id,status,timestamp}', '{}', '{}'),
    (40, 'community.registration', 'community.user-registered', 'community-service', 'occurredOn', 'occurredOnIso',
     '{profileId}', '{userId,profileId,username,occurredOn}', '{}', '{profileUrl}'),
    (50, 'community.profile-updated', 'community.profile-updated', 'community-service', 'occurredOn', 'occurredOnIso',
     '{profileId}', '{userId,profileId,username,occurredOn}', '{profileUrl}', '{}'),
    (60, 'challenges.completion', 'challenges.solution-completed', 'challenges-service', 'occurredOn', 'occurredOnIso',
     '{solutionId}', '{studentId,challengeId,solutionId,experiencePointsEarned,occurredOn}', '{}', '{}');
GRANT SELECT ON @schema@.analytics_shapes TO PUBLIC;
$table$),

('analytics_projections', $table$
CREATE TABLE @schema@.analytics_projections (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    event_types text[],
    dimensions json NOT NULL,
    measures json NOT NULL,
    bucket interval NOT NULL,
    max_groups integer NOT NULL,
    view_schema name NOT NULL,
    state text NOT NULL DEFAULT 'building'
        CONSTRAINT analytics_projections_state CHECK (state IN ('building', 'ready')),
    built_until timestamptz NOT NULL DEFAULT '-infinity',
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now()
);
COMMENT ON TABLE @schema@.analytics_projections IS
    'The projections. analytics_create_projection makes them, analytics_drop_projection drops them. '
    'A definition never changes.';
COMMENT ON COLUMN @schema@.analytics_projections.id IS
    'The projection''s number, which its bags carry. It is not reused.';
COMMENT ON COLUMN @schema@.analytics_projections.name IS 'The name of the projection and of its view.';
COMMENT ON COLUMN @schema@.analytics_projections.event_types IS
    'The projection counts events of these types. Null: events of all types.';
COMMENT ON COLUMN @schema@.analytics_projections.dimensions IS
    'Name → path, or {path, type}. Events are grouped by bucket, tenant and these values.';
COMMENT ON COLUMN @schema@.analytics_projections.measures IS
    'Name → path, or {path, type}: the numbers that are added up.';
COMMENT ON COLUMN @schema@.analytics_projections.bucket IS
    'Length of a bucket, in UTC: a whole number of minutes or of months.';
COMMENT ON COLUMN @schema@.analytics_projections.max_groups IS
    'The most groups of dimension values in one bucket and tenant. All further values are one group, "other".';
COMMENT ON COLUMN @schema@.analytics_projections.view_schema IS 'The schema of the projection''s view.';
COMMENT ON COLUMN @schema@.analytics_projections.state IS
    'building: past events are still being counted, and the view cannot be read. ready: the view can be read.';
COMMENT ON COLUMN @schema@.analytics_projections.built_until IS
    'During the build: events before this time are counted.';
COMMENT ON COLUMN @schema@.analytics_projections.created_at IS 'When the projection was made.';
GRANT SELECT ON @schema@.analytics_projections TO PUBLIC;
$table$),

('analytics_projection_bags', $table$
CREATE TABLE @schema@.analytics_projection_bags (
    projection integer NOT NULL,
    bucket_start timestamptz NOT NULL,
    tenant_id varchar(64),
    cells bytea NOT NULL
) WITH (toast_tuple_target = 8160, vacuum_truncate = off, autovacuum_vacuum_threshold = 1000,
        autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE @schema@.analytics_projection_bags ALTER COLUMN cells SET STORAGE MAIN, REPLICA IDENTITY FULL;
CREATE INDEX analytics_projection_bags_bucket
    ON @schema@.analytics_projection_bags (projection, bucket_start, tenant_id);
COMMENT ON TABLE @schema@.analytics_projection_bags IS
    'Bags: partial counts and sums of the events of one bucket and tenant. A bag may be negative. '
    'The sum of all bags of a bucket and tenant is the truth, and _analytics_projection_rows computes it.';
COMMENT ON COLUMN @schema@.analytics_projection_bags.projection IS 'Number of the projection.';
COMMENT ON COLUMN @schema@.analytics_projection_bags.bucket_start IS 'Start of the bucket.';
COMMENT ON COLUMN @schema@.analytics_projection_bags.tenant_id IS 'The events'' tenant; null for events without one.';
COMMENT ON COLUMN @schema@.analytics_projection_bags.cells IS
    'Packed: dimension values → count and mismatches, and for each measure its count, sum, minimum and maximum.';
$table$),

('analytics_rollup_totals', $table$
CREATE TABLE @schema@.analytics_rollup_totals (
    hour timestamptz NOT NULL,
    last_ingested_at timestamptz,
    cells bytea NOT NULL
) WITH (toast_tuple_target = 8160, vacuum_truncate = off, autovacuum_vacuum_threshold = 1000,
        autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE @schema@.analytics_rollup_totals ALTER COLUMN cells SET STORAGE MAIN, REPLICA IDENTITY FULL;
CREATE INDEX analytics_rollup_totals_hour ON @schema@.analytics_rollup_totals (hour);
CREATE INDEX analytics_rollup_totals_ingested ON @schema@.analytics_rollup_totals (last_ingested_at);
COMMENT ON TABLE @schema@.analytics_rollup_totals IS
    'Bags: how many events of each type the minutes of an hour have, over all tenants. A bag may be negative. '
    'The sum of all bags of an hour is the truth.';
COMMENT ON COLUMN @schema@.analytics_rollup_totals.hour IS 'Start of the hour, UTC.';
COMMENT ON COLUMN @schema@.analytics_rollup_totals.last_ingested_at IS
    'Newest ingested_at of the events that the bag counts. Null in a bag that only subtracts. '
    'A deleted event does not change it.';
COMMENT ON COLUMN @schema@.analytics_rollup_totals.cells IS
    'Packed: event type and minute → count. See analytics_bag_cells.';
$table$),

('analytics_rollup_tenants', $table$
CREATE TABLE @schema@.analytics_rollup_tenants (
    hour timestamptz NOT NULL,
    tenant_id varchar(64),
    last_ingested_at timestamptz,
    cells bytea NOT NULL
) WITH (toast_tuple_target = 8160, vacuum_truncate = off, autovacuum_vacuum_threshold = 1000,
        autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE @schema@.analytics_rollup_tenants ALTER COLUMN cells SET STORAGE MAIN, REPLICA IDENTITY FULL;
CREATE INDEX analytics_rollup_tenants_hour ON @schema@.analytics_rollup_tenants (tenant_id, hour);
CREATE INDEX analytics_rollup_tenants_ingested ON @schema@.analytics_rollup_tenants (tenant_id, last_ingested_at);
COMMENT ON TABLE @schema@.analytics_rollup_tenants IS
    'Bags: how many events of each type the minutes of an hour have, for one tenant. A bag may be negative. '
    'The sum of all bags of an hour and tenant is the truth.';
COMMENT ON COLUMN @schema@.analytics_rollup_tenants.hour IS 'Start of the hour, UTC.';
COMMENT ON COLUMN @schema@.analytics_rollup_tenants.tenant_id IS 'The events'' tenant; null for events without one.';
COMMENT ON COLUMN @schema@.analytics_rollup_tenants.last_ingested_at IS
    'Newest ingested_at of the events that the bag counts. Null in a bag that only subtracts. '
    'A deleted event does not change it.';
COMMENT ON COLUMN @schema@.analytics_rollup_tenants.cells IS
    'Packed: event type and minute → count. See analytics_bag_cells.';
$table$),

('analytics_kept_rollups', $table$
CREATE TABLE @schema@.analytics_kept_rollups (
    range_start timestamptz NOT NULL,
    range_end timestamptz NOT NULL,
    kept_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    PRIMARY KEY (range_end, range_start)
);
COMMENT ON TABLE @schema@.analytics_kept_rollups IS
    'Ranges of time whose events analytics_retain has dropped while it kept their rollups. '
    'There the rollups count events that no longer exist.';
COMMENT ON COLUMN @schema@.analytics_kept_rollups.range_start IS 'Start of the partition''s range.';
COMMENT ON COLUMN @schema@.analytics_kept_rollups.range_end IS 'End of the partition''s range, exclusive.';
COMMENT ON COLUMN @schema@.analytics_kept_rollups.kept_at IS 'When the partition was dropped.';
$table$),

('analytics_dead_letters', $table$
CREATE TABLE @schema@.analytics_dead_letters (
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
/* A Kafka record is identified by its place, its time and its bytes: a topic that was deleted and made again uses the
 * same offsets again. */
CREATE UNIQUE INDEX analytics_dead_letters_record ON @schema@.analytics_dead_letters
    (topic, partition, "offset", recorded_at, pg_catalog.sha256(value)) NULLS NOT DISTINCT WHERE topic IS NOT NULL;
CREATE INDEX analytics_dead_letters_open ON @schema@.analytics_dead_letters (reason, id) WHERE replayed_at IS NULL;
COMMENT ON TABLE @schema@.analytics_dead_letters IS
    'Every refused record with its raw bytes, stored in the transaction that refused it. '
    'A Kafka record makes one dead letter, however often it is read.';
COMMENT ON COLUMN @schema@.analytics_dead_letters.id IS 'Number of the dead letter, ascending, with gaps.';
COMMENT ON COLUMN @schema@.analytics_dead_letters.reason IS
    'Why the record was refused: a closed list, section "Refused records" of the reference.';
COMMENT ON COLUMN @schema@.analytics_dead_letters.detail IS 'What is wrong, and where. Never the payload itself.';
COMMENT ON COLUMN @schema@.analytics_dead_letters.value IS 'The record''s value, byte for byte.';
COMMENT ON COLUMN @schema@.analytics_dead_letters.topic IS
    'Kafka topic; null for records that did not come from Kafka. '
    'The same holds for partition, offset, key, recorded_at and headers.';
COMMENT ON COLUMN @schema@.analytics_dead_letters.partition IS 'Kafka partition.';
COMMENT ON COLUMN @schema@.analytics_dead_letters."offset" IS 'Kafka offset.';
COMMENT ON COLUMN @schema@.analytics_dead_letters.key IS 'The record''s key, byte for byte.';
COMMENT ON COLUMN @schema@.analytics_dead_letters.recorded_at IS 'The record''s timestamp.';
COMMENT ON COLUMN @schema@.analytics_dead_letters.headers IS
    'The record''s headers in their order: [{"name", "value"}], with "base64" instead of "value" where the bytes are '
    'not text that PostgreSQL can store.';
COMMENT ON COLUMN @schema@.analytics_dead_letters.received_at IS 'Start of the transaction that refused the record.';
COMMENT ON COLUMN @schema@.analytics_dead_letters.replayed_at IS
    'When a replay accepted the record. Null: the dead letter is open.';
COMMENT ON COLUMN @schema@.analytics_dead_letters.published_at IS 'When the dead-letter topic received it, else null.';
COMMENT ON COLUMN @schema@.analytics_dead_letters.publish_fault IS
    'Why the dead-letter topic cannot receive it (for example a message too large for the broker), else null. '
    'Set it to null, and the next run tries again.';
CREATE INDEX analytics_dead_letters_unpublished ON @schema@.analytics_dead_letters (id)
    WHERE published_at IS NULL AND publish_fault IS NULL AND replayed_at IS NULL AND reason <> 'unknown_shape';
$table$),

('analytics_dead_letter_summary', $table$
CREATE VIEW @schema@.analytics_dead_letter_summary WITH (security_invoker = true) AS
    SELECT d.reason, d.topic, pg_catalog.count(*) AS open,
        pg_catalog.min(d.received_at) AS first_seen, pg_catalog.max(d.received_at) AS last_seen,
        pg_catalog.max(d.id) AS sample_id, pg_catalog.count(d.publish_fault) AS unpublishable
    FROM @schema@.analytics_dead_letters AS d
    WHERE d.replayed_at IS NULL
    GROUP BY d.reason, d.topic
    ORDER BY pg_catalog.count(*) DESC, d.reason, d.topic;
COMMENT ON VIEW @schema@.analytics_dead_letter_summary IS
    'Open dead letters by reason and topic (null: not from Kafka), the largest number first. '
    'Objects of unknown shape are included where they are kept.';
COMMENT ON COLUMN @schema@.analytics_dead_letter_summary.reason IS 'Why the records were refused.';
COMMENT ON COLUMN @schema@.analytics_dead_letter_summary.topic IS 'The Kafka topic of the records.';
COMMENT ON COLUMN @schema@.analytics_dead_letter_summary.open IS 'How many dead letters no replay has accepted yet.';
COMMENT ON COLUMN @schema@.analytics_dead_letter_summary.first_seen IS 'received_at of the oldest one.';
COMMENT ON COLUMN @schema@.analytics_dead_letter_summary.last_seen IS 'received_at of the newest one.';
COMMENT ON COLUMN @schema@.analytics_dead_letter_summary.sample_id IS 'The id of one of them, the latest.';
COMMENT ON COLUMN @schema@.analytics_dead_letter_summary.unpublishable IS
    'How many the dead-letter topic cannot receive: see publish_fault.';
GRANT SELECT ON @schema@.analytics_dead_letter_summary TO PUBLIC;
$table$),

('analytics_kafka_offsets', $table$
CREATE TABLE @schema@.analytics_kafka_offsets (
    consumer_group text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    next_offset bigint NOT NULL,
    owner_epoch bigint NOT NULL DEFAULT 1,
    owner text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    high_watermark bigint,
    stored bigint NOT NULL DEFAULT 0,
    duplicates bigint NOT NULL DEFAULT 0,
    dead_lettered bigint NOT NULL DEFAULT 0,
    skipped bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (consumer_group, topic, partition)
) WITH (fillfactor = 50);
COMMENT ON TABLE @schema@.analytics_kafka_offsets IS
    'How far each Kafka partition has been read. '
    'One row a partition, updated in the transaction that stores the partition''s records. '
    'These offsets are the truth, not those in Kafka.';
COMMENT ON COLUMN @schema@.analytics_kafka_offsets.consumer_group IS 'Kafka consumer group.';
COMMENT ON COLUMN @schema@.analytics_kafka_offsets.topic IS 'Kafka topic.';
COMMENT ON COLUMN @schema@.analytics_kafka_offsets.partition IS 'Kafka partition.';
COMMENT ON COLUMN @schema@.analytics_kafka_offsets.next_offset IS 'Offset of the next record to read.';
COMMENT ON COLUMN @schema@.analytics_kafka_offsets.owner_epoch IS
    'Incremented each time a consumer claims the partition. A batch of an older epoch is refused with AN001.';
COMMENT ON COLUMN @schema@.analytics_kafka_offsets.owner IS
    'The consumer that claimed the partition last, as host:pid.';
COMMENT ON COLUMN @schema@.analytics_kafka_offsets.updated_at IS 'When the row last changed.';
COMMENT ON COLUMN @schema@.analytics_kafka_offsets.high_watermark IS
    'The offset after the partition''s last record, as the consumer last saw it.';
COMMENT ON COLUMN @schema@.analytics_kafka_offsets.stored IS 'Records stored as events since the first claim.';
COMMENT ON COLUMN @schema@.analytics_kafka_offsets.duplicates IS 'Records whose event was already stored.';
COMMENT ON COLUMN @schema@.analytics_kafka_offsets.dead_lettered IS 'Records refused and kept as dead letters.';
COMMENT ON COLUMN @schema@.analytics_kafka_offsets.skipped IS
    'Objects of unknown shape, tombstones, and events that a trigger dropped.';
$table$),

('analytics_kafka_gaps', $table$
CREATE TABLE @schema@.analytics_kafka_gaps (
    consumer_group text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    from_offset bigint NOT NULL,
    to_offset bigint NOT NULL,
    owner_epoch bigint NOT NULL,
    accepted_by text NOT NULL DEFAULT SESSION_USER,
    accepted_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    note text,
    PRIMARY KEY (consumer_group, topic, partition, accepted_at)
);
COMMENT ON TABLE @schema@.analytics_kafka_gaps IS
    'Every accepted gap: who moved a partition''s offset by hand, when, and between which offsets.';
COMMENT ON COLUMN @schema@.analytics_kafka_gaps.consumer_group IS 'Kafka consumer group.';
COMMENT ON COLUMN @schema@.analytics_kafka_gaps.topic IS 'Kafka topic.';
COMMENT ON COLUMN @schema@.analytics_kafka_gaps.partition IS 'Kafka partition.';
COMMENT ON COLUMN @schema@.analytics_kafka_gaps.from_offset IS 'The offset that was to be read next.';
COMMENT ON COLUMN @schema@.analytics_kafka_gaps.to_offset IS
    'The offset that is read next instead. It is lower than from_offset where a topic was deleted and made again.';
COMMENT ON COLUMN @schema@.analytics_kafka_gaps.owner_epoch IS
    'The partition''s new epoch. A batch of an earlier epoch is refused.';
COMMENT ON COLUMN @schema@.analytics_kafka_gaps.accepted_by IS 'The role that accepted it.';
COMMENT ON COLUMN @schema@.analytics_kafka_gaps.accepted_at IS 'When the role accepted it.';
COMMENT ON COLUMN @schema@.analytics_kafka_gaps.note IS 'The operator''s own words.';
$table$),

('analytics_store', $table$
CREATE TABLE @schema@.analytics_store (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    id uuid NOT NULL DEFAULT pg_catalog.gen_random_uuid()
);
COMMENT ON TABLE @schema@.analytics_store IS
    'The identity of these tables: one row, or none before an ingestor first asked for it.';
COMMENT ON COLUMN @schema@.analytics_store.is_only IS 'Always true: the table has at most one row.';
COMMENT ON COLUMN @schema@.analytics_store.id IS 'A random number. Dumps carry it.';
$table$)
$tables$;

COMMENT ON FUNCTION @extschema@._analytics_tables() IS
    'The tables and views of the extension, in the order in which they are made, each with the statements that make '
    'it. @schema@ stands for their schema.';

CREATE FUNCTION @extschema@._analytics_relation(name text) RETURNS regclass
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT pg_catalog.to_regclass('@extschema@.' OPERATOR(pg_catalog.||) pg_catalog.quote_ident($1));
END;

COMMENT ON FUNCTION @extschema@._analytics_relation(text) IS
    'The table or view of that name in the extension''s schema. Null: there is none.';

CREATE FUNCTION @extschema@._analytics_require_tables() RETURNS void
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_require_tables';

COMMENT ON FUNCTION @extschema@._analytics_require_tables() IS
    'Raises SQLSTATE 42P01 if the tables are missing, with a hint that names the function to call.';
/* Instants: how they are written, whatever the session's TimeZone and DateStyle are. */

CREATE FUNCTION @extschema@._analytics_iso8601(instant timestamptz) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_iso8601';

COMMENT ON FUNCTION @extschema@._analytics_iso8601(timestamptz) IS
    'YYYY-MM-DDThh:mm:ss[.ffffff]Z, whatever TimeZone and DateStyle are; the fraction only if it is not zero. '
    'The year must be 0001 to 9999, else SQLSTATE 22008.';

CREATE FUNCTION @extschema@._analytics_instant(microseconds bigint) RETURNS timestamptz
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT timestamptz 'epoch' + ($1::text || ' microseconds')::interval;
END;

COMMENT ON FUNCTION @extschema@._analytics_instant(bigint) IS
    'The instant that many microseconds after the start of 1970, exact, whatever TimeZone is. Null for null. '
    'The daemons send instants in this form.';

CREATE FUNCTION @extschema@._analytics_instant_text(instant timestamptz) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_instant_text';

COMMENT ON FUNCTION @extschema@._analytics_instant_text(timestamptz) IS
    'Any timestamp as JSON shows it: as _analytics_iso8601 for the years 0001 to 9999. '
    'Other years have a sign and six digits, as in ISO 8601''s expanded form (0000 is 1 BC). '
    'infinity and -infinity stay words.';
/* Events: the type in which functions return them, and how one is found and shown.
 *
 * The table may have more columns than this type, in any order, but never fewer. */

CREATE TYPE @extschema@.analytics_event AS (
    id uuid,
    event_type varchar(120),
    source varchar(120),
    occurred_at timestamptz,
    ingested_at timestamptz,
    tenant_id varchar(64),
    payload jsonb
);

COMMENT ON TYPE @extschema@.analytics_event IS
    'An event, as functions return and accept it. '
    'Columns that an operator adds to analytics_events are not part of it.';

CREATE FUNCTION @extschema@.analytics_event(occurred_at timestamptz, id uuid) RETURNS SETOF @extschema@.analytics_event
    LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 1
    SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT e.id, e.event_type, e.source, e.occurred_at, e.ingested_at, e.tenant_id, e.payload
    FROM @extschema@.analytics_events AS e WHERE e.occurred_at = $1 AND e.id = $2
$$;

COMMENT ON FUNCTION @extschema@.analytics_event(timestamptz, uuid) IS
    'The event with this primary key, or no row. '
    'Both columns are needed: an id alone would be searched for in every partition.';

CREATE FUNCTION @extschema@._analytics_event_json(event @extschema@.analytics_event) RETURNS json
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT pg_catalog.json_build_object(
        'id', ($1).id, 'eventType', ($1).event_type, 'source', ($1).source,
        'occurredAt', @extschema@._analytics_instant_text(($1).occurred_at),
        'ingestedAt', @extschema@._analytics_instant_text(($1).ingested_at),
        'tenantId', ($1).tenant_id, 'payload', ($1).payload);
END;

COMMENT ON FUNCTION @extschema@._analytics_event_json(@extschema@.analytics_event) IS
    'An event as HTTP shows it: {id, eventType, source, occurredAt, ingestedAt, tenantId, payload}.';
/* Partitions of analytics_events: found by time, and made on demand.
 *
 * A partition is a month of UTC, or what analytics.partition_interval says when it is made. Partitions made by hand are
 * respected, whatever their bounds are. */

CREATE FUNCTION @extschema@._analytics_partition_at(
    instant timestamptz, OUT partition regclass, OUT gap_start timestamptz, OUT gap_end timestamptz)
    LANGUAGE c STABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_partition_at';

COMMENT ON FUNCTION @extschema@._analytics_partition_at(timestamptz) IS
    'The partition of analytics_events that holds the instant. '
    'If there is none: the free range around the instant, which a new partition may fill. '
    'Reads the table''s partition descriptor, so partitions made by hand are known too.';

CREATE FUNCTION @extschema@.analytics_partitions(
    OUT partition regclass, OUT range_start timestamptz, OUT range_end timestamptz)
    RETURNS SETOF record
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_partitions';

COMMENT ON FUNCTION @extschema@.analytics_partitions() IS
    'The partitions of analytics_events with their ranges [range_start, range_end), in order of time. '
    'An open end is infinity. A default partition has no range.';

-- SECURITY DEFINER is safe here: the function never runs code of the tables' owner. A new partition is empty, so no
-- trigger fires, and no default, constraint or index expression is computed.
CREATE FUNCTION @extschema@.analytics_create_partition(instant timestamptz) RETURNS regclass
    LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET TimeZone = 'UTC'
    AS $$
DECLARE
    place record;
    size text;
    start timestamptz;
    lower_bound timestamptz;
    upper_bound timestamptz;
    range_name text;
    partition_name text;
    made regclass;
    attempt integer := 1;
    many CONSTANT integer := 150; -- partitions: a statement over the whole table locks each of them
    recent_start timestamptz;
    recent_end timestamptz;
BEGIN
    PERFORM @extschema@._analytics_require_tables();
    IF instant < '0001-01-01 00:00:00+00' OR instant >= '10000-01-01 00:00:00+00' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'datetime_field_overflow',
            MESSAGE = 'an event must lie in the years 0001 to 9999';
    END IF;

    LOCK TABLE ONLY @extschema@.analytics_events IN SHARE UPDATE EXCLUSIVE MODE;
    SELECT * INTO place FROM @extschema@._analytics_partition_at(instant);
    IF place.partition IS NOT NULL THEN
        RETURN place.partition;
    END IF;

    size := current_setting('analytics.partition_interval');
    start := date_trunc(size, instant);
    lower_bound := greatest(start, place.gap_start);
    upper_bound := least(start + ('1 ' || size)::interval, place.gap_end);
    range_name := 'analytics_events_' || to_char(lower_bound, CASE
        WHEN lower_bound <> start THEN 'YYYY_MM_DD_HH24MISSUS'
        WHEN size = 'day' THEN 'YYYY_MM_DD'
        WHEN size = 'week' THEN 'IYYY_"w"IW'
        WHEN size = 'month' THEN 'YYYY_MM'
        ELSE 'YYYY' END);

    -- With many partitions, only a time near now gets a usual one. Another time gets the whole free range around it.
    recent_start := date_trunc(size, now() - CASE size
        WHEN 'day' THEN interval '60 days' WHEN 'week' THEN interval '1 year'
        WHEN 'month' THEN interval '3 years' ELSE interval '30 years' END);
    recent_end := date_trunc(size, now() + CASE size
        WHEN 'day' THEN interval '31 days' WHEN 'week' THEN interval '3 months'
        WHEN 'month' THEN interval '1 year' ELSE interval '3 years' END);
    IF (instant < recent_start OR instant >= recent_end)
        AND (SELECT count(*) FROM pg_inherits AS i
             WHERE i.inhparent = '@extschema@.analytics_events'::regclass) >= many THEN
        lower_bound := greatest(
            place.gap_start, CASE WHEN instant < recent_start THEN '0001-01-01 00:00:00+00' ELSE recent_end END);
        upper_bound := least(
            place.gap_end, CASE WHEN instant < recent_start THEN recent_start ELSE '10000-01-01 00:00:00+00' END);
        range_name := to_char(lower_bound, '"analytics_events_"YYYY_MM_DD')
                      || to_char(upper_bound, '"_to_"YYYY_MM_DD');
    END IF;
    partition_name := range_name;
    -- A late event may belong to a month whose partition was detached and kept its name.
    WHILE @extschema@._analytics_relation(partition_name) IS NOT NULL LOOP
        attempt := attempt + 1;
        partition_name := range_name || '_' || attempt::text;
    END LOOP;

    -- Made first and attached then, so that readers never wait.
    EXECUTE format('CREATE TABLE %1$s.%2$I (LIKE %1$s.analytics_events INCLUDING DEFAULTS INCLUDING CONSTRAINTS '
                   'INCLUDING GENERATED INCLUDING STORAGE INCLUDING COMPRESSION)', '@extschema@', partition_name);
    made := @extschema@._analytics_relation(partition_name);
    PERFORM @extschema@.analytics_watch_partition(made);
    EXECUTE format('ALTER TABLE %s OWNER TO %I', made,
                   (SELECT pg_get_userbyid(c.relowner) FROM pg_class AS c
                    WHERE c.oid = '@extschema@.analytics_events'::regclass));
    EXECUTE format('ALTER TABLE %s.analytics_events ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)',
                   '@extschema@', made, lower_bound, upper_bound);
    RETURN made;
END
$$;

COMMENT ON FUNCTION @extschema@.analytics_create_partition(timestamptz) IS
    'Returns the partition of analytics_events that holds the instant, and makes it if there is none. '
    'Its length is analytics.partition_interval (day, week, month or year), or the free range where a neighbour takes '
    'a part of it. '
    'From 150 partitions on, an instant far from now gets a partition of the whole free range around it, so their '
    'number stays bounded. The year must be 0001 to 9999, else SQLSTATE 22008. '
    'Locks analytics_events in SHARE UPDATE EXCLUSIVE mode to the end of the transaction: neither readers nor writers '
    'wait. The functions that store events call it themselves. '
    'Call it before an INSERT by hand into a month without events.';

REVOKE EXECUTE ON FUNCTION @extschema@.analytics_create_partition(timestamptz) FROM PUBLIC;
/* Shapes: rows that say how upstream objects are recognised, and which events they become.
 *
 * A shape that cannot be used is refused when it is written. After a change, every session reads the table again. */

CREATE FUNCTION @extschema@._analytics_check_shape() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    present text[] := NEW.required_members || NEW.not_null_members;
    listed text[] := present || NEW.null_or_absent_members || NEW.absent_members;
    complaint text;
BEGIN
    complaint := CASE
        WHEN array_position(listed || NEW.key_members, NULL) IS NOT NULL OR '' = ANY (listed || NEW.key_members)
            THEN 'a member''s name must not be null or empty'
        WHEN (SELECT count(*) <> count(DISTINCT member) FROM unnest(NEW.key_members) AS member)
            THEN 'a member must not be listed twice in key_members'
        WHEN cardinality(present) = 0
            THEN 'a shape must require at least one member'
        WHEN NEW.iso_member = '' OR NEW.iso_member = NEW.time_member
            THEN 'iso_member must be a name, and not that of time_member'
        WHEN NEW.iso_member IS NOT NULL AND NEW.time_member IS NULL
            THEN 'iso_member needs a time_member'
        WHEN NEW.time_member <> ALL (present)
            THEN 'time_member must be one of required_members or not_null_members'
        WHEN NEW.absent_members && (present || NEW.null_or_absent_members)
            THEN 'absent_members must not name a member of another list'
        WHEN NEW.null_or_absent_members && present
            THEN 'null_or_absent_members must not name a member that must be present'
        WHEN present @> ARRAY['eventType', 'payload']
            THEN 'an object with eventType and payload is canonical and never reaches a shape'
    END;
    IF complaint IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'check_violation', MESSAGE = format('shape "%s" cannot be used', NEW.name), DETAIL = complaint,
            SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME;
    END IF;

    RETURN NEW;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_check_shape() IS
    'Refuses a shape that cannot be used: SQLSTATE 23514, with the reason in DETAIL.';

CREATE FUNCTION @extschema@._analytics_invalidate_rules() RETURNS trigger
    LANGUAGE c
    AS 'MODULE_PATHNAME', 'analytics_invalidate_rules';

COMMENT ON FUNCTION @extschema@._analytics_invalidate_rules() IS
    'Makes every session read the trigger''s table again when it next needs the table.';
/* Ingest: from a record's bytes to a verdict, and from batches of records to rows.
 *
 * A verdict is an event or a reason of refusal. Bad input is never an error here, but for analytics_record, which
 * stores one event for one caller. */

CREATE FUNCTION @extschema@.analytics_normalize(
    value bytea,
    OUT event_type text, OUT source text, OUT occurred_at timestamptz, OUT tenant_id text, OUT event_key text[],
    OUT payload jsonb, OUT shape text, OUT reason text, OUT detail text)
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_normalize';

COMMENT ON FUNCTION @extschema@.analytics_normalize(bytea) IS
    'The event that a record (UTF-8 JSON, RFC 8259) stands for, or the reason why it is refused. Stores nothing. '
    'Never raises an error for bad input. occurred_at null: the ingestion time. '
    'event_key: the values of the natural key, null without one. shape: canonical or the name of a shape. '
    'reason null: accepted.';

CREATE FUNCTION @extschema@.analytics_normalize(
    value text,
    OUT event_type text, OUT source text, OUT occurred_at timestamptz, OUT tenant_id text, OUT event_key text[],
    OUT payload jsonb, OUT shape text, OUT reason text, OUT detail text)
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_normalize';

COMMENT ON FUNCTION @extschema@.analytics_normalize(text) IS 'The same as analytics_normalize(bytea), for text.';

CREATE FUNCTION @extschema@.analytics_ingest(
    records bytea[], OUT stored bigint, OUT duplicates bigint, OUT dead_lettered bigint, OUT skipped bigint)
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'analytics_ingest';

COMMENT ON FUNCTION @extschema@.analytics_ingest(bytea[]) IS
    'Normalises and stores a batch of records, and returns four counts that add up to the batch. '
    'A refused record is kept as a dead letter. '
    'An object of unknown shape is skipped, and also kept unless analytics.keep_skipped is off. '
    'A null record is a tombstone and skipped. Bad records never raise an error. '
    'Makes missing partitions, as analytics_create_partition does.';

CREATE FUNCTION @extschema@.analytics_record_each(
    records bytea[],
    OUT item integer, OUT outcome text, OUT id uuid, OUT event_type text, OUT source text, OUT occurred_at timestamptz,
    OUT ingested_at timestamptz, OUT tenant_id text, OUT payload jsonb, OUT reason text, OUT detail text)
    RETURNS SETOF record
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'analytics_record_each';

COMMENT ON FUNCTION @extschema@.analytics_record_each(bytea[]) IS
    'Stores a batch of records and returns the outcome of each, numbered from 1. '
    'stored: with the event as it is stored. duplicate: with the event that was already there. '
    'refused: with reason and detail; no dead letter is kept, because the caller has the record. '
    'dropped: a trigger dropped the event.';

CREATE FUNCTION @extschema@._analytics_sqlstate(reason text) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_sqlstate';

COMMENT ON FUNCTION @extschema@._analytics_sqlstate(text) IS
    'The SQLSTATE of class 22 that stands for a reason of refusal. Null for an unknown reason.';

CREATE FUNCTION @extschema@._analytics_accepted(outcome text, reason text, detail text) RETURNS boolean
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_accepted';

COMMENT ON FUNCTION @extschema@._analytics_accepted(text, text, text) IS
    'True if an outcome has an event, false for one that was dropped. '
    'A refused one is an error: SQLSTATE of class 22 by its reason, the detail as message, the reason in DETAIL.';

CREATE FUNCTION @extschema@.analytics_record(event jsonb)
    RETURNS TABLE (id uuid, event_type text, source text, occurred_at timestamptz, ingested_at timestamptz,
                   tenant_id text, payload jsonb, duplicate boolean)
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT r.id, r.event_type, r.source, r.occurred_at, r.ingested_at, r.tenant_id, r.payload, r.outcome = 'duplicate'
    FROM @extschema@.analytics_record_each(ARRAY[pg_catalog.convert_to(event::text, 'UTF8')]) AS r
    WHERE @extschema@._analytics_accepted(r.outcome, r.reason, r.detail);
END;

COMMENT ON FUNCTION @extschema@.analytics_record(jsonb) IS
    'Stores one event, canonical or of a known shape, and returns the stored event. duplicate: it was already there. '
    'No row: a trigger dropped it. '
    'Bad input is SQLSTATE 22007 (invalid_timestamp), 22003 or 22P05 (unstorable), or 22023, with the reason in '
    'DETAIL.';

CREATE FUNCTION @extschema@._analytics_array_items(body bytea, max_items integer) RETURNS bytea[]
    LANGUAGE c STABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_array_items';

COMMENT ON FUNCTION @extschema@._analytics_array_items(bytea, integer) IS
    'The elements of a JSON array, each as its own bytes. If there are more than max_items, max_items + 1 of them. '
    'Bytes that are not a JSON array are SQLSTATE 22P02, bytes that are not UTF-8 are 22021.';

REVOKE EXECUTE ON FUNCTION
    @extschema@.analytics_ingest(bytea[]),
    @extschema@.analytics_record_each(bytea[]),
    @extschema@.analytics_record(jsonb) FROM PUBLIC;
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
    'A dead letter, as functions return it. '
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
    'Null arguments do not restrict: max_rows (the lowest ids go first), reason, topic, and replayed (true: replayed '
    'ones, false: open ones). Dead letters that another transaction has locked are left. '
    'A negative or null older_than is SQLSTATE 22023. Nothing else deletes a dead letter.';

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
    'Null arguments do not restrict: reason, topic, replayed (true: replayed ones, false: open ones). '
    'For the next page, pass the last row''s id as before_id. max_rows below 1 is SQLSTATE 22023.';

CREATE FUNCTION @extschema@._analytics_dead_letter_json(dead_letter @extschema@.analytics_dead_letter) RETURNS json
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT pg_catalog.json_build_object(
        'id', ($1).id, 'reason', ($1).reason, 'detail', ($1).detail,
        'topic', ($1).topic, 'partition', ($1).partition, 'offset', ($1)."offset",
        'recordedAt', @extschema@._analytics_iso8601(($1).recorded_at),
        'receivedAt', @extschema@._analytics_iso8601(($1).received_at),
        'replayedAt', @extschema@._analytics_iso8601(($1).replayed_at),
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
    'The bytes as text. Null: they are not UTF-8 that PostgreSQL can store.';

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
    'The whole dead letter, or null: the members of _analytics_dead_letter_json, headers, key and value. '
    'Bytes that are not UTF-8 text are in keyBase64 and valueBase64 instead.';

REVOKE EXECUTE ON FUNCTION @extschema@.analytics_purge_dead_letters(interval, integer, text, text, boolean) FROM PUBLIC;
/* Replay: today's rules, applied to the dead letters of yesterday.
 *
 * A replay ingests the kept bytes with the same routine. It locks the dead letters, and marks them in the transaction
 * that stores their events. So a dead letter makes one event, even if two sessions replay it at once, or one repeats a
 * replay after a crash. An event without a time of its own gets the time at which its record was first received. */

CREATE FUNCTION @extschema@._analytics_ingest_again(
    records bytea[], received_at timestamptz[], OUT item integer, OUT outcome text, OUT reason text, OUT detail text)
    RETURNS SETOF record
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'analytics_ingest_again';

COMMENT ON FUNCTION @extschema@._analytics_ingest_again(bytea[], timestamptz[]) IS
    'Stores records that were received before, and returns the outcome of each, numbered from 1: stored, duplicate or '
    'refused (with reason and detail). Keeps no dead letters. '
    'received_at is the ingestion time for an event without a time of its own.';

CREATE FUNCTION @extschema@.analytics_replay_dead_letters(
    max_rows integer DEFAULT 10000, after_id bigint DEFAULT 0,
    reason text DEFAULT NULL, topic text DEFAULT NULL, ids bigint[] DEFAULT NULL,
    received_start timestamptz DEFAULT NULL, received_end timestamptz DEFAULT NULL,
    OUT replayed bigint, OUT stored bigint, OUT duplicates bigint, OUT still_refused bigint, OUT last_id bigint)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    most_bytes CONSTANT bigint := 32 * 1024 * 1024; -- of values in memory at once; the last one may exceed it
BEGIN
    PERFORM @extschema@._analytics_require_tables();
    IF $1 IS NULL OR $1 < 1 THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'max_rows must be at least 1';
    END IF;

    WITH locked AS MATERIALIZED (
        SELECT d.id, d.value, d.received_at
        FROM @extschema@.analytics_dead_letters AS d
        WHERE d.replayed_at IS NULL AND d.id > coalesce($2, 0)
            AND ($3 IS NULL OR d.reason = $3) AND ($4 IS NULL OR d.topic = $4) AND ($5 IS NULL OR d.id = ANY ($5))
            AND ($6 IS NULL OR d.received_at >= $6) AND ($7 IS NULL OR d.received_at < $7)
        ORDER BY d.id LIMIT $1 FOR UPDATE SKIP LOCKED
    ), chosen AS MATERIALIZED (
        SELECT array_agg(l.id ORDER BY l.id) AS ids, array_agg(l.value ORDER BY l.id) AS records,
            array_agg(l.received_at ORDER BY l.id) AS times
        FROM (SELECT k.*, sum(octet_length(k.value)) OVER (ORDER BY k.id) - octet_length(k.value) AS bytes_before
              FROM locked AS k) AS l
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

COMMENT ON FUNCTION @extschema@.analytics_replay_dead_letters(integer, bigint, text, text, bigint[],
    timestamptz, timestamptz) IS
    'Applies today''s rules to open dead letters, in the order of their ids. '
    'reason, topic, ids and [received_start, received_end) restrict them; null does not. '
    'One call is one chunk: at most max_rows dead letters or 32 MiB, with ids above after_id. '
    'last_id is the after_id of the next chunk, null when none is left. '
    'replayed is the number of dead letters that are events now (stored + duplicates). '
    'A dead letter that is still refused stays open, with today''s reason and detail. '
    'Locks the chunk to the end of the transaction, and leaves dead letters that another transaction has locked. '
    'max_rows below 1 is SQLSTATE 22023.';

CREATE PROCEDURE @extschema@.analytics_replay_all_dead_letters(
    chunk integer DEFAULT 10000, reason text DEFAULT NULL, topic text DEFAULT NULL,
    received_start timestamptz DEFAULT NULL, received_end timestamptz DEFAULT NULL,
    INOUT replayed bigint DEFAULT 0, INOUT stored bigint DEFAULT 0, INOUT duplicates bigint DEFAULT 0,
    INOUT still_refused bigint DEFAULT 0)
    LANGUAGE plpgsql -- with a SET clause COMMIT is not allowed, so everything is qualified instead
    AS $$
DECLARE
    done pg_catalog.record;
    place bigint := 0;
BEGIN
    LOOP
        SELECT r.* INTO done
        FROM @extschema@.analytics_replay_dead_letters($1, place, $2, $3, NULL::pg_catalog.int8[], $4, $5) AS r;
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

COMMENT ON PROCEDURE @extschema@.analytics_replay_all_dead_letters(integer, text, text, timestamptz, timestamptz,
    bigint, bigint, bigint, bigint) IS
    'Calls analytics_replay_dead_letters for chunk after chunk, and returns the sums. '
    'Commits after each chunk, so it cannot run in a transaction block (SQLSTATE 2D000).';

REVOKE EXECUTE ON FUNCTION
    @extschema@._analytics_ingest_again(bytea[], timestamptz[]),
    @extschema@.analytics_replay_dead_letters(integer, bigint, text, text, bigint[], timestamptz, timestamptz)
    FROM PUBLIC;
REVOKE EXECUTE ON PROCEDURE @extschema@.analytics_replay_all_dead_letters(
    integer, text, text, timestamptz, timestamptz, bigint, bigint, bigint, bigint) FROM PUBLIC;
/* Publishing: how dead letters are copied to the dead-letter topic.
 *
 * The table is the truth, the topic is a copy. A publisher reads some dead letters, sends them to Kafka, and marks them
 * when the broker has acknowledged them, all in one transaction. After a crash it reads the same ones again. So the
 * topic has each dead letter at least once.
 *
 * Unpublished dead letters are found by their columns, not by a position: one with a lower id may be committed later.
 * One publisher runs at a time, which keeps the topic in order. A table lock ensures it. Its mode needs the right to
 * UPDATE dead letters, and blocks neither readers nor writers nor replays.
 *
 * Objects of unknown shape are skipped records, so they are not published. Neither are dead letters that were replayed
 * before. */

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
    'One row a header: first the record''s own headers, then those named analytics-…. '
    'The first row of a dead letter has its value. '
    'key: topic-partition-offset, or dead-letter-id for a record that did not come from Kafka. '
    'fault: no message can be made, and why. No rows while another transaction that called this function is open.';

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
/* Kafka: how far each partition has been read, who claims it, and how its records are stored.
 *
 * A consumer claims a partition, which increments the partition's epoch. Each of its batches names that epoch and the
 * offset from which it was read, and is stored only if the partition's row still says the same: compare-and-swap. So a
 * consumer that lost its partition, or repeats a batch, changes nothing (AN001). */

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
            high_watermark = coalesce(excluded.high_watermark, o.high_watermark)
    RETURNING o.owner_epoch, o.next_offset
$$;

COMMENT ON FUNCTION @extschema@.analytics_claim_partition(text, text, integer, text, bigint, bigint) IS
    'Claims a Kafka partition for owner, and returns the new epoch and the offset to read next. '
    'Batches of earlier epochs are refused from then on. start_offset is used at the first claim of the partition. '
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
    'Locks the partition''s row to the end of the transaction, if it is still at this epoch and offset. '
    'Else SQLSTATE AN001.';

CREATE FUNCTION @extschema@._analytics_ingest_batch(
    topic text, partition integer, records bytea[],
    offsets bigint[], keys bytea[], timestamps timestamptz[], headers jsonb[],
    OUT stored bigint, OUT duplicates bigint, OUT dead_lettered bigint, OUT skipped bigint, OUT refusals jsonb)
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'analytics_ingest_batch';

COMMENT ON FUNCTION @extschema@._analytics_ingest_batch(text, integer, bytea[], bigint[], bytea[],
    timestamptz[], jsonb[]) IS
    'The same as analytics_ingest, for records with their place in Kafka. '
    'refusals: null, or an array with one object a reason: {reason, count, firstOffset, lastOffset, detail}.';

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
    'The four counts add up to the batch; for refusals see _analytics_ingest_batch. '
    'Locks the partition''s row in analytics_kafka_offsets to the end of the transaction.';

CREATE FUNCTION @extschema@.analytics_lag_records() RETURNS bigint
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    RETURN (
        SELECT max(lag.records)::bigint
        FROM (
            SELECT sum(greatest(o.high_watermark - o.next_offset, 0)) AS records
            FROM @extschema@.analytics_kafka_offsets AS o
            WHERE o.high_watermark IS NOT NULL -- greatest ignores null: the lag would be 0
            GROUP BY o.consumer_group
        ) AS lag);
END
$$;

COMMENT ON FUNCTION @extschema@.analytics_lag_records() IS
    'The number of records in Kafka that are not read yet, as the ingestors last saw it, of the consumer group that '
    'is furthest behind. Null: no ingestor has reported yet.';

REVOKE EXECUTE ON FUNCTION
    @extschema@.analytics_claim_partition(text, text, integer, text, bigint, bigint),
    @extschema@._analytics_lock_claim(text, text, integer, bigint, bigint, bigint),
    @extschema@._analytics_ingest_batch(text, integer, bytea[], bigint[], bytea[], timestamptz[], jsonb[]),
    @extschema@.analytics_ingest_kafka(text, text, integer, bigint, bigint, bigint, bytea[],
        bigint[], bytea[], timestamptz[], jsonb[], bigint)
    FROM PUBLIC;
/* Gaps: when Kafka no longer has a partition's next offset, an operator decides where to continue.
 *
 * The records between are lost, or read again where a topic was deleted and made again. Every decision is a row. */

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
    'from_offset must be the partition''s offset, else SQLSTATE 55000: so the same command has no effect a second '
    'time. A partition that was never claimed is SQLSTATE P0002. '
    'Increments the epoch; the ingestor that has the partition notices within seconds and continues. '
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
    'Whether a gap of the partition was accepted after this epoch, and the partition was not claimed since.';

REVOKE EXECUTE ON FUNCTION @extschema@.analytics_accept_gap(text, text, integer, bigint, bigint, text) FROM PUBLIC;
/* The store: the identity of this database's tables.
 *
 * A consumer group belongs to one store, and the ingestor marks the group's offsets in Kafka with the store's identity.
 * The id is made at the first call, not by CREATE EXTENSION, because a dump brings its own. A restored copy has the
 * same id, but another cluster or database. */

CREATE FUNCTION @extschema@.analytics_store_identity(
    OUT id uuid, OUT system_identifier bigint, OUT database_oid oid, OUT database text)
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'analytics_as_owner';

CREATE FUNCTION @extschema@._analytics_store_identity(
    OUT id uuid, OUT system_identifier bigint, OUT database_oid oid, OUT database text)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM @extschema@._analytics_require_tables();
    SELECT s.id INTO id FROM @extschema@.analytics_store AS s;
    IF id IS NULL THEN
        INSERT INTO @extschema@.analytics_store DEFAULT VALUES ON CONFLICT DO NOTHING;
        SELECT s.id INTO id FROM @extschema@.analytics_store AS s;
    END IF;
    SELECT c.system_identifier INTO system_identifier FROM pg_control_system() AS c;
    SELECT d.oid, d.datname INTO database_oid, database FROM pg_database AS d WHERE d.datname = current_database();
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_store_identity() IS 'Does the work of analytics_store_identity.';

COMMENT ON FUNCTION @extschema@.analytics_store_identity() IS
    'The identity of this store: the id of its tables, the cluster''s system identifier, and the database. '
    'A restored copy has the same id in another cluster or database. '
    'Runs with the rights of the tables'' owner, and makes the id at its first call.';
/* Rollups: counts beside the events, maintained by every statement that changes the events.
 *
 * A bag is a row with the number of events of each type in the minutes of one hour. An hour may have many bags, and
 * their sum is the truth. Writers append bags; folding replaces many bags by their sum. See
 * doc/design/rollups.md.
 *
 * Bags are inserted and deleted all the time. So a bag is stored inline, up to the size of a page. Vacuum runs early,
 * and does not truncate the end of the file, which will be used again. Bags have no key. Their replica identity is for
 * publications of all tables: without it a subscriber would miss what folding deletes. */

CREATE FUNCTION @extschema@.analytics_bag_cells(
    hour timestamptz, cells bytea, OUT minute timestamptz, OUT event_type text, OUT count bigint)
    RETURNS SETOF record
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 100
    AS 'MODULE_PATHNAME', 'analytics_bag_cells';

COMMENT ON FUNCTION @extschema@.analytics_bag_cells(timestamptz, bytea) IS
    'Unpacks a bag: for each event type and minute of the hour, the number of events, which may be negative. '
    'Bytes that are not a bag are SQLSTATE XX001.';

CREATE FUNCTION @extschema@._analytics_rollup_row() RETURNS trigger
    LANGUAGE c
    AS 'MODULE_PATHNAME', 'analytics_rollup_row';

COMMENT ON FUNCTION @extschema@._analytics_rollup_row() IS
    'Counts an event that a statement has inserted, updated or deleted.';

CREATE FUNCTION @extschema@._analytics_rollup_statement() RETURNS trigger
    LANGUAGE c
    AS 'MODULE_PATHNAME', 'analytics_rollup_statement';

COMMENT ON FUNCTION @extschema@._analytics_rollup_statement() IS
    'Before a statement: starts its count. After it: appends the count to the rollups.';

CREATE FUNCTION @extschema@._analytics_rollup_truncate() RETURNS trigger
    LANGUAGE c
    AS 'MODULE_PATHNAME', 'analytics_rollup_truncate';

COMMENT ON FUNCTION @extschema@._analytics_rollup_truncate() IS
    'Subtracts the events that TRUNCATE is about to remove from the rollups.';

REVOKE EXECUTE ON FUNCTION
    @extschema@._analytics_rollup_row(),
    @extschema@._analytics_rollup_statement(),
    @extschema@._analytics_rollup_truncate() FROM PUBLIC;

CREATE FUNCTION @extschema@.analytics_watch_partition(partition regclass) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM @extschema@._analytics_attach_trigger(partition, t.trigger, t.fires, 'STATEMENT', t.called)
    FROM (VALUES
        ('analytics_rollup_begin', 'BEFORE INSERT OR UPDATE OR DELETE', '_analytics_rollup_statement'),
        ('analytics_rollup_end', 'AFTER INSERT OR UPDATE OR DELETE', '_analytics_rollup_statement'),
        ('analytics_rollup_truncate', 'BEFORE TRUNCATE', '_analytics_rollup_truncate')
    ) AS t (trigger, fires, called);
END
$$;

COMMENT ON FUNCTION @extschema@.analytics_watch_partition(regclass) IS
    'Gives a partition that was made by hand the triggers of a partition made by analytics_create_partition. '
    'Then a statement that names the partition itself is counted at its end instead of row by row, and its TRUNCATE '
    'is counted too. Locks the partition in SHARE ROW EXCLUSIVE mode if a trigger is missing: its writers wait.';

REVOKE EXECUTE ON FUNCTION @extschema@.analytics_watch_partition(regclass) FROM PUBLIC;

CREATE FUNCTION @extschema@._analytics_bag_add(bag internal, minute timestamptz, event_type text, count bigint)
    RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_bag_add';

COMMENT ON FUNCTION @extschema@._analytics_bag_add(internal, timestamptz, text, bigint) IS
    'Part of analytics_bag: adds a count.';

CREATE FUNCTION @extschema@._analytics_bag_pack(bag internal) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_bag_pack';

COMMENT ON FUNCTION @extschema@._analytics_bag_pack(internal) IS 'Part of analytics_bag: packs the counts.';

CREATE AGGREGATE @extschema@.analytics_bag(minute timestamptz, event_type text, count bigint) (
    SFUNC = @extschema@._analytics_bag_add, STYPE = internal, FINALFUNC = @extschema@._analytics_bag_pack,
    PARALLEL = SAFE);

COMMENT ON AGGREGATE @extschema@.analytics_bag(timestamptz, text, bigint) IS
    'Packs counts by minute and event type, all of one hour, into a bag. analytics_bag_cells unpacks it.';
/* Queries: what analysts and dashboards read. They run with the caller's rights.
 *
 * Counts come from the rollups for whole minutes, and from the events for the parts of a minute at a window's ends. */

CREATE FUNCTION @extschema@._analytics_recent_of(
    max_rows integer, before_occurred_at timestamptz, before_id uuid, tenant_id text, event_type text)
    RETURNS SETOF @extschema@.analytics_event
    LANGUAGE c STABLE PARALLEL RESTRICTED
    AS 'MODULE_PATHNAME', 'analytics_recent_of';

COMMENT ON FUNCTION @extschema@._analytics_recent_of(integer, timestamptz, uuid, text, text) IS
    'Part of analytics_recent: the newest events before (before_occurred_at, before_id) of a tenant and a type (null: '
    'all). '
    'Reads the minutes in which the rollups have such events, with the caller''s rights on analytics_events and in '
    'one snapshot.';

CREATE FUNCTION @extschema@.analytics_recent(
    max_rows integer DEFAULT 50, before_occurred_at timestamptz DEFAULT NULL, before_id uuid DEFAULT NULL,
    tenant_id text DEFAULT NULL, event_type text DEFAULT NULL)
    RETURNS SETOF @extschema@.analytics_event
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    occurred_before timestamptz := coalesce(before_occurred_at, 'infinity');
    id_before uuid := coalesce(before_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
BEGIN
    PERFORM @extschema@._analytics_require_tables();
    IF max_rows IS NULL OR max_rows < 1 THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'max_rows must be at least 1';
    END IF;
    IF (before_occurred_at IS NULL) <> (before_id IS NULL) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value', MESSAGE = 'before_occurred_at and before_id must be given together';
    END IF;
    IF tenant_id IS NULL AND event_type IS NULL THEN
        RETURN QUERY
            SELECT e.id, e.event_type, e.source, e.occurred_at, e.ingested_at, e.tenant_id, e.payload
            FROM @extschema@.analytics_events AS e
            WHERE (e.occurred_at, e.id) < (occurred_before, id_before) AND e.occurred_at <= occurred_before
            ORDER BY e.occurred_at DESC, e.id DESC
            LIMIT $1;
    ELSE
        RETURN QUERY
            SELECT e.*
            FROM @extschema@._analytics_recent_of(max_rows, occurred_before, id_before, tenant_id, event_type) AS e;
    END IF;
END
$$;

COMMENT ON FUNCTION @extschema@.analytics_recent(integer, timestamptz, uuid, text, text) IS
    'Events, newest first by (occurred_at, id), of one tenant and one type (null: all). '
    'For the next page, pass the last row''s occurred_at and id as before_occurred_at and before_id. '
    'Events that arrive meanwhile neither repeat nor hide any. '
    'The cost depends on the page, not on the number of stored events: the rollups say in which minutes there are '
    'such events. '
    'Where analytics_verify finds differences, a page of a tenant or type may miss events until analytics_rebuild. '
    'max_rows below 1, or one of before_occurred_at and before_id alone, is SQLSTATE 22023.';

CREATE FUNCTION @extschema@._analytics_window_counts(
    bounds timestamptz[], tenant_id text DEFAULT NULL, OUT bucket integer, OUT event_type text, OUT count bigint)
    RETURNS SETOF record
    LANGUAGE c STABLE PARALLEL RESTRICTED ROWS 100
    AS 'MODULE_PATHNAME', 'analytics_window_counts';

COMMENT ON FUNCTION @extschema@._analytics_window_counts(timestamptz[], text) IS
    'The number of events by bucket and type, of one tenant (null: all). Bucket i is [bounds[i], bounds[i + 1]). '
    'Only counts other than 0, in the order of the bucket, then of the type''s bytes. '
    'Whole minutes are read from the rollups, parts of a minute from the events, in one snapshot and with the '
    'caller''s rights. '
    'Bounds that do not ascend, more than 100000 buckets, or more than 1000000 counts are SQLSTATE 22023. '
    'A null among the bounds: no rows.';

CREATE FUNCTION @extschema@.analytics_counts(
    window_start timestamptz, window_end timestamptz, tenant_id text DEFAULT NULL,
    OUT event_type text, OUT count bigint)
    RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL RESTRICTED
BEGIN ATOMIC
    SELECT c.event_type, c.count
    FROM @extschema@._analytics_window_counts(ARRAY[$1, CASE WHEN $2 < $1 THEN $1 ELSE $2 END], $3) AS c
    ORDER BY c.event_type;
END;

COMMENT ON FUNCTION @extschema@.analytics_counts(timestamptz, timestamptz, text) IS
    'The number of events by type in [window_start, window_end), of one tenant (null: all).';

CREATE FUNCTION @extschema@._analytics_buckets(
    window_start timestamptz, window_end timestamptz, bucket interval, timezone text DEFAULT 'UTC')
    RETURNS SETOF timestamptz
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 100
    AS 'MODULE_PATHNAME', 'analytics_buckets';

COMMENT ON FUNCTION @extschema@._analytics_buckets(timestamptz, timestamptz, interval, text) IS
    'The starts of the buckets that overlap [window_start, window_end), in order. '
    'A bucket is a whole number of minutes, counted from the start of 1970, or of months, counted from January 1970, '
    'on the wall clock of the time zone. Days and months begin at local midnight, whatever their length is. '
    'A shorter bucket begins when the clock shows a multiple of it or jumps across one. '
    'timezone is a name of pg_timezone_names, or an offset such as +05:30, positive east of Greenwich. '
    'Another bucket or time zone, more than 100000 buckets, or a bucket over 4000 years are SQLSTATE 22023.';

CREATE FUNCTION @extschema@.analytics_bucket_start(
    instant timestamptz, bucket interval, timezone text DEFAULT 'UTC') RETURNS timestamptz
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_bucket_start';

COMMENT ON FUNCTION @extschema@.analytics_bucket_start(timestamptz, interval, text) IS
    'The start of the bucket that holds the instant. Buckets, time zones and errors are those of analytics_histogram.';

CREATE FUNCTION @extschema@.analytics_histogram(
    window_start timestamptz, window_end timestamptz, bucket interval,
    tenant_id text DEFAULT NULL, event_type text DEFAULT NULL, timezone text DEFAULT 'UTC',
    OUT bucket_start timestamptz, OUT event_type text, OUT count bigint)
    RETURNS SETOF record
    LANGUAGE c STABLE PARALLEL RESTRICTED
    AS 'MODULE_PATHNAME', 'analytics_histogram';

COMMENT ON FUNCTION @extschema@.analytics_histogram(timestamptz, timestamptz, interval, text, text, text) IS
    'The number of events by bucket and type in [window_start, window_end), of one tenant and one type (null: all). '
    'Every bucket has a row for every type in the window, with count 0 where there is none. '
    'A window without events gives its buckets with event_type null. '
    'In the order of the bucket, then of the type''s bytes. '
    'The first and the last bucket count only the window''s events. '
    'A bucket is a whole number of minutes, counted from the start of 1970, or of months, counted from January 1970, '
    'on the wall clock of timezone. '
    'More than 100000 buckets or 1000000 rows, another bucket or an unknown time zone are SQLSTATE 22023.';

CREATE FUNCTION @extschema@._analytics_freshness(
    tenant_id text DEFAULT NULL, OUT last_event_at timestamptz, OUT last_ingested_at timestamptz)
    LANGUAGE c STABLE PARALLEL RESTRICTED
    AS 'MODULE_PATHNAME', 'analytics_freshness';

COMMENT ON FUNCTION @extschema@._analytics_freshness(text) IS
    'The latest event time and the latest ingestion time, of one tenant (null: all). Null: there are no events. '
    'A deleted event does not change the latest ingestion time.';

CREATE FUNCTION @extschema@._analytics_metrics_window_minutes() RETURNS integer
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_metrics_window_minutes';

COMMENT ON FUNCTION @extschema@._analytics_metrics_window_minutes() IS
    'The setting analytics.metrics_window_minutes, also in a session that has not loaded the library yet.';

CREATE FUNCTION @extschema@.analytics_summary(
    window_minutes integer DEFAULT NULL, reference timestamptz DEFAULT pg_catalog.now(), tenant_id text DEFAULT NULL)
    RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    minutes integer := coalesce(window_minutes, @extschema@._analytics_metrics_window_minutes());
    window_end timestamptz := coalesce(reference, now());
    window_start timestamptz;
    interval_minutes integer := greatest(minutes / 6, 5);
    after_window timestamptz;
    starts timestamptz[];
    answer jsonb;
BEGIN
    IF minutes NOT BETWEEN 5 AND 10080 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value', MESSAGE = 'window_minutes must be between 5 and 10080';
    END IF;
    IF window_end < timestamptz '0001-01-01 00:00:00+00' + make_interval(mins => minutes)
        OR window_end >= '10000-01-01 00:00:00+00' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'reference must lie in the years 0001 to 9999, and so must the start of its window';
    END IF;
    window_start := window_end - make_interval(mins => minutes);
    after_window := window_end + interval '1 microsecond';
    starts := ARRAY(SELECT @extschema@._analytics_buckets(
        window_start, after_window, make_interval(mins => interval_minutes), 'UTC'));

    WITH counted AS MATERIALIZED (
        SELECT c.bucket, c.event_type, c.count
        FROM @extschema@._analytics_window_counts(window_start || starts[2:] || after_window, tenant_id) AS c
    ), by_type AS (
        SELECT c.event_type, sum(c.count) AS count FROM counted AS c GROUP BY c.event_type
    ), by_bucket AS (
        SELECT c.bucket, sum(c.count) AS count FROM counted AS c GROUP BY c.bucket
    )
    SELECT jsonb_build_object(
        'windowStart', @extschema@._analytics_iso8601(window_start),
        'windowEnd', @extschema@._analytics_iso8601(window_end),
        'windowMinutes', minutes,
        'intervalMinutes', interval_minutes,
        'totalEvents', (SELECT coalesce(sum(c.count), 0) FROM counted AS c),
        'eventsPerType', (SELECT coalesce(jsonb_object_agg(t.event_type, t.count), '{}') FROM by_type AS t),
        'eventsPerInterval', (
            SELECT jsonb_agg(jsonb_build_object('bucketStart', @extschema@._analytics_iso8601(s.start),
                                                'count', coalesce(b.count, 0)) ORDER BY s.bucket)
            FROM unnest(starts) WITH ORDINALITY AS s (start, bucket)
            LEFT JOIN by_bucket AS b ON b.bucket = s.bucket),
        'freshness', jsonb_build_object(
            'lastEventAt', @extschema@._analytics_instant_text(f.last_event_at),
            'lastIngestedAt', @extschema@._analytics_instant_text(f.last_ingested_at),
            'lagRecords', @extschema@.analytics_lag_records(),
            'deadLetters', @extschema@.analytics_open_dead_letters()))
    INTO answer
    FROM @extschema@._analytics_freshness(tenant_id) AS f;
    RETURN answer;
END
$$;

COMMENT ON FUNCTION @extschema@.analytics_summary(integer, timestamptz, text) IS
    'A summary of [reference - window_minutes, reference], closed at both ends: {windowStart, windowEnd, '
    'windowMinutes, intervalMinutes, totalEvents, eventsPerType, eventsPerInterval, freshness}, of one tenant (null: '
    'all). intervalMinutes is max(windowMinutes div 6, 5); intervals start at its multiples since the Unix epoch. '
    'freshness describes the present, not the window: lastEventAt and lastIngestedAt (of the tenant), lagRecords '
    '(null: no ingestor has reported) and deadLetters (open ones, without objects of unknown shape). '
    'window_minutes null: analytics.metrics_window_minutes. '
    'A window_minutes outside 5 to 10080, or a window outside the years 0001 to 9999, is SQLSTATE 22023.';
/* Windows for analysts: tumbling, hopping and session windows over events.
 *
 * All windows are half-open, [window_start, window_end), and so is the range of events that the arguments name. A
 * window that crosses an end of the range counts only the events in the range. The reference shows the equivalent plain
 * SQL of each function, and the tests compare the two. */

CREATE FUNCTION @extschema@.analytics_hopping(
    window_start timestamptz, window_end timestamptz, size interval, hop interval,
    tenant_id text DEFAULT NULL, event_type text DEFAULT NULL,
    OUT window_start timestamptz, OUT window_end timestamptz, OUT event_type text, OUT count bigint)
    RETURNS SETOF record
    LANGUAGE c STABLE PARALLEL RESTRICTED ROWS 1000
    AS 'MODULE_PATHNAME', 'analytics_hopping';

COMMENT ON FUNCTION @extschema@.analytics_hopping(timestamptz, timestamptz, interval, interval, text, text) IS
    'The number of events by type in hopping windows: windows of length size that begin every hop, counted from the '
    'Unix epoch. An event is in each window with window_start <= occurred_at < window_end. '
    'Counts only events in the arguments'' range [window_start, window_end), of one tenant and one type (null: all). '
    'Only windows and types with events, in the order of the windows. '
    'size and hop must be positive, without months, and at most 4000 years. '
    'More than 100000 windows or 1000000 rows are SQLSTATE 22023, and so are other sizes.';

CREATE FUNCTION @extschema@.analytics_tumbling(
    window_start timestamptz, window_end timestamptz, size interval,
    tenant_id text DEFAULT NULL, event_type text DEFAULT NULL,
    OUT window_start timestamptz, OUT window_end timestamptz, OUT event_type text, OUT count bigint)
    RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 1000
BEGIN ATOMIC
    SELECT h.window_start, h.window_end, h.event_type, h.count
    FROM @extschema@.analytics_hopping($1, $2, $3, $3, $4, $5) AS h;
END;

COMMENT ON FUNCTION @extschema@.analytics_tumbling(timestamptz, timestamptz, interval, text, text) IS
    'The number of events by type in tumbling windows: windows of length size, one after another, counted from the '
    'Unix epoch. Arguments, order and errors are those of analytics_hopping with hop = size.';

CREATE FUNCTION @extschema@.analytics_session(
    window_start timestamptz, window_end timestamptz, gap interval, key_path text[],
    tenant_id text DEFAULT NULL, event_type text DEFAULT NULL,
    OUT session_key text, OUT session_start timestamptz, OUT session_end timestamptz,
    OUT last_event_at timestamptz, OUT events bigint)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1000
    SET search_path = pg_catalog, pg_temp
    SET TimeZone = 'UTC' -- a day of the gap has 24 hours
    AS $$
BEGIN
    PERFORM @extschema@._analytics_require_tables();
    IF extract(year FROM gap) <> 0 OR extract(month FROM gap) <> 0
        OR gap <= interval '0' OR gap > interval '1464000 days' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'gap must be positive, without months and at most 4000 years';
    END IF;
    IF cardinality(key_path) = 0 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value', MESSAGE = 'key_path must name a member of the payload';
    END IF;
    RETURN QUERY
        WITH keyed AS (
            SELECT e.payload #>> $4 AS key, e.occurred_at AS at,
                   CASE WHEN e.occurred_at <= timestamptz '294276-12-31 23:59:59.999999+00' - $3
                        THEN e.occurred_at + $3 ELSE 'infinity' END AS until
            FROM @extschema@.analytics_events AS e
            WHERE e.occurred_at >= $1 AND e.occurred_at < $2
                AND ($5 IS NULL OR e.tenant_id = $5) AND ($6 IS NULL OR e.event_type = $6)
        ), marked AS (
            SELECT k.key, k.at, k.until, lag(k.until) OVER earlier > k.at AS continues
            FROM keyed AS k
            WHERE k.key IS NOT NULL
            WINDOW earlier AS (PARTITION BY k.key ORDER BY k.at)
        ), numbered AS (
            SELECT m.key, m.at, m.until,
                   count(*) FILTER (WHERE m.continues IS NOT TRUE) OVER (PARTITION BY m.key ORDER BY m.at) AS number
            FROM marked AS m
        )
        SELECT n.key, min(n.at), max(n.until), max(n.at), count(*)
        FROM numbered AS n
        GROUP BY n.key, n.number
        ORDER BY 2, n.key;
END
$$;

COMMENT ON FUNCTION @extschema@.analytics_session(timestamptz, timestamptz, interval, text[], text, text) IS
    'Sessions of the events in [window_start, window_end), of one tenant and one type (null: all). '
    'The key of an event is payload #>> key_path; an event without a key is in no session. '
    'An event continues its key''s session if less than gap has passed since the event before, else it begins a new '
    'one. session_end is gap after the last event; events is their number. '
    'gap must be positive, without months and at most 4000 years, and key_path not empty, else SQLSTATE 22023.';
/* Projections: further exact rollups, of dimensions and measures that an analyst finds in payloads.
 *
 * A row of analytics_projections is a rule. Every statement that changes events follows it, and appends bags for the
 * buckets and tenants that it changes. The analyst's view adds the bags up. */

CREATE FUNCTION @extschema@._analytics_projection_columns(dimensions json, measures json, OUT name text, OUT type text)
    RETURNS SETOF record
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_projection_columns';

COMMENT ON FUNCTION @extschema@._analytics_projection_columns(json, json) IS
    'The columns of a projection with these dimensions and measures, after bucket_start and tenant_id. '
    'A definition that cannot be used is SQLSTATE 22023, with the place and the fault in DETAIL.';

CREATE FUNCTION @extschema@._analytics_projection_rows(
    projection integer, bucket_start timestamptz, tenant_id text, bags bytea[])
    RETURNS SETOF record
    LANGUAGE c STABLE PARALLEL SAFE ROWS 10
    AS 'MODULE_PATHNAME', 'analytics_projection_rows';

COMMENT ON FUNCTION @extschema@._analytics_projection_rows(integer, timestamptz, text, bytea[]) IS
    'The sum of a bucket''s bags as rows of a projection, in the columns of _analytics_projection_columns. '
    'If the event with the minimum or maximum of a measure may have been deleted, the bucket''s events are read, in '
    'the same snapshot and with the caller''s rights.';

CREATE FUNCTION @extschema@._analytics_projection_missing(
    projection integer, window_start timestamptz, window_end timestamptz,
    OUT bucket_start timestamptz, OUT bucket_end timestamptz, OUT tenant_id text,
    OUT events bigint, OUT counted bigint, OUT cells bytea)
    RETURNS SETOF record
    LANGUAGE c STABLE STRICT PARALLEL RESTRICTED
    AS 'MODULE_PATHNAME', 'analytics_projection_missing';

COMMENT ON FUNCTION @extschema@._analytics_projection_missing(integer, timestamptz, timestamptz) IS
    'The differences between a projection''s bags and the events of [window_start, window_end), by whole bucket and '
    'tenant. No row: there is no difference. '
    'cells is the bag that is missing; events and counted are the number of events that exist and that the bags '
    'count. Reads events and bags in one snapshot, so concurrent writers make no difference.';

CREATE FUNCTION @extschema@._analytics_check_projection() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF TG_OP = 'UPDATE'
        AND (OLD.id, OLD.event_types, OLD.dimensions::text, OLD.measures::text, OLD.bucket::text, OLD.max_groups)
            IS DISTINCT FROM
            (NEW.id, NEW.event_types, NEW.dimensions::text, NEW.measures::text, NEW.bucket::text, NEW.max_groups) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('projection "%s" cannot be changed', OLD.name),
            HINT = 'Create another projection, and drop this one.';
    END IF;
    PERFORM @extschema@._analytics_require_projection(
        NEW.name, NEW.event_types, NEW.dimensions, NEW.measures, NEW.bucket, NEW.max_groups);
    RETURN NEW;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_check_projection() IS
    'Refuses a projection that cannot be used (SQLSTATE 22023), and any change of a definition (SQLSTATE 55000).';

CREATE FUNCTION @extschema@._analytics_require_projection(
    name text, event_types text[], dimensions json, measures json, bucket interval, max_groups integer) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    complaint text;
BEGIN
    complaint := CASE
        WHEN name IS NULL OR dimensions IS NULL OR measures IS NULL OR bucket IS NULL OR max_groups IS NULL
            THEN 'only event_types may be null'
        WHEN octet_length(name) NOT BETWEEN 1 AND 63 THEN 'name must have 1 to 63 bytes'
        WHEN cardinality(event_types) = 0 THEN 'event_types must not be empty; null stands for all types'
        WHEN EXISTS (SELECT FROM unnest(event_types) AS event_type
                     WHERE coalesce(char_length(event_type), 0) NOT BETWEEN 1 AND 120)
            THEN 'event_types: each must have 1 to 120 characters'
        WHEN bucket > interval '100 years' THEN 'bucket must be 100 years at most'
        WHEN max_groups NOT BETWEEN 1 AND 1000000 THEN 'max_groups must be between 1 and 1000000'
    END;
    IF complaint IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value', MESSAGE = 'projection cannot be used', DETAIL = complaint;
    END IF;
    PERFORM @extschema@.analytics_bucket_start(timestamptz '2000-01-01 00:00:00+00', bucket, 'UTC');
    PERFORM @extschema@._analytics_projection_columns(dimensions, measures);
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_require_projection(text, text[], json, json, interval, integer) IS
    'Raises SQLSTATE 22023 for a definition that cannot be used, with the place and the fault in DETAIL.';

CREATE FUNCTION @extschema@._analytics_bags_agree() RETURNS boolean
    LANGUAGE c STABLE PARALLEL RESTRICTED
    AS 'MODULE_PATHNAME', 'analytics_bags_agree';

COMMENT ON FUNCTION @extschema@._analytics_bags_agree() IS
    'Whether the rollups agree with the events in this snapshot. '
    'They do not within a statement that is changing events. '
    'They also do not in a transaction at REPEATABLE READ or SERIALIZABLE whose snapshot is older than a TRUNCATE or '
    'a dropped partition. There, the reading functions count events instead, and projections cannot be read.';

CREATE FUNCTION @extschema@._analytics_ready_projection(name text) RETURNS integer
    LANGUAGE plpgsql STABLE STRICT PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    projection record;
BEGIN
    PERFORM @extschema@._analytics_require_tables();
    SELECT * INTO projection FROM @extschema@.analytics_projections AS p WHERE p.name = $1;
    IF projection.id IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('projection "%s" does not exist', name);
    END IF;
    IF projection.state <> 'ready' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('projection "%s" is being built', name),
            HINT = format('If its build was interrupted: CALL analytics_build_projection(%L);', name);
    END IF;
    IF NOT @extschema@._analytics_bags_agree() THEN
        RAISE EXCEPTION USING
            ERRCODE = 'serialization_failure',
            MESSAGE = format('projection "%s" cannot be read in this transaction', name),
            DETAIL = 'Events that its snapshot still shows were truncated or dropped, '
                     'or the statement itself is changing events.',
            HINT = 'Begin another transaction, or use isolation level READ COMMITTED.';
    END IF;
    IF row_security_active('@extschema@.analytics_events'::regclass)
        AND NOT row_security_active('@extschema@.analytics_projection_bags'::regclass) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'insufficient_privilege',
            MESSAGE = 'projections cannot be read while row-level security restricts analytics_events alone',
            DETAIL = 'analytics_events has a policy for you, analytics_projection_bags has none.',
            HINT = 'Create a policy on tenant_id for analytics_projection_bags, too.';
    END IF;
    RETURN projection.id;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_ready_projection(text) IS
    'The number of a projection that can be read. '
    'Else an error: SQLSTATE 42704 if there is none, 55000 while it is being built, 40001 where _analytics_bags_agree '
    'is false, 42501 if row-level security restricts the caller on analytics_events but not on '
    'analytics_projection_bags.';

CREATE FUNCTION @extschema@._analytics_projection_query(name text, dimensions json, measures json) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT format(
        'SELECT b.bucket_start, b.tenant_id, %1$s FROM ('
        'SELECT bag.bucket_start, bag.projection, bag.tenant_id, array_agg(bag.cells) AS bags '
        'FROM %3$s.analytics_projection_bags AS bag '
        'WHERE bag.projection = %3$s._analytics_ready_projection(%4$L) '
        'GROUP BY bag.bucket_start, bag.projection, bag.tenant_id) AS b '
        'CROSS JOIN LATERAL '
        '%3$s._analytics_projection_rows(b.projection, b.bucket_start, b.tenant_id::text, b.bags) AS r (%2$s)',
        string_agg(format('r.%I', c.name), ', '), string_agg(format('%I %s', c.name, c.type), ', '), '@extschema@', $1)
    FROM @extschema@._analytics_projection_columns($2, $3) AS c
$$;

COMMENT ON FUNCTION @extschema@._analytics_projection_query(text, json, json) IS
    'The query that reads a projection with this name and these dimensions and measures. Its view is made from it.';

CREATE FUNCTION @extschema@._analytics_create_projection_view(name text) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    projection record;
    view text;
BEGIN
    SELECT p.* INTO STRICT projection FROM @extschema@.analytics_projections AS p WHERE p.name = $1;
    view := format('%I.%I', projection.view_schema, projection.name);
    EXECUTE format(
        'CREATE VIEW %s WITH (security_invoker = true) AS %s', view,
        @extschema@._analytics_projection_query(projection.name, projection.dimensions, projection.measures));
    EXECUTE format('COMMENT ON VIEW %s IS %L', view,
                   format('Projection of analytics_events in buckets of %s.', projection.bucket));
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_create_projection_view(text) IS 'Makes the view of a registered projection.';

CREATE FUNCTION @extschema@._analytics_register_projection(
    name text, event_types text[], dimensions json, measures json, bucket interval, max_groups integer,
    view_schema text) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM @extschema@._analytics_require_tables();
    PERFORM @extschema@._analytics_require_projection(name, event_types, dimensions, measures, bucket, max_groups);
    IF EXISTS (SELECT FROM @extschema@.analytics_projections AS p WHERE p.name = $1) THEN
        RAISE EXCEPTION USING ERRCODE = 'duplicate_object', MESSAGE = format('projection "%s" already exists', name);
    END IF;
    INSERT INTO @extschema@.analytics_projections
        (name, event_types, dimensions, measures, bucket, max_groups, view_schema)
    VALUES (name, event_types, dimensions, measures, bucket, max_groups, view_schema);
    PERFORM @extschema@._analytics_create_projection_view(name);
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_register_projection(text, text[], json, json, interval, integer, text) IS
    'The first step of analytics_create_projection: after its commit, every statement that changes events maintains '
    'the projection.';

CREATE FUNCTION @extschema@._analytics_build_projection_chunk(name text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE STRICT
    SET analytics.append_bags = on
    SET search_path = pg_catalog, pg_temp
    SET row_security = off
    SET TimeZone = 'UTC'
    AS $$
DECLARE
    events_per_chunk CONSTANT integer := 50000;
    projection record;
    chunk_start timestamptz;
    chunk_end timestamptz;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'active_sql_transaction',
            MESSAGE = 'a projection is built at isolation level READ COMMITTED',
            DETAIL = 'An older snapshot might not see what another builder has done.';
    END IF;
    -- Else a TRUNCATE could commit now: its events would be gone, and its bags not yet visible.
    LOCK TABLE @extschema@.analytics_events IN ACCESS SHARE MODE;
    -- One builder after another.
    SELECT * INTO projection FROM @extschema@.analytics_projections AS p WHERE p.name = $1 FOR UPDATE;
    IF projection.id IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('projection "%s" does not exist', name);
    END IF;
    IF projection.state = 'ready' THEN
        RETURN false;
    END IF;

    SELECT least(
        (SELECT min(e.occurred_at) FROM @extschema@.analytics_events AS e
         WHERE e.occurred_at >= greatest(projection.built_until, '0001-01-01 00:00:00+00')),
        (SELECT min(b.bucket_start) FROM @extschema@.analytics_projection_bags AS b
         WHERE b.projection = projection.id AND b.bucket_start >= projection.built_until))
    INTO chunk_start;
    IF chunk_start IS NULL OR chunk_start >= '10000-01-01 00:00:00+00' THEN
        UPDATE @extschema@.analytics_projections AS p
        SET state = 'ready', built_until = 'infinity' WHERE p.id = projection.id;
        RETURN false;
    END IF;

    chunk_end := (SELECT e.occurred_at FROM @extschema@.analytics_events AS e
                  WHERE e.occurred_at >= chunk_start AND e.occurred_at < '10000-01-01 00:00:00+00'
                  ORDER BY e.occurred_at OFFSET events_per_chunk LIMIT 1);
    chunk_end := coalesce(@extschema@.analytics_bucket_start(chunk_end, projection.bucket, 'UTC'), 'infinity');
    IF chunk_end <= chunk_start THEN
        chunk_end := projection.bucket + @extschema@.analytics_bucket_start(
            greatest(chunk_start, '0001-01-01 00:00:00+00'), projection.bucket, 'UTC');
    END IF;

    INSERT INTO @extschema@.analytics_projection_bags (projection, bucket_start, tenant_id, cells)
    SELECT projection.id, m.bucket_start, m.tenant_id, m.cells
    FROM @extschema@._analytics_projection_missing(projection.id, chunk_start, chunk_end) AS m;
    UPDATE @extschema@.analytics_projections AS p SET built_until = chunk_end WHERE p.id = projection.id;
    RETURN true;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_build_projection_chunk(text) IS
    'One step of analytics_build_projection: counts the next 50000 or so past events. '
    'False: none was left, or the projection is ready already.';

CREATE PROCEDURE @extschema@.analytics_build_projection(name text)
    LANGUAGE c
    AS 'MODULE_PATHNAME', 'analytics_build_projection';

COMMENT ON PROCEDURE @extschema@.analytics_build_projection(text) IS
    'Continues an interrupted build of a projection, and returns when the projection is ready. '
    'Commits after each step, so it cannot run in a transaction block (SQLSTATE 25001). '
    'There is no projection of that name: SQLSTATE 42704. '
    'Locks the projection''s row during each step, so two builders share the work; writers do not wait.';

CREATE PROCEDURE @extschema@.analytics_create_projection(
    name text, event_types text[] DEFAULT NULL, dimensions json DEFAULT '{}', measures json DEFAULT '{}',
    bucket interval DEFAULT '1 hour', max_groups integer DEFAULT 10000, view_schema text DEFAULT current_schema())
    LANGUAGE c
    AS 'MODULE_PATHNAME', 'analytics_create_projection';

COMMENT ON PROCEDURE @extschema@.analytics_create_projection(text, text[], json, json, interval, integer, text) IS
    'Makes a projection: a view with, by bucket, tenant and dimensions, the number of events and the sums of '
    'measures. The view is exact at every commit. '
    'Counts past events without blocking writers, commits after each step, and returns when the projection is ready. '
    'So it cannot run in a transaction block (SQLSTATE 25001). '
    'A definition that cannot be used is SQLSTATE 22023, a name that is in use 42710.';

CREATE FUNCTION @extschema@.analytics_drop_projection(name text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    projection record;
BEGIN
    PERFORM @extschema@._analytics_require_tables();
    DELETE FROM @extschema@.analytics_projections AS p WHERE p.name = $1 RETURNING * INTO projection;
    IF projection.id IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('projection "%s" does not exist', name);
    END IF;
    EXECUTE format('DROP VIEW IF EXISTS %I.%I', projection.view_schema, projection.name);
    -- Also the bags of projections dropped earlier: statements that ran at that time have appended some since.
    DELETE FROM @extschema@.analytics_projection_bags AS b
    WHERE NOT EXISTS (SELECT FROM @extschema@.analytics_projections AS p WHERE p.id = b.projection);
END
$$;

COMMENT ON FUNCTION @extschema@.analytics_drop_projection(text) IS
    'Drops a projection and its view. Drop your own views that read it first (else SQLSTATE 2BP01). '
    'There is no projection of that name: SQLSTATE 42704.';

REVOKE EXECUTE ON FUNCTION
    @extschema@._analytics_register_projection(text, text[], json, json, interval, integer, text),
    @extschema@._analytics_build_projection_chunk(text),
    @extschema@.analytics_drop_projection(text) FROM PUBLIC;
REVOKE EXECUTE ON PROCEDURE
    @extschema@.analytics_build_projection(text),
    @extschema@.analytics_create_projection(text, text[], json, json, interval, integer, text) FROM PUBLIC;
/* Projections as HTTP shows them: the definition, and pages of rows. */

CREATE FUNCTION @extschema@._analytics_projection_json(name text) RETURNS json
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    SET intervalstyle = iso_8601
    AS $$
    SELECT json_build_object(
        'name', p.name, 'state', p.state,
        'builtUntil', CASE WHEN p.state = 'building' AND isfinite(p.built_until)
                           THEN @extschema@._analytics_instant_text(p.built_until) END,
        'createdAt', @extschema@._analytics_iso8601(p.created_at),
        'eventTypes', p.event_types, 'bucket', p.bucket::text, 'maxGroups', p.max_groups,
        'dimensions', p.dimensions, 'measures', p.measures,
        'columns', (
            SELECT json_agg(json_build_object('name', c.name, 'type', c.type) ORDER BY c.place)
            FROM (VALUES ('bucket_start', 'timestamptz', -1), ('tenant_id', 'text', 0)
                  UNION ALL
                  SELECT * FROM @extschema@._analytics_projection_columns(p.dimensions, p.measures) WITH ORDINALITY)
                AS c (name, type, place)))
    FROM @extschema@.analytics_projections AS p WHERE p.name = $1
$$;

COMMENT ON FUNCTION @extschema@._analytics_projection_json(text) IS
    'The projection of that name as HTTP shows it, or null: {name, state, builtUntil, createdAt, eventTypes, bucket, '
    'maxGroups, dimensions, measures, columns}. bucket is an ISO 8601 duration.';

CREATE FUNCTION @extschema@._analytics_projection_page(
    name text, max_rows integer DEFAULT 50, before_bucket_start timestamptz DEFAULT NULL,
    before_key uuid DEFAULT NULL, window_start timestamptz DEFAULT NULL, window_end timestamptz DEFAULT NULL,
    tenant_id text DEFAULT NULL,
    OUT bucket_start timestamptz, OUT key uuid, OUT item json)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    most_buckets CONSTANT integer := 1024;
    number CONSTANT integer := @extschema@._analytics_ready_projection(name);
    query text;
    since timestamptz;
    until timestamptz := coalesce(
        least(window_end, least(before_bucket_start, '10000-01-01 00:00:00+00') + interval '1 microsecond'),
        'infinity');
    buckets integer := 1; -- to be read next; doubled while they have few rows, so that the page decides the cost
    missing integer := max_rows;
    found_rows integer;
BEGIN
    PERFORM @extschema@._analytics_require_tables();
    IF max_rows IS NULL OR max_rows < 1 THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'max_rows must be at least 1';
    END IF;
    -- Reads the bags, and not the view: another user may have replaced what has the view's name.
    SELECT format(
        'SELECT k.bucket_start, k.key, (SELECT row_to_json(i) FROM '
        '(SELECT %4$s._analytics_iso8601(k.bucket_start) AS bucket_start, v.tenant_id, %1$s) AS i) FROM (%3$s) AS v '
        'CROSS JOIN LATERAL (SELECT greatest(v.bucket_start, ''0001-01-01 00:00:00+00''), '
        'encode(substr(sha256(convert_to(ROW(v.tenant_id, %2$s)::text, ''UTF8'')), 1, 16), ''hex'')::uuid) '
        'AS k (bucket_start, key) '
        'WHERE v.bucket_start >= $1 AND v.bucket_start < $2 AND ($3 IS NULL OR v.tenant_id = $3) '
        'AND ($4 IS NULL OR (k.bucket_start, k.key) < ($4, $5)) '
        'ORDER BY k.bucket_start DESC, k.key DESC LIMIT $6',
        array_to_string(c.names, ', '), array_to_string(c.names[:array_position(c.names, 'v.other')], ', '),
        @extschema@._analytics_projection_query(p.name, p.dimensions, p.measures), '@extschema@')
    INTO query
    FROM @extschema@.analytics_projections AS p
    CROSS JOIN LATERAL (
        SELECT array_agg(format('v.%I', c.name))
        FROM @extschema@._analytics_projection_columns(p.dimensions, p.measures) AS c) AS c (names)
    WHERE p.id = number;

    WHILE missing > 0 LOOP
        SELECT min(d.bucket_start) INTO since
        FROM (SELECT DISTINCT b.bucket_start FROM @extschema@.analytics_projection_bags AS b
              WHERE b.projection = number
                AND b.bucket_start >= coalesce(window_start, '-infinity') AND b.bucket_start < until
                AND ($7 IS NULL OR b.tenant_id = $7)
              ORDER BY b.bucket_start DESC LIMIT buckets) AS d;
        EXIT WHEN since IS NULL;
        RETURN QUERY EXECUTE query USING since, until, tenant_id, before_bucket_start, before_key, missing;
        GET DIAGNOSTICS found_rows = ROW_COUNT;
        missing := missing - found_rows;
        until := since;
        buckets := least(2 * buckets, most_buckets);
    END LOOP;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_projection_page(text, integer, timestamptz, uuid, timestamptz,
    timestamptz, text) IS
    'Rows of a projection as JSON, with the columns of its view: of the buckets that begin in [window_start, '
    'window_end), the latest first, within a bucket in a stable order. '
    'For the next page, pass the last row''s bucket_start and key as before_bucket_start and before_key. '
    'A bucket that begins before the year 1 is shown to begin with it. '
    'Errors are those of _analytics_ready_projection.';
/* Verify and rebuild: do the rollups and projections say what the events say? If not, rebuild repairs the differences.
 *
 * Both read events and bags in one snapshot, so writers may continue: their bags and events become visible together. */

CREATE FUNCTION @extschema@.analytics_verify(
    window_start timestamptz DEFAULT NULL, window_end timestamptz DEFAULT NULL,
    OUT rollup text, OUT minute timestamptz, OUT tenant_id text, OUT event_type text,
    OUT events bigint, OUT counted bigint)
    RETURNS SETOF record
    LANGUAGE c STABLE
    AS 'MODULE_PATHNAME', 'analytics_as_owner';

COMMENT ON FUNCTION @extschema@.analytics_verify(timestamptz, timestamptz) IS
    'The differences between rollups and events in [window_start, window_end). No row: there is no difference. '
    'Null: no bound. '
    'rollup is totals or tenants, by minute, tenant and type, or "projection NAME", by bucket (in minute) and tenant. '
    'events is the number of events that exist, counted is what the rollup says. '
    'For a projection they may be equal: then a measure differs. '
    'A minute or bucket is compared as a whole; ranges in analytics_kept_rollups are not compared. '
    'Reads one snapshot and blocks nobody. Runs with the rights of the tables'' owner, so it reports on all tenants.';

CREATE FUNCTION @extschema@._analytics_verify(
    window_start timestamptz, window_end timestamptz,
    OUT rollup text, OUT minute timestamptz, OUT tenant_id text, OUT event_type text,
    OUT events bigint, OUT counted bigint)
    RETURNS SETOF record
    LANGUAGE sql STABLE
    SET row_security = off -- an error if policies restrict the owner, instead of a wrong answer
    SET search_path = pg_catalog, pg_temp
    AS $$
    WITH bounds AS (
        SELECT date_bin('1 minute', coalesce($1, '-infinity'), '2000-01-01 00:00:00+00') AS low,
               CASE WHEN $2 <= '294276-12-31 23:59:00+00' -- the last minute has no end
                    THEN date_bin('1 minute', $2 + interval '59.999999 seconds', '2000-01-01 00:00:00+00')
                    ELSE 'infinity' END AS high
    ), events AS (
        SELECT date_bin('1 minute', e.occurred_at, '2000-01-01 00:00:00+00') AS minute, e.tenant_id, e.event_type,
               count(*) AS count
        FROM bounds AS b JOIN @extschema@.analytics_events AS e
            ON e.occurred_at >= b.low AND e.occurred_at < b.high
        WHERE isfinite(e.occurred_at)
        GROUP BY 1, 2, 3
    ), tenants AS (
        SELECT c.minute, r.tenant_id, c.event_type, c.count
        FROM bounds AS b JOIN @extschema@.analytics_rollup_tenants AS r
            ON r.hour >= date_bin('1 hour', b.low, '2000-01-01 00:00:00+00') AND r.hour < b.high
        CROSS JOIN @extschema@.analytics_bag_cells(r.hour, r.cells) AS c
        WHERE c.minute >= b.low AND c.minute < b.high
    ), totals AS (
        SELECT c.minute, c.event_type, c.count
        FROM bounds AS b JOIN @extschema@.analytics_rollup_totals AS r
            ON r.hour >= date_bin('1 hour', b.low, '2000-01-01 00:00:00+00') AND r.hour < b.high
        CROSS JOIN @extschema@.analytics_bag_cells(r.hour, r.cells) AS c
        WHERE c.minute >= b.low AND c.minute < b.high
    ), compared AS (
        SELECT 'totals' AS rollup, e.minute, NULL AS tenant_id, e.event_type, e.count AS events, 0 AS counted
        FROM events AS e
        UNION ALL
        SELECT 'totals', t.minute, NULL, t.event_type, 0, t.count FROM totals AS t
        UNION ALL
        SELECT 'tenants', e.minute, e.tenant_id, e.event_type, e.count, 0 FROM events AS e
        UNION ALL
        SELECT 'tenants', t.minute, t.tenant_id, t.event_type, 0, t.count FROM tenants AS t
    )
    SELECT c.rollup, c.minute, c.tenant_id, c.event_type, sum(c.events)::bigint, sum(c.counted)::bigint
    FROM compared AS c
    WHERE NOT EXISTS (
        SELECT FROM @extschema@.analytics_kept_rollups AS k
        WHERE k.range_end > c.minute AND date_bin('1 minute', k.range_start, '2000-01-01 00:00:00+00') <= c.minute)
    GROUP BY 1, 2, 3, 4
    HAVING sum(c.events) <> sum(c.counted)
    UNION ALL
    SELECT 'projection ' || p.name, m.bucket_start, m.tenant_id, NULL, m.events, m.counted
    FROM bounds AS b
    CROSS JOIN @extschema@.analytics_projections AS p
    CROSS JOIN LATERAL @extschema@._analytics_projection_missing(p.id, b.low, b.high) AS m
    WHERE p.state = 'ready' AND NOT EXISTS (
        SELECT FROM @extschema@.analytics_kept_rollups AS k
        WHERE k.range_end > m.bucket_start AND k.range_start < m.bucket_end)
    ORDER BY 1, 2, 3, 4
$$;

COMMENT ON FUNCTION @extschema@._analytics_verify(timestamptz, timestamptz) IS 'Does the work of analytics_verify.';

CREATE FUNCTION @extschema@.analytics_rebuild(
    window_start timestamptz DEFAULT NULL, window_end timestamptz DEFAULT NULL) RETURNS bigint
    LANGUAGE c VOLATILE
    AS 'MODULE_PATHNAME', 'analytics_as_owner';

COMMENT ON FUNCTION @extschema@.analytics_rebuild(timestamptz, timestamptz) IS
    'Repairs the differences that analytics_verify finds, and returns how many there were. '
    'It appends the missing counts, so writers do not wait: their own counts come with their commits. '
    'Locks analytics_rollup_totals in SHARE UPDATE EXCLUSIVE mode, so one rebuild runs at a time. '
    'Needs isolation level READ COMMITTED, else SQLSTATE 25001. Runs with the rights of the tables'' owner.';

CREATE FUNCTION @extschema@._analytics_rebuild(window_start timestamptz, window_end timestamptz) RETURNS bigint
    LANGUAGE plpgsql VOLATILE
    SET analytics.append_bags = on
    SET row_security = off -- an error if policies restrict the owner, instead of a wrong answer
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    repaired bigint;
BEGIN
    PERFORM @extschema@._analytics_require_tables();
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'active_sql_transaction',
            MESSAGE = 'analytics_rebuild needs isolation level READ COMMITTED',
            DETAIL = 'An older snapshot might not see what another rebuild has repaired.';
    END IF;
    -- One rebuild after another; writers do not wait.
    LOCK TABLE @extschema@.analytics_rollup_totals IN SHARE UPDATE EXCLUSIVE MODE;
    -- Else a TRUNCATE could commit now: its events would be gone, and its bags not yet visible.
    LOCK TABLE @extschema@.analytics_events IN ACCESS SHARE MODE;
    WITH missing AS MATERIALIZED (
        SELECT v.rollup, date_bin('1 hour', v.minute, '2000-01-01 00:00:00+00') AS hour, v.minute, v.tenant_id,
               v.event_type, v.events - v.counted AS count
        FROM @extschema@._analytics_verify($1, $2) AS v
    ), totals AS (
        INSERT INTO @extschema@.analytics_rollup_totals (hour, last_ingested_at, cells)
        SELECT m.hour,
               (SELECT max(e.ingested_at) FROM @extschema@.analytics_events AS e
                WHERE e.occurred_at >= m.hour
                    AND e.occurred_at <= m.hour + interval '59 minutes 59.999999 seconds'),
               @extschema@.analytics_bag(m.minute, m.event_type, m.count)
        FROM missing AS m WHERE m.rollup = 'totals' GROUP BY m.hour
    ), tenants AS (
        INSERT INTO @extschema@.analytics_rollup_tenants (hour, tenant_id, last_ingested_at, cells)
        SELECT m.hour, m.tenant_id,
               (SELECT max(e.ingested_at) FROM @extschema@.analytics_events AS e
                WHERE e.occurred_at >= m.hour
                    AND e.occurred_at <= m.hour + interval '59 minutes 59.999999 seconds'
                    AND e.tenant_id IS NOT DISTINCT FROM m.tenant_id),
               @extschema@.analytics_bag(m.minute, m.event_type, m.count)
        FROM missing AS m WHERE m.rollup = 'tenants' GROUP BY m.hour, m.tenant_id
    ), projections AS (
        INSERT INTO @extschema@.analytics_projection_bags (projection, bucket_start, tenant_id, cells)
        SELECT p.id, l.bucket_start, l.tenant_id, l.cells
        FROM missing AS m JOIN @extschema@.analytics_projections AS p ON m.rollup = 'projection ' || p.name
        -- a minute of the bucket, which may begin before the year 1
        CROSS JOIN LATERAL (SELECT greatest(m.minute, '0001-01-01 00:00:00+00')) AS b (minute)
        CROSS JOIN LATERAL
            @extschema@._analytics_projection_missing(p.id, b.minute, b.minute + interval '1 minute') AS l
        WHERE l.tenant_id IS NOT DISTINCT FROM m.tenant_id
    )
    SELECT count(*) INTO repaired FROM missing;
    RETURN repaired;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_rebuild(timestamptz, timestamptz) IS 'Does the work of analytics_rebuild.';

REVOKE EXECUTE ON FUNCTION
    @extschema@.analytics_verify(timestamptz, timestamptz),
    @extschema@.analytics_rebuild(timestamptz, timestamptz) FROM PUBLIC;
/* Retention: old partitions are dropped whole, and their rollups are kept or deleted.
 *
 * A drop locks the whole table for a moment, and everybody queues behind a lock that waits. So the slow work is done
 * first, while only the partition is locked against writers. Then the table is locked for the drop alone, with a short
 * lock_timeout. If another transaction is in the way, the attempt fails, and a later one does everything again.
 *
 * Kept rollups count events that no longer exist. analytics_kept_rollups says for which ranges, so that
 * analytics_verify reports no difference there, and analytics_rebuild repairs none. Where rollups are not kept, a bag
 * is deleted if it counts only events of the range. Other events of the range are deleted one by one first, which
 * subtracts their counts. */

CREATE FUNCTION @extschema@._analytics_forget_rollups(range_start timestamptz, range_end timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    SET TimeZone = 'UTC'
    SET row_security = off
    AS $$
DECLARE
    found_any boolean;
BEGIN
    -- A transaction that folds bags makes us wait, and then a new bag is there: repeat until there is none.
    LOOP
        DELETE FROM @extschema@.analytics_rollup_totals AS r
        WHERE r.hour >= $1 AND r.hour < date_bin('1 hour', $2, '2000-01-01 00:00:00+00');
        found_any := FOUND;
        DELETE FROM @extschema@.analytics_rollup_tenants AS r
        WHERE r.hour >= $1 AND r.hour < date_bin('1 hour', $2, '2000-01-01 00:00:00+00');
        found_any := found_any OR FOUND;
        DELETE FROM @extschema@.analytics_projection_bags AS b USING @extschema@.analytics_projections AS p
        WHERE p.id = b.projection AND b.bucket_start >= $1 AND b.bucket_start + p.bucket <= $2;
        EXIT WHEN NOT (found_any OR FOUND);
    END LOOP;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_forget_rollups(timestamptz, timestamptz) IS
    'Part of analytics_retain: deletes the bags, also of projections, whose whole hour or bucket is in the range.';

CREATE FUNCTION @extschema@._analytics_drop_partitions(
    cutoff timestamptz, keep_rollups boolean,
    OUT partition text, OUT range_start timestamptz, OUT range_end timestamptz, OUT events bigint)
    RETURNS SETOF record
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    SET TimeZone = 'UTC'
    SET row_security = off
    SET lock_timeout = '3s' -- longer than autovacuum needs to cancel itself
    AS $$
DECLARE
    old record;
    own record;
    drops text[] := '{}';
BEGIN
    LOCK TABLE @extschema@.analytics_rollup_totals IN SHARE UPDATE EXCLUSIVE MODE; -- no other retention or rebuild now
    PERFORM FROM @extschema@.analytics_projections FOR SHARE; -- and no step of a projection's build

    FOR old IN
        SELECT p.partition, p.range_start, p.range_end, c.relkind,
               CASE WHEN c.relnamespace = t.relnamespace THEN quote_ident(c.relname) ELSE p.partition::text END AS name
        FROM @extschema@.analytics_partitions() AS p JOIN pg_class AS c ON c.oid = p.partition
        JOIN pg_class AS t ON t.oid = '@extschema@.analytics_events'::regclass
        WHERE p.range_end <= cutoff
        ORDER BY p.range_end
    LOOP
        IF old.relkind <> 'f' THEN
            EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', old.partition);
        END IF;
        EXECUTE format('SELECT count(*) FROM %s', old.partition) INTO events;
        IF NOT keep_rollups THEN
            -- [low, high) has whole hours and buckets only. Buckets are of the years 0001 to 9999.
            SELECT greatest(
                       date_bin('1 hour', old.range_start + interval '59 minutes 59.999999 seconds',
                                '2000-01-01 00:00:00+00'),
                       max(CASE WHEN b.first < old.range_start THEN b.first + b.size END)) AS low,
                   least(
                       date_bin('1 hour', old.range_end, '2000-01-01 00:00:00+00'),
                       min(CASE WHEN old.range_end > '0001-01-01 00:00:00+00'
                                THEN @extschema@.analytics_bucket_start(old.range_end, b.size, 'UTC') END)) AS high,
                   EXISTS (SELECT FROM @extschema@.analytics_kept_rollups AS k
                           WHERE k.range_start < old.range_end AND k.range_end > old.range_start) AS is_kept
            INTO own
            FROM (SELECT p.bucket, @extschema@.analytics_bucket_start(
                             greatest(old.range_start, '0001-01-01 00:00:00+00'), p.bucket, 'UTC')
                  FROM @extschema@.analytics_projections AS p) AS b (size, first);
            EXECUTE format(
                'DELETE FROM %s WHERE occurred_at < $1 OR occurred_at >= $2 OR $1 >= $2 OR $3', old.partition)
            USING own.low, own.high, own.is_kept;
            IF NOT own.is_kept THEN
                PERFORM @extschema@._analytics_forget_rollups(old.range_start, old.range_end);
            END IF;
        END IF;
        DELETE FROM @extschema@.analytics_untimed_keys AS k
        WHERE k.occurred_at >= old.range_start AND k.occurred_at < old.range_end;
        partition := old.name;
        range_start := old.range_start;
        range_end := old.range_end;
        drops := drops
            || format('DROP %s %s', CASE old.relkind WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END, old.partition);
        IF keep_rollups AND events > 0 THEN
            INSERT INTO @extschema@.analytics_kept_rollups AS k (range_start, range_end)
            VALUES (old.range_start, old.range_end) ON CONFLICT DO NOTHING;
        END IF;
        RETURN NEXT;
    END LOOP;

    IF NOT keep_rollups THEN
        FOR old IN
            DELETE FROM @extschema@.analytics_kept_rollups AS k WHERE k.range_end <= cutoff
            RETURNING k.range_start, k.range_end
        LOOP
            PERFORM @extschema@._analytics_forget_rollups(old.range_start, old.range_end);
            PERFORM @extschema@._analytics_rebuild(old.range_start, old.range_end);
            partition := NULL;
            range_start := old.range_start;
            range_end := old.range_end;
            events := 0;
            RETURN NEXT;
        END LOOP;
    END IF;

    IF drops <> '{}' THEN
        PERFORM set_config('lock_timeout', '100ms', true); -- while we wait for this lock, everybody waits behind us
        LOCK TABLE ONLY @extschema@.analytics_events IN ACCESS EXCLUSIVE MODE;
        EXECUTE array_to_string(drops, '; ');
    END IF;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_drop_partitions(timestamptz, boolean) IS 'One attempt of analytics_retain.';

CREATE FUNCTION @extschema@.analytics_retain(
    older_than interval, keep_rollups boolean DEFAULT true,
    OUT partition text, OUT range_start timestamptz, OUT range_end timestamptz, OUT events bigint)
    RETURNS SETOF record
    LANGUAGE c VOLATILE
    AS 'MODULE_PATHNAME', 'analytics_as_owner';

CREATE FUNCTION @extschema@._analytics_retain(
    older_than interval, keep_rollups boolean,
    OUT partition text, OUT range_start timestamptz, OUT range_end timestamptz, OUT events bigint)
    RETURNS SETOF record
    LANGUAGE plpgsql VOLATILE
    SET row_security = off -- an error if policies restrict the owner, instead of a wrong answer
    SET search_path = pg_catalog, pg_temp
    SET TimeZone = 'UTC'
    AS $$
DECLARE
    attempts CONSTANT integer := 20;
    cutoff timestamptz;
BEGIN
    PERFORM @extschema@._analytics_require_tables();
    IF older_than IS NULL OR older_than < interval '0' OR keep_rollups IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'older_than must be an interval that is not negative, and keep_rollups true or false';
    END IF;
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'active_sql_transaction',
            MESSAGE = 'analytics_retain needs isolation level READ COMMITTED',
            DETAIL = 'An older snapshot might not see all events that are to be dropped.';
    END IF;
    BEGIN
        cutoff := now() - older_than;
    EXCEPTION WHEN datetime_field_overflow THEN
        cutoff := '-infinity'; -- nothing is that old
    END;
    FOR attempt IN 1 .. attempts LOOP
        BEGIN
            RETURN QUERY SELECT * FROM @extschema@._analytics_drop_partitions(cutoff, keep_rollups);
            RETURN;
        EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
            IF attempt = attempts THEN
                RAISE EXCEPTION USING
                    ERRCODE = 'lock_not_available',
                    MESSAGE = 'analytics_events was in use all the time',
                    DETAIL = format('No partition was dropped in %s attempts. No attempt makes others wait for long.',
                                    attempts),
                    HINT = 'A transaction that has read or written events is still open. Try again when it has ended.';
            END IF;
            PERFORM pg_sleep(0.05 * attempt);
        END;
    END LOOP;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_retain(interval, boolean) IS 'Does the work of analytics_retain.';

COMMENT ON FUNCTION @extschema@.analytics_retain(interval, boolean) IS
    'Drops the partitions of analytics_events whose whole range is older than now() - older_than, and returns them '
    'with their number of events. Rollups and projections keep the numbers. '
    'If keep_rollups is false, their numbers are deleted too, with those that earlier calls kept (rows with partition '
    'null). Writers into a partition that is dropped wait to the end of the transaction. '
    'Nobody else waits longer than 100 ms, until the drop itself: it locks analytics_events in ACCESS EXCLUSIVE mode '
    'to the end of the transaction, so commit at once. '
    'SQLSTATE 55P03: the table was in use in all 20 attempts, and nothing was dropped. '
    'Needs isolation level READ COMMITTED, else SQLSTATE 25001. A negative or null older_than is SQLSTATE 22023. '
    'Runs with the rights of the tables'' owner.';

REVOKE EXECUTE ON FUNCTION @extschema@.analytics_retain(interval, boolean) FROM PUBLIC;
/* Pages: at most as many items as were asked for, and at most as many bytes as fit. A list is read one row at a time,
 * no further than its page goes. So neither the server nor its client ever holds more than a page and one item.
 *
 * A position in a list by time is that time in microseconds since 2000. It is the only count in which every time has a
 * number: infinity is the greatest, -infinity the least. */

CREATE FUNCTION @extschema@._analytics_position(instant timestamptz) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE instant
        WHEN 'infinity' THEN '9223372036854775807'::pg_catalog.int8
        WHEN '-infinity' THEN '-9223372036854775808'::pg_catalog.int8
        ELSE (pg_catalog.extract('epoch', instant) * 1000000 - 946684800000000)::pg_catalog.int8 END;
END;

COMMENT ON FUNCTION @extschema@._analytics_position(timestamptz) IS
    'Microseconds since 2000, exactly. Infinity has the greatest number, -infinity the least.';

CREATE FUNCTION @extschema@._analytics_time_at(list_position bigint) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    -- whole days, and the rest of the day
    SELECT CASE
        WHEN $1 >= 9223371331200000000 THEN 'infinity'::pg_catalog.timestamptz
        WHEN $1 < -211813488000000000 THEN '-infinity'::pg_catalog.timestamptz
        ELSE pg_catalog.timezone('UTC', '2000-01-01'::pg_catalog.date + (($1 - d.rest) / 86400000000)::pg_catalog.int4
                                        + d.rest * '1 microsecond'::pg_catalog.interval) END
    FROM (SELECT ($1 % 86400000000 + 86400000000) % 86400000000) AS d (rest);
END;

COMMENT ON FUNCTION @extschema@._analytics_time_at(bigint) IS
    'The time that has this _analytics_position. A number beyond all times is infinity or -infinity.';

CREATE TYPE @extschema@._analytics_page AS (body text, has_next boolean, last_position bigint, last_key text);

COMMENT ON TYPE @extschema@._analytics_page IS
    'A page of a list: {"items":[…],"count":n}, whether there is a next page, and the position and the key of its last '
    'item. The next page begins after that item.';

CREATE FUNCTION @extschema@._analytics_page(rows refcursor, max_rows integer, max_bytes integer DEFAULT NULL)
    RETURNS @extschema@._analytics_page
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    page @extschema@._analytics_page;
    most_bytes integer := coalesce(max_bytes, 2097152);
    items text[] := '{}';
    bytes bigint := 0;
    item text;
    item_position bigint;
    item_key text;
BEGIN
    LOOP
        FETCH rows INTO item, item_position, item_key;
        page.has_next := FOUND;
        EXIT WHEN NOT page.has_next;
        bytes := bytes + octet_length(item);
        EXIT WHEN cardinality(items) = max_rows OR (bytes > most_bytes AND cardinality(items) > 0);
        items := array_append(items, item);
        page.last_position := item_position;
        page.last_key := item_key;
    END LOOP;
    CLOSE rows;
    page.body := '{"items":[' || array_to_string(items, ',') || '],"count":' || cardinality(items) || '}';
    RETURN page;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_page(refcursor, integer, integer) IS
    'The first page of a cursor over (item, position, key), which the function closes. A page has at most max_rows '
    'items, of at most max_bytes together (null: 2 MiB), but at least one item where there is any.';
/* What the HTTP service calls, and nobody else: one function a route. It answers JSON as it goes to the client. */

CREATE FUNCTION @extschema@._analytics_require_row_security() RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF NOT row_security_active('@extschema@.analytics_events'::regclass) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_authorization_specification',
            MESSAGE = 'row-level security does not restrict the tenants'' role on analytics_events',
            HINT = 'Run doc/roles.sql.';
    END IF;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_require_row_security() IS
    'Raises 28000 unless policies restrict the current role on analytics_events. The HTTP service calls it before each '
    'statement for one tenant.';

CREATE FUNCTION @extschema@._analytics_http_recent(
    max_rows integer, before_position bigint, before_id uuid, tenant_id text, event_type text)
    RETURNS @extschema@._analytics_page
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    rows refcursor;
    -- Events are looked for by the tenant of the key, whichever tenant was asked for. The policies decide what is seen;
    -- without this name the whole table, or that other tenant, would be read for nothing.
    read_tenant text := coalesce(nullif(current_setting('analytics_http.tenant', true), ''), $4);
BEGIN
    OPEN rows NO SCROLL FOR
        SELECT @extschema@._analytics_event_json(e)::text, @extschema@._analytics_position(e.occurred_at), e.id::text
        FROM @extschema@.analytics_recent($1 + 1, @extschema@._analytics_time_at($2), $3, read_tenant, $5) AS e
        WHERE $4 IS NULL OR e.tenant_id = $4;
    RETURN @extschema@._analytics_page(rows, $1, NULL::integer);
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_http_recent(integer, bigint, uuid, text, text) IS
    'GET /v1/analytics/events/recent: a page of analytics_recent.';

CREATE FUNCTION @extschema@._analytics_http_event(occurred_at timestamptz, id uuid) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    RETURN (SELECT @extschema@._analytics_event_json(e)::text FROM @extschema@.analytics_event($1, $2) AS e);
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_http_event(timestamptz, uuid) IS
    'GET /v1/analytics/events/{occurredAt}/{id}: the event, or null.';

CREATE FUNCTION @extschema@._analytics_http_summary(
    window_minutes integer, reference timestamptz, tenant_id text, OUT body text, OUT tag_source text)
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    summary jsonb := @extschema@.analytics_summary(window_minutes, coalesce(reference, now()), tenant_id);
BEGIN
    body := summary::text;
    tag_source := (summary - 'windowStart' - 'windowEnd')::text;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_http_summary(integer, timestamptz, text) IS
    'GET /v1/analytics/metrics/summary: analytics_summary, until now unless there is a reference. tag_source, from '
    'which the entity tag is made, is the same without the window.';

CREATE FUNCTION @extschema@._analytics_http_histogram(
    window_start timestamptz, window_end timestamptz, bucket text, tenant_id text, event_type text, timezone text,
    OUT body text, OUT tag_source text)
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    until timestamptz := coalesce(window_end, now());
    since timestamptz := coalesce(window_start, greatest(until - interval '1 day', '0001-01-01 00:00:00+00'));
    buckets text;
    total numeric;
BEGIN
    SELECT string_agg(concat('{"bucketStart":"', @extschema@._analytics_instant_text(b.bucket_start),
                             '","count":', b.count, ',"eventsPerType":', b.types, '}'), ',' ORDER BY b.bucket_start),
           coalesce(sum(b.count), 0)
    INTO buckets, total
    FROM (SELECT h.bucket_start, sum(h.count) AS count,
                 coalesce(json_object_agg(h.event_type, h.count ORDER BY h.event_type) FILTER (WHERE h.count > 0),
                          '{}') AS types
          FROM @extschema@.analytics_histogram(since, until, $3::interval, $4, $5, $6) AS h
          GROUP BY h.bucket_start) AS b;
    body := concat('{"windowStart":"', @extschema@._analytics_iso8601(since),
                   '","windowEnd":"', @extschema@._analytics_iso8601(until),
                   '","bucket":', to_json($3), ',"timezone":', to_json($6),
                   ',"totalEvents":', total, ',"buckets":[', buckets, ']}');
    tag_source := coalesce(buckets, '');
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_http_histogram(timestamptz, timestamptz, text, text, text, text) IS
    'GET /v1/analytics/metrics/histogram: analytics_histogram by bucket, without the types that have no event. The '
    'default window is the last day. tag_source, from which the entity tag is made, has the buckets alone.';

CREATE FUNCTION @extschema@._analytics_http_projections() RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    RETURN (SELECT concat('{"items":[',
                          string_agg(@extschema@._analytics_projection_json(p.name)::text, ',' ORDER BY p.name),
                          '],"count":', count(*), '}')
            FROM @extschema@.analytics_projections AS p);
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_http_projections() IS 'GET /v1/analytics/projections: all of them.';

CREATE FUNCTION @extschema@._analytics_http_projection(
    name text, max_rows integer, before_position bigint, before_key uuid, window_start timestamptz,
    window_end timestamptz, tenant_id text, OUT state text, OUT page @extschema@._analytics_page)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    rows refcursor;
BEGIN
    SELECT p.state INTO state FROM @extschema@.analytics_projections AS p WHERE p.name = $1;
    IF state = 'ready' THEN
        OPEN rows NO SCROLL FOR
            SELECT r.item::text, @extschema@._analytics_position(r.bucket_start), r.key::text
            FROM @extschema@._analytics_projection_page(
                $1, $2 + 1, @extschema@._analytics_time_at($3), $4, $5, $6, $7) AS r;
        page := @extschema@._analytics_page(rows, $2, NULL::integer);
    END IF;
END
$$;

COMMENT ON FUNCTION
    @extschema@._analytics_http_projection(text, integer, bigint, uuid, timestamptz, timestamptz, text) IS
    'GET /v1/analytics/projections/{name}: its state, null where there is no such projection, and a page of its rows '
    'while it is ready.';

CREATE FUNCTION @extschema@._analytics_http_dead_letters(
    max_rows integer, before_id bigint, reason text, topic text, replayed boolean)
    RETURNS @extschema@._analytics_page
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    rows refcursor;
BEGIN
    OPEN rows NO SCROLL FOR
        SELECT @extschema@._analytics_dead_letter_json(d)::text, NULL::bigint, d.id::text
        FROM @extschema@.analytics_recent_dead_letters($1 + 1, $2, $3, $4, $5) AS d;
    RETURN @extschema@._analytics_page(rows, $1, NULL::integer);
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_http_dead_letters(integer, bigint, text, text, boolean) IS
    'GET /v1/analytics/dead-letters: a page of analytics_recent_dead_letters, which has no position.';

CREATE FUNCTION @extschema@._analytics_http_dead_letter_summary() RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    RETURN (SELECT json_build_object(
                'open', coalesce(sum(s.open), 0),
                'items', coalesce(json_agg(json_build_object(
                    'reason', s.reason, 'topic', s.topic, 'open', s.open,
                    'firstSeen', @extschema@._analytics_iso8601(s.first_seen),
                    'lastSeen', @extschema@._analytics_iso8601(s.last_seen), 'sampleId', s.sample_id,
                    'unpublishable', s.unpublishable)), '[]'))::text
            FROM @extschema@.analytics_dead_letter_summary AS s);
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_http_dead_letter_summary() IS
    'GET /v1/analytics/dead-letters/summary: the view analytics_dead_letter_summary.';

CREATE FUNCTION @extschema@._analytics_http_replay(max_rows integer, after_id bigint, reason text, topic text)
    RETURNS text
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    RETURN (SELECT json_build_object('replayed', r.replayed, 'stored', r.stored, 'duplicates', r.duplicates,
                                     'stillRefused', r.still_refused, 'lastId', r.last_id)::text
            FROM @extschema@.analytics_replay_dead_letters(
                $1, $2, $3, $4, NULL::bigint[], NULL::timestamptz, NULL::timestamptz) AS r);
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_http_replay(integer, bigint, text, text) IS
    'POST /v1/analytics/dead-letters/replay: one chunk of analytics_replay_dead_letters.';

CREATE FUNCTION @extschema@._analytics_http_outcomes(
    records bytea[], OUT item integer, OUT outcome text, OUT reason text, OUT detail text, OUT event text,
    OUT occurred_at timestamptz, OUT id uuid)
    RETURNS SETOF record
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    RETURN QUERY
        SELECT r.item, r.outcome, r.reason, r.detail,
               CASE WHEN r.id IS NOT NULL THEN @extschema@._analytics_event_json(ROW(
                   r.id, r.event_type, r.source, r.occurred_at, r.ingested_at, r.tenant_id,
                   r.payload)::@extschema@.analytics_event)::text END,
               r.occurred_at, r.id
        FROM @extschema@.analytics_record_each($1) AS r;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_http_outcomes(bytea[]) IS
    'Stores a batch by analytics_record_each, with each event as JSON. An outcome has no event where it is refused, '
    'dropped, or a duplicate by a key that a trigger made.';

CREATE FUNCTION @extschema@._analytics_http_record(
    record bytea, OUT outcome text, OUT reason text, OUT detail text, OUT code text, OUT event text,
    OUT occurred_at text, OUT id uuid)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    SELECT o.outcome, o.reason, o.detail, @extschema@._analytics_sqlstate(o.reason), o.event,
           @extschema@._analytics_iso8601(o.occurred_at), o.id
    INTO outcome, reason, detail, code, event, occurred_at, id
    FROM @extschema@._analytics_http_outcomes(ARRAY[$1]) AS o;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_http_record(bytea) IS
    'POST /v1/analytics/events with one event: its outcome. code: the SQLSTATE of the reason for a refusal.';

-- The array's elements are the sender's own bytes. So the normalizer sees digits and duplicate members as they were
-- written, and an element that jsonb can't hold, or that is too deep, is refused alone.
CREATE FUNCTION @extschema@._analytics_http_record_batch(
    json_array bytea, records bytea[], max_items integer, OUT items integer, OUT body text)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    batch bytea[] := coalesce(records, @extschema@._analytics_array_items(json_array, max_items));
BEGIN
    items := cardinality(batch);
    IF items <= max_items THEN
        SELECT concat('[', string_agg(concat(
                   '{"item":', o.item, ',"outcome":', to_json(o.outcome),
                   CASE o.outcome
                       WHEN 'refused' THEN concat(',"reason":', to_json(o.reason),
                                                  ',"detail":', coalesce(to_json(o.detail)::text, 'null'))
                       WHEN 'dropped' THEN ''
                       ELSE concat(',"event":', coalesce(o.event, 'null')) END,
                   '}'), ',' ORDER BY o.item), ']')
        INTO body
        FROM @extschema@._analytics_http_outcomes(batch) AS o;
    END IF;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_http_record_batch(bytea, bytea[], integer) IS
    'POST /v1/analytics/events with many events, as a JSON array or as records: their number, and a JSON array with a '
    'result for each. Of more than max_items none is stored, and body is null.';
/* Versions: of the SQL objects, of the library that the session has loaded, and of what is installed on the server. */

CREATE FUNCTION @extschema@._analytics_library_version() RETURNS text
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_library_version';

COMMENT ON FUNCTION @extschema@._analytics_library_version() IS 'The version of the loaded library.';

CREATE FUNCTION @extschema@.analytics_version(OUT extension text, OUT library text, OUT available text, OUT advice text)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT v.extension, v.library, v.available, CASE
        WHEN v.available IS NULL THEN 'The files of analytics_events are missing on this server: install the package.'
        WHEN v.library <> v.available THEN pg_catalog.format(
            'This session has loaded the library of %s, and %s is installed: reconnect.', v.library, v.available)
        WHEN v.extension = v.available THEN NULL
        WHEN EXISTS (SELECT FROM pg_catalog.pg_extension_update_paths('analytics_events') AS p
                     WHERE p.source = v.extension AND p.target = v.available AND p.path IS NOT NULL)
            THEN pg_catalog.format('Run ALTER EXTENSION analytics_events UPDATE: it leads from %s to %s.',
                                   v.extension, v.available)
        ELSE pg_catalog.format('No update leads from %s to %s: install a package of %s or later.',
                               v.extension, v.available, v.extension)
    END
    FROM (SELECT e.extversion AS extension, @extschema@._analytics_library_version() AS library,
              a.default_version AS available
          FROM pg_catalog.pg_extension AS e
          LEFT JOIN pg_catalog.pg_available_extensions() AS a ON a.name = e.extname
          WHERE e.extname = 'analytics_events') AS v;
END;

COMMENT ON FUNCTION @extschema@.analytics_version() IS
    'The versions of the installed SQL objects, of the library that this session has loaded, and of the files on the '
    'server, to which ALTER EXTENSION analytics_events UPDATE would bring the objects. '
    'advice: what to do where they differ, null where they agree.';
/* The life of the tables: how they are made, adopted and dropped. See doc/backup.md.
 *
 * The extension owns functions and types. The tables are ordinary tables of the role that made them, so pg_dump dumps
 * them whole, with policies, triggers, constraints, indexes and grants. CREATE EXTENSION makes the tables, and removes
 * them from its members in the same script. DROP EXTENSION drops their triggers and leaves the tables. The next
 * CREATE EXTENSION adopts them.
 *
 * _analytics_tables is the only description of a table. Adoption makes each table again as a temporary one, and
 * compares the two in the catalogs. */

CREATE FUNCTION @extschema@._analytics_table_differences() RETURNS SETOF text
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    SET client_min_messages = warning -- no notices of the views that are dropped with a temporary table
    AS $$
DECLARE
    described record;
BEGIN
    FOR described IN SELECT t.definition FROM @extschema@._analytics_tables() AS t LOOP
        EXECUTE replace(described.definition, '@schema@', 'pg_temp');
    END LOOP;

    RETURN QUERY
    WITH pairs AS (
        SELECT t.name, due.oid AS due, @extschema@._analytics_relation(t.name)::oid AS present
        FROM @extschema@._analytics_tables() AS t
        JOIN pg_class AS due ON due.relname = t.name AND due.relnamespace = pg_my_temp_schema()
    ), columns AS (
        SELECT p.name, p.present, a.attrelid, a.attname, a.attnotnull, a.attidentity,
            format_type(a.atttypid, a.atttypmod) AS type
        FROM pairs AS p
        JOIN pg_attribute AS a ON a.attrelid IN (p.due, p.present) AND a.attnum > 0 AND NOT a.attisdropped
    ), keys AS (
        SELECT p.name, p.present, i.indrelid, i.indisprimary AS is_primary,
            format('(%s)%s', (SELECT string_agg(pg_get_indexdef(i.indexrelid, k, true), ', ' ORDER BY k)
                              FROM generate_series(1, i.indnkeyatts) AS k),
                   ' WHERE ' || pg_get_expr(i.indpred, i.indrelid, true)) AS text
        FROM pairs AS p JOIN pg_index AS i ON i.indrelid IN (p.due, p.present) AND i.indisunique AND i.indisvalid
    )
    SELECT CASE
        WHEN c.attname IS NULL THEN format('column %s.%s is missing', due.name, due.attname)
        WHEN c.type <> due.type THEN format('column %s.%s has type %s, not %s', due.name, due.attname, c.type, due.type)
        WHEN c.attidentity <> due.attidentity
            THEN format('column %s.%s is no longer generated as identity', due.name, due.attname)
        ELSE format('column %s.%s may be null', due.name, due.attname) END
    FROM columns AS due LEFT JOIN columns AS c ON c.attrelid = due.present AND c.attname = due.attname
    WHERE due.attrelid <> due.present
        AND (c.attname IS NULL OR c.type <> due.type OR c.attidentity <> due.attidentity
             OR due.attnotnull AND NOT c.attnotnull)
    UNION ALL
    SELECT format('%s has no %s on %s',
                  due.name, CASE WHEN due.is_primary THEN 'primary key' ELSE 'unique index' END, due.text)
    FROM keys AS due
    WHERE due.indrelid <> due.present
        AND NOT EXISTS (SELECT FROM keys AS k
                        WHERE k.indrelid = due.present AND k.text = due.text AND k.is_primary >= due.is_primary)
    UNION ALL
    SELECT CASE
        WHEN present.relkind <> due.relkind
            THEN format('%s is not %s', p.name, CASE due.relkind WHEN 'v' THEN 'a view'
                                                                 WHEN 'p' THEN 'a partitioned table'
                                                                 ELSE 'a table' END)
        WHEN pg_get_partkeydef(p.due) IS DISTINCT FROM pg_get_partkeydef(p.present)
            THEN format('%s is not partitioned by %s', p.name, pg_get_partkeydef(p.due))
        -- The owner's triggers would run with the rights of every role that calls our functions.
        ELSE format('%s belongs to %s, who is neither a superuser nor %s', p.name, owner.rolname, current_user) END
    FROM pairs AS p
    JOIN pg_class AS due ON due.oid = p.due
    JOIN pg_class AS present ON present.oid = p.present
    JOIN pg_roles AS owner ON owner.oid = present.relowner
    WHERE present.relkind <> due.relkind OR pg_get_partkeydef(p.due) IS DISTINCT FROM pg_get_partkeydef(p.present)
        OR NOT owner.rolsuper AND owner.rolname <> current_user
    ORDER BY 1;

    FOR described IN
        SELECT c.oid::regclass AS relation FROM @extschema@._analytics_tables() AS t
        JOIN pg_class AS c ON c.relname = t.name AND c.relnamespace = pg_my_temp_schema() AND c.relkind IN ('r', 'p')
    LOOP
        EXECUTE format('DROP TABLE %s CASCADE', described.relation);
    END LOOP;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_table_differences() IS
    'Part of analytics_create_tables, when every table exists: how a table differs from its description, one sentence '
    'each. A table of a role that is neither a superuser nor the caller is a difference too. '
    'Further columns, keys and constraints are not.';

CREATE FUNCTION @extschema@._analytics_attach_trigger(
    relation regclass, trigger text, fires text, level text, called text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = relation AND t.tgname = trigger) THEN
        EXECUTE format('CREATE TRIGGER %I %s ON %s FOR EACH %s EXECUTE FUNCTION %s.%I()',
                       trigger, fires, relation, level, '@extschema@', called);
    END IF;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_attach_trigger(regclass, text, text, text, text) IS
    'Gives a table a trigger that calls a function of the extension, unless the table has a trigger of that name.';

CREATE FUNCTION @extschema@._analytics_attach_triggers() RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM @extschema@._analytics_attach_trigger(
        @extschema@._analytics_relation(t.relation), t.trigger, t.fires, t.level, t.called)
    FROM (VALUES
        ('analytics_events', 'analytics_rollup_row', 'AFTER INSERT OR UPDATE OR DELETE', 'ROW',
         '_analytics_rollup_row'),
        ('analytics_rollup_totals', 'analytics_refuse_bags', 'BEFORE INSERT', 'STATEMENT', '_analytics_refuse_bags'),
        ('analytics_rollup_tenants', 'analytics_refuse_bags', 'BEFORE INSERT', 'STATEMENT', '_analytics_refuse_bags'),
        ('analytics_projection_bags', 'analytics_refuse_bags', 'BEFORE INSERT', 'STATEMENT', '_analytics_refuse_bags'),
        ('analytics_shapes', 'analytics_check_shape', 'BEFORE INSERT OR UPDATE', 'ROW', '_analytics_check_shape'),
        ('analytics_shapes', 'analytics_shapes_changed', 'AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE', 'STATEMENT',
         '_analytics_invalidate_rules'),
        ('analytics_projections', 'analytics_check_projection', 'BEFORE INSERT OR UPDATE', 'ROW',
         '_analytics_check_projection'),
        ('analytics_projections', 'analytics_projections_changed',
         'AFTER INSERT OR UPDATE OF event_types, dimensions, measures, bucket, max_groups OR DELETE', 'STATEMENT',
         '_analytics_invalidate_rules'),
        ('analytics_projections', 'analytics_projections_truncated', 'AFTER TRUNCATE', 'STATEMENT',
         '_analytics_invalidate_rules')
    ) AS t (relation, trigger, fires, level, called);

    PERFORM @extschema@.analytics_watch_partition(@extschema@._analytics_relation('analytics_events'));
    PERFORM @extschema@.analytics_watch_partition(p.partition)
    FROM @extschema@.analytics_partitions() AS p JOIN pg_class AS c ON c.oid = p.partition WHERE c.relkind <> 'f';
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_attach_triggers() IS
    'Gives the tables, and the partitions of analytics_events, the triggers that are missing.';

CREATE FUNCTION @extschema@._analytics_refuse_bags() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF current_setting('analytics.append_bags', true) = 'on' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION USING
        ERRCODE = 'object_not_in_prerequisite_state',
        MESSAGE = format('the rows of "%s" follow from the events and are not inserted by hand', TG_TABLE_NAME),
        DETAIL = 'The triggers of analytics_events have already counted the events: these rows would count them twice.',
        HINT = 'To restore data alone, add --disable-triggers to pg_restore or pg_dump. '
               'To repair counts, call analytics_rebuild().',
        SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_refuse_bags() IS
    'Refuses bags that a statement inserts by hand, as a restore of data alone does: SQLSTATE 55000. '
    'The functions that repair counts set analytics.append_bags.';

CREATE FUNCTION @extschema@._analytics_release_tables() RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    member record;
BEGIN
    FOR member IN
        SELECT c.oid::regclass AS name,
            CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind
        FROM pg_extension AS e
        JOIN pg_depend AS d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
            AND d.deptype = 'e' AND d.classid = 'pg_class'::regclass
        JOIN pg_class AS c ON c.oid = d.objid AND c.relkind IN ('r', 'p', 'v', 'S')
        WHERE e.extname = 'analytics_events'
    LOOP
        EXECUTE format('ALTER EXTENSION analytics_events DROP %s %s', member.kind, member.name);
    END LOOP;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_release_tables() IS
    'Removes the tables and views that CREATE EXTENSION or an update has made from the extension''s members: from '
    'then on they are ordinary ones.';

CREATE FUNCTION @extschema@.analytics_create_tables() RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    SET client_min_messages = notice -- CREATE EXTENSION raises it to warning for its script
    AS $$
DECLARE
    described record;
    adopts boolean := false;
    differences text[];
    wrong_counts bigint;
BEGIN
    FOR described IN SELECT t.name, t.definition FROM @extschema@._analytics_tables() AS t LOOP
        IF @extschema@._analytics_relation(described.name) IS NULL THEN
            EXECUTE replace(described.definition, '@schema@', '@extschema@');
        ELSE
            adopts := true;
        END IF;
    END LOOP;
    IF adopts THEN
        differences := ARRAY(SELECT d FROM @extschema@._analytics_table_differences() AS d);
        IF differences <> '{}' THEN
            RAISE EXCEPTION USING
                ERRCODE = 'object_not_in_prerequisite_state',
                MESSAGE = 'the tables in this schema are not as analytics_events needs them, and nothing was changed',
                DETAIL = array_to_string(differences, E'\n'),
                HINT = 'Put right what is named, or move the tables into another schema, and try again.';
        END IF;
    END IF;
    PERFORM @extschema@._analytics_attach_triggers();
    PERFORM @extschema@._analytics_create_projection_view(p.name) FROM @extschema@.analytics_projections AS p
    WHERE to_regclass(format('%I.%I', p.view_schema, p.name)) IS NULL; -- DROP EXTENSION … CASCADE drops the views, too
    PERFORM @extschema@._analytics_release_tables();

    IF adopts THEN
        wrong_counts := (SELECT count(*) FROM @extschema@.analytics_verify(NULL::timestamptz, NULL::timestamptz));
        IF wrong_counts = 0 THEN
            RAISE NOTICE USING
                MESSAGE = 'the existing tables were adopted',
                DETAIL = 'analytics_verify finds no difference: the counts say what the events say.';
        ELSE
            RAISE NOTICE USING
                MESSAGE = 'the existing tables were adopted, and their counts are wrong',
                DETAIL = format('analytics_verify finds %s differences: '
                                'events were stored or deleted while nothing counted them.', wrong_counts),
                HINT = 'Call analytics_rebuild().';
        END IF;
    END IF;
END
$$;

COMMENT ON FUNCTION @extschema@.analytics_create_tables() IS
    'Makes the tables that are missing in the extension''s schema, and the triggers that are missing on all of them. '
    'CREATE EXTENSION calls it. Call it when a function reports that the tables are missing. '
    'Existing tables are adopted: a column, key, partitioning or owner that this version cannot use is SQLSTATE 55000 '
    'with each difference in DETAIL, and nothing is changed. '
    'A NOTICE reports whether analytics_verify finds differences. The caller needs CREATE on the schema.';

CREATE FUNCTION @extschema@.analytics_drop_tables(confirm text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    projection record;
BEGIN
    IF confirm IS DISTINCT FROM 'analytics_events' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'analytics_drop_tables deletes every event, dead letter and offset, and was not confirmed',
            HINT = 'To confirm it: SELECT analytics_drop_tables(confirm => ''analytics_events'');';
    END IF;
    FOR projection IN SELECT p.view_schema, p.name FROM @extschema@.analytics_projections AS p LOOP
        EXECUTE format('DROP VIEW IF EXISTS %I.%I', projection.view_schema, projection.name);
    END LOOP;
    EXECUTE (SELECT string_agg(format('DROP %s %s', CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END,
                                      c.oid::regclass), '; ' ORDER BY t.number DESC)
             FROM ROWS FROM (@extschema@._analytics_tables()) WITH ORDINALITY AS t (name, definition, number)
             JOIN pg_class AS c ON c.oid = @extschema@._analytics_relation(t.name));
END
$$;

COMMENT ON FUNCTION @extschema@.analytics_drop_tables(text) IS
    'Drops the tables with all their rows, and the views of projections. Nothing else removes them. '
    'confirm must be ''analytics_events'', else SQLSTATE 22023. '
    'Drop your own views and foreign keys that depend on a table first (else SQLSTATE 2BP01). '
    'The caller must own the tables.';
/* The end of the installation: the tables. An update has no such section.
 *
 * A session that restores a dump makes no tables, because the dump brings them. Only pg_dump and pg_restore set
 * row_security to off. */

DO $$
BEGIN
    IF pg_catalog.current_setting('row_security') OPERATOR(pg_catalog.=) 'on' THEN
        PERFORM @extschema@.analytics_create_tables();
    END IF;
END
$$;
