"""What ended the program: kept on flash, for `dump`, and told to the hub when it happens again and again."""

from io import StringIO
from sys import print_exception

from micropython import const

from . import once

if False:  # for the type checker
    from .agent import Agent
    from .device import Device

_LOOP = const(3)  # crashes, none of them long after the one before
_CALM = const(600)  # seconds without one
_TRACE = const(1500)  # characters; the end says most


def record(agent: "Agent", error: BaseException | None = None) -> None:
    """Counts a crash and keeps its traceback, under "trace"; without `error` it was the watchdog. Raises StoreError.

    In a loop the flash is written only when the traceback is another one.
    """
    agent.board.feed()
    data = {} if agent.clock.uptime() >= _CALM else _load(agent)
    data["count"] = min(data.get("count", 0) + 1, _LOOP)
    trace = "watchdog"
    if error is None:
        if agent.board.hung:
            trace += ": " + agent.board.hung
    else:
        trace = type(error).__name__
        try:
            text = StringIO()
            print_exception(error, text)
            trace = text.getvalue()[-_TRACE:]
        except Exception:
            pass  # no memory for more, or an exception that cannot be printed
    if agent.trial is None:
        data["trace"] = trace
        agent.save("crash", data)
    else:  # of the one before it is none
        once("confirm", "back", agent, trace)


def begin(device: "Device") -> None:
    """Sees whether it is a loop."""
    data = _load(device)
    device.due["crash"] = 0
    if data.get("count", 0) >= _LOOP:
        device.crash_loop = incident = device.incident("Crash loop", "crash_loop", 4, data["trace"])
        incident.id = data.get("incident")
        incident.is_doubtful = device.left_open and not incident.id


def attend(device: "Device") -> int | None:
    """Remembers that the hub has the incident, which so outlives restarts; and the loop's end."""
    data = _load(device)
    if not data.get("count"):
        return None
    incident = device.crash_loop
    left = _CALM - device.clock.uptime()
    if left <= 0:
        data["count"] = 0
        data.pop("incident", None)
        if incident:
            incident.close()
            device.crash_loop = None
            if device.notices != [incident]:
                device.left_open = False  # what is open now may not be closed with the rest
    elif incident:
        if incident.id is None:
            return 0  # it is on its way
        data["incident"] = incident.id
    device.save("crash", data)
    return left if left > 0 else None


def _load(device):
    # A crash is the board's, whoever it is at the hub; the incident is that device's.
    data = device.load("crash", True)
    if data.get("device") != device.hub.identity.get("id"):
        data.pop("incident", None)
    return data
