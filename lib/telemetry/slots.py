"""Which application runs: the one that came over the cable, in `/`, or one that came over the air, in `/slots/a` or
`/slots/b`.

State file: `order`, the slot that runs and those to fall back to, at last the application of `/`; `trial`, whether the
first is on trial; `left`, why the last one was left: its `version`, and `why`. boot.py and a slot's own library share
it, so what is in it stays.
"""

import json
import os

from . import once


def load(folder: str = "/") -> dict:
    """The state file; {} if there is none. Raises StoreError if the flash cannot be read."""
    return once("store", "load", folder + "slots.json", {})


def path(folder: str, name: str) -> str:
    """Where the slot `name` is."""
    return folder + "slots/" + name


def first(folder: str = "/") -> str:
    """The path of the slot to run, "" for the application of `/`. One without a main.py is left. Raises StoreError."""
    while True:
        order = load(folder).get("order")
        if not order:
            return ""
        place = path(folder, order[0])
        try:
            os.stat(place + "/main.py")
            return place
        except OSError as error:
            leave(folder, "main.py: %s" % error)


def running(folder: str = "/") -> str:
    """The slot whose application this is, as its path; "" for the one of `/`."""
    here = os.getcwd()
    return here if here.startswith(path(folder, "")) else ""


def manifest(slot: str) -> dict:
    """Its version, and what it was made for, but for the list of its files; {} if that cannot be read."""
    try:
        with open(slot + "/manifest.json") as file:
            return json.loads(file.readline() + "}}")
    except (OSError, ValueError):
        return {}


def free(folder: str = "/") -> str:
    """The name of the slot that the next application goes to: nothing is in it, and nothing falls back to it. Raises
    StoreError and OSError."""
    state = load(folder)
    order = state.get("order", [])
    name = "b" if order[:1] == ["a"] else "a"
    if name in order:
        order.remove(name)
        once("store", "save", folder + "slots.json", state)
    remove(path(folder, name))
    return name


def switch(folder: str, name: str) -> None:
    """From the next start on the slot `name` runs, on trial. Raises StoreError: then it does not."""
    once("starts", "survived", folder)  # its starts are counted from 0
    state = load(folder)
    order = state.get("order", [])
    if order[:1] != [name]:  # else it was switched to, and not started
        state["order"] = [name] + order[:1]
    state["trial"] = True
    state.pop("left", None)
    once("store", "save", folder + "slots.json", state)


def confirm(folder: str = "/") -> None:
    """The trial is over: it stays. Raises StoreError."""
    state = load(folder)
    state["trial"] = False
    once("store", "save", folder + "slots.json", state)


def leave(folder: str, why: str) -> None:
    """From the next start on the one before runs again. Raises StoreError."""
    state = load(folder)
    order = state.get("order")
    if order:
        version = manifest(path(folder, order[0])).get("version")
        state["order"] = order[1:]
        state["trial"] = False
        state["left"] = {"version": version, "why": why}
        # First: a cut after it costs one more trial, the other way round it would cost the one before its chances.
        once("starts", "survived", folder)
        once("store", "save", folder + "slots.json", state)


def remove(place: str) -> None:
    """Removes the folder `place` with all that is in it, if it is there. Raises OSError."""
    try:
        names = os.listdir(place)
    except OSError:
        return
    for name in names:
        inner = place + "/" + name
        if os.stat(inner)[0] & 0x4000:
            remove(inner)
        else:
            os.remove(inner)
    os.rmdir(place)
