"""Who writes to Kafka, and into the ledger what Kafka took. None of them ever gives up: while the broker is away they
wait for it, so every record ends up either in the ledger or in a transaction that was aborted."""
import random
import threading
import time

from confluent_kafka import KafkaException, Producer

from .records import Maker

MOST_WAITING = 2_000  # records that wait for the broker; beyond that none is made
FOR_EVER = {"message.timeout.ms": 0, "linger.ms": 5, "reconnect.backoff.max.ms": 500, "log_level": 2}
TRANSACTION_TIMEOUT_MS = 120_000  # longer than any outage of ours: no coordinator aborts behind our back


def produce(producer, records, partitions, rng, told):
    """Produces records anywhere; told(place, made, error) for each, later."""
    for made in records:
        topic, partition = rng.choice(partitions)
        producer.produce(topic, made.value, partition=partition, key=rng.choice((None, b"a", b"\0\xff")),
                         on_delivery=lambda error, message, made=made: told(
                             (message.topic(), message.partition(), message.offset()), made, error))
        producer.poll(0)


class Worker(threading.Thread):
    """work() again and again until stop(), but not while it rests."""

    def __init__(self, name):
        super().__init__(name=name, daemon=True)
        self._stop_asked, self._rest_asked, self._at_rest = (threading.Event() for _ in range(3))

    def run(self):
        while not self._stop_asked.is_set():
            if self._rest_asked.is_set():
                self.complete()
                self._at_rest.set()
                self._stop_asked.wait(0.05)
            else:
                self.work()
        self.complete()

    def rest(self):
        """Returns when nothing is under way."""
        self._at_rest.clear()
        self._rest_asked.set()
        while not self._at_rest.wait(1) and self.is_alive():
            pass

    def go_on(self):
        self._rest_asked.clear()

    def stop(self):
        """Returns when the broker has all."""
        self._stop_asked.set()
        self.join()

    def work(self):
        raise NotImplementedError

    def complete(self):
        """Awaits the broker's answer to all that it was given."""


class Steady(Worker):
    """Bursts of records from an idempotent producer; rate: records a second, on average."""

    def __init__(self, bootstrap, ledger, partitions, seed, rate):
        super().__init__("steady producer")
        self.producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "acks": "all",
                                  **FOR_EVER})
        self.ledger, self.partitions, self.rate = ledger, partitions, rate
        self.maker = Maker(seed, "steady")
        self.rng = random.Random(f"{seed} bursts")

    def work(self):
        burst = self.rng.randint(1, 40)
        if len(self.producer) < MOST_WAITING:
            produce(self.producer, [self.maker.make() for _ in range(burst)], self.partitions, self.rng, self.told)
        resume_at = time.monotonic() + self.rng.uniform(0.5, 1.5) * burst / self.rate
        while time.monotonic() < resume_at and not self._stop_asked.is_set():
            self.producer.poll(0.02)

    def complete(self):
        while len(self.producer):
            self.producer.flush(5)

    def told(self, place, made, error):
        if error is None:
            self.ledger.took([(place, made)])
        else:
            self.ledger.complain(f"the steady producer: {error}")


class Transactions:
    """One transactional producer, for one thread at a time."""

    def __init__(self, bootstrap, ledger, partitions, seed, name):
        self.settings = {"bootstrap.servers": bootstrap, "transactional.id": name,
                         "transaction.timeout.ms": TRANSACTION_TIMEOUT_MS, **FOR_EVER}
        self.ledger, self.partitions = ledger, partitions
        self.maker = Maker(seed, name)
        self.rng = random.Random(f"{seed} {name}")
        self.producer = None

    def make(self, count):
        return [self.maker.make() for _ in range(count)]

    def run(self, records, commit, open_for=0, hurry=None):
        """One transaction that stays open for a while, or until hurry is set. Returns whether it was committed."""
        placed, failures = [], []

        def told(place, made, error):
            if error is None:
                placed.append((place, made))
            else:
                failures.append(error)

        try:
            self._ready()
            self.producer.begin_transaction()
            produce(self.producer, records, self.partitions, self.rng, told)
            while self.producer.flush(5):
                pass
            (hurry or threading.Event()).wait(open_for)
            if commit and not failures:
                insist(self.producer.commit_transaction)
                self.ledger.took(placed)
                return True
            insist(self.producer.abort_transaction)
            self.ledger.gave_up(len(records))
        except KafkaException as error:
            self._recover(error.args[0], placed)
        return False

    def _ready(self):
        if self.producer is None:
            self.producer = Producer(self.settings)
            insist(self.producer.init_transactions)

    def _recover(self, error, placed):
        if error.txn_requires_abort() and not error.fatal():
            insist(self.producer.abort_transaction)
            self.ledger.gave_up(len(placed))
        else:  # init_transactions() ends it, one way or the other
            self.producer = Producer(self.settings)
            insist(self.producer.init_transactions)
            self.ledger.doubts(placed)


def insist(call):
    """Calls until the answer is final."""
    while True:
        try:
            return call(10)
        except KafkaException as error:
            if not error.args[0].retriable():
                raise
            time.sleep(0.1)


class Committing(Worker):
    """Transactions that are committed, one after the other."""

    def __init__(self, transactions, rate):
        super().__init__("committing producer")
        self.transactions, self.rate = transactions, rate

    def work(self):
        rng = self.transactions.rng
        records = self.transactions.make(rng.randint(1, 60))
        self.transactions.run(records, True, rng.choice((0, 0, 0.3)), self._stop_asked)
        self._stop_asked.wait(rng.uniform(0.5, 1.5) * len(records) / self.rate)
