"""The story: join the network, set the clock, register, send telemetry, act on the reply, wait. Again, for years."""

import gc
from time import sleep_ms, ticks_add, ticks_diff, ticks_ms

from micropython import const

from . import message
from .backoff import Backoff, jittered
from .delta import Delta
from .errors import (
    HubError,
    MessageError,
    NetworkError,
    Rejected,
    ReplyError,
    TooManyRequests,
    Unauthorized,
    described,
)
from .reporter import Reporter

if False:  # for the type checker
    from .board import Board
    from .clock import Clock
    from .firmware import Firmware
    from .hub import Hub
    from .notifier import Notifier
    from .registration import Registration
    from .settings import Settings

_STARVED_MOST = const(5)  # steps
_MAX_FAILURE = const(500)  # characters of a user function's exception that go to the hub
_SLICE_MS = const(50)  # how long a press of the button may be overlooked while waiting
_BACK_WITHIN = const(5)  # seconds, at random, after the network returned: a whole building's boards do so together


class Agent:
    """Reports to the hub what the user's functions read, and does what the hub asks for.

    Made by `from_settings`, or by hand from its parts; then `run()`, or `step()` and `wait()` in a loop of your own.
    """

    def __init__(
        self,
        hub: "Hub",
        board: "Board",
        clock: "Clock",
        firmware: "Firmware",
        registration: "Registration",
        notifier: "Notifier",
        settings: "Settings",
    ):
        self.hub = hub
        self.board = board
        self.clock = clock
        self.firmware = firmware
        self.registration = registration
        self.notifier = notifier
        self.settings = settings
        self._on_new_firmware = None
        self._on_upgrade = self._describe_upgrade
        self._named: tuple | None = None  # version and file id of the newest firmware, by the last reply
        self._upgrade: tuple | None = None  # the same if it is higher than ours
        self._quiet_until: float = 0  # uptime in seconds; the hub asked for it
        self._starved = 0  # steps in a row that ran out of memory
        self._readers: list = []
        self._delta = Delta()
        self._backoff = Backoff()
        self._was_connected = False
        reporter = Reporter()
        self._report, self._settled, self._guard = reporter.report, reporter.settled, reporter.guard

    @staticmethod
    def from_settings(path: str = "/settings.json", version: str | None = None, requests=None) -> "Agent":
        """An agent by the settings in the file `path`; it holds the board, but has not touched the network.

        `version`: of the firmware that runs, else `firmware_version` of the settings. `requests`: any object with
        urequests' `request`. Raises SettingsError, naming every field that is wrong.
        """
        from .wiring import build

        return build(path, version, requests)

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
        self._on_new_firmware = function
        return function

    def on_upgrade(self, function):
        """Decorator: `function(version, file_id)` installs that firmware, once the user said yes."""
        self._on_upgrade = function
        return function

    def accept_upgrade(self) -> bool:
        """The user's yes: calls the upgrade handler. False if there is no newer firmware, or the handler failed."""
        if self._upgrade is None:
            return False
        self._settled("upgrade")  # who presses the button in vain twice is told twice
        accepted = self._guard("upgrade", self._on_upgrade, *self._upgrade)
        if accepted:
            self.notifier.clear()  # only now: who pressed the button in vain may press it again
        return accepted

    # The story

    def run(self) -> None:
        """`step` and `wait`, for ever. Ctrl-C ends it and leaves the REPL."""
        try:
            while self._starved < _STARVED_MOST:
                self.wait(self.step())
            self.board.reset()  # a program that loses memory is better off with a new start
        finally:
            self.notifier.clear()

    def step(self) -> float:
        """One pass; gives back the seconds to wait for the next. Raises nothing that the network or the hub did."""
        start_ms = ticks_ms()
        self.board.feed()
        if self._quiet_until:
            quiet = self._quiet_until - self.clock.uptime()
            if quiet > 0:
                return quiet
            self._quiet_until = 0
        try:
            self._guard("version file", self.firmware.keep)
            self._guard("identity", self.registration.keep)
            self._join()
            self._set_clock()
            self._register()
            if not self.registration.has_key():
                return self.settings.interval  # a refused registration waits
            reply = self._send()
            self._announce(reply.latest_fw_version, reply.latest_fw_file_id)
            self._tell_version()
        except (Rejected, ReplyError) as error:
            self._report("hub", error)  # that message is dropped, the next is a new one: no need to wait longer
        except Exception as error:
            return self._wait_after(error)
        else:
            self._settled("hub")
        self._starved = 0
        self._backoff.succeeded()
        return max(0, self.settings.interval - ticks_diff(ticks_ms(), start_ms) / 1000)

    def wait(self, seconds: float) -> None:
        """Waits, and meanwhile blinks, watches the button, feeds the watchdog and sees the network return."""
        end_ms = ticks_add(ticks_ms(), int(seconds * 1000))
        while True:  # once at least: a slow hub must not make the button dead
            self.board.feed()
            if self.notifier.is_accepted():
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
        if isinstance(error, MemoryError):
            self._starved += 1
            gc.collect()
        self._report("hub", error)
        seconds = self._backoff.failed(error.retry_after if isinstance(error, HubError) else None)
        if isinstance(error, TooManyRequests):
            self._quiet_until = self.clock.uptime() + seconds  # for everything, whatever the network does meanwhile
        return seconds

    # Its parts, in their order

    def _join(self):
        if not self.board.is_connected():
            self._was_connected = False
            self.board.connect(self.settings.wifi_ssid, self.settings.wifi_password)
        if not self._was_connected:
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

    def _set_clock(self):
        if not self.clock.needs_sync():
            return
        try:
            server = self.clock.sync(self.board.feed)
        except NetworkError as error:
            self._report("clock", error)  # telemetry goes on without timestamps: the hub's clock stands in
        else:
            self._settled("clock")
            print("clock: %s by %s" % (self.clock.timestamp(), server))

    def _register(self):
        registration = self.registration
        if not registration.is_due():
            return
        self.board.feed()
        try:
            registration.register()
        except TooManyRequests:
            raise  # it counts for all requests
        except Exception as error:
            if not registration.has_key():
                raise
            self._report("registration", error)  # the old key and this are tried in turn
            return
        self._settled("registration")
        self._delta.forget()
        print("registered: device %s at %s" % (self.hub.identity["id"], self.hub.identity["hub_url"]))

    def _send(self):
        # No timestamp: what is sent at once is dated by the hub, whose clock is no worse.
        failure = self._read()
        self.board.feed()
        delta = self._delta
        is_whole = True
        try:
            body = message.encode(delta.changed, "error" if failure else "online", None, delta.is_full, failure)
        except MessageError as error:  # each value is right, but all of them are too much
            self._report("telemetry", error)
            is_whole = False
            body = message.encode({}, "error", None, False, str(error))
        try:
            reply = self.hub.send_telemetry(body)
        except Unauthorized:
            self.registration.key_rejected()
            raise
        self.registration.key_accepted()
        if not reply.success:
            self._report("telemetry", ReplyError("the hub did not accept the message"))
        elif is_whole:
            delta.accepted()
        return reply

    def _read(self):
        # One function that fails costs its own values only; the message says so.
        delta = self._delta
        delta.begin()
        failures = None
        for function, tolerances in self._readers:
            try:
                delta.add(function(), tolerances)
            except Exception as error:
                name = getattr(function, "__name__", "telemetry")
                failure = "%s: %s" % (name, described(error))
                failures = failures + "; " + failure if failures else failure
                self._report(name, error, function)
            else:
                self._settled(function)
        if failures is None:
            delta.end()
            return None
        return failures[:_MAX_FAILURE]

    def _announce(self, version, file_id):
        if (version, file_id) == self._named:
            return  # as nearly always
        self._named = (version, file_id)
        try:
            is_upgrade = version is not None and self.firmware.is_upgrade(version)
            is_news = is_upgrade and self.firmware.is_news(version)
        except ValueError as error:
            self._report("new firmware", ReplyError(str(error)))
            is_upgrade = is_news = False
        self._upgrade = self._named if is_upgrade else None
        if not is_upgrade:
            self.notifier.clear()  # what was offered is there no more
        if not is_news:
            return
        # Told first, remembered then: a power cut between shows it twice, and never not at all.
        show = self._on_new_firmware
        if show is None or not self._guard("on_new_firmware", show, version, file_id):
            self.notifier.show(version)
        self._guard("version file", self.firmware.announced, version)

    def _tell_version(self):
        if not self.registration.is_version_due():
            return
        self.board.feed()
        try:
            self.registration.tell_version()
        except TooManyRequests:
            raise  # it counts for all requests
        except Exception as error:
            self._report("firmware version", error)

    def _describe_upgrade(self, version, file_id):
        from .update import describe  # who never upgrades needs no heap for it

        describe(self.hub, version, file_id)
