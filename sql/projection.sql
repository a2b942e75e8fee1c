/* Projections: further exact rollups, by dimensions and measures that an analyst names by their paths in payloads.
 *
 * A row of analytics_projections is a rule. By this rule, every statement that changes events appends bags for the
 * buckets and tenants that it changes. The projection's view adds the bags up. */

CREATE FUNCTION @extschema@._analytics_projection_columns(dimensions json, measures json, OUT name text, OUT type text)
    RETURNS SETOF record
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_projection_columns';

COMMENT ON FUNCTION @extschema@._analytics_projection_columns(json, json) IS
    'The columns of a projection with these dimensions and measures, after bucket_start and tenant_id. '
    'A definition that cannot be used is SQLSTATE 22023; DETAIL names the part and what is wrong with it.';

CREATE FUNCTION @extschema@._analytics_projection_rows(
    projection integer, bucket_start timestamptz, tenant_id text, bags bytea[])
    RETURNS SETOF record
    LANGUAGE c STABLE PARALLEL SAFE ROWS 10
    AS 'MODULE_PATHNAME', 'analytics_projection_rows';

COMMENT ON FUNCTION @extschema@._analytics_projection_rows(integer, timestamptz, text, bytea[]) IS
    'Adds up the bags of one bucket and tenant, and returns the sum as rows of the projection, in the columns of '
    '_analytics_projection_columns. '
    'If the event with the minimum or maximum of a measure may have been deleted, reads the bucket''s events, in the '
    'same snapshot and with the caller''s rights.';

CREATE FUNCTION @extschema@._analytics_projection_missing(
    projection integer, window_start timestamptz, window_end timestamptz,
    OUT bucket_start timestamptz, OUT bucket_end timestamptz, OUT tenant_id text,
    OUT events bigint, OUT counted bigint, OUT cells bytea)
    RETURNS SETOF record
    LANGUAGE c STABLE STRICT -- not parallel, for it may upcast payloads in subtransactions
    AS 'MODULE_PATHNAME', 'analytics_projection_missing';

COMMENT ON FUNCTION @extschema@._analytics_projection_missing(integer, timestamptz, timestamptz) IS
    'The differences between a projection''s bags and the events of [window_start, window_end), by whole bucket and '
    'tenant. No row: there is no difference. '
    'events is the number of events that exist, counted is the number that the bags count. '
    'cells is the bag that would make both equal. '
    'Reads events and bags in one snapshot, so concurrent writers cause no differences.';

CREATE FUNCTION @extschema@._analytics_check_projection() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF TG_OP = 'UPDATE'
        AND ((OLD.event_types, OLD.dimensions::text, OLD.measures::text, OLD.bucket::text, OLD.max_groups, OLD.version)
                IS DISTINCT FROM
                (NEW.event_types, NEW.dimensions::text, NEW.measures::text, NEW.bucket::text, NEW.max_groups,
                 NEW.version)
            OR (NEW.id, NEW.upcasts) IS DISTINCT FROM (OLD.id, OLD.upcasts)
                AND (NEW.id, NEW.upcasts) IS DISTINCT FROM (OLD.next_id, OLD.next_upcasts)) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('projection "%s" cannot be changed', OLD.name),
            HINT = 'Create another projection instead, and drop this one.';
    END IF;
    PERFORM @extschema@._analytics_require_projection(
        NEW.name, NEW.event_types, NEW.dimensions, NEW.measures, NEW.bucket, NEW.max_groups);
    RETURN NEW;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_check_projection() IS
    'Refuses a definition that cannot be used (SQLSTATE 22023), and any change of a definition (SQLSTATE 55000). '
    'The number that was built may take the place of the one before.';

CREATE FUNCTION @extschema@._analytics_require_projection(
    name text, event_types text[], dimensions json, measures json, bucket interval, max_groups integer) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    complaint text;
BEGIN
    complaint := CASE
        WHEN name IS NULL OR dimensions IS NULL OR measures IS NULL OR bucket IS NULL OR max_groups IS NULL
            THEN 'only event_types may be null'
        WHEN octet_length(name) NOT BETWEEN 1 AND 63 THEN 'name must have 1 to 63 bytes'
        WHEN cardinality(event_types) = 0 THEN 'event_types must not be empty; null stands for all types'
        WHEN EXISTS (SELECT FROM unnest(event_types) AS event_type
                     WHERE coalesce(char_length(event_type), 0) NOT BETWEEN 1 AND 120)
            THEN 'event_types: each must have 1 to 120 characters'
        WHEN bucket > interval '100 years' THEN 'bucket must be 100 years at most'
        WHEN max_groups NOT BETWEEN 1 AND 1000000 THEN 'max_groups must be between 1 and 1000000'
    END;
    IF complaint IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value', MESSAGE = 'the definition of the projection cannot be used',
            DETAIL = complaint;
    END IF;
    PERFORM @extschema@.analytics_bucket_start(timestamptz '2000-01-01 00:00:00+00', bucket, 'UTC');
    PERFORM @extschema@._analytics_projection_columns(dimensions, measures);
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_require_projection(text, text[], json, json, interval, integer) IS
    'Raises SQLSTATE 22023 for a definition that cannot be used. DETAIL names the part and what is wrong with it.';

CREATE FUNCTION @extschema@._analytics_bags_agree() RETURNS boolean
    LANGUAGE c STABLE PARALLEL RESTRICTED
    AS 'MODULE_PATHNAME', 'analytics_bags_agree';

COMMENT ON FUNCTION @extschema@._analytics_bags_agree() IS
    'Whether the rollups agree with the events in this snapshot. Two cases are false: '
    'within a statement that is changing events, and in a transaction at REPEATABLE READ or SERIALIZABLE whose '
    'snapshot is older than a TRUNCATE or the drop of a partition. '
    'In both, the reading functions count the events instead, and projections cannot be read.';

CREATE FUNCTION @extschema@._analytics_require_bags(what text, bags regclass) RETURNS void
    LANGUAGE plpgsql STABLE STRICT PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF NOT @extschema@._analytics_bags_agree() THEN
        RAISE EXCEPTION USING
            ERRCODE = 'serialization_failure',
            MESSAGE = format('%s cannot be read in this transaction', what),
            DETAIL = 'Events that the transaction''s snapshot still shows were truncated or dropped since, '
                     'or this statement itself is changing events.',
            HINT = 'Begin another transaction, or use isolation level READ COMMITTED.';
    END IF;
    IF row_security_active('@extschema@.analytics_events'::regclass) AND NOT row_security_active(bags) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'insufficient_privilege',
            MESSAGE = format('%s cannot be read while row-level security restricts analytics_events alone', what),
            DETAIL = 'Events would be counted that you may not see.',
            HINT = format('Create a policy on tenant_id for %s, too.', (SELECT c.relname FROM pg_class AS c
                                                                      WHERE c.oid = bags));
    END IF;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_require_bags(text, regclass) IS
    'Raises an error if these bags cannot be read in place of events: SQLSTATE 40001 where _analytics_bags_agree is '
    'false, 42501 if row-level security restricts the caller on analytics_events but not on the bags.';

CREATE FUNCTION @extschema@._analytics_ready_projection(name text) RETURNS integer
    LANGUAGE plpgsql STABLE STRICT PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    projection record;
BEGIN
    PERFORM @extschema@._analytics_require_tables();
    SELECT * INTO projection FROM @extschema@.analytics_projections AS p WHERE p.name = $1;
    IF projection.id IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('projection "%s" does not exist', name);
    END IF;
    IF projection.state <> 'ready' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('projection "%s" is being built', name),
            HINT = format('If its build was interrupted: CALL analytics_build_projection(%L);', name);
    END IF;
    PERFORM @extschema@._analytics_require_bags(
        format('projection "%s"', name), '@extschema@.analytics_projection_bags'::regclass);
    RETURN projection.id;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_ready_projection(text) IS
    'The id of the projection of that name, if it can be read. '
    'Else an error: SQLSTATE 42704 if there is no such projection, 55000 while it is being built, 40001 where '
    '_analytics_bags_agree is false, 42501 if row-level security restricts the caller on analytics_events but not on '
    'analytics_projection_bags.';

CREATE FUNCTION @extschema@._analytics_projection_query(name text, dimensions json, measures json) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT format(
        'SELECT b.bucket_start, b.tenant_id, %1$s FROM ('
        'SELECT bag.bucket_start, bag.projection, bag.tenant_id, array_agg(bag.cells) AS bags '
        'FROM %3$s.analytics_projection_bags AS bag '
        'WHERE bag.projection = %3$s._analytics_ready_projection(%4$L) '
        'GROUP BY bag.bucket_start, bag.projection, bag.tenant_id) AS b '
        'CROSS JOIN LATERAL '
        '%3$s.%5$s(b.projection, b.bucket_start, b.tenant_id::text, b.bags) AS r (%2$s)',
        string_agg(format('r.%I', c.name), ', '), string_agg(format('%I %s', c.name, c.type), ', '), '@extschema@', $1,
        CASE WHEN EXISTS (SELECT FROM @extschema@.analytics_projections AS p
                          WHERE p.name = $1 AND p.version = 'latest')
             THEN '_analytics_latest_projection_rows' ELSE '_analytics_projection_rows' END)
    FROM @extschema@._analytics_projection_columns($2, $3) AS c
$$;

COMMENT ON FUNCTION @extschema@._analytics_projection_query(text, json, json) IS
    'The query that reads the projection with this name, dimensions and measures. Its view is this query.';

CREATE FUNCTION @extschema@._analytics_create_projection_view(name text) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    projection record;
    view text;
BEGIN
    SELECT p.* INTO STRICT projection FROM @extschema@.analytics_projections AS p WHERE p.name = $1;
    view := format('%I.%I', projection.view_schema, projection.name);
    EXECUTE format(
        'CREATE VIEW %s WITH (security_invoker = true) AS %s', view,
        @extschema@._analytics_projection_query(projection.name, projection.dimensions, projection.measures));
    EXECUTE format('COMMENT ON VIEW %s IS %L', view,
                   format('Projection of analytics_events in buckets of %s.', projection.bucket));
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_create_projection_view(text) IS 'Makes the view of a registered projection.';

CREATE FUNCTION @extschema@._analytics_register_projection(
    name text, event_types text[], dimensions json, measures json, bucket interval, max_groups integer,
    view_schema text, version text DEFAULT 'stored') RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM @extschema@._analytics_require_tables();
    PERFORM @extschema@._analytics_require_projection(name, event_types, dimensions, measures, bucket, max_groups);
    IF version IS NULL OR version NOT IN ('stored', 'latest') THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value', MESSAGE = 'the definition of the projection cannot be used',
            DETAIL = 'version must be stored or latest';
    END IF;
    IF EXISTS (SELECT FROM @extschema@.analytics_projections AS p WHERE p.name = $1) THEN
        RAISE EXCEPTION USING ERRCODE = 'duplicate_object', MESSAGE = format('projection "%s" already exists', name);
    END IF;
    INSERT INTO @extschema@.analytics_projections
        (name, event_types, dimensions, measures, bucket, max_groups, view_schema, version, upcasts)
    VALUES (name, event_types, dimensions, measures, bucket, max_groups, view_schema, version,
            CASE version WHEN 'latest' THEN @extschema@._analytics_upcasts_of(event_types) ELSE '[]' END);
    PERFORM @extschema@._analytics_create_projection_view(name);
END
$$;

COMMENT ON FUNCTION
    @extschema@._analytics_register_projection(text, text[], json, json, interval, integer, text, text) IS
    'The first step of analytics_create_projection. From its commit on, every statement that changes events also '
    'maintains the projection.';

CREATE FUNCTION @extschema@._analytics_build_projection_chunk(name text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE STRICT
    SET analytics.append_bags = on
    SET search_path = pg_catalog, pg_temp
    SET row_security = off
    SET TimeZone = 'UTC'
    AS $$
DECLARE
    events_per_chunk CONSTANT integer := 50000;
    projection record;
    number integer; -- that is being built
    chunk_start timestamptz;
    chunk_end timestamptz;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'active_sql_transaction',
            MESSAGE = 'building a projection needs isolation level READ COMMITTED',
            DETAIL = 'An older snapshot might not see what another builder has done.';
    END IF;
    -- Otherwise a TRUNCATE could commit now: its events would be gone, and its bags not visible yet.
    LOCK TABLE @extschema@.analytics_events IN ACCESS SHARE MODE;
    -- One builder after another.
    SELECT * INTO projection FROM @extschema@.analytics_projections AS p WHERE p.name = $1 FOR UPDATE;
    IF projection.id IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('projection "%s" does not exist', name);
    END IF;
    IF projection.state = 'ready' AND projection.next_id IS NULL THEN
        RETURN false;
    END IF;
    number := coalesce(projection.next_id, projection.id);

    SELECT least(
        (SELECT min(e.occurred_at) FROM @extschema@.analytics_events AS e
         WHERE e.occurred_at >= greatest(projection.built_until, '0001-01-01 00:00:00+00')),
        (SELECT min(b.bucket_start) FROM @extschema@.analytics_projection_bags AS b
         WHERE b.projection IN (number, projection.id) AND b.bucket_start >= projection.built_until))
    INTO chunk_start;
    IF chunk_start IS NULL OR chunk_start >= '10000-01-01 00:00:00+00' THEN
        UPDATE @extschema@.analytics_projections AS p
        SET state = 'ready', built_until = 'infinity',
            id = number, upcasts = coalesce(p.next_upcasts, p.upcasts), next_id = NULL, next_upcasts = NULL,
            last_id = CASE WHEN p.next_id IS NULL THEN p.last_id ELSE p.id END,
            last_upcasts = CASE WHEN p.next_id IS NULL THEN p.last_upcasts ELSE p.upcasts END
        WHERE p.id = projection.id;
        IF projection.next_id IS NOT NULL THEN -- which changes every row
            PERFORM @extschema@._analytics_note_rows(
                n.number, timestamptz '-infinity', timestamptz 'infinity', false)
            FROM unnest(ARRAY[projection.id, number]) AS n (number);
        END IF;
        RETURN false;
    END IF;

    chunk_end := (SELECT e.occurred_at FROM @extschema@.analytics_events AS e
                  WHERE e.occurred_at >= chunk_start AND e.occurred_at < '10000-01-01 00:00:00+00'
                  ORDER BY e.occurred_at OFFSET events_per_chunk LIMIT 1);
    chunk_end := coalesce(@extschema@.analytics_bucket_start(chunk_end, projection.bucket, 'UTC'), 'infinity');
    IF chunk_end <= chunk_start THEN
        chunk_end := projection.bucket + @extschema@.analytics_bucket_start(
            greatest(chunk_start, '0001-01-01 00:00:00+00'), projection.bucket, 'UTC');
    END IF;

    INSERT INTO @extschema@.analytics_projection_bags (projection, bucket_start, tenant_id, cells)
    SELECT number, m.bucket_start, m.tenant_id, m.cells
    FROM @extschema@._analytics_projection_missing(number, chunk_start, chunk_end) AS m;
    IF projection.next_id IS NOT NULL THEN -- it counts on what is kept of events that were dropped
        INSERT INTO @extschema@.analytics_projection_bags (projection, bucket_start, tenant_id, cells)
        SELECT DISTINCT ON (d.bucket_start, d.tenant_id) number, d.bucket_start, d.tenant_id, d.cells
        FROM @extschema@.analytics_kept_rollups AS k
        CROSS JOIN LATERAL @extschema@._analytics_projection_kept(
            projection.id, greatest(k.range_start, chunk_start), least(k.range_end, chunk_end)) AS d
        WHERE k.range_end > chunk_start AND k.range_start < chunk_end;
    END IF;
    UPDATE @extschema@.analytics_projections AS p SET built_until = chunk_end WHERE p.id = projection.id;
    RETURN true;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_build_projection_chunk(text) IS
    'One step of analytics_build_projection: counts some 50000 more of the past events. '
    'False: no event was left, or the projection was ready already.';

CREATE PROCEDURE @extschema@.analytics_build_projection(name text)
    LANGUAGE c
    AS 'MODULE_PATHNAME', 'analytics_build_projection';

COMMENT ON PROCEDURE @extschema@.analytics_build_projection(text) IS
    'Continues an interrupted build of a projection, and returns when the projection is ready. '
    'If its version is latest and the upcasts have changed, it is built again; meanwhile its view answers as before. '
    'Commits after each step, so it cannot run in a transaction block (SQLSTATE 25001). '
    'SQLSTATE 42704: there is no projection of that name. '
    'Locks the projection''s row during each step, so two sessions may share the work. Writers of events do not wait.';

CREATE PROCEDURE @extschema@.analytics_create_projection(
    name text, event_types text[] DEFAULT NULL, dimensions json DEFAULT '{}', measures json DEFAULT '{}',
    bucket interval DEFAULT '1 hour', max_groups integer DEFAULT 10000, view_schema text DEFAULT current_schema(),
    version text DEFAULT 'stored')
    LANGUAGE c
    AS 'MODULE_PATHNAME', 'analytics_create_projection';

COMMENT ON PROCEDURE
    @extschema@.analytics_create_projection(text, text[], json, json, interval, integer, text, text) IS
    'Makes a projection: a view with the number of events, and the count, sum, average, minimum and maximum of each '
    'measure, by bucket, tenant and dimensions. The view is exact at every commit. '
    'With version latest, dimensions and measures are read from payloads as analytics_latest returns them; where it '
    'fails, as they are stored. '
    'Counts past events in steps, without blocking writers, and returns when the projection is ready. '
    'Commits after each step, so it cannot run in a transaction block (SQLSTATE 25001). '
    'A definition that cannot be used is SQLSTATE 22023, a name that is in use 42710.';

CREATE FUNCTION @extschema@._analytics_forget_projection_bags() RETURNS bigint
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    SET row_security = off
    AS $$
DECLARE
    gone bigint;
BEGIN
    DELETE FROM @extschema@.analytics_projection_bags AS b
    WHERE b.projection <> ALL (ARRAY(
        SELECT n.number FROM @extschema@.analytics_projections AS p
        CROSS JOIN unnest(ARRAY[p.id, p.next_id, p.last_id]) AS n (number)
        WHERE n.number IS NOT NULL));
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_forget_projection_bags() IS
    'Deletes the bags of numbers that no projection has any more, and returns how many. '
    'Statements that ran while a number was given up may have left some.';

CREATE FUNCTION @extschema@.analytics_drop_projection(name text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    projection record;
BEGIN
    PERFORM @extschema@._analytics_require_tables();
    IF EXISTS (SELECT FROM @extschema@.analytics_feeds AS f WHERE f.source = $1
              AND f.source NOT IN ('events', 'counts', 'dead_letters')) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'dependent_objects_still_exist',
            MESSAGE = format('projection "%s" has a feed', name),
            HINT = 'Drop its feeds first: analytics_drop_feed.';
    END IF;
    DELETE FROM @extschema@.analytics_projections AS p WHERE p.name = $1 RETURNING * INTO projection;
    IF projection.id IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('projection "%s" does not exist', name);
    END IF;
    EXECUTE format('DROP VIEW IF EXISTS %I.%I', projection.view_schema, projection.name);
    PERFORM @extschema@._analytics_forget_projection_bags();
END
$$;

COMMENT ON FUNCTION @extschema@.analytics_drop_projection(text) IS
    'Drops a projection and its view. Drop its feeds, and your own views that read its view, first (else SQLSTATE '
    '2BP01). '
    'SQLSTATE 42704: there is no projection of that name.';

REVOKE EXECUTE ON FUNCTION
    @extschema@._analytics_register_projection(text, text[], json, json, interval, integer, text, text),
    @extschema@._analytics_build_projection_chunk(text),
    @extschema@.analytics_drop_projection(text) FROM PUBLIC;
REVOKE EXECUTE ON PROCEDURE
    @extschema@.analytics_build_projection(text),
    @extschema@.analytics_create_projection(text, text[], json, json, interval, integer, text, text) FROM PUBLIC;
