"""The life of the tables: DROP EXTENSION leaves them, CREATE EXTENSION adopts them, one function removes them."""
import psycopg2
import pytest

import catalogue
import use
import ways

TABLES = "SELECT count(*) FROM pg_class WHERE relname LIKE 'analytics%' AND relkind IN ('r', 'p')"
WORD = "SELECT analytics_drop_tables(confirm => 'analytics_events')"
GIVEN_AGAIN = 'GRANT SELECT ON "of ""n""" TO dump_reader, analytics_tenant'  # the view is made anew, without grants


KEYS = "ALTER TABLE IF EXISTS analytics_untimed_keys OWNER TO"


def create(database):
    """CREATE EXTENSION; what it said. It adopts no table of dump_owner's, who gives his back for as long."""
    connection = database.connect()
    with connection, connection.cursor() as cursor:
        cursor.execute(f"{KEYS} CURRENT_USER")
        cursor.execute(f'CREATE EXTENSION analytics_events SCHEMA "{database.home}"')
        cursor.execute(f"{KEYS} dump_owner")
    connection.close()
    return "".join(connection.notices)


LOST = ('"of ', '"half made"', "ops.newest", "ops.monthly", "ops.half_made")  # views of projections, and over functions


def surviving(lines):
    """What DROP EXTENSION … CASCADE must leave: all but the extension, what reads it, and states of our triggers."""
    members = {fact for kind, _, fact in lines if kind == "member"}
    types = {fact.removeprefix("type ") for fact in members if fact.startswith("type ")}

    def survives(kind, name, fact):
        if kind in ("extension", "member") or name in members or name == "extension analytics_events":
            return False
        if kind == "type" and name in types:
            return False
        if kind == "routine" or kind == "column" and name.rsplit(".", 1)[0] in types:
            return name.startswith("ops.")
        return not any(word in name for word in LOST) and "EXECUTE FUNCTION public." not in fact

    return [line for line in lines if survives(*line)]


def test_dropped_and_created_again(estate, restored):
    copy = restored(estate)
    counts = copy.rows("SELECT * FROM analytics_counts('0001-01-01Z', '9999-12-31Z') ORDER BY 1")
    triggers = ("SELECT tgrelid::regclass::text, tgname FROM pg_trigger JOIN pg_class AS c ON c.oid = tgrelid "
                "WHERE NOT tgisinternal AND relnamespace = 'public'::regnamespace")
    before = set(copy.rows(triggers))
    with pytest.raises(psycopg2.errors.DependentObjectsStillExist):
        copy.sql("DROP EXTENSION analytics_events")
    copy.sql("DROP EXTENSION analytics_events CASCADE")
    catalogue.same(surviving(estate.lines), surviving(copy.fingerprint()))
    with pytest.raises(psycopg2.errors.ObjectNotInPrerequisiteState, match="the existing tables do not fit"):
        copy.sql("CREATE EXTENSION analytics_events")
    assert "analytics_rebuild" not in create(copy)
    assert copy.sql("SELECT start_tick FROM analytics_feeds") is None  # nobody has noted what has changed meanwhile
    catalogue.same(*([line for line in surviving(lines) if line[:2] != ("data", "public.analytics_feeds")]
                     for lines in (estate.lines, copy.fingerprint())))
    after = set(copy.rows(triggers))
    assert before <= after and {table for table, _ in after - before} == {"\"the summer of '23\""}  # it had none
    assert copy.rows("SELECT * FROM analytics_counts('0001-01-01Z', '9999-12-31Z') ORDER BY 1") == counts
    assert copy.rows(use.VERIFY) == []
    copy.run(ways.ROLES)
    copy.sql(GIVEN_AGAIN)
    copy.sql("CALL analytics_start_feed('all')")
    use.put_to_use(copy)


def test_events_stored_while_nothing_counted_are_noticed_and_mended(estate, restored):
    copy = restored(estate)
    copy.sql("DROP EXTENSION analytics_events CASCADE")
    copy.sql("INSERT INTO analytics_events (event_type, source, occurred_at, payload) "
             "VALUES ('t', 's', '2023-04-01Z', '{}')")
    assert "analytics_rebuild" in create(copy)
    assert copy.rows(use.VERIFY) != []
    copy.sql("SELECT analytics_rebuild()")
    assert copy.rows(use.VERIFY) == []


CHANGES = {
    "type": ("ALTER TABLE analytics_kafka_offsets ALTER COLUMN next_offset TYPE integer", ["next_offset"]),
    "column": ("ALTER TABLE analytics_dead_letters DROP COLUMN headers", ["analytics_dead_letters", "headers"]),
    "null": ("ALTER TABLE analytics_rollup_totals ALTER COLUMN cells DROP NOT NULL", ["rollup_totals", "cells"]),
    "key": ("ALTER TABLE analytics_kafka_offsets DROP CONSTRAINT analytics_kafka_offsets_pkey",
            ["analytics_kafka_offsets", "consumer_group, topic, partition"]),
    "events' key": ("ALTER TABLE analytics_events DROP CONSTRAINT analytics_events_pkey CASCADE",
                    ["analytics_events", "occurred_at, id"]),
    "other columns' key": ("ALTER TABLE analytics_untimed_keys DROP CONSTRAINT analytics_untimed_keys_pkey, "
                           "ADD PRIMARY KEY (id, occurred_at)", ["analytics_untimed_keys", "id"]),
    "unique index": ("DROP INDEX analytics_dead_letters_record", ["analytics_dead_letters", "topic"]),
    "several": ("ALTER TABLE analytics_shapes DROP COLUMN key_members; "
                "ALTER TABLE analytics_events ALTER COLUMN event_type TYPE text", ["key_members", "event_type"]),
    "a view in a table's place": ("ALTER TABLE analytics_shapes RENAME TO shapes; "
                                  "CREATE VIEW analytics_shapes AS TABLE shapes", ["analytics_shapes"]),
}


@pytest.mark.parametrize("change", CHANGES)
def test_changed_tables_are_not_adopted(empty, change):
    """Each difference is named, and nothing is changed."""
    statement, named = CHANGES[change]
    database = empty()
    database.sql("CREATE EXTENSION analytics_events")
    database.sql(use.STORE)
    database.sql("DROP EXTENSION analytics_events CASCADE")
    database.sql(statement)
    before = database.fingerprint()
    with pytest.raises(psycopg2.Error) as caught:
        create(database)
    assert caught.value.pgcode == "55000"
    for name in named:
        assert name in f"{caught.value.diag.message_primary} {caught.value.diag.message_detail}"
    catalogue.same(before, database.fingerprint())


def test_tables_that_gained_something_are_adopted(empty):
    database = empty()
    database.sql("CREATE EXTENSION analytics_events")
    database.sql("DROP EXTENSION analytics_events CASCADE")
    database.sql("ALTER TABLE analytics_events ADD COLUMN mine integer; CREATE INDEX mine ON analytics_events (mine); "
                 "ALTER TABLE analytics_kafka_offsets ADD CHECK (partition < 1000); "
                 "CREATE UNIQUE INDEX ON analytics_shapes (position, name)")
    create(database)
    assert database.sql(use.STORE) == 1
    assert database.rows(use.VERIFY) == []


def test_shipped_shapes_that_were_deleted_stay_deleted(empty):
    database = empty()
    database.sql("CREATE EXTENSION analytics_events")
    database.sql("DELETE FROM analytics_shapes WHERE name = 'iam.registered'")
    shapes = database.rows("SELECT * FROM analytics_shapes ORDER BY name")
    database.sql("DROP EXTENSION analytics_events CASCADE")
    create(database)
    assert database.rows("SELECT * FROM analytics_shapes ORDER BY name") == shapes


def test_only_the_word_removes_data(empty):
    database = empty()
    database.sql("CREATE EXTENSION analytics_events")
    database.sql("CALL analytics_create_projection('kept', view_schema => 'public')")
    tables = database.sql(TABLES)
    for words in ("NULL", "''", "'yes'", "'analytics'"):
        with pytest.raises(psycopg2.errors.InvalidParameterValue):
            database.sql(f"SELECT analytics_drop_tables(confirm => {words})")
    assert database.sql(TABLES) == tables
    database.sql(WORD)
    assert database.sql(TABLES) == 0
    with pytest.raises(psycopg2.Error) as caught:
        database.sql(use.STORE)
    assert "analytics_create_tables" in str(caught.value)
    database.sql("SELECT analytics_create_tables()")
    assert database.sql(TABLES) == tables
    assert database.sql("SELECT count(*) FROM analytics_shapes") == 7


def test_tables_are_nobodys_members(empty):
    database = empty()
    database.sql("CREATE EXTENSION analytics_events")
    assert database.rows("SELECT pg_describe_object(classid, objid, objsubid) FROM pg_depend WHERE deptype = 'e' AND "
                         "refclassid = 'pg_extension'::regclass AND classid = 'pg_class'::regclass") == []
    with pytest.raises(psycopg2.errors.DependentObjectsStillExist):
        database.sql("DROP EXTENSION analytics_events")
