"""Steps that change the tables: a user's triggers that change, drop and add rows, partitions made, attached and
detached by hand, all events truncated.
"""
from steps import partitions, truncate, update

MEDDLE = """
CREATE FUNCTION oracle_meddle() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    CASE abs(hashtext(NEW.event_type || NEW.occurred_at::text)) % 5
        WHEN 0 THEN NEW.event_type := 'meddled';
        WHEN 1 THEN NEW.tenant_id := NULL;
        WHEN 2 THEN NEW.occurred_at := date_trunc('minute', NEW.occurred_at);
        WHEN 3 THEN RETURN NULL;
        ELSE NULL;
    END CASE;
    RETURN NEW;
END $$;
CREATE FUNCTION oracle_echo() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_trigger_depth() = 1 AND NEW.tenant_id IS NOT NULL THEN
        INSERT INTO analytics_events (event_type, source, occurred_at, payload)
        VALUES ('echo', NEW.event_type, NEW.occurred_at, '{}') ON CONFLICT DO NOTHING;
        UPDATE analytics_events SET event_type = 'echoed' WHERE occurred_at = NEW.occurred_at AND event_type = 'b';
    END IF;
    RETURN NULL;
END $$;
CREATE TABLE oracle_by_hand PARTITION OF analytics_events
    FOR VALUES FROM ('2030-01-10 00:00:00+00') TO ('2030-02-01 00:00:00+00') PARTITION BY HASH (id);
CREATE TABLE oracle_by_hand_0 PARTITION OF oracle_by_hand FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE oracle_by_hand_1 PARTITION OF oracle_by_hand FOR VALUES WITH (MODULUS 2, REMAINDER 1);
SELECT analytics_watch_partition('oracle_by_hand');
"""  # what a run begins with, besides the extension


def hang_a_trigger(cursor, world):
    before, after = "BEFORE INSERT OR UPDATE", "AFTER INSERT OR UPDATE OF event_type"
    when, what = world.rng.choice(((before, "oracle_meddle"), (after, "oracle_echo")))
    cursor.execute(f"DROP TRIGGER IF EXISTS {what} ON analytics_events; CREATE TRIGGER {what} {when} ON "
                   f"analytics_events FOR EACH ROW EXECUTE FUNCTION {what}()")


def take_the_triggers(cursor, world):
    cursor.execute("DROP TRIGGER IF EXISTS oracle_meddle ON analytics_events; "
                   "DROP TRIGGER IF EXISTS oracle_echo ON analytics_events")


def detach_and_attach(cursor, world):
    """As an operator does who moves a month to another disk; its rows are the same ones afterwards."""
    name = world.rng.choice(partitions(cursor) or [None])
    if name is None:
        return
    cursor.execute("SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE oid = %s::regclass", (name,))
    [bounds] = cursor.fetchone()
    cursor.execute(f"ALTER TABLE analytics_events DETACH PARTITION {name}; "
                   f"ALTER TABLE analytics_events ATTACH PARTITION {name} {bounds}")


def attach_an_empty_one(cursor, world):
    """In bounds that may run into others': then it is refused. Watched, for some step may truncate it."""
    year, month = world.rng.choice(((1969, 11), (2024, 1), (2024, 3), (2024, 5), (2031, 7)))  # few: all are planned
    name = f"oracle_{year}_{month}"
    cursor.execute(f"CREATE TABLE {name} (LIKE analytics_events INCLUDING DEFAULTS); "
                   f"ALTER TABLE analytics_events ATTACH PARTITION {name} FOR VALUES "
                   f"FROM ('{year}-{month:02}-01 00:00:00+00') TO ('{year}-{month + 1:02}-01 00:00:00+00'); "
                   f"SELECT analytics_watch_partition('{name}')")


def update_all_across_partitions(cursor, world):
    cursor.execute("UPDATE analytics_events SET occurred_at = occurred_at + interval '1 month' "
                   "WHERE occurred_at BETWEEN '2024-02-01' AND '2024-03-01 12:00:00+00'")


TABLE_STEPS = {hang_a_trigger: 2, take_the_triggers: 3, detach_and_attach: 1, attach_an_empty_one: 1, truncate: 1,
               update_all_across_partitions: 1, update: 1}
