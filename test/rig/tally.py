"""Counts of passed, failed and skipped tests, read from what each kind of suite leaves behind."""
import json
import re
import xml.etree.ElementTree
from dataclasses import asdict, dataclass, field

TAP_LINE = re.compile(r"^(not )?ok\b(?P<rest>.*)$", re.MULTILINE)
TAP_SKIP = re.compile(r"#\s*skip\b\s*(?P<reason>.*)", re.IGNORECASE)
REGRESS_LINE = re.compile(r"^(?:test (\S+) +\.\.\. (?P<word>ok|FAILED)|(?P<tap>ok|not ok) \d+ +)", re.MULTILINE)
TAP_TODO = re.compile(r"#\s*todo\b", re.IGNORECASE)
TAP_SKIP_ALL = re.compile(r"^1\.\.0\s*#\s*skip\b\s*(?P<reason>.*)$", re.IGNORECASE | re.MULTILINE)


@dataclass
class Tally:
    """What a suite found; skips holds a reason per skipped test."""

    passed: int = 0
    failed: int = 0
    skips: list = field(default_factory=list)

    def __iadd__(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skips += other.skips
        return self

    def __str__(self):
        skipped = f", {len(self.skips)} skipped" if self.skips else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


def write(report, tallies):
    """Keeps {suite: Tally} for read()."""
    report.write_text(json.dumps({name: asdict(one) for name, one in tallies.items()}, indent=1))


def read(report):
    """What write() kept; nothing when there is nothing."""
    return {name: Tally(**one) for name, one in json.loads(report.read_text()).items()} if report.exists() else {}


def of_exit(code):
    """One test that is a whole command."""
    return Tally(passed=1) if code == 0 else Tally(failed=1)


def of_googletest(report):
    """From --gtest_output=json:report."""
    tally = Tally()
    for suite in json.loads(report.read_text(errors="replace"))["testsuites"]:
        for test in suite["testsuite"]:
            name = f"{suite['name']}.{test['name']}"
            if test.get("failures"):
                tally.failed += 1
            elif test["result"] == "SKIPPED" or test["status"] == "NOTRUN":
                reasons = [entry["message"].splitlines()[-1] for entry in test.get("skipped", [])]
                tally.skips.append(f"{name}: {', '.join(reasons) or 'disabled'}")
            else:
                tally.passed += 1
    return tally


def of_tap(report):
    """From one file of TAP."""
    text = report.read_text(errors="replace")
    tally = Tally()
    for line in TAP_LINE.finditer(text):
        skip = TAP_SKIP.search(line["rest"])
        if skip:
            tally.skips.append(f"{report.stem}: {skip['reason']}")
        elif line[1] and not TAP_TODO.search(line["rest"]):
            tally.failed += 1
        else:
            tally.passed += 1
    for line in TAP_SKIP_ALL.finditer(text):
        tally.skips.append(f"{report.stem}: {line['reason']}")
    return tally


def of_regress(report):
    """From what pg_regress says, which PostgreSQL 16 made TAP."""
    tally = Tally()
    for line in REGRESS_LINE.finditer(report.read_text(errors="replace")):
        tally += of_exit(0 if "ok" in (line["word"], line["tap"]) else 1)
    return tally


def of_junit(report):
    """From pytest's --junitxml."""
    tally = Tally()
    for case in xml.etree.ElementTree.parse(report).iter("testcase"):
        skipped = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            tally.failed += 1
        elif skipped is not None:
            tally.skips.append(f"{case.get('classname')}.{case.get('name')}: {skipped.get('message')}")
        else:
            tally.passed += 1
    return tally
