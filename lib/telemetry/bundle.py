"""An application bundle, `.tar.gz`, on its way into a slot: first all of it goes to a file, and what is in it is looked
at only once it was verified."""

import os

from micropython import const

from . import errors, once

if False:  # for the type checker
    from .agent import Agent

_FILE = const("update.bin")
_SPARE = const(16384)  # bytes of flash that stay free, for state files
_COMMENT = const(0x10)  # flag of gzip's head (RFC 1952, section 2.3.1)
_HEAD = const(10)


def got(folder: str, state: dict) -> int:
    """How many bytes of it there are. Raises OSError."""
    return os.stat(folder + _FILE)[6]


def prepare(agent: "Agent", state: dict, piece) -> None:
    """Makes room for it. Raises UpdateError if there is not enough, and StoreError."""
    folder = agent.folder
    state["slot"] = once("slots", "free", folder)
    open(folder + _FILE, "wb").close()
    stat = os.statvfs(folder or ".")
    free = stat[1] * stat[3] - _SPARE
    needed = state["size"]
    head = bytes(piece)
    # What its files take, as the bundle's own comment says; without one, as much as is likely.
    before, _, room = head[_HEAD:].partition(b"\0")[0].partition(b"room=")
    needed += int(room) if head[3] == _COMMENT and not before and room.isdigit() else 3 * needed
    if needed > free:
        raise errors.UpdateError("flash: %d bytes are free and %d are needed: nothing was downloaded" % (free, needed))


def Target(agent: "Agent", state: dict):
    """What is there of it: a file, to which more is appended; of an image a class has the same methods. Raises
    OSError."""
    return open(agent.folder + _FILE, "a+b")  # noqa: SIM115 - until it is closed


def discard(folder: str) -> None:
    """Nobody needs it any more."""
    try:
        os.remove(folder + _FILE)
    except OSError:
        pass  # there is none


# What is verified, and unpacked


def switch(agent: "Agent", state: dict) -> None:
    """It runs from the next start on. Raises StoreError."""
    discard(agent.folder)
    once("slots", "switch", agent.folder, state["slot"])


def looked_up(folder: str, state: dict) -> "bool | str | None":
    """After a start: True, it runs; a text, why it was left; None, it does not run though it is to; False, it never
    ran. Raises StoreError."""
    slots = once("slots", "load", folder)
    if slots.get("order", [])[:1] == [state["slot"]]:  # confirmed too: the power may have gone before that was noted
        return True if once("slots", "running", folder) else None
    left = slots.get("left") or {}
    return left.get("version") == state["version"] and left["why"]


def confirm(folder: str) -> None:
    """It stays. Raises StoreError."""
    once("slots", "confirm", folder)


def leave(folder: str, why: str) -> None:
    """The one before runs again from the next start on. Raises StoreError."""
    once("slots", "leave", folder, why)
