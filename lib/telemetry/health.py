"""How the board is: what goes with a telemetry every so often, and what `agent.health()` gives."""

import gc
import os
from json import dumps

from micropython import const

from .clock import NEVER
from .message import MAX_BYTES

if False:  # for the type checker
    from .agent import Agent

_MARGIN = const(4096)  # bytes of a message that are not its values
_MOST = const(0x7FFFFFFF)  # of a number in a telemetry


def taken(agent: "Agent") -> dict:
    """Names and values, as a telemetry takes them; docs/left-alone.md has the list. What is not there is left out."""
    from . import heap_lowest  # as it is now

    board = agent.board
    outbox = agent.outbox
    gc.collect()
    free = gc.mem_free()
    # Names in one text: each by itself would stay in the heap for ever.
    names = "uptime reset_cause heap_free heap_lowest outbox_waiting outbox_dropped idf_free idf_largest idf_lowest"
    known = [agent.clock.uptime(), board.reset_cause(), free, min(free, heap_lowest)]
    known += (outbox.count, outbox.dropped) if outbox else (0, agent.dropped)
    try:
        _, idf_free, largest, lowest = zip(*board.heap())
        known += sum(idf_free), max(largest), sum(lowest)
    except Exception:
        pass  # the port has no such thing
    values = dict(zip(names.split(), known))
    failures = agent.failures
    for kind in failures:
        values["failures_" + kind] = failures[kind]
    try:
        values["wifi_strength"] = board.wifi_strength()
    except Exception:
        pass  # it went just now
    try:
        stat = os.statvfs(agent.folder)
        values["flash_free"] = min(stat[0] * stat[3], _MOST)
        starts = agent.load("starts", True)
        for cause in starts:
            if cause != "starts":
                values["resets_" + cause.replace(" reset", "").replace(" ", "_")] = starts[cause]
    except Exception:
        pass  # the flash does not give it now
    return values


def add(agent: "Agent") -> None:
    """Puts it into the message that is being made, if that has room; names that the user's functions give are
    theirs."""
    every = agent.settings.health
    values = taken(agent)
    if not every:  # a loss is told all the same
        lost = values.get("outbox_dropped")
        values = {"outbox_dropped": lost} if lost else {}
    delta = agent.delta
    changed = delta.changed.copy()  # it may be what is known, and this is no part of that
    for name in values:
        key = "health_" + name
        if key not in changed and key not in delta.known:
            changed[key] = values[name]
    if len(dumps(changed)) < MAX_BYTES - _MARGIN:
        delta.changed = changed
        agent.health_at = agent.clock.uptime() + every if every else NEVER
