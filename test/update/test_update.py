"""An old release's install script, data and the update come to what a fresh installation is: function by function,
column by column, right by right. Whoever changes sql/ and forgets the update script finds here what is missing."""
import pytest

from rig import releases

import catalogue
import tables
import use
import ways

UPDATE = "ALTER EXTENSION analytics_events UPDATE"


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
    before = tables.columns(old)
    kept = tables.rows(old, before)
    old.sql(UPDATE)
    assert tables.added(kept, tables.rows(old, before)) == {"analytics_shapes": 1}  # cloudevents
    old.run(ways.ROLES)
    tables.take_back_default_privileges(old, before)
    tables.grant_again(fresh, old)
    catalogue.same(*(catalogue.comparable(database.fingerprint()) for database in (fresh, old)))
    assert old.sql("SELECT advice FROM analytics_version()") is None
    use.put_to_use(old)
