#!/usr/bin/env python3
"""What earshot-tray costs: from its start until the panel has its icon, memory once it has settled
(with a panel and a notification server, and after its window was shown and hidden), system calls
while nothing happens. Prints medians of several runs; --json for programs."""
import json
import os
import statistics
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../lab"))
import lab  # noqa: E402
from desktop import EARSHOT_TRAY, PYTHON, need  # noqa: E402
from seat import seat  # noqa: E402

RUNS = 5
START = """
import subprocess, sys, time
from gi.repository import Gio, GLib
bus = Gio.bus_get_sync(Gio.BusType.SESSION, None)
loop = GLib.MainLoop()
def on_registered(*_):
    print(time.monotonic() - began, flush=True)
    loop.quit()
bus.signal_subscribe(None, "org.kde.StatusNotifierWatcher", "StatusNotifierItemRegistered", None,
                     None, Gio.DBusSignalFlags.NONE, on_registered)
bus.call_sync("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "GetId", None, None, 0, -1, None)
began = time.monotonic()
program = subprocess.Popen(sys.argv[1:])
loop.run()
print(program.pid, flush=True)
program.wait()
"""


def memory(pid):
    """RSS and private dirty memory in MiB."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as rollup:
        kib = {line.split(":")[0]: int(line.split()[1]) for line in rollup if line.endswith("kB\n")}
    return kib["Rss"] / 1024, kib["Private_Dirty"] / 1024


def one_run(trace):
    with seat(panel="xfce4", notifications=("actions", "body"), arguments=None) as s:
        starter = s.desk.start(PYTHON, "-c", START, EARSHOT_TRAY, label="earshot-tray")
        began = starter.events.wait(lambda e: isinstance(e, float), 20, what="the icon")
        pid = starter.events.wait(lambda e: isinstance(e, int), 20, what="its number")
        s.wait_ready()
        s.wait_asleep(of=pid)
        found = {"start_ms": began * 1000}
        found["rss_mib"], found["dirty_mib"] = memory(pid)
        if trace:
            # the process is the child of the one that measures: strace may look at it
            done = s.host.run("timeout", "-s", "INT", "10", "strace", "-f", "-c", "-p", str(pid),
                              timeout=30)
            if "attached" not in done.stderr:
                sys.exit(f"strace could not look: {done.stderr}")
            total = [line.split() for line in done.stderr.splitlines() if line.endswith("total")]
            found["calls_in_10_s"] = int(total[0][3]) if total else 0
        s.icon.choose("Open Earshot")
        s.close_window()
        lab.wait_for(lambda: not s.windows(), 10, "no window")
        s.wait_asleep(of=pid)
        found["rss_after_window_mib"], found["dirty_after_window_mib"] = memory(pid)
        s.icon.choose("Quit (messages are still received)")
        starter.wait()
    return found


def main():
    runs = [one_run(trace=number == 0) for number in range(RUNS)]
    medians = {key: round(statistics.median(run[key] for run in runs if key in run), 1)
               for key in runs[0]}
    if "--json" in sys.argv:
        print(json.dumps({"runs": runs, "medians": medians}))
    else:
        for key, value in medians.items():
            print(f"{key:24} {value:8}   of {[round(r[key], 1) for r in runs if key in r]}")


if __name__ == "__main__":
    lab.enter()
    need("xfce4-panel", "strace")
    main()
