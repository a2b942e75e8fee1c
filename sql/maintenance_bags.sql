/* Folding, as a part of maintenance: writers fold most bags, and this part folds what is left of hours and buckets that
 * are over. Like the other parts it is a function of the time and an item: see maintenance_parts.sql. */

CREATE FUNCTION @extschema@._analytics_fold_hour(
    hour timestamptz, newest_ingestion timestamptz, of_totals boolean, tenant_id text) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'analytics_fold_hour';

COMMENT ON FUNCTION @extschema@._analytics_fold_hour(timestamptz, timestamptz, boolean, text) IS
    'Replaces the bags of an hour by their sum, in the totals or of one tenant (null: of no tenant), and returns how '
    'many bags fewer there are. '
    'A sum that counts nothing is kept only if its last ingestion is not older than newest_ingestion. '
    'Waits for nobody. The caller needs INSERT and DELETE on the table of bags.';

CREATE FUNCTION @extschema@._analytics_fold_bucket(projection integer, bucket_start timestamptz, tenant_id text)
    RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'analytics_fold_bucket';

COMMENT ON FUNCTION @extschema@._analytics_fold_bucket(integer, timestamptz, text) IS
    'Replaces the bags of a bucket and tenant by their sum, and returns how many bags fewer there are. '
    'Waits for nobody. The caller needs INSERT and DELETE on the table of bags.';

CREATE FUNCTION @extschema@._analytics_maintain_bags(
    reference timestamptz, item text, OUT rows bigint, OUT items text[], OUT failure text)
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    SET TimeZone = 'UTC'
    AS $$
DECLARE
    most_keys CONSTANT integer := 500; -- of a step
    over CONSTANT timestamptz := date_bin('1 hour', reference - interval '1 hour', '2000-01-01 00:00:00+00');
    kind CONSTANT text := left(item, 1);
    tenant CONSTANT text := CASE kind WHEN 't' THEN substr(item, 2) END; -- null: no tenant
    newest timestamptz; -- an older ingestion than this need not be remembered
    keys bigint;
BEGIN
    -- A bag of one byte counts nothing.
    rows := 0;
    newest := (SELECT coalesce(max(r.last_ingested_at), '-infinity') FROM @extschema@.analytics_rollup_totals AS r);
    IF item IS NULL THEN
        items := ARRAY(
            SELECT 'h' WHERE EXISTS (SELECT FROM @extschema@.analytics_rollup_totals)
            UNION ALL
            SELECT DISTINCT CASE WHEN b.tenant_id IS NULL THEN 'n' ELSE 't' || b.tenant_id END
            FROM (SELECT r.tenant_id, r.hour FROM @extschema@.analytics_rollup_tenants AS r WHERE r.hour < over
                  GROUP BY r.tenant_id, r.hour
                  HAVING count(*) > 1
                      OR bool_and(octet_length(r.cells) = 1 AND coalesce(r.last_ingested_at < newest, true))) AS b
            UNION ALL
            SELECT 'p' || p.id FROM @extschema@.analytics_projections AS p
            ORDER BY 1);
        RETURN;
    ELSIF kind = 'h' THEN
        SELECT count(*), sum(@extschema@._analytics_fold_hour(k.hour, newest, true, NULL::text)) INTO keys, rows
        FROM (SELECT r.hour FROM @extschema@.analytics_rollup_totals AS r WHERE r.hour < over
              GROUP BY r.hour
              HAVING count(*) > 1
                  OR bool_and(octet_length(r.cells) = 1 AND coalesce(r.last_ingested_at < newest, true))
              ORDER BY r.hour LIMIT most_keys) AS k;
    ELSIF kind IN ('n', 't') THEN
        newest := (SELECT CASE WHEN bool_or(octet_length(r.cells) > 1)
                               THEN coalesce(max(r.last_ingested_at), '-infinity') ELSE newest END
                   FROM @extschema@.analytics_rollup_tenants AS r
                   WHERE r.tenant_id = tenant OR tenant IS NULL AND r.tenant_id IS NULL);
        SELECT count(*), sum(@extschema@._analytics_fold_hour(k.hour, newest, false, tenant)) INTO keys, rows
        FROM (SELECT r.hour FROM @extschema@.analytics_rollup_tenants AS r
              WHERE (r.tenant_id = tenant OR tenant IS NULL AND r.tenant_id IS NULL) AND r.hour < over
              GROUP BY r.hour
              HAVING count(*) > 1
                  OR bool_and(octet_length(r.cells) = 1 AND coalesce(r.last_ingested_at < newest, true))
              ORDER BY r.hour LIMIT most_keys) AS k;
    ELSE
        SELECT count(*), sum(@extschema@._analytics_fold_bucket(k.projection, k.bucket_start, k.tenant_id::text))
        INTO keys, rows
        FROM (SELECT b.projection, b.bucket_start, b.tenant_id
              FROM @extschema@.analytics_projections AS p
              JOIN @extschema@.analytics_projection_bags AS b
                  ON b.projection = p.id AND b.bucket_start + p.bucket <= over
              WHERE p.id = substr(item, 2)::integer
              GROUP BY b.projection, b.bucket_start, b.tenant_id HAVING count(*) > 1
              ORDER BY b.bucket_start LIMIT most_keys) AS k;
    END IF;
    items := CASE WHEN keys = most_keys AND rows > 0 THEN ARRAY[item] END;
    rows := coalesce(rows, 0);
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_maintain_bags(timestamptz, text) IS
    'Part of analytics_maintain: folds bags of hours and buckets that are over. '
    'An item is the totals (h), a tenant (t and its name; n: no tenant) or a projection (p and its number). '
    'A bag that counts nothing goes, unless it has the newest ingestion of all, or of a tenant that has events. '
    'rows is the number of bags fewer.';
