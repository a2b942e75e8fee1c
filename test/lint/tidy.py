"""tidy.py FOLDER SOURCE ...: clang-tidy over the rooms, with .clang-tidy's rules.

clang-tidy looks at every node of every header again for each file that includes it: a quarter of an hour for this
project, and half a minute for a unit of one file. So the sources of all rooms that have the same flags are judged
together, in as few translation units as compile: a file whose names clash with the others' (each has an unnamed
namespace of its own) goes into the next unit. Only findings in our own files are shown. Units that held are remembered
in FOLDER by what they are made of and not judged again.
"""
import concurrent.futures
import hashlib
import os
import pathlib
import re
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TIDY = os.environ.get("CLANG_TIDY", "clang-tidy")
CLANG = os.environ.get("CLANG", "clang++")
PG_CONFIG = os.environ.get("PG_CONFIG", "pg_config")
# The units are ours, so including sources in them is no accident.
UNIT_CHECKS = "-bugprone-suspicious-include"
OWN_FILES = r"(extension|runtime|ingestor|http)/[^ ]*\.(hpp|cpp)$"
ERROR = re.compile(r"^([^\s:]+):\d+:\d+: (?:fatal )?error:", re.MULTILINE)
COUNTS = re.compile(r"^(\d+ warnings? generated|Suppressed|Use -header-filter|Error while processing)")


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def group(source):
    """The name of those that have the same flags."""
    room, inner, *_ = source.split("/")
    return f"{room}-{inner}" if room == "extension" else "daemons"


def flags(group):
    """The compiler's flags, third parties' headers as the system's."""
    common = ["-std=c++20", "-Wall", "-Wextra", "-I.", '-DANALYTICS_VERSION="lint"']
    if group == "extension-core":
        return common
    if group == "extension-pg":
        return [*common, "-Wno-register", "-D_GNU_SOURCE", "-isystem",
                output(PG_CONFIG, "--includedir-server")]
    packages = output("pkg-config", "--cflags", "libpq", "rdkafka", "spdlog", "fmt", "CLI11")
    return [*common, *(word for flag in shlex.split(packages) for word in
                       (("-isystem", flag[2:]) if flag.startswith("-I") else (flag,)))]


def unit_text(sources):
    return "".join(f'#include "{source}"\n' for source in sources)


def clashing(group, sources):
    """The sources in which the compiler stumbles when all are one unit."""
    done = subprocess.run([CLANG, "-fsyntax-only", "-ferror-limit=0", *flags(group), "-xc++", "-"], cwd=ROOT,
                          input=unit_text(sources), capture_output=True, text=True)
    if done.returncode == 0:
        return set()
    named = {pathlib.PurePath(os.path.normpath(path)).as_posix() for path in ERROR.findall(done.stderr)}
    # An error in a header is charged to the source that came last.
    return named & set(sources) or {sources[-1]}


def units(group, sources):
    """The sources, divided into lists that compile as one unit each."""
    waiting = list(sources)
    while waiting:
        unit, later = waiting, []
        while len(unit) > 1:
            stumbling = clashing(group, unit)
            if not stumbling:
                break
            later += [source for source in unit if source in stumbling]
            unit = [source for source in unit if source not in stumbling] or [later.pop(0)]
        yield unit
        waiting = later


def fingerprint(group, sources):
    """What a verdict depends on."""
    digest = hashlib.sha256()
    headers = sorted(ROOT.glob("extension/**/*.hpp")) + sorted(ROOT.glob("[rih]*/**/*.hpp"))
    for path in [ROOT / ".clang-tidy", pathlib.Path(__file__), *headers, *(ROOT / source for source in sources)]:
        digest.update(str(path).encode() + path.read_bytes())
    digest.update(repr((flags(group), output(TIDY, "--version"))).encode())
    return digest.hexdigest()


def judge(folder, group, number, sources):
    """clang-tidy's findings in one unit, as text; empty when it holds."""
    held = folder / fingerprint(group, sources)
    if held.exists():
        return ""
    unit = folder / f"{group}-{number}.cpp"
    unit.write_text(unit_text(sources))
    done = subprocess.run([TIDY, "--quiet", "--warnings-as-errors=*", f"--checks={UNIT_CHECKS}",
                           f"--header-filter={OWN_FILES}", f"--config-file={ROOT / '.clang-tidy'}", unit, "--",
                           *flags(group)], cwd=ROOT, capture_output=True, text=True)
    if done.returncode == 0:
        held.touch()
        return ""
    errors = [line for line in done.stderr.splitlines() if not COUNTS.match(line)]
    return done.stdout + "\n".join(errors) + f"\n{TIDY} ended with {done.returncode} for {' '.join(sources)}\n"


def main(folder, sources):
    folder.mkdir(parents=True, exist_ok=True)
    groups = {}
    for source in sources:
        groups.setdefault(group(source), []).append(source)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        divided = pool.map(lambda name: list(units(name, groups[name])), groups)
        jobs = [(folder, name, number, unit)
                for name, parts in zip(groups, divided) for number, unit in enumerate(parts)]
        jobs.sort(key=lambda job: -len(job[-1]))  # the longest first, or it ends last and alone
        findings = [text for text in pool.map(lambda job: judge(*job), jobs) if text]
    print("\n".join(findings), end="")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), sys.argv[2:]))
