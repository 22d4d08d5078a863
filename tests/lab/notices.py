#!/usr/bin/python3
"""A notification server for desktop.py that shows nothing and tells all. Arguments: its
capabilities. Each notice is a line of JSON; lines of standard input act on them as a user would:
{"invoke": [id, "key"]}, {"reply": [id, "text"]}, {"close": id}."""
import json
import sys
import threading

from gi.repository import Gio, GLib

NAME = "org.freedesktop.Notifications"
PATH = "/org/freedesktop/Notifications"
INTERFACE = """
<node><interface name="org.freedesktop.Notifications">
  <method name="GetCapabilities"><arg type="as" direction="out"/></method>
  <method name="GetServerInformation">
    <arg type="s" direction="out"/><arg type="s" direction="out"/>
    <arg type="s" direction="out"/><arg type="s" direction="out"/>
  </method>
  <method name="Notify">
    <arg type="s" direction="in"/><arg type="u" direction="in"/><arg type="s" direction="in"/>
    <arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="as" direction="in"/>
    <arg type="a{sv}" direction="in"/><arg type="i" direction="in"/><arg type="u" direction="out"/>
  </method>
  <method name="CloseNotification"><arg type="u" direction="in"/></method>
</interface></node>"""
FIELDS = ("app", "replaces", "icon", "summary", "body", "actions", "hints", "timeout")

_last = 0
_bus = None


def tell(what):
    print(json.dumps(what), flush=True)


def signal(name, *values):
    kinds = {"ActionInvoked": "(us)", "NotificationReplied": "(us)", "NotificationClosed": "(uu)"}
    _bus.emit_signal(None, PATH, NAME, name, GLib.Variant(kinds[name], values))


def notify(values):
    global _last
    if not values[1]:
        _last += 1
    number = values[1] or _last
    notice = dict(zip(FIELDS, values))
    notice["hints"] = {key: str(value) for key, value in notice["hints"].items()}
    tell({"notice": number, **notice})
    return GLib.Variant("(u)", (number,))


def on_call(_bus_, _sender, _path, _interface, method, arguments, invocation):
    values = arguments.unpack()
    if method == "GetCapabilities":
        invocation.return_value(GLib.Variant("(as)", (sys.argv[1:],)))
    elif method == "GetServerInformation":
        invocation.return_value(GLib.Variant("(ssss)", ("notices", "tests", "1", "1.2")))
    elif method == "Notify":
        invocation.return_value(notify(values))
    else:
        tell({"closed": values[0]})
        signal("NotificationClosed", values[0], 3)
        invocation.return_value(None)


def act(command):
    if "invoke" in command:
        signal("ActionInvoked", *command["invoke"])
        signal("NotificationClosed", command["invoke"][0], 2)
    elif "reply" in command:
        signal("NotificationReplied", *command["reply"])
    elif "close" in command:
        signal("NotificationClosed", command["close"], 2)


def listen():
    for line in sys.stdin:
        GLib.idle_add(act, json.loads(line))


def on_bus(bus, _name):
    global _bus
    _bus = bus
    node = Gio.DBusNodeInfo.new_for_xml(INTERFACE)
    bus.register_object(PATH, node.interfaces[0], on_call, None, None)


def main():
    Gio.bus_own_name(Gio.BusType.SESSION, NAME, Gio.BusNameOwnerFlags.NONE, on_bus,
                     lambda *_: print("ready", flush=True), lambda *_: sys.exit("the name is taken"))
    threading.Thread(target=listen, daemon=True).start()
    GLib.MainLoop().run()


main()
