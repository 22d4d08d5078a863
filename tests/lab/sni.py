#!/usr/bin/python3
"""The icon in the panel as a panel sees it, for test_tray.py: lines of JSON in, one line out each.
{"do": "icon"} tells name, title and status of the only status notifier, {"do": "menu"} its menu as
[id, label, kind, enabled, children], {"do": "click", "label": [...]} chooses by labels from the
top, {"do": "opening"} says that it is about to be shown, {"do": "middle"} clicks with the middle button, "registered" tells whether a panel has it. Without a watcher the item is looked for at
the program itself. "changes" tells how often the icon or the menu said that it is
another."""
import json
import sys
import threading

from gi.repository import Gio, GLib

WATCHER = "org.kde.StatusNotifierWatcher"
ITEM = "org.kde.StatusNotifierItem"
MENU = "com.canonical.dbusmenu"
PROPERTIES = "org.freedesktop.DBus.Properties"
APPLICATION = "org.earshot.Tray"
UNWATCHED = "/org/ayatana/NotificationItem/earshot_tray"

bus = Gio.bus_get_sync(Gio.BusType.SESSION, None)
changes = 0


def call(name, path, interface, method, arguments=None):
    return bus.call_sync(name, path, interface, method, arguments, None,
                         Gio.DBusCallFlags.NO_AUTO_START, 3000, None).unpack()


def get(name, path, interface, prop):
    return call(name, path, PROPERTIES, "Get", GLib.Variant("(ss)", (interface, prop)))[0]


def registered():
    items = get(WATCHER, "/StatusNotifierWatcher", WATCHER, "RegisteredStatusNotifierItems")
    name, _, path = items[0].partition("/")
    return name, "/" + path


def unwatched():
    try:
        owner = call("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "GetNameOwner",
                     GLib.Variant("(s)", (APPLICATION,)))[0]
        get(owner, UNWATCHED, ITEM, "Id")
    except GLib.Error:
        raise LookupError("no status notifier is on the bus") from None
    return owner, UNWATCHED


def item():
    try:
        return registered()
    except (GLib.Error, IndexError):
        return unwatched()


def icon():
    name, path = item()
    return {key.lower(): get(name, path, ITEM, key)
            for key in ("Id", "Title", "Status", "IconName", "IconThemePath", "Category")}


def menu_of():
    name, path = item()
    return name, get(name, path, ITEM, "Menu")


def tree(layout):
    number, properties, children = layout
    kind = properties.get("type") or properties.get("toggle-type") or ""
    if properties.get("toggle-state") == 1:
        kind += " on"
    return [number, properties.get("label", ""), kind, properties.get("enabled", True),
            [tree(child) for child in children]]


def menu():
    name, path = menu_of()
    _, layout = call(name, path, MENU, "GetLayout", GLib.Variant("(iias)", (0, -1, [])))
    return tree(layout)[4]


def click(labels):
    entries, chosen = menu(), None
    for label in labels:
        chosen = next((e for e in entries if e[1] == label), None)
        if chosen is None:
            raise LookupError(f"{label} is not in the menu: {[e[1] for e in entries]}")
        entries = chosen[4]
    name, path = menu_of()
    call(name, path, MENU, "Event",
         GLib.Variant("(isvu)", (chosen[0], "clicked", GLib.Variant("i", 0), 0)))
    return True


def opening():
    name, path = menu_of()
    call(name, path, MENU, "AboutToShow", GLib.Variant("(i)", (0,)))
    return True


def middle():
    name, path = item()
    call(name, path, ITEM, "XAyatanaSecondaryActivate", GLib.Variant("(u)", (0,)))
    return True


def is_registered():
    try:
        return bool(registered())
    except (GLib.Error, IndexError):
        return False


def do(command):
    what = command["do"]
    if what == "click":
        return click(command["label"])
    return {"icon": icon, "menu": menu, "middle": middle, "changes": lambda: changes,
            "registered": is_registered, "opening": opening}[what]()


def on_line(line):
    try:
        answer = {"value": do(json.loads(line))}
    except (GLib.Error, LookupError) as error:
        answer = {"error": str(error)}
    print(json.dumps(answer), flush=True)
    return False


def on_change(*_):
    global changes
    changes += 1


def listen(loop):
    for line in sys.stdin:
        GLib.idle_add(on_line, line)
    loop.quit()


def main():
    for interface in (ITEM, MENU):
        bus.signal_subscribe(None, interface, None, None, None, Gio.DBusSignalFlags.NONE, on_change)
    loop = GLib.MainLoop()
    print("ready", flush=True)
    threading.Thread(target=listen, args=(loop,), daemon=True).start()
    loop.run()


main()
