"""The packages' life on a machine that has just been installed: an earlier version, an upgrade, work, removal, purge.

The tests are steps in that order, on one machine with systemd as its first process; Kafka is this machine's. The
earlier version is made of these packages: with another number and, where PostgreSQL takes the release before, with its
scripts.
"""
import json
import re
import urllib.request

import pytest

from data import sample
from packages.root import Root
from rig import broker, place

RELEASE = json.loads((place.ROOT / "META.json").read_text())["version"]
EARLIER = "0.1.0"
HAS_EARLIER = ("bookworm",)  # 0.1.0 can't be installed on PostgreSQL 16 and later
DAEMONS = ("analytics-ingestor", "analytics-http")
PATIENCE = 60
NOT_THE_PACKAGES = ("proc", "sys", "dev", "src", "tmp", "debs", "earlier", "var/lib/postgresql", "var/log/journal")
# In the root: turns each package of /debs into one of version $1 in /earlier. With $3 it also installs that version.
MAKE_EARLIER = r"""
mkdir /earlier
for deb in /debs/*.deb; do
    rm -rf /tmp/package
    dpkg-deb -R "$deb" /tmp/package
    sed -i "s/^Version: .*/Version: $1-1/" /tmp/package/DEBIAN/control
    for control in /tmp/package/usr/share/postgresql/*/extension/*.control; do
        [ -e "$control" ] && [ -n "$3" ] || continue
        sed -i "s/^default_version.*/default_version = '$1'/" "$control"
        rm "${control%.control}"--*"$2".sql
    done
    roles=/tmp/package/usr/share/doc/analytics-events/roles.sql
    [ ! -e $roles ] || [ -z "$3" ] || cp /tmp/roles.sql $roles
    (cd /tmp/package && \
        find . -path ./DEBIAN -prune -o -type f -printf '%P\0' | sort -z | xargs -0 md5sum >DEBIAN/md5sums)
    dpkg-deb -b --root-owner-group /tmp/package /earlier >/dev/null
done
"""


class Machine(Root):
    def sql(self, statement, database="app"):
        return self.run('cd /; psql -X -A -t -v ON_ERROR_STOP=1 -d "$1" -c "$2"', database, statement,
                        user="postgres").strip()

    def script(self, path, database="app"):
        self.run('cd /; psql -X -q -v ON_ERROR_STOP=1 -1 -d "$1" -f "$2"', database, path, user="postgres")

    def is_active(self, unit):
        return self.run('systemctl is-active "$1" || true', unit).strip() == "active"

    def files(self):
        """What carries our name, but for PostgreSQL's data and what the test has put there."""
        pruned = " -o ".join(f"-path /{name}" for name in NOT_THE_PACKAGES)
        return set(self.run(rf"find / -xdev \( {pruned} \) -prune -o -iname '*analytics*' -print").split())


@pytest.fixture(scope="module")
def kafka():
    with broker.choose() as chosen:
        chosen.create_topic("analytics.events")
        yield chosen


@pytest.fixture(scope="module")
def machine(suite, debs):
    with Machine(suite) as made:
        (made.folder / "debs").mkdir()
        for deb in debs:
            if "dbgsym" not in deb.name:
                (made.folder / "debs" / deb.name).write_bytes(deb.read_bytes())
        (made.folder / "tmp/roles.sql").write_bytes((place.ROOT / f"sql/releases/roles--{EARLIER}.sql").read_bytes())
        made.first_release = EARLIER if suite in HAS_EARLIER else RELEASE
        made.run(MAKE_EARLIER, EARLIER, RELEASE, EARLIER if made.first_release == EARLIER else "")
        made.strip()
        made.before = made.files()
        made.install("systemd", "dbus")
        made.boot()
        yield made


def test_installed_by_apt_nothing_runs_before_its_settings_are_made(machine):
    machine.install(*("/earlier/" + path.name for path in (machine.folder / "earlier").iterdir()))
    units = (*DAEMONS, "analytics-maintain.timer")
    states = machine.run('systemctl is-enabled "$@" || true; systemctl is-active "$@" || true', *units).split()
    assert states == ["disabled"] * 3 + ["inactive"] * 3


def test_the_extension_is_created_as_documented(machine):
    # In one installation with others, PostgreSQL's own service can be up before the cluster is made.
    machine.run("systemctl daemon-reload; systemctl restart postgresql")
    place.eventually(lambda: machine.run("pg_lsclusters -h").split()[3] == "online", what="the cluster")
    machine.sql("CREATE DATABASE app ENCODING 'UTF8' TEMPLATE template0", "postgres")
    machine.sql("CREATE EXTENSION analytics_events")
    machine.script("/usr/share/doc/analytics-events/roles.sql")
    machine.sql("""SELECT analytics_record('{"eventType": "old", "source": "test", "payload": {}}')""")
    assert machine.sql("SELECT extversion FROM pg_extension WHERE extname = 'analytics_events'"
                       ) == machine.first_release


def test_an_upgrade_leaves_the_events_and_the_settings(machine):
    machine.run("echo '# mine' >>/etc/analytics-events/http.env")
    machine.install(*("/debs/" + path.name for path in (machine.folder / "debs").iterdir()))
    machine.sql("ALTER EXTENSION analytics_events UPDATE")
    machine.script("/usr/share/doc/analytics-events/roles.sql")
    assert machine.sql("SELECT extversion FROM pg_extension WHERE extname = 'analytics_events'") == RELEASE
    assert machine.sql("SELECT advice IS NULL FROM analytics_version()") == "t"
    assert machine.sql("SELECT event_type FROM analytics_events") == "old"
    assert machine.run("tail -n 1 /etc/analytics-events/http.env").strip() == "# mine"


def test_systemd_finds_no_fault_in_the_units(machine):
    said = machine.run("systemd-analyze verify --man=no analytics-ingestor.service analytics-http.service "
                       "analytics-maintain.service analytics-maintain.timer")
    assert said == ""


def test_the_manual_pages_are_readable(machine):
    for daemon in DAEMONS:
        page = machine.run(f"zcat /usr/share/man/man8/{daemon}.8.gz")
        for section in ("NAME", "SYNOPSIS", "OPTIONS", "ENVIRONMENT", "EXIT STATUS"):
            assert f"\n.SH {section}\n" in page


def test_the_pipeline_runs_from_the_packages(machine, kafka):
    from confluent_kafka import Producer
    ports = place.free_ports(2)
    machine.run(r"""cd /etc/analytics-events
        sed -i "s/^ANALYTICS_KAFKA_BOOTSTRAP_SERVERS=.*/ANALYTICS_KAFKA_BOOTSTRAP_SERVERS=$1/" ingestor.env
        sed -i "s/_SERVICE_PORT=.*/_SERVICE_PORT=$2/; s/_ADMIN_PORT=.*/_ADMIN_PORT=$3/" http.env""",
                kafka.bootstrap, *ports)
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    values = sample.records()
    for value in values:
        producer.produce("analytics.events", value)
    assert producer.flush(PATIENCE) == 0
    machine.run('timeout 120 systemctl enable --now "$@" || { journalctl -n 50 --no-pager -u analytics-*; exit 1; }',
                *DAEMONS)

    def arrived():
        return int(machine.sql("SELECT coalesce(sum(stored + duplicates + dead_lettered + skipped), 0) "
                               "FROM analytics_kafka_offsets")) == len(values)

    place.eventually(arrived, PATIENCE, every=0.5, what="every record")
    url = f"http://127.0.0.1:{ports[0]}/v1/analytics/events/recent?limit=3"
    with urllib.request.urlopen(url, timeout=30) as answer:
        newest = json.load(answer)["items"][0]["id"]
    assert newest == machine.sql("SELECT id FROM analytics_events ORDER BY occurred_at DESC, id DESC LIMIT 1")


def test_the_daemons_have_no_rights_of_a_user_that_stays(machine):
    assert not re.search("analytics", machine.run("cat /etc/passwd"))


def test_maintenance_runs_as_its_timer_starts_it(machine):
    machine.run("systemctl enable --now analytics-maintain.timer; systemctl start analytics-maintain.service")
    assert machine.run("systemctl show -p Result --value analytics-maintain.service").strip() == "success"


def test_an_upgrade_restarts_no_daemon(machine):
    def started():
        return machine.run('systemctl show -p MainPID --value "$@"', *DAEMONS).split()

    before = started()
    machine.run('apt-get -q -q -y --reinstall install "$@"', *("/debs/" + path.name
                                                               for path in (machine.folder / "debs").iterdir()))
    assert "0" not in before and started() == before


def test_removal_stops_the_services_and_keeps_the_settings(machine):
    machine.run("apt-get -q -q -y remove 'analytics-*'")
    assert not any(machine.is_active(unit) for unit in (*DAEMONS, "analytics-maintain.timer"))
    assert {path.name for path in (machine.folder / "etc/analytics-events").iterdir()} == {
        "ingestor.env", "http.env", "maintain.env"}


def test_a_purge_leaves_the_database_alone_and_no_file_behind(machine):
    rows = "SELECT count(*) FROM analytics_events"
    before = machine.sql(rows)
    machine.run("dpkg --purge $(dpkg-query -W -f '${Package}\\n' | grep analytics)")
    assert int(before) > 1
    assert machine.sql(rows) == before
    assert machine.files() == machine.before
