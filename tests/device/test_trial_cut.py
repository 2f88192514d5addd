"""The power goes while a new firmware is on trial: it is tried again, or stays, and nobody is told that it failed."""

import os
import sys

from rig import ACCEPTED, Rig
from telemetry import once, slots, store

STATE = {"version": "1.1.0", "command": "c-1", "starts": 1, "step": "trial", "checksum": "0" * 64, "file": None}


def test_a_bundle_that_was_confirmed_when_nobody_had_noted_it_yet():
    folder = os.getcwd().rstrip("/") + "/"
    for path in ("slots", "slots/a"):
        os.mkdir(folder + path)
    store.save(folder + "slots.json", {"order": ["a"], "trial": False})
    store.save("update.json", dict(STATE, kind="bundle", slot="a"))
    rig = Rig(ACCEPTED, running="1.1.0")
    rig.agent.folder = folder
    os.chdir(folder + "slots/a")
    try:
        assert slots.running(folder)
        rig.agent.duties = ("update",)
        rig.agent.step()
    finally:
        os.chdir(folder)
    state = store.load("update.json")
    assert (state["step"], state["message"]) == ("done", "runs 1.1.0")
    assert slots.load(folder)["order"] == ["a"]


class Image:
    """In place of the module: the one before runs, as the bootloader goes back when the power goes on trial."""

    switched = 0

    @staticmethod
    def looked_up(folder, state):
        return False

    @classmethod
    def switch(cls, agent, state):
        cls.switched += 1


def test_an_image_is_tried_again():
    sys.modules["telemetry.image"] = Image
    try:
        store.save("update.json", dict(STATE, kind="image"))
        rig = Rig(ACCEPTED)
        for number in 1, 2:
            try:
                rig = Rig(ACCEPTED)
                rig.agent.step()
                raise AssertionError("it was not started")
            except SystemExit:
                pass
            assert Image.switched == number
            state = store.load("update.json")
            assert (state["step"], state["starts"]) == ("switch", number + 1)
            store.save("update.json", dict(state, step="trial"))
    finally:
        sys.modules.pop("telemetry.image")
    assert not once("update", "outcome", rig.agent, "c-1")
