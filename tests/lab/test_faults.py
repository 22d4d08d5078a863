#!/usr/bin/env python3
"""People talk without a pause while everything goes wrong, from one seed: daemons killed and
stopped, cables pulled, packets lost, discovery killed, clocks set ten years on or back, disks
filled. In the end nothing that was said is lost (tests/proof/checker.py).

EARSHOT_SEED and EARSHOT_SECONDS (of faults, a case) choose a run: `make check-faults SEED= TIME=`.
Of a run with a violation the record and the daemons' logs (EARSHOT_LOG_LEVEL) are kept."""
import os
import random
import shutil
import sys
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "../proof"))

import checker  # noqa: E402
import lab  # noqa: E402
from clients import Speaker, Wish  # noqa: E402
from earshot import EARSHOTD  # noqa: E402
from meeting import Meeting  # noqa: E402
from nemesis import Nemesis, Victim  # noqa: E402
from tap import Failure, case, check, note, run  # noqa: E402
from world import Station  # noqa: E402

SECONDS = float(os.environ.get("EARSHOT_SECONDS", "10"))
SEED = int(os.environ.get("EARSHOT_SEED") or random.SystemRandom().randrange(1 << 30))
MEET = 45.0    # s for all to find each other; a helper that died often is not started at once
SPEAK = 20.0   # s for what was begun to be said
PAUSE = 0.03   # s between two things a person says, on average
SHOWN = 8


class Person:
    """Says things to another until told to stop: mostly new ones, some again, some corrected,
    some cancelled."""

    def __init__(self, side, other, chance):
        self.side, self.other, self.chance = side, other, chance
        self.said = []
        self.over = False

    def wishes(self):
        while not self.over:
            time.sleep(self.chance.expovariate(1 / PAUSE))
            yield self._wish(len(self.said), self.chance.random())

    def _wish(self, number, dice):
        recent = self.chance.choice(self.said[-20:]) if self.said else None
        if recent and dice < 0.05:
            return Wish("send", recent.text, recent.token)
        if recent and recent.done.is_set() and recent.id and dice < 0.08:
            return Wish("edit", f"{recent.text}, I meant {number}", f"{recent.token}-{number}-edit",
                        about=recent)
        if recent and recent.done.is_set() and recent.id and dice < 0.11:
            return Wish("cancel", about=recent)
        wish = Wish("send", f"{self.side} to {self.other}: {number}", f"{self.other}-{number}")
        self.said.append(wish)
        return wish


class Run(Meeting):
    def __init__(self, stations, seed):
        for station in stations:
            station.fresh()
        super().__init__(stations)
        self.chance = random.Random(seed)
        self.met = -1
        self.record.refusals = True
        self.people = []
        for one in stations:
            for other in stations:
                if one is not other:
                    self._add_speaker(one, other)
        victims = [Victim(s, self.record, self.chance) for s in stations]
        for victim in victims:
            victim.own_disk()
        self.nemesis = Nemesis(victims, seed)

    def _add_speaker(self, one, other):
        person = Person(one.name, other.name, random.Random(self.chance.random()))
        self.people.append(person)
        self.speakers.append(Speaker(
            one.socket, one.name, f"to {other.name}", self.record, other.name, person.wishes(),
            window=self.chance.choice((1, 4)), retry=("unknown", "busy", "timeout")))

    def play(self):
        try:
            for station in self.stations:
                station.start()
            self._meet()
            self.start_clients()
            self.nemesis.began = time.monotonic()
            self.nemesis.rage(SECONDS)
            for person in self.people:
                person.over = True
            self.finish_speaking(SPEAK)
            began = time.monotonic()
            self._meet()
            self.met = time.monotonic() - began
            self.settle()
        except Failure as failure:
            self.record.problems.append(str(failure))
        finally:
            self.stop_clients()
            for station in self.stations:
                station.kill()
            self.read_disks()

    def _meet(self):
        wanted = {station.name for station in self.stations}
        deadline = time.monotonic() + MEET
        for station in self.stations:
            while wanted - {station.name} - {p["name"] for p in self.ask(station, "who")["people"]}:
                check(time.monotonic() < deadline, f"{station.name} does not see everybody")
                time.sleep(0.05)


def play(l, users, avahi, seed):
    hosts = [l.host(avahi=avahi and number == 0) for number, _ in enumerate(users)]
    stations = [Station(host, user, EARSHOTD, words=()) for host, user in zip(hosts, users)]
    it = Run(stations, seed)
    it.play()
    kept = sum(1 for c in it.record.calls if c.method == "send" and c.outcome == "ok")
    deaths = len(it.record.images)
    wait = it.record.drained - it.record.healed if it.record.drained else -1
    faults = len(it.nemesis.story) // 2
    note(f"seed {seed}: {kept} messages kept, {faults} faults, {deaths} deaths, "
         f"all see each other after {it.met:.1f} s, outboxes empty {wait:.2f} s later")
    found = checker.check(it.record)
    if found:
        path = os.path.join(lab.BUILD, "proof", f"faults-{seed}")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        it.record.save(path)
        for line in it.nemesis.story:
            print(f"#   {line}")
        for station in stations:
            shutil.copy(station.log, f"{path}-{station.user}.log")
            print(f"#   disk of {station.name}: {station.disk()}")
        raise Failure(f"seed {seed}, record {path}, {len(found)} violations:\n"
                      + "\n".join(map(str, found[:SHOWN])))
    check(kept > 0, "nothing was said at all")


@case
def two_talk_while_everything_breaks(l):
    play(l, ("alice", "bob"), False, SEED)


@case
def three_talk_and_one_has_avahi(l):
    play(l, ("alice", "bob", "carol"), True, SEED + 1)


if __name__ == "__main__":
    lab.enter()
    run(lab.Lab)
