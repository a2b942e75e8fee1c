"""doc/backup.md: every command of the page is run, and comes to what the page says."""
import pytest

from rig import cluster, place, releases

import catalogue
import recipes
import use
import ways
from database import SETTINGS, Database, refusal

COUNTED = "SELECT sum(count)::integer FROM analytics_counts('0001-01-01Z', '9999-12-31Z')"
MONTH = "SELECT sum(count)::integer FROM analytics_counts('2023-05-01Z', '2023-06-01Z')"
RUN_ELSEWHERE = {"A newer PostgreSQL"}  # test_pg_upgrade.py


@pytest.fixture(scope="module")
def plain(server):
    """What app is made of: a database with roles and data, and nothing else hung on."""
    return furnish_plain(Database(server, "plain"))


def furnish_plain(database, version=releases.CURRENT):
    database.create()
    database.sql(f"CREATE EXTENSION analytics_events VERSION '{version}'")
    database.run(ways.roles_of(None if version == releases.CURRENT else version))
    database.run(ways.DATA, home="public")
    return database


@pytest.fixture
def app(plain, server):
    database = Database(server, "app").create(template="plain")
    yield database
    database.drop()


@pytest.fixture
def copy(server):
    database = Database(server, "copy")
    yield database
    database.drop()


@pytest.fixture
def follow(server, tmp_path):
    """follow(heading): runs the section's commands one after another; returns all that was said."""
    def followed(heading, clusters=None, **variables):
        said = []
        for block in recipes.sections()[heading]:
            at = {"": server, **(clusters or {})}.get(block.word)
            if at:
                code, words = recipes.run(block, at, tmp_path, **variables)
                assert code == 0, f"{block.text}\n{words}"
                said.append(words)
        return "".join(said)

    return followed


def test_every_section_is_tested():
    headings = {heading for heading, blocks in recipes.sections().items() if blocks}
    assert headings == set(TESTED) | RUN_ELSEWHERE


def backed_up(app, copy, follow):
    said = follow("One database")
    assert "(0 rows)" in said
    catalogue.same(app.fingerprint(), copy.fingerprint())


def over_itself(app, copy, follow):
    before = app.fingerprint()
    follow("Replace a database by its dump")
    catalogue.same(before, app.fingerprint())


def whole_cluster(app, copy, follow):
    follow("A whole cluster")  # the new server's half is test_matrix.py's


def structure_first(app, copy, follow):
    follow("Structure first, rows later")
    catalogue.same(app.fingerprint(), copy.fingerprint())


def month_or_table(app, copy, follow):
    before = app.fingerprint()
    follow("One month, or one table")
    catalogue.same(*([line for line in lines if not any(word in line[1] for word in ("bags", "rollup", "outbox"))]
                     for lines in (before, app.fingerprint())))
    assert app.sql(MONTH) == copy.sql(MONTH) == 31
    assert copy.rows(use.VERIFY) == []


def another_schema(app, copy, follow):
    before = app.sql(COUNTED)
    follow("Another schema")
    moved = Database(app.server, app.name, home="analytics")
    moved.run(ways.ROLES)
    assert moved.sql(COUNTED) == before
    assert moved.sql("SELECT stored FROM analytics_ingest(ARRAY[ops.event('new', '2026-06-06T00:00:00Z')])") == 1
    use.keeps_projections(moved)
    assert moved.rows(use.VERIFY) == []


def dropped_and_adopted(app, copy, follow):
    before = app.sql(COUNTED)
    assert "analytics_verify" in follow("Without the extension, and with it again")
    assert app.sql(COUNTED) == before


def removed(app, copy, follow):
    app.sql("DROP SCHEMA ops CASCADE")
    follow("Remove all data")
    assert app.sql("SELECT count(*) FROM pg_class WHERE relname LIKE 'analytics%'") == 0
    assert app.sql("SELECT count(*) FROM pg_extension WHERE extname LIKE 'analytics%'") == 0


def updated(app, copy, follow):
    """app and copy have the tables of the oldest release, copy by a restore."""
    if why_not := refusal(app.server, releases.earlier()[0]):
        pytest.skip(why_not)
    fresh = app.fingerprint()
    app.drop()
    furnish_plain(app, releases.earlier()[0])
    restore = "createdb -T template0 -E UTF8 copy && pg_dump -Fc app | pg_restore --exit-on-error -d copy"
    assert ways.run(app.server, restore, "/", "", "") == (0, "")
    said = follow("A newer version of the extension")
    assert said.count("Run ALTER EXTENSION analytics_events UPDATE") == 1
    for database in (app, copy):
        database.run(ways.ROLES)
    catalogue.same(catalogue.comparable(fresh), catalogue.comparable(app.fingerprint()))
    app.sql("SELECT analytics_create_tables()")  # as in the copy: a partition made by hand gets its triggers
    catalogue.same(*(catalogue.comparable(database.fingerprint()) for database in (app, copy)))


def one_tenant(app, copy, follow):
    events = app.sql("SELECT count(*) FROM analytics_events WHERE tenant_id = 'acme'")
    follow("One tenant's events, as a plain table")
    assert app.sql("SELECT to_regclass('acme_events')") is None
    assert copy.rows("SELECT tenant_id, count(*) FROM analytics_events GROUP BY 1") == [("acme", events)]
    assert copy.sql(COUNTED) == events
    assert copy.rows(use.VERIFY) == []


def another_owner(app, copy, follow):
    follow("Another owner")
    for role, month in ("app_owner", "2021-01"), ("analytics_ingestor", "2021-02"):
        for day in "2023-04-01", f"{month}-01":
            event = use.event(role, f"{day}T00:00:00Z", "acme").encode()
            assert app.sql("SELECT stored FROM analytics_ingest(ARRAY[%s::bytea])", (event,), user=role) == 1
    assert app.rows("SELECT DISTINCT relowner::regrole::text FROM pg_class JOIN pg_inherits ON inhrelid = oid "
                    "WHERE inhparent = 'analytics_events'::regclass AND relname LIKE 'analytics%'") == [("app_owner",)]
    assert app.rows(use.VERIFY) == []


def another_disk(app, copy, follow):
    before = app.sql(COUNTED)
    follow("Another disk")
    assert app.sql("SELECT count(*) FROM pg_class JOIN pg_tablespace AS t ON t.oid = reltablespace "
                   "WHERE spcname = 'cold' AND relname LIKE 'analytics_events_2023_04%'") == 2
    assert app.sql(COUNTED) == before


def bulk_load(app, copy, follow):
    before = app.sql(COUNTED)
    follow("A bulk load without WAL")
    assert app.sql("SELECT relpersistence FROM pg_class WHERE relname = 'analytics_events_2023_04'") == "p"
    assert app.sql(COUNTED) == before + 1000
    assert app.rows(use.VERIFY) == []


def clustered(app, copy, follow):
    before = app.sql(COUNTED)
    follow("Rows in the order of an index")
    assert app.sql("SELECT indisclustered FROM pg_index WHERE indexrelid = 'analytics_events_2023_04_pkey'::regclass")
    assert app.sql(COUNTED) == before


def replicated(app, copy, follow):
    """The first rows and what comes later, also in partitions that the subscriber lacks; changes and deletions."""
    with cluster.Cluster(app.server.installation, SETTINGS) as subscriber:
        copy = Database(subscriber, "copy").create()
        follow("Logical replication", {"subscriber": subscriber}, PUBLISHER=app.url)
        same_events(app, copy)
        app.sql("SELECT stored FROM analytics_ingest(ARRAY[ops.event('r1', '2021-05-05T00:00:00Z', 'acme'), "
                "ops.event('r2', '2023-04-05T00:00:00Z')])")
        app.sql("UPDATE analytics_events SET event_type = 'changed' WHERE occurred_at = '2021-05-05Z'")
        app.sql("DELETE FROM analytics_events WHERE occurred_at >= '2023-09-01Z' AND occurred_at < '2023-09-03Z'")
        same_events(app, copy)
        assert copy.rows("SELECT * FROM analytics_counts('2021-05-01Z', '2021-06-01Z')") == [("changed", 1)]
        assert copy.rows(use.VERIFY) == []
        copy.sql("DROP SUBSCRIPTION events")


def same_events(app, copy):
    digest = "SELECT count(*), md5(string_agg(e::text, '' ORDER BY e::text)) FROM analytics_events AS e"
    place.eventually(lambda: app.sql(digest) == copy.sql(digest), timeout=60, what="the subscriber's catching up")


TESTED = {
    "One database": backed_up, "Replace a database by its dump": over_itself,
    "A whole cluster": whole_cluster, "Structure first, rows later": structure_first,
    "One month, or one table": month_or_table, "Another schema": another_schema,
    "Without the extension, and with it again": dropped_and_adopted, "Remove all data": removed,
    "A newer version of the extension": updated, "One tenant's events, as a plain table": one_tenant,
    "Another owner": another_owner, "Another disk": another_disk, "A bulk load without WAL": bulk_load,
    "Rows in the order of an index": clustered, "Logical replication": replicated,
}


@pytest.mark.parametrize("heading", TESTED)
def test_recipe(heading, app, copy, follow):
    TESTED[heading](app, copy, follow)
