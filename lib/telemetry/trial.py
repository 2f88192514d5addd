"""How an application that came over the air is entered, and what becomes of one that fails on trial. It is the
factory's code, whatever library the new one brings."""

import gc
import os
import sys
from io import StringIO
from time import sleep

from micropython import const

from . import once

_TRACE = const(700)  # characters; the end says most
_PAUSE = const(5)  # seconds, for Ctrl-C; the watchdog's are more


def enter(slot: str) -> None:
    """From here on the modules of the slot come before all others. "": those of no slot."""
    for path in list(sys.path):
        if "/slots/" in path:
            sys.path.remove(path)
    if slot:
        sys.path.insert(1, slot + "/lib")
    for name in list(sys.modules):
        if name.split(".")[0] == "telemetry":
            del sys.modules[name]  # it may have another


def begin():
    """Enters the slot that is on trial. What this gives back takes what its main.py ended with."""
    slot = once("slots", "first", "/")
    enter(slot)
    os.chdir(slot)
    return failed


def failed(error: BaseException, names: dict) -> None:
    """Its main.py, whose global names these are, ended with `error`. On trial that is its end: the one before runs
    again. Else raises it."""
    names.clear()  # it may have filled the heap
    gc.collect()
    os.chdir("/")
    enter("")
    if not once("slots", "load", "/").get("trial"):
        raise error
    trace = type(error).__name__
    try:
        text = StringIO()
        sys.print_exception(error, text)
        trace = text.getvalue()[-_TRACE:]
    except Exception:
        pass  # no memory for more, or an exception that cannot be printed
    print(trace)
    once("slots", "leave", "/", trace)
    sleep(_PAUSE)
    once("starts", "restart")
