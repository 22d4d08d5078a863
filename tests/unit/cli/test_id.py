#!/usr/bin/env python3
"""The key of a person, with the true daemon: shown, taken away, brought in, locked, handed over;
and a locked key at the start of the daemon. Passphrases are typed on a terminal."""

import json
import os
import pty
import select
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import PROGRAM, SKIPPED, Skip, check  # noqa: E402

DAEMON = os.path.join(os.path.dirname(PROGRAM), "earshotd")
LIMIT = 60  # seconds for one command on a busy machine


class Account:
    """Folders of its own, and the daemon that is started there on demand."""

    def __init__(self):
        self.home = tempfile.mkdtemp(prefix="earshot-id-")
        self.state = os.path.join(self.home, "state/earshot")
        os.mkdir(os.path.join(self.home, "run"), 0o700)
        wrapper = os.path.join(self.home, "earshotd")
        with open(wrapper, "w", encoding="utf-8") as f:
            f.write(f'#!/bin/sh\nexec {DAEMON} --no-mdns --port 0 "$@"\n')
        os.chmod(wrapper, 0o755)
        self.env = {**os.environ, "HOME": self.home, "EARSHOTD": wrapper,
                    "XDG_STATE_HOME": os.path.join(self.home, "state"),
                    "XDG_CONFIG_HOME": os.path.join(self.home, "config"),
                    "XDG_RUNTIME_DIR": os.path.join(self.home, "run")}
        self.env.pop("CREDENTIALS_DIRECTORY", None)

    def path(self, name):
        return os.path.join(self.home, name)

    def run(self, *args, stdin=b""):
        """Without a terminal."""
        return subprocess.run([PROGRAM, *args], input=stdin, capture_output=True, timeout=LIMIT,
                              env=self.env, check=False, start_new_session=True)

    def ok(self, *args):
        r = self.run(*args)
        check(r.returncode == 0, r)
        return r.stdout.decode()

    def type(self, answers, *args):
        """On a terminal, an answer to every question. The exit code, and what stood there."""
        pid, fd = pty.fork()
        if pid == 0:
            os.execve(PROGRAM, [PROGRAM, *args], self.env)
        out, seen, answers, end = b"", 0, list(answers), time.monotonic() + LIMIT
        while time.monotonic() < end:
            if select.select([fd], [], [], 0.1)[0]:
                try:
                    got = os.read(fd, 4096)
                except OSError:
                    break
                if not got:
                    break
                out += got
            elif answers and out[seen:].endswith(b": "):
                seen = len(out)
                os.write(fd, answers.pop(0) + b"\n")
        os.close(fd)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), out.decode()

    def id(self):
        return json.loads(self.ok("--json", "id"))

    def stop(self):
        self.ok("daemon", "stop")

    def begins(self, path, words):
        with open(path, encoding="utf-8") as f:
            check(words in f.readline(), path)

    def close(self):
        self.run("daemon", "stop")
        shutil.rmtree(self.home, ignore_errors=True)


def a_key_is_made_once_and_kept(account):
    first = account.id()
    check(len(first["id"]) == 64 and first["formerly"] == [], first)
    check(first["id"] in account.ok("id"))
    account.stop()
    check(account.id() == first)
    mode = os.stat(os.path.join(account.state, "identity.pem")).st_mode
    check(stat.S_IMODE(mode) == 0o600, oct(mode))


def l8_a_key_that_others_can_read_is_not_used(account):
    account.id()
    account.stop()
    path = os.path.join(account.state, "identity.pem")
    os.chmod(path, 0o640)
    check(account.run("id").returncode == 7)
    with open(os.path.join(account.state, "earshotd.log"), encoding="utf-8") as log:
        check(f"chmod 600 '{path}'" in log.read())
    os.chmod(path, 0o600)
    account.id()


def it_can_be_read_by_a_camera(account):
    r = account.run("id", "--qr")
    if b"without QR" in r.stderr:
        raise Skip("built without libqrencode")
    check(r.returncode == 0 and r.stdout.decode().count("\u2588" * 20) >= 4, r)
    picture = account.path("key.png")
    r = account.run("id", "--png", picture)
    if b"without QR" in r.stderr:
        raise Skip("built without libpng")
    with open(picture, "rb") as f:
        check(f.read(8) == b"\x89PNG\r\n\x1a\n")
    check(account.run("id", "--png", picture).returncode == 1)  # nothing is overwritten


def a_key_goes_to_another_computer(account):
    mine = account.id()
    there = Account()
    try:
        plain, locked = account.path("plain.pem"), account.path("locked.pem")
        account.ok("id", "export", "--no-passphrase", plain)
        check(stat.S_IMODE(os.stat(plain).st_mode) == 0o600)
        check(account.run("id", "export", "--no-passphrase", plain).returncode == 1)
        code, text = account.type([b"one", b"two", b"one", b"one"], "id", "export", locked)
        check(code == 0 and "not the same" in text and "two" not in text, text)
        code, text = account.type([b""], "id", "export", account.path("empty.pem"))
        check(code == 1 and "--no-passphrase" in text, text)
        check(not os.path.exists(account.path("empty.pem")))
        account.begins(plain, "BEGIN PRIVATE KEY")
        account.begins(locked, "BEGIN ENCRYPTED PRIVATE KEY")
        theirs = there.id()
        check(there.run("id", "import", plain).returncode == 1)  # nobody has said yes
        check(there.id() == theirs)
        check("identity-" + theirs["id"][:8] in there.ok("id", "import", "--yes", plain))
        check(there.id() == mine)
        check(os.path.exists(os.path.join(there.state, f"identity-{theirs['id'][:8]}.pem")))
        code, text = there.type([b"wrong", b"one"], "id", "import", "--yes", locked)
        check(code == 0 and "Wrong" in text, text)
        account.begins(os.path.join(there.state, "identity.pem"), "ENCRYPTED")
        code, text = there.type([b"one"], "--json", "id")
        check(code == 0 and mine["id"] in text, text)
    finally:
        there.close()


def what_is_no_key_changes_nothing(account):
    mine = account.id()
    for content in (b"", b"hello\n", b"-----BEGIN PRIVATE KEY-----\n", b"x" * 100000):
        with open(account.path("file"), "wb") as f:
            f.write(content)
        for command in (["import", "--yes"], ["hand-over"]):
            r = account.run("id", *command, account.path("file"))
            check(r.returncode == 2 and b"no key" in r.stderr, r)
    check(account.run("id", "import", "--yes", "/nonexistent").returncode == 1)
    check(account.id() == mine)


def a_locked_key_is_asked_for_when_the_daemon_starts(account):
    mine = account.id()
    code, text = account.type([b"", b"se cret", b"se cret"], "id", "passphrase")
    check(code == 0 and "se cret" not in text, text)
    account.begins(os.path.join(account.state, "identity.pem"), "ENCRYPTED")
    check(account.id() == mine)  # the daemon that runs needs none
    code, text = account.type([b"wrong", b"x", b"x"], "id", "passphrase")
    check(code == 1 and "wrong" in text, text)
    account.stop()
    r = account.run("id")
    check(r.returncode == 1 and b"no terminal" in r.stderr, r)
    code, text = account.type([b"a", b"b", b"c"], "id")
    check(code == 7 and "not the passphrase" in text, text)
    code, text = account.type([b"a", b"se cret"], "id")
    check(code == 0 and mine["id"] in text and "se cret" not in text, text)
    account.stop()
    code, text = account.type([b"\x03"], "id")  # Ctrl-C
    check(code == 1 and "Nothing was done" in text, text)
    # the daemon itself
    daemon = subprocess.run([account.env["EARSHOTD"]], capture_output=True, env=account.env,
                            timeout=LIMIT, check=False)
    check(daemon.returncode == 5 and daemon.stderr.count(b"\n") == 1, daemon)
    credentials = account.path("credentials")
    os.mkdir(credentials)
    with open(os.path.join(credentials, "earshot.passphrase"), "w", encoding="utf-8") as f:
        f.write("se cret\n")
    with subprocess.Popen([account.env["EARSHOTD"]], stderr=subprocess.DEVNULL,
                          env={**account.env, "CREDENTIALS_DIRECTORY": credentials}) as daemon:
        for _ in range(LIMIT * 5):
            if account.run("daemon", "status").returncode == 0:
                break
            time.sleep(0.2)
        check(account.id() == mine)
        account.stop()
    code, text = account.type([b"se cret"], "daemon", "start")
    check(code == 0, text)
    code, text = account.type([b"se cret", b""], "id", "passphrase")
    check(code == 0, text)
    account.stop()
    check(account.id() == mine)


def a_daemon_behind_systemds_socket_waits_to_be_unlocked(account):
    """The socket is there before the daemon, as systemd has it; nobody can be asked."""
    mine = account.id()
    code, text = account.type([b"", b"se cret", b"se cret"], "id", "passphrase")
    check(code == 0, text)
    account.stop()
    folder = account.path("run/earshot")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    path = os.path.join(folder, "daemon.sock")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        os.chmod(path, 0o600)
        listening.listen(8)

        def inherit():
            os.dup2(listening.fileno(), 3)
        # the shell's process becomes the daemon
        with subprocess.Popen(
                ["/bin/sh", "-c", f'LISTEN_FDS=1 LISTEN_PID=$$ exec {account.env["EARSHOTD"]}'],
                env=account.env, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
                preexec_fn=inherit, pass_fds=(3,)) as daemon:
            r = account.run("who")
            check(r.returncode != 0 and b"earshot id unlock" in r.stderr, r)
            check(account.run("daemon", "stop").returncode != 0)
            code, text = account.type([b"a", b"b", b"c"], "id", "unlock")
            check(code != 0 and "missing or wrong" in text, text)
            code, text = account.type([b"a", b"se cret"], "id", "unlock")
            check(code == 0 and "unlocked" in text and "se cret" not in text, text)
            check(account.id() == mine)
            code, text = account.type([], "id", "unlock")
            check(code == 0, text)  # it is open: nothing is asked
            account.stop()
            check(daemon.wait(LIMIT) == 0, daemon)
    os.unlink(path)


def a_key_succeeds_an_earlier_one(account):
    old = Account()
    try:
        earlier = old.id()
        old.ok("id", "export", "--no-passphrase", account.path("old.pem"))
    finally:
        old.close()
    mine = account.id()
    account.ok("id", "hand-over", account.path("old.pem"))
    after = account.id()
    check(after == {"id": mine["id"], "formerly": [earlier["id"]]}, after)
    check(earlier["id"] in account.ok("id"))
    account.stop()
    check(account.id() == after)
    account.ok("id", "hand-over", account.path("old.pem"))  # once more changes nothing
    check(account.id() == after)
    account.ok("id", "export", "--no-passphrase", account.path("own.pem"))
    r = account.run("id", "hand-over", account.path("own.pem"))
    check(r.returncode == 2 and b"in use" in r.stderr, r)


TESTS = [a_key_is_made_once_and_kept, l8_a_key_that_others_can_read_is_not_used,
         it_can_be_read_by_a_camera, a_key_goes_to_another_computer,
         what_is_no_key_changes_nothing, a_locked_key_is_asked_for_when_the_daemon_starts,
         a_daemon_behind_systemds_socket_waits_to_be_unlocked, a_key_succeeds_an_earlier_one]


def main():
    failed = 0
    if not os.access(DAEMON, os.X_OK):
        print(f"{DAEMON} is not built")
        return SKIPPED
    for test in TESTS:
        account = Account()
        try:
            test(account)
            print(f"ok {test.__name__}", flush=True)
        except Skip as why:
            print(f"ok {test.__name__} # SKIP {why}", flush=True)
        except Exception as why:  # pylint: disable=broad-except
            failed += 1
            print(f"not ok {test.__name__}: {why!r}", flush=True)
        finally:
            account.close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
