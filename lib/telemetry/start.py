"""What the agent does first after a start, before the network."""

from . import once

if False:  # for the type checker
    from .agent import Agent


def begin(agent: "Agent") -> None:
    """Takes up what was saved, and looks back at what made it start."""
    is_watchdog = agent.board.reset_cause() == "watchdog"
    if is_watchdog:
        agent.guard("crash.json", once, "crash", "record", agent)
    agent.begin()
    if agent.children:
        agent.guard("children", once, "children", "begin", agent)
    if is_watchdog and not agent.crash_loop:
        agent.incident("Watchdog reset", "watchdog", 3, "no progress for %d s" % agent.settings.watchdog)
