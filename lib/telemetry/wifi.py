"""The way back to the Wi-Fi: one attempt, and what is tried as an outage goes on.

The driver goes on trying by itself, and mostly that is enough. But it may stop, or try in vain for ever: so it is told
to begin anew, after a while with the radio off in between, and at last only a restart of the board is left.
"""

from time import sleep_ms, ticks_diff, ticks_ms

from micropython import const

from . import errors
from .clock import jittered

if False:  # for the type checker
    from network import WLAN

    from .board import Board

_IDLE = const(1000)  # network.STAT_IDLE
_FIRST = const(60)  # seconds until the driver is told to begin anew, doubled each time, and up to as many at random:
_MOST = const(900)  # what has one board in trouble has its neighbours too
_RADIO = const(3)  # each third time with the radio off
_SETTLE_MS = const(1000)  # for a radio to be off, and at most for a disconnect
_REASON_MS = const(5000)  # a reason older than the attempt may still be shown


def join(board: "Board", make: "type[WLAN]", ssid: str, password: str, timeout: int) -> None:
    """See `Board.connect`, whose state this goes by: `wlan`, which `make` makes; `told`, the network and password that
    the driver knows, and `outage`: how often it was begun anew, since when (ticks) and for how many seconds that is
    given its time, and the outage's seconds before that."""
    # By ESP-IDF's wifi_err_reason_t, which WLAN.status() gives; 204 is a handshake that timed out.
    failures = {201: "not in reach", 202: "wrong password", 203: "refused", 204: "wrong password?"}
    why = None
    try:
        wlan = board.wlan = board.wlan or make()
        _begin(board, wlan, ssid, password)
        for waited_ms in range(0, timeout * 1000 + 1, 50):
            if board.is_connected():
                return
            why = failures.get(wlan.status())
            if why and waited_ms >= _REASON_MS:
                break
            board.feed()
            sleep_ms(50)
    # As "Wifi Internal State Error", or "Wifi Unknown Error 0x0101": no memory.
    except (OSError, RuntimeError) as error:
        why = errors.described(error)
        if board.outage:
            board.outage[2] = 0  # no use in giving that its time
    raise errors.WifiError("Wi-Fi %s: %s" % (ssid, why or "no connection"))


def _begin(board, wlan, ssid, password):
    # Has the driver begin anew, if that is due: never while it connects, or is connected to that network.
    now_ms = ticks_ms()
    is_on = wlan.active()
    is_new = board.told != (ssid, password)
    if is_new or not board.outage:
        board.outage = [0, now_ms, jittered(_FIRST, 2 * _FIRST), 0]
        board.told = (ssid, password)
        # Idle: a program told it to be. And the radio outlives a soft reset: it may be on the right network, on another
        # one, or trying with another password.
        if is_on and (wlan.isconnected() and wlan.config("ssid") == ssid if is_new else wlan.status() != _IDLE):
            return
    else:
        count, since_ms, seconds, before = board.outage
        passed = ticks_diff(now_ms, since_ms) // 1000
        if is_on and 0 <= passed < seconds:
            return
        least = min(_FIRST << min(count, 8) + 1, _MOST)
        board.outage = [count + 1, now_ms, jittered(least, 2 * least), before + passed]
        if board.outage[0] % _RADIO == 0 and is_on:
            wlan.active(False)
            sleep_ms(_SETTLE_MS)
            is_on = False
    if is_on:
        # Before it has left the driver takes no connect. It is idle then; but by its status it may be idle already, as
        # the reason of the disconnect before is shown until there is another.
        was_idle = wlan.status() == _IDLE
        wlan.disconnect()
        for _ in range(0, _SETTLE_MS, 50):
            sleep_ms(50)
            if wlan.status() == _IDLE and not was_idle:
                break
    else:
        wlan.active(True)
    wlan.connect(ssid, password)
