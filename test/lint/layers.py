"""layers.py FILE ...: who may include whom, checked from the include lines.

Two tables say it all. ROOMS: the rooms that a room's files may include from, itself among them. OWNERS: for headers of
others, the files that may include them; everybody else asks those files.
"""
import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:<(?P<system>[^>]+)>|"(?P<own>[^"]+)")')

TEXT = "extension/core/text"  # knows nothing of events: all that daemons may include of the extension

SCHEMA = "extension/core/schema"  # JSON Schema over the tape; of the core, only contracts know it

# Those who ingest, and those who keep projections or feeds, know the maintainers of rollups; these know neither.
BORDER, ROLLUP, INGEST, UPCAST, PROJECTION, FEED = (
    f"extension/pg/{room}" for room in ("border", "rollup", "ingest", "upcast", "projection", "feed"))

ROOMS = {
    "extension/core/text": {TEXT},
    "extension/core": {"extension/core", SCHEMA, TEXT},
    SCHEMA: {SCHEMA, "extension/core", TEXT},
    BORDER: {BORDER, "extension/core", TEXT},
    ROLLUP: {ROLLUP, BORDER, "extension/core", TEXT},
    INGEST: {INGEST, ROLLUP, BORDER, "extension/core", SCHEMA, TEXT},
    UPCAST: {UPCAST, BORDER, "extension/core", TEXT},
    PROJECTION: {PROJECTION, FEED, UPCAST, ROLLUP, BORDER, "extension/core", TEXT},
    FEED: {FEED, ROLLUP, BORDER, "extension/core", TEXT},
    "extension/pg/functions": {"extension/pg/functions", INGEST, PROJECTION, FEED, UPCAST, ROLLUP, BORDER,
                               "extension/core", SCHEMA, TEXT},
    "runtime": {"runtime", TEXT},
    "ingestor": {"ingestor", "runtime", TEXT},
    "http": {"http", "http/api", "http/auth", "http/server", "runtime"},
    "http/api": {"http/api", "http/auth", "http/server", "http/web", "runtime", TEXT},
    "http/auth": {"http/auth", "http/server", "runtime", TEXT},
    "http/web": {"http/web", "http/server"},
    "http/server": {"http/server", "runtime", TEXT},
    "test/unit": {"test/unit"},
    "test/unit/core": {"test/unit/core", "extension/core", SCHEMA, TEXT},
    "test/unit/runtime": {"test/unit/runtime", "runtime", TEXT},
    "test/unit/ingestor": {"test/unit/ingestor", "ingestor", "runtime"},
    "test/unit/http": {"test/unit/http", "http", "http/api", "http/auth", "http/server", "http/web", "runtime", TEXT},
    "test/fuzz": {"test/fuzz", "test/unit/core", "extension/core", SCHEMA, TEXT},
    "test/boundary": {"test/boundary", BORDER},
    "test/bench": {"test/bench"},
}

# (what is included, who may include it, why not the others)
OWNERS = [
    (r"rapidjson/", r"extension/core/json[a-z_]*\.(cpp|hpp)|ingestor/refusals\.cpp|test/unit/.*", "the JSON readers"),
    (r"re2/", r"extension/core/schema/pattern\.cpp", "the schema's patterns"),
    (r"openssl/", r"extension/core/identity\.cpp|http/(server/digest|auth/keys)\.cpp", "identity, tags and keys"),
    (r"zlib\.h", r"http/server/gzip\.cpp|test/unit/http/responder_test\.cpp", "the HTTP room's gzip"),
    (r"(postgres|fmgr|varatt)\.h$", r"extension/pg/border/postgres\.hpp", "the border's postgres.hpp"),
    (r"(postgres|postgres_ext|fmgr|funcapi|miscadmin|pgstat|varatt|c)\.h|"
     r"(access|catalog|commands|common|executor|lib|mb|nodes|optimizer|parser|port|rewrite|storage|tcop|utils)/.*",
     r"extension/pg/.*|test/boundary/.*", "the border"),
    (r"libpq-fe\.h|libpq/.*|pg_config.*", r"runtime/db[a-z_]*\.(cpp|hpp)|test/bench/.*", "the database's wrapper"),
    (r"librdkafka/",
     r"ingestor/(kafka_[a-z_]*|fetch_waker)\.(cpp|hpp)|test/unit/ingestor/(kafka_[a-z_]*|fetch_waker_test)\.cpp",
     "the Kafka client's wrapper"),
    (r"curl/", r"runtime/traces[a-z_]*\.cpp", "the traces"),
    (r"prometheus/", r"(runtime|ingestor|http)/metrics[a-z_]*\.(cpp|hpp)", "the metrics"),
    (r"CLI/", r"runtime/command_line[a-z_]*\.cpp", "the command line"),
    (r"spdlog/", r"runtime/log[a-z_]*\.(cpp|hpp)", "the log"),
    (r"systemd/", r"runtime/.*", "the runtime"),
    (r"gtest/|gmock/", r"test/unit/.*", "the unit tests"),
]

# In core: no streams, no clocks of a locale, no threads in what runs inside a backend.
CORE_REFUSED = re.compile(r"[a-z]*stream|iomanip|locale|regex|thread|mutex|future|filesystem|cstdio")
STANDARD = re.compile(r"[a-z_]+|c?u?char")


def room_of(path):
    """The room that a path stands in: the longest name that leads it, or nothing."""
    fitting = [room for room in ROOMS if path.startswith(room + "/")]
    return max(fitting, key=len, default=None)


def faults(path, root):
    """Sentences about the file's include lines that break a rule."""
    room = room_of(path)
    if room is None:
        yield f"{path}: stands in no known room"
        return
    for number, line in enumerate((root / path).read_text().splitlines(), 1):
        match = INCLUDE.match(line)
        if match is None:
            continue
        where, name = f"{path}:{number}", match["system"] or match["own"]
        if match["own"] is not None and (root / path).parent.joinpath(name).exists():
            target = (root / path).parent.joinpath(name).resolve().relative_to(root).as_posix()
            if room_of(target) not in ROOMS[room]:
                yield f"{where}: {room} must not include {target}"
            continue
        if match["own"] is not None and not room.startswith("extension/pg") and room != "test/boundary":
            yield f'{where}: "{name}" is not a file of ours; write <{name}>'
        for pattern, owners, title in OWNERS:
            if re.match(pattern, name) and not re.fullmatch(owners, path):
                yield f"{where}: only {title} may include {name}"
        if room.startswith("extension/core"):
            owned = any(re.match(pattern, name) for pattern, _, _ in OWNERS)
            if not owned and not STANDARD.fullmatch(name):
                yield f"{where}: core knows the standard library only, not {name}"
            if CORE_REFUSED.fullmatch(name):
                yield f"{where}: core does without <{name}>"


def main(paths):
    root = pathlib.Path(__file__).resolve().parents[2]
    found = [fault for path in paths for fault in faults(path, root)]
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
