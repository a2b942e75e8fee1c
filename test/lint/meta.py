"""META.json follows the PGXN meta spec 1.0.0 (meta.schema.json), and whatever has a version has that one.

That is: its second version, and the top of CHANGELOG.md. One update script leads from each release to the next, and one
from the last to that version. The Debian packages take theirs from META.json.
"""
import json
import pathlib
import re
import sys

import jsonschema

ROOT = pathlib.Path(__file__).resolve().parents[2]
SPEC = json.loads((pathlib.Path(__file__).parent / "meta.schema.json").read_text())


def faults(meta):
    for fault in jsonschema.Draft202012Validator(SPEC).iter_errors(meta):
        yield f"{'.'.join(map(str, fault.absolute_path)) or 'the file'}: {fault.message}"
    if meta.get("name") not in meta.get("provides", {}):
        yield "provides does not have the extension"
    for name, extension in meta.get("provides", {}).items():
        if extension.get("version") != meta.get("version"):
            yield f"provides.{name}.version is not {meta.get('version')}"
        for member in ("file", "docfile"):
            path = extension.get(member)
            if path is not None and not (ROOT / path).is_file():
                yield f"provides.{name}.{member}: there is no {path}"


def missing_scripts(version):
    """Update scripts that sql/ lacks, or has beyond those."""
    def path(name):
        return [int(number) for number in re.findall(r"\d+", name)]

    found = {file.name for file in (ROOT / "sql/releases").iterdir()}
    scripts = map(re.compile(r"analytics_events--([\d.]+)\.sql").fullmatch, found)
    releases = sorted((script[1] for script in scripts if script),
                      key=path)
    for before, after in zip(releases, releases[1:]):
        if f"analytics_events--{before}--{after}.sql" not in found:
            yield f"sql/releases has no update script from {before} to {after}"
    due = [] if version in releases else [f"{releases[-1]}--{version}.sql"]
    if sorted(file.name for file in (ROOT / "sql/updates").iterdir()) != due:
        yield f"sql/updates has not just {', '.join(due) or 'nothing'}"


def other_versions(version):
    """Where another one stands."""
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[1]
    if newest != version:
        yield f"CHANGELOG.md begins with {newest}"


def main():
    text = (ROOT / "META.json").read_text()
    meta = json.loads(text)
    found = list(faults(meta))
    # version.mk takes the first "version" of the file.
    if re.search(r'"version"\s*:\s*"([^"]*)"', text)[1] != meta.get("version"):
        found.append("the distribution's version is not the first in the file")
    found = [f"META.json: {fault}" for fault in found] + list(missing_scripts(meta.get("version")))
    found += other_versions(meta.get("version"))
    for fault in found:
        print(fault)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
