/* Ingest: from a record's bytes to a verdict, and from batches of records to rows.
 *
 * A verdict is either an event or the reason why the record is refused. Bad input is an error in analytics_record
 * alone, which stores one event for one caller. */

CREATE FUNCTION @extschema@.analytics_normalize(
    value bytea,
    OUT event_type text, OUT source text, OUT occurred_at timestamptz, OUT tenant_id text, OUT event_key text[],
    OUT payload jsonb, OUT shape text, OUT reason text, OUT detail text)
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_normalize';

COMMENT ON FUNCTION @extschema@.analytics_normalize(bytea) IS
    'The event that a record (UTF-8 JSON, RFC 8259) stands for, or the reason why it is refused. Stores nothing. '
    'Never raises an error for bad input. '
    'occurred_at: null if the event has no time of its own, so it would be stored with the ingestion time. '
    'An event''s own time is judged against the start of the transaction. '
    'event_key: the values of the natural key, null if there is none. shape: canonical, or the name of a shape. '
    'reason: null if the record is accepted.';

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
    'An object of unknown shape counts as skipped, and is kept too unless analytics.keep_skipped is off. '
    'A null record is a tombstone and counts as skipped. Bad records never raise an error. '
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
    'Outcome stored comes with the stored event, duplicate with the event that was already there. '
    'refused comes with reason and detail; no dead letter is kept, because the caller has the record. '
    'dropped: a BEFORE trigger of yours dropped the event.';

CREATE FUNCTION @extschema@._analytics_sqlstate(reason text) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_sqlstate';

COMMENT ON FUNCTION @extschema@._analytics_sqlstate(text) IS
    'The SQLSTATE of class 22 that stands for a reason of refusal. Null for an unknown reason.';

CREATE FUNCTION @extschema@._analytics_accepted(outcome text, reason text, detail text) RETURNS boolean
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_accepted';

COMMENT ON FUNCTION @extschema@._analytics_accepted(text, text, text) IS
    'True if the outcome has an event, false if the event was dropped. '
    'A refusal raises an error: its SQLSTATE of class 22 depends on the reason, its message is the detail, and its '
    'DETAIL is the reason.';

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
    'Stores one event, canonical or of a known shape, and returns the stored event. '
    'duplicate: true if the event was already there. No row: a BEFORE trigger of yours dropped the event. '
    'Bad input is SQLSTATE 22007 (invalid_timestamp), 22008 (implausible_time), 22003 or 22P05 (unstorable), or '
    '22023, with the reason in DETAIL.';

CREATE FUNCTION @extschema@._analytics_array_items(body bytea, max_items integer) RETURNS bytea[]
    LANGUAGE c STABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_array_items';

COMMENT ON FUNCTION @extschema@._analytics_array_items(bytea, integer) IS
    'The elements of a JSON array, each as the bytes that stand in the array, at most max_items + 1 of them. '
    'Bytes that are not a JSON array are SQLSTATE 22P02, bytes that are not UTF-8 are 22021.';

REVOKE EXECUTE ON FUNCTION
    @extschema@.analytics_ingest(bytea[]),
    @extschema@.analytics_record_each(bytea[]),
    @extschema@.analytics_record(jsonb) FROM PUBLIC;
