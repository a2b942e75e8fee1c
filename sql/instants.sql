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
