"""The person in front of the board: buttons, plug, air and weather, one line of text each."""

from collections.abc import Callable
from typing import Any

from .board import VirtualBoard

HELP = """\
press             press the BOOT button for a moment
hold, release     hold the BOOT button down, let it go
reset             press the EN button
power off|on|cycle
wifi off|on       the network vanishes, and comes back
temperature 42    what the chip's sensor reads, in degrees Celsius
help              this
quit              switch off and end"""


class Panel:
    """Does what a line says to `board`; `say(text)` gets the answers, a line each."""

    def __init__(self, board: VirtualBoard, say: Callable[[str], Any]) -> None:
        self._board = board
        self._say = say
        self._commands: dict[str, Callable[[], Any]] = {
            "press": board.click,
            "hold": board.press,
            "release": board.release,
            "reset": board.reset,
            "power off": board.power_off,
            "power on": board.power_on,
            "power cycle": board.power_cycle,
            "wifi off": board.wifi_down,
            "wifi on": board.wifi_up,
            "help": lambda: [say(line) for line in HELP.splitlines()],
        }

    def do(self, line: str) -> bool:
        """False when the line was `quit`. A line that is no command is answered, never an exception."""
        words = line.lower().split()
        if words == ["quit"]:
            return False
        if len(words) == 2 and words[0] == "temperature":
            self._set_temperature(words[1])
        elif words:
            command = self._commands.get(" ".join(words))
            if command is None:
                self._say(f"no such command: {' '.join(words)} (help lists them)")
            else:
                command()
        return True

    def _set_temperature(self, text: str) -> None:
        try:
            self._board.set_temperature(float(text))
        except ValueError:
            self._say(f"not a temperature: {text}")
