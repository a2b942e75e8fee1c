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
    event_type varchar(120) CONSTRAINT analytics_shapes_event_type CHECK (event_type <> ''),
    source varchar(120) CONSTRAINT analytics_shapes_source CHECK (source <> ''),
    required_members text[] NOT NULL,
    not_null_members text[] NOT NULL DEFAULT '{}',
    null_or_absent_members text[] NOT NULL DEFAULT '{}',
    absent_members text[] NOT NULL DEFAULT '{}',
    time_member text,
    iso_member text,
    key_members text[] NOT NULL DEFAULT '{}',
    max_future interval,
    max_past interval,
    event_type_member text,
    source_member text,
    tenant_id varchar(64) CONSTRAINT analytics_shapes_tenant_id CHECK (tenant_id <> ''),
    tenant_member text,
    member_values jsonb NOT NULL DEFAULT '{}',
    time_optional boolean NOT NULL DEFAULT false,
    payload_member text,
    version integer CONSTRAINT analytics_shapes_version CHECK (version >= 1),
    version_member text
);
COMMENT ON TABLE @schema@.analytics_shapes IS
    'How upstream objects are recognised and which events they become. '
    'Shapes are tried in the order of (position, name), after the canonical form. '
    'A path is the name of a top-level member or, when it begins with a slash, a JSON Pointer (RFC 6901). '
    'A change takes effect in every session at its next batch.';
COMMENT ON COLUMN @schema@.analytics_shapes.name IS 'The name that analytics_normalize returns in its column shape.';
COMMENT ON COLUMN @schema@.analytics_shapes.position IS 'Lower positions are tried first.';
COMMENT ON COLUMN @schema@.analytics_shapes.enabled IS 'False: the shape is not used.';
COMMENT ON COLUMN @schema@.analytics_shapes.event_type IS
    'The event_type of events of this shape. Null: it is read from event_type_member.';
COMMENT ON COLUMN @schema@.analytics_shapes.source IS
    'The source of events of this shape. Null: it is read from source_member.';
COMMENT ON COLUMN @schema@.analytics_shapes.required_members IS
    'Top-level members that must be present, whatever their value.';
COMMENT ON COLUMN @schema@.analytics_shapes.not_null_members IS 'Top-level members that must be present and not null.';
COMMENT ON COLUMN @schema@.analytics_shapes.null_or_absent_members IS 'Top-level members that must be null or absent.';
COMMENT ON COLUMN @schema@.analytics_shapes.absent_members IS 'Top-level members that must be absent.';
COMMENT ON COLUMN @schema@.analytics_shapes.time_member IS
    'The path of the member that holds the event time, in any accepted form of instant. '
    'Null: the ingestion time is the event time.';
COMMENT ON COLUMN @schema@.analytics_shapes.iso_member IS
    'The member of the payload under which the event time is also stored, as ISO 8601 text. Null: none is added.';
COMMENT ON COLUMN @schema@.analytics_shapes.key_members IS
    'The paths of the members whose values are the natural key, in order. Empty: events of this shape have no key.';
COMMENT ON COLUMN @schema@.analytics_shapes.max_future IS
    'How far ahead of the ingestion time the event time may be. Null: analytics.max_future. Negative: any time.';
COMMENT ON COLUMN @schema@.analytics_shapes.max_past IS
    'How far behind the ingestion time the event time may be. Null: analytics.max_past. Negative: any time.';
COMMENT ON COLUMN @schema@.analytics_shapes.event_type_member IS
    'The path of the member that holds the event_type. Exactly one of event_type and event_type_member is given.';
COMMENT ON COLUMN @schema@.analytics_shapes.source_member IS
    'The path of the member that holds the source. Exactly one of source and source_member is given.';
COMMENT ON COLUMN @schema@.analytics_shapes.tenant_id IS
    'The tenant_id of events of this shape. Null: it is read from a member.';
COMMENT ON COLUMN @schema@.analytics_shapes.tenant_member IS
    'The path of the member that holds the tenant_id. Null: the top-level member tenantId.';
COMMENT ON COLUMN @schema@.analytics_shapes.member_values IS
    'Values that members must have: an object of paths, each with a list of strings, numbers and booleans. '
    'The member must equal one of its list. Numbers are compared by value.';
COMMENT ON COLUMN @schema@.analytics_shapes.time_optional IS
    'True: where time_member is null or absent, the ingestion time is the event time.';
COMMENT ON COLUMN @schema@.analytics_shapes.payload_member IS
    'The path of the member that is the payload, if it is an object. Otherwise, and without a path, '
    'the payload is the whole record.';
COMMENT ON COLUMN @schema@.analytics_shapes.version IS
    'The version of events of this shape whose type and payload say none. Null: it is read from version_member.';
COMMENT ON COLUMN @schema@.analytics_shapes.version_member IS
    'The path of the member that holds the version, as a number or a text of digits. '
    'Null: the shape has no version.';
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
INSERT INTO @schema@.analytics_shapes
    (position, name, event_type_member, source_member, tenant_member, time_member, time_optional, key_members,
     payload_member, required_members, member_values)
VALUES
    (70, 'cloudevents', 'type', 'source', 'tenantid', 'time', true, '{id}', 'data',
     '{specversion,type,source,id}', '{"specversion": ["1.0"]}');
GRANT SELECT ON @schema@.analytics_shapes TO PUBLIC;
$table$),

('analytics_contracts', $table$
CREATE TABLE @schema@.analytics_contracts (
    event_type varchar(120) NOT NULL CONSTRAINT analytics_contracts_event_type CHECK (event_type <> ''),
    version integer NOT NULL DEFAULT 1 CONSTRAINT analytics_contracts_version CHECK (version >= 1),
    mode text NOT NULL DEFAULT 'accept'
        CONSTRAINT analytics_contracts_mode CHECK (mode IN ('accept', 'observe', 'enforce', 'refuse')),
    schema jsonb,
    upcast text,
    valid_from timestamptz NOT NULL DEFAULT '-infinity',
    note text,
    PRIMARY KEY (event_type, version)
);
COMMENT ON TABLE @schema@.analytics_contracts IS
    'What is asked of events: a row for each event type and version. '
    'An event type that has a row is registered: it is stored without the suffix .vN, and its payload says the '
    'version. '
    'A change takes effect in every session at its next batch.';
COMMENT ON COLUMN @schema@.analytics_contracts.event_type IS 'The event type, without a suffix .vN.';
COMMENT ON COLUMN @schema@.analytics_contracts.version IS 'The version.';
COMMENT ON COLUMN @schema@.analytics_contracts.mode IS
    'accept: every event is stored. '
    'observe: the same, and those whose payload violates the schema are counted in analytics_contract_findings. '
    'enforce: those are dead letters. refuse: the version is over, and its events are dead letters.';
COMMENT ON COLUMN @schema@.analytics_contracts.schema IS
    'The JSON Schema (draft 2020-12) of the payload as it is stored. observe and enforce need one.';
COMMENT ON COLUMN @schema@.analytics_contracts.upcast IS
    'The function that makes the next version''s payload of a payload, named with its schema. '
    'It is IMMUTABLE, from jsonb to jsonb. Null: there is none.';
COMMENT ON COLUMN @schema@.analytics_contracts.valid_from IS
    'The mode holds for records whose ingestion time is this or later. Earlier ones are accepted.';
COMMENT ON COLUMN @schema@.analytics_contracts.note IS 'Your note.';
GRANT SELECT ON @schema@.analytics_contracts TO PUBLIC;
$table$),

('analytics_contract_finding_counts', $table$
CREATE TABLE @schema@.analytics_contract_finding_counts (
    event_type varchar(120) NOT NULL,
    version integer NOT NULL,
    pointer text NOT NULL,
    keyword text NOT NULL,
    count bigint NOT NULL,
    first_seen timestamptz NOT NULL,
    last_seen timestamptz NOT NULL
) WITH (vacuum_truncate = off, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0.01,
        autovacuum_vacuum_cost_delay = 0);
ALTER TABLE @schema@.analytics_contract_finding_counts REPLICA IDENTITY FULL;
CREATE INDEX analytics_contract_finding_counts_key ON @schema@.analytics_contract_finding_counts
    (event_type, version, pointer, keyword);
COMMENT ON TABLE @schema@.analytics_contract_finding_counts IS
    'Bags: how many stored events violate a contract that only observes. '
    'The sum of all bags of a finding is the truth: analytics_contract_findings.';
COMMENT ON COLUMN @schema@.analytics_contract_finding_counts.event_type IS 'The events'' type.';
COMMENT ON COLUMN @schema@.analytics_contract_finding_counts.version IS 'The events'' version.';
COMMENT ON COLUMN @schema@.analytics_contract_finding_counts.pointer IS
    'Where in the payload, as a JSON Pointer with * for elements and for members that the schema does not name.';
COMMENT ON COLUMN @schema@.analytics_contract_finding_counts.keyword IS
    'The keyword of the schema; eventType or version where there is no contract.';
COMMENT ON COLUMN @schema@.analytics_contract_finding_counts.count IS 'How many events this bag adds.';
COMMENT ON COLUMN @schema@.analytics_contract_finding_counts.first_seen IS
    'Start of the first transaction that stored one of them.';
COMMENT ON COLUMN @schema@.analytics_contract_finding_counts.last_seen IS 'That of the last one.';
$table$),

('analytics_contract_findings', $table$
CREATE VIEW @schema@.analytics_contract_findings WITH (security_invoker = true) AS
    SELECT c.event_type, c.version, c.pointer, c.keyword, pg_catalog.sum(c.count)::bigint AS count,
        pg_catalog.min(c.first_seen) AS first_seen, pg_catalog.max(c.last_seen) AS last_seen
    FROM @schema@.analytics_contract_finding_counts AS c
    GROUP BY c.event_type, c.version, c.pointer, c.keyword
    ORDER BY count DESC, c.event_type, c.version, c.pointer, c.keyword;
COMMENT ON VIEW @schema@.analytics_contract_findings IS
    'What contracts in mode observe find in the events that were stored, the most frequent first. '
    'An event counts once, with its first finding.';
COMMENT ON COLUMN @schema@.analytics_contract_findings.event_type IS 'The events'' type.';
COMMENT ON COLUMN @schema@.analytics_contract_findings.version IS 'The events'' version.';
COMMENT ON COLUMN @schema@.analytics_contract_findings.pointer IS
    'Where in the payload, as a JSON Pointer with * for elements and for members that the schema does not name.';
COMMENT ON COLUMN @schema@.analytics_contract_findings.keyword IS
    'The keyword of the schema; eventType or version where there is no contract.';
COMMENT ON COLUMN @schema@.analytics_contract_findings.count IS 'How many events.';
COMMENT ON COLUMN @schema@.analytics_contract_findings.first_seen IS
    'Start of the first transaction that stored one of them.';
COMMENT ON COLUMN @schema@.analytics_contract_findings.last_seen IS 'That of the last one.';
GRANT SELECT ON @schema@.analytics_contract_findings TO PUBLIC;
$table$),

('analytics_projections', $table$
CREATE TABLE @schema@.analytics_projections (
    id integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
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
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    version text NOT NULL DEFAULT 'stored'
        CONSTRAINT analytics_projections_version CHECK (version IN ('stored', 'latest')),
    upcasts jsonb NOT NULL DEFAULT '[]',
    next_id integer,
    next_upcasts jsonb,
    last_id integer,
    last_upcasts jsonb
);
COMMENT ON TABLE @schema@.analytics_projections IS
    'The projections. analytics_create_projection makes them, analytics_drop_projection drops them. '
    'A definition never changes.';
COMMENT ON COLUMN @schema@.analytics_projections.id IS
    'The projection''s number, which its bags carry. It is not reused. '
    'A number stands for one way of reading payloads: built again, the projection has another one.';
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
    'During a build, also of next_id: events before this time are counted.';
COMMENT ON COLUMN @schema@.analytics_projections.created_at IS 'When the projection was made.';
COMMENT ON COLUMN @schema@.analytics_projections.version IS
    'stored: payloads are read as they are stored. latest: as the upcasts make them, in the newest version.';
COMMENT ON COLUMN @schema@.analytics_projections.upcasts IS
    'The upcasts by which the projection sees payloads: [event type, version, function, MD5 of its definition].';
COMMENT ON COLUMN @schema@.analytics_projections.next_id IS
    'The number that is being built, because the upcasts have changed. Until it is ready, id answers.';
COMMENT ON COLUMN @schema@.analytics_projections.next_upcasts IS 'The upcasts of next_id.';
COMMENT ON COLUMN @schema@.analytics_projections.last_id IS
    'The number that was replaced. Transactions that began before still read it; analytics_maintain deletes it.';
COMMENT ON COLUMN @schema@.analytics_projections.last_upcasts IS 'The upcasts of last_id.';
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
    cells bytea NOT NULL,
    seconds bytea
) WITH (toast_tuple_target = 8160, vacuum_truncate = off, autovacuum_vacuum_threshold = 1000,
        autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE @schema@.analytics_rollup_totals ALTER COLUMN cells SET STORAGE MAIN,
    ALTER COLUMN seconds SET STORAGE EXTERNAL, REPLICA IDENTITY FULL;
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
COMMENT ON COLUMN @schema@.analytics_rollup_totals.seconds IS
    'Packed: event type and second → count, of the same events. Null: the bag has none. If each bag of an hour '
    'has seconds, they give the counts of a time that begins or ends within a minute, else the events do.';
$table$),

('analytics_rollup_tenants', $table$
CREATE TABLE @schema@.analytics_rollup_tenants (
    hour timestamptz NOT NULL,
    tenant_id varchar(64),
    last_ingested_at timestamptz,
    cells bytea NOT NULL,
    seconds bytea
) WITH (toast_tuple_target = 8160, vacuum_truncate = off, autovacuum_vacuum_threshold = 1000,
        autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE @schema@.analytics_rollup_tenants ALTER COLUMN cells SET STORAGE MAIN,
    ALTER COLUMN seconds SET STORAGE EXTERNAL, REPLICA IDENTITY FULL;
CREATE INDEX analytics_rollup_tenants_hour ON @schema@.analytics_rollup_tenants (tenant_id, hour);
CREATE INDEX analytics_rollup_tenants_ingested ON @schema@.analytics_rollup_tenants (tenant_id, last_ingested_at);
CREATE INDEX analytics_rollup_tenants_brin ON @schema@.analytics_rollup_tenants
    USING brin (hour) WITH (pages_per_range = 32);
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
COMMENT ON COLUMN @schema@.analytics_rollup_tenants.seconds IS
    'Packed: event type and second → count, of the same events. Null: the bag has none. If each bag of an hour '
    'has seconds, they give the counts of a time that begins or ends within a minute, else the events do.';
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
COMMENT ON COLUMN @schema@.analytics_dead_letters.published_at IS
    'When a release before 0.2.0 published it to the dead-letter topic, else null: now a feed has its position.';
COMMENT ON COLUMN @schema@.analytics_dead_letters.publish_fault IS
    'Why the dead-letter topic cannot receive it (for example a message too large for the broker), else null. '
    'Set it to null, and it is tried again.';
$table$),

('analytics_dead_letter_counts', $table$
CREATE TABLE @schema@.analytics_dead_letter_counts (
    reason text NOT NULL,
    open bigint NOT NULL
) WITH (vacuum_truncate = off, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0.01,
        autovacuum_vacuum_cost_delay = 0);
ALTER TABLE @schema@.analytics_dead_letter_counts REPLICA IDENTITY FULL;
CREATE INDEX analytics_dead_letter_counts_reason ON @schema@.analytics_dead_letter_counts (reason);
COMMENT ON TABLE @schema@.analytics_dead_letter_counts IS
    'Bags: how many dead letters of a reason are open. A bag may be negative. '
    'The sum of all bags of a reason is the truth.';
COMMENT ON COLUMN @schema@.analytics_dead_letter_counts.reason IS 'Why the records were refused.';
COMMENT ON COLUMN @schema@.analytics_dead_letter_counts.open IS 'How many dead letters this bag adds or subtracts.';
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
    retired_at timestamptz,
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
COMMENT ON COLUMN @schema@.analytics_kafka_offsets.updated_at IS
    'When the row last changed. An ingestor that owns the partition changes it at least every ten minutes.';
COMMENT ON COLUMN @schema@.analytics_kafka_offsets.high_watermark IS
    'The offset after the partition''s last record, as the consumer last saw it.';
COMMENT ON COLUMN @schema@.analytics_kafka_offsets.stored IS 'Records stored as events since the first claim.';
COMMENT ON COLUMN @schema@.analytics_kafka_offsets.duplicates IS 'Records whose event was already stored.';
COMMENT ON COLUMN @schema@.analytics_kafka_offsets.dead_lettered IS 'Records refused and kept as dead letters.';
COMMENT ON COLUMN @schema@.analytics_kafka_offsets.skipped IS
    'Objects of unknown shape, tombstones, and events that a trigger dropped.';
COMMENT ON COLUMN @schema@.analytics_kafka_offsets.retired_at IS
    'When analytics_retire_group retired the partition''s group. Null: it was not retired, or was owned since.';
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
$table$),

('analytics_table_changes', $table$
CREATE TABLE @schema@.analytics_table_changes (
    name text PRIMARY KEY
);
COMMENT ON TABLE @schema@.analytics_table_changes IS
    'The changes that these tables have had, or were made with, since 0.1.0. analytics_create_tables() and ALTER '
    'EXTENSION … UPDATE make those that are missing.';
COMMENT ON COLUMN @schema@.analytics_table_changes.name IS 'A name of _analytics_table_changes.';
GRANT SELECT ON @schema@.analytics_table_changes TO PUBLIC;
$table$),

('analytics_feeds', $table$
CREATE TABLE @schema@.analytics_feeds (
    name text PRIMARY KEY
        CONSTRAINT analytics_feeds_name CHECK (name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$'),
    source text NOT NULL CONSTRAINT analytics_feeds_source CHECK (source <> ''),
    event_types text[] CONSTRAINT analytics_feeds_event_types CHECK (
        event_types <> '{}' AND pg_catalog.array_position(event_types, NULL) IS NULL),
    tenant_id varchar(64) CONSTRAINT analytics_feeds_tenant_id CHECK (tenant_id <> ''),
    since text NOT NULL CONSTRAINT analytics_feeds_since CHECK (since IN ('beginning', 'now')),
    keep interval NOT NULL CONSTRAINT analytics_feeds_keep CHECK (
        keep > interval '0' AND keep <= interval '5000 years'),
    topic text CONSTRAINT analytics_feeds_topic CHECK (
        topic ~ '^[A-Za-z0-9._-]{1,249}$' AND topic <> '.' AND topic <> '..'),
    key text NOT NULL DEFAULT 'id' CONSTRAINT analytics_feeds_key CHECK (
        key <> '' AND (key !~ '^/' OR key ~ '^(/([^/~]|~[01])*)+$')),
    format text NOT NULL DEFAULT 'event' CONSTRAINT analytics_feeds_format CHECK (format IN ('event', 'cloudevent')),
    every interval NOT NULL DEFAULT '1 second' CONSTRAINT analytics_feeds_every CHECK (
        every >= interval '10 milliseconds' AND every <= interval '1 day'),
    start_tick bigint,
    paused_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
);
COMMENT ON TABLE @schema@.analytics_feeds IS
    'Feeds: gap-free sequences of changes that anyone reads from a position on. See analytics_create_feed.';
COMMENT ON COLUMN @schema@.analytics_feeds.name IS 'Its name.';
COMMENT ON COLUMN @schema@.analytics_feeds.source IS
    'What changes. events: the rows of analytics_events. counts: their numbers by minute, type and tenant. '
    'dead_letters: the open dead letters, each once. '
    'Else the name of a projection: its rows.';
COMMENT ON COLUMN @schema@.analytics_feeds.event_types IS 'The feed has events of these types. Null: of all.';
COMMENT ON COLUMN @schema@.analytics_feeds.tenant_id IS
    'The feed has events of this tenant. Null: of all tenants, and of none.';
COMMENT ON COLUMN @schema@.analytics_feeds.since IS
    'Where a reader without a position begins: with all events that there are (beginning), or with what changes after '
    'the feed was created (now).';
COMMENT ON COLUMN @schema@.analytics_feeds.keep IS
    'How long changes are kept for readers. The outbox is one for all feeds, so the longest keep counts.';
COMMENT ON COLUMN @schema@.analytics_feeds.topic IS
    'The Kafka topic to which the ingestor publishes the feed. Null: to none.';
COMMENT ON COLUMN @schema@.analytics_feeds.key IS
    'The key of its messages: id, tenant, or a path in the payload as shapes have it.';
COMMENT ON COLUMN @schema@.analytics_feeds.format IS
    'How its messages are written. event: the event as JSON. cloudevent: CloudEvents 1.0 in the binary mode of Kafka.';
COMMENT ON COLUMN @schema@.analytics_feeds.every IS 'How often changes are published.';
COMMENT ON COLUMN @schema@.analytics_feeds.start_tick IS
    'The tick after which the feed has every change. Null: its creation was interrupted, or the extension was dropped '
    'since: see analytics_start_feed.';
COMMENT ON COLUMN @schema@.analytics_feeds.paused_at IS 'When analytics_pause_feed paused it. Null: it is not paused.';
COMMENT ON COLUMN @schema@.analytics_feeds.created_at IS 'When it was created.';
$table$),

('analytics_feed_publishers', $table$
CREATE TABLE @schema@.analytics_feed_publishers (
    feed text PRIMARY KEY,
    generation bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    begin_at text,
    takes_over boolean NOT NULL DEFAULT false,
    epoch bigint NOT NULL DEFAULT 0,
    publisher text,
    heartbeat_at timestamptz,
    "position" text,
    published_at timestamptz,
    fault text,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
);
COMMENT ON TABLE @schema@.analytics_feed_publishers IS
    'Which ingestor publishes a feed to Kafka, and how far it is. A row appears when a feed is first published.';
COMMENT ON COLUMN @schema@.analytics_feed_publishers.feed IS 'The name of the feed.';
COMMENT ON COLUMN @schema@.analytics_feed_publishers.generation IS
    'The number of this sequence of messages. The position in Kafka has it, too: one of another generation is not '
    'continued. It is not reused.';
COMMENT ON COLUMN @schema@.analytics_feed_publishers.begin_at IS
    'Where the generation begins: after this position. again: with a message that drops everything, and then with all '
    'events. Null: as the feed''s since says.';
COMMENT ON COLUMN @schema@.analytics_feed_publishers.takes_over IS
    'Whether the generation may begin although another database has published to the topic last.';
COMMENT ON COLUMN @schema@.analytics_feed_publishers.epoch IS 'How often an ingestor has taken the feed over.';
COMMENT ON COLUMN @schema@.analytics_feed_publishers.publisher IS 'The ingestor that publishes it. Null: none.';
COMMENT ON COLUMN @schema@.analytics_feed_publishers.heartbeat_at IS
    'When this ingestor last showed that it is alive. After ten seconds without, another one takes over.';
COMMENT ON COLUMN @schema@.analytics_feed_publishers."position" IS
    'The position up to which the feed is published, as of published_at. The position in Kafka is authoritative.';
COMMENT ON COLUMN @schema@.analytics_feed_publishers.published_at IS 'When position was reported.';
COMMENT ON COLUMN @schema@.analytics_feed_publishers.fault IS
    'Why publishing has stopped until analytics_republish_feed. Null: it has not.';
COMMENT ON COLUMN @schema@.analytics_feed_publishers.created_at IS
    'When the generation began. A feed that was created later has the name of one that was dropped.';
$table$),

('analytics_ticks', $table$
CREATE TABLE @schema@.analytics_ticks (
    tick bigint PRIMARY KEY,
    ticked_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    history text NOT NULL
);
COMMENT ON TABLE @schema@.analytics_ticks IS
    'The ticks of feeds, in order. The changes of the oldest tick may be deleted, those of all others are kept.';
COMMENT ON COLUMN @schema@.analytics_ticks.tick IS 'Its number. A tick commits before the next one begins.';
COMMENT ON COLUMN @schema@.analytics_ticks.ticked_at IS 'When it was made.';
COMMENT ON COLUMN @schema@.analytics_ticks.history IS
    'Where it was made: the cluster, the database and the timeline of its WAL. If one of them differs from the last '
    'tick''s, the number is a thousand million higher, so no position of the other history is taken for one of this.';
$table$),

('analytics_outbox', $table$
CREATE TABLE @schema@.analytics_outbox (
    number bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    tick bigint,
    tenant_id varchar(64),
    first_time timestamptz NOT NULL,
    last_time timestamptz NOT NULL,
    changes integer NOT NULL,
    event_types text[] NOT NULL,
    ids uuid[] NOT NULL,
    times timestamptz[] NOT NULL,
    operations "char"[] NOT NULL,
    type_numbers smallint[] NOT NULL,
    source text,
    keys bytea[]
) WITH (autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE @schema@.analytics_outbox ALTER COLUMN ids SET STORAGE EXTERNAL;
ALTER TABLE @schema@.analytics_outbox REPLICA IDENTITY FULL;
CREATE INDEX analytics_outbox_tick ON @schema@.analytics_outbox (tick, number) WHERE tick IS NOT NULL;
CREATE INDEX analytics_outbox_unticked ON @schema@.analytics_outbox (number) WHERE tick IS NULL;
COMMENT ON TABLE @schema@.analytics_outbox IS
    'The keys of events that statements have inserted, updated or deleted, as far as a feed wants them: a row a '
    'statement and tenant, or more for many events. analytics_read_feed reads it.';
COMMENT ON COLUMN @schema@.analytics_outbox.number IS
    'The order within a tick. It is drawn after the events were changed, and before the transaction commits.';
COMMENT ON COLUMN @schema@.analytics_outbox.tick IS
    'The first tick that saw the row. Null: none has, for nobody has called analytics_tick since.';
COMMENT ON COLUMN @schema@.analytics_outbox.tenant_id IS 'The tenant of the events, or null.';
COMMENT ON COLUMN @schema@.analytics_outbox.first_time IS
    'The least of times. Where event_types is empty: the start of the partition that was dropped.';
COMMENT ON COLUMN @schema@.analytics_outbox.last_time IS
    'The greatest of times. Where event_types is empty: the end of the partition that was dropped.';
COMMENT ON COLUMN @schema@.analytics_outbox.changes IS 'How many changes the row has.';
COMMENT ON COLUMN @schema@.analytics_outbox.event_types IS 'The types of the events, each once.';
COMMENT ON COLUMN @schema@.analytics_outbox.ids IS 'For each change the id of the event.';
COMMENT ON COLUMN @schema@.analytics_outbox.times IS 'For each change the occurred_at of the event.';
COMMENT ON COLUMN @schema@.analytics_outbox.operations IS
    'For each change: p, the event was inserted or updated; d, it was deleted, or has another key now; l, it has left '
    'this tenant or type; x, a partition was dropped.';
COMMENT ON COLUMN @schema@.analytics_outbox.type_numbers IS
    'For each change the place of the event''s type in event_types, from 1.';
COMMENT ON COLUMN @schema@.analytics_outbox.source IS
    'Null: events have changed. counts: numbers of events have changed, in the minutes times; ids and keys are '
    'empty. dead_letters: dead letters were stored. Their numbers are the last eight bytes of ids, times has their '
    'received_at, and event_types this word. Else the projection of which rows have changed, all of the bucket '
    'first_time. Their arrays are empty, but for operations and keys, and event_types has the projection''s name.';
COMMENT ON COLUMN @schema@.analytics_outbox.keys IS
    'For each change of a projection the row''s dimensions, as its bags have them, or the byte ff: the row "other". '
    'Null: events have changed.';
$table$),

('analytics_retention', $table$
CREATE TABLE @schema@.analytics_retention (
    name text PRIMARY KEY,
    what text NOT NULL DEFAULT 'events'
        CONSTRAINT analytics_retention_what CHECK (what IN (
            'events', 'counts', 'dead_letters', 'replayed_dead_letters', 'untimed_keys',
            'retired_groups')),
    position integer NOT NULL DEFAULT 1000,
    event_types text[] CONSTRAINT analytics_retention_event_types CHECK (event_types <> '{}'),
    tenant_id varchar(64),
    keep interval CONSTRAINT analytics_retention_keep CHECK (
        keep >= interval '0' AND keep <= interval '5000 years' AND (keep IS NOT NULL OR what = 'events')),
    keep_counts boolean,
    CONSTRAINT analytics_retention_some_events CHECK (what = 'events' OR event_types IS NULL AND tenant_id IS NULL),
    CONSTRAINT analytics_retention_keep_counts CHECK (
        (keep_counts IS NOT NULL) = (what = 'events' AND event_types IS NULL AND tenant_id IS NULL))
);
CREATE UNIQUE INDEX analytics_retention_one ON @schema@.analytics_retention (what) WHERE what <> 'events';
COMMENT ON TABLE @schema@.analytics_retention IS
    'How long things are kept: a row a rule. CALL analytics_maintain() deletes what is older. '
    'Without a rule nothing is deleted.';
COMMENT ON COLUMN @schema@.analytics_retention.name IS 'Your name of the rule.';
COMMENT ON COLUMN @schema@.analytics_retention.what IS
    'What the rule is about. events: by occurred_at. counts: what rollups and projections still count of dropped '
    'events, by the end of the partition. dead_letters, replayed_dead_letters: by received_at. '
    'untimed_keys: by ingestion time; a redelivery of the event is an event again afterwards. '
    'retired_groups: offsets and gaps of consumer groups, by retired_at. '
    'There is at most one rule for each but events.';
COMMENT ON COLUMN @schema@.analytics_retention.position IS
    'Of rules for events, the first in the order of (position, name) that fits an event decides.';
COMMENT ON COLUMN @schema@.analytics_retention.event_types IS 'The rule is for events of these types. Null: of all.';
COMMENT ON COLUMN @schema@.analytics_retention.tenant_id IS
    'The rule is for events of this tenant. Null: of all tenants, and of none.';
COMMENT ON COLUMN @schema@.analytics_retention.keep IS
    'How long they are kept, 0 to 5000 years. Null: for ever, where a later rule would delete the events.';
COMMENT ON COLUMN @schema@.analytics_retention.keep_counts IS
    'Of a rule for all events: whether rollups and projections keep their numbers; if not, those that '
    'were kept before go as well. Null in every other rule: events that are deleted by type or tenant take their '
    'counts with them.';
$table$),

('analytics_maintenance', $table$
CREATE TABLE @schema@.analytics_maintenance (
    part text PRIMARY KEY,
    started_at timestamptz NOT NULL,
    seconds numeric,
    rows bigint,
    succeeded_at timestamptz,
    failure text
);
COMMENT ON TABLE @schema@.analytics_maintenance IS
    'What the last analytics_maintain has done: a row a part.';
COMMENT ON COLUMN @schema@.analytics_maintenance.part IS 'The part, as analytics_maintain reports it.';
COMMENT ON COLUMN @schema@.analytics_maintenance.started_at IS 'When it last began.';
COMMENT ON COLUMN @schema@.analytics_maintenance.seconds IS
    'How long it took. Null: it has begun and not ended, and is still at work or was interrupted.';
COMMENT ON COLUMN @schema@.analytics_maintenance.rows IS
    'How many rows it made or deleted, null like seconds. Of old_partitions: the events, by their counts; of bags: how '
    'many fewer there are; of counts: how many ranges.';
COMMENT ON COLUMN @schema@.analytics_maintenance.succeeded_at IS 'When it last ended without an error. Null: never.';
COMMENT ON COLUMN @schema@.analytics_maintenance.failure IS
    'SQLSTATE and message of its first failure when it last ended, else null.';
$table$),

('analytics_size_history', $table$
CREATE TABLE @schema@.analytics_size_history (
    table_name text NOT NULL,
    measured_on date NOT NULL,
    rows bigint,
    bytes bigint NOT NULL,
    PRIMARY KEY (table_name, measured_on)
);
COMMENT ON TABLE @schema@.analytics_size_history IS
    'How large each table was, a row a day on which analytics_maintain ran, for 400 days. analytics_sizes reads it.';
COMMENT ON COLUMN @schema@.analytics_size_history.table_name IS 'The table, with its partitions.';
COMMENT ON COLUMN @schema@.analytics_size_history.measured_on IS 'The day, UTC.';
COMMENT ON COLUMN @schema@.analytics_size_history.rows IS 'About how many rows; null if it was never analysed.';
COMMENT ON COLUMN @schema@.analytics_size_history.bytes IS 'Bytes, with indexes and TOAST.';
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
