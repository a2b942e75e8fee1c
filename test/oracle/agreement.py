"""The oracle: what the rollups hold and the reading functions tell, against plain SQL over analytics_events, row for
row, EXCEPT ALL both ways, in one statement and so in one snapshot.

A question asks for all bags, and about a few windows that are drawn; its answer is the list of differences, which must
be empty. A row is (window, kind, key, type, count); a bucket's key is its start in seconds since the epoch, or for
months their number since January 1970, so the oracle needs none of the product's arithmetic.
"""
import projected
from world import FIRST, LAST, MINUTE, quoted, written

BUCKET_MINUTES = (1, 5, 7, 60, 90, 1440, 10080)
BUCKET_MONTHS = (1, 3, 5, 12)
MOST_BUCKETS = 100

# What a run begins with, besides the extension.
HELPER = """
CREATE FUNCTION oracle_floor(number bigint, step bigint) RETURNS bigint LANGUAGE sql IMMUTABLE
    RETURN number - mod(mod(number, step) + step, step);
CREATE FUNCTION oracle_year(instant timestamp) RETURNS bigint LANGUAGE sql IMMUTABLE
    RETURN extract(year FROM instant) + CASE WHEN instant < '0001-01-01' THEN 1 ELSE 0 END; -- there was no year 0
CREATE FUNCTION oracle_key(instant timestamptz, seconds bigint, months bigint) RETURNS bigint LANGUAGE sql IMMUTABLE
    RETURN CASE WHEN months > 0
        THEN oracle_floor((oracle_year(instant AT TIME ZONE 'UTC') - 1970) * 12
                          + extract(month FROM instant AT TIME ZONE 'UTC')::bigint - 1, months)
        ELSE oracle_floor(floor(extract(epoch FROM instant))::bigint, seconds) END;
"""

IN_WINDOW = """e.occurred_at >= w.low AND e.occurred_at < w.high
        AND (w.tenant IS NULL OR e.tenant_id = w.tenant) AND (w.type IS NULL OR e.event_type = w.type)"""

BAGS_TOLD = """
    SELECT 0, 'bags of tenants', extract(epoch FROM c.minute)::bigint,
           jsonb_build_array(r.tenant_id, c.event_type)::text, sum(c.count)::bigint
    FROM analytics_rollup_tenants AS r, analytics_bag_cells(r.hour, r.cells) AS c
    GROUP BY 3, 4 HAVING sum(c.count) <> 0
    UNION ALL
    SELECT 0, 'bags of totals', extract(epoch FROM c.minute)::bigint, c.event_type, sum(c.count)::bigint
    FROM analytics_rollup_totals AS r, analytics_bag_cells(r.hour, r.cells) AS c
    GROUP BY 3, 4 HAVING sum(c.count) <> 0"""

BAGS_ACTUAL = """
    SELECT 0, 'bags of tenants', oracle_key(e.occurred_at, 60, 0),
           jsonb_build_array(e.tenant_id, e.event_type)::text, count(*)
    FROM analytics_events AS e GROUP BY 3, 4
    UNION ALL
    SELECT 0, 'bags of totals', oracle_key(e.occurred_at, 60, 0), e.event_type, count(*)
    FROM analytics_events AS e GROUP BY 3, 4"""

COUNTS_TOLD = """
    SELECT w.n, 'counts', NULL::bigint, c.event_type, c.count
    FROM counted AS w, analytics_counts(w.low, w.high, w.tenant) AS c"""

COUNTS_ACTUAL = f"""
    SELECT w.n, 'counts', NULL::bigint, e.event_type::text, count(*)
    FROM counted AS w JOIN analytics_events AS e ON {IN_WINDOW}
    GROUP BY w.n, e.event_type"""

HISTOGRAM_TOLD = """
    SELECT w.n, 'histogram', oracle_key(h.bucket_start, w.seconds, w.months), h.event_type, h.count
    FROM grouped AS w, analytics_histogram(
        w.low, w.high, make_interval(months => w.months, secs => w.seconds), w.tenant, w.type) AS h"""

HISTOGRAM_ACTUAL = f"""
    SELECT w.n, 'histogram', b.key, t.event_type, count(e.id)
    FROM grouped AS w
    CROSS JOIN LATERAL generate_series(
        oracle_key(w.low, w.seconds, w.months), oracle_key(w.high - interval '1 microsecond', w.seconds, w.months),
        greatest(w.months, w.seconds)) AS b (key)
    CROSS JOIN LATERAL (
        SELECT DISTINCT e.event_type::text FROM analytics_events AS e WHERE {IN_WINDOW}
        UNION SELECT w.type
        EXCEPT ALL SELECT NULL WHERE w.type IS NULL AND EXISTS (SELECT FROM analytics_events AS e WHERE {IN_WINDOW})
    ) AS t (event_type)
    LEFT JOIN analytics_events AS e ON {IN_WINDOW} AND e.event_type = t.event_type
        AND oracle_key(e.occurred_at, w.seconds, w.months) = b.key
    WHERE w.low < w.high
    GROUP BY w.n, b.key, t.event_type"""

SUMMARY_TOLD = """
    SELECT w.n, 'summary of ' || p.kind, p.key, p.type, p.count
    FROM summed AS w
    CROSS JOIN LATERAL (SELECT analytics_summary(w.seconds / 60, w.high, w.tenant) AS told OFFSET 0) AS s
    CROSS JOIN LATERAL (
        SELECT 'total', NULL::bigint, NULL, (s.told ->> 'totalEvents')::bigint
        UNION ALL
        SELECT 'type', NULL, t.key, t.value::bigint FROM jsonb_each_text(s.told -> 'eventsPerType') AS t
        UNION ALL
        SELECT 'interval', extract(epoch FROM (i ->> 'bucketStart')::timestamptz)::bigint, NULL, (i ->> 'count')::bigint
        FROM jsonb_array_elements(s.told -> 'eventsPerInterval') AS i
    ) AS p (kind, key, type, count)"""

SUMMARY_ACTUAL = """
    SELECT w.n, 'summary of ' || p.kind, p.key, p.type, p.count
    FROM summed AS w
    CROSS JOIN LATERAL (SELECT greatest(w.seconds / 60 / 6, 5) * 60 AS seconds) AS i
    CROSS JOIN LATERAL (
        WITH events AS MATERIALIZED (
            SELECT e.occurred_at, e.event_type FROM analytics_events AS e
            WHERE e.occurred_at BETWEEN w.low AND w.high AND (w.tenant IS NULL OR e.tenant_id = w.tenant))
        SELECT 'total', NULL::bigint, NULL, count(*) FROM events
        UNION ALL
        SELECT 'type', NULL, e.event_type::text, count(*) FROM events AS e GROUP BY e.event_type
        UNION ALL
        SELECT 'interval', b.key, NULL, count(e.occurred_at)
        FROM generate_series(oracle_key(w.low, i.seconds, 0), oracle_key(w.high, i.seconds, 0), i.seconds) AS b (key)
        LEFT JOIN events AS e ON oracle_key(e.occurred_at, i.seconds, 0) = b.key
        GROUP BY b.key
    ) AS p (kind, key, type, count)"""

# The event at each place of a page; a page's size is in seconds, and months tell which id it is before.
BEFORE_ID = """(ARRAY['00000000-0000-0000-0000-000000000000', '00000000-0000-4000-8000-000000000020',
    'ffffffff-ffff-ffff-ffff-ffffffffffff']::uuid[])[1 + w.months]"""

RECENT_TOLD = f"""
    SELECT w.n, 'recent', r.ordinality, jsonb_build_array(r.occurred_at, r.id)::text, 1
    FROM paged AS w, analytics_recent(w.seconds, w.high, {BEFORE_ID}, w.tenant, w.type) WITH ORDINALITY AS r"""

RECENT_ACTUAL = f"""
    SELECT w.n, 'recent', r.place, jsonb_build_array(r.occurred_at, r.id)::text, 1
    FROM paged AS w CROSS JOIN LATERAL (
        SELECT e.occurred_at, e.id, row_number() OVER (ORDER BY e.occurred_at DESC, e.id DESC) AS place
        FROM analytics_events AS e
        WHERE (e.occurred_at, e.id) < (w.high, {BEFORE_ID})
          AND (w.tenant IS NULL OR e.tenant_id = w.tenant) AND (w.type IS NULL OR e.event_type = w.type)) AS r
    WHERE r.place <= w.seconds"""

COLUMNS = "(n, kind, key, type, count)"
TOLD = (BAGS_TOLD, COUNTS_TOLD, HISTOGRAM_TOLD, SUMMARY_TOLD, RECENT_TOLD)
ACTUAL = (BAGS_ACTUAL, COUNTS_ACTUAL, HISTOGRAM_ACTUAL, SUMMARY_ACTUAL, RECENT_ACTUAL)


def question(windows, told=TOLD, actual=ACTUAL):
    """SQL that finds the differences. All partitions are locked first: a statement that waits for one's lock while it
    is planned does not know of another that was attached meanwhile, whose events its snapshot shows."""
    return f"""
LOCK TABLE analytics_events IN ACCESS SHARE MODE;
WITH windows (n, use, low, high, tenant, type, seconds, months) AS (VALUES {windows}),
     counted AS (SELECT * FROM windows WHERE use = 'counts'),
     grouped AS (SELECT * FROM windows WHERE use = 'histogram'),
     summed AS (SELECT * FROM windows WHERE use = 'summary'),
     paged AS (SELECT * FROM windows WHERE use = 'recent'),
     told {COLUMNS} AS MATERIALIZED ({" UNION ALL ".join(told)}),
     actual {COLUMNS} AS MATERIALIZED ({" UNION ALL ".join(actual)})
SELECT 'told, not actual', d::text FROM (TABLE told EXCEPT ALL TABLE actual) AS d
UNION ALL
SELECT 'actual, not told', d::text FROM (TABLE actual EXCEPT ALL TABLE told) AS d
"""


def drawn_window(world, number, use):
    """One row of windows, fit for its use."""
    rng = world.rng
    tenant = rng.choice((None, world.tenant()))
    event_type, seconds, months = None, 0, 0
    if use == "counts":
        low, high = world.window()
    elif use == "summary":
        minutes = rng.choice((5, 6, 29, 30, 60, 61, 1440, 10080))
        end = max(world.instant(), FIRST.replace(month=2))
        low, high, seconds = end - minutes * MINUTE, end, minutes * 60
    elif use == "recent":
        event_type = rng.choice((None, world.event_type()))
        low = high = rng.choice((LAST, world.instant()))
        seconds, months = rng.choice((1, 2, 7, 50, 100_000)), rng.randrange(3)
    else:
        event_type = rng.choice((None, world.event_type()))
        low = world.instant()
        if rng.randrange(3) == 0:
            months = rng.choice(BUCKET_MONTHS)
            high = low + min(LAST - low, rng.randrange(9 * 365 * 1440) * MINUTE)
        else:
            minutes = rng.choice(BUCKET_MINUTES)
            seconds = minutes * 60
            high = low + rng.random() ** 4 * min(LAST - low, minutes * MOST_BUCKETS * MINUTE)
    return (f"({number}, '{use}', '{written(low)}'::timestamptz, '{written(high)}'::timestamptz, "
            f"{quoted(tenant)}::text, {quoted(event_type)}::text, {seconds}, {months})")


def drawn_question(world):
    """About random windows, and now and then about the projections, which take as long as all the rest; and the
    windows, for whoever reads what was asked."""
    uses = ("counts", world.rng.choice(("counts", "histogram", "summary")), "recent")
    windows = ",\n".join(drawn_window(world, number, use) for number, use in enumerate(uses, 1))
    if world.rng.randrange(4):
        return question(windows), windows
    return question(windows, (*TOLD, projected.TOLD), (*ACTUAL, projected.ACTUAL)), windows
