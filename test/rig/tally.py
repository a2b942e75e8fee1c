"""What passed, failed and was skipped, read from what each kind of suite leaves behind."""
import json
import re
import xml.etree.ElementTree
from dataclasses import asdict, dataclass, field

WHY_CHARACTERS = 200
TAP_LINE = re.compile(r"^(not )?ok\b(?P<rest>.*)$", re.MULTILINE)
TAP_SKIP = re.compile(r"#\s*skip\b\s*(?P<reason>.*)", re.IGNORECASE)
REGRESS_LINE = re.compile(r"^(?:test (?P<name>\S+) +\.\.\. (?P<word>ok|FAILED)|"
                          r"(?P<tap>ok|not ok) \d+ +(?:- )?(?P<tap_name>\S*))", re.MULTILINE)
TAP_TODO = re.compile(r"#\s*todo\b", re.IGNORECASE)
TAP_SKIP_ALL = re.compile(r"^1\.\.0\s*#\s*skip\b\s*(?P<reason>.*)$", re.IGNORECASE | re.MULTILINE)


@dataclass
class Tally:
    """What a suite found: a line for each test that failed, and the reason for each that was skipped."""

    passed: int = 0
    failures: list = field(default_factory=list)
    skips: list = field(default_factory=list)

    @property
    def failed(self):
        return len(self.failures)

    def __iadd__(self, other):
        self.passed += other.passed
        self.failures += other.failures
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


def failure(test, why):
    """A failed test's line: its name, and how the reason begins."""
    return f"{test}: {' '.join(why.split())[:WHY_CHARACTERS]}"


def of_exit(code, name):
    """One test that is a whole command."""
    return Tally(passed=1) if code == 0 else Tally(failures=[f"{name}: exit code {code}"])


def of_googletest(report):
    """From --gtest_output=json:report."""
    tally = Tally()
    for suite in json.loads(report.read_text(errors="replace"))["testsuites"]:
        for test in suite["testsuite"]:
            name = f"{suite['name']}.{test['name']}"
            if test.get("failures"):
                tally.failures.append(failure(name, test["failures"][0]["failure"]))
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
            tally.failures.append(failure(report.stem, line[0]))
        else:
            tally.passed += 1
    for line in TAP_SKIP_ALL.finditer(text):
        tally.skips.append(f"{report.stem}: {line['reason']}")
    return tally


def of_regress(report):
    """From what pg_regress says, which PostgreSQL 16 made TAP."""
    tally = Tally()
    for line in REGRESS_LINE.finditer(report.read_text(errors="replace")):
        tally += of_exit(0 if "ok" in (line["word"], line["tap"]) else 1, line["name"] or line["tap_name"])
    return tally


def of_junit(report):
    """From pytest's --junitxml."""
    tally = Tally()
    for case in xml.etree.ElementTree.parse(report).iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        skipped = case.find("skipped")
        wrong = [found for found in map(case.find, ("failure", "error")) if found is not None]
        if wrong:
            tally.failures.append(failure(name, wrong[0].get("message") or wrong[0].text or ""))
        elif skipped is not None:
            tally.skips.append(f"{name}: {skipped.get('message')}")
        else:
            tally.passed += 1
    return tally
