#!/usr/bin/python3
"""A screen reader's view of the programs on a desktop, for desktop.py: commands come as lines of
JSON, each is answered by one."""
import json
import sys
import time

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402

_found = []
DEEPEST = 40


def keep(control):
    _found.append(control)
    return len(_found) - 1


def children(control):
    for at in range(control.get_child_count()):
        child = control.get_child_at_index(at)
        if child is not None:
            yield child


def walk(control, depth=0):
    """Controls vanish while one looks at them: what is left is told."""
    try:
        yield control, depth
        if depth < DEEPEST:
            for child in children(control):
                yield from walk(child, depth + 1)
    except GLib.Error:
        return


def roots(app):
    return [program for program in children(Atspi.get_desktop(0))
            if app is None or program.get_name() == app]


def fits(control, wanted):
    name = control.get_name() or ""
    if wanted.get("role") not in (None, control.get_role_name()):
        return False
    if wanted.get("name") not in (None, name):
        return False
    if wanted.get("contains") is not None and wanted["contains"] not in name:
        return False
    return not wanted.get("showing") or control.get_state_set().contains(Atspi.StateType.SHOWING)


def matching(wanted):
    if wanted.get("within") is not None:
        starts = [_found[wanted["within"]]]
    else:
        starts = roots(wanted.get("app"))
    for start in starts:
        for control, _ in walk(start):
            try:
                if fits(control, wanted):
                    yield control
            except GLib.Error:
                continue


def find(wanted):
    deadline = time.monotonic() + wanted["timeout"]
    while True:
        try:
            for control in matching(wanted):
                return keep(control)
        except GLib.Error:
            pass  # the program was busy, or is only just coming up
        if time.monotonic() > deadline:
            raise LookupError("is not there; there is:\n" + tree(wanted))
        time.sleep(0.05)


def every(wanted):
    return [keep(control) for control in matching(wanted)]


def states(control):
    return [state.value_nick for state in control.get_state_set().get_states()]


def tree(wanted):
    lines = []
    for start in roots(wanted.get("app")):
        for control, depth in walk(start):
            try:
                shown = "showing" in states(control)
                lines.append(f"{'  ' * depth}{control.get_role_name()} {control.get_name()!r}"
                             f"{'' if shown else ' (hidden)'}")
            except GLib.Error:
                continue
    return "\n".join(lines)


def extents(control):
    box = control.get_extents(Atspi.CoordType.SCREEN)
    return [box.x, box.y, box.width, box.height]


def text(control):
    return Atspi.Text.get_text(control, 0, Atspi.Text.get_character_count(control))


def answer(command):
    what = command.pop("do")
    if what in ("find", "all", "tree"):
        return {"find": find, "all": every, "tree": tree}[what](command)
    control = _found[command["number"]]
    return {
        "act": lambda: Atspi.Action.do_action(control, command["index"]),
        "type": lambda: Atspi.EditableText.set_text_contents(control, command["text"]),
        "text": lambda: text(control),
        "name": control.get_name,
        "description": control.get_description,
        "role": control.get_role_name,
        "states": lambda: states(control),
        "value": lambda: Atspi.Value.get_current_value(control),
        "extents": lambda: extents(control),
        "focus": lambda: Atspi.Component.grab_focus(control),
    }[what]()


def main():
    Atspi.init()
    print("ready", flush=True)
    for line in sys.stdin:
        Atspi.get_desktop(0).clear_cache()
        try:
            said = {"value": answer(json.loads(line))}
        except Exception as error:  # the test tells of it
            said = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(said), flush=True)


main()
