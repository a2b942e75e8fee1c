"""Figures C, D and I, a quiet tenant's recent events, and the summary of a week: what an answer costs beside the
queries it replaces, and as the table grows.

The window ends amid a minute, so that both of its edges are broken ones and are counted from the events.
"""
import stored
import turns

DAY, WEEK = 86_400, 7 * 86_400
REFERENCE = "timestamptz '2026-01-15 23:58:29.5+00'"
SUMMARY = f"SELECT analytics_summary(60, {REFERENCE})"
IN_WINDOW = f"occurred_at BETWEEN {REFERENCE} - interval '60 minutes' AND {REFERENCE}"
REPLACED = f"""
    SELECT (SELECT jsonb_object_agg(event_type, n) FROM (
                SELECT event_type, count(*) AS n FROM analytics_events WHERE {IN_WINDOW} GROUP BY 1) AS t),
           (SELECT jsonb_object_agg(bucket, n) FROM (
                SELECT date_bin('10 minutes', occurred_at, '2000-01-01 00:00+00') AS bucket, count(*) AS n
                FROM analytics_events WHERE {IN_WINDOW} GROUP BY 1) AS b)"""
QUIET = """
    INSERT INTO analytics_events (event_type, source, occurred_at, tenant_id, payload)
    SELECT 'type-1', 'bench', timestamptz '2026-01-15 22:05+00' + n * interval '7 minutes', 'quiet', '{}'
    FROM generate_series(1, 3) AS n"""
RECENT = "SELECT id FROM analytics_recent(tenant_id => 'quiet')"
AT_LEAST = 20  # turns, as each is short
TENANTS = 4_000  # of I
FEWER = 10  # D: one event in so many is stored, all of them in the last part of the day


def day(server, count, repeat):
    """Figures C and D, and that of recent events."""
    with stored.database(server, "bench_day", count, DAY) as full, \
            stored.database(server, "bench_part", count // FEWER, DAY / FEWER) as part:
        same = {name: answer_of(cursor) for name, cursor in (("full", full), ("part", part))}
        if same["full"] != same["part"]:
            raise AssertionError(f"the window holds {same}")
        for cursor in (full, part):
            cursor.execute(QUIET)
        took = turns.milliseconds(max(repeat, AT_LEAST), {
            "plain": (full, REPLACED), "full": (full, SUMMARY), "part": (part, SUMMARY),
            "recent, full": (full, RECENT), "recent, part": (part, RECENT)})
    ms = {name: turns.median(times) for name, times in took.items()}
    return [
        {"figure": "C", "what": "analytics_summary(60) versus the GROUP BY queries it replaces", "events": count,
         "events_in_window": same["full"], **turns.ratio(took["plain"], took["full"]), "bar": 100, "goal": 1000,
         "ours_ms": ms["full"], "yardstick_ms": ms["plain"]},
        {"figure": "D", "what": f"analytics_summary(60), {count} events stored versus {count // FEWER}, at most",
         "events": count, **turns.ratio(took["full"], took["part"]), "bar": 1.2, "goal": 1.1, "at_most": True,
         "ours_ms": ms["full"], "yardstick_ms": ms["part"]},
        {"figure": "recent", "what": f"analytics_recent of a quiet tenant, {count} events stored versus "
                                     f"{count // FEWER}, at most",
         "events": count, **turns.ratio(took["recent, full"], took["recent, part"]), "bar": 1.2, "at_most": True,
         "ours_ms": ms["recent, full"], "yardstick_ms": ms["recent, part"]}]


def answer_of(cursor):
    cursor.execute(f"SELECT (analytics_summary(60, {REFERENCE}) ->> 'totalEvents')::bigint")
    return cursor.fetchone()[0]


def week(server, count, repeat):
    """The summary of seven days, of all tenants and of one, in milliseconds; the bar is 15."""
    with stored.database(server, "bench_week", count, WEEK) as cursor:
        yield from summaries(cursor, count, repeat, "7d", [10_080])


def many_tenants(server, count, repeat):
    """The summary of an hour and of seven days where thousands of tenants are, in milliseconds; the bar is 15."""
    with stored.database(server, "bench_tenants", count, WEEK, TENANTS) as cursor:
        yield from summaries(cursor, count, repeat, "I", [60, 10_080], f" of {TENANTS}")


def summaries(cursor, count, repeat, figure, windows, among=""):
    """A line for each of these windows, in minutes, of all tenants and of one."""
    asked = {f"analytics_summary({minutes}) of {whose}{among}": (
                 cursor, f"SELECT analytics_summary({minutes}, {REFERENCE}{tenant})")
             for minutes in windows for whose, tenant in (("all tenants", ""), ("one tenant", ", 'tenant-7'"))}
    for what, times in turns.milliseconds(max(repeat, AT_LEAST), asked).items():
        yield {"figure": figure, "what": f"{what}, milliseconds, at most", "events": count,
               "ratio": turns.median(times), "ratios": [round(ms, 3) for ms in times], "bar": 15, "at_most": True}
