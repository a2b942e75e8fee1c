/* Trying a shape on what is stored, before it is in force.
 *
 * The shape is written to the table in a subtransaction, everything is judged again by the normalizer itself, and the
 * subtransaction is rolled back. So there is one rule for trying and for ingesting, and nothing of it stays.
 *
 * Surprising: an event does not say which shape it had. Its payload is judged as a record instead, which is the record
 * itself for shapes that take the whole object as the payload. Events of other shapes, and canonical ones, are left
 * out. */

CREATE FUNCTION @extschema@._analytics_judged(
    value bytea,
    OUT shape text, OUT event_type text, OUT source text, OUT tenant_id text, OUT id uuid, OUT occurred_at timestamptz,
    OUT reason text)
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_judged';

COMMENT ON FUNCTION @extschema@._analytics_judged(bytea) IS
    'What identifies the event that a record stands for: analytics_normalize, without the payload. '
    'id is made of the natural key, and null for an event without a key. A refused record has a reason alone.';

CREATE TYPE @extschema@._analytics_judgement AS (
    is_event boolean, id text, is_own boolean, shape text, event_type text, event_id uuid, occurred_at timestamptz,
    reason text);

COMMENT ON TYPE @extschema@._analytics_judgement IS
    'What is judged of a dead letter or a stored event: _analytics_judgements.';

CREATE FUNCTION @extschema@._analytics_judgements(sample integer) RETURNS SETOF @extschema@._analytics_judgement
    LANGUAGE sql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $$
SELECT false, d.id::text, true, n.shape, n.event_type, n.id, n.occurred_at, n.reason
FROM (SELECT l.id, l.value FROM @extschema@.analytics_dead_letters AS l WHERE l.replayed_at IS NULL
      ORDER BY l.id DESC LIMIT sample) AS d,
     LATERAL @extschema@._analytics_judged(d.value) AS n
UNION ALL
SELECT true, e.id::text, (n.event_type, n.source) IS NOT DISTINCT FROM (e.event_type::text, e.source::text),
       n.shape, n.event_type, n.id, n.occurred_at, n.reason
FROM (SELECT l.id, l.event_type, l.source, l.payload FROM @extschema@.analytics_events AS l
      ORDER BY l.occurred_at DESC, l.id DESC LIMIT sample) AS e,
     LATERAL convert_to(e.payload::text, 'UTF8') AS r (value),
     LATERAL @extschema@._analytics_judged(r.value) AS n
$$;

COMMENT ON FUNCTION @extschema@._analytics_judgements(integer) IS
    'Judges by the rules of now the newest sample open dead letters, and the newest sample events, whose payloads are '
    'taken for their records. is_own: whether what was stored is what is judged now. event_id: the id made of the key.';

CREATE FUNCTION @extschema@.analytics_try_shape(
    shape jsonb, sample integer DEFAULT 100000,
    OUT finding text, OUT from_shape text, OUT to_shape text, OUT event_type text, OUT reason text,
    OUT records bigint, OUT other_identity bigint, OUT examples text[])
    RETURNS SETOF record
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    columns text;
    before @extschema@._analytics_judgement[];
    after @extschema@._analytics_judgement[];
BEGIN
    IF shape ->> 'name' IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value', MESSAGE = 'shape must be an object with the member name';
    END IF;
    columns := (SELECT string_agg(quote_ident(name), ', ') FROM jsonb_object_keys(shape) AS name);
    before := ARRAY(SELECT j FROM @extschema@._analytics_judgements(sample) AS j WHERE j.is_own);
    BEGIN
        DELETE FROM @extschema@.analytics_shapes AS s WHERE s.name = shape ->> 'name';
        EXECUTE format('INSERT INTO @extschema@.analytics_shapes (%1$s) '
                       'SELECT %1$s FROM jsonb_populate_record(NULL::@extschema@.analytics_shapes, $1)', columns)
            USING shape;
        after := ARRAY(SELECT j FROM @extschema@._analytics_judgements(sample) AS j);
        RAISE EXCEPTION USING ERRCODE = 'TRIED', MESSAGE = 'the shape is taken back';
    EXCEPTION WHEN SQLSTATE 'TRIED' THEN NULL;
    END;
    RETURN QUERY
    SELECT f.finding, b.shape, a.shape, a.event_type, a.reason, count(*),
           count(*) FILTER (WHERE b.is_event
                                AND (a.event_id, a.occurred_at) IS DISTINCT FROM (b.event_id, b.occurred_at)),
           (array_agg(b.id ORDER BY b.id))[:3]
    FROM unnest(before) AS b
    JOIN unnest(after) AS a ON (a.is_event, a.id) = (b.is_event, b.id),
         LATERAL (SELECT CASE
             WHEN b.reason IS NOT NULL AND a.reason IS NULL THEN 'becomes_event'
             WHEN b.reason IS NULL AND a.reason IS NOT NULL THEN 'is_refused'
             WHEN a.reason IS DISTINCT FROM b.reason THEN 'has_other_reason'
             WHEN a.shape IS DISTINCT FROM b.shape THEN 'changes_shape'
             WHEN b.is_event THEN 'same_event'
             ELSE 'same_dead_letter' END) AS f (finding)
    GROUP BY 1, 2, 3, 4, 5
    ORDER BY 1, 6 DESC, 2, 3, 4, 5;
END
$$;

COMMENT ON FUNCTION @extschema@.analytics_try_shape(jsonb, integer) IS
    'What a shape would do to what is stored, if it were a row of analytics_shapes, in the place of the one of its '
    'name. Changes nothing. shape: an object with columns of analytics_shapes. '
    'The newest sample open dead letters are judged again, and the newest sample events whose shape takes the whole '
    'record as the payload. A row is a kind of change, and records is how many there are; examples are three ids. '
    'finding: becomes_event, has_other_reason or same_dead_letter for dead letters; is_refused, changes_shape or '
    'same_event for events. '
    'other_identity: how many of these events would have another id or time, so that a redelivered record would be '
    'stored once more. '
    'The caller needs the rights to write analytics_shapes. A bad shape is the error that writing it would be.';
