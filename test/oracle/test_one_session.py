"""Thousands of random steps of one session: after each, whether committed or not, what the functions tell is true."""
import random

from steps import ROW_STEPS
from table_steps import TABLE_STEPS
from transaction import Transaction
from world import World


def test_random_steps(connect, steps, seed):
    print(f"ORACLE_SEED={seed} ORACLE_STEPS={steps}")
    cursor = connect().cursor()
    world = World(random.Random(seed))
    taken = 0
    while taken < steps:
        transaction = Transaction(cursor, world, {**ROW_STEPS, **TABLE_STEPS})
        drive(transaction.pieces())
        transaction.ask()
        taken += len(transaction.names)


def drive(pieces):
    """Runs all pieces, one after another."""
    outcome = None
    while True:
        try:
            piece = pieces.throw(outcome) if outcome else next(pieces)
        except StopIteration:
            return
        try:
            outcome = None
            piece()
        except Exception as error:
            outcome = error
