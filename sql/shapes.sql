/* Shapes: what upstream objects look like and what becomes of them, as rows. */

CREATE TABLE @extschema@.analytics_shapes (
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
    key_members text[] NOT NULL DEFAULT '{}',
    shipped boolean NOT NULL DEFAULT false
);

COMMENT ON TABLE @extschema@.analytics_shapes IS
    'How upstream objects are recognised and what becomes of them, tried in the order of (position, name) after the canonical form. '
    'A change is effective in every session at its next batch.';
COMMENT ON COLUMN @extschema@.analytics_shapes.name IS 'What analytics_normalize answers in its column shape.';
COMMENT ON COLUMN @extschema@.analytics_shapes.position IS 'Lower positions are tried first.';
COMMENT ON COLUMN @extschema@.analytics_shapes.enabled IS 'False puts the shape out of use.';
COMMENT ON COLUMN @extschema@.analytics_shapes.event_type IS 'The event_type of events of this shape.';
COMMENT ON COLUMN @extschema@.analytics_shapes.source IS 'The source of events of this shape.';
COMMENT ON COLUMN @extschema@.analytics_shapes.required_members IS 'Top-level members that must be present, whatever their value.';
COMMENT ON COLUMN @extschema@.analytics_shapes.not_null_members IS 'Top-level members that must be present and not null.';
COMMENT ON COLUMN @extschema@.analytics_shapes.null_or_absent_members IS 'Top-level members that must be null or absent.';
COMMENT ON COLUMN @extschema@.analytics_shapes.absent_members IS 'Top-level members that must be absent.';
COMMENT ON COLUMN @extschema@.analytics_shapes.time_member IS 'The member that holds the event time, in any accepted form of instant; null: the ingestion time is taken.';
COMMENT ON COLUMN @extschema@.analytics_shapes.iso_member IS 'The member under which the event time is stored once more, as ISO 8601 text; null: it is not.';
COMMENT ON COLUMN @extschema@.analytics_shapes.key_members IS 'The members whose values are the natural key, in order; empty: events of this shape have no key.';
COMMENT ON COLUMN @extschema@.analytics_shapes.shipped IS
    'True for rows that come with the extension and are as it ships them. Changing one makes it yours: it is dumped then, and replaces the shipped one at restore.';

CREATE FUNCTION @extschema@.analytics_check_shape() RETURNS trigger
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

    IF TG_OP = 'UPDATE' THEN
        NEW.shipped := false;
    ELSIF NOT NEW.shipped THEN
        DELETE FROM @extschema@.analytics_shapes WHERE name = NEW.name AND shipped;
    END IF;
    RETURN NEW;
END
$$;

COMMENT ON FUNCTION @extschema@.analytics_check_shape() IS
    'Refuses a shape that could not be used (SQLSTATE 23514, the reason in DETAIL), and lets a row of the operator''s take the place of the shipped one of its name.';

CREATE TRIGGER analytics_check_shape
    BEFORE INSERT OR UPDATE ON @extschema@.analytics_shapes
    FOR EACH ROW EXECUTE FUNCTION @extschema@.analytics_check_shape();

CREATE FUNCTION @extschema@.analytics_rules_changed() RETURNS trigger
    LANGUAGE c
    AS 'MODULE_PATHNAME', 'analytics_rules_changed';

COMMENT ON FUNCTION @extschema@.analytics_rules_changed() IS 'Makes every session read the trigger''s table anew when it needs it next.';

CREATE TRIGGER analytics_shapes_changed
    AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON @extschema@.analytics_shapes
    FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.analytics_rules_changed();

INSERT INTO @extschema@.analytics_shapes
    (position, name, event_type, source, time_member, iso_member, key_members, shipped,
     required_members, not_null_members, null_or_absent_members)
VALUES
    (10, 'iam.registered', 'iam.user-registered', 'iam-service', 'registeredAt', 'registeredAtIso', '{userId}', true,
     '{userId,email,firstName,lastName,provider,registeredAt}', '{}', '{}'),
    (20, 'guides.challenges', 'guides.challenge-linked', 'guides-service', 'occurredAt', 'occurredAtIso', '{guideId,challengeId}', true,
     '{guideId,challengeId,occurredAt}', '{}', '{}'),
    (30, 'execution.analytics', 'execution.analytics', 'execution-service', 'timestamp', 'timestampIso', '{execution_id,status}', true,
     '{execution_id,status,timestamp}', '{}', '{}'),
    (40, 'community.registration', 'community.user-registered', 'community-service', 'occurredOn', 'occurredOnIso', '{profileId}', true,
     '{userId,profileId,username,occurredOn}', '{}', '{profileUrl}'),
    (50, 'community.profile-updated', 'community.profile-updated', 'community-service', 'occurredOn', 'occurredOnIso', '{profileId}', true,
     '{userId,profileId,username,occurredOn}', '{profileUrl}', '{}'),
    (60, 'challenges.completion', 'challenges.solution-completed', 'challenges-service', 'occurredOn', 'occurredOnIso', '{solutionId}', true,
     '{studentId,challengeId,solutionId,experiencePointsEarned,occurredOn}', '{}', '{}');

GRANT SELECT ON @extschema@.analytics_shapes TO PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('@extschema@.analytics_shapes', 'WHERE NOT shipped');
