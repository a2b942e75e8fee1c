"""The link's security, against a broker and a server that really demand it: both as localhost only, with certificates
of an authority that nobody else knows, a password each, and for the broker's other listener a certificate of the
client's."""
import json
import os
import re

import pytest

from rig import authority, cluster, daemon, installation
from rig import broker as brokers
from stream import QUICK_GROUP, Stream, event

USER = "analytics_ingestor"
KAFKA_SECRET = "Kq7-never-shown"
KEY_SECRET = "Kk4-never-shown"
DATABASE_SECRET = "Dq5-never-shown"
SECRETS = (KAFKA_SECRET, KEY_SECRET, DATABASE_SECRET)


@pytest.fixture(scope="module")
def trusted(tmp_path_factory):
    return authority.Authority(tmp_path_factory.mktemp("trusted"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    """An authority that signed nothing here."""
    return authority.Authority(tmp_path_factory.mktemp("stranger"))


@pytest.fixture(scope="module")
def guarded_broker(broker, trusted):
    if broker.kind != "kafka":
        pytest.skip(f"needs an Apache Kafka of its own, the broker here is {broker.kind}")
    if why_not := brokers.fetch(brokers.GuardedKafka.version):
        pytest.skip(f"needs Apache Kafka {brokers.GuardedKafka.version}: {why_not}")
    with brokers.GuardedKafka(trusted, USER, KAFKA_SECRET) as running:
        yield running


@pytest.fixture(scope="module")
def guarded_server(trusted):
    with cluster.GuardedCluster(installation.with_extension(), trusted) as running:
        running.sql("CREATE EXTENSION analytics_events")
        running.sql(f"CREATE ROLE {USER} LOGIN SUPERUSER PASSWORD '{DATABASE_SECRET}'")
        yield running
        assert not running.faults_since()


@pytest.fixture
def secret(tmp_path):
    """secret(text): a file with that text and a newline, as an editor leaves it."""
    def written(text):
        file = tmp_path / f"secret-{len(list(tmp_path.iterdir()))}"
        file.write_text(text + "\n")
        return file

    return written


@pytest.fixture
def topic(guarded_broker):
    name = f"e2e.secure.{os.getpid()}.{len(guarded_broker.admin.list_topics(timeout=10).topics)}"
    guarded_broker.create_topic(name)
    return name


@pytest.fixture
def stream(guarded_broker, guarded_server, topic):
    return Stream(guarded_broker, Tables(guarded_server), topic)


class Tables:
    """What a Stream asks of a database."""

    def __init__(self, server):
        self.server = server

    def rows(self, statement, parameters):
        quoted = tuple(f"'{value}'" for value in parameters)
        found = self.server.sql("SELECT coalesce(json_agg(json_build_array(partition, next_offset)), '[]') FROM ("
                                + statement % quoted + ") AS r")
        return [tuple(row) for row in json.loads(found)]


@pytest.fixture
def settings(guarded_broker, guarded_server, trusted, topic, secret):
    """Settings with which all is well: SCRAM over TLS, verify-full, passwords from files. localhost has two addresses,
    and the broker one of them."""
    return {"ANALYTICS_KAFKA_BOOTSTRAP_SERVERS": guarded_broker.secure,
            "ANALYTICS_KAFKA_X_BROKER_ADDRESS_FAMILY": "v4",
            "ANALYTICS_KAFKA_TOPIC": topic, "ANALYTICS_KAFKA_CONSUMER_GROUP": topic,
            "ANALYTICS_KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "ANALYTICS_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
            "ANALYTICS_KAFKA_SASL_USERNAME": USER, "ANALYTICS_KAFKA_SASL_PASSWORD_FILE": secret(KAFKA_SECRET),
            "ANALYTICS_KAFKA_SSL_CA_LOCATION": trusted.certificate,
            "ANALYTICS_POSTGRES_HOST": "localhost", "ANALYTICS_POSTGRES_PORT": guarded_server.port,
            "ANALYTICS_POSTGRES_USER": USER, "ANALYTICS_POSTGRES_PASSWORD_FILE": secret(DATABASE_SECRET),
            "ANALYTICS_POSTGRES_DB": "postgres", "PGSSLMODE": "verify-full", "PGSSLROOTCERT": trusted.certificate,
            **QUICK_GROUP}


def mutual(guarded_broker, trusted, secret, settings):
    """The settings for the listener that wants a certificate; the key is encrypted."""
    identity = trusted.issue("ingestor", password=KEY_SECRET)
    kept = {name: value for name, value in settings.items() if "_SASL_" not in name}
    return {**kept, "ANALYTICS_KAFKA_BOOTSTRAP_SERVERS": guarded_broker.mutual,
            "ANALYTICS_KAFKA_SECURITY_PROTOCOL": "ssl",
            "ANALYTICS_KAFKA_SSL_CERTIFICATE_LOCATION": identity.certificate,
            "ANALYTICS_KAFKA_SSL_KEY_LOCATION": identity.key,
            "ANALYTICS_KAFKA_SSL_KEY_PASSWORD_FILE": secret(KEY_SECRET)}


def ran(settings, *arguments):
    """Runs the ingestor to its end: (exit code, what it wrote)."""
    with daemon.Daemon(daemon.INGESTOR, settings, arguments) as once:
        return once.wait(), once.output()


def stored_through(stream, settings):
    """Runs an ingestor until the topic is read; returns it, stopped, and its command line."""
    stream.produce([event(number, stream.topic) for number in range(8)])
    with daemon.Daemon(daemon.INGESTOR, settings, ("-X", "debug=security,broker")) as running:
        running.await_log(event="partitions_ready")
        stream.await_read()
        with open(f"/proc/{running.process.pid}/cmdline") as command:
            return running, command.read()


# ---- what is right works

def test_scram_over_tls_and_verify_full_from_kafka_to_rows(stream, settings, guarded_server):
    stored_through(stream, settings)
    assert guarded_server.sql("SELECT count(*) FROM analytics_events WHERE payload ->> 'text' = "
                              f"'{stream.topic}'") == "8"


def test_plain_over_tls(stream, settings):
    stored_through(stream, {**settings, "ANALYTICS_KAFKA_SASL_MECHANISM": "PLAIN"})


def test_a_client_s_certificate_does_for_a_password(stream, settings, guarded_broker, trusted, secret):
    stored_through(stream, mutual(guarded_broker, trusted, secret, settings))


def test_the_whole_url_may_come_from_a_file(settings, secret, trusted, guarded_server):
    url = (f"postgresql://{USER}:{DATABASE_SECRET}@localhost:{guarded_server.port}/postgres"
           f"?sslmode=verify-full&sslrootcert={trusted.certificate}")
    kept = {name: value for name, value in settings.items() if not name.startswith(("PG", "ANALYTICS_POSTGRES"))}
    assert ran({**kept, "ANALYTICS_DATABASE_URL_FILE": secret(url)}, "--check")[0] == 0


def test_no_secret_is_in_the_log_or_the_command_line(stream, settings, guarded_broker, trusted, secret):
    """Though librdkafka is told to say all that it does about security."""
    for case in (settings, mutual(guarded_broker, trusted, secret, settings)):
        running, command = stored_through(stream, {**case, "ANALYTICS_LOG_LEVEL": "debug"})
        told = running.output() + command
        assert (len(running.logs(event="kafka_notice")) > 0, [s for s in SECRETS if s in told]) == (True, [])


def test_no_secret_is_in_print_config(settings, guarded_broker, trusted, secret):
    for case in (settings, mutual(guarded_broker, trusted, secret, settings)):
        code, output = ran(case, "--print-config")
        assert (code, "=***" in output, [s for s in SECRETS if s in output]) == (0, True, [])


# ---- what is wrong is refused, and said

def changed(settings, change, secret, stranger):
    """The settings with one thing wrong; a value of None: unset."""
    special = {"another authority": stranger.certificate, "another password": secret("wrong-" + KAFKA_SECRET)}
    changes = {name: special.get(value, value) for name, value in change.items()}
    for name in ("ANALYTICS_KAFKA_BOOTSTRAP_SERVERS", "ANALYTICS_POSTGRES_HOST"):
        if changes.get(name) == "127.0.0.1":
            changes[name] = str(settings[name]).replace("localhost", "127.0.0.1")
    return {name: value for name, value in {**settings, **changes}.items() if value is not None}


WRONG = {
    "kafka-password": ("kafka", {"ANALYTICS_KAFKA_SASL_PASSWORD_FILE": "another password"}, "Authentication failed"),
    "kafka-user": ("kafka", {"ANALYTICS_KAFKA_SASL_USERNAME": "nobody"}, "Authentication failed"),
    "kafka-authority": ("kafka", {"ANALYTICS_KAFKA_SSL_CA_LOCATION": "another authority"},
                        "certificate verify failed"),
    "kafka-host": ("kafka", {"ANALYTICS_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1"}, "certificate verify failed|hostname"),
    "kafka-no-tls": ("kafka", {"ANALYTICS_KAFKA_SECURITY_PROTOCOL": "sasl_plaintext"},
                     "SSL|Disconnected|closed|transport failure"),  # as librdkafka's version says it
    "postgresql-password": ("postgresql", {"ANALYTICS_POSTGRES_PASSWORD_FILE": "another password"},
                            "password authentication failed .*28P01"),
    "postgresql-authority": ("postgresql", {"PGSSLROOTCERT": "another authority"}, "certificate verify failed"),
    "postgresql-host": ("postgresql", {"ANALYTICS_POSTGRES_HOST": "127.0.0.1"}, "does not match host name"),
    "postgresql-no-tls": ("postgresql", {"PGSSLMODE": "disable", "PGSSLROOTCERT": None},
                          "no pg_hba.conf entry .*no encryption .*28000"),
}


@pytest.mark.parametrize("case", WRONG)
def test_check_says_what_is_wrong_with_exit_69(settings, secret, stranger, case):
    dependency, change, message = WRONG[case]
    code, output = ran(changed(settings, change, secret, stranger), "--check")
    told = [entry for entry in map(json.loads, output.splitlines()) if entry["event"] == "dependency_unreachable"]
    assert (code, [entry["dependency"] for entry in told]) == (69, [dependency]), output
    assert re.search(message, f"{told[0]['message']} {told[0].get('sqlstate')}"), told
    assert [s for s in SECRETS if s in output] == []


def test_no_certificate_is_refused_where_one_is_wanted(settings, guarded_broker, trusted, secret):
    case = mutual(guarded_broker, trusted, secret, settings)
    for name in ("CERTIFICATE_LOCATION", "KEY_LOCATION", "KEY_PASSWORD_FILE"):
        del case["ANALYTICS_KAFKA_SSL_" + name]
    code, output = ran(case, "--check")
    assert (code, '"dependency":"kafka"' in output, "certificate" in output) == (69, True, True), output


def test_a_wrong_database_password_ends_it_with_1(stream, settings, secret, stranger):
    code, output = ran(changed(settings, WRONG["postgresql-password"][1], secret, stranger))
    [refusal] = [entry for entry in map(json.loads, output.splitlines()) if entry["event"] == "database_refused"]
    assert (code, refusal["sqlstate"]) == (1, "28P01")


def test_a_wrong_kafka_password_is_told_and_tried_again(stream, settings, secret, stranger):
    """A broker that is just being given the user's new password is no reason to go."""
    with daemon.Daemon(daemon.INGESTOR, changed(settings, WRONG["kafka-password"][1], secret, stranger)) as running:
        trouble = running.await_log(event="kafka_unavailable")
        assert "Authentication failed" in trouble["message"]
        assert running.running and running.terminate() == 0


def test_a_key_s_wrong_password_is_a_bad_setting(settings, guarded_broker, trusted, secret):
    case = mutual(guarded_broker, trusted, secret, settings)
    code, output = ran({**case, "ANALYTICS_KAFKA_SSL_KEY_PASSWORD_FILE": secret("wrong")})
    assert (code, "setting_refused" in output) == (78, True), output
