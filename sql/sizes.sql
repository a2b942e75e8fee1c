/* Sizes: how large each table is, and how fast it grows. See doc/growth.md.
 *
 * The growth comes from analytics_size_history, to which analytics_maintain adds a row a table and day. */

CREATE FUNCTION @extschema@._analytics_table_sizes(OUT table_name text, OUT rows bigint, OUT bytes bigint)
    RETURNS SETOF record
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT t.name,
           sum(CASE WHEN c.reltuples >= 0 AND c.relpages > 0
                    THEN c.reltuples * pg_relation_size(c.oid) / (c.relpages * current_setting('block_size')::bigint)
                    WHEN pg_relation_size(c.oid) = 0 THEN 0 END)::bigint,
           sum(pg_total_relation_size(c.oid))::bigint
    FROM @extschema@._analytics_tables() AS t
    JOIN pg_class AS p ON p.oid = @extschema@._analytics_relation(t.name) AND p.relkind IN ('r', 'p')
    LEFT JOIN LATERAL pg_partition_tree(p.oid) AS leaf ON p.relkind = 'p' AND leaf.isleaf
    JOIN pg_class AS c ON c.oid = coalesce(leaf.relid, p.oid)
    GROUP BY t.name
$$;

COMMENT ON FUNCTION @extschema@._analytics_table_sizes() IS
    'The tables of the extension with their bytes, indexes and TOAST included, and about how many rows they have, '
    'from statistics: null for a table that was never analysed.';

CREATE FUNCTION @extschema@._analytics_sizes(
    reference timestamptz,
    OUT table_name text, OUT rows bigint, OUT bytes bigint, OUT rows_a_day bigint, OUT bytes_a_day bigint)
    RETURNS SETOF record
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
    SET TimeZone = 'UTC'
    AS $$
    SELECT s.table_name, s.rows, s.bytes, (s.rows - h.rows) / h.days, (s.bytes - h.bytes) / h.days
    FROM @extschema@._analytics_table_sizes() AS s
    LEFT JOIN LATERAL (
        SELECT a.rows, a.bytes, $1::date - a.measured_on AS days
        FROM @extschema@.analytics_size_history AS a
        WHERE a.table_name = s.table_name AND a.measured_on >= $1::date - 7 AND a.measured_on < $1::date
        ORDER BY a.measured_on LIMIT 1) AS h ON true
    ORDER BY s.bytes DESC, s.table_name
$$;

COMMENT ON FUNCTION @extschema@._analytics_sizes(timestamptz) IS 'Does the work of analytics_sizes.';

CREATE FUNCTION @extschema@.analytics_sizes(
    reference timestamptz DEFAULT now(),
    OUT table_name text, OUT rows bigint, OUT bytes bigint, OUT rows_a_day bigint, OUT bytes_a_day bigint)
    RETURNS SETOF record
    LANGUAGE c STABLE
    AS 'MODULE_PATHNAME', 'analytics_as_owner';

COMMENT ON FUNCTION @extschema@.analytics_sizes(timestamptz) IS
    'The tables, the largest first: about how many rows (from statistics; null: never analysed), bytes with indexes '
    'and TOAST, and how much both grew a day during the last week. The growth is null until analytics_maintain has '
    'noted the sizes on a day before. A deleted row leaves its bytes to the next one. '
    'Runs with the rights of the tables'' owner.';

REVOKE EXECUTE ON FUNCTION @extschema@.analytics_sizes(timestamptz) FROM PUBLIC;
