"""Runs one subject: `micropython -m bench.run`. Prints `RESULT` and what was measured, as JSON.

`config.json` in the current folder has `task`, a function of this module; `subject`, `url`, `identity`, `delta`,
`count`; and for https the path of the CA's certificate as `ca`.
"""

import gc
import json
import sys


def main():
    with open("config.json") as file:
        config = json.load(file)
    if "ca" in config:
        with open(config["ca"], "rb") as file:
            config["ca"] = file.read()
    print("RESULT", json.dumps(globals()[config["task"]](config)))


def subject(config):
    """The subject's own send function, after its first telemetry, which is no part of any measure: it opens the
    connection, and ours replaces the state at the hub."""
    from bench.readings import Readings

    readings = Readings(config["delta"])
    config["readings"] = readings
    module = __import__("bench." + config["subject"], None, None, ("prepare",))
    send = once(module.prepare(config), readings, config["subject"])
    send()
    return send


def once(send, readings, name):
    """A function without arguments that takes the next readings and sends them. The agent takes them by itself."""
    if name == "ours":
        return lambda: send(readings)

    def read_and_send():
        readings.read()
        send(readings)

    return read_and_send


def repeat(config):
    """Sends `count` telemetries; what surrounds the process measures."""
    send = subject(config)
    for _ in range(config["count"] - 1):
        send()


def heap(config):
    """Heap bytes that each telemetry takes, with the collector off."""
    send = subject(config)
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

    send = subject(config)
    taken = [0] * (config["count"] - 1)
    gc.collect()
    for i in range(len(taken)):
        start = ticks_us()
        send()
        taken[i] = ticks_diff(ticks_us(), start)
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
    """Prepares the current folder for ours."""
    from bench.ours import identify

    identify(config)


main()
