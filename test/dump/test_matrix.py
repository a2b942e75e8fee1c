"""A database in use, dumped and restored in every way that pg_dump has: the copy equals the original by its
fingerprint, keeps tenants apart, and goes on where the original stood."""
import pytest
from confluent_kafka import Producer

from rig import cluster, daemon, place

import catalogue
import use
import ways
from conftest import KeyFile, topic_name
from database import SETTINGS, Database, furnish


@pytest.mark.parametrize("way", ways.WAYS)
def test_restored_copy_equals_the_original_and_goes_on(estate, restored, way):
    copy = restored(estate, ways.WAYS[way])
    catalogue.same(estate.lines, copy.fingerprint())
    use.put_to_use(copy)


@pytest.mark.parametrize("way", ways.OVER_ITSELF)
def test_restored_over_itself(estate, empty, server, tmp_path, way):
    copy = empty()
    code, said = ways.run(server, ways.OVER_ITSELF[way], tmp_path, estate.name, copy.name)
    errors = [line for line in said.splitlines() if "ERROR" in line]
    assert code == 0 and all(ways.REFUSED in error for error in errors), said
    catalogue.same(estate.lines, copy.fingerprint())
    use.put_to_use(copy)


def without_trigger_states(lines):
    """--disable-triggers leaves every trigger of the tables that it filled enabled, as PostgreSQL documents."""
    return [(kind, name, fact[:fact.rindex(", of ") - 1] if kind == "trigger" else fact) for kind, name, fact in lines]


def test_schema_then_data_with_triggers_disabled(estate, restored):
    copy = restored(estate, ways.SCHEMA_THEN_DATA.format(options="--disable-triggers"))
    copy.sql("REFRESH MATERIALIZED VIEW ops.daily")  # belongs to neither half
    catalogue.same(without_trigger_states(estate.lines), without_trigger_states(copy.fingerprint()))
    use.put_to_use(copy)


def test_extension_in_another_schema(server, restored):
    elsewhere = furnish(Database(server, "elsewhere", home="the tables"))
    copy = restored(elsewhere, ways.WAYS["directory by two jobs, four jobs"])
    catalogue.same(elsewhere.fingerprint(), copy.fingerprint())
    use.put_to_use(copy)


def test_whole_cluster(estate, server, tmp_path):
    """pg_dumpall: with roles, memberships and tablespaces. The superuser is there already: the one error."""
    lines = [line for line in estate.lines]
    server.sql("ALTER DATABASE estate SET search_path = public; ALTER ROLE dump_reader SET analytics.max_depth = 32")
    try:
        lines = estate.fingerprint()
        code, said = ways.run(server, "pg_dumpall -f $DIR/all", tmp_path, "", "")
    finally:
        server.sql("ALTER ROLE dump_reader RESET ALL; ALTER DATABASE estate RESET ALL")
    assert (code, said) == (0, ""), said
    with cluster.Cluster(server.installation, SETTINGS) as other:
        cold = place.server_folder("cold")
        old = server.sql("SELECT pg_tablespace_location(oid) FROM pg_tablespace WHERE spcname = 'cold'")
        (tmp_path / "all").write_text((tmp_path / "all").read_text().replace(old, str(cold)))  # as on another machine
        code, said = ways.run(other, "psql -X -q -f $DIR/all postgres >$DIR/rows", tmp_path, "", "")
        errors = [line for line in said.splitlines() if "ERROR" in line]
        assert len(errors) == 1 and 'role "postgres" already exists' in errors[0]
        copy = Database(other, "estate")
        catalogue.same(lines, copy.fingerprint())
        use.put_to_use(copy)


@pytest.fixture
def ring(tmp_path):
    keys = KeyFile(tmp_path / "keys")
    keys.add("all", "read,write,admin")
    for tenant in ("acme", "zenith"):
        keys.add(tenant, "read,write", f"tenant={tenant}")
    return keys


def test_restored_tenants_are_kept_apart_over_http(estate, restored, ring):
    copy = restored(estate, ways.WAYS["custom"])
    url = copy.server.url(copy.name, "analytics_api")
    with daemon.Http(url, ANALYTICS_HTTP_API_KEYS_FILE=ring.path) as service:
        use.serves_tenants_apart(service, ring)


def test_ingestor_reads_on_exactly_once_in_the_copy(estate, restored, broker):
    """The copy's ingestor goes on from where the dump was made, once it has adopted the group; and the original's, when
    the group is given back to it, likewise."""
    topic, events = topic_name(), 200
    broker.create_topic(topic)
    producer = Producer({"bootstrap.servers": broker.bootstrap})

    def produce(numbers):
        for number in numbers:
            producer.produce(topic, use.event(f"stream {number}", "2023-04-05T00:00:00Z", "acme"))
        assert producer.flush(30) == 0

    def read_to(database, count, *arguments):
        url = database.server.url(database.name, "analytics_ingestor")
        with daemon.Ingestor(broker, url, topic, topic, arguments=arguments, ANALYTICS_BATCH_MS=20):
            place.eventually(lambda: database.sql(use.READ, (topic,)) == count, what=f"{count} records read")

    first = restored(estate, ways.WAYS["custom"])
    produce(range(events // 2))
    read_to(first, events // 2)
    second = restored(first, ways.WAYS["directory by two jobs, four jobs"])
    produce(range(events // 2, events))
    for database in (second, first):
        read_to(database, events, "--adopt-group")
        assert database.sql("SELECT count(DISTINCT id) FROM analytics_events WHERE occurred_at = '2023-04-05Z' "
                            "AND tenant_id = 'acme' AND payload = '{}'") == events
        assert database.sql("SELECT sum(stored) FROM analytics_kafka_offsets WHERE topic = %s", (topic,)) == events
        assert database.rows(use.VERIFY) == []
