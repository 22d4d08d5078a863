#!/usr/bin/env python3
"""Every *.dialogue of this folder, each with a daemon of its own."""
import os
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lab"))

import lab
import player
import tap


def script_case(path):
    def play(virtual):
        actor = player.Player(virtual, player.settings_of(path))
        try:
            actor.play(path)
        finally:
            actor.close()
    return play


if __name__ == "__main__":
    for name in sorted(os.listdir(HERE)):
        if name.endswith(".dialogue"):
            tap.add_case(name.removesuffix(".dialogue"), script_case(os.path.join(HERE, name)))
    lab.enter()
    tap.run(lab.Lab)
