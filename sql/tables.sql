/* The tables, each as the statements that make it; @schema@ stands for the schema they are made in.
 *
 * They are ordinary tables, not members of the extension: sql/lifecycle.sql makes them, adopts them and drops them. This is
 * their only description. */

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
    'Every accepted event once. Partitioned by occurred_at, one UTC month a partition (analytics.partition_interval), made on demand by the ingest functions.';
COMMENT ON COLUMN @schema@.analytics_events.id IS
    'UUIDv8 from SHA-256 over event_type, source, tenant_id and natural key; UUIDv7 for an event without a key (RFC 9562).';
COMMENT ON COLUMN @schema@.analytics_events.event_type IS 'What happened, 1 to 120 characters.';
COMMENT ON COLUMN @schema@.analytics_events.source IS 'The service that says so, 1 to 120 characters.';
COMMENT ON COLUMN @schema@.analytics_events.occurred_at IS 'Event time, microseconds; the ingestion time where the event names none.';
COMMENT ON COLUMN @schema@.analytics_events.ingested_at IS 'Start of the transaction that stored the event.';
COMMENT ON COLUMN @schema@.analytics_events.tenant_id IS 'Tenant, 1 to 64 characters, or null.';
COMMENT ON COLUMN @schema@.analytics_events.payload IS 'Canonical events: their payload. Upstream shapes: the whole object and its ISO member.';
$table$),

('analytics_untimed_keys', $table$
CREATE TABLE @schema@.analytics_untimed_keys (
    id uuid PRIMARY KEY,
    occurred_at timestamptz NOT NULL
);
COMMENT ON TABLE @schema@.analytics_untimed_keys IS
    'The time given to an event that has a natural key but no time of its own, so that its redelivery meets the same primary key.';
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
    'How upstream objects are recognised and what becomes of them, tried in the order of (position, name) after the canonical form. '
    'A change is effective in every session at its next batch.';
COMMENT ON COLUMN @schema@.analytics_shapes.name IS 'What analytics_normalize answers in its column shape.';
COMMENT ON COLUMN @schema@.analytics_shapes.position IS 'Lower positions are tried first.';
COMMENT ON COLUMN @schema@.analytics_shapes.enabled IS 'False puts the shape out of use.';
COMMENT ON COLUMN @schema@.analytics_shapes.event_type IS 'The event_type of events of this shape.';
COMMENT ON COLUMN @schema@.analytics_shapes.source IS 'The source of events of this shape.';
COMMENT ON COLUMN @schema@.analytics_shapes.required_members IS 'Top-level members that must be present, whatever their value.';
COMMENT ON COLUMN @schema@.analytics_shapes.not_null_members IS 'Top-level members that must be present and not null.';
COMMENT ON COLUMN @schema@.analytics_shapes.null_or_absent_members IS 'Top-level members that must be null or absent.';
COMMENT ON COLUMN @schema@.analytics_shapes.absent_members IS 'Top-level members that must be absent.';
COMMENT ON COLUMN @schema@.analytics_shapes.time_member IS 'The member that holds the event time, in any accepted form of instant; null: the ingestion time is taken.';
COMMENT ON COLUMN @schema@.analytics_shapes.iso_member IS 'The member under which the event time is stored once more, as ISO 8601 text; null: it is not.';
COMMENT ON COLUMN @schema@.analytics_shapes.key_members IS 'The members whose values are the natural key, in order; empty: events of this shape have no key.';
INSERT INTO @schema@.analytics_shapes
    (position, name, event_type, source, time_member, iso_member, key_members,
     required_members, not_null_members, null_or_absent_members)
VALUES
    (10, 'iam.registered', 'iam.user-registered', 'iam-service', 'registeredAt', 'registeredAtIso', '{userId}',
     '{userId,email,firstName,lastName,provider,registeredAt}', '{}', '{}'),
    (20, 'guides.challenges', 'guides.challenge-linked', 'guides-service', 'occurredAt', 'occurredAtIso', '{guideId,challengeId}',
     '{guideId,challengeId,occurredAt}', '{}', '{}'),
    (30, 'execution.analytics', 'execution.analytics', 'execution-service', 'timestamp', 'timestampIso', '{execution_id,status}',
     '{execution_id,status,timestamp}', '{}', '{}'),
    (40, 'community.registration', 'community.user-registered', 'community-service', 'occurredOn', 'occurredOnIso', '{profileId}',
     '{userId,profileId,username,occurredOn}', '{}', '{profileUrl}'),
    (50, 'community.profile-updated', 'community.profile-updated', 'community-service', 'occurredOn', 'occurredOnIso', '{profileId}',
     '{userId,profileId,username,occurredOn}', '{profileUrl}', '{}'),
    (60, 'challenges.completion', 'challenges.solution-completed', 'challenges-service', 'occurredOn', 'occurredOnIso', '{solutionId}',
     '{studentId,challengeId,solutionId,experiencePointsEarned,occurredOn}', '{}', '{}');
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
    state text NOT NULL DEFAULT 'building' CONSTRAINT analytics_projections_state CHECK (state IN ('building', 'ready')),
    built_until timestamptz NOT NULL DEFAULT '-infinity',
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now()
);
COMMENT ON TABLE @schema@.analytics_projections IS
    'The projections: made by analytics_create_projection, dropped by analytics_drop_projection. What a projection is made of does not change.';
COMMENT ON COLUMN @schema@.analytics_projections.id IS 'Its number, which its bags bear; never given again.';
COMMENT ON COLUMN @schema@.analytics_projections.name IS 'Its name, and that of its view.';
COMMENT ON COLUMN @schema@.analytics_projections.event_types IS 'Events of these types take part; null: all do.';
COMMENT ON COLUMN @schema@.analytics_projections.dimensions IS 'Name → path, or {path, type}: what events are grouped by, beside bucket and tenant.';
COMMENT ON COLUMN @schema@.analytics_projections.measures IS 'Name → path, or {path, type}: the numbers that are added up.';
COMMENT ON COLUMN @schema@.analytics_projections.bucket IS 'Length of a bucket, in UTC: a whole number of minutes or of months.';
COMMENT ON COLUMN @schema@.analytics_projections.max_groups IS 'So many groups of dimension values are told apart in one bucket and tenant; the rest is one group, "other".';
COMMENT ON COLUMN @schema@.analytics_projections.view_schema IS 'Where its view was made.';
COMMENT ON COLUMN @schema@.analytics_projections.state IS 'building: events of the past are being taken in, nothing can be read yet; ready.';
COMMENT ON COLUMN @schema@.analytics_projections.built_until IS 'While it is being built: events before this time are taken in.';
COMMENT ON COLUMN @schema@.analytics_projections.created_at IS 'When it was made.';
GRANT SELECT ON @schema@.analytics_projections TO PUBLIC;
$table$),

('analytics_projection_bags', $table$
CREATE TABLE @schema@.analytics_projection_bags (
    projection integer NOT NULL,
    bucket_start timestamptz NOT NULL,
    tenant_id varchar(64),
    cells bytea NOT NULL
) WITH (toast_tuple_target = 8160, vacuum_truncate = off, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0.01,
        autovacuum_vacuum_cost_delay = 0);
ALTER TABLE @schema@.analytics_projection_bags ALTER COLUMN cells SET STORAGE MAIN, REPLICA IDENTITY FULL;
CREATE INDEX analytics_projection_bags_bucket ON @schema@.analytics_projection_bags (projection, bucket_start, tenant_id);
COMMENT ON TABLE @schema@.analytics_projection_bags IS
    'Bags: what the events of one bucket and tenant come to in a projection. The bags of one bucket and tenant are to be added up, as _analytics_projection_rows does.';
COMMENT ON COLUMN @schema@.analytics_projection_bags.projection IS 'Number of the projection.';
COMMENT ON COLUMN @schema@.analytics_projection_bags.bucket_start IS 'Start of the bucket.';
COMMENT ON COLUMN @schema@.analytics_projection_bags.tenant_id IS 'The events'' tenant; null for events without one.';
COMMENT ON COLUMN @schema@.analytics_projection_bags.cells IS 'Dimension values → count, mismatches, and of each measure count, sum and extremes, packed.';
$table$),

('analytics_rollup_totals', $table$
CREATE TABLE @schema@.analytics_rollup_totals (
    hour timestamptz NOT NULL,
    last_ingested_at timestamptz,
    cells bytea NOT NULL
) WITH (toast_tuple_target = 8160, vacuum_truncate = off, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0.01,
        autovacuum_vacuum_cost_delay = 0);
ALTER TABLE @schema@.analytics_rollup_totals ALTER COLUMN cells SET STORAGE MAIN, REPLICA IDENTITY FULL;
CREATE INDEX analytics_rollup_totals_hour ON @schema@.analytics_rollup_totals (hour);
CREATE INDEX analytics_rollup_totals_ingested ON @schema@.analytics_rollup_totals (last_ingested_at);
COMMENT ON TABLE @schema@.analytics_rollup_totals IS
    'Bags: how many events of each type the minutes of an hour hold, over all tenants. The bags of one hour are to be added up.';
COMMENT ON COLUMN @schema@.analytics_rollup_totals.hour IS 'Start of the hour, UTC.';
COMMENT ON COLUMN @schema@.analytics_rollup_totals.last_ingested_at IS
    'Newest ingested_at of the events that the bag has counted; null in one that only takes away. A deletion does not take it back.';
COMMENT ON COLUMN @schema@.analytics_rollup_totals.cells IS 'Event type and minute → count, packed; see analytics_bag_cells.';
$table$),

('analytics_rollup_tenants', $table$
CREATE TABLE @schema@.analytics_rollup_tenants (
    hour timestamptz NOT NULL,
    tenant_id varchar(64),
    last_ingested_at timestamptz,
    cells bytea NOT NULL
) WITH (toast_tuple_target = 8160, vacuum_truncate = off, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0.01,
        autovacuum_vacuum_cost_delay = 0);
ALTER TABLE @schema@.analytics_rollup_tenants ALTER COLUMN cells SET STORAGE MAIN, REPLICA IDENTITY FULL;
CREATE INDEX analytics_rollup_tenants_hour ON @schema@.analytics_rollup_tenants (tenant_id, hour);
CREATE INDEX analytics_rollup_tenants_ingested ON @schema@.analytics_rollup_tenants (tenant_id, last_ingested_at);
COMMENT ON TABLE @schema@.analytics_rollup_tenants IS
    'Bags: how many events of each type the minutes of an hour hold, of one tenant. The bags of one hour and tenant are to be added up.';
COMMENT ON COLUMN @schema@.analytics_rollup_tenants.hour IS 'Start of the hour, UTC.';
COMMENT ON COLUMN @schema@.analytics_rollup_tenants.tenant_id IS 'The events'' tenant; null for events without one.';
COMMENT ON COLUMN @schema@.analytics_rollup_tenants.last_ingested_at IS
    'Newest ingested_at of the events that the bag has counted; null in one that only takes away. A deletion does not take it back.';
COMMENT ON COLUMN @schema@.analytics_rollup_tenants.cells IS 'Event type and minute → count, packed; see analytics_bag_cells.';
$table$),

('analytics_kept_rollups', $table$
CREATE TABLE @schema@.analytics_kept_rollups (
    range_start timestamptz NOT NULL,
    range_end timestamptz NOT NULL,
    kept_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    PRIMARY KEY (range_end, range_start)
);
COMMENT ON TABLE @schema@.analytics_kept_rollups IS
    'Ranges of time whose partitions analytics_retain has dropped while it kept their rollups: there the rollups say more than the events.';
COMMENT ON COLUMN @schema@.analytics_kept_rollups.range_start IS 'Start of the partition''s range.';
COMMENT ON COLUMN @schema@.analytics_kept_rollups.range_end IS 'Its end, itself not in the range.';
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
/* A record of Kafka is known by its place, its time and its bytes: a topic that was deleted and made anew uses its offsets again. */
CREATE UNIQUE INDEX analytics_dead_letters_record ON @schema@.analytics_dead_letters
    (topic, partition, "offset", recorded_at, pg_catalog.sha256(value)) NULLS NOT DISTINCT WHERE topic IS NOT NULL;
CREATE INDEX analytics_dead_letters_open ON @schema@.analytics_dead_letters (reason, id) WHERE replayed_at IS NULL;
COMMENT ON TABLE @schema@.analytics_dead_letters IS
    'Every refused record with its raw bytes, written in the transaction that refused it. The same Kafka record never makes two.';
COMMENT ON COLUMN @schema@.analytics_dead_letters.reason IS 'Why it was refused: the closed list of the reference, section "Refused records".';
COMMENT ON COLUMN @schema@.analytics_dead_letters.detail IS 'What exactly, and where; never the payload itself.';
COMMENT ON COLUMN @schema@.analytics_dead_letters.value IS 'The record''s value, byte for byte.';
COMMENT ON COLUMN @schema@.analytics_dead_letters.topic IS 'Kafka topic, null for records that did not come from Kafka; likewise the next four columns.';
COMMENT ON COLUMN @schema@.analytics_dead_letters.partition IS 'Kafka partition.';
COMMENT ON COLUMN @schema@.analytics_dead_letters."offset" IS 'Kafka offset.';
COMMENT ON COLUMN @schema@.analytics_dead_letters.key IS 'The record''s key, byte for byte.';
COMMENT ON COLUMN @schema@.analytics_dead_letters.recorded_at IS 'The record''s timestamp.';
COMMENT ON COLUMN @schema@.analytics_dead_letters.headers IS
    'The record''s headers in their order: [{"name", "value"}], or "base64" in place of "value" where the bytes are no storable text.';
COMMENT ON COLUMN @schema@.analytics_dead_letters.received_at IS 'Start of the transaction that refused it.';
COMMENT ON COLUMN @schema@.analytics_dead_letters.replayed_at IS 'When a replay accepted it, else null: it is open.';
COMMENT ON COLUMN @schema@.analytics_dead_letters.published_at IS 'When the companion topic had it, else null.';
COMMENT ON COLUMN @schema@.analytics_dead_letters.publish_fault IS
    'Why the companion topic can''t have it (a message too large for its broker), else null; set it to null to have it tried again.';
CREATE INDEX analytics_dead_letters_unpublished ON @schema@.analytics_dead_letters (id)
    WHERE published_at IS NULL AND publish_fault IS NULL AND replayed_at IS NULL AND reason <> 'unknown_shape';
$table$),

('analytics_dead_letter_summary', $table$
CREATE VIEW @schema@.analytics_dead_letter_summary WITH (security_invoker = true) AS
    SELECT d.reason, d.topic, pg_catalog.count(*) AS open, pg_catalog.min(d.received_at) AS first_seen, pg_catalog.max(d.received_at) AS last_seen,
        pg_catalog.max(d.id) AS sample_id, pg_catalog.count(d.publish_fault) AS unpublishable
    FROM @schema@.analytics_dead_letters AS d
    WHERE d.replayed_at IS NULL
    GROUP BY d.reason, d.topic
    ORDER BY pg_catalog.count(*) DESC, d.reason, d.topic;
COMMENT ON VIEW @schema@.analytics_dead_letter_summary IS
    'What is open, by reason and topic (null: not from Kafka), most first. Objects of unknown shape are among them where they are kept.';
COMMENT ON COLUMN @schema@.analytics_dead_letter_summary.reason IS 'Why the records were refused.';
COMMENT ON COLUMN @schema@.analytics_dead_letter_summary.topic IS 'Kafka topic they came from.';
COMMENT ON COLUMN @schema@.analytics_dead_letter_summary.open IS 'How many letters no replay has accepted yet.';
COMMENT ON COLUMN @schema@.analytics_dead_letter_summary.first_seen IS 'received_at of the first of them.';
COMMENT ON COLUMN @schema@.analytics_dead_letter_summary.last_seen IS 'received_at of the last of them.';
COMMENT ON COLUMN @schema@.analytics_dead_letter_summary.sample_id IS 'The id of one of them, the latest.';
COMMENT ON COLUMN @schema@.analytics_dead_letter_summary.unpublishable IS 'How many the companion topic can''t have: see publish_fault.';
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
    'The truth about what has been read: one row a partition, moved in the transaction that stores the partition''s records.';
COMMENT ON COLUMN @schema@.analytics_kafka_offsets.consumer_group IS 'Kafka consumer group.';
COMMENT ON COLUMN @schema@.analytics_kafka_offsets.topic IS 'Kafka topic.';
COMMENT ON COLUMN @schema@.analytics_kafka_offsets.partition IS 'Kafka partition.';
COMMENT ON COLUMN @schema@.analytics_kafka_offsets.next_offset IS 'Offset of the next record to read.';
COMMENT ON COLUMN @schema@.analytics_kafka_offsets.owner_epoch IS 'Raised each time a consumer takes the partition; a batch of an older epoch is refused with AN001.';
COMMENT ON COLUMN @schema@.analytics_kafka_offsets.owner IS 'Who took it last, as host:pid.';
COMMENT ON COLUMN @schema@.analytics_kafka_offsets.updated_at IS 'When the row last changed.';
COMMENT ON COLUMN @schema@.analytics_kafka_offsets.high_watermark IS 'Offset after the partition''s last record, as its consumer last saw it.';
COMMENT ON COLUMN @schema@.analytics_kafka_offsets.stored IS 'Records stored as events since the first assignment.';
COMMENT ON COLUMN @schema@.analytics_kafka_offsets.duplicates IS 'Records that were stored before.';
COMMENT ON COLUMN @schema@.analytics_kafka_offsets.dead_lettered IS 'Records refused and kept as dead letters.';
COMMENT ON COLUMN @schema@.analytics_kafka_offsets.skipped IS 'Objects of unknown shape, and tombstones.';
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
    reason text,
    PRIMARY KEY (consumer_group, topic, partition, accepted_at)
);
COMMENT ON TABLE @schema@.analytics_kafka_gaps IS 'Every gap that was accepted: who moved a partition''s offset by hand, when, from where to where.';
COMMENT ON COLUMN @schema@.analytics_kafka_gaps.consumer_group IS 'Kafka consumer group.';
COMMENT ON COLUMN @schema@.analytics_kafka_gaps.topic IS 'Kafka topic.';
COMMENT ON COLUMN @schema@.analytics_kafka_gaps.partition IS 'Kafka partition.';
COMMENT ON COLUMN @schema@.analytics_kafka_gaps.from_offset IS 'The offset that was to be read next.';
COMMENT ON COLUMN @schema@.analytics_kafka_gaps.to_offset IS 'The offset that is read next instead; lower than from_offset where a topic was made anew.';
COMMENT ON COLUMN @schema@.analytics_kafka_gaps.owner_epoch IS 'The epoch to which this raised the partition: whoever wrote it before is fenced off.';
COMMENT ON COLUMN @schema@.analytics_kafka_gaps.accepted_by IS 'The role that accepted it.';
COMMENT ON COLUMN @schema@.analytics_kafka_gaps.accepted_at IS 'When.';
COMMENT ON COLUMN @schema@.analytics_kafka_gaps.reason IS 'What the operator had to say.';
$table$),

('analytics_store', $table$
CREATE TABLE @schema@.analytics_store (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    id uuid NOT NULL DEFAULT pg_catalog.gen_random_uuid()
);
COMMENT ON TABLE @schema@.analytics_store IS 'One row, or none before an ingestor has ever asked: which store these tables are.';
COMMENT ON COLUMN @schema@.analytics_store.is_only IS 'There is one row.';
COMMENT ON COLUMN @schema@.analytics_store.id IS 'Random; dumps carry it.';
$table$)
$tables$;

COMMENT ON FUNCTION @extschema@._analytics_tables() IS
    'The tables and views of the extension in the order in which they are made, and the statements that make each; @schema@ stands for their schema.';
