"""A restored database put to use: what holds in the original must hold in the copy, and go on from there.

Each function takes a database.Database and asserts; put_to_use() is all that needs no daemon.
"""
import json

import requests

STORE = """SELECT stored FROM analytics_ingest(ARRAY['{"eventType":"t","source":"s","payload":{}}'::bytea])"""
READ = "SELECT coalesce(sum(stored + duplicates), 0) FROM analytics_kafka_offsets WHERE topic = %s"
RECORD_COUNT = "SELECT count(*) FROM ops.records"
VERIFY = "SELECT * FROM analytics_verify()"
TENANTS = "SELECT coalesce(tenant_id, 'none'), count(*) FROM {} GROUP BY 1 ORDER BY 1"


def event(key, occurred_at, tenant):
    return json.dumps({"eventType": "t", "source": "s", "eventId": key, "occurredAt": occurred_at, "tenantId": tenant,
                       "payload": {}})


def put_to_use(database):
    keeps_tenants_apart(database)
    takes_redelivered_events_for_duplicates(database)
    reads_on(database)
    stores_and_counts(database)
    numbers_dead_letters_on(database)
    knows_the_shapes(database)
    keeps_projections(database)
    feeds_on(database)
    assert database.rows(VERIFY) == []


def keeps_tenants_apart(database):
    """By SQL: roles.sql's tenants, those of doc/extending.md, and who may see everything."""
    everything = dict(database.rows(TENANTS.format("analytics_events")))
    assert everything["acme"] > 50 and everything["zenith"] > 50 and everything["none"] > 50
    for role, setting in (("analytics_tenant", "analytics_http.tenant"), ("dump_reader", "app.tenant")):
        for tenant in ("acme", "zenith"):
            with database.connect() as connection, connection.cursor() as cursor:
                cursor.execute(f"SET ROLE {role}; SELECT set_config(%s, %s, false)", (setting, tenant))
                cursor.execute(TENANTS.format("analytics_events"))
                assert cursor.fetchall() == [(tenant, everything[tenant])]
                cursor.execute("SELECT sum(count) FROM analytics_counts('0001-01-01Z', '9999-12-31Z')")
                assert abs(cursor.fetchone()[0] - everything[tenant]) <= 1 + (tenant == "acme")  # ends, and retention
                cursor.execute(TENANTS.format('"of ""n"""'))
                assert [name for name, _ in cursor.fetchall()] == [tenant]
            connection.close()
    with database.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SET ROLE dump_reader")
        cursor.execute("SELECT count(*) FROM analytics_events")
        assert cursor.fetchone() == (0,)
    connection.close()


def takes_redelivered_events_for_duplicates(database):
    found = database.sql("SELECT stored, duplicates FROM analytics_ingest((SELECT array_agg(record) FROM ops.records))")
    assert found == (0, database.sql(RECORD_COUNT))


def reads_on(database):
    """Offsets, epochs and what was counted go on; who read before is fenced off."""
    ingest = ("SELECT stored, duplicates FROM analytics_ingest_kafka('g', 't', 0, %s, 104, 106, "
              "ARRAY[ops.event('kafka', '2023-04-05T06:07:08Z', 'acme'), "
              "ops.event('more', '2023-04-05T06:07:09Z', 'acme')], '{104,105}')")
    epoch, offset = database.sql("SELECT * FROM analytics_claim_partition('g', 't', 0, 'host:3', 0)")
    assert (epoch, offset) == (2, 104)
    assert database.rows("SELECT consumer_group, to_offset FROM analytics_kafka_gaps") == [("other", 7)]
    assert database.sql(ingest, (epoch,)) == (1, 1)
    assert database.sql("SELECT next_offset, stored, duplicates, high_watermark FROM analytics_kafka_offsets "
                        "WHERE consumer_group = 'g'") == (106, 2, 1, 900)


def stores_and_counts(database):
    """In a partition that is there, in one made by hand, and in one that is to be made."""
    counted = "SELECT sum(count) FROM analytics_counts('0001-01-02Z', '9999-12-31Z')"
    before = database.sql(counted)
    assert database.sql("SELECT stored FROM analytics_ingest(ARRAY[ops.event('n1', '2023-04-01T00:00:00Z'), "
                        "ops.event('n2', '2023-07-01T00:00:00Z'), ops.event('n3', '2025-01-01T00:00:00Z')])") == 3
    assert database.sql(counted) == before + 3
    assert database.sql("SELECT note FROM analytics_events WHERE occurred_at = '2025-01-01Z'") == "seen"
    database.sql("DELETE FROM analytics_events WHERE occurred_at = '2025-01-01Z'")
    assert database.sql(counted) == before + 2


def numbers_dead_letters_on(database):
    highest = database.sql("SELECT max(id) FROM analytics_dead_letters")
    assert database.sql("SELECT dead_lettered FROM analytics_ingest('{\"[\"}')") == 1
    assert database.sql("SELECT max(id) FROM analytics_dead_letters") == highest + 1


def knows_the_shapes(database):
    """One of the operator's, one changed, one disabled, one deleted, one as it was shipped."""
    assert database.rows(
        """SELECT coalesce(event_type, reason) FROM unnest(ARRAY[
            '{"seven":7,"at":1}', '{"guideId":1,"challengeId":1,"occurredAt":1}',
            '{"studentId":1,"challengeId":1,"solutionId":1,"experiencePointsEarned":1,"occurredOn":1}',
            '{"userId":1,"profileId":1,"username":1,"occurredOn":1,"profileUrl":1}',
            '{"execution_id":1,"status":1,"timestamp":1}']) WITH ORDINALITY AS r (record, n),
            analytics_normalize(record) ORDER BY n""") == [
        ("seventh",), ("guide.linked",), ("unknown_shape",), ("unknown_shape",), ("execution.analytics",)]


def keeps_projections(database):
    """A ready one goes on; one that was being built is not ready, can be built, and is right then."""
    events = database.sql("SELECT count(*) FROM analytics_events WHERE isfinite(occurred_at)")
    assert database.sql('SELECT sum(count) FROM "of ""n"""') in (events, events + 1)  # the month that retention dropped
    state = "SELECT state FROM analytics_projections WHERE name = 'half made'"
    assert database.sql(state) == "building"
    database.sql("CALL analytics_build_projection('half made')")
    assert database.sql(state) == "ready"
    assert database.sql('SELECT sum(count) FROM ops."half made"') == events


def serves_tenants_apart(service, ring):
    """Over HTTP: each key sees its tenant's events, and as many as SQL counts."""
    def ask(name, path, **parameters):
        answer = requests.get(service.url + path, params=parameters, timeout=30,
                              headers={"Authorization": "Bearer " + ring[name]})
        assert answer.status_code == 200, answer.text
        return answer.json()

    for tenant in ("acme", "zenith"):
        items = ask(tenant, "/v1/analytics/events/recent", limit=500)["items"]
        assert len(items) > 50 and {item["tenantId"] for item in items} == {tenant}
        summary = ask(tenant, "/v1/analytics/metrics/summary", windowMinutes=10080, reference="2023-06-01T00:00:00Z")
        assert 0 < summary["totalEvents"] < 7
    assert ask("all", "/v1/analytics/metrics/summary", windowMinutes=10080,
               reference="2023-06-01T00:00:00Z")["totalEvents"] == 8
    assert {item["tenantId"] for item in ask("all", "/v1/analytics/events/recent", limit=500)["items"]} == {
        "acme", "zenith", None}


def feeds_on(database):
    """Positions are those of the original, and what it had not ticked comes in the next tick."""
    if database.sql("SELECT to_regclass('analytics_feeds')") is None:
        return  # of the release before
    if not database.rows("SELECT name FROM analytics_feeds"):
        return
    start = database.sql("SELECT start_tick FROM analytics_feeds")
    later = "SELECT count(*) FROM analytics_read_feed('all', %s, 10000) WHERE operation = 'put'"
    before = database.sql(later, (str(start),))
    database.sql("SELECT analytics_tick()")
    assert before > 0 or start > 0  # 0: it never stopped
    assert database.sql(later, (str(start),)) > before
    assert fed(database) == database.sql("SELECT count(*) FROM analytics_events")


def fed(database):
    """How many events a reader has that reads the feed from its beginning."""
    position, events = "beginning", 0
    while page := database.rows("SELECT \"position\", operation FROM analytics_read_feed('all', %s)", (position,)):
        assert {operation for _, operation in page} <= {"put", None}
        events += sum(operation is not None for _, operation in page)
        position = page[-1][0]
    return events
