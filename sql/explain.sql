/* Explaining: why a record is the event that it is, or none. Follows the normalizer's own way and stores nothing. */

CREATE FUNCTION @extschema@._analytics_considered(value bytea, OUT shape text, OUT lacks text[]) RETURNS SETOF record
    LANGUAGE c STABLE PARALLEL SAFE ROWS 10
    AS 'MODULE_PATHNAME', 'analytics_considered';

COMMENT ON FUNCTION @extschema@._analytics_considered(bytea) IS
    'The shapes that a record was compared with, in order: canonical, then the rows of analytics_shapes, up to the one '
    'that it is of. lacks: what the record lacks to be of that shape, each as "member: what it must be"; empty for the '
    'one that it is of. No rows for a record that is no JSON object.';

CREATE FUNCTION @extschema@._analytics_found(
    value bytea,
    OUT event_type text, OUT version integer, OUT closest integer, OUT mode text, OUT pointer text, OUT keyword text,
    OUT expected text, OUT condition text, OUT because text, OUT would_be text)
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_found';

COMMENT ON FUNCTION @extschema@._analytics_found(bytea) IS
    'What analytics_explain says beside the verdict. event_type and version: of an event, and of a record that '
    'contracts refuse. closest: of a record of no shape, which of the rows of _analytics_considered lacks least. '
    'mode to because: what a contract finds. would_be: the sentence about a refused record.';

CREATE FUNCTION @extschema@.analytics_explain(value bytea) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
SELECT jsonb_strip_nulls(jsonb_build_object(
           'outcome', CASE WHEN n.reason IS NULL THEN 'event' ELSE 'refused' END,
           'shape', coalesce(n.shape, c.matched), 'eventType', f.event_type,
           'version', f.version, 'source', n.source,
           'occurredAt', @extschema@._analytics_instant_text(n.occurred_at),
           'tenantId', n.tenant_id, 'key', to_jsonb(n.event_key), 'reason', n.reason, 'detail', n.detail,
           'considered', to_jsonb(c.considered), 'closest', to_jsonb(c.considered) -> f.closest - 1,
           'findings', CASE WHEN f.keyword IS NOT NULL THEN jsonb_build_array(jsonb_build_object(
               'mode', f.mode, 'pointer', f.pointer, 'keyword', f.keyword, 'expected', f.expected,
               'condition', f.condition, 'because', f.because)) END,
           'wouldBe', f.would_be))
FROM @extschema@.analytics_normalize(value) AS n,
     @extschema@._analytics_found(value) AS f,
     LATERAL (SELECT array_agg(j.one ORDER BY s.position) AS considered,
                     min(s.shape) FILTER (WHERE s.lacks = '{}') AS matched
              FROM @extschema@._analytics_considered(value) WITH ORDINALITY AS s (shape, lacks, position),
                   LATERAL jsonb_build_object('shape', s.shape, 'lacks', to_jsonb(s.lacks)) AS j (one)) AS c
$$;

COMMENT ON FUNCTION @extschema@.analytics_explain(bytea) IS
    'Why a record is the event that it is, or none, as a JSON object. Stores nothing and never raises an error for bad '
    'input. outcome is event or refused. An event has shape, eventType, version and source, and occurredAt, tenantId '
    'and key if it has them of its own. '
    'A refused record has reason and detail, shape if it is of one, and eventType and version if contracts refuse it. '
    'considered: the shapes that it was compared with, in order, each with what the record lacks to be of it. '
    'closest: of a record of no shape, the one of these of which it lacks least. '
    'findings: what a contract finds, at most one: its mode, the pointer into the payload, the keyword and what was '
    'expected, condition (it would have held if ...), and because, if no payload would do. Never the payload''s value. '
    'wouldBe: of a refused record, what it would be and what keeps it from that, in a sentence.';

CREATE FUNCTION @extschema@.analytics_explain(value text) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
SELECT @extschema@.analytics_explain(convert_to(value, 'UTF8'))
$$;

COMMENT ON FUNCTION @extschema@.analytics_explain(text) IS 'The same as analytics_explain(bytea), for text.';
