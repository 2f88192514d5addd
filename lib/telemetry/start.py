"""What the agent does first after a start, before the network."""


def begin(agent) -> None:
    """Takes up what was saved."""
    agent.begin()
