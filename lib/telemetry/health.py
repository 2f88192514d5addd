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
    """Flat names and values, as a telemetry takes them; README, Health, has the list."""
    values: dict = {}
    for part in (_itself, _wifi, _heap, _idf_heap, _outbox, _failures, _resets, _flash):
        try:
            values.update(part(agent))
        except Exception:
            pass  # the port has no such thing, or the flash does not give it now
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


def _itself(agent):
    return {"uptime": agent.clock.uptime(), "reset_cause": agent.board.reset_cause()}


def _wifi(agent):
    strength = agent.board.wifi_strength()
    return {} if strength is None else {"wifi_strength": strength}


def _heap(agent):
    from . import heap_lowest  # as it is now

    gc.collect()
    free = gc.mem_free()
    return {"heap_free": free, "heap_lowest": min(free, heap_lowest)}


def _idf_heap(agent):
    _, free, largest, lowest = zip(*agent.board.heap())
    return {"idf_free": sum(free), "idf_largest": max(largest), "idf_lowest": sum(lowest)}


def _outbox(agent):
    outbox = agent.outbox
    waiting, dropped = (outbox.count, outbox.dropped) if outbox else (0, agent.dropped)
    return {"outbox_waiting": waiting, "outbox_dropped": dropped}


def _failures(agent):
    failures = agent.failures
    return {"failures_" + kind: failures[kind] for kind in failures}


def _resets(agent):
    counts = agent.load("starts", True)
    counts.pop("starts", None)
    return {"resets_" + cause.replace(" reset", "").replace(" ", "_"): counts[cause] for cause in counts}


def _flash(agent):
    stat = os.statvfs(agent.folder)
    return {"flash_free": min(stat[0] * stat[3], _MOST)}
