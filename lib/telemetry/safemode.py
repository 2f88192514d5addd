"""Safe mode: what runs in place of a main.py that failed again and again, or because BOOT was held.

The board registers and reports as ever, but that it is in safe mode and why, and no function of the user's runs. It
takes the commands `reboot` and `update_firmware`, which end safe mode, and `dump`. A configuration and telemetry that
could not be sent wait for main.py, which gets another try after an hour.
"""

from sys import print_exception
from time import sleep

from micropython import const

from . import errors, once
from .agent import Agent

_INTERVAL = const(600)  # seconds
_HOUR = const(3600)
_WIDTH = const(300)  # characters
_PAUSE = const(600)  # seconds from a crash to the restart; the watchdog's are fewer
_WAYS = const("""Safe mode: main.py is not run.
It ends with the hub's command reboot or update_firmware, a deployment, or after an hour, when main.py gets another try.
Ctrl-C gives the REPL; to end safe mode there: import os; os.remove("/starts.json"), then Ctrl-D.
""")


class SafeAgent(Agent):
    """An agent that does not act for the user's program."""

    label = "safe mode: "
    duties = ("licenses", "commands", "space", "tell", "incidents", "update")
    # As in a loop of crashes: incidents stay open over restarts, and none is opened twice. main.py closes them.
    crash_loop = True  # type: ignore[assignment]
    why = ""

    def _read(self):
        super()._read()
        return self.label + self.why

    def heed(self, reply):
        """But new firmware: main.py announces it, in its own way."""
        super(Agent, self).heed(reply)

    def survived(self):
        """But main.py did not."""


def run() -> None:
    """Until Ctrl-C or a restart; not at all if the settings are of no use."""
    print(_WAYS)
    agent = None
    try:
        agent = _made()
        while agent.clock.uptime() < _HOUR:
            agent.wait(agent.step())
        agent.say("main.py gets another try")
        agent.guard("starts.json", once, "starts", "survived", agent.folder, 2)
        agent.restart()
    except KeyboardInterrupt:
        if agent:
            agent.board.rest()
        else:
            once("starts", "rest")
        print(_WAYS)
        raise
    except errors.SettingsError as error:
        once("starts", "rest")
        print("safe mode: no network, as the settings cannot be used:", error)
    except Exception as error:
        print_exception(error)
        sleep(_PAUSE)  # never a loop that wears the flash out, and time for Ctrl-C
        once("starts", "restart")


def _made():
    version = "0.0.0"  # of main.py: what it said last
    try:
        version = once("store", "load", "/version.json").get("curr_ver", version)
    except errors.StoreError:
        pass
    agent = once("wiring", "build", SafeAgent, "/settings.json", version)
    agent.settings.interval = _INTERVAL
    agent.settings.outbox = {"size": 0, "in": "memory"}  # what waits is main.py's, and its children's
    agent.guard("starts.json", _explain, agent)

    def reboot(parameters):
        once("starts", "survived", agent.folder)
        agent.restart()

    agent.handlers["reboot"] = reboot, False, True  # not again, if main.py fails again
    return agent


def _explain(agent):
    why = trace = "BOOT was held"
    if once("starts", "is_stuck", agent.folder):
        data = agent.load("crash", True)
        trace = agent.board.reset_cause()
        if agent.board.hung:
            trace += ": " + agent.board.hung
        elif data.get("count") and trace != "watchdog":
            trace = data["trace"].strip()
        why = "main.py failed 3 times, last: " + trace.split("\n")[-1]
    agent.why = why[:_WIDTH]
    agent.say(agent.why)
    agent.incident("Safe mode", "safe_mode", 4, trace)
