/* Table changes: how tables of an earlier release become those that _analytics_tables describes.
 *
 * The tables are not members of the extension, so they don't follow its version: a dump of an earlier release brings
 * its own tables into a database whose extension is new already, and DROP EXTENSION leaves them to the next one.
 * Therefore a change of a table is a row here and not a line of an update script. Whatever comes first makes it, once
 * in each database: ALTER EXTENSION … UPDATE, CREATE EXTENSION that adopts tables, or analytics_create_tables() after a
 * restore. The table analytics_table_changes has the names of those that were made, and dumps carry it.
 *
 * _analytics_tables has the same change: new tables are made as they are described, and have had all changes. A new
 * column stands last there, for ALTER TABLE adds it last. A new table needs no row here. */

CREATE FUNCTION @extschema@._analytics_table_changes() RETURNS TABLE (name text, relation text, statement text)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $changes$
VALUES
('kafka offsets are retired', 'analytics_kafka_offsets', $change$
    ALTER TABLE @schema@.analytics_kafka_offsets ADD COLUMN IF NOT EXISTS retired_at timestamptz;
    COMMENT ON COLUMN @schema@.analytics_kafka_offsets.updated_at IS
        'When the row last changed. An ingestor that owns the partition changes it at least every ten minutes.';
    COMMENT ON COLUMN @schema@.analytics_kafka_offsets.retired_at IS
        'When analytics_retire_group retired the partition''s group. Null: it was not retired, or was owned since.';
$change$),
('shapes have limits of time', 'analytics_shapes', $change$
    ALTER TABLE @schema@.analytics_shapes
        ADD COLUMN IF NOT EXISTS max_future interval, ADD COLUMN IF NOT EXISTS max_past interval;
    COMMENT ON COLUMN @schema@.analytics_shapes.max_future IS
        'How far ahead of the ingestion time the event time may be. Null: analytics.max_future. Negative: any time.';
    COMMENT ON COLUMN @schema@.analytics_shapes.max_past IS
        'How far behind the ingestion time the event time may be. Null: analytics.max_past. Negative: any time.';
$change$),
('shapes read more from members', 'analytics_shapes', $change$
    ALTER TABLE @schema@.analytics_shapes
        ALTER COLUMN event_type DROP NOT NULL, ALTER COLUMN source DROP NOT NULL,
        ADD COLUMN IF NOT EXISTS event_type_member text, ADD COLUMN IF NOT EXISTS source_member text,
        ADD COLUMN IF NOT EXISTS tenant_id varchar(64)
            CONSTRAINT analytics_shapes_tenant_id CHECK (tenant_id <> ''),
        ADD COLUMN IF NOT EXISTS tenant_member text,
        ADD COLUMN IF NOT EXISTS member_values jsonb NOT NULL DEFAULT '{}',
        ADD COLUMN IF NOT EXISTS time_optional boolean NOT NULL DEFAULT false,
        ADD COLUMN IF NOT EXISTS payload_member text,
        ADD COLUMN IF NOT EXISTS version integer CONSTRAINT analytics_shapes_version CHECK (version >= 1),
        ADD COLUMN IF NOT EXISTS version_member text;
    COMMENT ON TABLE @schema@.analytics_shapes IS
        'How upstream objects are recognised and which events they become. '
        'Shapes are tried in the order of (position, name), after the canonical form. '
        'A path is the name of a top-level member or, when it begins with a slash, a JSON Pointer (RFC 6901). '
        'A change takes effect in every session at its next batch.';
    COMMENT ON COLUMN @schema@.analytics_shapes.event_type IS
        'The event_type of events of this shape. Null: it is read from event_type_member.';
    COMMENT ON COLUMN @schema@.analytics_shapes.source IS
        'The source of events of this shape. Null: it is read from source_member.';
    COMMENT ON COLUMN @schema@.analytics_shapes.time_member IS
        'The path of the member that holds the event time, in any accepted form of instant. '
        'Null: the ingestion time is the event time.';
    COMMENT ON COLUMN @schema@.analytics_shapes.iso_member IS
        'The member of the payload under which the event time is also stored, as ISO 8601 text. Null: none is added.';
    COMMENT ON COLUMN @schema@.analytics_shapes.key_members IS
        'The paths of the members whose values are the natural key, in order. Empty: events of this shape have no key.';
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
        (position, name, event_type_member, source_member, tenant_member, time_member, time_optional, key_members,
         payload_member, required_members, member_values)
    VALUES
        (70, 'cloudevents', 'type', 'source', 'tenantid', 'time', true, '{id}', 'data',
         '{specversion,type,source,id}', '{"specversion": ["1.0"]}')
    ON CONFLICT (name) DO NOTHING;
$change$),
('bags of tenants have an index by hour', 'analytics_rollup_tenants', $change$
    CREATE INDEX IF NOT EXISTS analytics_rollup_tenants_brin ON @schema@.analytics_rollup_tenants
        USING brin (hour) WITH (pages_per_range = 32);
$change$),
('projections see payloads of a version', 'analytics_projections', $change$
    ALTER TABLE @schema@.analytics_projections
        ALTER COLUMN id SET GENERATED BY DEFAULT,
        ADD COLUMN IF NOT EXISTS version text NOT NULL DEFAULT 'stored'
            CONSTRAINT analytics_projections_version CHECK (version IN ('stored', 'latest')),
        ADD COLUMN IF NOT EXISTS upcasts jsonb NOT NULL DEFAULT '[]',
        ADD COLUMN IF NOT EXISTS next_id integer,
        ADD COLUMN IF NOT EXISTS next_upcasts jsonb,
        ADD COLUMN IF NOT EXISTS last_id integer,
        ADD COLUMN IF NOT EXISTS last_upcasts jsonb;
    COMMENT ON COLUMN @schema@.analytics_projections.id IS
        'The projection''s number, which its bags carry. It is not reused. '
        'A number stands for one way of reading payloads: built again, the projection has another one.';
    COMMENT ON COLUMN @schema@.analytics_projections.built_until IS
        'During a build, also of next_id: events before this time are counted.';
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
$change$),
('bags of totals have seconds', 'analytics_rollup_totals', $change$
    ALTER TABLE @schema@.analytics_rollup_totals ADD COLUMN IF NOT EXISTS seconds bytea;
    ALTER TABLE @schema@.analytics_rollup_totals ALTER COLUMN seconds SET STORAGE EXTERNAL;
    COMMENT ON COLUMN @schema@.analytics_rollup_totals.seconds IS
        'Packed: event type and second → count, of the same events. Null: the bag has none. If each bag of an '
        'hour has seconds, they give the counts of a time that begins or ends within a minute, else the events do.';
$change$),
('bags of tenants have seconds', 'analytics_rollup_tenants', $change$
    ALTER TABLE @schema@.analytics_rollup_tenants ADD COLUMN IF NOT EXISTS seconds bytea;
    ALTER TABLE @schema@.analytics_rollup_tenants ALTER COLUMN seconds SET STORAGE EXTERNAL;
    COMMENT ON COLUMN @schema@.analytics_rollup_tenants.seconds IS
        'Packed: event type and second → count, of the same events. Null: the bag has none. If each bag of an '
        'hour has seconds, they give the counts of a time that begins or ends within a minute, else the events do.';
$change$),
('dead letters are published by a feed', 'analytics_dead_letters', $change$
    DROP INDEX IF EXISTS @schema@.analytics_dead_letters_unpublished;
    COMMENT ON COLUMN @schema@.analytics_dead_letters.published_at IS
        'When a release before 0.2.0 published it to the dead-letter topic, else null: now a feed has its position.';
    COMMENT ON COLUMN @schema@.analytics_dead_letters.publish_fault IS
        'Why the dead-letter topic cannot receive it (for example a message too large for the broker), else null. '
        'Set it to null, and it is tried again.';
$change$)
$changes$;

COMMENT ON FUNCTION @extschema@._analytics_table_changes() IS
    'The changes of tables since 0.1.0, in the order in which they are made, each with the table or view that it '
    'changes and the statements, which run as that relation''s owner. @schema@ stands for the tables'' schema. '
    'A name never changes, and a change that was released is not edited.';

CREATE FUNCTION @extschema@._analytics_run_as_owner(relation regclass, statement text) RETURNS void
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'analytics_run_as_owner';

COMMENT ON FUNCTION @extschema@._analytics_run_as_owner(regclass, text) IS
    'Runs statements with the rights of the relation''s owner, whose rights the caller must have (else SQLSTATE '
    '42501). So CHECK constraints, triggers and expressions that the owner has made never run as a superuser.';

CREATE FUNCTION @extschema@._analytics_tables_are_current() RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF @extschema@._analytics_relation('analytics_table_changes') IS NULL THEN
        RETURN false;
    END IF;
    RETURN NOT EXISTS (SELECT FROM @extschema@._analytics_table_changes() AS c
                       WHERE c.name NOT IN (SELECT m.name FROM @extschema@.analytics_table_changes AS m));
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_tables_are_current() IS
    'False where the tables are those of an earlier release, as a restored dump brings them: call '
    'analytics_create_tables().';
