"""Several sessions, one driver: pieces of their transactions run in an order that one generator draws.

After each piece the driver waits until every session stands: done, or waiting for a lock that another holds. So whether
a piece meets another is decided by the draw and not by the clock, and a seed gives the same run again, up to whom
PostgreSQL chooses to end a deadlock and when.
"""
import concurrent.futures
import time

from steps import EXPECTED
from transaction import Transaction
from world import World

STANDSTILL = 60  # seconds without a piece that ends; a deadlock is noticed far sooner
# Done, they are done for older snapshots too; and TRUNCATE removes, and counts, what an older snapshot does not show.
INVISIBLE = {"truncate", "truncate_partition", "detach_and_attach"}


class Session:
    """A connection with a thread of its own and the transaction that it is in."""

    def __init__(self, connection, rng, steps, committed):
        self.cursor = connection.cursor()
        self.pid = connection.info.backend_pid
        self.world = World(rng)
        self.steps = steps
        self.committed = committed  # names of the steps of transactions that are over, of all sessions
        self.pool = concurrent.futures.ThreadPoolExecutor(1)
        self.running = None
        self.outcome = None
        self.begin()

    def begin(self):
        since = len(self.committed)
        self.transaction = Transaction(
            self.cursor, self.world, self.steps,
            over=lambda transaction: self.committed.extend(transaction.names),
            stale=lambda transaction: (transaction.level != "READ COMMITTED"
                                       and not INVISIBLE.isdisjoint(transaction.names + self.committed[since:])))
        self.pieces = self.transaction.pieces()

    def go_on(self):
        """Starts the next piece; returns whether the transaction is over instead."""
        try:
            outcome, self.outcome = self.outcome, None
            piece = self.pieces.throw(outcome) if outcome else next(self.pieces)
        except StopIteration:
            return True
        self.running = self.pool.submit(piece)
        return False

    def stands(self, waiting):
        """Whether there is nothing to await: no piece, a piece that is done, or one that waits for a lock."""
        if self.running and self.running.done():
            self.outcome = self.running.exception()
            self.running = None
            if self.outcome and not isinstance(self.outcome, EXPECTED):
                raise self.outcome
        return self.running is None or self.pid in waiting


class Sessions:
    def __init__(self, connections, monitor, rngs, steps):
        self.monitor = monitor.cursor()
        self.committed = []
        self.sessions = [Session(c, rng, steps, self.committed) for c, rng in zip(connections, rngs)]

    def run(self, rng, steps, ask):
        """Runs transactions until so many steps are taken, and those under way to their end; ask() after each."""
        taken, going = 0, list(self.sessions)
        while going:
            free = [session for session in going if session.running is None]
            if not free:
                self.settle(going, lambda: any(session.running is None for session in going))
                continue
            session = rng.choice(free)
            if session.go_on():
                taken += len(session.transaction.names)
                ask()
                if taken >= steps:
                    going.remove(session)
                else:
                    session.begin()
            self.settle(going, lambda: True)

    def settle(self, going, enough):
        deadline = time.monotonic() + STANDSTILL
        while True:
            waiting = self.waiting() if any(session.running for session in going) else ()
            if all([session.stands(waiting) for session in going]) and enough():
                return
            if time.monotonic() > deadline:
                raise AssertionError("the sessions stand still")
            time.sleep(0.001)

    def waiting(self):
        self.monitor.execute("SELECT pid FROM pg_locks WHERE NOT granted")
        return {pid for pid, in self.monitor.fetchall()}
