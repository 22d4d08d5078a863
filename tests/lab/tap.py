"""Cases and their verdicts, for every Python test program.

A program defines functions marked @case and ends with run(). It prints `ok NAME`, `not ok NAME`
or `ok NAME # SKIP reason` per case and exits 0, 1, or 77 when nothing could be run (the reason
is the last line). Arguments choose cases by part of their name; --list names them."""
import os
import sys
import time
import traceback

SKIP = 77
_cases = []


class Failure(AssertionError):
    """The program under test did something else than the case says."""


class Skip(Exception):
    """This case cannot be run here; the text says why."""


def case(function):
    """Marks a case. The first line of its doc string is what it proves."""
    _cases.append((function.__name__.replace("_", "-"), function))
    return function


def add_case(name, function):
    """A case that is not a function of its own, such as one script of many."""
    _cases.append((name, function))


def check(condition, text):
    """Like assert, but kept under python -O and with a sentence instead of an expression."""
    if not condition:
        raise Failure(text)


def note(text):
    """A figure worth reading, which decides nothing."""
    print(f"# {text}", flush=True)


def skip_all(reason):
    """Ends the program: nothing here can be run."""
    print(f"skip: {reason}", flush=True)
    sys.exit(SKIP)


def _run_one(name, function, context):
    began = time.monotonic()
    try:
        if context is None:
            function()
        else:
            with context() as value:
                function(value)
    except Skip as skip:
        print(f"ok {name} # SKIP {skip}", flush=True)
        return "skip"
    except Exception as error:  # a broken test is a failed test: report, go on with the next
        if not isinstance(error, Failure) or os.environ.get("EARSHOT_LAB_TRACE"):
            traceback.print_exc(file=sys.stdout)
        for line in str(error).splitlines() or [type(error).__name__]:
            print(f"# {line}")
        print(f"not ok {name}", flush=True)
        return "fail"
    print(f"ok {name} # {time.monotonic() - began:.1f} s", flush=True)
    return "ok"


def run(context=None):
    """Runs the chosen cases, each inside a fresh `with context() as value`, and exits."""
    wanted = [word for word in sys.argv[1:] if not word.startswith("-")]
    chosen = [c for c in _cases if not wanted or any(word in c[0] for word in wanted)]
    if "--list" in sys.argv:
        print("\n".join(name for name, _ in chosen))
        sys.exit(0)
    if not chosen:
        print(f"no case is named like {' '.join(wanted)}")
        sys.exit(1)
    verdicts = [_run_one(name, function, context) for name, function in chosen]
    if "fail" in verdicts:
        sys.exit(1)
    if all(v == "skip" for v in verdicts):
        skip_all("no case could be run")
    sys.exit(0)
