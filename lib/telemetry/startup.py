"""Before main.py: which application runs, the one that came over the cable or one that came over the air.

When three starts in a row came to nothing, one that came over the air is left for the one before it, and at last the
next start is in safe mode: no main.py of the user's is run.
"""

import json
import os

from micropython import const

from . import errors, once

# As machine.PWRON_RESET and so on.
_POWER_ON = const(1)
_WATCHDOG_RESET = const(3)
_DEEP_SLEEP = const(4)
_SOFT_RESET = const(5)
_WATCHDOG = const(300)  # seconds, as the settings have it when they do not say


def begin(folder: str = "/", safe: str = "/lib/telemetry/safe", trial: str = "/lib/telemetry/new") -> str | None:
    """For boot.py: where main.py is to be run from; None: from where it is; "": nowhere, as a person is there.

    Raises what it likes: boot.py goes on then as if there were no safe mode and no slots. `safe` and `trial` are
    folders with a main.py.
    """
    import machine  # of the board no more is needed before its program: no radio

    cause = machine.reset_cause()
    slot = _slot(folder)
    if cause == _DEEP_SLEEP:
        return _entered(slot)  # as planned; and flash is not written
    try:
        os.stat(slot + "/main.py" if slot else folder + "main.py")
        with open(folder + "settings.json") as file:
            settings = dict(json.load(file))
    except (OSError, ValueError, TypeError):
        settings = {}  # no agent can run, and nobody would say that a start came to something
    watchdog = settings and settings.get("watchdog", _WATCHDOG)
    if cause == _SOFT_RESET:
        if watchdog:
            once("starts", "rest")
        return "" if once("starts", "is_stuck", folder) and not slot else _entered(slot)
    if watchdog:  # from here on, so that a main.py that fails before its agent runs is started anew
        machine.WDT(timeout=watchdog * 1000)
    button = settings.get("button", 0)
    is_safe = False
    if cause == _POWER_ON and button is not None:
        is_safe = not machine.Pin(button, machine.Pin.IN, machine.Pin.PULL_UP).value()  # BOOT is held
    if settings and not is_safe:
        is_safe = once("starts", "is_stuck", folder)
        if slot and (is_safe or cause == _WATCHDOG_RESET and once("slots", "load", folder).get("trial")):
            once("slots", "leave", folder, "watchdog" if cause == _WATCHDOG_RESET else "3 starts came to nothing")
            slot = _slot(folder)  # which begins with no start that came to nothing
            is_safe = False
        once("starts", "count", folder, cause)
    if is_safe:
        os.stat(safe + "/main.py")  # raises if it is not there: then the other one is run
        return safe
    return trial if slot and once("slots", "load", folder).get("trial") else _entered(slot)


def _slot(folder):
    # Of the application to run; "": of the folder's own.
    try:
        return once("slots", "first", folder)
    except errors.StoreError:
        return ""


def _entered(slot):
    if slot:
        once("trial", "enter", slot)
    return slot or None
