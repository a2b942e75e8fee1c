"""The same steps by several sessions at once, interleaved at random: in every session's own snapshot, and after each
transaction as an onlooker sees it, what the functions tell is true."""
import random

import psycopg2.errors
from sessions import Sessions
from steps import ROW_STEPS
from table_steps import TABLE_STEPS
from transaction import Transaction
from world import World

SESSIONS = 4


def test_random_steps(connect, steps, seed):
    print(f"ORACLE_SEED={seed} ORACLE_STEPS={steps}")
    draws = [random.Random(f"{seed} {number}") for number in range(SESSIONS + 2)]
    sessions = Sessions([connect() for _ in range(SESSIONS)], connect(), draws, {**ROW_STEPS, **TABLE_STEPS})
    onlooker = Transaction(connect().cursor(), World(draws[-1]), {})
    onlooker.cursor.execute("SET lock_timeout = '10ms'")

    def ask():
        try:
            onlooker.ask()
        except psycopg2.errors.LockNotAvailable:
            pass  # a session that is driven on later holds the tables

    sessions.run(draws[-2], steps, ask)
