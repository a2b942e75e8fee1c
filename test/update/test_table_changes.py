"""Tables of an earlier release become this one's wherever they come from: an update, a dump, a dropped extension; with
the rights of their owners, and once."""
import psycopg2
import pytest

from rig import releases

import catalogue
import tables
import ways

UPDATE = "ALTER EXTENSION analytics_events UPDATE"
CREATE = "SELECT analytics_create_tables()"
CHANGES = """
CREATE OR REPLACE FUNCTION _analytics_table_changes() RETURNS TABLE (name text, relation text, statement text)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $changes$
VALUES
    ('letters are seen', 'analytics_dead_letters', 'ALTER TABLE @schema@.analytics_dead_letters ADD COLUMN seen text'),
    ('shapes come later', 'analytics_shapes', 'UPDATE @schema@.analytics_shapes SET position = position + 1000')
$changes$"""
POSITIONS = "SELECT array_agg(position ORDER BY position) FROM analytics_shapes"
OWNERS = ("SELECT DISTINCT relowner::regrole::text FROM pg_class WHERE relnamespace = 'public'::regnamespace "
          "AND relkind IN ('r', 'p', 'v') AND relname LIKE 'analytics%'")
GIVE = ("DO $$ DECLARE given regclass; BEGIN FOR given IN SELECT oid FROM pg_class WHERE relkind IN ('r', 'p', 'v') "
        "AND relnamespace = 'public'::regnamespace AND relname LIKE 'analytics%' LOOP "
        "EXECUTE format('ALTER TABLE %s OWNER TO app_owner', given); END LOOP; END $$")


def advice(database):
    return database.sql("SELECT advice FROM analytics_version()")


def test_changes_are_made_once_and_in_their_order(empty):
    database = empty()
    database.sql("CREATE EXTENSION analytics_events")
    before = database.sql(POSITIONS)
    assert advice(database) is None
    database.sql(CHANGES)
    assert "analytics_create_tables()" in advice(database)
    for _ in range(2):
        database.sql(CREATE)
        assert advice(database) is None
        assert database.sql(POSITIONS) == [position + 1000 for position in before]
        assert database.sql("SELECT count(seen) FROM analytics_dead_letters") == 0


def test_new_tables_have_had_all_changes(empty):
    """They are made as they are described."""
    database = empty()
    database.sql("CREATE EXTENSION analytics_events")
    database.sql("SELECT analytics_drop_tables('analytics_events')")
    database.sql(CHANGES)
    database.sql(CREATE)
    assert advice(database) is None
    assert database.sql(POSITIONS)[0] < 1000


def test_changes_run_as_the_owner_who_cannot_become_the_caller(empty):
    database = empty()
    database.sql("CREATE EXTENSION analytics_events")
    database.sql("""
        CREATE TABLE ran (as_whom text, refused text);
        GRANT ALL ON ran TO PUBLIC;
        CREATE FUNCTION hostile() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            refused text;
        BEGIN
            BEGIN RESET ROLE; EXCEPTION WHEN OTHERS THEN refused := SQLSTATE; END;
            INSERT INTO public.ran VALUES (current_user, refused);
            RETURN NULL;
        END $$;
        CREATE TRIGGER hostile AFTER UPDATE ON analytics_shapes EXECUTE FUNCTION hostile();
        GRANT CREATE ON SCHEMA public TO app_owner""")
    database.sql(GIVE)
    database.sql(CHANGES)
    database.sql("SELECT _analytics_update_tables(ARRAY(SELECT name FROM _analytics_tables()))")
    assert database.rows("SELECT * FROM ran") == [("app_owner", "42501")]
    assert advice(database) is None


@pytest.mark.parametrize("version", releases.earlier())
def test_update_where_the_tables_belong_to_another_role(empty, version):
    database = empty()
    database.sql(f"CREATE EXTENSION analytics_events VERSION '{version}'")
    database.sql(GIVE)
    with pytest.raises(psycopg2.errors.InsufficientPrivilege, match="permission denied for schema public"):
        database.sql(UPDATE)
    assert database.sql("SELECT extension FROM analytics_version()") == version
    database.sql("GRANT CREATE ON SCHEMA public TO app_owner")
    database.sql(UPDATE)
    assert database.rows(OWNERS) == [("app_owner",)]
    assert advice(database) is None


@pytest.mark.parametrize("version", releases.earlier())
def test_update_does_not_take_a_table_that_somebody_has_put_in_its_way(empty, version):
    database = empty()
    database.sql(f"CREATE EXTENSION analytics_events VERSION '{version}'")
    database.sql("CREATE TABLE analytics_table_changes (name text PRIMARY KEY); "
                 "ALTER TABLE analytics_table_changes OWNER TO app_owner")
    with pytest.raises(psycopg2.errors.ObjectNotInPrerequisiteState) as caught:
        database.sql(UPDATE)
    assert "analytics_table_changes belongs to app_owner" in caught.value.diag.message_detail
    assert database.sql("SELECT extension FROM analytics_version()") == version


@pytest.mark.parametrize("version", releases.earlier())
def test_update_of_an_extension_without_tables(empty, version):
    database = empty()
    database.sql(f"CREATE EXTENSION analytics_events VERSION '{version}'")
    database.sql("SELECT analytics_drop_tables('analytics_events')")
    database.sql(UPDATE)
    assert database.rows(OWNERS) == []
    database.sql(CREATE)
    assert advice(database) is None


@pytest.mark.parametrize("version", releases.earlier())
def test_dump_of_an_earlier_release_is_restored_and_brought_up_to_date(released, empty, server, tmp_path, version):
    """pg_dump names no version, so the copy's extension is this one from the start, with the tables of the dump."""
    old, copy, fresh = released(version), empty(), released()
    assert ways.run(server, ways.WAYS["custom"], tmp_path, old.name, copy.name) == (0, "")
    assert copy.sql("SELECT extension FROM analytics_version()") == releases.CURRENT
    assert "analytics_create_tables()" in advice(copy)
    for database in copy, fresh:
        database.sql("ALTER TABLE analytics_untimed_keys OWNER TO CURRENT_USER")
        database.sql(CREATE)
        database.sql("ALTER TABLE analytics_untimed_keys OWNER TO dump_owner")
    assert advice(copy) is None
    tables.take_back_default_privileges(copy, tables.columns(old))
    tables.grant_again(fresh, copy)
    catalogue.same(*(catalogue.comparable(database.fingerprint()) for database in (fresh, copy)))


@pytest.mark.parametrize("version", releases.earlier())
def test_tables_of_an_earlier_release_are_adopted(released, version):
    database = released(version)
    database.sql("DROP EXTENSION analytics_events CASCADE")
    database.sql("ALTER TABLE analytics_untimed_keys OWNER TO CURRENT_USER")
    database.sql("CREATE EXTENSION analytics_events")
    assert advice(database) is None


LETTERS = """
INSERT INTO analytics_dead_letters (reason, value, replayed_at) VALUES
    ('invalid_json', '{', NULL), ('invalid_json', '{', NULL), ('invalid_json', '{', NULL), ('invalid_json', '{', now()),
    ('unknown_shape', '{}', NULL), ('unknown_shape', '{}', NULL), ('rejected', '{}', now());
ALTER TABLE analytics_dead_letters OWNER TO app_owner"""
COUNTED = "SELECT reason, sum(open)::int FROM analytics_dead_letter_counts GROUP BY 1 ORDER BY 1"


@pytest.mark.parametrize("version", releases.earlier())
def test_open_dead_letters_of_another_owner_are_counted(empty, version):
    database = empty()
    database.sql(f"CREATE EXTENSION analytics_events VERSION '{version}'")
    database.sql(LETTERS)
    database.sql("CREATE ROLE events_owner; ALTER TABLE analytics_events OWNER TO events_owner; "
                 "GRANT CREATE ON SCHEMA public TO events_owner")
    database.sql(UPDATE)
    assert database.rows(COUNTED) == [("invalid_json", 3), ("unknown_shape", 2)]
    assert database.sql("SELECT analytics_open_dead_letters()") == 3
    database.sql("INSERT INTO analytics_dead_letters (reason, value) VALUES ('rejected', '{}')")
    assert database.sql("SELECT analytics_open_dead_letters()") == 4
    database.sql("DROP OWNED BY events_owner CASCADE; DROP ROLE events_owner")


@pytest.mark.parametrize("version", releases.earlier())
def test_dead_letters_that_policies_hide_from_their_owner_are_not_counted_as_none(empty, version):
    database = empty()
    database.sql(f"CREATE EXTENSION analytics_events VERSION '{version}'")
    database.sql(LETTERS + "; ALTER TABLE analytics_dead_letters ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege, match="row-level security"):
        database.sql(UPDATE)
    assert database.sql("SELECT extension FROM analytics_version()") == version
    database.sql("ALTER TABLE analytics_dead_letters NO FORCE ROW LEVEL SECURITY")
    database.sql(UPDATE)
    assert database.rows(COUNTED) == [("invalid_json", 3), ("unknown_shape", 2)]


@pytest.mark.parametrize("version", releases.earlier())
def test_restored_tables_of_an_earlier_release_say_what_to_run(empty, server, tmp_path, version):
    """Between the restore of a dump and analytics_create_tables(). Events are stored meanwhile."""
    old, copy = empty(), empty()
    old.sql(f"CREATE EXTENSION analytics_events VERSION '{version}'")
    assert ways.run(server, ways.WAYS["custom"], tmp_path, old.name, copy.name) == (0, "")
    guide = """{"guideId": "g", "challengeId": "c", "occurredAt": "2026-03-04T05:06:07Z"}"""
    assert copy.sql("SELECT stored FROM analytics_ingest(ARRAY[%s::bytea])", (guide,)) == 1
    with pytest.raises(psycopg2.errors.UndefinedColumn) as caught:
        copy.sql("UPDATE analytics_shapes SET enabled = true")
    assert "analytics_version()" in caught.value.diag.message_hint
    assert "analytics_create_tables()" in advice(copy)
