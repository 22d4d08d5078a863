#!/usr/bin/env python3
"""A sample of the sweep (sweep.py; `make check-kill` is all of it): a daemon ends at any call of
a conversation, and nothing said is lost. The seed is printed; EARSHOT_SEED repeats it."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../lab"))

import sweep  # noqa: E402
from tap import case, check, note, run  # noqa: E402

SECONDS = 18.0


def sampled(mode):
    seed = os.environ.get("EARSHOT_SEED")
    done = sweep.run(sweep.options_from(
        ["--mode", mode, "--seconds", str(SECONDS), *(["--seed", seed] if seed else [])]))
    note(done.summary())
    check(not done.broken, "\n".join(done.broken))
    check(not done.bad(), f"{done.bad()} runs broke a promise, see above")
    check(sum(r["hit"] for r in done.results) > len(done.results) // 2, "the daemon mostly died")


@case
def killed_at_any_call():
    sampled("kill")


@case
def without_power_at_any_call():
    sampled("power")


if __name__ == "__main__":
    run()
