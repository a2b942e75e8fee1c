"""Rows that are restored into a database that counts: counted once, or refused with a sentence that says how."""
import psycopg2
import pytest

import use
import ways
from database import Database

BAGS = {
    "analytics_rollup_totals": "(hour, cells) VALUES ('2023-01-01Z', '\\x00')",
    "analytics_rollup_tenants": "(hour, cells) VALUES ('2023-01-01Z', '\\x00')",
    "analytics_dead_letter_counts": "(reason, open) VALUES ('r', 1)",
    "analytics_projection_bags": "(projection, bucket_start, cells) VALUES (1, '2023-01-01Z', '\\x00')",
}


@pytest.mark.parametrize("options", ["", "--load-via-partition-root", "--inserts"])
def test_data_without_disabled_triggers_is_refused_and_never_counted_twice(estate, empty, server, tmp_path, options):
    copy = empty()
    dump = ("pg_dump --schema-only -Fc -f $DIR/schema $SOURCE && pg_restore --exit-on-error -d $TARGET $DIR/schema && "
            f"pg_dump --data-only {options} -Fc -f $DIR/data $SOURCE")
    assert ways.run(server, dump, tmp_path, estate.name, copy.name) == (0, "")
    code, said = ways.run(server, "pg_restore --data-only -d $TARGET $DIR/data", tmp_path, estate.name, copy.name)
    assert code != 0 and "--disable-triggers" in said
    assert copy.sql("SELECT count(*) FROM analytics_events WHERE occurred_at < '2023-05-01Z'") > 0
    assert [row for row in copy.rows(use.VERIFY) if row[0] in ("totals", "tenants")] == []


@pytest.mark.parametrize("table", BAGS)
def test_bags_by_hand_are_refused(empty, table):
    database = empty()
    database.sql("CREATE EXTENSION analytics_events")
    with pytest.raises(psycopg2.Error) as caught:
        database.sql(f"INSERT INTO {table} {BAGS[table]}")
    assert "--disable-triggers" in str(caught.value)
    connection = database.connect()
    with connection.cursor() as cursor, pytest.raises(psycopg2.Error) as caught:
        cursor.copy_expert(f"COPY {table} FROM STDIN", open("/dev/null"))
    connection.close()
    assert "--disable-triggers" in str(caught.value)


def test_month_from_a_dump_is_counted_as_it_comes(estate, empty, server, tmp_path):
    """Into a database that has none of it: partitions are made first, rows come by the root."""
    copy = empty()
    copy.sql("CREATE EXTENSION analytics_events")
    copy.sql("SELECT analytics_create_partition('2023-05-01Z')")
    script = ("pg_dump -Fc -f $DIR/dump $SOURCE && "
              "pg_restore --exit-on-error --data-only -t analytics_events_2023_05 -d $TARGET $DIR/dump")
    plain = furnish_plain(server, copy.name + "_source")
    try:
        code, said = ways.run(server, script, tmp_path, plain.name, copy.name)
    finally:
        plain.drop()
    assert (code, said) == (0, ""), said
    assert copy.sql("SELECT sum(count) FROM analytics_counts('2023-05-01Z', '2023-06-01Z')") == 31
    assert copy.rows(use.VERIFY) == []


def furnish_plain(server, name):
    """A database with events of many months, and nothing hung on."""
    database = Database(server, name).create()
    database.sql("CREATE EXTENSION analytics_events")
    database.run(ways.DATA, home="public")
    return database


def test_month_that_was_deleted_comes_back(estate, restored, server):
    """DELETE took its counts along, so the rows of the dump are counted again."""
    copy = restored(estate)
    copy.sql("DELETE FROM analytics_events_2023_05")
    assert ways.run(server, "pg_restore --exit-on-error --data-only -t analytics_events_2023_05 -d $TARGET $DIR/dump",
                    copy.folder, estate.name, copy.name) == (0, "")
    assert copy.rows(use.VERIFY) == []
    assert copy.sql("SELECT count(*) FROM analytics_events_2023_05") == 31


@pytest.mark.parametrize("name", ["shapes", "dead_letters", "kafka_offsets", "untimed_keys"])
def test_one_table_comes_back(estate, restored, server, name):
    copy, table = restored(estate), f"analytics_{name}"
    copy.sql(f"TRUNCATE {table}")
    assert ways.run(server, f"pg_restore --exit-on-error --data-only -t {table} -d $TARGET $DIR/dump",
                    copy.folder, estate.name, copy.name) == (0, "")
    assert [line for line in copy.fingerprint() if line[:2] == ("data", f"public.{table}")] == [
        line for line in estate.lines if line[:2] == ("data", f"public.{table}")]
