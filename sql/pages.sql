/* Pages: as many items as were asked for and as fit. A list is read one row at a time and no further than its page goes, so
 * neither this server nor its client ever holds more than a page and one item.
 *
 * A place in a list by time is that time in microseconds since 2000, the only count in which every time has a number:
 * infinity is the greatest, -infinity the least. */

CREATE FUNCTION @extschema@._analytics_place(instant timestamptz) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE instant
        WHEN 'infinity' THEN '9223372036854775807'::pg_catalog.int8
        WHEN '-infinity' THEN '-9223372036854775808'::pg_catalog.int8
        ELSE (pg_catalog.extract('epoch', instant) * 1000000 - 946684800000000)::pg_catalog.int8 END;
END;

COMMENT ON FUNCTION @extschema@._analytics_place(timestamptz) IS 'Microseconds since 2000, exactly; of infinity the greatest number, of -infinity the least.';

CREATE FUNCTION @extschema@._analytics_time_at(place bigint) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    -- whole days, and what is left of the day
    SELECT CASE
        WHEN place >= 9223371331200000000 THEN 'infinity'::pg_catalog.timestamptz
        WHEN place < -211813488000000000 THEN '-infinity'::pg_catalog.timestamptz
        ELSE pg_catalog.timezone('UTC', '2000-01-01'::pg_catalog.date + ((place - d.rest) / 86400000000)::pg_catalog.int4
                                        + d.rest * '1 microsecond'::pg_catalog.interval) END
    FROM (SELECT (place % 86400000000 + 86400000000) % 86400000000) AS d (rest);
END;

COMMENT ON FUNCTION @extschema@._analytics_time_at(bigint) IS 'The time of _analytics_place; infinity for numbers of no time.';

CREATE FUNCTION @extschema@._analytics_page(
    rows refcursor, max_rows integer, max_bytes integer DEFAULT NULL,
    OUT body text, OUT has_next boolean, OUT last_place bigint, OUT last_key text)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    items text[] := '{}';
    bytes bigint := 0;
    most_bytes bigint := coalesce(max_bytes, 2097152);
    item text;
    place bigint;
    key text;
BEGIN
    LOOP
        FETCH rows INTO item, place, key;
        has_next := FOUND;
        EXIT WHEN NOT has_next;
        bytes := bytes + octet_length(item);
        EXIT WHEN cardinality(items) = max_rows OR (bytes > most_bytes AND cardinality(items) > 0);
        items := array_append(items, item);
        last_place := place;
        last_key := key;
    END LOOP;
    CLOSE rows;
    body := '{"items":[' || array_to_string(items, ',') || '],"count":' || cardinality(items) || '}';
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_page(refcursor, integer, integer) IS
    'Of a cursor over (item, place, key), which it closes: {"items":[…],"count":n} of its first rows, at most max_rows and max_bytes of items (null: 2 MiB) but one item at least; '
    'whether there is a next one; and the last item''s place and key, behind which the next page begins.';

CREATE FUNCTION @extschema@._analytics_recent_page(
    max_rows integer, before_place bigint, before_id uuid, tenant_id text, event_type text, key_tenant text,
    OUT body text, OUT has_next boolean, OUT last_place bigint, OUT last_key text)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    rows refcursor;
BEGIN
    -- Of a key's tenant is asked by name, whatever tenant was asked for: the policies, which decide, would have all of the
    -- table or of that other tenant looked through for nothing.
    OPEN rows NO SCROLL FOR
        SELECT @extschema@._analytics_event_json(e)::text, @extschema@._analytics_place(e.occurred_at), e.id::text
        FROM @extschema@.analytics_recent($1 + 1, @extschema@._analytics_time_at($2), $3, coalesce(nullif($6, ''), $4), $5) AS e
        WHERE $4 IS NULL OR e.tenant_id = $4;
    SELECT p.body, p.has_next, p.last_place, p.last_key INTO body, has_next, last_place, last_key
    FROM @extschema@._analytics_page(rows, $1, NULL::integer) AS p;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_recent_page(integer, bigint, uuid, text, text, text) IS
    'A page of analytics_recent, as _analytics_page makes it; key_tenant: the only tenant whose events the caller may see; null or empty: all.';

CREATE FUNCTION @extschema@._analytics_dead_letter_page(
    max_rows integer, before_id bigint, reason text, topic text, replayed boolean,
    OUT body text, OUT has_next boolean, OUT last_place bigint, OUT last_key text)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    rows refcursor;
BEGIN
    OPEN rows NO SCROLL FOR
        SELECT @extschema@._analytics_dead_letter_json(d)::text, NULL::bigint, d.id::text
        FROM @extschema@.analytics_recent_dead_letters($1 + 1, $2, $3, $4, $5) AS d;
    SELECT p.body, p.has_next, p.last_place, p.last_key INTO body, has_next, last_place, last_key
    FROM @extschema@._analytics_page(rows, $1, NULL::integer) AS p;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_dead_letter_page(integer, bigint, text, text, boolean) IS
    'A page of analytics_recent_dead_letters, as _analytics_page makes it, without a place.';

CREATE FUNCTION @extschema@._analytics_projection_items(
    name text, window_start timestamptz, window_end timestamptz, tenant_id text, max_rows integer, before_place bigint, before_key uuid,
    OUT body text, OUT has_next boolean, OUT last_place bigint, OUT last_key text)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    rows refcursor;
BEGIN
    OPEN rows NO SCROLL FOR
        SELECT r.item::text, @extschema@._analytics_place(r.bucket_start), r.key::text
        FROM @extschema@._analytics_projection_page($1, $2, $3, $4, $5 + 1, @extschema@._analytics_time_at($6), $7) AS r;
    SELECT p.body, p.has_next, p.last_place, p.last_key INTO body, has_next, last_place, last_key
    FROM @extschema@._analytics_page(rows, $5, NULL::integer) AS p;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_projection_items(text, timestamptz, timestamptz, text, integer, bigint, uuid) IS
    'A page of _analytics_projection_page, as _analytics_page makes it.';
