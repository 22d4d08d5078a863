"""The fake daemon's part that has to do with files."""

import os
import stat
import threading
import time


class Refused(Exception):
    def __init__(self, reason, message, **data):
        super().__init__(message)
        self.error = {"code": -32000, "message": message, "data": dict(data, reason=reason)}


class Files:
    """Mixed into the fake daemon."""

    def __init__(self):
        self.files, self.rate, self.rules = [], 0, []
        self.fate = "done"  # what becomes of files that are sent or accepted; None: they wait
        self.left_out = {}  # what the daemon finds out of a folder
        self.sent_content = self.accepted_to = None

    def file(self, name, what, direction="in", **more):
        """A file in the list."""
        who = self.find(name)
        f = {"id": f"f{len(self.files) + 1}", "peer": who["name"], "display": who["display"],
             "trust": who["trust"], "direction": direction, "name": what, "size": 4200000,
             "folder": False, "files": 1, "state": "offered", "done": 0, "at": self.log.clock,
             "method": "jingle", "encrypted": who["trust"] != "plain"}
        f.update(more)
        self.files.append(f)
        return f

    def file_is(self, f, state, **more):
        f.update(state=state, **more)
        self.event("file", **f)

    def carry(self, f):
        """What happens to it from now on, seen from the outside."""
        def run():
            if f["state"] == "preparing":
                self.file_is(f, "offered", **self.left_out)
            if self.fate == "done":
                self.file_is(f, "active", done=0)
                for part in (1, 2):
                    self.event("file-progress", id=f["id"], done=f["size"] * part // 3,
                               size=f["size"], rate=12300000, left=3 - part)
                    time.sleep(0.15)
                self.file_is(f, "done", done=f["size"], **(
                    {"where": f"/run/me/Downloads/{f['name']}"} if f["direction"] == "in" else {}))
            elif self.fate:
                self.file_is(f, self.fate, reason="It was\x1b not wanted.")
        threading.Timer(0.1, run).start()

    def wanted_file(self, file_id):
        for f in self.files:
            if f["id"] == file_id:
                return f
        raise Refused("unknown", f"There is no file {file_id}.")

    def do_send_file(self, client, peer, name=None, **more):
        if len(self.fds) != 1:
            raise Refused("invalid", f"{len(self.fds)} descriptors came.")
        fd = self.fds.pop()
        st = os.fstat(fd)
        folder = stat.S_ISDIR(st.st_mode)
        content = None if folder else os.pread(fd, 1 << 20, 0)
        os.close(fd)
        f = self.file(peer, name, "out", folder=folder, size=st.st_size, **{
            k: v for k, v in more.items() if k in ("media", "width", "height", "duration")})
        if folder:
            f.update(state="preparing")
        self.sent_content = content
        answer = dict(f)
        self.carry(f)
        return answer

    def do_files(self, client, peer=None, all=False):
        name = self.known(peer) if peer else None
        over = ("done", "declined", "cancelled", "failed", "expired")
        return {"files": [f for f in self.files if (all or f["state"] not in over) and
                          (name is None or f["peer"] == name)]}

    def do_accept(self, client, id):
        f = self.wanted_file(id)
        f["state"] = "waiting"
        self.accepted_to = os.readlink(f"/proc/self/fd/{self.fds[0]}") if self.fds else None
        while self.fds:
            os.close(self.fds.pop())
        answer = dict(f)
        self.carry(f)
        return answer

    do_resume = do_accept

    def end_file(self, id, state, **more):
        f = self.wanted_file(id)
        f.update(state=state, **more)
        return f

    def do_decline(self, client, id):
        return self.end_file(id, "declined")

    def do_pause(self, client, id):
        return self.end_file(id, "paused", paused_by="us")

    def do_files_cancel(self, client, id):
        return self.end_file(id, "cancelled")

    def do_files_forget(self, client, id):
        f = self.wanted_file(id)
        self.files.remove(f)
        return f

    def do_files_limit(self, client, rate=None):
        self.rate = self.rate if rate is None else rate
        return {"rate": self.rate}

    def do_files_auto(self, client, peer=None, size=None, daily=None, off=False):
        if peer:
            who = self.find(peer)
            if who["trust"] != "verified" and not off:
                raise Refused("trust", f"{who['display']} is not verified.")
            self.rules = [r for r in self.rules if r["peer"] != who["name"]]
            if not off:
                self.rules.append({"peer": who["name"], "display": who["display"],
                                   "size": size or 100000000, "daily": daily or 2000000000})
        return {"rules": self.rules}
