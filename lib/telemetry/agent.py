"""The story: join the network, set the clock, register, send telemetry, act on the reply, wait. Again, for years."""

import gc
from time import sleep_ms, ticks_add, ticks_diff, ticks_ms

from micropython import const

from . import errors, message, once
from .clock import backoff, jittered
from .delta import Delta

if False:  # for the type checker
    from .board import Board
    from .clock import Clock
    from .firmware import Firmware
    from .hub import Hub
    from .message import Reply
    from .notifier import Notifier
    from .registration import Registration
    from .settings import Settings

_STARVED_MOST = const(5)  # steps in a row
_STARVED_WAIT = const(5)  # seconds; whole ones, as floats take memory
_MAX_FAILURE = const(500)  # characters of a user function's exception that go to the hub
_SLICE_MS = const(50)  # how long a press of the button may be overlooked while waiting
_BACK_WITHIN = const(5)  # seconds, at random, after the network returned: a whole building's boards do so together


class Agent(errors.Reporter):
    """Reports to the hub what the user's functions read, and does what the hub asks for.

    Made by `from_settings`, or by hand from its parts; then `run()`, or `step()` and `wait()` in a loop of your own.
    """

    def __init__(
        self,
        hub: "Hub",
        board: "Board",
        clock: "Clock",
        registration: "Registration",
        settings: "Settings",
        version_file: str = "/version.json",
    ):
        super().__init__()
        self.hub = hub
        self.board = board
        self.clock = clock
        self.registration = registration
        self.settings = settings
        self.version_file = version_file
        self.unsaved: Firmware | None = None  # which could not write it
        self.notifier: Notifier | None = None  # while it asks about a firmware
        self.show = None
        self._on_upgrade = None
        self._named: tuple = (None, None)  # version and file id of the newest firmware, by the last reply
        self.upgrade: tuple | None = None  # version and file id too, of one that is higher than ours
        self._reply: Reply | None = None  # the last one that was acted on
        self._quiet_until: float = 0  # uptime in seconds; the hub asked for it
        self._failures = 0  # steps in a row
        self._starved = 0  # those in a row that ran out of memory
        self._readers: list = []
        self._delta = Delta()
        self._was_connected = False

    @staticmethod
    def from_settings(path: str = "/settings.json", version: str | None = None, requests=None) -> "Agent":
        """An agent by the settings in the file `path`; it holds the board, but has not touched the network.

        `version`: of the firmware that runs, else `firmware_version` of the settings. `requests`: any object with
        urequests' `request`. Raises SettingsError, naming every field that is wrong.
        """
        return once("wiring", "build", Agent, path, version, requests)

    # What a user adds

    def telemetry(self, function=None, **tolerances):
        """Decorator: `function()` gives a dict of values; those that changed are sent, all functions' in one message.

        With tolerances, as `@agent.telemetry(temperature=0.2)`, a number is sent when it is further from what the hub
        knows.
        """
        if function is None:
            return lambda function: self.telemetry(function, **tolerances)
        self._readers.append((function, tolerances))
        return function

    def on_new_firmware(self, function):
        """Decorator: `function(version, file_id)` tells the user, in place of the line on the console and the LED."""
        self.show = function
        return function

    def on_upgrade(self, function):
        """Decorator: `function(version, file_id)` installs that firmware, once the user said yes."""
        self._on_upgrade = function
        return function

    def accept_upgrade(self) -> bool:
        """The user's yes: calls the upgrade handler. False if there is no newer firmware, or the handler failed."""
        upgrade = self.upgrade
        if upgrade is None:
            return False
        self.upgrade = None  # for a handler that calls this again
        try:
            if self._on_upgrade:
                accepted = self.guard("upgrade", self._on_upgrade, *upgrade)
            else:
                accepted = self.guard("upgrade", once, "duties", "describe_upgrade", self, *upgrade)
        finally:
            self.upgrade = upgrade
        if accepted:
            self.ask_no_more()  # only now: who pressed the button in vain may press it again
        return accepted

    def ask_no_more(self) -> None:
        """The question that the LED asks was answered."""
        if self.notifier:
            self.notifier.clear()
            self.notifier = None

    # The story

    def run(self) -> None:
        """`step` and `wait`, for ever. Ctrl-C ends it and leaves the REPL."""
        try:
            while self._starved < _STARVED_MOST:
                self.wait(self.step())
            self.board.reset()  # a program that loses memory is better off with a new start
        finally:
            self.ask_no_more()

    def step(self) -> float:
        """One pass; gives back the seconds to wait for the next. Raises nothing that the network or the hub did."""
        start_ms = ticks_ms()
        self.board.feed()
        now = self.clock.uptime()
        if now < self._quiet_until:
            return self._quiet_until - now
        seconds = self._pass(now)
        if seconds is None:
            seconds = max(0, self.settings.interval - ticks_diff(ticks_ms(), start_ms) / 1000)
        return seconds

    def _pass(self, now):
        # The seconds to wait if it is not the interval.
        registration = self.registration
        try:
            if self.unsaved or not registration.is_kept:
                self.guard("flash", self.keep)
            if not (self._was_connected and self.board.is_connected()):
                self._join()
            if now >= self.clock.sync_at:
                once("duties", "set_clock", self)
            if now >= registration.register_at and once("duties", "register", self):
                self._delta.forget()
            if not self.hub.identity:
                return self.settings.interval  # a refused registration waits
            self._delta.begin()
            reply = self._send(self._read())
            if reply is not self._reply:
                self._heed(reply)
            if now >= registration.tell_at:
                once("duties", "tell_version", self)
        except MemoryError as error:  # first: naming any other class may take memory itself
            self._starved += 1
            gc.collect()
            self.report("hub", error)
            return _STARVED_WAIT
        except (errors.Rejected, errors.ReplyError) as error:
            self.report("hub", error)  # that message is dropped, the next is a new one: no need to wait longer
        except Exception as error:
            return self._wait_after(error)
        else:
            if self._said:
                self.settled("hub")
        self._starved = self._failures = 0
        return None

    def wait(self, seconds: float) -> None:
        """Waits, and meanwhile blinks, watches the button, feeds the watchdog and sees the network return."""
        end_ms = ticks_add(ticks_ms(), int(seconds * 1000))
        while True:  # once at least: a slow hub must not make the button dead
            self.board.feed()
            if self.notifier and self.notifier.is_accepted():
                self.settled("upgrade")  # who presses the button in vain twice is told twice
                self.accept_upgrade()
            if self._saw_network_return() and self.clock.uptime() >= self._quiet_until:
                back_ms = ticks_add(ticks_ms(), int(jittered(0, _BACK_WITHIN) * 1000))
                if ticks_diff(end_ms, back_ms) > 0:
                    end_ms = back_ms
            self.clock.uptime()  # counts on over the ticks' wrap
            if ticks_diff(end_ms, ticks_ms()) <= 0:
                return
            sleep_ms(_SLICE_MS)

    def _wait_after(self, error):
        self.report("hub", error)
        self._failures += 1
        seconds = backoff(self._failures, retry_after=getattr(error, "retry_after", None))
        if isinstance(error, errors.TooManyRequests):
            self.hush(seconds)
        return seconds

    def hush(self, seconds: float) -> None:
        """The hub asked for silence: for everything, whatever the network does meanwhile."""
        self._quiet_until = self.clock.uptime() + seconds

    # Its parts, in their order

    def keep(self) -> None:
        """Reads what could not be read before, and saves what could not be saved; the one even if the other fails."""
        try:
            if self.unsaved:
                self.unsaved.keep()
                self.unsaved = None
        finally:
            if not self.registration.is_kept:
                once("identity", "keep", self.registration)

    def _join(self):
        if not self.board.is_connected():
            self._was_connected = False
            self.board.connect(self.settings.wifi_ssid, self.settings.wifi_password)
        self._saw_network_return()

    def _saw_network_return(self):
        connected = self.board.is_connected()
        returned = connected and not self._was_connected
        self._was_connected = connected
        if returned:
            print("Wi-Fi: connected to %s as %s" % (self.settings.wifi_ssid, self.board.address()))
            self.registration.network_returned()
            self.clock.network_returned()
        return returned

    def _send(self, failure):
        # No timestamp: what is sent at once is dated by the hub, whose clock is no worse.
        self.board.feed()
        delta = self._delta
        is_whole = True
        try:
            body = message.encode(delta.changed, "error" if failure else "online", delta.is_full, failure)
        except errors.MessageError as error:  # each value is right, but all of them are too much
            self.report("telemetry", error)
            is_whole = False
            body = message.encode({}, "error", False, str(error))
        try:
            reply = self.hub.send_telemetry(body)
        except errors.Unauthorized:
            self.registration.key_rejected()
            raise
        if not self.registration.is_accepted:
            self.registration.key_accepted()
        if not reply.success:
            self.report("telemetry", errors.ReplyError("the hub did not accept the message"))
        elif is_whole:
            delta.accepted()
        return reply

    def _read(self):
        # One function that fails costs its own values only; the message says so.
        delta = self._delta
        failures = None
        failed: list = []
        for owner, (function, tolerances) in enumerate(self._readers):
            try:
                delta.add(function(), tolerances, owner)
            except Exception as error:
                name = getattr(function, "__name__", "telemetry")
                failure = "%s: %s" % (name, errors.described(error))
                failures = failures + "; " + failure if failures else failure
                failed.append(owner)
                self.report(name, error, function)
            else:
                if self._said:
                    self.settled(function)
        delta.end(failed)
        return failures[:_MAX_FAILURE] if failures else None

    def _heed(self, reply):
        named = (reply.latest_fw_version, reply.latest_fw_file_id)
        if named != self._named:
            once("duties", "announce", self, *named)
            self._named = named
        self._reply = reply
