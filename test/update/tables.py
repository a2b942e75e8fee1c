"""The tables of a database: their columns and rows, and what is the operator's doing in those that an update makes."""
import collections

import ways

TABLES = ("SELECT c.oid::regclass::text FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace "
          "WHERE relkind = 'r' AND nspname !~ '^pg_' AND nspname <> 'information_schema' ORDER BY 1")
NEW_VIEWS = {"analytics_contract_findings"}
COLUMNS = "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"


def columns(database):
    """{table: its columns}"""
    return {table: [name for name, in database.rows(COLUMNS, (table,))] for table, in database.rows(TABLES)}


def rows(database, columns):
    """The rows of these tables by these columns of theirs, as {table: how often each digest of a row is there}."""
    def digests(table):
        names = ", ".join('"' + name.replace('"', '""') + '"' for name in columns[table])
        return collections.Counter(digest for digest, in database.rows(
            f"SELECT md5(t::text) FROM (SELECT {names} FROM ONLY {table}) AS t"))

    return {table: digests(table) for table in columns}


def added(before, after):
    """{table: how many rows were added} where there are any; before must still be there."""
    assert {table: before[table] - after[table] for table in before} == {table: {} for table in before}
    return {table: (after[table] - before[table]).total() for table in before if after[table] != before[table]}


def take_back_default_privileges(database, before):
    """Tables that came after these have got what operator.sql lets its reader have of new tables; in a database that
    was always new they were there before."""
    for relation in set(columns(database)) - set(before) | NEW_VIEWS:
        database.sql(f"REVOKE SELECT ON {relation} FROM dump_reader")


def grant_again(*databases):
    """What roles.sql asks for after an update: rights on functions that are new."""
    for database in databases:
        database.run(ways.ROLES)
