/* Shapes: rows that say how upstream objects are recognised, and which events they become.
 *
 * A shape that cannot be used is refused when it is written. After a change, every session reads the table again. */

CREATE FUNCTION @extschema@._analytics_is_member_path(path text) RETURNS boolean
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    BEGIN ATOMIC
    SELECT path <> '' AND (path !~ '^/' OR path ~ '^(/([^/~]|~[01])*)+$');
    END;

COMMENT ON FUNCTION @extschema@._analytics_is_member_path(text) IS
    'Whether a text is the name of a top-level member, or a JSON Pointer (RFC 6901) that begins with a slash.';

CREATE FUNCTION @extschema@._analytics_are_member_values(member_values jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    BEGIN ATOMIC
    SELECT CASE jsonb_typeof(member_values) WHEN 'object' THEN
        NOT EXISTS (SELECT FROM jsonb_each(member_values) AS m
                    WHERE NOT @extschema@._analytics_is_member_path(m.key)
                        OR jsonb_typeof(m.value) <> 'array' OR m.value = '[]'
                        OR jsonb_path_exists(m.value, 'strict $[*] ? (@.type() == "null" || @.type() == "object"
                                                                      || @.type() == "array")'))
    ELSE false END;
    END;

COMMENT ON FUNCTION @extschema@._analytics_are_member_values(jsonb) IS
    'Whether a value fits the column member_values: an object of paths, each with a list of strings, numbers and '
    'booleans.';

CREATE FUNCTION @extschema@._analytics_check_shape() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    present text[] := NEW.required_members || NEW.not_null_members;
    listed text[] := present || NEW.null_or_absent_members || NEW.absent_members;
    paths text[];
    complaint text;
BEGIN
    paths := array_remove(NEW.key_members || ARRAY[NEW.event_type_member, NEW.source_member, NEW.tenant_member,
                                                   NEW.time_member, NEW.payload_member, NEW.version_member], NULL);
    complaint := CASE
        WHEN array_position(listed || NEW.key_members, NULL) IS NOT NULL OR '' = ANY (listed || NEW.key_members)
            THEN 'a member''s name must not be null or empty'
        WHEN (SELECT count(*) <> count(DISTINCT member) FROM unnest(NEW.key_members) AS member)
            THEN 'a member must not be listed twice in key_members'
        WHEN EXISTS (SELECT FROM unnest(listed) AS member WHERE member LIKE '/%')
            THEN 'the lists of members that must or must not be there name top-level members, not paths'
        WHEN EXISTS (SELECT FROM unnest(paths) AS path WHERE NOT @extschema@._analytics_is_member_path(path))
            THEN 'a path must be the name of a member, or a JSON Pointer like "/data/id"'
        WHEN num_nonnulls(NEW.event_type, NEW.event_type_member) <> 1
            THEN 'exactly one of event_type and event_type_member must be given'
        WHEN num_nonnulls(NEW.source, NEW.source_member) <> 1
            THEN 'exactly one of source and source_member must be given'
        WHEN num_nonnulls(NEW.tenant_id, NEW.tenant_member) > 1
            THEN 'tenant_id and tenant_member must not both be given'
        WHEN num_nonnulls(NEW.version, NEW.version_member) > 1
            THEN 'version and version_member must not both be given'
        WHEN NOT @extschema@._analytics_are_member_values(NEW.member_values)
            THEN 'member_values must be an object of paths with lists of strings, numbers and booleans'
        WHEN cardinality(present) = 0 AND NEW.member_values = '{}'
            THEN 'a shape must require at least one member'
        WHEN NEW.iso_member = '' OR NEW.iso_member = NEW.time_member
            THEN 'iso_member must not be empty, and not the same as time_member'
        WHEN NEW.iso_member IS NOT NULL AND NEW.time_member IS NULL
            THEN 'iso_member needs a time_member'
        WHEN NEW.time_optional AND NEW.time_member IS NULL
            THEN 'time_optional needs a time_member'
        WHEN NEW.time_member <> ALL (present) AND NOT NEW.time_optional AND NEW.time_member NOT LIKE '/%'
            THEN 'time_member must be listed in required_members or not_null_members, or be optional'
        WHEN NEW.time_member IS NULL AND (NEW.max_future IS NOT NULL OR NEW.max_past IS NOT NULL)
            THEN 'max_future and max_past need a time_member'
        WHEN extract(year FROM NEW.max_future) <> 0 OR extract(month FROM NEW.max_future) <> 0
            OR extract(year FROM NEW.max_past) <> 0 OR extract(month FROM NEW.max_past) <> 0
            THEN 'max_future and max_past must be of days and smaller units, for months differ in length'
        WHEN NEW.absent_members && (present || NEW.null_or_absent_members)
            THEN 'absent_members must not name a member that another list names'
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
EXCEPTION WHEN undefined_column THEN
    RAISE EXCEPTION USING
        ERRCODE = 'undefined_column', MESSAGE = SQLERRM,
        HINT = 'The table may be one of an earlier release: SELECT advice FROM analytics_version().',
        SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_check_shape() IS
    'Refuses a shape that cannot be used: SQLSTATE 23514, with the reason in DETAIL.';

CREATE FUNCTION @extschema@._analytics_invalidate_rules() RETURNS trigger
    LANGUAGE c
    AS 'MODULE_PATHNAME', 'analytics_invalidate_rules';

COMMENT ON FUNCTION @extschema@._analytics_invalidate_rules() IS
    'After a change of the trigger''s table, every session reads the table again before it next uses its rows.';
