"""What the user of this board wrote."""

import json


def add(agent):
    @agent.telemetry
    def read():
        return {"temperature": 21.5}

    @agent.on_config
    def apply(config):
        if config.get("refuse"):
            raise ValueError("refuse: not on this board")
        print("APPLIED", json.dumps(config))

    @agent.command("blink")
    def blink(parameters):
        _ran("blink", parameters)
        return "blinked %d" % parameters["n"]

    @agent.command("safe", safe=True)
    def safe(parameters):
        _ran("safe", parameters)

    @agent.command("fails")
    def fails(parameters):
        _ran("fails", parameters)
        raise ValueError("no lamp")

    @agent.command("restarts", restarts=True)
    def restarts(parameters):
        _ran("restarts", parameters)
        agent.board.reset()


def _ran(name, parameters):
    print("RAN", json.dumps({"name": name, "n": parameters["n"]}))


def held(agent, flash):
    """What the board has in the end."""
    return {
        "requests": agent.hub.requests.count,
        "writes": flash.count,
        "config": {key: agent.config.get(key) for key in ("interval", "mode", "refuse", "own")},
        "licensed": [name for name in ("recording", "export") if agent.licensed(name)],
        "claimed": agent.claimed,
        "space": agent.space.get("name"),
        "info": agent.info.get("name"),
    }
