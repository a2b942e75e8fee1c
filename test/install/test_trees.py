"""make install and make uninstall are inverses, whoever runs them, wherever to, and for whichever server."""
import os
import pathlib
import shutil
import stat
import subprocess

import pytest

from rig import installation, place

SERVER = installation.directories(os.environ.get("PG_CONFIG", "pg_config"))
PREFIXES = ("/usr/local", "/opt/analytics")
STRANGERS = ("bin/analytics-other", "lib/systemd/system/analytics-other.service", "share/doc/other/README")


def entries(folder):
    """Every path of the folder: its mode, and a file's bytes."""
    return {str(path.relative_to(folder)): (oct(path.stat().st_mode), path.read_bytes() if path.is_file() else None)
            for path in folder.rglob("*")}


def files(folder):
    return {"/" + str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


@pytest.fixture
def destination():
    """A machine's folders with files of others in them."""
    folder = place.server_folder("destination")
    strangers = [f"{prefix}/{name}" for prefix in PREFIXES for name in STRANGERS]
    strangers += [SERVER["pkglibdir"] + "/other.so", SERVER["sharedir"] + "/extension/other.control"]
    for name in strangers:
        path = pathlib.Path(f"{folder}{name}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    identity = place.server_identity()
    if identity:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, identity["user"], identity["group"])
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("part", [(), *((part,) for part in place.PARTS)], ids=lambda part: part[0] if part else "all")
def test_uninstall_is_the_inverse_of_install(make, destination, part, prefix):
    before = entries(destination)
    make(*part, "install", DESTDIR=destination, PREFIX=prefix)
    once = entries(destination)
    assert before.items() < once.items()
    make(*part, "install", DESTDIR=destination, PREFIX=prefix)
    assert entries(destination) == once
    for _ in range(2):
        make(*part, "uninstall", DESTDIR=destination, PREFIX=prefix)
        assert entries(destination) == before


def test_everybody_may_read_what_is_installed(make, destination):
    make("install", DESTDIR=destination)
    for path in destination.rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode & 0o022 == 0 and mode & 0o444 == 0o444, path
        assert not path.is_dir() or mode & 0o111 == 0o111, path


@pytest.fixture
def installed(make, destination):
    """The files that installing these parts brings."""
    def run(*parts, **variables):
        before = files(destination)
        make(*parts, "install", DESTDIR=destination, **variables)
        return files(destination) - before

    return run


@pytest.mark.parametrize("part", place.PARTS)
def test_a_part_installs_no_other_part(installed, part):
    programs = {name for name in installed(part) if "/bin/" in name or name.endswith(".so")}
    assert programs == {SERVER["pkglibdir"] + "/analytics_events.so" if part == "extension" else
                        f"/usr/local/bin/analytics-{part}"}


def test_all_documents_are_in_one_folder(installed):
    pages = {"/" + str(path.relative_to(place.ROOT)) for path in (place.ROOT / "doc").rglob("*") if path.is_file()}
    licences = {f"/swagger-ui/{path.name}" for path in (place.ROOT / "http/web/viewer").glob("*")
                if path.name == "NOTICE" or "LICENSE" in path.name}
    folder = "/usr/local/share/doc/analytics-events"
    found = installed()
    assert {name.removeprefix(folder) for name in found if name.startswith(folder)} == {
        *(page.removeprefix("/doc") for page in pages), *licences, "/ingestor.env", "/http.env", "/maintain.env"}
    assert not any("/doc/" in name and not name.startswith(folder) for name in found)


# another server

@pytest.fixture
def other(tree):
    """other(version): a pg_config of a server of that version in other folders, whose headers are this one's."""
    def made(version):
        script = tree / "other_pg_config"
        script.write_text(f"""#!/bin/sh
case $1 in
--version) echo "{version}" ;;
--pkglibdir) echo /opt/other/lib ;;
--sharedir) echo /opt/other/share/postgresql ;;
--includedir-server) echo {tree}/include ;;
*) exec {os.environ.get("PG_CONFIG", "pg_config")} "$@" ;;
esac
""")
        script.chmod(0o755)
        return script

    return made


@pytest.fixture
def idle(tree):
    """An environment in which the compiler only reports what it should compile."""
    folder = tree / "idle"
    folder.mkdir(exist_ok=True)
    machine = subprocess.run(["g++", "-dumpmachine"], capture_output=True, text=True, check=True).stdout.strip()
    for name in ("g++", f"{machine}-g++"):  # a server's package names one of these
        (folder / name).write_text("""#!/bin/sh\necho compiled "$@"\n""")
        (folder / name).chmod(0o755)
    folder.chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


def compiled(said):
    return {line.split()[-1] for line in said.splitlines() if line.startswith("compiled") and " -c " in line}


def test_objects_are_of_one_version_of_the_server_wherever_it_is(make, other, idle):
    sources = {str(path.relative_to(place.ROOT / "extension")) for path in (place.ROOT / "extension").rglob("*.cpp")}
    assert compiled(make("extension", environment=idle)) == set()
    assert compiled(make("extension", environment=idle, PG_CONFIG=other(SERVER["version"]))) == set()
    assert compiled(make("extension", environment=idle, PG_CONFIG=other("PostgreSQL 17.99"))) == sources


def test_files_go_where_pg_config_says(installed, other, idle):
    found = {name for name in installed("extension", environment=idle, PG_CONFIG=other(SERVER["version"]))
             if name.startswith("/opt")}
    folder = "/opt/other/share/postgresql/extension"
    assert found >= {"/opt/other/lib/analytics_events.so", f"{folder}/analytics_events.control"}
