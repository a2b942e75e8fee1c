/* Rollups: bags of counts beside the events, kept by whatever statement changes the events.
 *
 * A bag is a row that says how many events of each type the minutes of one hour hold. There may be many bags of an hour:
 * their sum is the truth. Writers append, folding replaces many by their sum. See doc/design.md, "Aggregation". */

CREATE TABLE analytics_rollup_totals (
    hour timestamptz NOT NULL,
    last_ingested_at timestamptz,
    cells bytea NOT NULL
) WITH (toast_tuple_target = 8160, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0.05,
        autovacuum_vacuum_insert_threshold = 1000, autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);

ALTER TABLE analytics_rollup_totals ALTER COLUMN cells SET STORAGE MAIN;

CREATE INDEX analytics_rollup_totals_hour ON analytics_rollup_totals (hour);

COMMENT ON TABLE analytics_rollup_totals IS
    'Bags: how many events of each type the minutes of an hour hold, over all tenants. The bags of one hour are to be added up.';
COMMENT ON COLUMN analytics_rollup_totals.hour IS 'Start of the hour, UTC.';
COMMENT ON COLUMN analytics_rollup_totals.last_ingested_at IS
    'Newest ingested_at of the events that the bag has counted; null in one that only takes away. A deletion does not take it back.';
COMMENT ON COLUMN analytics_rollup_totals.cells IS 'Event type and minute → count, packed; see analytics_bag_cells.';

CREATE TABLE analytics_rollup_tenants (
    hour timestamptz NOT NULL,
    tenant_id varchar(64),
    last_ingested_at timestamptz,
    cells bytea NOT NULL
) WITH (toast_tuple_target = 8160, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0.05,
        autovacuum_vacuum_insert_threshold = 1000, autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);

ALTER TABLE analytics_rollup_tenants ALTER COLUMN cells SET STORAGE MAIN;

CREATE INDEX analytics_rollup_tenants_hour ON analytics_rollup_tenants (tenant_id, hour);

COMMENT ON TABLE analytics_rollup_tenants IS
    'Bags: how many events of each type the minutes of an hour hold, of one tenant. The bags of one hour and tenant are to be added up.';
COMMENT ON COLUMN analytics_rollup_tenants.hour IS 'Start of the hour, UTC.';
COMMENT ON COLUMN analytics_rollup_tenants.tenant_id IS 'The events'' tenant; null for events without one.';
COMMENT ON COLUMN analytics_rollup_tenants.last_ingested_at IS
    'Newest ingested_at of the events that the bag has counted; null in one that only takes away. A deletion does not take it back.';
COMMENT ON COLUMN analytics_rollup_tenants.cells IS 'Event type and minute → count, packed; see analytics_bag_cells.';

CREATE FUNCTION analytics_bag_cells(hour timestamptz, cells bytea, OUT minute timestamptz, OUT event_type text, OUT count bigint)
    RETURNS SETOF record
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 100
    AS 'MODULE_PATHNAME', 'analytics_bag_cells';

COMMENT ON FUNCTION analytics_bag_cells(timestamptz, bytea) IS
    'What a bag holds: for each event type and minute of the hour that has any, how many. Bytes that are no bag are SQLSTATE XX001.';

SELECT pg_catalog.pg_extension_config_dump('analytics_rollup_totals', '');
SELECT pg_catalog.pg_extension_config_dump('analytics_rollup_tenants', '');
