#!/usr/bin/python3
"""The watcher of status notifiers as KDE has it, which runs whether or not a panel shows anything,
for test_tray.py. Lines of standard input: "host" brings a panel, "alone" takes it away."""
import sys
import threading

from gi.repository import Gio, GLib

NAME = "org.kde.StatusNotifierWatcher"
INTERFACE = """
<node><interface name="org.kde.StatusNotifierWatcher">
  <method name="RegisterStatusNotifierItem"><arg type="s" direction="in"/></method>
  <property name="RegisteredStatusNotifierItems" type="as" access="read"/>
  <property name="IsStatusNotifierHostRegistered" type="b" access="read"/>
  <property name="ProtocolVersion" type="i" access="read"/>
  <signal name="StatusNotifierItemRegistered"><arg type="s"/></signal>
  <signal name="StatusNotifierHostRegistered"/>
  <signal name="StatusNotifierHostUnregistered"/>
</interface></node>"""
PATH = "/StatusNotifierWatcher"

_items = []
_has_host = False
_bus = None


def on_call(_bus_, sender, _path, _interface, _method, arguments, invocation):
    _items.append(sender + arguments.unpack()[0])
    invocation.return_value(None)
    _bus.emit_signal(None, PATH, NAME, "StatusNotifierItemRegistered",
                     GLib.Variant("(s)", (_items[-1],)))


def on_get(_bus_, _sender, _path, _interface, name):
    return {"RegisteredStatusNotifierItems": GLib.Variant("as", _items),
            "IsStatusNotifierHostRegistered": GLib.Variant("b", _has_host),
            "ProtocolVersion": GLib.Variant("i", 0)}[name]


def on_line(line):
    global _has_host
    _has_host = line.strip() == "host"
    _bus.emit_signal(None, PATH, NAME, "StatusNotifierHost" +
                     ("Registered" if _has_host else "Unregistered"), None)


def listen():
    for line in sys.stdin:
        GLib.idle_add(on_line, line)


def on_bus(bus, _name):
    global _bus
    _bus = bus
    node = Gio.DBusNodeInfo.new_for_xml(INTERFACE)
    bus.register_object(PATH, node.interfaces[0], on_call, on_get, None)


def main():
    Gio.bus_own_name(Gio.BusType.SESSION, NAME, Gio.BusNameOwnerFlags.NONE, on_bus,
                     lambda *_: print("ready", flush=True), lambda *_: sys.exit("the name is taken"))
    threading.Thread(target=listen, daemon=True).start()
    GLib.MainLoop().run()


main()
