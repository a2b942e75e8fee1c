"""META.json follows the PGXN meta spec 1.0.0, and the version is the same wherever it stands in it.

One update script leads from each release to the next, and from the last one to that version.
"""
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
REQUIRED = ("abstract", "maintainer", "license", "meta-spec", "name", "provides", "version")
LICENSES = {"agpl_3", "apache_1_1", "apache_2_0", "artistic_1", "artistic_2", "bsd", "freebsd", "gfdl_1_2", "gfdl_1_3",
            "gpl_1", "gpl_2", "gpl_3", "lgpl_2_1", "lgpl_3_0", "mit", "mozilla_1_0", "mozilla_1_1", "openssl", "perl_5",
            "postgresql", "qpl_1_0", "ssleay", "sun", "zlib", "open_source", "restricted", "unrestricted", "unknown"}
VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[a-zA-Z][-0-9A-Za-z]*)?")
TERM = re.compile(r"[^\s/\\]{2,}")
TAG = re.compile(r"[^/\\]{1,255}")
PHASES = {"configure", "build", "test", "runtime", "develop"}


def faults(meta):
    for name in REQUIRED:
        if not meta.get(name):
            yield f"{name} is required"
    if not TERM.fullmatch(meta.get("name", "")):
        yield "name is no term"
    if not VERSION.fullmatch(meta.get("version", "")):
        yield "version is no semantic version"
    if meta.get("meta-spec", {}).get("version") != "1.0.0":
        yield "meta-spec.version is not 1.0.0"
    license = meta.get("license")
    for name in [license] if isinstance(license, str) else license or []:
        if name not in LICENSES and not isinstance(license, dict):
            yield f"license {name} is not of the spec's list"
    if meta.get("name") not in meta.get("provides", {}):
        yield "provides does not have the extension"
    for name, extension in meta.get("provides", {}).items():
        if extension.get("version") != meta.get("version"):
            yield f"provides.{name}.version is not {meta.get('version')}"
        for member in ("file", "docfile"):
            path = extension.get(member)
            if path is None and member == "file":
                yield f"provides.{name}.file is required"
            elif path is not None and not (ROOT / path).is_file():
                yield f"provides.{name}.{member}: there is no {path}"
    unknown = set(meta.get("prereqs", {})) - PHASES
    if unknown:
        yield f"prereqs has no phase {', '.join(sorted(unknown))}"
    if not all(isinstance(tag, str) and TAG.fullmatch(tag) for tag in meta.get("tags", [])):
        yield "tags are short texts without slashes"


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


def main():
    text = (ROOT / "META.json").read_text()
    meta = json.loads(text)
    found = list(faults(meta))
    # version.mk takes the first "version" of the file.
    if re.search(r'"version"\s*:\s*"([^"]*)"', text)[1] != meta.get("version"):
        found.append("the distribution's version is not the first in the file")
    found = [f"META.json: {fault}" for fault in found] + list(missing_scripts(meta.get("version")))
    for fault in found:
        print(fault)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
