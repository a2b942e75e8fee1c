"""A row of analytics_shapes is effective in every open session at its next batch: when added, changed, put out of use
or taken away; also within a transaction that has begun before, at any isolation level; not before it is committed."""
import contextlib
import json

import psycopg2.errors
import pytest

RECORD = '{"orderId":"o-1","placedAt":1767323045,"total":12.50}'
INSERT = ("INSERT INTO analytics_shapes "
          "(name, event_type, source, required_members, time_member, iso_member, key_members) VALUES ('shop.order', "
          "'shop.order-placed', 'shop-service', '{orderId,placedAt}', 'placedAt', 'placedAtIso', '{orderId}')")


class Session:
    def __init__(self, connection):
        self.connection = connection
        self.cursor = connection.cursor()

    def run(self, statement, parameters=None):
        self.cursor.execute(statement, parameters)

    def normalized(self, record=RECORD):
        """(event_type, reason)"""
        self.run("SELECT event_type, reason FROM analytics_normalize(%s::text)", (record,))
        return self.cursor.fetchone()

    def ingested(self, record=RECORD):
        """(stored, duplicates, dead_lettered, skipped)"""
        self.run("SELECT * FROM analytics_ingest(ARRAY[%s::bytea])", (record.encode(),))
        return self.cursor.fetchone()


UNKNOWN = (None, "unknown_shape")
KNOWN = ("shop.order-placed", None)


@pytest.fixture
def session(database):
    """A session that has used the shapes before."""
    with contextlib.closing(database.connect()) as connection:
        opened = Session(connection)
        assert opened.normalized() == UNKNOWN
        yield opened


@pytest.fixture
def transaction(database):
    """A session in a transaction that has used the shapes before; its isolation level is set by the test."""
    with contextlib.closing(database.connect(autocommit=False)) as connection:
        yield Session(connection)


def test_a_new_shape_is_known_to_the_next_statement(database, session):
    database.sql(INSERT)
    assert session.normalized() == KNOWN


def test_a_new_shape_is_known_to_the_next_batch(database, session):
    assert session.ingested() == (0, 0, 0, 1)
    database.sql(INSERT)
    assert session.ingested() == (1, 0, 0, 0)
    stored = database.sql("SELECT event_type, source, occurred_at = '2026-01-02T03:04:05Z', payload::text "
                          "FROM analytics_events")
    assert stored == (
        "shop.order-placed", "shop-service", True,
        '{"total": 12.50, "orderId": "o-1", "placedAt": 1767323045, "placedAtIso": "2026-01-02T03:04:05Z"}')


@pytest.mark.parametrize("level", ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])
def test_a_new_shape_is_known_within_an_open_transaction(database, transaction, level):
    transaction.run(f"SET TRANSACTION ISOLATION LEVEL {level}")
    transaction.run("SELECT count(*) FROM analytics_events")
    assert transaction.normalized() == UNKNOWN
    database.sql(INSERT)
    assert transaction.normalized() == KNOWN
    assert transaction.ingested() == (1, 0, 0, 0)
    transaction.connection.commit()
    assert database.sql("SELECT count(*) FROM analytics_events") == 1


def test_one_s_own_shape_is_known_before_its_commit_and_to_nobody_else(session, transaction):
    transaction.run(INSERT)
    assert transaction.normalized() == KNOWN
    assert session.normalized() == UNKNOWN
    transaction.connection.commit()
    assert session.normalized() == KNOWN


@pytest.mark.parametrize("undo", ["ROLLBACK", "ROLLBACK TO before"])
def test_one_s_own_shape_is_forgotten_when_rolled_back(session, transaction, undo):
    transaction.run("SAVEPOINT before")
    transaction.run(INSERT)
    assert transaction.normalized() == KNOWN
    transaction.run(undo)
    assert transaction.normalized() == UNKNOWN
    assert session.normalized() == UNKNOWN


@pytest.mark.parametrize("change, outcome", [
    ("UPDATE analytics_shapes SET enabled = false WHERE name = 'shop.order'", UNKNOWN),
    ("DELETE FROM analytics_shapes WHERE name = 'shop.order'", UNKNOWN),
    ("TRUNCATE analytics_shapes", UNKNOWN),
    ("UPDATE analytics_shapes SET event_type = 'shop.changed' WHERE name = 'shop.order'", ("shop.changed", None)),
    ("UPDATE analytics_shapes SET not_null_members = '{coupon}' WHERE name = 'shop.order'", UNKNOWN),
    ("INSERT INTO analytics_shapes (name, position, event_type, source, required_members) "
     "VALUES ('any.order', 1, 'any.order', 's', '{orderId}')", ("any.order", None)),
], ids=["disabled", "deleted", "truncated", "renamed", "narrowed", "overtaken"])
def test_any_change_is_known_to_the_next_statement(database, session, change, outcome):
    database.sql(INSERT)
    assert session.normalized() == KNOWN
    database.sql(change)
    assert session.normalized() == outcome


def test_one_s_own_changes_are_known_at_once_again_and_again(session):
    session.run(f"""
        DO $$
        BEGIN
            FOR round IN 1 .. 50 LOOP
                {INSERT};
                ASSERT (analytics_normalize('{RECORD}'::text)).reason IS NULL, 'unknown';
                DELETE FROM analytics_shapes WHERE name = 'shop.order';
                ASSERT (analytics_normalize('{RECORD}'::text)).reason = 'unknown_shape', 'still known';
            END LOOP;
        END
        $$""")
    assert session.normalized() == UNKNOWN


def test_a_shape_that_could_not_be_used_is_refused_when_written(database, session):
    with pytest.raises(psycopg2.errors.CheckViolation):
        database.sql(INSERT.replace("'{orderId,placedAt}'", "'{orderId}'"))
    assert session.normalized() == UNKNOWN


def test_a_trigger_that_changes_the_shapes_in_the_middle_of_a_batch(database, session):
    """The batch in hand keeps its verdicts, the next one has the new shape."""
    database.rows("CREATE FUNCTION add_shape() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN " + INSERT +
                  " ON CONFLICT DO NOTHING; PERFORM analytics_normalize('{}'::text); RETURN NEW; END $$; "
                  "CREATE TRIGGER add_shape BEFORE INSERT ON analytics_events "
                  "FOR EACH ROW EXECUTE FUNCTION add_shape()")
    event = json.dumps({"eventType": "e", "source": "s", "payload": {}})
    session.run("SELECT * FROM analytics_ingest(%s::bytea[])", ([event.encode(), RECORD.encode()] * 3,))
    assert session.cursor.fetchone() == (3, 0, 0, 3)
    assert session.ingested() == (1, 0, 0, 0)
