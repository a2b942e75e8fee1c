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
            THEN 'iso_member must not be empty, and not the same as time_member'
        WHEN NEW.iso_member IS NOT NULL AND NEW.time_member IS NULL
            THEN 'iso_member needs a time_member'
        WHEN NEW.time_member <> ALL (present)
            THEN 'time_member must be listed in required_members or not_null_members'
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
