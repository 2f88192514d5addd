"""Starts a subject. What is here counts in the smallest heap: the other tasks are in `tasks`."""


def start(config):
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
    send = start(config)
    for _ in range(config["count"] - 1):
        send()
