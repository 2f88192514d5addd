"""The commands that a board does by itself: `reboot`, and `dump`, a report of how it is (Device API, send dump).

The report is lines of text: versions, heap, what is due, settings without a secret, the log, the last crash, and the
file system: os.statvfs and each file with its size.
"""

import gc
import os
import sys
from time import gmtime

from micropython import const

from . import __version__, errors, once

if False:  # for the type checker
    from .agent import Agent

_LINE = const(256)  # bytes at most; a piece has fewer than two of them
_MOST = const(32768)  # bytes, and then the piece: a card full of files must not fill the hub


def reboot(agent: "Agent", parameters: dict) -> None:
    """Does not return."""
    agent.restart()


def dump(agent: "Agent", parameters: dict) -> str:
    """Sends the report while it is made: one piece at a time is in memory. Raises as `ask` does."""
    name = "%s-%d.txt" % (agent.board.serial_number(), agent.clock.uptime())
    piece = b""
    id = more = ""
    size = 0
    for line in _lines(agent):
        piece += line.encode()[:_LINE] + b"\n"
        if line and len(piece) < _LINE:
            continue
        agent.board.feed()
        if size:
            agent.ask(more, None, piece)
        else:
            id = agent.ask("POST /dumps/%s/%s", object, piece, "text/plain", name)
            if isinstance(id, dict):
                id = id.get("id", id.get("dump_id"))
            if type(id) is int:
                id = str(id)
            more = "PUT /dumps/%s" % once("api", "quoted", (id,))  # once: it takes memory
        size += len(piece)
        piece = b""
        if size > _MOST:
            break
    return "dump %s, %d bytes" % (id, size)


def _lines(agent):
    # An empty one ends a piece.
    yield "telemetry " + __version__
    for owner, names in (
        (sys, "version implementation"),
        (gc, "collect mem_alloc"),
        (agent, "facts due versions"),
        (agent.hub, "url"),
        (agent.clock, "timestamp"),
        (agent.board, "heap"),
        (agent.settings, "entry_url interval timeout led button watchdog verify"),  # no secret among them
    ):
        for name in names.split():
            value = getattr(owner, name)
            yield "%s %s" % (name, value() if callable(value) else value)
    for at, line in errors.log:
        yield "%s %s" % (gmtime(at)[:6], line)
    try:  # the flash may be why somebody asks
        health = agent.health()
        for name in health:
            yield "%s %s" % (name, health[name])
        yield from agent.load("crash", True).get("trace", "").split("\n")
        yield str(os.statvfs(agent.folder))
        yield from _files(agent.folder)
    except Exception as error:
        yield errors.described(error)
    yield ""


def _files(folder):
    for name in os.listdir(folder):
        path = folder + name
        stat = os.stat(path)
        if stat[0] & 0x4000:
            yield from _files(path + "/")
        else:
            yield "%s %s" % (path, stat[6])
