"""What two builds of the packages have made."""
import hashlib


def hashes(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for pattern in ("*.deb", "*.dsc", "*.tar.*") for path in folder.glob(pattern)}


def test_two_builds_are_equal(builds):
    first = hashes(builds.first)
    assert len(first) > 6
    assert first == hashes(builds.second)


def test_the_packages_are_those_of_the_release_s_postgresql(builds, debs):
    version = builds.root.run("/usr/share/postgresql-common/supported-versions").split()[-1]
    names = {path.name.split("_")[0] for path in debs if "dbgsym" not in path.name}
    assert names == {"analytics-events", "analytics-http", "analytics-ingestor",
                     f"postgresql-{version}-analytics-events"}


def test_every_compiler_s_command_has_the_hardening_options(builds):
    done = builds.root.run("blhc --all /build/build.log", check=False)
    assert done.returncode == 0, done.stdout


def test_lintian_has_nothing_to_say(builds):
    done = builds.root.run("lintian --allow-root --tag-display-limit 0 --fail-on error,warning /build/*.changes",
                           check=False)
    assert done.returncode == 0, done.stdout
