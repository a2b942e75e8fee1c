/* Pages: a page has a bound of items and a bound of bytes. A list is read one row at a time, and not beyond the page's
 * end. So neither the server nor its client ever holds more than a page and one item.
 *
 * In a list that is ordered by time, an item's position is its time in microseconds since 2000, as PostgreSQL counts
 * it. So infinite times have numbers too: the greatest and the least. */

CREATE FUNCTION @extschema@._analytics_position(instant timestamptz) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE instant
        WHEN 'infinity' THEN '9223372036854775807'::pg_catalog.int8
        WHEN '-infinity' THEN '-9223372036854775808'::pg_catalog.int8
        ELSE (pg_catalog.extract('epoch', instant) * 1000000 - 946684800000000)::pg_catalog.int8 END;
END;

COMMENT ON FUNCTION @extschema@._analytics_position(timestamptz) IS
    'The instant in microseconds since 2000-01-01T00:00:00Z, exact. infinity is the greatest bigint, -infinity the '
    'least.';

CREATE FUNCTION @extschema@._analytics_time_at(list_position bigint) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    -- whole days, and the rest of the day
    SELECT CASE
        WHEN $1 >= 9223371331200000000 THEN 'infinity'::pg_catalog.timestamptz
        WHEN $1 < -211813488000000000 THEN '-infinity'::pg_catalog.timestamptz
        ELSE pg_catalog.timezone('UTC', '2000-01-01'::pg_catalog.date + (($1 - d.rest) / 86400000000)::pg_catalog.int4
                                        + d.rest * '1 microsecond'::pg_catalog.interval) END
    FROM (SELECT ($1 % 86400000000 + 86400000000) % 86400000000) AS d (rest);
END;

COMMENT ON FUNCTION @extschema@._analytics_time_at(bigint) IS
    'The instant with this _analytics_position. A number beyond the range of timestamptz is infinity or -infinity.';

CREATE TYPE @extschema@._analytics_page AS (body text, has_next boolean, last_position bigint, last_key text);

COMMENT ON TYPE @extschema@._analytics_page IS
    'A page of a list. body: {"items":[…],"count":n}. has_next: whether there is a next page. '
    'last_position and last_key: those of the page''s last item, after which the next page begins.';

CREATE FUNCTION @extschema@._analytics_page(rows refcursor, max_rows integer, max_bytes integer DEFAULT NULL)
    RETURNS @extschema@._analytics_page
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    page @extschema@._analytics_page;
    most_bytes integer := coalesce(max_bytes, 2097152);
    items text[] := '{}';
    bytes bigint := 0;
    item text;
    item_position bigint;
    item_key text;
BEGIN
    LOOP
        FETCH rows INTO item, item_position, item_key;
        page.has_next := FOUND;
        EXIT WHEN NOT page.has_next;
        bytes := bytes + octet_length(item);
        EXIT WHEN cardinality(items) = max_rows OR (bytes > most_bytes AND cardinality(items) > 0);
        items := array_append(items, item);
        page.last_position := item_position;
        page.last_key := item_key;
    END LOOP;
    CLOSE rows;
    page.body := '{"items":[' || array_to_string(items, ',') || '],"count":' || cardinality(items) || '}';
    RETURN page;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_page(refcursor, integer, integer) IS
    'Fetches a page from a cursor over (item, position, key), and closes the cursor. '
    'The page has at most max_rows items, and they have at most max_bytes together (null: 2 MiB). '
    'The first item is always on the page, however large it is.';
