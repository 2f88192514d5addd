"""How the board tells its user about a new firmware: a line on the console, and an LED that blinks until it is answered
with the button."""

from micropython import const

from .clock import ticks_diff, ticks_ms

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from .board import Board

_BLINK_MS = const(250)


class Notifier:
    """The default notification; a user's own (`@agent.on_new_firmware`) stands in for it."""

    def __init__(self, board: "Board"):
        self._board = board
        self._blinking = False
        self._lit = False
        self._was_pressed = False
        self._since_ms = ticks_ms()

    def show(self, version: str) -> None:
        """Says that `version` is there and starts to blink."""
        print("New firmware %s is available. To upgrade, press BOOT while the LED blinks." % version)
        self._blinking = True
        self._was_pressed = self._board.is_pressed()  # held down since before: that was no answer
        self._since_ms = ticks_ms()

    def clear(self) -> None:
        """Stops blinking: the question was answered."""
        self._blinking = False
        self._light(False)

    def is_accepted(self) -> bool:
        """Call this often: it blinks, and tells once when the button is pressed while blinking."""
        if not self._blinking:
            return False
        if ticks_diff(ticks_ms(), self._since_ms) >= _BLINK_MS:
            self._since_ms = ticks_ms()
            self._light(not self._lit)
        pressed = self._board.is_pressed()
        accepted = pressed and not self._was_pressed
        self._was_pressed = pressed
        return accepted

    def _light(self, on):
        if on != self._lit:
            self._lit = on
            self._board.light(on)
