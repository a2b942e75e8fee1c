/* Explaining: why a record is the event that it is, or none. Follows the normalizer's own way and stores nothing. */

CREATE FUNCTION @extschema@._analytics_considered(value bytea, OUT shape text, OUT lacks text[]) RETURNS SETOF record
    LANGUAGE c STABLE PARALLEL SAFE ROWS 10
    AS 'MODULE_PATHNAME', 'analytics_considered';

COMMENT ON FUNCTION @extschema@._analytics_considered(bytea) IS
    'The shapes that a record was compared with, in order: canonical, then the rows of analytics_shapes, up to the one '
    'that it is of. lacks: what the record lacks to be of that shape, each as "member: what it must be"; empty for the '
    'one that it is of. No rows for a record that is no JSON object.';

CREATE FUNCTION @extschema@.analytics_explain(value bytea) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
SELECT jsonb_strip_nulls(jsonb_build_object(
           'outcome', CASE WHEN n.reason IS NULL THEN 'event' ELSE 'refused' END,
           'shape', coalesce(n.shape, c.matched), 'eventType', n.event_type, 'source', n.source,
           'occurredAt', @extschema@._analytics_instant_text(n.occurred_at),
           'tenantId', n.tenant_id, 'key', to_jsonb(n.event_key), 'reason', n.reason, 'detail', n.detail,
           'considered', to_jsonb(c.considered), 'closest', CASE WHEN c.matched IS NULL THEN c.closest END))
FROM @extschema@.analytics_normalize(value) AS n,
     LATERAL (SELECT array_agg(j.one ORDER BY s.position) AS considered,
                     (array_agg(j.one ORDER BY cardinality(s.lacks), s.position))[1] AS closest,
                     min(s.shape) FILTER (WHERE s.lacks = '{}') AS matched
              FROM @extschema@._analytics_considered(value) WITH ORDINALITY AS s (shape, lacks, position),
                   LATERAL jsonb_build_object('shape', s.shape, 'lacks', to_jsonb(s.lacks)) AS j (one)) AS c
$$;

COMMENT ON FUNCTION @extschema@.analytics_explain(bytea) IS
    'Why a record is the event that it is, or none, as a JSON object. Stores nothing and never raises an error for bad '
    'input. outcome is event or refused. An event has shape, eventType and source, and occurredAt, tenantId and key if '
    'it has them of its own. '
    'A refused record has reason and detail, and shape if it is of one. '
    'considered: the shapes that it was compared with, in order, each with what the record lacks to be of it. '
    'closest: of a record of no shape, the one of these of which it lacks least.';

CREATE FUNCTION @extschema@.analytics_explain(value text) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
SELECT @extschema@.analytics_explain(convert_to(value, 'UTF8'))
$$;

COMMENT ON FUNCTION @extschema@.analytics_explain(text) IS 'The same as analytics_explain(bytea), for text.';
