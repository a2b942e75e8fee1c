"""A forgotten line of the update script is found: the fingerprint shows what a change of sql/ can leave different."""
import pytest

import catalogue

CHANGES = {
    "body": "CREATE OR REPLACE FUNCTION _analytics_relation(name text) RETURNS regclass LANGUAGE sql STABLE STRICT "
            "PARALLEL SAFE AS 'SELECT NULL::regclass'",
    "default": "CREATE OR REPLACE FUNCTION _analytics_buckets(window_start timestamptz, window_end timestamptz, "
               "bucket interval, timezone text DEFAULT 'GMT') RETURNS SETOF timestamptz LANGUAGE c IMMUTABLE STRICT "
               "PARALLEL SAFE ROWS 100 AS '$libdir/analytics_events', 'analytics_buckets'",
    "volatility": "ALTER FUNCTION analytics_lag_records() VOLATILE",
    "parallel": "ALTER FUNCTION analytics_lag_records() PARALLEL UNSAFE",
    "strictness": "ALTER FUNCTION analytics_lag_records() STRICT",
    "rows": "ALTER FUNCTION analytics_event(timestamptz, uuid) ROWS 7",
    "setting": "ALTER FUNCTION analytics_lag_records() SET search_path = public",
    "symbol": "UPDATE pg_proc SET prosrc = 'analytics_ingest' WHERE proname = 'analytics_lag_records'",
    "grant": "GRANT EXECUTE ON FUNCTION analytics_ingest TO PUBLIC",
    "right from the start": "UPDATE pg_init_privs SET initprivs = initprivs || 'app_owner=X/postgres'::aclitem "
                            "WHERE privtype = 'e' AND objoid = 'analytics_ingest'::regproc",
    "comment": "COMMENT ON FUNCTION analytics_lag_records() IS 'other words'",
    "function": "CREATE FUNCTION _analytics_new() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    "member": "ALTER EXTENSION analytics_events DROP FUNCTION analytics_lag_records()",
    "aggregate": "CREATE OR REPLACE AGGREGATE analytics_bag(minute timestamptz, event_type text, count bigint) (SFUNC="
                 "_analytics_bag_add, STYPE = internal, FINALFUNC = _analytics_bag_pack, PARALLEL = RESTRICTED)",
    "attribute": "ALTER TYPE analytics_event ADD ATTRIBUTE note text",
    "type's comment": "COMMENT ON TYPE analytics_event IS 'other words'",
    "column": "ALTER TABLE analytics_dead_letters ADD COLUMN note text",
    "column's default": "ALTER TABLE analytics_shapes ALTER COLUMN position SET DEFAULT 7",
    "column's null": "ALTER TABLE analytics_shapes ALTER COLUMN position DROP NOT NULL",
    "column's comment": "COMMENT ON COLUMN analytics_shapes.position IS 'other words'",
    "constraint": "ALTER TABLE analytics_shapes DROP CONSTRAINT analytics_shapes_source",
    "index": "DROP INDEX analytics_dead_letters_open",
    "trigger": "DROP TRIGGER analytics_check_shape ON analytics_shapes",
    "storage": "ALTER TABLE analytics_kafka_offsets RESET (fillfactor)",
    "view": "CREATE OR REPLACE VIEW analytics_dead_letter_summary AS SELECT * FROM (SELECT NULL::text AS reason, "
            "NULL::text AS topic, 0::bigint AS open, now() AS first_seen, now() AS last_seen, 0::bigint AS sample_id, "
            "0::bigint AS unpublishable) AS none",
    "table's grant": "REVOKE SELECT ON analytics_shapes FROM PUBLIC",
    "rows of a table": "DELETE FROM analytics_shapes WHERE name = 'iam.registered'",
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_differs_is_found(empty, change):
    database = empty()
    database.sql("CREATE EXTENSION analytics_events")
    before = database.fingerprint()
    database.sql(CHANGES[change])
    assert catalogue.differences(before, database.fingerprint())
