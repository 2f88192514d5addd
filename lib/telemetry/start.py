"""What is done first: after a start, before the network, and when the hub gave another identity."""

from . import once

if False:  # for the type checker
    from .agent import Agent
    from .device import Device


def keep(agent: "Agent") -> None:
    """Reads what could not be read before, and saves what could not be saved; the one even if the other fails. Raises
    StoreError."""
    try:
        if agent.unsaved:
            agent.unsaved.keep()
            agent.unsaved = None
    finally:
        if not agent.registration.is_kept:
            once("identity", "keep", agent.registration)


def begin(agent: "Agent") -> None:
    """Takes up what was saved, and looks back at what made it start."""
    is_watchdog = agent.board.reset_cause() == "watchdog"
    if is_watchdog:
        agent.guard("crash", once, "crash", "record", agent)
    agent.guard("tidy", once, "store", "tidy", agent.folder)
    take_up(agent)
    # The folder first: most boards have none, and the names of a module that was ever loaded take heap for ever.
    if (
        agent.settings.outbox["size"]
        and once("store", "exists", agent.folder + "outbox")
        and once("outbox", "waits", agent.folder)
    ):
        agent.guard("outbox", once, "backlog", "open_it", agent)
    if agent.children:
        agent.guard("children", once, "children", "begin", agent)
    if is_watchdog and not agent.crash_loop:
        # To name each telemetry function each time would cost every telemetry more than it tells.
        hung = agent.board.hung or "a telemetry function, or what runs outside of the agent"
        agent.incident("Watchdog reset", "watchdog", 3, "no progress for %d s: %s" % (agent.settings.watchdog, hung))


def take_up(device: "Device") -> None:
    """Takes up what each duty has saved."""
    device.due["tell"] = 0
    for duty in device.duties:
        if once("store", "exists", device.folder + duty + ".json"):
            device.guard(duty, once, duty, "begin", device)


def renew(device: "Device") -> None:
    """It is another device for the hub now: nothing that was said to the old one counts."""
    device.delta.forget()
    device.last_reply = None
    device.facts = {"firmware_version": device.facts["firmware_version"]}
    device.versions.clear()
    for incident in device.notices:
        incident.id = None  # it is opened there too
    due = {"config": 0, "incidents": 0, "crash": 0}  # what is said here is not known there
    if "update" in device.due:
        due["update"] = 0  # which goes on
    device.due = due
    device.place = device.licenses = device.journal = None
    device.refused = 0
