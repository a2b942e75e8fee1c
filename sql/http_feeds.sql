/* Feeds over HTTP. The service reads a page with one call, as every route does, and makes of its rows the body of an
 * answer, or Server-Sent Events: see doc/design/feeds.md.
 *
 * A key of one tenant sees the feeds of its tenant and those of all tenants; row-level security decides which changes.
 * Dead letters have no tenant and hold what was refused, so a feed of them needs the scope admin, as their routes
 * do. */

CREATE FUNCTION @extschema@._analytics_http_feed_names(is_admin boolean) RETURNS SETOF text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    tenant CONSTANT text := nullif(current_setting('analytics_http.tenant', true), '');
BEGIN
    RETURN QUERY
        SELECT f.name FROM @extschema@.analytics_feeds AS f
        WHERE (tenant IS NULL OR f.tenant_id IS NULL OR f.tenant_id = tenant)
            AND (is_admin OR f.source <> 'dead_letters');
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_http_feed_names(boolean) IS
    'The feeds of which a caller of the HTTP service may know: those of its tenant and of all tenants, and those of '
    'dead letters only with the scope admin.';

CREATE FUNCTION @extschema@._analytics_http_feeds(is_admin boolean) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    SET intervalstyle = iso_8601
    AS $$
BEGIN
    RETURN (SELECT json_build_object(
                'items', coalesce(json_agg(json_build_object(
                    'name', f.name, 'source', f.source, 'eventTypes', f.event_types, 'tenantId', f.tenant_id,
                    'since', f.since, 'keep', f.keep::text, 'topic', f.topic,
                    'key', CASE WHEN f.source = 'events' THEN f.key END,
                    'format', CASE WHEN f.source = 'events' THEN f.format END, 'every', f.every::text,
                    'createdAt', @extschema@._analytics_iso8601(f.created_at),
                    'pausedAt', @extschema@._analytics_iso8601(f.paused_at),
                    'oldest', greatest(t.oldest, f.start_tick)::text,
                    'last', t.last::text) ORDER BY f.name), '[]'),
                'count', count(*))::text
            FROM @extschema@._analytics_http_feed_names(is_admin) AS n (name)
            JOIN @extschema@.analytics_feeds AS f ON f.name = n.name
            LEFT JOIN (SELECT min(k.tick) AS oldest, max(k.tick) AS last FROM @extschema@.analytics_ticks AS k) AS t
                ON f.start_tick IS NOT NULL);
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_http_feeds(boolean) IS
    'GET /v1/analytics/feeds: the feeds that the caller may read, in the order of their names. '
    'oldest and last are positions, and null until the feed has started.';

CREATE FUNCTION @extschema@._analytics_http_feed(
    name text, after text, max_rows integer, max_bytes integer, is_admin boolean,
    OUT "position" text, OUT operation text, OUT item text)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    most_bytes integer := coalesce(max_bytes, 2097152);
    change record;
    next_position text := after;
    bytes bigint := 0;
BEGIN
    IF $1 NOT IN (SELECT n.name FROM @extschema@._analytics_http_feed_names(is_admin) AS n (name)) THEN
        RETURN;
    END IF;
    FOR change IN SELECT c.* FROM @extschema@.analytics_read_feed($1, $2, max_rows) AS c LOOP
        IF change.operation IS NOT NULL THEN
            item := concat(
                '{"position":', to_json(change."position"), ',"operation":', to_json(change.operation),
                ',"occurredAt":',
                coalesce(to_json(@extschema@._analytics_instant_text(change.occurred_at))::text, 'null'),
                ',"id":', coalesce(to_json(change.id)::text, 'null'),
                ',"eventType":', coalesce(to_json(change.event_type)::text, 'null'),
                ',"tenantId":', coalesce(to_json(change.tenant_id)::text, 'null'),
                ',"value":', coalesce(change.value::text, 'null'), ',"key":' || change.key::text, '}');
            EXIT WHEN bytes > 0 AND bytes + octet_length(item) > most_bytes;
            bytes := bytes + octet_length(item);
            "position" := change."position";
            operation := change.operation;
            RETURN NEXT;
        END IF;
        next_position := change."position";
    END LOOP;
    -- Nothing is read while a feed is paused, and then what comes later is after the position that now is today.
    "position" := CASE WHEN next_position = 'now' THEN
                       (SELECT max(t.tick) FROM @extschema@.analytics_ticks AS t)::text
                       ELSE next_position END;
    operation := NULL;
    item := NULL;
    RETURN NEXT;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_http_feed(text, text, integer, integer, boolean) IS
    'GET /v1/analytics/feeds/{name}: a page of analytics_read_feed, each change as JSON. '
    'The page ends at max_rows, or at max_bytes of its items (null: 2 MiB), but has one if there is any. '
    'The last row is the position after which the next page begins. No row: there is no such feed for the caller. '
    'The errors are those of analytics_read_feed.';

CREATE FUNCTION @extschema@._analytics_http_feed_state() RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    RETURN concat_ws(
        ' ', (SELECT t.tick FROM @extschema@.analytics_ticks AS t ORDER BY t.tick DESC LIMIT 1),
        (SELECT string_agg(concat_ws(' ', f.name, f.start_tick, f.paused_at, f.created_at), ',' ORDER BY f.name)
         FROM @extschema@.analytics_feeds AS f));
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_http_feed_state() IS
    'A text that is another one after each tick, and after a feed was made, dropped, paused or resumed. '
    'The HTTP service asks for it while readers wait.';
