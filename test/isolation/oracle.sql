/* What every spec begins with, in the database that all of them share: reset() and the oracle.
 *
 * seen: events that the session sees, what analytics_counts tells of them, and the number of rows by which the bags or
 * the counts differ from plain SQL over the events: 0, in whatever snapshot. One statement, so one snapshot. */

CREATE EXTENSION analytics_events;
SELECT analytics_create_partition(month) FROM generate_series('2026-01-01 00:00+00'::timestamptz, '2026-03-01 00:00+00', '1 month') AS month;

CREATE FUNCTION reset() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM analytics_create_partition(m) FROM generate_series('2026-01-01 00:00+00'::timestamptz, '2026-03-01 00:00+00', '1 month') AS m;
    TRUNCATE analytics_events;
    TRUNCATE analytics_rollup_totals, analytics_rollup_tenants, analytics_kept_rollups;
    PERFORM store('base', minute => m) FROM generate_series(0, 2) AS m;
END
$$;

-- Stores one event in a statement of its own: minutes count from 2026-02-01 12:00, so small ones share its hour.
CREATE FUNCTION store(type text, minute integer DEFAULT 0, tenant text DEFAULT NULL) RETURNS void LANGUAGE sql AS $$
    INSERT INTO analytics_events (event_type, source, occurred_at, tenant_id, payload)
    VALUES (type, 'spec', '2026-02-01 12:00+00'::timestamptz + minute * interval '1 minute', tenant, '{}');
$$;

-- Stores the one event that everybody knows, or changes it.
CREATE FUNCTION store_known(type text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO analytics_events AS e (id, event_type, source, occurred_at, payload)
    VALUES ('00000000-0000-4000-8000-000000000001', type, 'spec', '2026-02-01 12:00+00', '{}')
    ON CONFLICT (occurred_at, id) DO UPDATE SET event_type = e.event_type || '+', tenant_id = 't';
$$;

-- Ingests an event of January.
CREATE FUNCTION ingest_late() RETURNS bigint LANGUAGE sql AS $$
    SELECT stored FROM analytics_ingest(ARRAY['{"eventType":"late","source":"spec","occurredAt":"2026-01-20T00:00:00Z","payload":{}}'::bytea]);
$$;

-- Stores so many in the base's hour, each in a statement of its own: enough for bags to be folded on the way.
CREATE FUNCTION store_many(type text, number integer DEFAULT 300) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. number LOOP
        PERFORM store(type, i % 60);
    END LOOP;
END
$$;

CREATE VIEW differences AS
WITH told AS (
    SELECT c.minute, r.tenant_id, c.event_type, sum(c.count) AS count
    FROM analytics_rollup_tenants AS r, analytics_bag_cells(r.hour, r.cells) AS c GROUP BY 1, 2, 3 HAVING sum(c.count) <> 0
    UNION ALL
    SELECT c.minute, 'all', c.event_type, sum(c.count)
    FROM analytics_rollup_totals AS r, analytics_bag_cells(r.hour, r.cells) AS c GROUP BY 1, 2, 3 HAVING sum(c.count) <> 0
    UNION ALL
    SELECT NULL, 'counts', c.event_type, c.count FROM analytics_counts('2000-01-01 00:00:30+00', '2100-01-01 00:00:30+00') AS c
), actual AS (
    SELECT date_trunc('minute', e.occurred_at), e.tenant_id, e.event_type, count(*) FROM analytics_events AS e GROUP BY 1, 2, 3
    UNION ALL
    SELECT date_trunc('minute', e.occurred_at), 'all', e.event_type, count(*) FROM analytics_events AS e GROUP BY 1, 2, 3
    UNION ALL
    SELECT NULL, 'counts', e.event_type, count(*) FROM analytics_events AS e GROUP BY 3
)
(TABLE told EXCEPT ALL TABLE actual) UNION ALL (TABLE actual EXCEPT ALL TABLE told);

CREATE VIEW seen AS
SELECT (SELECT count(*) FROM analytics_events) AS events,
       (SELECT coalesce(sum(count), 0) FROM analytics_counts('2000-01-01 00:00:30+00', '2100-01-01 00:00:30+00')) AS told,
       (SELECT count(*) FROM differences) AS differences;

-- Whether folding has happened: far fewer bags than statements.
CREATE VIEW folded AS SELECT count(*) < 150 AS few_bags FROM analytics_rollup_totals;

-- Refuses so many records, each in a statement of its own: enough for bags to be folded on the way.
CREATE FUNCTION refuse_many(number integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. number LOOP
        INSERT INTO analytics_dead_letters (reason) VALUES (CASE i % 3 WHEN 0 THEN 'unknown_shape' ELSE 'invalid_json' END);
    END LOOP;
END
$$;

-- Open dead letters that the session sees, what it gets as their number, and the reasons whose bags differ: 0.
CREATE VIEW open AS
SELECT (SELECT count(*) FROM analytics_dead_letters WHERE replayed_at IS NULL AND reason <> 'unknown_shape') AS actual,
       analytics_open_dead_letters() AS told,
       (SELECT count(*) FROM (
            SELECT reason FROM (SELECT reason, 1 AS n FROM analytics_dead_letters WHERE replayed_at IS NULL
                                UNION ALL SELECT reason, -open FROM analytics_dead_letter_counts) AS d
            GROUP BY reason HAVING sum(n) <> 0) AS differing) AS differences;
