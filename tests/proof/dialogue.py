"""The conversation that is interrupted at every point: two people say ten messages each to each
other, some calls are repeated, some things corrected, some cancelled. One daemon ends in the
middle and is started again; the clients go on. Its record tells all of it."""
import threading

from clients import Speaker, Wish
from meeting import Meeting
from tap import Failure
from world import Watch

SPEAK = 20.0   # s for everything to be said


def _wishes_of_a(tag, b_may_come):
    """B is not there until the first cancel was answered: that one comes in time."""
    say = [Wish("send", f"{tag} a{n}", f"a{n}") for n in range(7)]
    again = Wish("send", say[2].text, say[2].token)
    cancel = Wish("cancel", about=say[1], done=b_may_come)
    say[3].gate = b_may_come
    edit = Wish("edit", f"{tag} a0, I meant", "a0-edit", about=say[0])
    return [*say[:3], again, cancel, *say[3:5], edit, say[5], Wish("send", say[2].text, "a2"),
            say[6]]


def _wishes_of_b(tag):
    say = [Wish("send", f"{tag} b{n}", f"b{n}") for n in range(10)]
    again = Wish("send", say[4].text, say[4].token)
    edit = Wish("edit", f"{tag} b2, I meant", "b2-edit", about=say[2])
    late = Wish("cancel", about=say[6])
    return [*say[:5], again, edit, *say[5:8], late, *say[8:]]


class Talk(Meeting):
    """One run of it between two stations."""

    def __init__(self, stations, tag, point=None):
        for station in stations:
            station.fresh()
        super().__init__(stations)
        a, b = stations
        self.point = point
        self.b_may_come = threading.Event()
        self.speakers = [
            Speaker(a.socket, a.name, "speaker", self.record, b.name,
                    _wishes_of_a(tag, self.b_may_come)),
            Speaker(a.socket, a.name, "second", self.record, b.name,
                    [Wish("send", f"{tag} c{n}", f"c{n}") for n in range(3)], window=1),
            Speaker(b.socket, b.name, "speaker", self.record, a.name, _wishes_of_b(tag)),
        ]
        self.watches = []

    def _start(self, station, calls):
        tested = self.point and self.stations[self.point.side] is station
        station.start(self.point if tested else None, calls)
        self.watches.append(Watch(station, self.point if tested else None, self.record))

    def run(self, calls=None):
        """calls: a log of the calls, on each host. True: the daemon died at its point."""
        try:
            self._start(self.stations[0], calls)
            self.start_clients()
            if not self.b_may_come.wait(SPEAK):
                self.record.problems.append("the first words were not answered")
            self._start(self.stations[1], calls)
            self.finish_speaking(SPEAK)
            self.settle()
        except Failure as failure:
            self.record.problems.append(str(failure))
        finally:
            self.stop_clients()
            for watch in self.watches:
                watch.end()
            self.read_disks()
        return any(watch.hit.is_set() for watch in self.watches)
