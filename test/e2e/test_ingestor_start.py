"""Before the first record: settings, what --check and --print-config say, what the database must have and may refuse,
and the rights that suffice."""
import json
import re

import psycopg2.errors
import pytest
from confluent_kafka.admin import NewTopic

from rig import daemon, place
from stream import QUICK_GROUP, Record, events

SECRET = "Qx9-never-shown"
WRITER_S_RIGHTS = re.compile(r"^    (GRANT [^;]* TO writer;)", re.MULTILINE)


def run(*arguments, **settings):
    """Runs the ingestor to its end: (exit code, what it wrote)."""
    with daemon.Daemon(daemon.INGESTOR, settings, arguments) as once:
        return once.wait(), once.output()


def refused(output):
    """{setting: message} of the settings that the output refuses."""
    entries = [json.loads(line) for line in output.splitlines()]
    return {entry["setting"]: entry["message"] for entry in entries if entry["event"] == "setting_refused"}


# ---- settings

def test_all_bad_settings_are_told_at_once_with_exit_78():
    bad = {"ANALYTICS_BATCH_RECORDS": "0", "ANALYTICS_BATCH_MS": "soon", "ANALYTICS_KAFKA_TOPIC": "a b",
           "ANALYTICS_KAFKA_AUTO_OFFSET_RESET": "middle", "ANALYTICS_LOG_LEVEL": "loud", "ANALYTICS_NONSENSE": "1",
           "ANALYTICS_DATABASE_URL": "postgresql://[", "ANALYTICS_KAFKA_X_NO_SUCH_THING": "1",
           "ANALYTICS_KAFKA_X_FETCH_MIN_BYTES": "few", "ANALYTICS_KAFKA_X_GROUP_ID": "mine",
           "ANALYTICS_KAFKA_SASL_PASSWORD_FILE": "/nowhere/at/all"}
    code, output = run(**bad)
    told = {name.removesuffix("_FILE") for name in bad}
    assert (code, set(refused(output))) == (78, told)


@pytest.mark.parametrize("name", ["ANALYTICS_KAFKA_SASL_PASSWORD", "ANALYTICS_KAFKA_X_SASL_OAUTHBEARER_CONFIG",
                                  "ANALYTICS_DATABASE_URL"])
def test_a_refused_setting_does_not_show_a_secret(name):
    code, output = run(**{name: f"postgresql://u:{SECRET}@[", "ANALYTICS_BATCH_MS": "soon"})
    assert (code, SECRET in output) == (78, False)


def test_an_owned_property_is_refused_with_the_setting_to_use():
    code, output = run("-X", "group.id=mine")
    assert (code, list(refused(output))) == (78, ["-X group.id"])
    assert "ANALYTICS_KAFKA_CONSUMER_GROUP" in refused(output)["-X group.id"]


CAN_T_WORK = {
    "a broken expression": {"ANALYTICS_KAFKA_TOPIC": "^["},
    "a topic twice": {"ANALYTICS_KAFKA_TOPIC": "a,a"},
    "an empty topic": {"ANALYTICS_KAFKA_TOPIC": "a,,b"},
    "an expression for Kafka's own": {"ANALYTICS_KAFKA_TOPIC": "^__consumer.*"},
    "a companion that is read": {"ANALYTICS_KAFKA_TOPIC": "a,b", "ANALYTICS_KAFKA_DLQ_TOPIC": "b"},
    "a companion that is matched": {"ANALYTICS_KAFKA_TOPIC": "^.*", "ANALYTICS_KAFKA_DLQ_TOPIC": "b"},
    "no topic's name": {"ANALYTICS_KAFKA_TOPIC": "a", "ANALYTICS_KAFKA_DLQ_TOPIC": "."},
    "no port": {"ANALYTICS_KAFKA_BOOTSTRAP_SERVERS": "localhost:kafka"},
    "no host": {"ANALYTICS_KAFKA_BOOTSTRAP_SERVERS": "a;b"},
    "another protocol": {"ANALYTICS_KAFKA_BOOTSTRAP_SERVERS": "SSL://localhost:9093"},
    "no such CA": {"ANALYTICS_KAFKA_SECURITY_PROTOCOL": "ssl", "ANALYTICS_KAFKA_SSL_CA_LOCATION": "/nowhere"},
    "no user": {"ANALYTICS_KAFKA_SECURITY_PROTOCOL": "sasl_plaintext", "ANALYTICS_KAFKA_SASL_MECHANISM": "PLAIN"},
    "time-outs that contradict": {"ANALYTICS_KAFKA_X_SESSION_TIMEOUT_MS": "400000"},
    "a database's port": {"ANALYTICS_DATABASE_URL": "postgresql://localhost:99999/x"},
    "a database's sslmode": {"ANALYTICS_DATABASE_URL": "postgresql://localhost/x?sslmode=perhaps"},
    "a database's service": {"ANALYTICS_DATABASE_URL": "service=there-is-none"},
}


@pytest.mark.parametrize("arguments", [(), ("--check",)], ids=["start", "check"])
@pytest.mark.parametrize("settings", CAN_T_WORK.values(), ids=CAN_T_WORK)
def test_settings_that_can_t_work_exit_78_before_anything_is_asked(settings, arguments):
    code, output = run(*arguments, **settings)
    assert (code, len(refused(output))) == (78, 1)


def test_settings_that_can_t_work_together_are_told_with_those_that_are_bad_by_themselves():
    code, output = run(**CAN_T_WORK["a companion that is read"], **CAN_T_WORK["no port"],
                       **CAN_T_WORK["a database's sslmode"], ANALYTICS_BATCH_MS="soon")
    assert (code, set(refused(output))) == (78, {
        "ANALYTICS_KAFKA_DLQ_TOPIC", "ANALYTICS_KAFKA_BOOTSTRAP_SERVERS", "ANALYTICS_DATABASE_URL",
        "ANALYTICS_BATCH_MS"})


@pytest.mark.parametrize("argument", ["--nonsense", "argument", "-X"])
def test_an_unknown_argument_exits_64(argument):
    assert run(argument)[0] == 64


def test_version_is_meta_json_s():
    version = json.loads((place.ROOT / "META.json").read_text())["version"]
    assert run("--version") == (0, f"analytics-ingestor {version}\n")


def test_print_config_masks_secrets(tmp_path):
    file = tmp_path / "password"
    file.write_text(SECRET + "\n")
    code, output = run("--print-config", ANALYTICS_DATABASE_URL=f"postgresql://me:{SECRET}@db.example:5433/events",
                       ANALYTICS_POSTGRES_PASSWORD=SECRET, ANALYTICS_KAFKA_SASL_PASSWORD_FILE=file,
                       ANALYTICS_KAFKA_SSL_KEY_PASSWORD=SECRET, ANALYTICS_KAFKA_X_SASL_OAUTHBEARER_CONFIG=SECRET)
    assert (code, SECRET in output) == (0, False)
    assert "db.example" in output and "ANALYTICS_KAFKA_SASL_PASSWORD=***" in output.splitlines()


def test_print_config_tells_what_is_in_force():
    code, output = run("--print-config", ANALYTICS_BATCH_RECORDS=17, ANALYTICS_KAFKA_X_FETCH_MIN_BYTES=5)
    lines = output.splitlines()
    assert code == 0
    assert {"ANALYTICS_BATCH_RECORDS=17", "ANALYTICS_KAFKA_TOPIC=analytics.events",
            "ANALYTICS_KAFKA_X_FETCH_MIN_BYTES=5"} <= set(lines)


def test_help_names_every_setting_that_print_config_prints():
    shown = {line.split("=")[0] for line in run("--print-config")[1].splitlines()}
    code, text = run("--help")
    assert code == 0 and shown and {name for name in shown if name not in text} == set()


# ---- --check

@pytest.fixture
def well(kafka, database, topic):
    """Settings with which all is well."""
    return {"ANALYTICS_KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap, "ANALYTICS_KAFKA_TOPIC": topic,
            "ANALYTICS_KAFKA_CONSUMER_GROUP": topic, "ANALYTICS_DATABASE_URL": database.url}


def unreachable(output):
    entries = [json.loads(line) for line in output.splitlines()]
    return [entry["dependency"] for entry in entries if entry["event"] == "dependency_unreachable"]


def nobody():
    return place.free_ports(1)[0]


def test_check_passes_when_all_is_well(well):
    code, output = run("--check", **well)
    assert (code, unreachable(output)) == (0, [])


@pytest.mark.parametrize("sick", [["postgresql"], ["kafka", "postgresql"]], ids="-".join)
def test_check_names_what_is_unreachable_with_exit_69(well, sick):
    if "kafka" in sick:
        well["ANALYTICS_KAFKA_BOOTSTRAP_SERVERS"] = f"127.0.0.1:{nobody()}"
    if "postgresql" in sick:
        well["ANALYTICS_DATABASE_URL"] = f"postgresql://postgres:{SECRET}@127.0.0.1:{nobody()}/none"
    code, output = run("--check", **well)
    assert (code, sorted(unreachable(output)), SECRET in output) == (69, sick, False)


def test_check_fails_without_the_extension(well, database):
    database.sql("DROP EXTENSION analytics_events CASCADE")
    code, output = run("--check", **well)
    assert (code, unreachable(output)) == (69, ["postgresql"])
    assert "analytics_events" in output


@pytest.mark.parametrize("right", ["EXECUTE ON FUNCTION analytics_claim_partition", "INSERT ON analytics_dead_letters",
                                   "EXECUTE ON FUNCTION analytics_create_partition(timestamptz)"])
def test_check_names_a_missing_right(well, database, writer, right):
    granted(database, writer)
    database.sql(f"REVOKE {right} FROM {writer}")
    code, output = run("--check", **{**well, "ANALYTICS_DATABASE_URL": url_of(database, writer)})
    name = right.split()[-1].partition("(")[0]
    assert (code, unreachable(output), name in output) == (69, ["postgresql"], True), output


def test_check_passes_with_the_documented_rights(well, database, writer):
    granted(database, writer)
    assert run("--check", **{**well, "ANALYTICS_DATABASE_URL": url_of(database, writer)})[0] == 0


def test_check_says_when_the_server_is_read_only(well, database, server):
    database.sql(f"ALTER DATABASE {database.name} SET default_transaction_read_only = on")
    code, output = run("--check", **well)
    assert (code, unreachable(output), "25006" in output) == (69, ["postgresql"], True), output


@pytest.mark.parametrize("table", ["analytics_kafka_offsets", "analytics_events", "analytics_dead_letters"])
def test_check_leaves_nothing_behind(well, database, table):
    assert run("--check", **well)[0] == 0
    assert database.sql(f"SELECT count(*) FROM {table}") == 0


# ---- --check of feeds

@pytest.fixture
def feed(kafka, database, topic):
    """feed(argument=value, …): a feed with a topic that exists, whose name is returned."""
    def made(topic=topic + ".feed", policy="delete", name="f", **arguments):
        [done] = kafka.admin.create_topics([NewTopic(topic, 2, 1, config={"cleanup.policy": policy})]).values()
        done.result(30)
        given = "".join(f", {argument} => '{value}'" for argument, value in arguments.items())
        database.sql(f"CALL analytics_create_feed('{name}', topic => '{topic}'{given})")
        return topic
    return made


def checked(output, event="feed_checked"):
    return [entry for entry in map(json.loads, output.splitlines()) if entry["event"] == event]


def test_check_names_the_feeds_that_it_would_publish(well, feed, topic):
    feed()
    feed(topic + ".g", name="g")
    code, output = run("--check", **well)
    assert (code, [(entry["feed"], entry["topic"], entry["partitions"]) for entry in checked(output)]) == (
        0, [("f", topic + ".feed", 2), ("g", topic + ".g", 2)]), output
    assert checked(run("--check", ANALYTICS_FEEDS="g", **well)[1])[0]["feed"] == "g"
    assert checked(run("--check", ANALYTICS_FEEDS="none", **well)[1]) == []


def test_check_of_a_feed_disturbs_nobody_who_publishes_it(well, database, feed, ingestor):
    feed()
    running = ingestor()
    running.await_log(event="feed_claimed")
    code, output = run("--check", **well)
    [entry] = checked(output)
    assert code == 0 and entry["heartbeat_seconds"] < 10
    assert entry["publisher"] == database.sql("SELECT publisher FROM analytics_feed_publishers")
    database.sql("SELECT analytics_republish_feed('f')")  # the next claim, which Kafka would refuse if it were fenced
    place.eventually(lambda: len(running.logs(event="feed_claimed")) == 2, what="a publisher that goes on")
    assert running.logs(event="feed_fenced") == []


def test_check_of_a_feed_leaves_nothing_behind(well, database, feed):
    feed()
    ticks = database.rows("SELECT tick FROM analytics_ticks")
    assert run("--check", **well)[0] == 0
    assert database.sql("SELECT count(*) FROM analytics_feed_publishers") == 0
    assert database.rows("SELECT tick FROM analytics_ticks") == ticks


def test_check_names_a_feed_without_its_topic(well, database, topic):
    database.sql(f"CALL analytics_create_feed('f', topic => '{topic}.nowhere')")
    code, output = run("--check", **well)
    assert (code, unreachable(output), 'feed \\"f\\": topic' in output) == (69, ["kafka"], True), output


@pytest.mark.parametrize("key, is_doubtful", [("id", False), ("tenant", True), ("/customer", True)])
def test_check_doubts_a_compacted_topic_whose_messages_may_have_no_key(well, feed, key, is_doubtful):
    feed(policy="compact", key=key)
    code, output = run("--check", **well)
    assert (code, [key in entry["message"] for entry in checked(output, "feed_doubtful")]) == (
        0, [True] if is_doubtful else []), output


@pytest.mark.parametrize("right", ["analytics_tick_feeds", "analytics_claim_feeds", "analytics_feed_messages"])
def test_check_names_a_missing_right_of_feeds(well, database, writer, right):
    granted(database, writer)
    database.sql(f"REVOKE EXECUTE ON FUNCTION {right} FROM {writer}")
    well = {**well, "ANALYTICS_DATABASE_URL": url_of(database, writer)}
    code, output = run("--check", **well)
    assert (code, unreachable(output), right in output) == (69, ["postgresql"], True), output
    assert run("--check", ANALYTICS_FEEDS="none", **well)[0] == 0


@pytest.mark.parametrize("feeds", ["all", "none"])
def test_check_names_the_dead_letter_topic(well, database, feed, topic, feeds):
    feed(topic + ".dlq", source="dead_letters", name="other")
    database.sql("SELECT analytics_drop_feed('other')")
    code, output = run("--check", ANALYTICS_FEEDS=feeds, ANALYTICS_KAFKA_DLQ_TOPIC=topic + ".dlq", **well)
    assert (code, [(entry["feed"], entry["topic"]) for entry in checked(output)]) == (
        0, [("dead_letters", topic + ".dlq")]), output
    assert database.sql("SELECT count(*) FROM analytics_feeds") == 0
    code, output = run("--check", ANALYTICS_FEEDS=feeds, ANALYTICS_KAFKA_DLQ_TOPIC=topic + ".nowhere", **well)
    assert (code, unreachable(output), topic + ".nowhere" in output) == (69, ["kafka"], True), output


@pytest.mark.parametrize("right", ["analytics_feed_dead_letters", "analytics_dead_letter_messages",
                                   "analytics_skip_dead_letter"])
def test_check_names_a_missing_right_of_the_dead_letter_topic(well, database, writer, topic, right):
    granted(database, writer)
    database.sql(f"REVOKE EXECUTE ON FUNCTION {right} FROM {writer}")
    well = {**well, "ANALYTICS_DATABASE_URL": url_of(database, writer), "ANALYTICS_KAFKA_DLQ_TOPIC": topic + ".dlq"}
    code, output = run("--check", **well)
    assert (code, unreachable(output), right in output) == (69, ["postgresql"], True), output


# ---- what the database must have

def test_a_database_without_the_extension_ends_it_with_1_and_what_to_do(stream, ingestor):
    stream.database.sql("DROP EXTENSION analytics_events CASCADE")
    running = ingestor(**QUICK_GROUP)
    assert running.wait() == 1
    [refusal] = running.logs(event="database_refused")
    assert "analytics_events" in refusal["message"] and "CREATE EXTENSION" in refusal["hint"]


@pytest.mark.parametrize("version, advice", [("0.0.9", "ALTER EXTENSION analytics_events UPDATE;"),
                                             ("9.8.7", "install analytics-ingestor of version 9.8.7"),
                                             ("0.10.0", "install analytics-ingestor of version 0.10.0")])
def test_another_version_s_extension_ends_it_with_1_and_what_to_do(stream, ingestor, well, version, advice):
    stream.database.sql(f"UPDATE pg_extension SET extversion = '{version}' WHERE extname = 'analytics_events'")
    running = ingestor(**QUICK_GROUP)
    assert running.wait() == 1
    [refusal] = running.logs(event="database_refused")
    assert (refusal["sqlstate"], version in refusal["message"], refusal["hint"]) == ("0A000", True, advice)
    code, output = run("--check", **well)
    assert (code, [json.loads(line).get("hint") for line in output.splitlines()]) == (69, [advice])


def test_tables_of_an_earlier_release_end_it_with_1_and_what_to_do(stream, ingestor):
    stream.database.sql("DROP TABLE analytics_table_changes")
    running = ingestor(**QUICK_GROUP)
    assert running.wait() == 1
    [refusal] = running.logs(event="database_refused")
    assert (refusal["sqlstate"], refusal["hint"]) == ("0A000", "SELECT public.analytics_create_tables();")


def loads(database, version):
    """From now on the server's library is of that version, as far as it says."""
    database.sql("CREATE OR REPLACE FUNCTION _analytics_library_version() RETURNS text LANGUAGE sql IMMUTABLE "
                 f"AS $$SELECT '{version}'$$")


def test_an_earlier_library_ends_it_with_1_and_what_to_do(stream, ingestor):
    loads(stream.database, "0.0.9")
    running = ingestor(**QUICK_GROUP)
    assert running.wait() == 1
    [refusal] = running.logs(event="database_refused")
    assert (refusal["sqlstate"], refusal["hint"]) == (
        "0A000", "install the package of the extension's version, and restart the server")


def test_a_later_library_will_do(stream, ingestor):
    """So a restart between the installation of a package and ALTER EXTENSION … UPDATE does no harm."""
    loads(stream.database, "9.8.7")
    ingestor(**QUICK_GROUP)
    stream.await_taken()


def test_a_later_release_of_the_same_series_will_do(stream, ingestor):
    series = json.loads((place.ROOT / "META.json").read_text())["version"].rsplit(".", 1)[0]
    stream.database.sql(f"UPDATE pg_extension SET extversion = '{series}.77' WHERE extname = 'analytics_events'")
    ingestor(**QUICK_GROUP)
    stream.await_taken()


def test_an_extension_that_goes_under_a_running_ingestor_ends_it_with_1(stream, ingestor):
    running = ingestor(**QUICK_GROUP)
    stream.await_taken()
    stream.database.sql("DROP EXTENSION analytics_events CASCADE")
    stream.produce(events(1))
    assert running.wait() == 1
    assert len(running.logs(event="database_refused")) == 1


def test_a_right_that_is_taken_from_a_running_ingestor_ends_it_with_1(stream, ingestor, writer):
    granted(stream.database, writer)
    running = ingestor(ANALYTICS_DATABASE_URL=url_of(stream.database, writer), **QUICK_GROUP)
    stream.await_taken()
    stream.database.sql(f"REVOKE INSERT ON analytics_events FROM {writer}")
    stream.produce(events(1))
    assert running.wait() == 1
    [refusal] = running.logs(event="database_refused")
    assert (refusal["sqlstate"], "analytics_events" in refusal["message"]) == ("42501", True)


def test_a_database_that_does_not_exist_ends_it_with_1(stream, ingestor):
    running = ingestor(ANALYTICS_DATABASE_URL=stream.database.url.replace(stream.database.name, "no_such_database"))
    assert running.wait() == 1
    [refusal] = running.logs(event="database_refused")
    assert (refusal["sqlstate"], "no_such_database" in refusal["message"]) == ("3D000", True)


@pytest.fixture
def writer(server, database):
    """A role that may do nothing yet: its name, which is also its database's."""
    name = f"writer_of_{database.name}"
    server.sql(f"CREATE ROLE {name} LOGIN")
    yield name
    database.sql(f"DROP OWNED BY {name}")
    server.sql(f"DROP ROLE {name}")


def granted(database, writer):
    """Grants what the reference tells an operator to grant."""
    text = (place.ROOT / "doc/analytics_events.md").read_text()
    grants = WRITER_S_RIGHTS.findall(text[text.index("\nRights\n"):])
    assert grants
    for grant in grants:
        database.sql(grant.replace("TO writer;", f"TO {writer}"))


def url_of(database, writer):
    return database.server.url(database.name, writer)


def test_the_documented_rights_suffice(stream, ingestor, writer):
    granted(stream.database, writer)
    stream.produce([*(record.value for record in events(8)), b"{}", b"no JSON", None,
                    b'{"eventType":"e","source":"s","eventId":"untimed","payload":{"number":8}}'])
    ingestor(ANALYTICS_DATABASE_URL=url_of(stream.database, writer), **QUICK_GROUP)
    stream.await_read()
    assert (stream.totals(), stream.numbers()) == ((9, 0, 1, 2), list(range(9)))


def test_the_documented_rights_suffice_in_a_schema_out_of_the_search_path(stream, ingestor, writer):
    stream.database.rows("SELECT analytics_drop_tables('analytics_events'); DROP EXTENSION analytics_events CASCADE; "
                         "CREATE SCHEMA \"Far away\"; "
                         "CREATE EXTENSION analytics_events SCHEMA \"Far away\"")
    stream.database.rows(f"GRANT USAGE ON SCHEMA \"Far away\" TO {writer}; "
                         f"ALTER DATABASE {stream.database.name} SET search_path = public, \"Far away\"")
    granted(stream.database, writer)
    stream.database.sql(f"ALTER ROLE {writer} SET search_path = public")
    stream.produce(events(8))
    ingestor(ANALYTICS_DATABASE_URL=url_of(stream.database, writer), **QUICK_GROUP)
    stream.await_read()
    assert stream.numbers() == list(range(8))


@pytest.mark.parametrize("right", ["INSERT ON analytics_events", "INSERT ON analytics_dead_letters",
                                   "UPDATE ON analytics_kafka_offsets", "EXECUTE ON FUNCTION analytics_ingest_kafka"])
def test_a_missing_right_ends_it_with_1_and_is_named(stream, ingestor, writer, right):
    granted(stream.database, writer)
    stream.database.sql(f"REVOKE {right} FROM {writer}")
    stream.produce([*events(1, partition=0), Record(b"no JSON", 0)])
    running = ingestor(ANALYTICS_DATABASE_URL=url_of(stream.database, writer), **QUICK_GROUP)
    assert running.wait() == 1
    [refusal] = running.logs(event="database_refused")
    assert (refusal["sqlstate"], right.split()[-1] in refusal["message"]) == ("42501", True)
    assert stream.offsets().get(0, 0) == 0


def test_a_role_without_rights_may_not_store(database, writer):
    connection = psycopg2.connect(url_of(database, writer))
    with connection, connection.cursor() as cursor, pytest.raises(psycopg2.errors.InsufficientPrivilege):
        cursor.execute("SELECT * FROM analytics_ingest(ARRAY['{}'::bytea])")
    connection.close()
