"""Decoys: what somebody who may create in a schema would put there, so that our statements call it instead.

Decoys(database, catalog, calls) makes, in each of SCHEMAS, an exact overload of every function, aggregate and operator
among the calls, and a domain for every type of PostgreSQL. A decoy says in the server's log that it was called, and
answers null; a type says so when something is cast to it. told() reads that.
"""
import contextlib
import itertools
import re

import psycopg2

import query_trees

OURS = "analytics"  # the extension's schema
SCHEMAS = (OURS, "public")
MARK = re.compile(r"LOG:  decoy called: (.*)")

# Types as text that is the same in every database: asked for with an empty search_path.
TYPES = "SELECT oid::bigint, oid::regtype::text, typelem::bigint FROM pg_type"
FUNCTIONS = """
SELECT p.oid::bigint, p.proname::text, p.proretset, CASE WHEN p.proallargtypes IS NOT NULL THEN (
    SELECT array_agg(format('OUT %I %s', a.name, a.type::regtype) ORDER BY a.place)
    FROM ROWS FROM (unnest(p.proallargtypes), unnest(p.proargmodes), unnest(p.proargnames))
         WITH ORDINALITY AS a (type, mode, name, place)
    WHERE a.mode IN ('o', 't')) END
FROM pg_proc AS p"""
OWN = """
SELECT proname::text, ARRAY(SELECT a.type::regtype::text FROM unnest(proargtypes) WITH ORDINALITY AS a (type, place)
                            ORDER BY a.place)
FROM pg_proc WHERE pronamespace = '@home@'::regnamespace"""
OPERATORS = "SELECT oid::bigint, oprname::text FROM pg_operator"
NAMED_TYPES = """
SELECT typname::text, typtype <> 'p' FROM pg_type
WHERE typnamespace = 'pg_catalog'::regnamespace AND typrelid = 0 AND typname !~ '^_' AND typname !~ '^pg_'"""
STORED_TREES = """
WITH relations AS (SELECT oid FROM pg_class WHERE relnamespace = '@home@'::regnamespace)
SELECT prosqlbody::text FROM pg_proc WHERE prosqlbody IS NOT NULL AND pronamespace = '@home@'::regnamespace
UNION ALL SELECT ev_action::text FROM pg_rewrite WHERE ev_class IN (SELECT oid FROM relations)
UNION ALL SELECT adbin::text FROM pg_attrdef WHERE adrelid IN (SELECT oid FROM relations)
UNION ALL SELECT conbin::text FROM pg_constraint WHERE conbin IS NOT NULL AND connamespace = '@home@'::regnamespace
UNION ALL SELECT tree::text FROM pg_index CROSS JOIN LATERAL (VALUES (indexprs), (indpred)) AS t (tree)
          WHERE tree IS NOT NULL AND indexrelid IN (SELECT oid FROM relations)"""


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


class Catalog:
    """A database's names for its numbers."""

    def __init__(self, connection):
        with connection.cursor() as cursor:
            def rows(statement):
                cursor.execute(statement.replace("@home@", OURS))
                return cursor.fetchall()

            cursor.execute("SET search_path = ''")
            types = rows(TYPES)
            self.types = {number: name for number, name, _ in types}
            self.element_of = {number: element for number, _, element in types if element}
            self.functions = {number: rest for number, *rest in rows(FUNCTIONS)}
            self.operators = dict(rows(OPERATORS))
            self.own = {f"{OURS}.{name}({', '.join(types)})" for name, types in rows(OWN)}
            self.named_types = rows(NAMED_TYPES)
            self.stored_trees = [text for text, in rows(STORED_TREES)]

    def calls(self, trees):
        """Every different call of the trees and of what the catalogs hold."""
        return {call for text in {*trees, *self.stored_trees} for call in query_trees.calls(
            query_trees.parse(text), self.element_of)}


def shapes(call):
    """The argument types with which an overload might win: those that are written, and text in place of literals: it
    suits a literal that has no type better than any other."""
    yield call.arguments
    if any(call.literal):
        yield tuple(query_trees.TEXT if is_literal else type
                    for type, is_literal in zip(call.arguments, call.literal))


class Decoy:
    """One: its title, by which it is told, and the statements that make it."""

    def __init__(self, schema, name, types, number):
        self.schema, self.name, self.types = schema, name, types
        self.title = f"{schema}.{name}({', '.join(types)})"
        self.helper = f"{schema}.decoy_{number}"

    def body(self, is_empty=False):
        return (f"LANGUAGE plpgsql AS $decoy$BEGIN RAISE LOG 'decoy called: %', $title${self.title}$title$; "
                f"RETURN{'' if is_empty else ' NULL'}; END$decoy$")

    def operator(self, result):
        sides = zip(("LEFTARG", "RIGHTARG")[-len(self.types):], self.types)
        return [f"CREATE FUNCTION {self.helper}({', '.join(self.types)}) RETURNS {result} {self.body()}",
                f"CREATE OPERATOR {self.schema}.{self.name} (FUNCTION = {self.helper}, "
                f"{', '.join(f'{side} = {type}' for side, type in sides)})"]

    def aggregate(self, result):
        step = ", ".join(["integer", *self.types])
        return [f"CREATE FUNCTION {self.helper}({step}) RETURNS integer {self.body()}",
                f"CREATE FUNCTION {self.helper}_end(integer) RETURNS {result} {self.body()}",
                f"CREATE AGGREGATE {self.schema}.{quoted(self.name)}({', '.join(self.types) or '*'}) "
                f"(SFUNC = {self.helper}, STYPE = integer, FINALFUNC = {self.helper}_end)"]

    def function(self, result, names, is_set, columns):
        inputs = [f"{quoted(name)} {type}" for name, type in zip(names, self.types)] if names else self.types
        returns = "" if columns and not is_set else f"RETURNS {'SETOF ' if is_set else ''}{result}"
        arguments = ", ".join([*inputs, *(columns or [])])
        return [f"CREATE FUNCTION {self.schema}.{quoted(self.name)}({arguments}) {returns} "
                f"{self.body(is_set or bool(columns) or result == 'void')}"]


def definitions(catalog, calls):
    """title → the statements that make the decoy."""
    found = {}
    for call, schema in itertools.product(calls, SCHEMAS):
        for arguments in shapes(call):
            types = [catalog.types[number] for number in arguments]
            result = catalog.types[call.result]
            if call.kind == "operator":
                decoy = Decoy(schema, catalog.operators[call.number], types, len(found))
                statements = decoy.operator(result)
            else:
                name, is_set, columns = catalog.functions[call.number]
                decoy = Decoy(schema, name, types, len(found))
                statements = (decoy.aggregate(result) if call.kind != "function" else
                              decoy.function(result, call.names, is_set, columns))
            if decoy.title not in catalog.own:
                found.setdefault(decoy.title, statements)
    return found


class Decoys:
    """Makes the decoys of a database: before() what the extension need not be there for, after() the others."""

    def __init__(self, database, catalog, calls):
        self.catalog = catalog
        self.wanted = definitions(catalog, calls)
        self.connection = database.connect()
        self.made = set()
        self._run(["SET search_path = ''"])

    def _run(self, statements):
        with self.connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def types(self):
        """A domain for every type, which allows all and says so."""
        self._run(["CREATE FUNCTION public.decoy_type(pg_catalog.text) RETURNS boolean LANGUAGE plpgsql AS "
                   "$$BEGIN RAISE LOG 'decoy called: %', $1; RETURN true; END$$"])
        for schema in SCHEMAS:
            self._run(self.domains(schema))

    def domains(self, schema):
        for name, may_be_domain in self.catalog.named_types:
            base = f"pg_catalog.{quoted(name)}" if may_be_domain else "pg_catalog.int4"
            yield (f"CREATE DOMAIN {schema}.{quoted(name)} AS {base} "
                   f"CHECK (public.decoy_type('type {schema}.{name}'::pg_catalog.text))")

    def temporary(self):
        """What a session does that keeps such types, and tables in the catalogs' names, for itself."""
        return [*self.domains("pg_temp"), *(f"CREATE TEMPORARY TABLE {name} (oid pg_catalog.oid)" for name in (
            "pg_class", "pg_namespace", "pg_index", "pg_inherits", "pg_extension", "pg_proc", "pg_depend",
            "pg_trigger"))]

    def make(self):
        """Those that can be made now."""
        for title, statements in sorted(self.wanted.items()):
            if title in self.made:
                continue
            try:
                self._run(statements)
                self.made.add(title)
            except (psycopg2.errors.UndefinedObject, psycopg2.errors.InvalidSchemaName):
                pass  # of a type that the extension brings
            except psycopg2.errors.InvalidFunctionDefinition:
                pass  # arguments by names that results have too: there is no way but to call by position
            except psycopg2.errors.DuplicateFunction:
                self.made.add(title)  # ours, or its like in another notation

    def close(self):
        self.connection.close()


def hits(log):
    """What was called, by the server's log."""
    return sorted(set(MARK.findall(log)))


@contextlib.contextmanager
def told(server):
    """What was called meanwhile, as a list that is complete at the end."""
    found = []
    position = server.log_size()
    yield found
    found += hits(server.log_since(position))
