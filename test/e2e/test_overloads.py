"""Nobody's schema is searched: an exact overload of what a statement of ours uses is not called, whoever made it.

The statements are found by running everything once (workout.py) in a server that logs what it has parsed. Then decoys
are made of all that they use, in the extension's schema and in public, before the extension itself; and everything is
run again, by sessions whose search_path has those schemas and pg_temp before pg_catalog. What a decoy says in the
server's log is a hole; so is a step with another end than before.
"""
import contextlib

import pytest

import query_trees
from overloads import OURS, Catalog, Decoys, told
from workout import Workout

HOSTILE = f"pg_temp, {OURS}, public, pg_catalog"
# What a body may not do, and did: issue 13, A 1.
FAULTS = {
    "format(text, regclass)": "PERFORM format('%s', 'pg_catalog.pg_class'::regclass);",
    "jsonb_build_object(text, text, text, numeric)": "PERFORM jsonb_build_object('a', 'b'::text, 'c', 1::numeric);",
    "to_json(text)": "PERFORM to_json('a'::text);",
    "_analytics_sqlstate(character varying)": f"PERFORM {OURS}._analytics_sqlstate('too_deep'::varchar);",
}
FAULTY = """CREATE SCHEMA probe; CREATE FUNCTION probe.faulty() RETURNS pg_catalog.void
            LANGUAGE plpgsql SET search_path = {path} AS $$BEGIN {body} END$$"""


def prepare(database):
    database.sql("DROP EXTENSION analytics_events CASCADE")
    database.sql(f"CREATE SCHEMA {OURS}; GRANT CREATE, USAGE ON SCHEMA {OURS}, public TO PUBLIC")


def install(database):
    database.sql(f"CREATE EXTENSION analytics_events SCHEMA {OURS}")
    database.sql(FAULTY.format(path=f"pg_catalog, {OURS}, public, pg_temp", body=" ".join(FAULTS.values())))


@pytest.fixture
def calls(server, new_database, broker, topic, produce, tmp_path):
    """The catalog, what our statements call, and what came of the workout: in a database where nobody is hostile."""
    with new_database() as database:
        prepare(database)
        install(database)
        for setting in ("debug_print_parse = on", "debug_pretty_print = off"):
            server.sql(f"ALTER DATABASE {database.name} SET {setting}")
        position = server.log_size()
        outcomes = Workout(server, broker, database, topic, produce, tmp_path).run()
        database.sql("SELECT probe.faulty()")
        trees = query_trees.logged(server.log_since(position), database.name)
        with contextlib.closing(database.connect()) as connection:
            catalog = Catalog(connection)
        yield catalog, catalog.calls(trees), outcomes


def test_no_overload_is_called(server, new_database, broker, topic, produce, tmp_path, calls):
    catalog, wanted, expected = calls
    assert len(wanted) > 300
    with new_database() as database:
        prepare(database)
        decoys = Decoys(database, catalog, wanted)
        decoys.types()
        decoys.make()
        server.sql(f"ALTER DATABASE {database.name} SET search_path = {HOSTILE}")
        folder = tmp_path / "hostile"
        folder.mkdir()
        with told(server) as product:
            install(database)
            decoys.make()
            broker.create_topic(topic + ".hostile")
            outcomes = Workout(server, broker, database, topic + ".hostile", produce, folder, decoys.temporary()).run()
        assert product == []
        assert outcomes == expected
        assert sorted(set(decoys.wanted) - decoys.made) == []
        with told(server) as probe:
            database.sql("SELECT probe.faulty()")
        decoys.close()
        for name in FAULTS:
            assert f"{OURS}.{name}" in probe, "the trap does not bite"
