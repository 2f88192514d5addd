"""What the hub sees as one device, the board itself or a gateway's child, and what a user's program adds to it."""

from micropython import const

from . import errors, message, once
from .clock import NEVER, backoff
from .delta import Delta

if False:  # for the type checker
    from .board import Board
    from .clock import Clock
    from .handles import Config, Incident
    from .hub import Hub
    from .message import Reply

_RETRY_FIRST = const(10)  # seconds, after a duty failed
_RETRY_MOST = const(3600)
_MAX_FAILURE = const(500)  # characters of a user function's exception that go to the hub

# What of the reply has which of them done: a version that is higher than the one before, or true.
_ASKS = const(
    (
        ("config_version", "config"),
        ("new_licenses", "licenses"),
        ("command", "commands"),
        ("info_version", "space"),
        ("space_data_version", "space"),
    )
)


class Device(errors.Reporter):
    """Its telemetry, and what the hub asks of it."""

    # Of the class, as long as they are not needed: a gateway has hundreds of devices.
    is_board = False  # the board itself: `reboot` and `dump` are for it
    # Each a module: `attend(device)` does what is due, and gives back the seconds until there is more to do, or None.
    # They are done in this order; in safe mode there are fewer.
    duties: tuple = ("config", "licenses", "commands", "space", "tell", "incidents", "crash", "update", "children")
    tell_at = 0  # for `tell`
    apply = None  # the user's function for a configuration
    _config: "Config | None" = None
    place: dict | None = None  # device and space info, once they were looked at
    maker_key: str | None = None  # as settings.json has it
    licenses: dict | None = None  # feature -> when it expires, once they were looked at
    refused = 0  # the version of a configuration that the user's function did not take
    journal: dict | None = None  # of the last command, while it runs and while the flash does not take it
    events: list | None = None  # those on their way to the hub
    left_open = False  # the hub may have incidents of the run before this
    crash_loop: "Incident | None" = None  # while the board crashes again and again, and incidents outlive its restarts
    last_reply: "Reply | None" = None  # the last one that was acted on
    health_at: float = 0  # as an uptime: when the board's health goes with a message

    def __init__(self, hub: "Hub", board: "Board", clock: "Clock", folder: str, facts: dict):
        """`folder`: what the paths of its state files begin with. `facts`: what is true of it now and the hub is to
        know, as update device names it; `firmware_version` at least."""
        super().__init__()
        self.hub = hub
        self.board = board
        self.clock = clock
        self.folder = folder
        self.facts = facts
        self.due: dict = {}  # duty -> when it is to be done, as an uptime
        self.versions: dict = {}  # field of the reply -> the highest that was acted on, or is being acted on
        self.handlers: dict = {}  # command -> (function, is it safe to run again, does it restart the board)
        self.notices: list = []  # incidents that are not over
        self.faults: dict = {}  # a user's function -> the incident that it is the reason of
        self.retries: dict = {}  # duty -> how often it failed in a row
        self._readers: list = []
        self.delta = Delta()
        self._is_whole = True  # the message that is on its way

    # What a user adds

    def telemetry(self, function=None, **tolerances):
        """Decorator: `function()` gives a dict of values; those that changed are sent, all functions' in one message.

        With tolerances, as `@agent.telemetry(temperature=0.2)`, a number is sent when it is further off than that.
        """
        if function is None:
            return lambda function: self.telemetry(function, **tolerances)
        self._readers.append((function, tolerances))
        return function

    def command(self, name: str, safe: bool = False, restarts: bool = False):
        """Decorator: `function(parameters)` does the hub's command `name`. What it returns is the message for the
        operator; if it raises, the command failed.

        It is run once and no more, unless it is `safe` to run again after the power went while it ran. One that
        `restarts` the board is done when the board is back.
        """

        def add(function):
            self.handlers[name] = function, safe, restarts
            return function

        return add

    def on_config(self, function):
        """Decorator: `function(config)` puts a configuration, a dict, into force: each that the hub sends, and at each
        start the last one. To refuse it, raise an exception that says why."""
        self.apply = function
        return function

    # What a user asks

    if False:  # for the type checker and for who reads this; what they are is below
        config: Config  # the configuration in force: `get` of a key, and `set`
        claimed: bool  # whether somebody claimed the device at the hub, by its last reply
        space: dict  # where it is, by get space info, as far as the hub knows; {} while unclaimed
        utc_offset: int  # minutes that the clocks at its place are ahead of UTC; 0 if the hub does not say
        temperature_units: str | None  # what they are at its place, as `celsius`; None if the hub does not say
        info: dict  # what the hub last said in get device info; {} before

    def __getattr__(self, name):
        # Not properties: with one in its class MicroPython takes longer for every attribute.
        from .handles import looked_up

        return looked_up(self, name)

    def licensed(self, feature: str) -> bool:
        """Whether a licence for `feature` is in use and has not expired. False too, and a report, while the flash
        cannot be read."""
        if self.licenses is None:
            self.guard("licenses", once, "licenses", "load", self)
        expires_at = (self.licenses or {}).get(feature, "")
        known = self.clock.known()
        if self.clock.at_least < expires_at <= known:  # nobody noticed yet
            self.guard("licenses", once, "licenses", "load", self)
        return expires_at > known

    def incident(self, title: str, issue: str, priority: int = 2, description: str = "") -> "Incident":
        """Opens one at the hub, as soon as it can be reached; `close()` of what this gives back closes it. `issue`: a
        short code; while one with it is open there is no second. `priority`: 0 to 4."""
        return once("incidents", "open_one", self, title, issue, priority, description)

    def event(self, name: str, category: str, **keys) -> None:
        """Tells the hub of an event. `keys`: any of `int_key_1`, `int_key_2`, `string_key_1`, `string_key_2`."""
        once("incidents", "add_event", self, name, category, keys)

    def file(self, file_id: str) -> dict:
        """What get file says: `name`, `url`, `version`, `checksum`, ... Raises as `ask` does."""
        return self.ask("GET /files/%s", dict, None, file_id)

    def files(self) -> list:
        """What list files says. Raises as `ask` does."""
        return self.ask("GET /files", list)

    def ask(self, endpoint: str, *arguments):
        """The answer to a request, as `Hub.ask` has it and raises. TooManyRequests, and nothing is asked, while the hub
        wants silence."""
        silence = self.clock.quiet_until - self.clock.uptime()
        if silence > 0:
            raise errors.TooManyRequests(endpoint, 429, "not asked: the hub wants silence", int(silence))
        try:
            return self.hub.ask(endpoint, *arguments)
        except errors.TooManyRequests as error:
            self.clock.hush(backoff(1, retry_after=error.retry_after))  # it counts for all requests
            raise

    # One telemetry

    def compose(self, now: float = -1) -> bytes:
        """The body of the next one: what the user's functions give. `now`: the uptime, if health may go with it."""
        delta = self.delta
        delta.begin()
        failure = self._read()
        if delta.is_full:
            self.health_at = 0  # what the hub has of it is replaced
        elif now >= self.health_at:
            self.health_at = now + _RETRY_MOST
            self.guard("health", once, "health", "add", self)
        self._is_whole = True
        try:
            # No timestamp: what is sent at once is dated by the hub, whose clock is no worse.
            return message.encode(delta.changed, "error" if failure else "online", delta.is_full, failure)
        except errors.MessageError as error:  # each value is right, but all of them are too much
            self._is_whole = False
            self.report("telemetry", error)
            return message.encode({}, "error", False, str(error))

    def answered(self, reply: "Reply") -> None:
        """The hub's reply to it: notes what is asked for; `attend` does it."""
        if not reply.success:
            self.report("telemetry", errors.ReplyError("the hub did not accept the message"))
        elif self._is_whole:
            self.delta.accepted()
        if reply is not self.last_reply:
            self.heed(reply)

    def _read(self):
        # One function that fails costs its own values only; the message says so.
        delta = self.delta
        failures = None
        failed: list = []
        for owner, (function, tolerances) in enumerate(self._readers):
            try:
                delta.add(function(), tolerances, owner)
            except Exception as error:
                name = getattr(function, "__name__", "telemetry")
                failures = (failures + "; " if failures else "") + "%s: %s" % (name, errors.described(error))
                failed.append(owner)
                self.fault(name, error, function)
            else:
                if self._said:
                    self.settled(function)
        delta.end(failed)
        return failures[:_MAX_FAILURE] if failures else None

    # What the hub asks for

    def heed(self, reply: "Reply") -> None:
        """Notes what the reply asks for. What is asked with true is asked again as long as it is."""
        self.last_reply = None if reply.command or reply.new_licenses else reply
        versions = self.versions
        if reply.space_data_version == 0 and versions.get("space_data_version", 1):
            versions["space_data_version"] = self.due["space"] = 0  # not claimed, or no longer
        for field, duty in _ASKS:
            value = getattr(reply, field)
            if value > versions.get(field, 0):
                if value is not True:
                    versions[field] = value
                if duty not in self.retries:  # one that failed waits
                    self.due[duty] = 0
                self.due.setdefault(duty, 0)
            elif value and duty == "config":
                versions[field] = value  # the higher one before was a mistake: it must hide none

    def attend(self) -> bool:
        """Does what is due. What fails is told, done again later, and keeps nothing else from being done. True: nobody
        answered, so there is no use in asking more.

        Raises TooManyRequests and Unauthorized, which are about every request, and MemoryError.
        """
        for duty in self.duties:
            now = self.clock.uptime()
            if self.due.get(duty, NEVER) > now:
                continue
            self.board.doing = duty
            self.board.feed()
            del self.due[duty]  # before it is done, as doing it may make it due anew
            again: float | None = 0
            try:
                again = once(duty, "attend", self)
                self.retries.pop(duty, None)
                self.settled(duty)
            except errors.TooManyRequests:
                raise
            except Exception as error:
                is_key = isinstance(error, errors.Unauthorized)
                if is_key and not self.is_board:
                    raise  # a child's key is tried again at once
                self.retries[duty] = failures = self.retries.get(duty, 0) + 1
                again = backoff(failures, _RETRY_FIRST, _RETRY_MOST)
                if is_key or isinstance(error, MemoryError):
                    raise  # next time the others, whom it may have nothing to do with, get their turn
                self.report(duty, error)
                if isinstance(error, errors.NetworkError):
                    return True  # the next would meet nobody either; telemetry sees whether the hub is there
            finally:
                self.board.doing = None
                if again is not None:
                    self.due[duty] = now + int(again)
        return False

    # For duties

    def load(self, duty: str, is_any: bool = False) -> dict:
        """What `save` kept; {} if nothing of use, or, unless `is_any`, from when this was another device at the hub.
        Raises StoreError if the flash cannot be read."""
        data = once("store", "load", self.folder + duty + ".json", {})
        return data if is_any or data.get("device") == self.hub.identity.get("id", data.get("device")) else {}

    def save(self, duty: str, data: dict) -> None:
        """Keeps `data` for this device. Raises StoreError."""
        data["device"] = self.hub.identity.get("id")
        if once("store", "save", self.folder + duty + ".json", data) and duty != "incidents":  # which it is one of
            self.settled("flash")

    def report(self, what: str, error: BaseException, topic=None) -> None:
        """As every Reporter; a flash that fails is an incident too, until something was written again."""
        super().report(what, error, topic)
        if self.is_board and type(error).__name__ == "StoreError":  # no kind of it, which is about a single file
            self.guard("incident", once, "incidents", "open_for", self, "flash", "Flash", "flash", 3, error)

    def fault(self, what: str, error: BaseException, topic=None) -> None:
        """A function of the user's raised: told here, and as an incident until it works again."""
        self.report(what, error, topic)
        # No memory for it, or the flash does not give its code: next time.
        self.guard("incident", once, "incidents", "open_for", self, topic or what, what + " failed", what, 2, error)

    def settled(self, topic) -> None:
        """It works again: the next failure is told, even if it is the same, and the incident is over."""
        super().settled(topic)
        incident = self.faults.pop(topic, None)
        if incident:
            incident.close()
