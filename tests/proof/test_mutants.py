#!/usr/bin/env python3
"""The whole proof finds mistakes in the real daemon: each mutants/*.patch is one, built by
`make check-proof`. What stands before the patch says what must be found, and where to look:

    # expects I5
    # sweep --side 1 --mode kill --when after

The patch must fit: when the code under it changes, the mistake is put in anew."""
import os
import re
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "../lab"))

import lab  # noqa: E402
import sweep  # noqa: E402
from tap import Skip, add_case, check, note, run  # noqa: E402

PATCHES = os.path.join(HERE, "mutants")
RUNS = 150   # at most; the mistakes are found within a few
SEED = 7


def head(path):
    """(invariants, options) of a patch."""
    with open(path, encoding="utf-8") as patch:
        text = patch.read()
    expects = re.search(r"^# expects (.*)$", text, re.MULTILINE)
    where = re.search(r"^# sweep (.*)$", text, re.MULTILINE)
    return set(expects[1].split()), where[1].split() if where else []


def finds(name):
    def play():
        expects, where = head(os.path.join(PATCHES, name + ".patch"))
        daemon = os.path.join(lab.BUILD, "mutants", name, "earshotd")
        if not os.path.exists(daemon):
            raise Skip(f"{daemon} was not built")
        options = sweep.options_from(
            ["--seed", str(SEED), "--sample", str(RUNS), "--patience", "4", *where,
             "--daemon", daemon, "--keep", os.path.join(lab.BUILD, "mutants", name)])
        options.until, options.quiet = expects, True
        done = sweep.run(options)
        check(not done.broken, "\n".join(done.broken))
        found = sorted({i for r in done.results for i in r["invariants"]})
        note(f"{len(done.results)} runs; found {' '.join(found) or 'nothing'}")
        check(expects & set(found), f"expected {' '.join(sorted(expects))}")
    return play


for patch_name in sorted(os.listdir(PATCHES)):
    if patch_name.endswith(".patch"):
        add_case("finds-" + patch_name[:-6], finds(patch_name[:-6]))


if __name__ == "__main__":
    run()
