"""What this board does: an example to edit. Who it is and its Wi-Fi are in /settings.json."""

import gc
import time

from telemetry import Agent

# The version of this program, as long as it comes over the cable; what comes over the air has that of its bundle.
agent = Agent.from_settings(version="1.0.0")
board = agent.board
usual = agent.settings.interval


@agent.telemetry
def read():
    return {
        "chip_temperature": board.temperature(),  # degrees Celsius
        "free_heap": gc.mem_free(),  # bytes
        "uptime": agent.clock.uptime(),  # seconds
        "wifi_strength": board.wifi_strength(),  # dBm
        "reset_cause": board.reset_cause(),
    }


@agent.on_config
def apply(config):
    seconds = config.get("interval", usual)
    if not 1 <= seconds <= 86400:
        raise ValueError("interval: expected 1 to 86400 seconds")  # refused: the hub is told why
    agent.settings.interval = seconds


@agent.command("identify")
def identify(parameters):  # which of all these boards is it?
    for _ in range(5):
        board.light(True)
        time.sleep_ms(200)
        board.light(False)
        time.sleep_ms(200)
    return "blinked"  # the operator reads it


agent.run()
