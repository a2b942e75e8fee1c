"""Random calls of every C function of the extension that takes bytes, texts or JSON, found in the catalogue, and of
what reads the tables of packed bytes after they were damaged; by callers whose search_path begins with types of their
own.

A call is SQL text that names everything in full, since it is not our text that is tested. Most bytes are valid ones
with a few changes, for what is nowhere near valid is refused at once.
"""
import random

import psycopg2

TYPES = ["text", "int8", "int4", "jsonb", "json", "timestamptz", "uuid", "bytea", '"char"', "interval", "numeric",
         "bool", "regclass", "varchar", "name", "oid", "float8", "_text", "_bytea"]
STAND_INS = ["int2", "int4", "int8", "text", '"char"', "bool", "float8", "jsonb", "numeric", "bytea", "point"]
TIMES = ["-infinity", "infinity", "4713-01-01 00:00:00+00 BC", "0001-01-01 00:00:00+00", "1970-01-01 00:00:00+00",
         "2025-01-02 03:04:05.6+00", "2025-01-02 03:00:00+00", "2025-01-03 00:00:00+00",
         "9999-12-31 23:59:59.999999+00", "294276-12-31 23:59:59.999999+00"]
INTERVALS = ["1 minute", "1 hour", "1 day", "1 month", "-1 day", "0", "178000000 years", "1 day 1 microsecond"]
INTEGERS = ["0", "1", "2", "-1", "60", "65536", "1073741820", "2147483647", "-2147483648"]
TEXTS = ["", "e", "t", "65536", "1073741820", "UTC", "Europe/Lisbon", "+99:99", "<x>99", "%s%n", "é" * 200,
         "\U0001F600", "x" * 5000, "invalid_json", "a'b\"c", "../../etc/passwd"]
JSON = ['{}', '[]', '{"a": ["a"]}', '{"a": {"path": ["a"], "type": "bigint"}}', '{"a\\u0000": ["a"]}',
        '{"a\\ud800": ["b"]}', '{"": [""]}', '{"a": ["a"], "a": ["b"]}', '{"' + "n" * 70 + '": ["a"]}', '[{}, 1, "x"]',
        '{"a": {"type": "text"}}', '{"required": ["a"], "properties": {"a": {"type": "number", "multipleOf": 0.1}}}',
        '{"anyOf": [{"$ref": "#/$defs/a"}, {"type": "null"}], "$defs": {"a": {"items": {"$ref": "#"}}}}',
        '{"additionalProperties": {"pattern": "(a|b)*a(a|b){9}c$", "enum": ["é", [1.0], {"a": {}}]}}',
        '{"uniqueItems": true, "contains": {"not": {"const": {"a": "x"}}}}']
RECORDS = [b'{"eventType":"e","source":"s","payload":{}}', b'', b'{', b'\xff', b'[1,2,{"a":"b"}]', b'[' * 200,
           b'{"eventType":"65536","source":"1073741820","tenantId":"t","eventId":"k","payload":{"name":"n","m":1e3}}',
           b'{"eventType":"e","source":"s","occurredAt":"2025-01-02T03:04:05Z","payload":{"m":"x","n":-1e-30}}',
           b'{"guideId":1,"challengeId":"c","occurredAt":[2025,1,2,3,4]}',
           b'{"execution_id":"x","status":"s","timestamp":1735786999.123456789}']
ROWS = ("name text, n bigint, ok boolean, other boolean, count bigint, mismatched bigint, m_count bigint, "
        "m_sum numeric, m_avg numeric, m_min numeric, m_max numeric")
PROJECTION = """CALL analytics_create_projection('fuzzed', max_groups => 5, bucket => '1 day',
    measures => '{"m": ["m"]}', dimensions => '{"name": ["name"], "n": {"path": ["n"], "type": "bigint"},
    "ok": {"path": ["ok"], "type": "boolean"}}')"""
CALLER = """
CREATE SCHEMA fuzz;
CREATE FUNCTION fuzz.answer(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer pg_catalog.text;
BEGIN
    EXECUTE call INTO answer;
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    RETURN pg_catalog.concat('!', SQLSTATE, ' ', SQLERRM);
END
$$;
CREATE FUNCTION fuzz.answers(calls text[]) RETURNS TABLE (number int, answer text) LANGUAGE plpgsql AS $$
DECLARE
    call pg_catalog.text;
BEGIN
    number := 0;
    FOREACH call IN ARRAY calls LOOP
        answer := fuzz.answer(call);
        IF answer OPERATOR(pg_catalog.<>) pg_catalog.convert_from(pg_catalog.convert_to(answer, 'UTF8'), 'UTF8') THEN
            RAISE EXCEPTION 'an answer that is no text: %', call;
        END IF;
        answer := CASE WHEN pg_catalog.left(answer, 1) OPERATOR(pg_catalog.=) '!' THEN answer END;
        RETURN NEXT;
        number := number OPERATOR(pg_catalog.+) 1;
    END LOOP;
END
$$;
"""
EVENTS = """SELECT count(*) FROM analytics_ingest((SELECT array_agg(convert_to(format(
    '{"eventType":"e%s","source":"s","tenantId":"t%s","occurredAt":"2025-01-02T%s:%s:05Z",
      "payload":{"name":"n%s","n":%s,"ok":true,"m":%s}}',
    i % 3, i % 2, to_char(i % 24, 'FM00'), to_char(i % 60, 'FM00'), i % 4, i % 5, i * 0.1), 'UTF8'))
    FROM generate_series(1, 300) AS i))"""
FUNCTIONS = """
SELECT format('%I.%I', n.nspname, p.proname),
       ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) WITH ORDINALITY AS a (t, i) ORDER BY i),
       p.proretset AND p.proallargtypes IS NULL AND p.prorettype = 'record'::regtype
FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace JOIN pg_language AS l ON l.oid = p.prolang
JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
WHERE l.lanname = 'c' AND p.prokind = 'f' AND p.prorettype <> 'trigger'::regtype
AND NOT 'internal'::regtype = ANY (p.proargtypes)
AND p.proargtypes::oid[] && '{bytea,bytea[],text,text[],json,jsonb}'::regtype[]::oid[] ORDER BY 1, 2"""
TABLES = ["analytics_rollup_totals", "analytics_rollup_tenants", "analytics_projection_bags"]
READERS = ["analytics_counts('2025-01-02 00:00:00+00', '2025-01-02 12:30:30+00')",
           "analytics_counts('2025-01-02 00:00:00+00', '2025-01-03 00:00:00+00', 't1')", "_analytics_freshness()",
           "analytics_recent(5, tenant_id => 't1')", "analytics_recent(5, event_type => 'e1')", "fuzzed",
           "analytics_hopping('2025-01-02 00:00:00+00', '2025-01-03 00:00:00+00', '2 hours', '1 hour')",
           "_analytics_projection_missing(1, '-infinity', 'infinity')", "analytics_verify()"]


def prepare(connection):
    """Functions, seeds of packed bytes, and the functions to be called."""
    with connection.cursor() as cursor:
        cursor.execute(PROJECTION)
        cursor.execute(EVENTS)
        cursor.execute("DELETE FROM analytics_events WHERE (payload ->> 'm')::numeric < 1")
        cursor.execute(CALLER)
        cursor.execute(" UNION ALL ".join(f"(SELECT cells FROM {table} LIMIT 40)" for table in TABLES))
        seeds = [bytes(row[0]) for row in cursor.fetchall()]
        cursor.execute(FUNCTIONS)
        return seeds, cursor.fetchall()


class Calls:
    """Draws calls: the same seed draws the same ones."""

    def __init__(self, seed, seeds, functions):
        self.random = random.Random(seed)
        self.seeds = sorted(seeds)
        self.functions = functions

    def changed(self, data):
        data = bytearray(data)
        for _ in range(self.random.choice((0, 0, 1, 1, 2, 5))):
            at = self.random.randrange(len(data) + 1)
            kind = self.random.randrange(5)
            if kind == 0 and data:
                data[at % len(data)] ^= 1 << self.random.randrange(8)
            elif kind == 1 and data:
                data[at % len(data)] = self.random.choice((0, 1, 0x7f, 0x80, 0xff, self.random.randrange(256)))
            elif kind == 2:
                data[at:at] = self.random.randbytes(self.random.randrange(1, 9))
            elif kind == 3:
                del data[at:at + self.random.randrange(1, 9)]
            else:
                other = self.random.choice(self.seeds)
                cut = self.random.randrange(len(other) + 1)
                data[at:] = other[cut:cut + 64]
        return bytes(data)

    def data(self):
        return self.changed(self.random.choice(self.seeds if self.random.random() < 0.7 else RECORDS))

    def bytea(self):
        return f"'\\x{self.data().hex()}'::pg_catalog.bytea"

    def quoted(self, words):
        return "'" + self.random.choice(words).replace("'", "''") + "'"

    def array(self, item, type_name):
        items = [item() for _ in range(self.random.choice((0, 1, 2, 2, 3)))] + ["NULL"] * (self.random.random() < 0.1)
        return f"ARRAY[{', '.join(items)}]::pg_catalog.{type_name}[]"

    def value(self, type_name):
        if self.random.random() < 0.04:
            return f"NULL::pg_catalog.{type_name}" if " " not in type_name else "NULL"
        drawn = {
            "bytea": self.bytea, "bytea[]": lambda: self.array(self.bytea, "bytea"),
            "text": lambda: self.quoted(TEXTS) + "::pg_catalog.text",
            "text[]": lambda: self.array(lambda: self.quoted(TEXTS), "text"),
            "json": lambda: self.quoted(JSON) + "::pg_catalog.json",
            "jsonb": lambda: self.quoted(JSON) + "::pg_catalog.jsonb",
            "jsonb[]": lambda: self.array(lambda: self.quoted(JSON), "jsonb"),
            "integer": lambda: self.random.choice(INTEGERS) if self.random.random() < 0.5 else "1",
            "bigint": lambda: self.random.choice(INTEGERS) + "::pg_catalog.int8",
            "bigint[]": lambda: self.array(lambda: self.random.choice(INTEGERS), "int8"),
            "interval": lambda: self.quoted(INTERVALS) + "::pg_catalog.interval",
            "timestamp with time zone": lambda: self.quoted(TIMES) + "::pg_catalog.timestamptz",
            "timestamp with time zone[]": lambda: self.array(lambda: self.quoted(TIMES), "timestamptz"),
            "uuid": lambda: "'ffffffff-ffff-ffff-ffff-ffffffffffff'::pg_catalog.uuid",
            "boolean": lambda: self.random.choice(("true", "false")),
        }.get(type_name)
        return drawn() if drawn else "NULL"

    def call(self):
        if self.random.random() < 0.1:
            table, reader = self.random.choice(TABLES), self.random.choice(READERS)
            some = "pg_catalog.random() OPERATOR(pg_catalog.<) 0.2"
            edit = f"UPDATE public.{table} SET cells = {self.bytea()} WHERE {some}"
            ask = f"SELECT pg_catalog.string_agg(a::pg_catalog.text, '') FROM public.{reader} AS a"
            return (f"WITH edited AS MATERIALIZED (SELECT fuzz.answer($_${edit}$_$)) "
                    f"SELECT fuzz.answer($_${ask}$_$) FROM edited")
        name, types, is_described = self.random.choice(self.functions)
        columns = ""
        if is_described:
            words = ROWS.split(", ")
            if self.random.random() < 0.2:
                self.random.shuffle(words)
            columns = f" ({', '.join(words)})"
        values = ", ".join(map(self.value, types))
        return f"SELECT pg_catalog.string_agg(a::pg_catalog.text, '') FROM {name}({values}) AS a{columns}"

    def domains(self):
        """What a caller puts in front of PostgreSQL's types."""
        chosen = self.random.sample(TYPES, self.random.randrange(len(TYPES)))
        return [f"CREATE DOMAIN pg_temp.{name} AS pg_catalog.{self.random.choice(STAND_INS)}" for name in chosen]


def run(database, calls, count, per_session=400, per_batch=40):
    """Makes the calls, each batch in a transaction that is rolled back; returns how many answers there were of each
    SQLSTATE ('00000': none was raised). A server that dies raises with the batch's calls."""
    outcomes = {}
    while count > 0:
        connection = database.connect(autocommit=False)
        with connection.cursor() as cursor:
            hostile = calls.domains()
            for statement in hostile:
                cursor.execute(statement)
            cursor.execute("SET search_path = pg_temp, pg_catalog, public; SET client_min_messages = error; "
                           "SET statement_timeout = '300s'")
            connection.commit()
            for _ in range(per_session // per_batch):
                batch = [calls.call() for _ in range(min(per_batch, max(count, 1)))]
                try:
                    cursor.execute("SELECT number, answer FROM fuzz.answers(%s::pg_catalog.text[])", (batch,))
                    for number, answer in cursor.fetchall():
                        state = "00000" if answer is None else answer[1:6]
                        outcomes[state] = outcomes.get(state, 0) + 1
                        if state == "XX000":
                            raise AssertionError(f"{answer}: {batch[number]}")
                except psycopg2.Error as error:
                    raise AssertionError(f"{error}: after {hostile}: {batch}") from error
                connection.rollback()
                count -= len(batch)
                if count <= 0:
                    break
        connection.close()
    return outcomes
