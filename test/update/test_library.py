"""The library serves the SQL of earlier releases: between the package's update and ALTER EXTENSION all goes on."""
import pytest

from rig import releases

import use

FUNCTIONS = ("SELECT p.oid::regprocedure::text, fmgr_c_validator(p.oid) FROM pg_proc AS p JOIN pg_language AS l "
             "ON l.oid = prolang JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid "
             "WHERE lanname = 'c' AND deptype = 'e'")


@pytest.mark.parametrize("version", releases.earlier())
def test_every_function_of_an_earlier_release_has_its_symbol(empty, version):
    database = empty()
    database.sql(f"CREATE EXTENSION analytics_events VERSION '{version}'")
    assert database.rows(FUNCTIONS)


@pytest.mark.parametrize("version", releases.earlier())
def test_earlier_release_in_use_goes_on_as_before(released, version):
    """Ingesting by SQL and from Kafka, counts, replays, projections, dead letters, shapes, policies."""
    database = released(version)
    use.put_to_use(database)
    summary = database.sql("SELECT analytics_summary(10080, '2023-06-01Z')")
    assert summary["totalEvents"] == database.sql(
        "SELECT count(*) FROM analytics_events WHERE occurred_at BETWEEN '2023-05-25Z' AND '2023-06-01Z'")


@pytest.mark.parametrize("version", releases.earlier())
def test_earlier_release_says_what_to_run(empty, version):
    database = empty()
    database.sql(f"CREATE EXTENSION analytics_events VERSION '{version}'")
    extension, library, available, advice = database.sql("SELECT * FROM analytics_version()")
    assert (extension, library, available) == (version, releases.CURRENT, releases.CURRENT)
    assert advice == f"Run ALTER EXTENSION analytics_events UPDATE: it leads from {version} to {releases.CURRENT}."
