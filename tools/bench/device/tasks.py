"""What is measured from within, and what must be prepared."""

import gc
import sys

from bench.subject import start


def heap(config):
    """Heap bytes that each telemetry takes, with the collector off."""
    send = start(config)
    count = config["count"] - 1
    print("FIRST")
    sys.stdin.readline()  # until the bench has read its counters
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for _ in range(count):
        send()
    return (gc.mem_alloc() - before) / count


def time(config):
    """Microseconds of each telemetry. Nothing is collected meanwhile."""
    from time import ticks_diff, ticks_us

    send = start(config)
    taken = [0] * (config["count"] - 1)
    gc.collect()
    for i in range(len(taken)):
        begin = ticks_us()
        send()
        taken[i] = ticks_diff(ticks_us(), begin)
    return taken


def imports(config):
    """Heap that `import telemetry` takes, and which modules of the library those of `modules` bring with them."""
    gc.collect()
    before = gc.mem_alloc()
    __import__("telemetry")
    gc.collect()
    heap = gc.mem_alloc() - before
    for name in config["modules"]:
        __import__("telemetry." + name)
    return {"heap": heap, "modules": [name for name in sys.modules if name.split(".")[0] == "telemetry"]}


def build(config):
    """Heap that a built agent takes, with the library."""
    from bench import ours

    gc.collect()
    before = gc.mem_alloc()
    config["agent"] = ours.build(config)  # so that it is still there
    gc.collect()
    return {"heap": gc.mem_alloc() - before}


def identify(config):
    """Puts the identity where the agent finds it after a restart."""
    from telemetry.store import save

    save("identity.json", dict(config["identity"], entry_url=config["url"], firmware_version="1.0.0"))
    save("version.json", {"curr_ver": "1.0.0", "latest_ver": "1.0.0"})
