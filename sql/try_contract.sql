/* Trying a contract on what is stored, before it is in force.
 *
 * Stored events are judged by the schema as the ingest would judge them: a contract is about the payload as it is
 * stored. Dead letters are judged by the normalizer, while the contract is in the table in a subtransaction that is
 * rolled back (try_shape.sql says why). */

CREATE FUNCTION @extschema@._analytics_tell_progress(number bigint) RETURNS boolean
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF number % 100000 = 0 THEN
        RAISE NOTICE '% events are judged', number;
    END IF;
    RETURN true;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_tell_progress(bigint) IS
    'Says how far it is after each 100000, and is true.';

CREATE FUNCTION @extschema@._analytics_try_upcast(call text, payload jsonb, OUT after jsonb, OUT failure text)
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    EXECUTE format('SELECT %s($1)', call) INTO after USING payload;
    IF jsonb_typeof(after) IS DISTINCT FROM 'object' THEN
        after := NULL;
        failure := 'an object';
    END IF;
EXCEPTION WHEN OTHERS THEN
    failure := 'no error, but: ' || SQLERRM;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_try_upcast(text, jsonb) IS
    'What an upcast makes of a payload, or what was expected of it instead.';

CREATE FUNCTION @extschema@._analytics_tried_events(
    event_type text, version integer, schema jsonb, upcast text, sample integer,
    OUT finding text, OUT pointer text, OUT keyword text, OUT expected text, OUT id text,
    OUT before jsonb, OUT after jsonb)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    call CONSTANT text := CASE WHEN upcast IS NOT NULL THEN @extschema@._analytics_upcast_call(upcast) END;
    next_schema CONSTANT jsonb := (SELECT c.schema FROM @extschema@.analytics_contracts AS c
                                   WHERE c.event_type = $1 AND c.version = $2 + 1);
BEGIN
    RETURN QUERY
    SELECT CASE WHEN f.keyword IS NOT NULL THEN 'violates'
                WHEN upcast IS NULL THEN 'holds'
                WHEN u.failure IS NOT NULL THEN 'upcast_fails'
                WHEN n.keyword IS NOT NULL THEN 'upcast_violates'
                ELSE 'upcast' END,
           coalesce(f.pointer, n.pointer), coalesce(f.keyword, n.keyword),
           coalesce(f.expected, u.failure, n.expected), e.id::text, e.payload, u.after
    FROM (SELECT s.id, s.payload, row_number() OVER () AS number
          FROM (SELECT r.id, CASE WHEN r.event_type::text = $1 THEN r.payload
                                  ELSE r.payload || jsonb_build_object('version', $2) END AS payload
                FROM @extschema@.analytics_events AS r
                WHERE r.event_type::text IN ($1, format('%s.v%s', $1, $2))
                    AND @extschema@.analytics_event_version(r.event_type::text, r.payload) = $2
                ORDER BY r.occurred_at DESC, r.id DESC LIMIT sample) AS s) AS e
    LEFT JOIN LATERAL @extschema@.analytics_contract_finding($3, e.payload) AS f ON true
    LEFT JOIN LATERAL @extschema@._analytics_try_upcast(call, e.payload) AS u ON f.keyword IS NULL AND call IS NOT NULL
    LEFT JOIN LATERAL @extschema@.analytics_contract_finding(
        next_schema, u.after || jsonb_build_object('version', $2 + 1)) AS n ON u.after IS NOT NULL
    WHERE @extschema@._analytics_tell_progress(e.number);
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_tried_events(text, integer, jsonb, text, integer) IS
    'The newest sample events of a type and version, each with what analytics_try_contract finds.';

CREATE FUNCTION @extschema@._analytics_tried_dead_letters(
    event_type text, version integer, schema jsonb, sample integer) RETURNS text[]
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    accepted text[];
BEGIN
    BEGIN
        INSERT INTO @extschema@.analytics_contracts AS c (event_type, version, mode, schema)
        VALUES ($1, $2, CASE WHEN $3 IS NULL THEN 'accept' ELSE 'enforce' END, $3)
        ON CONFLICT ON CONSTRAINT analytics_contracts_pkey
            DO UPDATE SET mode = excluded.mode, schema = excluded.schema, valid_from = excluded.valid_from;
        accepted := ARRAY(
            SELECT d.id::text
            FROM (SELECT l.id, l.value FROM @extschema@.analytics_dead_letters AS l WHERE l.replayed_at IS NULL
                  ORDER BY l.id DESC LIMIT sample) AS d,
                 LATERAL @extschema@.analytics_normalize(d.value) AS n
            WHERE n.reason IS NULL AND n.event_type = $1
                AND @extschema@.analytics_event_version(n.event_type, n.payload) = $2);
        RAISE EXCEPTION USING ERRCODE = 'TRIED', MESSAGE = 'the contract is taken back';
    EXCEPTION WHEN SQLSTATE 'TRIED' THEN NULL;
    END;
    RETURN accepted;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_tried_dead_letters(text, integer, jsonb, integer) IS
    'Of the newest sample open dead letters, the ids of those that would be events of a type and version under a '
    'contract.';

CREATE FUNCTION @extschema@.analytics_try_contract(
    event_type text, version integer, schema jsonb DEFAULT NULL, upcast text DEFAULT NULL,
    sample integer DEFAULT 100000,
    OUT finding text, OUT pointer text, OUT keyword text, OUT expected text, OUT records bigint, OUT examples text[],
    OUT before jsonb, OUT after jsonb)
    RETURNS SETOF record
    LANGUAGE sql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $$
SELECT t.finding, t.pointer, t.keyword, t.expected, count(*), (array_agg(t.id ORDER BY t.id))[:3],
       (array_agg(t.before ORDER BY t.id))[1], (array_agg(t.after ORDER BY t.id))[1]
FROM (SELECT e.finding, e.pointer, e.keyword, e.expected, e.id,
             CASE WHEN e.finding <> 'holds' THEN e.before END AS before, e.after
      FROM @extschema@._analytics_tried_events($1, $2, $3, $4, $5) AS e
      UNION ALL
      SELECT 'becomes_event', NULL, NULL, NULL, d.id, NULL, NULL
      FROM unnest(@extschema@._analytics_tried_dead_letters($1, $2, $3, $5)) AS d (id)) AS t
GROUP BY 1, 2, 3, 4
ORDER BY 1, 5 DESC, 2, 3, 4
$$;

COMMENT ON FUNCTION @extschema@.analytics_try_contract(text, integer, jsonb, text, integer) IS
    'What a contract would do to what is stored, in mode enforce if it has a schema. Changes nothing. '
    'Judges the newest sample events of the type and version, and the newest sample open dead letters. '
    'A row is a finding: records is how many there are, examples are three ids, before is the payload of the first, '
    'and after what the upcast makes of it. '
    'finding: holds; violates (the schema, with pointer, keyword and what was expected); '
    'with an upcast, in the place of holds: upcast, upcast_fails, or upcast_violates (the next version''s schema); '
    'becomes_event for a dead letter. '
    'Says by NOTICE how far it is. The caller needs the rights to write analytics_contracts. '
    'A schema or an upcast that cannot be used is the error that writing it would be.';
