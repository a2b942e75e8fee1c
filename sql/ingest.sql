/* Ingest: from records to a verdict, and from batches of records to rows. */

CREATE FUNCTION @extschema@.analytics_normalize(
    value bytea,
    OUT event_type text, OUT source text, OUT occurred_at timestamptz, OUT tenant_id text, OUT event_key text[],
    OUT payload jsonb, OUT shape text, OUT reason text, OUT detail text)
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_normalize';

COMMENT ON FUNCTION @extschema@.analytics_normalize(bytea) IS
    'What event a record is (UTF-8 JSON, RFC 8259), or the reason why it is none. Stores nothing and never raises for bad input. '
    'occurred_at null: the ingestion time. event_key: the natural key''s values, null without one. reason null: accepted.';

CREATE FUNCTION @extschema@.analytics_normalize(
    value text,
    OUT event_type text, OUT source text, OUT occurred_at timestamptz, OUT tenant_id text, OUT event_key text[],
    OUT payload jsonb, OUT shape text, OUT reason text, OUT detail text)
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_normalize';

COMMENT ON FUNCTION @extschema@.analytics_normalize(text) IS 'As analytics_normalize(bytea), for text in the database.';

CREATE FUNCTION @extschema@.analytics_ingest(
    records bytea[], OUT stored bigint, OUT duplicates bigint, OUT dead_lettered bigint, OUT skipped bigint)
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'analytics_ingest';

COMMENT ON FUNCTION @extschema@.analytics_ingest(bytea[]) IS
    'Normalises and stores a batch of records. Refused ones become dead letters, except objects of unknown shape (skipped, and kept in '
    'analytics_dead_letters unless analytics.keep_skipped is off) and nulls (tombstones: skipped). The four counts add up to the batch.';

CREATE FUNCTION @extschema@.analytics_record_each(
    records bytea[],
    OUT item integer, OUT outcome text, OUT id uuid, OUT event_type text, OUT source text, OUT occurred_at timestamptz,
    OUT ingested_at timestamptz, OUT tenant_id text, OUT payload jsonb, OUT reason text, OUT detail text)
    RETURNS SETOF record
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'analytics_record_each';

COMMENT ON FUNCTION @extschema@.analytics_record_each(bytea[]) IS
    'Stores a batch and answers the outcome of each record, numbered from 1. stored: with the event as it is stored. duplicate: with the event that was there before. '
    'refused: with reason and detail; such a record is not kept, for the caller has it. dropped: a trigger would not have the event, and there is none.';

CREATE FUNCTION @extschema@._analytics_sqlstate(reason text) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_sqlstate';

COMMENT ON FUNCTION @extschema@._analytics_sqlstate(text) IS
    'The SQLSTATE, of class 22, of a reason for refusal where that is raised; null for what is no reason.';

CREATE FUNCTION @extschema@._analytics_accepted(outcome text, reason text, detail text) RETURNS boolean
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_accepted';

COMMENT ON FUNCTION @extschema@._analytics_accepted(text, text, text) IS
    'Whether an outcome has an event; "refused" is an error: SQLSTATE of class 22 by the reason, message from detail, the reason in DETAIL.';

CREATE FUNCTION @extschema@.analytics_record(event jsonb)
    RETURNS TABLE (id uuid, event_type text, source text, occurred_at timestamptz, ingested_at timestamptz, tenant_id text, payload jsonb, duplicate boolean)
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT r.id, r.event_type, r.source, r.occurred_at, r.ingested_at, r.tenant_id, r.payload, r.outcome = 'duplicate'
    FROM @extschema@.analytics_record_each(ARRAY[pg_catalog.convert_to(event::text, 'UTF8')]) AS r
    WHERE @extschema@._analytics_accepted(r.outcome, r.reason, r.detail);
END;

COMMENT ON FUNCTION @extschema@.analytics_record(jsonb) IS
    'Stores one event, canonical or of a known shape, and returns it, or no row where a trigger dropped it; duplicate: it was there before. '
    'Bad input raises SQLSTATE 22xxx with the reason in DETAIL.';

CREATE FUNCTION @extschema@._analytics_array_items(body bytea, max_items integer) RETURNS bytea[]
    LANGUAGE c STABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_array_items';

COMMENT ON FUNCTION @extschema@._analytics_array_items(bytea, integer) IS
    'The elements of a JSON array, each its own bytes and of any depth; one more than max_items where there are more. '
    'What is no JSON array is SQLSTATE 22P02, what is not UTF-8 is 22021.';

REVOKE EXECUTE ON FUNCTION @extschema@.analytics_ingest(bytea[]), @extschema@.analytics_record_each(bytea[]), @extschema@.analytics_record(jsonb) FROM PUBLIC;
