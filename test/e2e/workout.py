"""Everything that runs a statement of ours, once: every function by every role, events by hand, projections, retention,
every route with and without a tenant's key, the ingestor and its publisher. What the functions and routes are is asked
of the catalog and of the OpenAPI document, so that new ones take part by themselves; arguments that lead further than
samples do stand here.

The statements here name pg_catalog and the extension's schema, and call with exactly the types that are declared: their
own names can't be taken by anybody.
"""
import contextlib
import json

import psycopg2
import requests

from rig import daemon, place

from http_client import EVENTS, event
from keys import KeyFile, ask, make_roles
from overloads import OURS, quoted

DOCUMENT = json.loads((place.ROOT / "http" / "openapi.json").read_text())
ROLES = ("analytics_writer, analytics_reader, analytics_operator, analytics_tenant, analytics_ingestor, analytics_api, "
         "analytics_maintainer")
CALLERS = (None, "analytics_writer", "analytics_operator", "analytics_api")

T, LATER = "2021-05-06 07:08:09Z", "2021-05-07Z"
SAMPLES = {"text": "e", "int4": "1", "int8": "1", "timestamptz": T, "interval": "1 hour", "json": "{}", "jsonb": "{}",
           "bool": "true", "uuid": "00000000-0000-8000-8000-000000000001", "bytea": r"\x01",
           "regclass": f"{OURS}.analytics_events",
           "_text": "{k}", "_int8": "{1}", "_bytea": r'{"\\x7b"}', "_timestamptz": f'{{"{T}"}}', "_jsonb": "{}"}
EVENT = json.dumps(event(7, occurredAt="2021-05-06T07:00:00Z", tenantId="acme", payload={"k": "x", "n": 5}))
BATCH = r'{"\\x%s","\\x7b"}' % EVENT.encode().hex()
CALLS = {
    "analytics_accept_gap": [("g", "t", "0", "2", "9", "why")],
    "_analytics_accepted": [("stored", None, None)],
    "analytics_build_projection": [("kept",)],
    "_analytics_build_projection_chunk": [("kept",), ("late",)],
    "analytics_counts": [("2021-05-01Z", LATER, "acme")],
    "analytics_create_partition": [(T,), ("2022-02-03Z",), ("2022-05-04Z", "1 week")],
    "analytics_create_feed": [],
    "analytics_create_projection": [],
    "_analytics_drop_partitions": [(LATER, "true"), ("2100-01-01Z", "false")],
    "_analytics_dead_letter_page": [("letters", "beginning", "10")],
    "_analytics_dead_letters_noted": [("letters", "0", "10")],
    "_analytics_dead_letters_past": [("letters", "beginning", "10")],
    "analytics_drop_feed": [("none",)],
    "analytics_drop_projection": [("kept",)],
    "_analytics_feed_position": [("1",), ("1.2.3",), (f'1.-2.{SAMPLES["uuid"]}',)],
    "_analytics_feed_start": [("fed", None), ("fed", "now"), ("fed", "9")],
    "_analytics_gap_accepted": [("g", "t", "0", "1")],
    "analytics_histogram": [("2021-05-01Z", LATER, "1 day", None, None, "UTC"),
                            ("2021-05-01Z", LATER, "1 day", "acme", "e", "Asia/Kolkata")],
    "_analytics_fold_hour": [("2021-05-06 07:00Z", T, "true", None), ("2021-05-06 07:00Z", T, "false", "acme")],
    "analytics_maintain": [],
    "_analytics_maintain_bags": [(LATER, None), (LATER, "h"), (LATER, "n"), (LATER, "tacme"), (LATER, "p1")],
    "_analytics_maintain_dead_letters": [(LATER, None), (LATER, '{"(0,1)","(9,9)"}')],
    "_analytics_maintain_events": [(LATER, None), (LATER, '{9,NULL,"2021-05-06 07:00Z"}'),
                                   (LATER, f'{{1,{SAMPLES["uuid"]},"2021-05-06 07:00Z"}}')],
    "_analytics_maintain_old_partitions": [(LATER, None), (LATER, "counts"), (LATER, "1")],
    "_analytics_maintain_outbox": [(LATER, None), (LATER, "tick"), (LATER, "expired")],
    "_analytics_maintain_projections": [(LATER, None), (LATER, "fkept"), (LATER, "nkept"), (LATER, "wkept"),
                                        (LATER, "ckept")],
    "_analytics_maintain_retired_groups": [(LATER, None), (LATER, "g")],
    "_analytics_maintain_untimed_keys": [(LATER, None), (LATER, '{"(0,1)","(9,9)"}')],
    "_analytics_maintain_step": [("sizes", LATER, None), ("dance", LATER, None)],
    "analytics_maintain_step": [("sizes", LATER, None), ("dance", LATER, None)],
    "_analytics_lock_claim": [("g", "t", "0", "1", "0", "0"), ("g", "t", "0", "7", "7", "7"),
                              ("none", "t", "0", "1", "0", "0")],
    "analytics_claim_feeds": [("o", None, None, None, None, None), ("o", "{fed}", "{fed}", "{1}", "{0}", "{NULL}")],
    "analytics_dead_letter_messages": [("letters", None, "10"), ("letters", "0", "10"), ("letters", "again", "1")],
    "_analytics_dead_letter_feed": [("letters", "beginning", "10"), ("letters", "0", "10")],
    "analytics_skip_dead_letter": [("0.0.00000000-0000-0000-0000-000000000001", "f")],
    "analytics_feed_messages": [("fed", None, "10", "1000"), ("fed", "0", "10", "1"), ("fed", "again", "1", "1")],
    "analytics_hopping": [("2021-05-01Z", LATER, "1 day", "1 hour", None, None)],
    "analytics_ingest": [(BATCH,)],
    "_analytics_ingest_again": [(BATCH, f'{{"{T}","{T}"}}')],
    "_analytics_ingest_batch": [("t", "0", r'{"\\x7b"}', "{0}", None, None, None)],
    "analytics_ingest_kafka": [("g", "t", "0", "1", "0", "2", BATCH, "{0,1}",
                                None, None, None, "9")],
    "_analytics_projection_kept": [("1", "2021-01-01Z", "2022-01-01Z")],
    "_analytics_projection_missing": [("1", "2021-01-01Z", "2022-01-01Z")],
    "_analytics_projection_page": [("kept", "50", None, None, None, None, None),
                                   ("late", "1", None, None, None, None, "acme")],
    "analytics_pause_feed": [("fed",)],
    "analytics_purge_dead_letters": [("0", None, None, None, None)],
    "_analytics_ready_projection": [("kept",), ("late",), ("none",)],
    "analytics_read_feed": [("fed", None, "10"), ("fed", "0", "10"), ("fed", "now", "10"),
                            ("fed", f'0.0.{SAMPLES["uuid"]}', "5")],
    "analytics_recent": [("5", None, None, None, None), ("5", T, SAMPLES["uuid"], None, "e"),
                         ("5", None, None, "acme", None), ("0", None, None, None, None)],
    "analytics_recent_dead_letters": [("5", None, None, None, None)],
    "_analytics_recent_of": [("5", LATER, SAMPLES["uuid"], "acme", None)],
    "analytics_record": [(EVENT,)],
    "analytics_record_each": [(BATCH,)],
    "_analytics_register_feed": [("new", "events", "topic", "{e}", "acme", "id", "event", "now", "1 day", "1 second")],
    "_analytics_register_projection": [("new", None, '{"k": ["k"]}', '{"n": ["n"]}', "1 hour", "10", "public",
                                        "latest")],
    "analytics_replay_all_dead_letters": [],
    "analytics_replay_dead_letters": [("10", "0", None, None, None, None, None),
                                      ("10", None, "e", "t", "{1}", T, LATER),
                                      ("10", None, "e", "t", "{1}", T, LATER, "true")],
    "_analytics_renew_projection": [("kept",), ("late",)],
    "_analytics_require_projection": [("p", "{e}", "{}", "{}", "1 hour", "1"),
                                      ("p", "{}", "{}", "{}", "1 hour", "1")],
    "analytics_republish_feed": [("fed", "beginning"), ("fed", "now")],
    "analytics_resume_feed": [("fed",)],
    "analytics_retain": [("0", "true"), ("0", "false")],
    "analytics_retire_group": [("g",)],
    "_analytics_rewound_claims": [("g", "{t}", "{0}", "{1}", "{5}")],
    "analytics_session": [("2021-05-01Z", LATER, "1 hour", "{k}", "acme", None)],
    "_analytics_set_feed_pause": [("fed", None)],
    "_analytics_start_feed": [("fed",)],
    "analytics_start_feed": [("fed",)],
    "analytics_summary": [("60", T, None), (None, None, "acme")],
    "analytics_tumbling": [("2021-05-01Z", LATER, "1 day", "acme", None)],
    "_analytics_view_feed_changes": [("rows", "0", "10"), ("counted", "0", "10")],
    "_analytics_view_feed_past": [("rows", "beginning", "10"), ("counted", "beginning", "10")],
    "_analytics_feed_view": [("gone", None), ("counts", "acme")],
    "_analytics_view_of_projection": [("gone",)],
    "_analytics_window_counts": [(f'{{"{T}","{LATER}"}}', "acme")],
}
LIFE = r"""
INSERT INTO @.analytics_shapes (name, event_type, source, required_members) VALUES ('seventh', 't', 's', '{seven}')
INSERT INTO @.analytics_retention (name, position, event_types, keep, keep_counts) VALUES
    ('some', 1, '{f}', '1 hour', NULL), ('all', 2, NULL, '1 day', true), ('never', 3, NULL, '0', false)
INSERT INTO @.analytics_retention (name, what, keep) VALUES ('counts', 'counts', '2 days'),
    ('keys', 'untimed_keys', '0'), ('groups', 'retired_groups', '0'), ('letters', 'dead_letters', '1 day'),
    ('replayed', 'replayed_dead_letters', '0')
UPDATE @.analytics_retention SET position = 3 WHERE name OPERATOR(pg_catalog.=) 'some'
UPDATE @.analytics_shapes SET enabled = false WHERE name OPERATOR(pg_catalog.=) 'seventh'
INSERT INTO @.analytics_shapes (name, event_type, source, required_members) VALUES ('bad', 't', 's', '{}')
DELETE FROM @.analytics_shapes WHERE name OPERATOR(pg_catalog.=) 'seventh'
CALL @.analytics_create_projection('kept'&text, NULL&_text, '{"k": ["k"]}'&json, '{"n": ["n"]}'&json,
    '1 hour'&interval, 10, '@'&text, 'latest'&text)
CALL @.analytics_create_projection('gone'&text, '{e}'&_text, '{}'&json, '{}'&json, '1 month'&interval, 10,
    'public'&text, 'stored'&text)
CALL @.analytics_build_projection('gone'&text)
SELECT @._analytics_register_projection('late'&text, NULL&_text, '{}'&json, '{}'&json, '1h'&interval, 9, 'public'&text,
    'stored'&text)
UPDATE @.analytics_projections SET max_groups = 8 WHERE name OPERATOR(pg_catalog.=) 'late'
CALL @.analytics_create_feed('fed'&text, 'events'&text, 'fed'&text, NULL&_text, NULL&text, 'id'&text, 'event'&text,
    'beginning'&text, '1 day'&interval, '1 second'&interval)
CALL @.analytics_create_feed('gone'&text, 'events'&text, NULL&text, '{e}'&_text, 'acme'&text, 'id'&text, 'event'&text,
    'now'&text, '1 day'&interval, '1 second'&interval)
CALL @.analytics_start_feed('gone'&text)
UPDATE @.analytics_feeds SET event_types = NULL WHERE name OPERATOR(pg_catalog.=) 'gone'
SELECT @.analytics_drop_feed('gone'&text)
CALL @.analytics_create_feed('rows'&text, 'gone'&text, 'rows'&text, NULL&_text, NULL&text, 'id'&text, 'event'&text,
    'beginning'&text, '1 day'&interval, '1 second'&interval)
CALL @.analytics_create_feed('counted'&text, 'counts'&text, NULL&text, '{e}'&_text, 'acme'&text, 'id'&text,
    'event'&text, 'beginning'&text, '1 day'&interval, '1 second'&interval)
CALL @.analytics_create_feed('letters'&text, 'dead_letters'&text, 'letters'&text, NULL&_text, NULL&text, 'id'&text,
    'event'&text, 'beginning'&text, '1 day'&interval, '1 second'&interval)
SELECT * FROM @.analytics_claim_partition('g'&text, 't'&text, 0, 'o'&text, 0&int8, 5&int8)
SELECT @.analytics_retire_group('g'&text)
INSERT INTO @.analytics_dead_letters (reason) VALUES ('invalid_json'), ('by hand'), ('by hand')
UPDATE @.analytics_dead_letters SET replayed_at = '2021-05-06 07:00Z' WHERE reason OPERATOR(pg_catalog.=) 'by hand'
DELETE FROM @.analytics_dead_letters WHERE reason OPERATOR(pg_catalog.=) 'by hand'
SELECT @.analytics_create_partition('2021-05-06 00:00:00Z'&timestamptz)
CREATE TABLE @.by_hand PARTITION OF @.analytics_events FOR VALUES FROM ('2019-01-01Z') TO ('2020-01-01Z')
SELECT @.analytics_watch_partition('@.by_hand'&regclass)
INSERT INTO @.by_hand (event_type, source, occurred_at, payload) VALUES ('e', 's', '2019-05-06 07:00:00Z', '{}')
UPDATE @.by_hand SET event_type = 'f'
TRUNCATE @.by_hand
SELECT @.analytics_tick()
SELECT * FROM @.analytics_read_feed('fed'&text, 'beginning'&text, 10)
SELECT * FROM @.analytics_read_feed('fed'&text, '0'&text, 10)
SELECT * FROM @.analytics_read_feed('rows'&text, 'beginning'&text, 10)
SELECT * FROM @.analytics_read_feed('rows'&text, '0'&text, 10)
SELECT * FROM @.analytics_read_feed('counted'&text, 'beginning'&text, 10)
SELECT * FROM @.analytics_read_feed('counted'&text, '0'&text, 10)
SELECT * FROM @.analytics_read_feed('letters'&text, 'beginning'&text, 10)
SELECT * FROM @.analytics_read_feed('letters'&text, '0'&text, 10)
SELECT * FROM @.kept
SELECT * FROM public.gone
SELECT @.analytics_drop_feed('rows'&text)
SELECT @.analytics_drop_projection('gone'&text)
DELETE FROM @.analytics_rollup_totals
SELECT * FROM @.analytics_verify(NULL&timestamptz, NULL&timestamptz)
SELECT @.analytics_rebuild(NULL&timestamptz, NULL&timestamptz)
SELECT * FROM @.analytics_dead_letter_summary
"""
INSERT = """
INSERT INTO @.analytics_events (event_type, source, occurred_at, tenant_id, payload) VALUES
    ('e', 's', '2021-05-06 07:00Z', 'acme', '{"k": "x", "n": 5}'),
    ('e', 's', '2021-05-06 08:30Z', NULL, '{"k": "y", "n": "z"}')
"""
SERIALIZABLE = "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE"
END = """
CALL @.analytics_maintain('2021-06-08Z'&timestamptz, '0'&interval)
CALL @.analytics_maintain('2021-08-08Z'&timestamptz, '0'&interval)
CALL @.analytics_replay_all_dead_letters(2, NULL&text, NULL&text, NULL&timestamptz, NULL&timestamptz, @0, @0, @0, @0)
UPDATE @.analytics_events SET payload = '{"k": "y"}'
DELETE FROM @.analytics_events WHERE tenant_id IS NULL
TRUNCATE @.analytics_events
TRUNCATE @.analytics_dead_letters
"""


def lines(text):
    """A statement a line, and lines that go on: @ is the extension's schema, &type a cast to a type of PostgreSQL."""
    joined = text.replace("\n    ", " ").replace("@0", "0&int8")
    return joined.replace("@", OURS).replace("&", "::pg_catalog.").strip().splitlines()


FUNCTIONS = """
SELECT p.proname::text, p.prokind::text, p.proallargtypes IS NULL AND p.prorettype = 'record'::regtype,
    ARRAY(SELECT ROW(n.nspname, t.typname, t.typrelid <> 0)::text
          FROM unnest(p.proargtypes) WITH ORDINALITY AS a (type, place) JOIN pg_type AS t ON t.oid = a.type
          JOIN pg_namespace AS n ON n.oid = t.typnamespace ORDER BY a.place)
FROM pg_proc AS p JOIN pg_depend AS d ON d.objid = p.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e'
JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'analytics_events'
WHERE p.prorettype <> 'trigger'::regtype AND 'internal'::regtype <> ALL (p.proargtypes) ORDER BY p.proname, p.oid"""


def functions(database):
    """The statements that call the extension's functions, by name, each with all arguments in their types."""
    def argument(type, value):
        schema, name, is_row = type.strip("()").split(",")
        full = f"{schema}.{quoted(name)}"
        if is_row == "t":
            return f"(SELECT r FROM {full} AS r LIMIT 1)"
        return f"NULL::{full}" if value is None else "'" + value.replace("'", "''") + f"'::{full}"

    for name, kind, is_record, types in catalog_rows(database, FUNCTIONS):
        calls = CALLS.get(name, [tuple(SAMPLES.get(type.strip("()").split(",")[1]) for type in types)])
        for values in (values for values in calls if len(values) == len(types)):
            arguments = ", ".join(map(argument, types, values))
            columns = ' AS r (k pg_catalog.text, other boolean, count bigint, mismatched bigint)' if is_record else ""
            yield (f"CALL {OURS}.{name}({arguments})" if kind == "p"
                   else f"SELECT {OURS}.{name}({arguments})" if kind == "a"
                   else f"SELECT * FROM {OURS}.{name}({arguments}){columns}")


def catalog_rows(database, statement):
    """Asked by a session in which nothing is in the way."""
    connection = database.connect()
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute("SET search_path = ''")
        cursor.execute(statement)
        return cursor.fetchall()


class Workout:
    """run() gives what came of each step: an SQLSTATE or a status, the same whenever it is run in a new database."""

    def __init__(self, server, broker, database, topic, produce, folder, prelude=()):
        self.server, self.broker, self.database = server, broker, database
        self.topic, self.produce, self.folder = topic, produce, folder
        self.prelude = prelude  # what each session of a person begins with
        self.outcomes, self.messages = {}, {}

    def run(self):
        make_roles(self.server, self.database)
        calls = list(functions(self.database))
        try:
            some = lines(INSERT) * 20
            self.commit(None, some + lines(LIFE) + some)
            # Writers fold bags at random, but not in a serializable transaction: so there are some to fold, always.
            self.commit(None, [SERIALIZABLE] + lines(INSERT) * 2)
            for role in CALLERS:
                self.try_out(role, calls)
            self.serve()
            self.ingest()
            self.commit(None, lines(END))
        finally:
            self.database.sql(f"DROP OWNED BY {ROLES}")
        return self.outcomes

    def session(self, role):
        connection = self.database.connect()
        with connection.cursor() as cursor:
            for statement in self.prelude:
                cursor.execute(statement)
            if role:
                cursor.execute(f"SET ROLE {role}")
        return connection

    def step(self, cursor, key, statement):
        try:
            cursor.execute(statement)
            self.outcomes[key] = None
        except psycopg2.Error as error:
            self.outcomes[key] = error.pgcode
            self.messages[key] = str(error)

    def commit(self, role, statements):
        connection = self.session(role)
        with connection.cursor() as cursor:
            for statement in statements:
                self.step(cursor, (role, statement), statement)
        connection.close()

    def try_out(self, role, statements):
        """Each in a transaction that is rolled back."""
        connection = self.session(role)
        with connection.cursor() as cursor:
            for statement in statements:
                if statement.startswith("CALL"):
                    self.step(cursor, (role, statement), statement)
                    continue
                cursor.execute("BEGIN")
                self.step(cursor, (role, statement), statement)
                cursor.execute("ROLLBACK")
        connection.close()

    def serve(self):
        """Every route, by who may all and by a tenant."""
        ring = KeyFile(self.folder / "keys")
        ring.add("all", "read,write,admin")
        ring.add("acme", "read,write", "tenant=acme")
        url = self.server.url(self.database.name, "analytics_api")
        with daemon.Http(url, ANALYTICS_HTTP_API_KEYS_FILE=ring.path) as service:
            for who, key in ring.keys.items():
                for path, method, query in requests_of_the_document():
                    status = ask(service, key, path, method, params=query, data=b"").status_code
                    self.outcomes[who, method, path, str(query)] = status
                for kind, body in (("json", EVENT), ("json", f"[{EVENT},1]"), ("x-ndjson", f"{EVENT}\n1\n")):
                    self.outcomes[who, kind, body] = ask(service, key, EVENTS, "POST", data=body, headers={
                        "Content-Type": f"application/{kind}"}).status_code
            self.outcomes["metrics"] = requests.get(service.admin_url + "/metrics", timeout=30).status_code

    def ingest(self):
        """The ingestor and its publisher, and what each daemon's --check tries."""
        url = self.server.url(self.database.name, "analytics_ingestor")
        companion = self.topic + ".dlq"
        self.broker.create_topic(companion)
        self.produce(self.topic, [json.dumps(event(n)).encode() for n in range(20)] + [b"{"])
        read = (f"SELECT pg_catalog.sum(stored OPERATOR(pg_catalog.+) dead_lettered) OPERATOR(pg_catalog.=) 21 "
                f"FROM {OURS}.analytics_kafka_offsets WHERE topic OPERATOR(pg_catalog.=) '{self.topic}'")
        with daemon.Ingestor(self.broker, url, self.topic, self.database.name,
                             ANALYTICS_KAFKA_DLQ_TOPIC=companion) as running:
            running.await_log(event="partitions_ready")
            running.await_log(event="dead_letters_published", timeout=60)
            place.eventually(lambda: self.database.sql(read), what="the batch")
        with daemon.Daemon(daemon.INGESTOR, running.environment, ["--check"]) as check:
            self.outcomes["ingestor --check"] = check.wait()


def requests_of_the_document():
    """(path, method, query): every operation without what it can do without, and with its parameters' examples."""
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            query = {}
            named = path
            for one in operation.get("parameters", []):
                if "$ref" in one:
                    one = DOCUMENT["components"]["parameters"][one["$ref"].rsplit("/", 1)[1]]
                name, example = one["name"], str(one.get("example", ""))
                if one["in"] == "path":
                    named = named.replace("{" + name + "}", "kept" if name == "name" else example)
                elif name != "cursor" and example:
                    query[name] = "false" if example == "False" else example
            yield named, method.upper(), {}
            yield named, method.upper(), query
