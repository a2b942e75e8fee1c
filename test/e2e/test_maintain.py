"""analytics_maintain day after day: what has a rule levels off, counts stay right, and nobody waits."""
import contextlib
import datetime
import os
import re
import shlex
import subprocess
import threading

import pytest
from rig import pages, place

from keys import make_roles
from simulated_days import DAY, UTC, LockWaits, Simulation
from test_documented_rights import statements

# What a rule bounds, by table. How many bags an hour or bucket has is chance until it is over; how often the probers
# wrote depends on the machine.
BOUNDED = {"analytics_events": "count(*) FILTER (WHERE event_type <> 'probe')",
           "analytics_rollup_totals": "count(DISTINCT hour)",
           "analytics_rollup_tenants": "count(DISTINCT (hour, tenant_id))",
           "analytics_projection_bags": "count(DISTINCT (projection, bucket_start, tenant_id))",
           "analytics_dead_letters": "count(*)", "analytics_untimed_keys": "count(*)"}
# The tables of bags: an hour or bucket that is over has one bag.
FOLDED = {"analytics_rollup_totals": "hour", "analytics_rollup_tenants": "hour",
          "analytics_projection_bags": "bucket_start"}


def rows(database, name):
    return database.sql(f"SELECT {BOUNDED[name]} FROM {name}")


def is_folded(database, name, before):
    [(bags, keys)] = database.rows(f"SELECT count(*), {BOUNDED[name]} FROM {name} WHERE {FOLDED[name]} < %s", (before,))
    return bags == keys


def require_bounds(database, days):
    """Nothing is older than its rule says: what goes by partitions, by one partition at most."""
    partition = 31 if days.scale == 1 else 1
    limits = {"occurred_at FROM analytics_events": 60 * days.scale + partition,
              "hour FROM analytics_rollup_tenants": 180 * days.scale + partition,
              "bucket_start FROM analytics_projection_bags": 180 * days.scale + partition + 1,
              "received_at FROM analytics_dead_letters": 60 * days.scale,
              "occurred_at FROM analytics_untimed_keys": 30 * days.scale,
              "occurred_at FROM analytics_events WHERE event_type = 'debug'": 7 * days.scale + 1 / 24,
              "occurred_at FROM analytics_events WHERE tenant_id = 'tenant-1'": 30 * days.scale + 1 / 24}
    ages = {what: (days.now - database.sql("SELECT min(" + what.replace(" FROM", ") FROM"))) / DAY for what in limits}
    assert {what: age for what, age in ages.items() if age > limits[what]} == {}
    assert database.rows("SELECT * FROM analytics_verify()") == []
    assert [name for name in FOLDED if not is_folded(database, name, days.now.replace(hour=0) - DAY)] == []


def test_what_has_a_rule_levels_off(server, database):
    start = datetime.datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - 26 * DAY
    with Simulation(server, database, tenants=3, scale=0.05, start=start) as days:  # in 28 days, partitions are days
        days.run(13)
        half = {name: rows(database, name) for name in BOUNDED}
        days.run(13)
    require_bounds(database, days)
    grown = {name: (half[name], now) for name in BOUNDED if (now := rows(database, name)) > 1.3 * half[name]}
    assert grown == {}


CRON = """CREATE SCHEMA cron CREATE TABLE job (name text, schedule text, command text);
          CREATE FUNCTION cron.schedule(text, text, text) RETURNS bigint
              LANGUAGE sql AS 'INSERT INTO cron.job VALUES ($1, $2, $3) RETURNING 1::bigint'"""


def test_the_page_s_statements_run(server, database):
    """And what they give to pg_cron, which is not here: only its table is."""
    database.sql(CRON)
    text = statements("operating.md", "Maintenance") + "\nSELECT command FROM cron.job \\gexec\n"
    code, said = pages.Block("sql", "", text).run({**os.environ, **server.environment(database.name)})
    assert code == 0, said
    assert database.sql("SELECT count(*) FROM analytics_retention") == 8
    assert database.sql("SELECT failed_parts FROM analytics_maintenance_state()") == 0


def test_the_service_fails_when_a_part_fails(server, database):
    """As the unit runs it, with the sample's settings and the rights of roles.sql."""
    make_roles(server, database)
    unit = (place.ROOT / "sql" / "analytics-maintain.service").read_text()
    [command] = re.findall(r"^ExecStart=(.*)", unit, re.MULTILINE)
    environment = {**os.environ, **server.environment(database.name, "analytics_maintainer")}

    def run():
        return subprocess.run(shlex.split(command), env=environment, capture_output=True, text=True)

    done = run()
    assert (done.returncode, done.stderr.count("NOTICE")) == (0, 11), done.stderr
    database.sql("INSERT INTO analytics_retention (name, what, keep) VALUES ('letters', 'dead_letters', '1 day')")
    database.sql("INSERT INTO analytics_dead_letters (reason, received_at) VALUES ('invalid_json', '2020-01-01Z')")
    database.sql("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'not this'; END$$")
    database.sql("CREATE TRIGGER refuse BEFORE DELETE ON analytics_dead_letters FOR EACH ROW EXECUTE FUNCTION refuse()")
    done = run()
    assert done.returncode != 0 and "dead_letters: P0001: not this" in done.stderr


def test_who_waits_is_seen(server, database):
    """Else the assertion of the next test could not fail."""
    waits = LockWaits(server, database)
    with contextlib.closing(database.connect()) as holder, contextlib.closing(database.connect()) as waiter:
        holder.cursor().execute("BEGIN")
        holder.cursor().execute("LOCK TABLE analytics_events")
        reads = threading.Thread(target=lambda: waiter.cursor().execute("SELECT count(*) FROM analytics_events"))
        reads.start()
        place.eventually(lambda: len(waits.but_of(set())) == 1, 60, what="a line about the wait")
        assert waits.but_of({waiter.info.backend_pid}) == []
        assert len(waits.but_of({holder.info.backend_pid})) == 1
        holder.cursor().execute("ROLLBACK")
        reads.join()


@pytest.mark.slow
def test_two_years_of_fifty_tenants(server, database):
    with Simulation(server, database, tenants=50) as days:
        days.run(730)
        waits = days.waits()
    print(*days.report(), f"waits for a lock of more than 100 ms: {len(waits)}", *waits, sep="\n")
    require_bounds(database, days)
    for name in BOUNDED:
        sizes = days.sizes[name]
        assert max(sizes[-120:]) <= 1.15 * max(sizes[240:360]), name
    assert waits == []
