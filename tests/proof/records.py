"""What was seen of a run, for the checker: what clients asked and were told, and what lay on the
disks. Times are CLOCK_MONOTONIC of one machine. A side is a person's instance name.

A record can be saved and read back, so that a violation can be looked at later."""
import dataclasses
import json
import sqlite3
from dataclasses import dataclass, field

DIRECTIONS = ("in", "out")
KINDS = ("chat", "correction", "retraction", "reaction", "marker")
STATES = ("queued", "handed over", "delivered", "read", "failed", "cancelled", "unread", "seen")
LOG_KINDS = ("message", "receipt", "seen", "correction", "retraction", "reaction", "forgotten",
             "trust")


@dataclass
class Call:
    """One attempt at one call. Attempts with one token are one operation."""
    side: str
    client: str
    conn: int            # of this client, counted up at each connection
    method: str          # send, edit or cancel
    peer: str
    t0: float
    text: str = ""
    token: str = ""
    target: str = ""     # id of the message it is about
    t1: float = 0.0      # of the answer
    outcome: str = "lost"  # ok, error or lost: nobody knows
    number: int = 0
    id: str = ""
    state: str = ""
    reason: str = ""


@dataclass
class Told:
    """One durable event, as one follower was told it."""
    side: str
    follower: str
    conn: int
    t: float
    topic: str
    number: int
    peer: str = ""
    id: str = ""
    state: str = ""
    direction: str = ""
    text: str = ""


@dataclass
class Row:
    """Of the table message."""
    n: int
    peer: str
    direction: str
    kind: str
    state: str
    id: str
    body: str
    token: str = ""
    target: str = ""
    reason: str = ""


@dataclass
class Entry:
    """Of the table event."""
    n: int
    of: int
    kind: str
    state: str
    text: str = ""


@dataclass
class Image:
    """A side's disk while its daemon was dead, or at the end."""
    side: str
    at: float            # its successor was started after
    rows: list
    log: list
    point: str = ""      # where it was ended
    damage: str = ""     # what sqlite's check complained of


@dataclass
class Record:
    calls: list = field(default_factory=list)
    told: list = field(default_factory=list)
    images: list = field(default_factory=list)
    ends: dict = field(default_factory=dict)      # side: Image
    history: dict = field(default_factory=dict)   # side: messages of docs/ipc.md, oldest first
    waiting: dict = field(default_factory=dict)   # side: messages in its outbox after the wait
    refusals: bool = False                        # a disk was full: a call may fail, the next not
    healed: float = 0.0                           # nothing was broken any more
    drained: float = 0.0                          # the outboxes were empty; 0: never
    problems: list = field(default_factory=list)  # sentences: a daemon did not start, say

    def save(self, path):
        with open(path, "w", encoding="utf-8") as file:
            json.dump(dataclasses.asdict(self), file, indent=1)


def _image(value):
    return Image(**{**value, "rows": [Row(**r) for r in value["rows"]],
                    "log": [Entry(**e) for e in value["log"]]})


def load(path):
    with open(path, encoding="utf-8") as file:
        value = json.load(file)
    value["calls"] = [Call(**c) for c in value["calls"]]
    value["told"] = [Told(**t) for t in value["told"]]
    value["images"] = [_image(i) for i in value["images"]]
    value["ends"] = {side: _image(i) for side, i in value["ends"].items()}
    return Record(**value)


def read_image(path, side, at, point=""):
    """The database in a file that no daemon has open. Reading may write to it (recovery of its
    log): give it a copy."""
    image = Image(side, at, [], [], point)
    db = sqlite3.connect(path)
    try:
        names = {row[0] for row in db.execute("SELECT name FROM sqlite_master")}
        if "message" not in names:
            return image  # it died before there was anything
        image.rows = [
            Row(n, peer, DIRECTIONS[direction], KINDS[kind], STATES[state], mid, body,
                token or "", target or "", reason or "")
            for n, peer, direction, kind, state, mid, body, token, target, reason in db.execute(
                "SELECT m.n, p.name, direction, kind, state, m.id, body, token, target, reason"
                " FROM message m JOIN peer p ON p.id = m.peer ORDER BY m.n")]
        image.log = [Entry(n, of, LOG_KINDS[kind], STATES[value] if kind == 1 else "", text or "")
                     for n, of, kind, value, text in db.execute(
                         "SELECT n, of, kind, value, text FROM event ORDER BY n")]
        check = db.execute("PRAGMA quick_check(1)").fetchone()[0]
        image.damage = "" if check == "ok" else check
    except sqlite3.DatabaseError as error:
        image.damage = str(error)
    finally:
        db.close()
    return image
