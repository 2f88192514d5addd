"""What this board reports: an example to edit. Who it is and its Wi-Fi are in /settings.json."""

import gc

from telemetry import Agent

agent = Agent.from_settings(version="1.0.0")  # the version of this program: raise it with each release
board = agent.board


@agent.telemetry
def read():
    return {
        "chip_temperature": board.temperature(),  # degrees Celsius
        "free_heap": gc.mem_free(),  # bytes
        "uptime": agent.clock.uptime(),  # seconds
        "wifi_strength": board.wifi_strength(),  # dBm
        "reset_cause": board.reset_cause(),
    }


agent.run()
