"""What the agent does first after a start, before the network."""

from . import once


def begin(agent) -> None:
    """Takes up what was saved."""
    agent.begin()
    if agent.children:
        agent.guard("children", once, "children", "begin", agent)
