"""Who changes what the ingestors have stored: sessions that update, delete and store again, and keep a list of it.

nemesis_gone is the list, written in the transactions that it tells of: each event that was deleted, and (back) each one
that was stored again by hand. So whatever became of a transaction, the list is right.
"""
import contextlib
import random
import time

import psycopg2

from .producers import Worker

LIST = """
CREATE TABLE nemesis_gone (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, nonce text, back boolean, id uuid,
    event_type text, source text, occurred_at timestamptz, ingested_at timestamptz, tenant_id text, payload jsonb);
CREATE SEQUENCE nemesis_edits;
"""
ROW = "id, event_type, source, occurred_at, ingested_at, tenant_id, payload"
SOME = """FROM unnest(%(times)s::timestamptz[], %(ids)s::uuid[]) AS k (occurred_at, id)
    WHERE e.occurred_at = k.occurred_at AND e.id = k.id"""
EDIT = "jsonb_build_object('edit', nextval('nemesis_edits'))"
NEAR = "SELECT occurred_at, id FROM analytics_events WHERE occurred_at >= %s ORDER BY occurred_at, id LIMIT %s"
UPDATE = f"""UPDATE analytics_events AS e
    SET payload = e.payload || {EDIT} || jsonb_build_object('color', %(word)s::text) {SOME}"""
# Also to other filters of feeds, and to other rows of a projection.
MOVE = f"""UPDATE analytics_events AS e SET tenant_id = nullif(%(word)s, 'red'), payload = e.payload || {EDIT},
    event_type = CASE WHEN e.event_type LIKE 'challenge.%%' THEN 'challenge.' || %(word)s ELSE e.event_type END
    {SOME}"""
# To another key. Only of events that come once: their key is what makes others duplicates.
SHIFT = f"""UPDATE analytics_events AS e SET occurred_at = e.occurred_at - %(shift)s * interval '1 hour',
    payload = e.payload || {EDIT} {SOME} AND e.event_type = 'nemesis.unkeyed'"""
NOTE = f"INSERT INTO nemesis_gone (nonce, back, {ROW}) SELECT payload ->> 'nonce', {{}}, {ROW} FROM {{}}"
DELETE = f"""WITH gone AS (DELETE FROM analytics_events AS e USING {SOME[5:]} RETURNING e.*)
    {NOTE.format('false', 'gone')}"""
# As it was but for the edit, where nobody else has stored it meanwhile, under another time, which then is its key.
RESTORE = f"""WITH old AS (SELECT * FROM nemesis_gone WHERE seq > (SELECT max(seq) FROM nemesis_gone) - %(back)s
        AND occurred_at <> ingested_at AND event_type <> 'nemesis.unkeyed' ORDER BY seq LIMIT %(count)s),
    stored AS (INSERT INTO analytics_events ({ROW})
        SELECT {ROW.replace('payload', 'payload || ' + EDIT)} FROM old ON CONFLICT DO NOTHING RETURNING *)
    {NOTE.format('true', 'stored')}"""
STATEMENTS = {UPDATE: 8, MOVE: 2, SHIFT: 1, DELETE: 3, RESTORE: 2}
WORDS = ("red", "green", "blue", "grey")
DAYS = 86_400


def change(cursor, rng):
    """A statement that changes some events, next to each other in time; returns how many."""
    statement = rng.choices(list(STATEMENTS), STATEMENTS.values())[0]
    count = rng.choice((1, 1, 2, 5, 30))
    ago = rng.uniform(0, 3650 * DAYS) if rng.random() < 0.1 else rng.uniform(0, 3 * DAYS)
    cursor.execute(NEAR, (psycopg2.TimestampFromTicks(time.time() - ago), count))
    found = cursor.fetchall()
    cursor.execute(statement, {"times": [at for at, _ in found], "ids": [id_ for _, id_ in found], "count": count,
                               "word": rng.choice(WORDS), "back": rng.randrange(1, 400), "shift": rng.randint(1, 50)})
    return cursor.rowcount


class Editor(Worker):
    """Transactions of some statements each; rate: changes a second, on average. Some are taken back."""

    def __init__(self, connect, seed, name, rate):
        super().__init__(f"editor {name}")
        self.connect, self.rate = connect, rate
        self.rng = random.Random(f"{seed} editor {name}")
        self.connection = None
        self.changes = 0  # that were committed, as far as it knows

    def work(self):
        began, changes = time.monotonic(), 0
        try:
            if self.connection is None or self.connection.closed:
                self.connection = self.connect()
            with self.connection, self.connection.cursor() as cursor:  # commits
                for _ in range(self.rng.randint(1, 4)):
                    changes += change(cursor, self.rng)
                if self.rng.random() < 0.1:
                    self.connection.rollback()
                    changes = 0
            self.changes += changes
        except psycopg2.Error:  # a fault was in the way, or another session
            changes = 20
        resume_at = began + self.rng.uniform(0.5, 1.5) * (changes + 1) / self.rate
        self._stop_asked.wait(max(0, resume_at - time.monotonic()))

    def complete(self):
        with contextlib.suppress(psycopg2.Error):
            if self.connection is not None:
                self.connection.close()
        self.connection = None


def gone(world):
    """[(nonce, back, ingested_at)]: what was deleted, and stored again, by hand and by retention."""
    return world.rows("SELECT nonce, back, ingested_at FROM nemesis_gone")
