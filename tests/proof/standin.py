"""Two daemons and their clients on paper: stores with commits, an outbox, a wire, crashes, all
driven by one random seed. It shows what the checker makes of a run, and of the same run with a
mistake in the daemons (BUGS); it proves nothing about the real one."""
import copy
import random

from records import Call, Entry, Image, Record, Row, Told

# mistake: what the checker must complain of
BUGS = {
    "receipt before commit": "I5",
    "OK before commit": "I1",
    "told before commit": "I12",
    "not deduplicated": "I3",
    "not synchronous": "I1",
    "sent in reverse": "I4",
    "sent again from the newest": "I4",
    "token ignored": "I8",
    "cancelled after it was sent": "I7",
    "numbers begin anew": "I12",
    "event left out after a restart": "I12",
    "event told again after a restart": "I12",
    "delivered once it is sent": "I5",
    "words altered": "I2",
    "words invented": "I2",
    "never sent": "I6",
    "forgotten after a crash": "I1",
    "corrected here only": "I2",
}
STEPS = 4000


class Side:
    """One daemon, its disk, and its clients: one speaks, one follows."""

    def __init__(self, world, name):
        self.world, self.name, self.other = world, name, None
        self.alive = True
        self.rows, self.log, self.next = {}, {}, 1  # the disk
        self.safe = None        # what a power cut leaves of it, if that is something else
        self.tried = set()      # the mark, on disk as well
        self.jobs = []
        self.sent = []          # ids on the wire, not confirmed
        self.wire = []          # packets to the other
        self.links = 0
        self.wanted = []        # operations of the speaker: (method, token, text, index)
        self.done = {}          # index of operation: its ok call
        self.asked = {}         # index: call on its way
        self.at = 0             # told to the follower up to this number
        self.telling = []       # numbers on their way to it
        self.conn = 1

    def bug(self, name):
        return self.world.bug == name

    # ---- the clients ----
    def speak(self):
        """The next thing that is neither done nor on its way, if what it needs is done."""
        for index, (method, token, text, about) in enumerate(self.wanted):
            if index in self.done or index in self.asked:
                continue
            if about is not None and about not in self.done:
                return
            target = self.done[about].id if about is not None else ""
            call = Call(self.name, "speaker", self.conn, method, self.other.name,
                        self.world.tick(), text, token, target)
            self.world.record.calls.append(call)
            self.asked[index] = call
            self.jobs.append(lambda i=index, c=call: self.run_call(i, c))
            if self.bug("OK before commit") and method == "send" and not self.find(token):
                self.answer(index, call, self.next + len(self.jobs) - 1, "early" + token)
            return

    def answer(self, index, call, number, mid, outcome="ok"):
        if call.outcome == "lost":
            call.outcome, call.number, call.id, call.t1 = outcome, number, mid, self.world.tick()
            self.done[index] = call
            self.asked.pop(index, None)

    def due(self, since):
        """Numbers above that one which followers are told."""
        return [n for n in sorted(self.rows | self.log)
                if n > since and (n in self.log or self.rows[n].kind == "chat")]

    def hear(self):
        """The follower reads one event."""
        number = self.telling.pop(0)
        row, entry = self.rows.get(number), self.log.get(number)
        about = row or self.rows[entry.of]
        topic = entry.kind if entry else "sent" if row.direction == "out" else "message"
        self.world.record.told.append(Told(
            self.name, "follower", self.conn, self.world.tick(), topic, number, about.peer,
            about.id, (entry or row).state, about.direction, entry.text if entry else row.body))
        self.at = number

    # ---- the store ----
    def number(self):
        self.next += 1
        return self.next - 1

    def add(self, row):
        self.rows[row.n] = row

    def find(self, token):
        return next((r for r in self.rows.values() if r.token == token and token), None)

    def run_call(self, index, call):
        """Inside the transaction; what it returns happens after it."""
        if call.method == "cancel":
            row = next((r for r in self.rows.values() if r.id == call.target), None)
            if not row:
                return lambda: self.answer(index, call, 0, "", "error")
            free = row.state == "queued" and (row.id not in self.tried
                                              or self.bug("cancelled after it was sent"))
            if free:
                self.set_state(row, "cancelled")
            ok = row.state == "cancelled"
            return lambda: self.answer(index, call, row.n, row.id, "ok" if ok else "error")
        row = self.find(call.token)
        if not row or self.bug("token ignored"):
            mid = f"{self.name}{self.next}-{self.world.random.random()}"
            if self.bug("OK before commit") and call.method == "send":
                mid = call.id or mid
            row = Row(self.number(), call.peer, "out", "chat", "queued", mid, call.text,
                      call.token, call.target)
            if call.method == "edit":
                row.kind = "correction"
                self.correct("out", call.target, call.text)
            self.add(row)
        return lambda: self.answer(index, call, row.n, row.id)

    def correct(self, direction, target, text):
        row = next((r for r in self.rows.values()
                    if r.id == target and r.direction == direction), None)
        if row:
            row.body = text
            self.enter(row, "correction", "queued", text)

    def enter(self, row, kind, state, text=""):
        n = self.number()
        self.log[n] = Entry(n, row.n, kind, state, text)

    def set_state(self, row, state):
        if row.state == "queued":
            row.state = state
            self.enter(row, "receipt", state)

    def take(self, packet):
        """A message came."""
        _, mid, kind, target, text = packet
        known = any(r.id == mid and r.direction == "in" for r in self.rows.values())
        if not known or self.bug("not deduplicated"):
            if self.bug("words altered") and kind == "chat":
                text = text.replace("1", "l")
            self.add(Row(self.number(), self.other.name, "in", kind, "unread", mid, text, "",
                         target))
            if kind == "correction" and not self.bug("corrected here only"):
                self.correct("in", target, text)
        return lambda: self.wire.append(("receipt", mid))

    def commit(self):
        """All jobs that wait become one transaction."""
        before = self.next
        after = [job() for job in self.jobs]
        self.jobs = []
        if self.bug("words invented") and self.world.random.random() < 0.05:
            self.add(Row(self.number(), self.other.name, "in", "chat", "unread",
                         f"x{self.next}", "nobody said this"))
        for done in after:
            if done:
                done()
        self.telling += self.due(before - 1)
        if self.bug("not synchronous") and self.world.random.random() < 0.2:
            self.safe = self.disk()

    def disk(self):
        return copy.deepcopy((self.rows, self.log, self.next, self.tried))

    # ---- the outbox and the wire ----
    def send_next(self):
        queue = [r for r in self.rows.values() if r.direction == "out" and r.state == "queued"
                 and r.id not in self.sent]
        if self.bug("never sent"):
            queue = [r for r in queue if not r.body.endswith("3")]
        if not queue or len(self.sent) >= 4:
            return
        newest_first = self.bug("sent in reverse") or (
            self.bug("sent again from the newest") and self.links > 0)
        row = queue[-1 if newest_first else 0]
        self.tried.add(row.id)
        if self.safe:
            self.safe[3].add(row.id)
        self.sent.append(row.id)
        self.wire.append(("message", row.id, row.kind, row.target,
                          row.body if row.kind != "chat" else self.original(row)))
        if self.bug("delivered once it is sent"):
            self.jobs.append(lambda: self.set_state(row, "delivered"))

    def original(self, row):
        return next(w[2] for w in self.wanted if w[1] == row.token)

    def receive(self):
        packet = self.other.wire.pop(0)
        if packet[0] == "receipt":
            self.sent = [mid for mid in self.sent if mid != packet[1]]
            row = next((r for r in self.rows.values() if r.id == packet[1]), None)
            if row:
                self.jobs.append(lambda: self.set_state(row, "delivered"))
            return
        if self.bug("receipt before commit"):
            self.wire.append(("receipt", packet[1]))
        if self.bug("told before commit") and packet[2] == "chat":
            self.world.record.told.append(Told(
                self.name, "follower", self.conn, self.world.tick(), "message",
                self.next + len(self.jobs), self.other.name, packet[1], "unread", "in", packet[4]))
        self.jobs.append(lambda: self.take(packet))

    # ---- crashes ----
    def crash(self):
        self.alive = False
        if self.safe and self.bug("not synchronous"):
            self.rows, self.log, self.next, self.tried = copy.deepcopy(self.safe)
        if self.bug("forgotten after a crash"):
            self.rows = {n: r for n, r in self.rows.items() if r.state != "queued"}
            self.log = {n: e for n, e in self.log.items() if e.of in self.rows}
        self.jobs, self.asked, self.telling = [], {}, []
        for side in (self, self.other):
            side.sent, side.wire, side.links = [], [], side.links + 1
        self.world.record.images.append(self.image())

    def restart(self):
        self.alive = True
        self.conn += 1
        if self.bug("numbers begin anew"):
            self.next = max(self.rows, default=0) + 1
        since = self.at
        if self.bug("event left out after a restart"):
            since += 1
        if self.bug("event told again after a restart") and since:
            since -= 1
        self.telling = self.due(since)

    def image(self):
        rows, log, _, _ = self.disk()
        return Image(self.name, self.world.tick(), [rows[n] for n in sorted(rows)],
                     [log[n] for n in sorted(log)])

    def history(self):
        return [{"number": r.n, "id": r.id, "direction": r.direction, "text": r.body}
                for _, r in sorted(self.rows.items()) if r.kind == "chat"]

    def idle(self):
        waits = any(r.direction == "out" and r.state == "queued" for r in self.rows.values())
        undone = len(self.done) < len(self.wanted)
        return not (self.jobs or self.wire or self.telling or undone or waits)


class World:
    def __init__(self, seed, bug=None, crashes=4):
        self.random, self.bug, self.crashes = random.Random(seed), bug, crashes
        self.record, self.time = Record(), 0.0
        self.a, self.b = Side(self, "alice@h1"), Side(self, "bob@h2")
        self.a.other, self.b.other = self.b, self.a
        for side in (self.a, self.b):
            side.wanted = self.plan(side.name)

    def plan(self, name):
        wanted = [("send", f"{name}-{n}", f"{name} says {n}", None) for n in range(10)]
        wanted.insert(4, wanted[3])                          # said again on purpose
        wanted.append(("cancel", "", "", 6))
        wanted.append(("edit", f"{name}-edit", f"{name} meant 2", 2))
        wanted.append(("send", f"{name}-last", f"{name} says 1, last", None))
        return wanted

    def tick(self):
        self.time += 0.0005
        return self.time

    def step(self):
        side = self.random.choice((self.a, self.b))
        both = self.a.alive and self.b.alive
        actions = [side.speak, side.commit] if side.alive else [side.restart]
        if side.telling:
            actions.append(side.hear)
        if both:
            actions += [side.send_next] + [side.receive] * (2 if side.other.wire else 0)
        if side.alive and self.crashes and self.random.random() < 0.03:
            self.crashes -= 1
            actions = [side.crash]
        self.random.choice(actions)()

    def run(self):
        record = self.record
        for _ in range(STEPS):
            self.step()
            if not self.crashes and self.a.alive and self.b.alive:
                record.healed = record.healed or self.time
                if self.a.idle() and self.b.idle():
                    record.drained = self.tick()
                    break
        for side in (self.a, self.b):
            if not side.alive:
                side.restart()
            side.commit()
            while side.telling:
                side.hear()
            record.ends[side.name] = side.image()
            record.history[side.name] = side.history()
            record.waiting[side.name] = []
        return record
