"""Query trees, as PostgreSQL prints them: what a statement calls, by number, and with arguments of which types.

A server with debug_print_parse writes every statement's tree into its log, those of functions in SQL and PL/pgSQL and
those that C sends through SPI too; catalogs hold the trees of views, defaults, checks, indexes and bound bodies. A Call
is what a name in a statement was resolved to, and how the arguments looked before implicit casts: whoever may create in
a schema of the search path could make what fits them better.
"""
import re
from dataclasses import dataclass

TOKEN = re.compile(r'[(){}]|"(?:\\.|[^"\\])*"|(?:\\.|[^\s(){}\\])+', re.DOTALL)
ENTRY = re.compile(r"^(?=\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)", re.MULTILINE)
BOOLEAN, TEXT, UNKNOWN = 16, 25, 705
BOOLEANS = {"BOOLEXPR", "NULLTEST", "BOOLEANTEST", "DISTINCTEXPR", "SCALARARRAYOPEXPR", "ROWCOMPAREEXPR", "ROWCOMPARE",
            "CURRENTOFEXPR"}
# Where a node keeps its type; before PostgreSQL 16 some have shorter names.
TYPES = {"VAR": "vartype", "CONST": "consttype", "PARAM": "paramtype", "FUNCEXPR": "funcresulttype",
         "OPEXPR": "opresulttype", "NULLIFEXPR": "opresulttype", "AGGREF": "aggtype", "WINDOWFUNC": "wintype",
         "CASEEXPR": "casetype", "COALESCEEXPR": "coalescetype", "MINMAXEXPR": "minmaxtype",
         "ARRAYEXPR": "array_typeid",
         "ARRAY": "array_typeid", "ROWEXPR": "row_typeid", "ROW": "row_typeid", "RELABELTYPE": "resulttype",
         "COERCEVIAIO": "resulttype", "ARRAYCOERCEEXPR": "resulttype", "CONVERTROWTYPEEXPR": "resulttype",
         "COERCETODOMAIN": "resulttype", "FIELDSELECT": "resulttype", "SUBSCRIPTINGREF": "refrestype",
         "SQLVALUEFUNCTION": "type", "CASETESTEXPR": "typeId", "CASE": "casetype", "COALESCE": "coalescetype",
         "MINMAX": "minmaxtype", "GROUPINGFUNC": None}
IMPLICIT = "2"  # COERCE_IMPLICIT_CAST
CASTS = {"FUNCEXPR": "funcformat", "RELABELTYPE": "relabelformat", "COERCEVIAIO": "coerceformat",
         "ARRAYCOERCEEXPR": "coerceformat", "CONVERTROWTYPEEXPR": "convertformat", "COERCETODOMAIN": "coercionformat"}


@dataclass(frozen=True)
class Call:
    """kind: function, aggregate, window or operator; number: its oid; arguments: types before implicit casts; names: of
    arguments in named notation; literal: which are constants, whose type may have been left to the parser."""

    kind: str
    number: int
    arguments: tuple
    result: int
    names: tuple = ()
    literal: tuple = ()


def logged(log, database):
    """The different trees in the server's log that this database's sessions printed."""
    found, seen = [], set()
    for entry in ENTRY.split(log):
        head, _, body = entry.partition("DETAIL:")
        if f"@{database} " in head and body.lstrip().startswith("{QUERY"):
            text = " ".join(body.split())
            if text not in seen:
                seen.add(text)
                found.append(text)
    return found


def parse(text):
    """A tree: nodes are dictionaries with their tag under "", lists are lists, all else are strings."""
    tokens = TOKEN.findall(text)
    place = 0

    def value():
        nonlocal place
        token = tokens[place]
        place += 1
        if token == "(":
            items = []
            while tokens[place] != ")":
                items.append(value())
            place += 1
            return items
        if token == "{":
            node = {"": tokens[place]}
            place += 1
            while tokens[place] != "}":
                field = tokens[place]
                place += 1
                parts = []
                while tokens[place] != "}" and not tokens[place].startswith(":"):
                    parts.append(value())
                node[field[1:]] = parts[0] if len(parts) == 1 else parts
            place += 1
            return node
        return token

    return value()


def nodes(tree):
    """All nodes, from the top down."""
    if isinstance(tree, dict):
        yield tree
        for child in tree.values():
            yield from nodes(child)
    elif isinstance(tree, list):
        for child in tree:
            yield from nodes(child)


def plain(expression):
    """What was written, without implicit casts and the name of an argument."""
    while True:
        tag = expression[""]
        if tag in ("NAMEDARGEXPR", "COLLATEEXPR", "COLLATE"):
            expression = expression["arg"]
        elif tag in CASTS and expression[CASTS[tag]] == IMPLICIT:
            expression = expression["args"][0] if tag == "FUNCEXPR" else expression["arg"]
        else:
            return expression


def type_of(expression):
    """An expression's type; of a literal that nobody gave one, text."""
    tag = expression[""]
    if tag in BOOLEANS:
        return BOOLEAN
    if tag == "SUBLINK":
        if expression["subLinkType"] in ("4", "6"):  # EXPR_SUBLINK, ARRAY_SUBLINK
            return type_of(expression["subselect"]["targetList"][0]["expr"])
        return BOOLEAN
    number = int(expression[TYPES[tag]])
    return TEXT if number == UNKNOWN else number


def call(kind, number, arguments, result, packed=False):
    arguments = [argument["expr"] if argument[""] == "TARGETENTRY" else argument for argument in arguments]
    names = tuple(argument["name"] for argument in arguments if argument[""] == "NAMEDARGEXPR")
    written = [plain(argument) for argument in arguments]
    if packed and written and written[-1][""] in ("ARRAYEXPR", "ARRAY"):
        written[-1:] = [plain(element) for element in written[-1]["elements"]]
    return Call(kind, int(number), tuple(map(type_of, written)), int(result), names,
                tuple(one[""] == "CONST" for one in written))


def items(value):
    return value if isinstance(value, list) else []


def calls(tree, element_of):
    """The calls of a tree. element_of: an array's type → its elements'."""
    for node in nodes(tree):
        tag = node[""]
        if tag == "FUNCEXPR" and node["funcformat"] == "0":  # casts and special syntax are not looked up by name
            yield call("function", node["funcid"], items(node["args"]), node["funcresulttype"],
                       node["funcvariadic"] == "true")
        elif tag == "AGGREF":
            yield call("aggregate", node["aggfnoid"], items(node["args"]), node["aggtype"],
                       node["aggvariadic"] == "true")
        elif tag == "WINDOWFUNC":
            yield call("aggregate" if node["winagg"] == "true" else "window", node["winfnoid"], items(node["args"]),
                       node["wintype"])
        elif tag in ("OPEXPR", "DISTINCTEXPR", "NULLIFEXPR"):
            yield call("operator", node["opno"], node["args"], node["opresulttype"])
        elif tag == "SCALARARRAYOPEXPR":
            left, right = (type_of(plain(argument)) for argument in node["args"])
            yield Call("operator", int(node["opno"]), (left, element_of.get(right, left)), BOOLEAN)
        elif tag in ("ROWCOMPAREEXPR", "ROWCOMPARE"):
            for number, left, right in zip(node["opnos"][1:], node["largs"], node["rargs"]):
                yield Call("operator", int(number), (type_of(plain(left)), type_of(plain(right))), BOOLEAN)
