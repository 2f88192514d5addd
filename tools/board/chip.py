"""The chip: what the board's modules ask for over the wire is answered here, by its parts."""

from collections.abc import Callable
from typing import Any

# What a reply may raise on the board, the more special first.
_ERRORS = (NotImplementedError, RuntimeError, TypeError, OSError, ValueError)


class Part:
    """A part of the chip. Its methods with the name `do_x` are what the board may call as `part.x`."""

    def power_on(self) -> None:
        """The power comes: whatever lives in RAM or in the RTC domain is lost."""
        self.reset()

    def reset(self) -> None:
        """Any hard reset: registers go to their defaults."""

    def restart(self) -> None:
        """The interpreter starts anew, after a soft reset too."""


class Chip:
    """Answers `call(name, arguments)` with a reply for the wire: [error name or None, value or error's arguments]."""

    def __init__(self, parts: dict[str, Part], log: Callable[[str], Any]) -> None:
        self._parts = parts
        self._log = log

    def call(self, name: str, arguments: list) -> list:
        """Never raises for what the board did; a fault of the chip's own code is a RuntimeError on the board."""
        part, _, operation = name.partition(".")
        method = getattr(self._parts.get(part), "do_" + operation, None)
        if method is None:
            return ["NotImplementedError", [f"the virtual board has no {name}"]]
        try:
            return [None, method(*arguments)]
        except Exception as error:
            for kind in _ERRORS:
                if isinstance(error, kind):
                    return [kind.__name__, list(error.args)]
            self._log(f"virtual board: {name}{tuple(arguments)}: {error!r}\n")
            return ["RuntimeError", [f"virtual board: {error!r}"]]

    def each(self, event: str) -> None:
        """Tell every part: "power_on", "reset" or "restart"."""
        for part in self._parts.values():
            getattr(part, event)()


def integer(value: Any, what: str = "value") -> int:
    """`value` if it is an int, as `mp_obj_get_int` does; otherwise TypeError."""
    if not isinstance(value, int):
        raise TypeError(f"can't convert {what} to int")
    return int(value)
