"""A projection of version latest is dumped and restored: with the upcasts that it keeps, also while its next number is
being built, and goes on as if nothing had happened."""
import pytest

import use
import ways

WANTED = ["custom", "custom, four jobs", "plain, one transaction", "inserts", "the parent's trigger first"]
TOLD = "SELECT bucket_start, n_count, n_sum, n_min, n_max FROM seen"
NUMBERS = "SELECT id, upcasts::text, next_id, next_upcasts::text, last_id FROM analytics_projections"
DUE = """SELECT date_bin('1 day', occurred_at, '2000-01-01Z'), count(n), sum(n), min(n), max(n) FROM analytics_events
    CROSS JOIN LATERAL (SELECT (analytics_latest(event_type::text, payload) ->> 'n')::numeric) AS _ (n) GROUP BY 1"""


@pytest.fixture
def source(empty):
    """Two events, counted as they are upcast; and another upcast, by which the next number begins to be built."""
    database = empty()
    for statement in (
            "CREATE EXTENSION analytics_events",
            "SELECT analytics_create_partition('2023-05-01Z')",
            "CREATE FUNCTION doubled(jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS "
            "$$ SELECT $1 || jsonb_build_object('n', 2 * ($1 ->> 'n')::numeric) $$",
            "CREATE FUNCTION tripled(jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS "
            "$$ SELECT $1 || jsonb_build_object('n', 3 * ($1 ->> 'n')::numeric) $$",
            "INSERT INTO analytics_contracts (event_type, version, upcast) VALUES ('up', 1, 'public.doubled')",
            "CALL analytics_create_projection('seen', version => 'latest', bucket => '1 day', "
            "measures => '{\"n\": [\"n\"]}')",
            store(1), store(10),
            "UPDATE analytics_contracts SET upcast = 'public.tripled'",
            "SELECT _analytics_renew_projection('seen')", store(100)):
        database.sql(statement)
    return database


def store(number):
    return ("INSERT INTO analytics_events (event_type, source, occurred_at, payload) "
            f"VALUES ('up', 's', '2023-05-02Z', '{{\"n\": {number}}}')")


@pytest.mark.parametrize("way", WANTED)
def test_restored_with_its_upcasts_and_built_to_its_end(source, restored, way):
    copy = restored(source, ways.WAYS[way])
    assert copy.rows(NUMBERS) == source.rows(NUMBERS)
    assert copy.sql("SELECT n_sum FROM seen") == 2 * 111
    assert copy.rows(use.VERIFY) == []
    copy.sql("DELETE FROM analytics_events WHERE payload ->> 'n' = '10'")
    copy.sql(store(5))
    assert copy.sql("SELECT n_sum FROM seen") == 2 * 106
    copy.sql("CALL analytics_build_projection('seen')")
    assert copy.rows(TOLD) == copy.rows(DUE)
    assert copy.rows(use.VERIFY) == []
