"""Whether what was promised was kept. Pure: a record goes in, violations come out, nothing else
is read or written. O(n log n) in the size of the record.

For every channel A -> B, over any number of deaths on either side:

    I1   what was answered OK is on A's disk, from the answer on
    I2   B has nothing that A did not say, byte for byte
    I3   B has nothing twice
    I4   B has it in the order in which A's clients were answered
    I5   what A shows as delivered is on B's disk, from then on
    I6   when all is well again the outboxes are soon empty, and nothing was given up
    I7   what was called cancelled never arrives
    I8   a call repeated with its token is one message
    I12  who follows the events is told each exactly once, in order, across restarts; none is told
         before it is on disk, no number is used twice; `history` says the same
"""
import bisect
from collections import defaultdict
from dataclasses import dataclass, field

LIMIT = 10.0  # s from the end of all faults to empty outboxes
RANK = {"queued": 0, "handed over": 1, "delivered": 2, "read": 3}
ARRIVED = ("delivered", "read")
SETTLED = (*ARRIVED, "failed", "cancelled")


@dataclass
class Violation:
    invariant: str
    text: str
    evidence: list = field(default_factory=list)

    def __str__(self):
        return "\n".join([f"{self.invariant}: {self.text}"]
                         + [f"    {piece}" for piece in self.evidence])


@dataclass
class Operation:
    """All attempts at one thing that a client wanted."""
    calls: list

    def __post_init__(self):
        first = self.calls[0]
        self.side, self.peer, self.client = first.side, first.peer, first.client
        self.text, self.begun, self.conn = first.text, first.t0, first.conn
        self.ok = [c for c in self.calls if c.outcome == "ok"]
        self.answered = min((c.t1 for c in self.ok), default=None)
        self.number = self.ok[0].number if self.ok else 0
        self.id = self.ok[0].id if self.ok else ""
        self.refused = any(c.outcome == "error" for c in self.calls)
        self.lost = any(c.outcome == "lost" for c in self.calls)


class Disk:
    """One image, looked up by what is asked of it."""

    def __init__(self, image):
        self.image = image
        self.row = {row.n: row for row in image.rows}
        self.entry = {entry.n: entry for entry in image.log}
        self.own = {row.id: row for row in image.rows if row.direction == "out"}
        self.theirs = defaultdict(list)
        for row in image.rows:
            if row.direction == "in":
                self.theirs[row.peer, row.id].append(row)

    def where(self):
        return f"disk of {self.image.side} at {self.image.at:.6f} ({self.image.point or 'end'})"


def check(record):
    """All violations, none if all is well."""
    return Checker(record).run()


class Checker:
    def __init__(self, record):
        self.record = record
        self.found = []
        self.disks = defaultdict(list)
        for image in sorted(record.images, key=lambda i: i.at):
            self.disks[image.side].append(Disk(image))
        self.ends = {side: Disk(image) for side, image in record.ends.items()}
        for side, disk in self.ends.items():
            self.disks[side].append(disk)
        self.operations = self._operations(("send",))
        self.edits = self._operations(("edit",))
        self.said = defaultdict(set)  # (side, id): what it may read
        for operation in self.operations:
            for call in operation.ok:
                self.said[operation.side, call.id].add(operation.text)
        for operation in self.edits:
            for call in operation.calls:
                self.said[operation.side, call.target].add(operation.text)

    def run(self):
        for problem in self.record.problems:
            self._violation("I6", problem)
        self._check_disks()
        self._check_kept()
        self._check_tokens()
        for side in self.ends:
            self._check_origin(side)
            self._check_own_rows(side)
            self._check_history(side)
        self._check_order_of_calls()
        for a in self.ends:
            for b in self.ends:
                if a != b:
                    self._check_order(a, b)
        self._check_cancelled()
        self._check_drained()
        self._check_followers()
        self._check_numbers()
        return self.found

    def _violation(self, invariant, text, *evidence):
        self.found.append(Violation(invariant, text, [str(piece) for piece in evidence]))

    def _operations(self, methods):
        by_token = {}
        for call in sorted((c for c in self.record.calls if c.method in methods),
                           key=lambda c: c.t0):
            key = (call.side, call.peer, call.token) if call.token else id(call)
            by_token.setdefault(key, []).append(call)
        return [Operation(calls) for calls in by_token.values()]

    def _check_disks(self):
        for disks in self.disks.values():
            for disk in disks:
                if disk.image.damage:
                    self._violation("I1", f"damaged: {disk.image.damage}", disk.where())

    # ---- I1, I5, I7, I12: what was claimed is on disk from then on ----
    def _claims(self):
        """(side, time, invariant, sentence, holds(disk), evidence)"""
        for call in self.record.calls:
            if call.outcome != "ok":
                continue
            if call.method == "cancel":
                yield (call.side, call.t1, "I7", "called cancelled, and is not",
                       lambda d, i=call.target: i in d.own and d.own[i].state == "cancelled", call)
            else:
                yield (call.side, call.t1, "I1", "answered OK, and not kept",
                       lambda d, c=call: c.number in d.row and d.row[c.number].id == c.id
                       and d.row[c.number].direction == "out", call)
        for told in self.record.told:
            yield (told.side, told.t, "I12", "told, and not on disk",
                   lambda d, t=told: t.number in d.row or t.number in d.entry, told)
            if told.topic == "receipt" or told.direction == "out":
                yield (told.side, told.t, "I5", "shown in a state that is not kept",
                       lambda d, t=told: t.id in d.own
                       and RANK.get(d.own[t.id].state, 9) >= RANK.get(t.state, 0), told)
                if told.state in ARRIVED:
                    yield (told.peer, told.t, "I5", "shown as delivered, and the other has it not",
                           lambda d, t=told: (t.side, t.id) in d.theirs, told)

    def _check_kept(self):
        claims = defaultdict(list)
        for side, when, *claim in self._claims():
            claims[side].append((when, *claim))
        for side, disks in self.disks.items():
            ordered = sorted(claims[side], key=lambda c: c[0])
            times = [c[0] for c in ordered]
            broken = set()
            for disk in disks:
                known = bisect.bisect_right(times, disk.image.at)
                for at in range(known):
                    _, invariant, text, holds, evidence = ordered[at]
                    if at not in broken and not holds(disk):
                        broken.add(at)
                        self._violation(invariant, text, evidence, disk.where())

    # ---- I8 ----
    def _check_tokens(self):
        rows = defaultdict(list)
        for side, disk in self.ends.items():
            for row in disk.image.rows:
                if row.direction == "out" and row.token:
                    rows[side, row.peer, row.token].append(row)
        for operation in self.operations + self.edits:
            answers = {(c.id, c.number) for c in operation.ok}
            if len(answers) > 1:
                self._violation("I8", "one token, several messages", *operation.calls)
            token = operation.calls[0].token
            kept = rows.get((operation.side, operation.peer, token), [])
            if token and len(kept) > 1:
                self._violation("I8", "one token, several rows", *operation.calls, *kept)
            if kept and not operation.ok and not operation.lost:
                self._violation("I8", "an error was answered, and it was kept",
                                *operation.calls, *kept)

    # ---- I2, I3 ----
    def _check_origin(self, side):
        """Of what this side received."""
        disk = self.ends[side]
        texts = {}
        for (peer, mid), rows in disk.theirs.items():
            if len(rows) > 1:
                self._violation("I3", f"{side} has it twice", *rows)
            origin = self.ends.get(peer)
            source = origin.own.get(mid) if origin else None
            if not source:
                self._violation("I2", f"{side} has what nobody said", *rows)
                continue
            for row in rows:
                if row.kind == "chat" and row.body not in self._may_read(source, peer):
                    self._violation("I2", f"{side} has other words than were said", row, source)
                elif self.record.drained and row.kind == "chat" and row.body != source.body:
                    self._violation("I2", f"{side} and {peer} read different words", row, source)
                twin = texts.setdefault((peer, row.body), row) if row.kind == "chat" else row
                if twin.id != row.id:
                    self._violation("I3", f"{side} has the same words under two ids", row, twin)

    def _may_read(self, source, side):
        return self.said[side, source.id] | {source.body}

    def _check_own_rows(self, side):
        """Everything this side keeps as said was said by one of its clients."""
        asked = {(o.peer, c.token, o.text) for o in self.operations + self.edits
                 if o.side == side for c in o.calls if c.token}
        spoken = {(o.peer, o.text) for o in self.operations + self.edits if o.side == side}
        for row in self.ends[side].own.values():
            if row.kind not in ("chat", "correction"):
                continue
            known = self.said[side, row.id] if row.kind == "chat" else set()
            if (row.body not in known and (row.peer, row.body) not in spoken
                    and (row.peer, row.token, row.body) not in asked):
                self._violation("I2", f"{side} keeps what no client said", row)

    # ---- I4 ----
    def _check_order(self, a, b):
        """The order on B's disk is that on A's."""
        numbers = self.ends[a].own
        last = None
        for row in self.ends[b].image.rows:
            if row.direction != "in" or row.peer != a or row.id not in numbers:
                continue
            sent = numbers[row.id]
            if last and sent.n < last[0].n:
                self._violation("I4", f"out of order from {a} to {b}", *last, sent, row)
            if not last or sent.n > last[0].n:
                last = sent, row

    def _check_order_of_calls(self):
        """The order on A's disk is that of its clients: who was answered before another began
        comes first, and what one client says it says in order."""
        channels = defaultdict(list)
        for operation in self.operations:
            if operation.ok:
                channels[operation.side, operation.peer].append(operation)
        for operations in channels.values():
            operations.sort(key=lambda o: o.number)
            self._check_real_time(operations)
            latest = {}
            for operation in operations:
                before = latest.get(operation.client)
                # who never heard the answer does not know that the disk was full for this one
                refused = operation.refused or (self.record.refusals and operation.lost)
                if before and before.begun > operation.begun and not refused:
                    self._violation("I4", "kept in another order than it was said",
                                    operation.calls[0], before.calls[0])
                latest[operation.client] = operation

    def _check_real_time(self, operations):
        soonest = None
        for operation in reversed(operations):
            if soonest and soonest.answered < operation.begun:
                self._violation("I4", "answered first, kept later",
                                soonest.ok[0], operation.calls[0])
            if soonest is None or operation.answered < soonest.answered:
                soonest = operation

    # ---- I7 ----
    def _check_cancelled(self):
        for call in self.record.calls:
            if call.method != "cancel" or call.peer not in self.ends:
                continue
            came = self.ends[call.peer].theirs.get((call.side, call.target), [])
            if call.outcome == "ok" and came:
                self._violation("I7", "cancelled, and it arrived", call, *came)
        final = {(c.side, c.target): c for c in self.record.calls if c.method == "cancel"}
        unsure = {(c.side, c.target) for c in self.record.calls
                  if c.method == "cancel" and c.outcome in ("lost", "ok")}
        for (side, mid), call in final.items():
            row = self.ends[side].own.get(mid) if side in self.ends else None
            if row and row.state == "cancelled" and (side, mid) not in unsure:
                self._violation("I7", "too late to be cancelled, and it was", call, row)

    # ---- I6 ----
    def _check_drained(self):
        record = self.record
        if not record.drained or record.drained - record.healed > LIMIT:
            left = [m for messages in record.waiting.values() for m in messages][:10]
            self._violation("I6", f"something still waits {LIMIT:g} s after all was well", *left)
        for side, disk in self.ends.items():
            for row in disk.image.rows:
                if row.direction == "out" and row.kind != "marker" and row.peer in self.ends:
                    self._check_settled(side, row)

    def _check_settled(self, side, row):
        if row.state not in SETTLED:
            self._violation("I6", f"{side} is not done with it", row)
        if row.state == "failed":  # nothing is wrong with any of what is said in these runs
            self._violation("I6", f"{side} gave it up", row)
        came = self.ends[row.peer].theirs.get((side, row.id))
        if row.state in ARRIVED and not came and row.kind == "chat":
            self._violation("I5", f"delivered, and {row.peer} has it not", row)

    # ---- I12 ----
    def _check_followers(self):
        heard = defaultdict(list)
        for told in self.record.told:
            heard[told.side, told.follower].append(told)
        for (side, follower), events in heard.items():
            self._check_follower(side, follower, events)
        for side, disk in self.ends.items():
            if disk.image.rows and not any(s == side for s, _ in heard):
                self._violation("I12", f"nobody was told anything by {side}")

    def _check_follower(self, side, follower, events):
        for before, after in zip(events, events[1:]):
            if after.number <= before.number:
                self._violation("I12", f"{follower}: told again or out of order", before, after)
        disk = self.ends.get(side)
        if not disk:
            return
        numbers = {event.number for event in events}
        due = {row.n: row for row in disk.image.rows if row.kind == "chat"} | disk.entry
        for number in sorted(due.keys() - numbers):
            self._violation("I12", f"{follower}: never told", due[number])
        for event in events:
            row = disk.row.get(event.number)
            if event.topic in ("message", "sent") and row and not (
                    row.id == event.id and event.text in self._texts(side, row)):
                self._violation("I12", f"{follower}: told something else", event, row)

    def _texts(self, side, row):
        author = side if row.direction == "out" else row.peer
        return self.said[author, row.id] | {row.body}

    def _check_numbers(self):
        """Nobody ever sees one number stand for two things."""
        means = {}
        seen = [(t.side, t.number, (t.topic in ("message", "sent"), t.id), t)
                for t in self.record.told]
        seen += [(c.side, c.number, (True, c.id), c) for c in self.record.calls
                 if c.outcome == "ok" and c.method == "send"]
        for side, number, meaning, evidence in seen:
            first = means.setdefault((side, number), (meaning, evidence))
            if first[0] != meaning:
                self._violation("I12", f"{side}: one number for two things", first[1], evidence)

    # ---- history ----
    def _check_history(self, side):
        messages = self.record.history.get(side)
        if messages is None:
            return
        rows = {r.n: r for r in self.ends[side].image.rows if r.kind == "chat"}
        shown = {m["number"]: m for m in messages}
        if len(shown) != len(messages) or [*shown] != sorted(shown):
            self._violation("I12", f"history of {side} is not in order")
        for number in sorted(rows.keys() ^ shown.keys()):
            self._violation("I12", f"history of {side} and its disk differ",
                            rows.get(number), shown.get(number))
        for number in rows.keys() & shown.keys():
            row, message = rows[number], shown[number]
            if (row.id, row.direction, row.body) != (
                    message["id"], message["direction"], message["text"]):
                self._violation("I12", f"history of {side} and its disk differ", row, message)
