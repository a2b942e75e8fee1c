"""Every C function that takes bytes, called with what a hostile hand would give it: no crash, no invalid read, no
internal error, and no answer that is not a text.

FUZZ_CALLS=200000 makes so many calls, FUZZ_SEED=… the same ones again. `make -C test/fuzz asan-calls` makes them under
AddressSanitizer.
"""
import contextlib
import os
import random

import hostile_calls

CALLS = int(os.environ.get("FUZZ_CALLS", 1_200))
SEED = int(os.environ.get("FUZZ_SEED", random.randrange(1 << 32)))


def test_no_bytes_and_no_caller_s_types_do_more_than_raise(database):
    with contextlib.closing(database.connect()) as connection:
        seeds, functions = hostile_calls.prepare(connection)
    print(f"FUZZ_SEED={SEED}: {CALLS} calls of {len(functions)} functions, from {len(seeds)} bags")
    outcomes = hostile_calls.run(database, hostile_calls.Calls(SEED, seeds, functions), CALLS)
    print(", ".join(f"{state}: {count}" for state, count in sorted(outcomes.items())))
    assert sum(outcomes.values()) >= CALLS
    assert outcomes["00000"] > CALLS / 20 and outcomes["XX001"] > CALLS / 200, "calls come through, bytes are judged"
