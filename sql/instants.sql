/* Instants: how they are written, whatever the session's TimeZone and DateStyle are. */

CREATE FUNCTION @extschema@._analytics_iso8601(instant timestamptz) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_iso8601';

COMMENT ON FUNCTION @extschema@._analytics_iso8601(timestamptz) IS
    'The instant in UTC as YYYY-MM-DDThh:mm:ss[.ffffff]Z, whatever TimeZone and DateStyle are. '
    'The fraction is left out if it is zero. The year must be 0001 to 9999, else SQLSTATE 22008.';

CREATE FUNCTION @extschema@._analytics_instant(microseconds bigint) RETURNS timestamptz
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT timestamptz 'epoch' + ($1::text || ' microseconds')::interval;
END;

COMMENT ON FUNCTION @extschema@._analytics_instant(bigint) IS
    'The instant that is this number of microseconds after 1970-01-01T00:00:00Z, exact, whatever TimeZone is. '
    'Null for null. The daemons send instants as such numbers.';

CREATE FUNCTION @extschema@._analytics_instant_text(instant timestamptz) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_instant_text';

COMMENT ON FUNCTION @extschema@._analytics_instant_text(timestamptz) IS
    'Any timestamp as text for JSON. Years 0001 to 9999: as _analytics_iso8601. '
    'Other years have a sign and six digits, as in ISO 8601''s expanded form (0000 is 1 BC). '
    'Infinite timestamps are infinity and -infinity.';
