"""roles.sql: with exactly its roles both daemons work, and nobody can more than is said there."""
import contextlib
import json
import re

import psycopg2
import pytest

from rig import daemon, place
from http_client import RECENT, event
from keys import KeyFile, ask, make_roles

ROLES = ("analytics_writer, analytics_reader, analytics_operator, analytics_tenant, analytics_ingestor, analytics_api, "
         "analytics_maintainer")


@pytest.fixture
def roles(server, database):
    make_roles(server, database)
    yield
    database.sql(f"DROP OWNED BY {ROLES}")


def can(database, role, statement):
    """Whether the role may; any other error than 42501 is one."""
    connection = database.connect(user="postgres", autocommit=False)
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL ROLE {role}")
            cursor.execute(statement)
        return True
    except psycopg2.errors.InsufficientPrivilege:
        return False
    finally:
        connection.close()


def test_it_may_be_run_again(server, database, roles):
    make_roles(server, database)


def test_the_ingestor_needs_no_more(server, broker, database, topic, produce, roles):
    produce(topic, [json.dumps(event(n)).encode() for n in range(20)] + [b"{", b'{"colour":"red"}'])
    with daemon.Ingestor(broker, server.url(database.name, "analytics_ingestor"), topic, topic) as running:
        running.await_log(event="partitions_ready")
        place.eventually(lambda: database.sql("SELECT count(*) FROM analytics_events") == 20, what="the events")
        place.eventually(lambda: database.sql("SELECT count(*) FROM analytics_dead_letters") == 2, what="the letters")


def test_http_needs_no_more(server, database, roles, tmp_path):
    ring = KeyFile(tmp_path / "keys")
    ring.add("all", "read,write,admin")
    database.sql("SELECT count(*) FROM analytics_ingest(%s::bytea[])", ([b"{"],))
    database.sql("CALL analytics_create_projection('kept')")
    with daemon.Http(server.url(database.name, "analytics_api"), ANALYTICS_HTTP_API_KEYS_FILE=ring.path) as service:
        key = ring["all"]
        assert ask(service, key, "/v1/analytics/events", "POST", json=event(1)).status_code == 201
        for path in (RECENT, "/v1/analytics/metrics/summary", "/v1/analytics/metrics/histogram",
                     "/v1/analytics/projections", "/v1/analytics/projections/kept", "/v1/analytics/dead-letters",
                     "/v1/analytics/dead-letters/summary"):
            assert ask(service, key, path).status_code == 200, path
        replayed = ask(service, key, "/v1/analytics/dead-letters/replay", "POST", data=b"")
        assert (replayed.status_code, replayed.json()["stillRefused"]) == (200, 1)


def test_policies_cost_the_logins_nothing(database, roles):
    """Where row-level security has to be asked, bulk storing and totals are out of reach."""
    for role in ("analytics_ingestor", "analytics_api"):
        assert database.sql(f"SELECT rolbypassrls FROM pg_roles WHERE rolname = '{role}'")


@pytest.mark.parametrize("role, statement", [
    ("analytics_ingestor", "DELETE FROM analytics_events"),
    ("analytics_ingestor", "UPDATE analytics_events SET source = 's'"),
    ("analytics_ingestor", "TRUNCATE analytics_events"),
    ("analytics_ingestor", "SELECT * FROM analytics_rollup_totals"),
    ("analytics_ingestor", "SELECT * FROM analytics_purge_dead_letters('1 day')"),
    ("analytics_ingestor", "SELECT analytics_create_partition('2001-01-01Z', '1 minute')"),
    ("analytics_api", "SELECT analytics_create_partition('2001-01-01Z', '1 minute')"),
    ("analytics_tenant", "SELECT analytics_create_partition('2001-01-01Z', '1 minute')"),
    ("analytics_tenant", "SELECT * FROM analytics_replay_dead_letters(accept_time => true)"),
    ("analytics_api", "SELECT * FROM analytics_replay_dead_letters(accept_time => true)"),
    ("analytics_ingestor", "INSERT INTO analytics_shapes (name) VALUES ('x')"),
    ("analytics_api", "DELETE FROM analytics_events"), ("analytics_api", "DELETE FROM analytics_dead_letters"),
    ("analytics_api", "UPDATE analytics_kafka_offsets SET next_offset = 0"),
    ("analytics_reader", "INSERT INTO analytics_untimed_keys VALUES (gen_random_uuid(), now())"),
    ("analytics_reader", "SELECT * FROM analytics_ingest('{}')"),
    ("analytics_tenant", "SELECT * FROM analytics_rollup_totals"), ("analytics_tenant", "DELETE FROM analytics_events"),
    ("analytics_tenant", "UPDATE analytics_events SET tenant_id = 'x'"),
    ("analytics_tenant", "SELECT * FROM analytics_ingest('{}')"),
    ("analytics_tenant", "UPDATE analytics_dead_letters SET reason = 'x'"),
    ("analytics_tenant", "SELECT * FROM analytics_replay_dead_letters()"),
    ("analytics_tenant", "INSERT INTO analytics_rollup_tenants SELECT * FROM analytics_rollup_tenants")])
def test_nobody_can_more(database, roles, role, statement):
    assert not can(database, role, statement)


def test_a_right_that_was_too_much_is_taken_back(server, database, roles):
    may = "SELECT array_agg(r::text ORDER BY r) FROM unnest(%s::regrole[]) AS r WHERE has_function_privilege(" \
          "r, 'analytics_create_partition(timestamptz, interval)', 'EXECUTE')"
    named = ("{" + ROLES.replace(" ", "") + "}",)
    database.sql("GRANT EXECUTE ON FUNCTION analytics_create_partition(timestamptz, interval) TO "
                 "analytics_writer, analytics_tenant, analytics_api")
    make_roles(server, database)
    assert database.sql(may, named) == ["analytics_operator"]
    assert can(database, "analytics_operator", "SELECT analytics_create_partition('2001-01-01Z', '1 day')")


def test_a_second_form_is_not_granted_with_the_first(server, database):
    """Nor is a form that the next release adds: the script fails, and names what it must name the types of."""
    database.sql("CREATE FUNCTION analytics_record_each(integer) RETURNS integer LANGUAGE sql AS 'SELECT $1'; "
                 "ALTER EXTENSION analytics_events ADD FUNCTION analytics_record_each(integer)")
    with pytest.raises(AssertionError, match="analytics_record_each"):
        make_roles(server, database)


def stored(database, *events):
    database.sql("SELECT count(*) FROM analytics_ingest(%s::bytea[])", ([json.dumps(one).encode() for one in events],))


def test_analysts_see_everything(database, roles):
    stored(database, event(1, tenantId="t"), event(2))
    database.sql("INSERT INTO analytics_dead_letters (reason) VALUES ('invalid_json')")
    for role in ("analytics_reader", "analytics_operator"):
        assert can(database, role, "SELECT 1 / analytics_open_dead_letters()")
        assert can(database, role, "SELECT 1 / (count(*) / 2) FROM analytics_events")
        assert can(database, role, "SELECT 1 / (sum(count)::int / 2) FROM analytics_counts('2026-03-04', '2026-03-05')")


def test_an_operator_compares_and_mends_the_rollups(database, roles):
    """Of every tenant, with no right to write them; a projection's bags are among them."""
    database.sql("CALL analytics_create_projection('kept')")
    stored(database, event(1, tenantId="t"), event(2))
    database.sql("INSERT INTO analytics_dead_letters (reason) VALUES ('invalid_json')")
    for table in ("rollup_totals", "rollup_tenants", "projection_bags", "dead_letter_counts"):
        database.sql(f"DELETE FROM analytics_{table}")
    connection = database.connect()
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute("SET ROLE analytics_operator")
        cursor.execute("SELECT DISTINCT rollup FROM analytics_verify() ORDER BY 1")
        assert cursor.fetchall() == [("dead letters",), ("projection kept",), ("tenants",), ("totals",)]
        cursor.execute("SELECT analytics_rebuild()")
        assert cursor.fetchone()[0] > 0
        cursor.execute("SELECT * FROM analytics_verify()")
        assert cursor.fetchall() == []
    assert not can(database, "analytics_reader", "SELECT * FROM analytics_verify()")
    assert not can(database, "analytics_operator", "DELETE FROM analytics_rollup_totals")


def test_tenants_without_a_name_see_nothing(database, roles):
    stored(database, event(1, tenantId="t"), event(2))
    for name in ("", "T", "u"):
        connection = database.connect(autocommit=False)
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('analytics_http.tenant', %s, true)", (name,))
            cursor.execute("SET LOCAL ROLE analytics_tenant")
            for table in ("analytics_events", "analytics_rollup_tenants", "analytics_projection_bags",
                          "analytics_dead_letters", "analytics_dead_letter_counts", "analytics_kafka_offsets"):
                cursor.execute(f"SELECT count(*) FROM {table}")
                assert cursor.fetchone() == (0,), table
        connection.close()


# ---- doc/security.md

SECURITY = (place.ROOT / "doc" / "security.md").read_text()
LISTED = ["writer", "reader", "operator", "tenant", "api", "maintainer"]  # analytics_ingestor is a writer
TABLES = """
    SELECT c.relname, r.name, string_agg(p.letter, '' ORDER BY p.number)
    FROM pg_class AS c, unnest(%s) AS r (name), (VALUES (1, 'r', 'SELECT'), (2, 'a', 'INSERT'), (3, 'w', 'UPDATE'),
        (4, 'd', 'DELETE'), (5, 'D', 'TRUNCATE'), (6, 'x', 'REFERENCES'), (7, 't', 'TRIGGER')) AS p (number, letter, of)
    WHERE c.relnamespace = 'public'::regnamespace AND c.relname LIKE 'analytics%%' AND NOT c.relispartition
        AND c.relkind IN ('r', 'p', 'v') AND has_table_privilege('analytics_' || r.name, c.oid, p.of)
    GROUP BY 1, 2"""
FUNCTIONS = """
    SELECT p.proname || CASE WHEN count(*) OVER (PARTITION BY p.proname, r.name) > 1
                             THEN format('(%%s)', p.pronargs) ELSE '' END
            || CASE WHEN p.prosecdef OR p.prosrc = 'analytics_as_owner' THEN '*' ELSE '' END, r.name,
        CASE WHEN has_function_privilege('analytics_' || r.name, p.oid, 'EXECUTE') THEN 'x' ELSE '' END
    FROM pg_proc AS p JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
    JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'analytics_events', unnest(%s) AS r (name)
    WHERE p.prorettype <> 'trigger'::regtype AND (p.prosecdef OR p.prosrc = 'analytics_as_owner'
        OR NOT EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) WHERE grantee = 0))"""


def table(database, query):
    """The rights as the page shows them: a row for what somebody may use."""
    rights = {}
    for name, role, letters in database.rows(query, (LISTED,)):
        rights.setdefault(name, {})[role] = letters
    return [f"| `{name}` | " + " | ".join(found.get(role, "") for role in LISTED) + " |"
            for name, found in sorted(rights.items()) if any(found.values())]


@pytest.mark.parametrize("what, query", [("tables", TABLES), ("functions", FUNCTIONS)])
def test_the_page_on_security_has_the_rights_of_the_roles(database, roles, what, query):
    [shown] = re.findall(f"<!-- {what} -->\n(.*?)<!-- end -->", SECURITY, re.DOTALL)
    assert shown.splitlines()[2:] == table(database, query)


@pytest.mark.parametrize("query", [TABLES, FUNCTIONS], ids=["tables", "functions"])
def test_the_ingestors_login_has_the_rights_of_a_writer(database, roles, query):
    def of(role):
        return sorted((name, letters) for name, _, letters in database.rows(query, ([role],)))

    assert of("ingestor") == of("writer")


def test_policies_hide_what_the_page_says(database, roles):
    [sentence] = re.findall("`analytics_tenant` sees its own.*?no row of", SECURITY, re.DOTALL)
    hidden = set(re.findall(r"`(analytics_\w+)`", sentence))
    own = database.sql("SELECT array_agg(polrelid::regclass::text) FROM pg_policy "
                       "WHERE polname = 'tenant' AND 'analytics_tenant'::regrole = ANY (polroles)")
    assert hidden == {"analytics_tenant", *own}


def test_the_page_names_the_maintainers_address():
    maintainer = json.loads((place.ROOT / "META.json").read_text())["maintainer"]
    assert re.search("<.*>", maintainer)[0] in SECURITY
