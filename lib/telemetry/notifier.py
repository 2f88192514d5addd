"""How the board tells its user about a new firmware: a line on the console, and an LED that blinks until it is answered
with the button."""

from time import ticks_diff, ticks_ms

if False:  # for the type checker
    from .board import Board


class Notifier:
    """The default notification; a user's own (`@agent.on_new_firmware`) stands in for it."""

    def __init__(self, board: "Board"):
        self._board = board
        self._lit: bool | None = None  # None: there is no question

    def show(self, version: str) -> None:
        """Says that `version` is there and starts to blink."""
        self._pressed = self._board.is_pressed()  # held down since before: that was no answer
        print("New firmware %s is available. To upgrade, press BOOT while the LED blinks." % version)
        self._since_ms = ticks_ms()
        self._lit = False  # last: to say it may find no memory

    def clear(self) -> None:
        """Stops blinking: the question was answered."""
        self._lit = None
        self._board.light(False)

    def is_accepted(self) -> bool:
        """Call this often: it blinks, and tells once when the button is pressed while blinking."""
        if self._lit is None:
            return False
        if ticks_diff(ticks_ms(), self._since_ms) >= 250:
            self._since_ms = ticks_ms()
            self._lit = not self._lit
            self._board.light(self._lit)
        was_pressed = self._pressed
        self._pressed = self._board.is_pressed()
        return self._pressed and not was_pressed
