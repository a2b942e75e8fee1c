"""Two ingestors with sessions as shipped; one is frozen for a minute with a batch on its way to the database, and wakes
up when the other one has its partitions: make slow. The quick variant is in test_ingestor_sharing."""
import signal
import sys
import time

import pytest

from rig import place
from stream import events

sys.path.insert(0, str(place.ROOT / "test"))
from nemesis import proxy  # noqa: E402

pytestmark = pytest.mark.slow

FROZEN_SECONDS = 60
ROUND = 400


def test_a_zombies_batch_is_refused_and_nothing_is_stored_twice(server, stream, ingestor):
    position = server.log_size()
    with proxy.Proxy(f"{server.socket}/.s.PGSQL.5432") as doors:
        url = (f"postgresql://postgres@127.0.0.1:{doors.door('zombie')}/{stream.database.name}"
               "?sslmode=disable&gssencmode=disable")
        zombie = ingestor(ANALYTICS_DATABASE_URL=url)
        stream.await_taken()
        other = ingestor()
        pids = sorted(running.process.pid for running in (zombie, other))
        place.eventually(lambda: sorted(stream.owners().values()) == sorted(pids * 2), 60, what="an even share")
        held = doors.arm(proxy.Cut("hold_bind", patience=4 * FROZEN_SECONDS))
        stream.produce(events(ROUND))
        assert held.reached.wait(30), "no batch came by"

        zombie.signal(signal.SIGSTOP)
        time.sleep(FROZEN_SECONDS)  # this very length is what is tested: longer than a session
        place.eventually(lambda: set(stream.owners().values()) == {other.process.pid}, 60, what="one owner")
        stream.produce(events(ROUND, first=ROUND))
        held.release()
        zombie.signal(signal.SIGCONT)

        zombie.await_log(event="partition_fenced")
        stream.produce(events(ROUND, first=2 * ROUND))
        place.eventually(lambda: zombie.process.pid in stream.owners().values(), 60, what="its return")
        stream.await_read()
    assert (stream.totals(), stream.numbers()) == ((3 * ROUND, 0, 0, 0), list(range(3 * ROUND)))
    fenced = [entry["partition"] for entry in zombie.logs(event="partition_fenced")]
    assert len(set(fenced)) == len(fenced), "each partition is told once"
    assert not other.logs(event="partition_fenced")
    assert server.log_since(position).count("is fenced off") == len(fenced)
