"""Counts the board's starts, and those in a row that came to nothing: `startup` says what follows from them.

State file: `starts`, those in a row that came to nothing so far, and how many there were by cause, as `watchdog`. A
soft reset is none, nor is waking up from a deep sleep.
"""

from micropython import const

from . import errors, once

_MOST = const(3)
_WEEK_MS = const(604800000)


def count(folder: str, cause: int) -> None:
    """One more, and by machine.reset_cause() why."""
    data = load(folder)
    data["starts"] = min(data.get("starts", 0) + 1, _MOST)
    why = ("unknown", "power on", "hard reset", "watchdog")[cause]
    data[why] = data.get(why, 0) + 1
    try:
        once("store", "save", folder + "starts.json", data)
    except errors.StoreError:
        pass  # the agent meets the same, and says so


def is_stuck(folder: str) -> bool:
    """Whether the last starts came to nothing. Raises StoreError."""
    return load(folder).get("starts", 0) >= _MOST


def survived(folder: str = "/", left: int = 0) -> None:
    """This start came to something: of those that did not only `left` count from now on. Raises StoreError."""
    data = load(folder)
    if data.get("starts", 0) > left:
        data["starts"] = left
        once("store", "save", folder + "starts.json", data)


def load(folder: str) -> dict:
    """The state file. Raises StoreError if the flash cannot be read."""
    return once("store", "load", folder + "starts.json", {})


def restart() -> None:
    """Does not return."""
    import machine

    machine.reset()


def rest() -> None:
    """A person is there: the watchdog, which the ESP32 cannot stop, waits for a week."""
    import machine

    machine.WDT(timeout=_WEEK_MS)
