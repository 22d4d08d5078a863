"""What the tests of the command line share: the program, a fake daemon, TAP lines."""

import inspect
import json
import os
import subprocess
import sys
import tempfile
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fake_daemon import FakeDaemon  # noqa: E402

TOP = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../.."))
PROGRAM = os.path.join(os.environ.get("EARSHOT_BUILD", os.path.join(TOP, "build/release")), "earshot")
SKIPPED = 77


class Skip(Exception):
    pass


class Result:
    def __init__(self, done):
        self.code, self.raw = done.returncode, done.stdout
        self.out = done.stdout.decode()
        self.err = done.stderr.decode()

    @property
    def json(self):
        return json.loads(self.out)

    def __repr__(self):
        return f"exit {self.code}\nstdout: {self.out!r}\nstderr: {self.err!r}"


class Box:
    """A fake daemon on a socket of its own, and the program that talks to it."""

    def __init__(self, people=None):
        self.folder = tempfile.mkdtemp(prefix="e")
        self.socket = os.path.join(self.folder, "s")
        self.daemon = FakeDaemon(self.socket, people)

    def run(self, *args, stdin=b"", env=None):
        return run("--socket", self.socket, *args, stdin=stdin, env=env)

    def close(self):
        self.daemon.close()


def run(*args, stdin=b"", env=None):
    variables = {**os.environ, "EARSHOTD": "/nonexistent", "TZ": "UTC", "LANGUAGE": "",
                 **(env or {})}
    return Result(subprocess.run([PROGRAM, *args], input=stdin, capture_output=True, timeout=60,
                                 env=variables, check=False))


def check(condition, *shown):
    if not condition:
        raise AssertionError(*shown)


def main(module):
    """Runs the module's functions that take a `box`; one TAP line a function."""
    tests = [f for f in list(vars(module).values())
             if inspect.isfunction(f) and f.__module__ == module.__name__ and
             list(inspect.signature(f).parameters) == ["box"]]
    failed = 0
    if not os.access(PROGRAM, os.X_OK):
        print(f"{PROGRAM} is not built")
        return SKIPPED
    for test in tests:
        box = Box()
        try:
            test(box)
            print(f"ok {test.__name__}", flush=True)
        except Skip as why:
            print(f"ok {test.__name__} # SKIP {why}", flush=True)
        except Exception:  # pylint: disable=broad-except
            failed += 1
            traceback.print_exc(file=sys.stdout)
            print(f"not ok {test.__name__}", flush=True)
        finally:
            box.close()
    return 1 if failed else 0
