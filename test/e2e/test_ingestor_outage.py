"""PostgreSQL falls ill under a running ingestor and gets well: it waits, keeps its place in the group, and goes on;
and the broker does the same. No good record becomes a dead letter, none is lost, none is stored twice."""
import contextlib
import dataclasses
import os
import re
import signal

import pytest

from mixture import MARK
from rig import daemon, place
from stream import QUICK_GROUP, Stream, events

ROUND = 400
BACKLOG = 20_000


def keyless(records):
    """The same events without what would tell a second one from the first."""
    key = re.compile(rb'"eventId": "[^"]*", ')
    return [dataclasses.replace(record, value=key.sub(b"", record.value)) for record in records]


class Outage:
    def __init__(self, stream, ingestor, epochs):
        self.stream = stream
        self.ingestor = ingestor
        self.epochs = epochs


@pytest.fixture(scope="module")
def outage(server, broker, new_database):
    """PostgreSQL crashed, was away until the ingestor held Kafka, and came back; meanwhile records were produced."""
    if broker.kind == "embedded":
        pytest.skip("needs Apache Kafka, only the embedded broker is here")
    with contextlib.ExitStack() as stack:
        database = stack.enter_context(new_database())
        topic = f"e2e.outage.{os.getpid()}"
        broker.create_topic(topic)
        stream = Stream(broker, database, topic)
        ingestor = stack.enter_context(daemon.Ingestor(broker, database.url, topic, topic, **QUICK_GROUP))
        stream.produce(events(ROUND))
        stream.await_read()
        epochs = stream.epochs()
        server.stop(signal.SIGQUIT)
        try:
            stream.produce(events(ROUND, first=ROUND))
            ingestor.await_log(event="consumption_paused")
        finally:
            server.start()
        stream.produce(events(ROUND, first=2 * ROUND))
        stream.await_read()
        yield Outage(stream, ingestor, epochs)


def test_nothing_is_lost_and_nothing_stored_twice(outage):
    assert (outage.stream.totals(), outage.stream.numbers()) == ((3 * ROUND, 0, 0, 0), list(range(3 * ROUND)))


def test_no_dead_letter_comes_of_it(outage):
    assert outage.stream.database.sql("SELECT count(*) FROM analytics_dead_letters") == 0


@pytest.mark.parametrize("event", ["database_unavailable", "consumption_paused", "database_recovered",
                                   "consumption_resumed"])
def test_each_step_is_told_once(outage, event):
    assert len(outage.ingestor.logs(event=event)) == 1


def test_the_log_says_why_with_a_transient_sqlstate(outage):
    assert outage.ingestor.logs(event="database_unavailable")[0]["sqlstate"][:2] in {"08", "57"}


def test_the_group_kept_counting_on_it(outage):
    """No rebalance, hence no new epoch."""
    assert outage.stream.epochs() == outage.epochs
    assert outage.ingestor.logs(event="partitions_revoked") == []


# ---- shorter troubles

def test_a_server_that_is_away_at_the_start_is_waited_for(server, stream, ingestor):
    stream.produce(events(ROUND))
    server.stop()
    try:
        ingestor(**QUICK_GROUP).await_log(event="database_unavailable")
    finally:
        server.start()
    stream.await_read()
    assert (stream.totals(), stream.numbers()) == ((ROUND, 0, 0, 0), list(range(ROUND)))


def test_a_stop_during_an_outage_does_not_wait_for_its_end(server, stream, ingestor):
    running = ingestor(**QUICK_GROUP)
    stream.await_taken()
    server.stop()
    try:
        stream.produce(events(ROUND))
        running.await_log(event="database_unavailable")
        running.signal(signal.SIGTERM)
        assert running.wait(15) == 0
    finally:
        server.start()
    ingestor(**QUICK_GROUP)
    stream.await_read()
    assert (stream.totals(), stream.numbers()) == ((ROUND, 0, 0, 0), list(range(ROUND)))


def test_connections_that_are_cut_again_and_again(stream, ingestor):
    """Whatever a statement was doing just then: before, within or after its commit."""
    stream.produce(events(BACKLOG))
    ingestor(ANALYTICS_BATCH_RECORDS=100, **QUICK_GROUP)
    ends, cuts = stream.ends(), 0
    while stream.offsets() != ends:
        stream.await_stored(min(BACKLOG, stream.database.sql("SELECT count(*) FROM analytics_events") + 1_000))
        cuts += stream.database.sql("SELECT count(pg_terminate_backend(pid))::int FROM pg_stat_activity "
                                    "WHERE application_name = 'analytics-ingestor' AND datname = current_database()")
    assert cuts > 1
    assert (sum(stream.totals()), stream.numbers()) == (BACKLOG, list(range(BACKLOG)))


@pytest.mark.parametrize("sqlstate", ["40001", "53100", "57014", "58030", "55P03", "25006"])
def test_a_transient_error_is_tried_again(stream, ingestor, sqlstate):
    """A trigger raises it until somebody mends what it complains of."""
    stream.database.rows(f"""
        CREATE TABLE ill ();
        CREATE FUNCTION complain() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF to_regclass('public.ill') IS NOT NULL THEN RAISE 'not now' USING ERRCODE = '{sqlstate}'; END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER complain BEFORE INSERT ON analytics_events FOR EACH ROW EXECUTE FUNCTION complain();""")
    stream.produce(events(4))
    running = ingestor(**QUICK_GROUP)
    assert running.await_log(event="database_unavailable")["sqlstate"] == sqlstate
    stream.database.sql("DROP TABLE ill")
    stream.await_read()
    assert (stream.totals(), stream.numbers()) == ((4, 0, 0, 0), [0, 1, 2, 3])


def test_a_server_that_is_read_only_for_a_while(stream, ingestor):
    """As a standby is before its promotion, or a server whose disk is nearly full."""
    database = stream.database
    stream.produce(events(4))
    database.sql(f"ALTER DATABASE {database.name} SET default_transaction_read_only = on")
    running = ingestor(**QUICK_GROUP)
    assert running.await_log(event="database_unavailable")["sqlstate"] == "25006"
    database.rows("SET transaction_read_only = off; "
                  f"ALTER DATABASE {database.name} RESET default_transaction_read_only; "
                  "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                  "WHERE application_name = 'analytics-ingestor' AND datname = current_database()")
    stream.await_read()
    assert (stream.totals(), stream.numbers()) == ((4, 0, 0, 0), [0, 1, 2, 3])


# ---- a server that does not answer

IMPATIENT = {"ANALYTICS_INGESTOR_BATCH_TIMEOUT_MS": 1_000, "ANALYTICS_LOG_LEVEL": "debug", **QUICK_GROUP}


def test_a_commit_that_waits_for_a_standby_is_given_up_and_found_done(server, stream, ingestor):
    """No timeout of the server's bounds that wait. Meanwhile the first attempt holds the partition's row."""
    running = ingestor(**IMPATIENT)
    stream.await_taken()
    server.sql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    try:
        server.sql("SELECT pg_reload_conf()")
        stream.produce(keyless(events(4, partition=0)))
        assert "no answer" in running.await_log(event="database_unavailable")["message"]
        running.await_log(event="database_called", statement="ingest", sqlstate="57014")
    finally:
        server.sql("ALTER SYSTEM RESET synchronous_standby_names")
        server.sql("SELECT pg_reload_conf()")
    running.await_log(event="batch_committed", counts_known=False)
    stream.await_read()
    assert (stream.totals(), stream.numbers()) == ((4, 0, 0, 0), [0, 1, 2, 3])


def test_a_server_process_that_is_frozen_is_given_up_and_writes_nothing_when_it_wakes(stream, ingestor):
    """It finds the batch in its mailbox, and the partition's offset moved."""
    running = ingestor(**IMPATIENT)
    stream.await_taken()
    mine = ("SELECT pid FROM pg_stat_activity WHERE application_name = 'analytics-ingestor' "
            "AND datname = current_database()")
    frozen = stream.database.sql(mine)
    os.kill(frozen, signal.SIGSTOP)
    try:
        stream.produce(keyless(events(4, partition=0)))
        stream.await_read()
    finally:
        os.kill(frozen, signal.SIGCONT)
    place.eventually(lambda: (frozen,) not in stream.database.rows(mine), what="its end")
    assert running.logs(event="database_unavailable")
    assert (stream.totals(), stream.numbers()) == ((4, 0, 0, 0), [0, 1, 2, 3])


@pytest.fixture
def hopeless(stream, ingestor):
    """An ingestor that has ended, for the database is not as it should be."""
    stream.database.rows("""
        CREATE FUNCTION complain() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            RAISE 'relation "audit" does not exist' USING ERRCODE = '42P01', DETAIL = NEW.payload;
        END $$;
        CREATE TRIGGER complain BEFORE INSERT ON analytics_events FOR EACH ROW EXECUTE FUNCTION complain();""")
    stream.produce(events(1, text=MARK))
    running = ingestor(**QUICK_GROUP)
    running.wait()
    return running


def test_an_error_that_waiting_does_not_mend_ends_it_with_1(stream, hopeless):
    assert hopeless.wait() == 1
    [refused] = hopeless.logs(event="database_refused")
    assert (refused["sqlstate"], "audit" in refused["message"]) == ("42P01", True)
    assert stream.database.sql("SELECT count(*) FROM analytics_dead_letters") == 0
    assert stream.offsets()[0] == 0


def test_the_failing_row_is_not_in_the_log(hopeless):
    """It is in DETAIL."""
    assert MARK not in hopeless.output()


# ---- the broker

def test_a_broker_that_is_killed_and_comes_back(kafka, stream, ingestor):
    """The group's session outlasts it."""
    stream.produce(events(ROUND))
    running = ingestor(ANALYTICS_KAFKA_X_RECONNECT_BACKOFF_MAX_MS=500)
    stream.await_read()
    kafka.kill()
    running.await_log(event="kafka_unavailable")
    kafka.start()
    stream.produce(events(ROUND, first=ROUND))
    stream.await_read()
    assert (stream.totals(), stream.numbers()) == ((2 * ROUND, 0, 0, 0), list(range(2 * ROUND)))
    assert [len(running.logs(event=event)) for event in ("kafka_unavailable", "kafka_recovered")] == [1, 1]
