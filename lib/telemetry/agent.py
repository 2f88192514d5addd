"""The story: join the network, set the clock, register, send telemetry, act on the reply, wait. Again, for years."""

import gc
from time import sleep_ms, ticks_add, ticks_diff, ticks_ms

from micropython import const

from . import errors, once
from .clock import NEVER, apart
from .device import Device

if False:  # for the type checker
    from .board import Board
    from .children import Child
    from .clock import Clock
    from .firmware import Firmware
    from .hub import Hub
    from .notifier import Notifier
    from .outbox import Outbox
    from .registration import Registration
    from .settings import Settings

_STARVED_MOST = const(5)  # steps in a row
_STARVED_WAIT = const(5)  # seconds; whole ones, as floats take memory
_BACK_WITHIN = const(30)  # seconds, at random, after the network returned: a whole building's boards do so together
_APART_MOST = const(10)  # seconds, at random, after the power returned
_DRAIN_WITHIN = const(20)  # seconds until the next step, while something waits that the hub can have


class Agent(Device):
    """Reports to the hub what the user's functions read, and does what the hub asks for.

    Made by `from_settings`, or by hand from its parts; then `run()`, or `step()` and `wait()` in a loop of your own.
    """

    is_board = True
    most_children = 100  # in one request (Device API, send children's telemetries); fewer once the memory was too small

    # Of the class, as long as all is well.
    outbox: "Outbox | None" = None  # while something waits
    dropped = 0  # messages that should have waited, and had no room
    failed: dict | None = None  # kind of failure -> how many, since the hub was last reached
    _body: bytes | None = None  # composed, and not sent yet
    _body_at = 0  # ticks
    _sample_at = 0  # uptime; when the next one is due, sent or not
    survives_at = 60  # uptime; then this start is none of those that fail
    trial: int | None = None  # minutes with Wi-Fi so far, while this firmware is on trial
    progress: dict | None = None  # of an update, as a telemetry has it
    unsaved: "Firmware | None" = None  # which could not write it
    notifier: "Notifier | None" = None  # while it asks about a firmware
    show = None
    upgrader = None
    upgrade: tuple | None = None  # version and file id of a firmware that is higher than ours
    _named: tuple = (None, None)  # version and file id of the newest one, by the last reply
    _is_new = True  # nothing was done yet since the start
    _starved = 0  # those in a row that ran out of memory
    _was_connected = False
    _is_stepping = False

    def __init__(
        self,
        hub: "Hub",
        board: "Board",
        clock: "Clock",
        registration: "Registration",
        settings: "Settings",
        folder: str = "/",
    ):
        """`folder`: what the paths of the state files begin with."""
        super().__init__(hub, board, clock, folder, {"firmware_version": registration.fields["firmware_version"]})
        self.registration = registration
        self.settings = settings
        self.maker_key = settings.maker_key
        self.children: list = []
        self.failures: dict = {}  # kind -> how many since the start

    @staticmethod
    def from_settings(path: str = "/settings.json", version: str | None = None, requests=None) -> "Agent":
        """An agent by the settings in the file `path`; it holds the board, but has not touched the network.

        `version`: of the firmware that runs, else `firmware_version` of the settings. `requests`: any object with
        urequests' `request`. Raises SettingsError, naming every field that is wrong.
        """
        return once("wiring", "build", Agent, path, version, requests)

    def child(self, called: str, *, model_id: str, firmware_version: str, **fields) -> "Child":
        """A device behind this one, which is its gateway: it has its own telemetry, commands, configuration and so on.

        `called`: what the gateway calls it, the same after each start: its files are named so; 1 to 32 letters, digits,
        - and _. Raises ValueError for another one, and for the second of the same. `fields`: what else it registers
        with (Device API, register child), any of the texts `sn`, `mac`, `name` and the dict `details`.
        """
        from .children import add

        return add(self, called, dict(fields, model_id=model_id, firmware_version=firmware_version))

    def on_new_firmware(self, function):
        """Decorator: `function(version, file_id)` tells the user, in place of the line on the console and the LED."""
        self.show = function
        return function

    def on_upgrade(self, function):
        """Decorator: `function(version, file_id)` installs that firmware in its own way, once the user said yes."""
        self.upgrader = function
        return function

    def accept_upgrade(self) -> bool:
        """The user's yes: it is installed from the next step on. False if there is none, or the handler failed."""
        return self.upgrade is not None and once("upgrade", "accept", self)

    def health(self) -> dict:
        """How the board is, as it goes with a telemetry every so often; docs/left-alone.md says what is in it."""
        return once("health", "taken", self)

    def ask_no_more(self) -> None:
        """The question that the LED asks was answered."""
        if self.notifier:
            self.notifier.clear()
            self.notifier = None

    # The story

    def run(self) -> None:
        """`step` and `wait`, for ever. Ctrl-C ends it and leaves the REPL; after a crash the board starts anew."""
        self.board.wdt = None  # it watches, after a rest too
        try:
            if self.board.reset_cause() == "power on":  # in the whole building, perhaps
                self.wait(apart(self.settings.interval / 2, _APART_MOST))
            while self._starved < _STARVED_MOST:
                self.wait(self.step())
            raise MemoryError("%d steps in a row" % _STARVED_MOST)  # better off with a new start
        except (KeyboardInterrupt, SystemExit):
            self.board.rest()
            raise
        except BaseException as error:  # GeneratorExit, too: nobody looks at the REPL of a board in a ceiling
            gc.collect()
            self.report("crash", error)
            self.guard("crash", once, "crash", "record", self, error)
            sleep_ms(5000)  # for Ctrl-C: less than any watchdog waits
            self.restart()
        finally:
            self.ask_no_more()

    def step(self) -> float:
        """One pass; gives back the seconds to wait for the next. Raises nothing that the network or the hub did, but
        RuntimeError in a function that a step has called: what it is part of must be over first."""
        if self._is_stepping:
            raise RuntimeError("step: called by what it calls")
        start_ms = ticks_ms()
        self.board.feed()
        now = self.clock.uptime()
        quiet_until = self.clock.quiet_until
        if now < quiet_until:
            self.keep_sample(now)
            return quiet_until - now
        seconds = self._pass(now)
        if seconds is None:
            seconds = self.settings.interval
            if self.outbox:
                seconds = min(seconds, _DRAIN_WITHIN)
            seconds = max(0, seconds - ticks_diff(ticks_ms(), start_ms) / 1000)
        return seconds

    def _pass(self, now):  # the seconds to wait if it is not the interval
        registration = self.registration
        self._is_stepping = True
        try:
            if self.unsaved or not registration.is_kept:
                self.guard("flash", once, "start", "keep", self)
            if self._is_new:
                once("start", "begin", self)
                self._is_new = False
            self._saw_network_return()
            if not self._was_connected:
                # Only the first time it waits: `wait` sees a connection that comes later.
                self.board.connect(self.settings.wifi_ssid, self.settings.wifi_password, 0 if self.failed else 15)
                self._saw_network_return()
            if now >= self.clock.sync_at:
                once("ntp", "set_clock", self)
            if now >= registration.register_at and once("identity", "obtain", self):
                once("start", "renew", self)
            if not self.hub.identity:
                self.keep_sample(now)
                return self.settings.interval  # a refused registration waits
            if self.outbox:
                once("backlog", "drain", self, self.outbox)
            self._body = body = self.compose(now)
            self._body_at = ticks_ms()  # type: ignore[assignment]
            self.board.feed()
            reply = self.hub.send_telemetry(body)
            self._body = None
            self._sample_at = now + self.settings.interval
            if not registration.is_accepted:
                registration.key_accepted()
                self.settled("registration")
                self.survived()
            self.answered(reply)
            if self.children:
                self.due.setdefault("children", 0)
            if self.due:
                self.attend()
        except MemoryError as error:  # first: naming any other class may take memory itself
            return self._fail(error, now)
        except (errors.Rejected, errors.ReplyError) as error:
            self._body = None
            self.report("hub", error)  # that message is dropped, the next is a new one: no need to wait longer
        except Exception as error:
            return self._fail(error, now)
        else:
            if self._said:
                self.settled("hub")
        finally:
            self._is_stepping = False
        self._starved = 0
        if self.failed:
            self.failed = None
        return None

    def _fail(self, error, now):
        if not isinstance(error, MemoryError):
            try:
                return once("failures", "failed", self, error, now)
            except MemoryError as starved:  # for the code that does it
                error = starved
        self._body = None
        self._starved += 1
        gc.collect()
        self.report("hub", error)
        return _STARVED_WAIT

    def keep_sample(self, now: int) -> None:
        """The sample of this interval waits, if none was sent or kept yet."""
        self._is_stepping = True
        try:
            if now + 1 >= self._sample_at:  # a second early: uptimes are whole seconds
                self._sample_at = now + self.settings.interval
                ago_ms = ticks_diff(ticks_ms(), self._body_at)
                self.guard("outbox", once, "backlog", "keep", self, self._body, ago_ms)
        finally:
            self._is_stepping = False
            self._body = None

    def wait(self, seconds: float) -> None:
        """Waits, and meanwhile blinks, watches the button, feeds the watchdog and sees the network return. While the
        hub cannot be reached it takes the samples that are due."""
        end_ms = ticks_add(ticks_ms(), int(seconds * 1000))
        while True:  # once at least: a slow hub must not make the button dead
            self.board.feed()
            if self.notifier and self.notifier.is_accepted():
                self._said.pop("upgrade", None)  # who presses the button in vain twice is told twice
                if self.accept_upgrade():
                    return
            now = self.clock.uptime()  # often: it counts on over the ticks' wrap
            if self.failed and now >= self._sample_at:
                self.keep_sample(now)
            if now >= self.survives_at:
                self.survived()
            if self._saw_network_return() and now >= self.clock.quiet_until:
                back_ms = ticks_add(ticks_ms(), int(apart(self.settings.interval, _BACK_WITHIN) * 1000))
                if ticks_diff(end_ms, back_ms) > 0:
                    end_ms = back_ms
            if ticks_diff(end_ms, ticks_ms()) <= 0:
                return
            sleep_ms(50)  # a press of the button may be overlooked for so long

    def restart(self) -> None:
        """Restarts the board; what flash is still to be told, it is told before."""
        if self.outbox:
            self.guard("outbox", self.outbox.rest, True)
        self.board.reset()

    def survived(self) -> None:
        """This start is none of those that fail; on trial it is that once the hub took a telemetry."""
        if self.survives_at != NEVER:
            self.survives_at = NEVER
            if self.trial is None:
                self.guard("starts.json", once, "starts", "survived", self.folder)
            else:
                self.guard("trial", once, "confirm", "attend", self)

    def _saw_network_return(self):
        connected = self.board.is_connected()
        returned = connected and not self._was_connected
        self._was_connected = connected
        if returned:
            self.say("Wi-Fi: connected to %s as %s" % (self.settings.wifi_ssid, self.board.address()))
            self.registration.network_returned()
            self.clock.network_returned()
        return returned

    def heed(self, reply):
        """Firmware first, then what every device is asked for."""
        named = (reply.latest_fw_version, reply.latest_fw_file_id)
        if named != self._named:
            once("upgrade", "announce", self, *named)
            self._named = named
        super().heed(reply)
