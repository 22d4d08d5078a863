#!/usr/bin/env python3
"""The checker finds every mistake it is there for, and none where there is none: a checker that
cannot fail proves nothing. Runs on paper (standin.py), a seed each."""
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../lab"))

import checker  # noqa: E402
import records  # noqa: E402
import standin  # noqa: E402
from tap import add_case, case, check, note, run  # noqa: E402

GOOD, BAD = 150, 20  # runs


@case
def right_runs_are_called_right():
    for seed in range(GOOD):
        found = checker.check(standin.World(seed).run())
        check(not found, f"seed {seed}: {found[0] if found else ''}")


@case
def a_saved_record_says_the_same():
    record = standin.World(1, "not deduplicated").run()
    with tempfile.TemporaryDirectory() as folder:
        record.save(f"{folder}/record.json")
        again = records.load(f"{folder}/record.json")
    check([str(v) for v in checker.check(again)] == [str(v) for v in checker.check(record)],
          "the same violations after reading it back")


@case
def an_empty_record_is_no_proof():
    check(checker.check(records.Record()), "nothing was drained: it must complain")


def finds(bug, invariant):
    def play():
        caught = sum(any(v.invariant == invariant for v in
                         checker.check(standin.World(seed, bug).run())) for seed in range(BAD))
        note(f"{bug}: {caught} of {BAD} runs")
        check(caught, f"never found as {invariant}")
    return play


for mistake, broken in standin.BUGS.items():
    add_case("finds-" + mistake.replace(" ", "-"), finds(mistake, broken))


if __name__ == "__main__":
    run()
