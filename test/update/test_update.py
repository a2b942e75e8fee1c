"""An old release's install script, data and the update come to what a fresh installation is: function by function,
column by column, right by right. Whoever changes sql/ and forgets the update script finds here what is missing."""
import pytest

import catalogue
import releases
import use

UPDATE = "ALTER EXTENSION analytics_events UPDATE"
TABLES = ("SELECT c.oid::regclass::text FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace "
          "WHERE relkind = 'r' AND nspname !~ '^pg_' AND nspname <> 'information_schema' ORDER BY 1")
COLUMNS = "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"


def structure(lines):
    """Everything but the rows."""
    return [line for line in lines if line[0] != "data"]


def wherever_columns_stand(lines):
    """An update appends a column behind those that the operator has added: its number does not count."""
    return [(kind, name, fact.partition(", ")[2] if kind == "column" and fact.partition(", ")[0].isdigit() else fact)
            for kind, name, fact in lines]


def columns(database):
    return {table: [name for name, in database.rows(COLUMNS, (table,))] for table, in database.rows(TABLES)}


def rows(database, columns):
    """The rows of all tables, by these columns of theirs."""
    def digest(table):
        names = ", ".join('"' + name.replace('"', '""') + '"' for name in columns[table])
        return database.sql(f"SELECT md5(string_agg(t::text, '' ORDER BY t::text)) "
                            f"FROM (SELECT {names} FROM ONLY {table}) AS t")

    return {table: digest(table) for table in columns}


@pytest.mark.parametrize("version", releases.earlier())
def test_updated_equals_fresh(empty, version):
    old, fresh = empty(), empty()
    old.sql(f"CREATE EXTENSION analytics_events VERSION '{version}'")
    old.sql(UPDATE)
    fresh.sql("CREATE EXTENSION analytics_events")
    catalogue.same(fresh.fingerprint(), old.fingerprint())


@pytest.mark.parametrize("version", releases.earlier())
def test_updated_database_in_use_equals_one_that_was_always_new_and_goes_on(released, version):
    old, fresh = released(version), released()
    before = columns(old)
    kept = rows(old, before)
    old.sql(UPDATE)
    assert rows(old, before) == kept
    catalogue.same(*(wherever_columns_stand(structure(database.fingerprint())) for database in (fresh, old)))
    assert old.sql("SELECT advice FROM analytics_version()") is None
    use.put_to_use(old)
