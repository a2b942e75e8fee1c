"""The grants of operating.md and the policies of extending.md, as they stand there, go together: the daemons work, and
no event is lost to a right. The documents' text is what is run; only the roles have names of this test's own, for roles
are the cluster's."""
import contextlib
import json
import re

import psycopg2
import pytest
import requests

from rig import daemon, place
from http_client import EVENTS, RECENT, event, get, post

LOGINS = ("analytics_ingestor", "analytics_api", "tenant_reader")


def statements(page, heading):
    """The SQL of a section, by its indentation."""
    text = (place.ROOT / "doc" / page).read_text()
    section = re.split(r"^## ", text[text.index(f"\n## {heading}\n") + 4:], flags=re.MULTILINE)[0]
    lines = [line[4:] for line in section.splitlines() if line.startswith("    ")]
    return "\n".join(line for line in lines if not re.match(r"(apt|cp|make|psql|sudo|systemctl) ", line))


def renamed(database, text):
    return re.sub("|".join(LOGINS), lambda match: f"{match[0]}_of_{database.name}", text)


@pytest.fixture
def documented(server, database):
    """The database with the documents' roles, grants and policies; gives a role's name here."""
    database.sql("CALL analytics_create_projection('signups')")
    database.sql(renamed(database, "CREATE ROLE tenant_reader LOGIN;" + statements("operating.md", "Install")
                         + statements("extending.md", "Tenants by row-level security")))
    yield lambda role: f"{role}_of_{database.name}"
    for role in LOGINS:
        database.sql(f"DROP OWNED BY {role}_of_{database.name}; DROP ROLE {role}_of_{database.name}")


def told(database, role, statement, tenant):
    connection = database.connect(role)
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.tenant', %s, false)", (tenant,))
        cursor.execute(statement)
        return cursor.fetchall()


def test_the_ingestor_stores_all_that_are_events(server, broker, database, topic, produce, documented):
    companion = topic + ".dlq"
    broker.create_topic(companion)
    sent = [event(n, tenantId=f"t{n % 3}") for n in range(12)] + [event(12), event(13, occurredAt=None)]
    produce(topic, [json.dumps(one).encode() for one in sent] + [b"no JSON", b"{}"])
    url = server.url(database.name, documented("analytics_ingestor"))
    with daemon.Ingestor(broker, url, topic, topic, ANALYTICS_KAFKA_DLQ_TOPIC=companion) as running:
        read = "SELECT sum(stored + dead_lettered + skipped) = 16 FROM analytics_kafka_offsets"
        place.eventually(lambda: database.sql(read), what="the batch")
        running.await_log(event="dead_letters_published")
    assert database.sql("SELECT count(*) FROM analytics_events") == len(sent)
    kept = database.rows("SELECT reason FROM analytics_dead_letters ORDER BY 1")
    assert kept == [("invalid_json",), ("unknown_shape",)]
    for tenant, count in (("t0", 4), ("", 0)):
        for asked in ("analytics_events", "analytics_counts('2026-03-04', '2026-03-05')", "signups"):
            counted = "count(*)" if asked == "analytics_events" else "coalesce(sum(count)::int, 0)"
            assert told(database, documented("tenant_reader"), f"SELECT {counted} FROM {asked}", tenant) == [(count,)]


def test_the_service_answers_and_stores(server, database, documented):
    database.sql("SELECT count(*) FROM analytics_ingest(ARRAY['{'::bytea])")
    with daemon.Http(server.url(database.name, documented("analytics_api"))) as service:
        assert post(service, event(1, tenantId="t")).status_code == 201
        assert get(service, RECENT).json()["count"] == 1
        for path in ("metrics/summary", "metrics/histogram", "projections", "projections/signups", "dead-letters",
                     "dead-letters/summary"):
            assert get(service, f"/v1/analytics/{path}").status_code == 200, path
        assert post(service, event(2, tenantId="t")).headers["Location"].startswith(EVENTS)
        assert replayed(service) == {"stillRefused": 1, "replayed": 0}


def replayed(service):
    answer = requests.post(service.url + "/v1/analytics/dead-letters/replay", timeout=30)
    assert answer.status_code == 200, answer.text
    return {name: answer.json()[name] for name in ("stillRefused", "replayed")}


def test_a_policy_that_is_not_bypassed_makes_no_dead_letter(server, broker, database, topic, produce, documented):
    server.sql(f"ALTER ROLE {documented('analytics_ingestor')} NOBYPASSRLS")
    produce(topic, [json.dumps(event(n, tenantId="t")).encode() for n in range(5)], partition=0)
    url = server.url(database.name, documented("analytics_ingestor"))
    with daemon.Ingestor(broker, url, topic, topic) as running:
        assert running.wait() == 1
    [refusal] = running.logs(event="database_refused")
    assert refusal["sqlstate"] == "42501"
    assert database.sql("SELECT count(*) FROM analytics_dead_letters") == 0
    with contextlib.closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor, \
            pytest.raises(psycopg2.errors.InsufficientPrivilege):
        cursor.execute("SELECT * FROM _analytics_ingest_batch('t', 0, ARRAY[%s::bytea], '{0}', NULL, NULL, NULL)",
                       (json.dumps(event(9, tenantId="t")),))
