"""An ESP32 reports to a device hub. `Agent` does it all; `send` is one message and no more.

The names are loaded when first used: what a program does not use takes no heap.
"""

import gc
import sys

__version__ = "0.1.0"

if False:  # for the type checker
    from .agent import Agent as Agent
    from .minimal import send as send

_PUBLIC = {"Agent": "agent", "send": "minimal"}  # every other name is a module of the package: errors, semver, ...

heap_lowest = 0x3FFFFFFF  # bytes that were free at the least when `once` had collected


def __getattr__(name):
    if name.startswith("_"):
        raise AttributeError(name)
    try:
        value = __import__("telemetry." + _PUBLIC.get(name, name), None, None, (name,))
    except ImportError:
        if name in _PUBLIC:
            raise  # something that the module needs is not there
        raise AttributeError(name)
    if name in _PUBLIC:
        value = getattr(value, name)
    globals()[name] = value
    return value


def once(module: str, name: str, *arguments):
    """Calls the function `name` of the package's `module`, for what is done at the start or hardly ever.

    A module that was not loaded before is let go of after it: code that waits for its next use would take the heap of
    the user's program.
    """
    global heap_lowest
    path = "telemetry." + module
    stays = path in sys.modules
    if not stays:
        gc.collect()
        heap_lowest = min(heap_lowest, gc.mem_free())
    try:
        return getattr(__import__(path, None, None, (name,)), name)(*arguments)
    finally:
        if not stays:
            sys.modules.pop(path, None)
            globals().pop(module, None)
