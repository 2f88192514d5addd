"""The story: join the network, set the clock, register, send telemetry, act on the reply, wait. Again, for years."""

from . import message
from .backoff import Backoff, jittered
from .clock import sleep_ms, ticks_add, ticks_diff, ticks_ms
from .errors import HubError, MessageError, Rejected, StoreError, Unauthorized

try:
    from sys import print_exception
except ImportError:  # CPython
    from traceback import print_exception  # type: ignore[import-not-found, no-redef]

_MAX_FAILURE = 500  # characters of a user function's exception that go to the hub
_SLICE_MS = 50  # how long a press of the button may be overlooked while waiting
_BACK_WITHIN = 5  # seconds, at random, after the network returned: a whole building's boards do so together


class Agent:
    """Reports to the hub what the user's functions read, and does what the hub asks for.

    Made by `from_settings`, or by hand from its parts; then `run()`, or `step()` and `wait()` in a loop of your own.
    """

    def __init__(self, hub, board, clock, firmware, registration, notifier, settings):
        self.hub = hub
        self.board = board
        self.clock = clock
        self.firmware = firmware
        self.registration = registration
        self.notifier = notifier
        self.settings = settings
        self._readers = []
        self._on_new_firmware = None
        self._on_upgrade = self._describe_upgrade
        self._upgrade = None  # version and file id of a firmware higher than ours, as the last reply named it
        self._override = True  # the first message after a start replaces what the hub knew before
        self._backoff = Backoff()
        self._was_connected = False
        self._reported = {}

    @staticmethod
    def from_settings(path: str = "/settings.json", version: str | None = None, requests=None) -> "Agent":
        """An agent by the settings in the file `path`; it holds the board, but has not touched the network.

        `version`: of the firmware that runs, else `firmware_version` of the settings. `requests`: any object with
        urequests' `request`. Raises SettingsError, naming every field that is wrong.
        """
        from .wiring import build

        return build(path, version, requests)

    # What a user adds

    def telemetry(self, function):
        """Decorator: `function()` gives a dict of values to send; several functions' values go in one message."""
        self._readers.append(function)
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
        if not self._guard("upgrade", self._on_upgrade, *self._upgrade):
            return False
        self.notifier.clear()  # only now: who pressed the button in vain may press it again
        return True

    # The story

    def run(self) -> None:
        """`step` and `wait`, for ever. Ctrl-C ends it and leaves the REPL."""
        try:
            while True:
                self.wait(self.step())
        finally:
            self.notifier.clear()

    def step(self) -> float:
        """One pass; gives back the seconds to wait for the next. Raises nothing that the network or the hub did."""
        start_ms = ticks_ms()
        self.board.feed()
        try:
            self._join()
            self._set_clock()
            self._register()
            if self.registration.has_key():
                reply = self._send()
                self._announce(reply.latest_fw_version, reply.latest_fw_file_id)
                self._tell_version()
        except Rejected as error:
            self._report("hub", error)  # that message is dropped, the next is a new one: no need to wait longer
        except Exception as error:
            self._report("hub", error)
            return self._backoff.failed(error.retry_after if isinstance(error, HubError) else None)
        else:
            self._settled("hub")
        self._backoff.succeeded()
        return max(0, self.settings.interval - ticks_diff(ticks_ms(), start_ms) / 1000)

    def wait(self, seconds: float) -> None:
        """Waits, and meanwhile blinks, watches the button, feeds the watchdog and sees the network return."""
        end_ms = ticks_add(ticks_ms(), int(seconds * 1000))
        while ticks_diff(end_ms, ticks_ms()) > 0:
            self.board.feed()
            if self.notifier.is_accepted():
                self.accept_upgrade()
            if self._saw_network_return():
                back_ms = ticks_add(ticks_ms(), int(jittered(0, _BACK_WITHIN) * 1000))
                if ticks_diff(end_ms, back_ms) > 0:
                    end_ms = back_ms
            self.clock.uptime()  # counts on over the ticks' wrap
            sleep_ms(_SLICE_MS)

    # Its parts, in their order

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
        return returned

    def _set_clock(self):
        if not self.clock.needs_sync():
            return
        try:
            server = self.clock.sync()
        except OSError as error:
            self._report("clock", error)  # telemetry goes on without timestamps: the hub's clock stands in
        else:
            self._settled("clock")
            print("clock: %s by %s" % (self.clock.timestamp(), server))

    def _register(self):
        registration = self.registration
        if not registration.is_due():
            self._guard("identity", registration.keep)
            return
        try:
            registration.register()
        except StoreError as error:
            self._report("identity", error)  # in use all the same; saved when the flash takes it
        except Exception as error:
            if not registration.has_key():
                raise
            self._report("registration", error)  # the old key and this are tried in turn
            return
        self._settled("registration")
        self._override = True
        print("registered: device %s at %s" % (self.hub.identity["id"], self.hub.identity["hub_url"]))

    def _send(self):
        values, failure = self._read()
        override = self._override
        timestamp = self.clock.timestamp()
        try:
            body = message.build(values, "error" if failure else "online", timestamp, override, failure)
        except MessageError as error:  # each value is right, but all of them are too much
            self._report("telemetry", error)
            override = False
            body = message.build({}, "error", timestamp, override, str(error))
        try:
            reply = self.hub.send_telemetry(body)
        except Unauthorized:
            self.registration.key_rejected()
            raise
        self.registration.key_accepted()
        if override and reply.success:
            self._override = False
        return reply

    def _read(self):
        # One function that fails costs its own values only; the message says so.
        values = {}
        failure = None
        for function in self._readers:
            name = getattr(function, "__name__", "telemetry")
            try:
                read = function()
                message.check(read)
                values.update(read)
            except Exception as error:
                failure = ("%s: %s: %s" % (name, type(error).__name__, error))[:_MAX_FAILURE]
                self._report(name, error, trace=not isinstance(error, MessageError))
            else:
                self._settled(name)
        return values, failure

    def _announce(self, version, file_id):
        self._upgrade = None
        if version is None:
            return
        try:
            if self.firmware.is_upgrade(version):
                self._upgrade = (version, file_id)
            if not self.firmware.is_news(version):
                return
        except ValueError as error:
            self._report("new firmware", error)
            return
        # Told first, remembered then: a power cut between shows it twice, and never not at all.
        show = self._on_new_firmware
        if show is None or not self._guard("on_new_firmware", show, version, file_id):
            self.notifier.show(version)
        self._guard("new firmware", self.firmware.announced, version)

    def _tell_version(self):
        if self.registration.is_version_due():
            self._guard("firmware version", self.registration.tell_version)

    def _describe_upgrade(self, version, file_id):
        if file_id is None:
            print("upgrade to %s: the hub names no file for it" % version)
            return
        file = self.hub.get_file(file_id)
        print("upgrade to %s: would install %s, SHA-256 %s" % (version, file.get("name"), file.get("checksum")))

    # What goes wrong is said once, not once a minute

    def _guard(self, what, function, *args):
        try:
            function(*args)
        except Exception as error:
            self._report(what, error, trace=not isinstance(error, (HubError, StoreError)))
            return False
        self._settled(what)
        return True

    def _report(self, what, error, trace=False):
        text = "%s: %s" % (type(error).__name__, error)
        if self._reported.get(what) == text:
            return
        self._reported[what] = text
        print("%s: %s" % (what, text))
        if trace:
            print_exception(error)

    def _settled(self, what):
        self._reported.pop(what, None)
