"""One random transaction as a generator of pieces of work: who drives it decides when each piece runs, so that the
pieces of several can be interleaved.

It begins at a random isolation level, or is a single statement without BEGIN; takes steps, sets savepoints and goes
back to them or lets them go; after every step it asks its questions; and it commits or rolls back. A step that fails
takes the transaction back to the last savepoint, or to its end.
"""
from agreement import drawn_question
from steps import EXPECTED

LEVELS = ("READ COMMITTED", "READ COMMITTED", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE")


class Disagreement(AssertionError):
    """Told and true differ."""


class Transaction:
    """pieces() yields functions without arguments, to be called one after another; what they raise is thrown back in.

    steps: {step: weight}; over(transaction) is called right before it commits, and right after; stale(transaction):
    whether its snapshot is older than what no snapshot shows (TRUNCATE: PostgreSQL's documentation, 13.6), so that
    there is nothing to ask."""

    def __init__(self, cursor, world, steps, over=lambda transaction: None, stale=lambda transaction: False):
        self.cursor = cursor
        self.world = world
        self.steps = steps
        self.over = over
        self.stale = stale
        self.level = "READ COMMITTED"
        self.savepoints = []
        self.names = []

    def pieces(self):
        rng = self.world.rng
        if rng.randrange(4) == 0:
            yield from self.step(alone=True)
            yield from self.asking()
            return
        self.level = rng.choice(LEVELS)
        yield from self.say(f"BEGIN ISOLATION LEVEL {self.level}")
        for _ in range(rng.randint(1, 6)):
            if rng.randrange(3) == 0:
                self.savepoints.append(f"s{len(self.savepoints)}")
                yield from self.say(f"SAVEPOINT {self.savepoints[-1]}")
            if not (yield from self.step()):
                if not self.savepoints:
                    yield from self.say("ROLLBACK")
                    return
                yield from self.back_to_a_savepoint()
            elif self.savepoints and rng.randrange(3) == 0:
                yield from self.back_to_a_savepoint()
            elif self.savepoints and rng.randrange(4) == 0:
                name = rng.choice(self.savepoints)
                del self.savepoints[self.savepoints.index(name):]
                yield from self.say(f"RELEASE {name}")
            if not (yield from self.asking()):
                yield from self.say("ROLLBACK")
                return
        if rng.randrange(4) == 0:
            yield from self.say("ROLLBACK")
            return
        try:
            yield self.commit
        except EXPECTED:
            yield from self.say("ROLLBACK")

    def say(self, statement):
        yield lambda: self.cursor.execute(statement)

    def commit(self):
        self.over(self)
        self.cursor.execute("COMMIT")
        self.over(self)

    def back_to_a_savepoint(self):
        name = self.world.rng.choice(self.savepoints)
        del self.savepoints[self.savepoints.index(name) + 1:]
        yield from self.say(f"ROLLBACK TO {name}")

    def step(self, alone=False):
        """Takes one; returns whether it succeeded."""
        [step] = self.world.rng.choices(list(self.steps), self.steps.values())
        self.names.append(step.__name__)

        def take():
            if alone:
                self.over(self)
            step(self.cursor, self.world)
            if alone:
                self.over(self)

        try:
            yield take
            return True
        except EXPECTED:
            return False

    def asking(self):
        """Asks; returns whether there was an answer: a serializable transaction may fail while it reads, and a reader
        may be in a deadlock with who changes tables."""
        try:
            yield self.ask
            return True
        except EXPECTED:
            return False

    def ask(self):
        if self.stale(self):
            return
        question, windows = drawn_question(self.world)
        self.cursor.execute(question)
        differences = self.cursor.fetchall()
        if differences and not self.stale(self):  # it may have waited for what has overtaken it
            raise Disagreement("\n".join([
                f"{len(differences)} differences:", *map(str, differences[:20]), f"in the windows\n{windows}",
                f"after {', '.join(self.names)} in {self.level}"]))
