#!/usr/bin/env python3
"""What another user of the same machine can do at the daemon's socket: nothing (L1). Needs two user
ids, so it runs as root, or where a user may map ids of his own (newuidmap)."""
import os
import shutil
import signal
import socket
import subprocess
import sys

import lab
import tap
from earshot import EARSHOTD, SANDBOX
from tap import case, check

ALICE, MALLORY = 1000, 1001
HOME = "/run/alice"
SOCKET = f"{HOME}/run/earshot/daemon.sock"
DAEMON = "/run/earshotd"  # a copy: the folders above the build may be closed to others
_MARK = "EARSHOT_USERS_INSIDE"
_UNSHARE = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
_PROBE = ["setpriv", f"--reuid={MALLORY}", "--clear-groups", "true"]


def enter():
    """Starts the program anew with no network, a /run of its own, and more than one user."""
    if _MARK not in os.environ:
        for prefix in (_UNSHARE, [*_UNSHARE, "--map-root-user", "--map-auto"]):
            tried = subprocess.run([*prefix, *_PROBE], capture_output=True, check=False)
            if tried.returncode == 0:
                os.environ[_MARK] = "1"
                os.execvp(prefix[0], [*prefix, sys.executable, *sys.argv])
        tap.skip_all("one user id is all there is here")
    if [name for _, name in socket.if_nameindex()] != ["lo"]:
        sys.exit(f"{_MARK} is set outside of a namespace: unset it")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run"], check=True)
    shutil.copy(EARSHOTD, DAEMON)
    os.chmod(DAEMON, 0o755)


def listens():
    """Connecting to see would be heard of."""
    accepts = "00010000"  # __SO_ACCEPTCON
    with open("/proc/net/unix", encoding="ascii", errors="replace") as sockets:
        return any(words[3] == accepts and words[-1] == SOCKET for words in map(str.split, sockets))


class Alice:
    """Her daemon, as `with Alice() as alice`."""

    def __enter__(self):
        shutil.rmtree(HOME, ignore_errors=True)
        for folder in (HOME, f"{HOME}/run"):
            os.mkdir(folder, 0o700)
            os.chown(folder, ALICE, ALICE)
        self.log = open("/run/log", "w+", encoding="utf-8")
        self.daemon = self.start()
        lab.wait_for(listens, 10, "the daemon listens")
        return self

    def start(self):
        return subprocess.Popen(
            [DAEMON, "--no-mdns", *SANDBOX], user=ALICE, group=ALICE, extra_groups=[],
            env={"HOME": HOME, "XDG_RUNTIME_DIR": f"{HOME}/run"}, stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=self.log)

    def log_text(self):
        self.log.seek(0)
        return self.log.read()

    def __exit__(self, *_):
        self.daemon.kill()
        self.daemon.wait()
        self.log.close()


def as_mallory(what):
    """The word this function returns in a process of the other user."""
    near, far = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([])
            os.setresgid(MALLORY, MALLORY, MALLORY)
            os.setresuid(MALLORY, MALLORY, MALLORY)
            os.write(far, what().encode())
        finally:
            os._exit(0)
    os.close(far)
    with os.fdopen(near, "rb") as answer:
        said = answer.read().decode()
    os.waitpid(pid, 0)
    return said


def connect():
    with socket.socket(socket.AF_UNIX) as s:
        try:
            s.connect(SOCKET)
        except OSError as error:
            return type(error).__name__
        return "connected"


@case
def l1_another_user_does_not_get_to_the_socket(alice):
    check(as_mallory(connect) == "PermissionError", "the folder is closed")
    check(alice.daemon.poll() is None and "not ours" not in alice.log_text(), "it heard of nobody")


@case
def l1_another_user_is_cut_off_before_a_byte_is_read(alice):
    """Even when somebody has opened the folders and the socket to everybody."""
    for path in (HOME, f"{HOME}/run", f"{HOME}/run/earshot", SOCKET):
        os.chmod(path, 0o777)
    os.kill(alice.daemon.pid, signal.SIGSTOP)  # it cannot look before all is said

    def speak():
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(5)
            s.connect(SOCKET)
            s.sendall(b'{"jsonrpc":"2.0","id":1,"method":"hello","params":{"protocol":1}}\n')
            wake.write("x")
            wake.flush()
            try:
                return f"heard {s.recv(100)!r}"
            except ConnectionResetError:
                return "reset"  # what this says is: closed, and bytes were left unread

    near, far = os.pipe()
    with os.fdopen(far, "w", encoding="ascii") as wake:
        waker = os.fork()
        if waker == 0:
            os.read(near, 1)
            os.kill(alice.daemon.pid, signal.SIGCONT)
            os._exit(0)
        said = as_mallory(speak)
        os.waitpid(waker, 0)
    os.close(near)
    check(said == "reset", said)
    check(f"uid={MALLORY} is not ours" in alice.log_text(), alice.log_text())


@case
def l1_a_folder_of_another_user_is_not_used(alice):
    alice.daemon.terminate()
    alice.daemon.wait(10)
    runtime = f"{HOME}/run/earshot"
    for owner, mode in ((MALLORY, 0o755), (ALICE, 0o777)):
        os.chown(runtime, owner, owner)
        os.chmod(runtime, mode)
        refused = alice.start()
        check(refused.wait(10) == 1, "it does not start")
        check("cannot be used" in alice.log_text(), alice.log_text())
    os.chmod(runtime, 0o700)
    os.chmod(f"{HOME}/run", 0o777)  # who may write there may put another folder in its place
    refused = alice.start()
    check(refused.wait(10) == 1, "it does not start below a folder that is open to all")


if __name__ == "__main__":
    enter()
    tap.run(Alice)
