"""Who this device is at the hub: registered once, and the key that the hub gave never thrown away before a new one is
safely stored (Device API, register device)."""

from micropython import const

from .backoff import jittered
from .errors import Corrupt, Missing, NetworkError, Rejected, ReplyError, StoreError
from .hub import checked_identity

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from .clock import Clock
    from .hub import Hub
    from .store import Store

# Seconds between attempts that the hub answered with a refusal. One that found nobody is the network's failure: the
# agent's own, shorter backoff goes for it, and so a network that returns is met soon.
_AGAIN = (600, 1800)


class Registration:
    """Keeps the identity in a `store.Store` and hands it to the hub. Policy only; `hub.register` does the work."""

    def __init__(self, hub: "Hub", store: "Store", clock: "Clock", fields: dict):
        """`fields`: what to register with, `firmware_version` (the one that runs) among it."""
        self._hub = hub
        self._store = store
        self._clock = clock
        self._fields = fields
        self._unread = False  # there may be an identity on flash that could not be read
        self._rejected = False  # the hub answered 401 to our key, and has not accepted it since
        self._proven = True  # the hub once accepted the key; of one from flash it is believed
        self._register_at = 0.0  # uptime in seconds
        self._tell_at = 0.0

    def load(self) -> None:
        """Takes up the identity on flash. Raises Missing, Corrupt, and StoreError if it cannot be read: then `keep`
        tries again, and there is no registration, which would give up a key that may be good.

        One of another entry server stays there unused, until this one gives a new one.
        """
        self._unread = False
        try:
            identity = self._store.load()
            checked = checked_identity(identity)
        except ReplyError as error:
            raise Corrupt(self._store.path, str(error))
        except StoreError as error:
            self._unread = not isinstance(error, (Missing, Corrupt))
            raise
        if identity.get("entry_url") == self._hub.entry_url:
            checked["entry_url"] = identity["entry_url"]
            checked["firmware_version"] = identity.get("firmware_version")
            self._hub.identity = checked

    def has_key(self) -> bool:
        """Whether there is a key to try, be it one that was rejected."""
        return bool(self._hub.identity)

    def is_due(self) -> bool:
        """Whether to register now."""
        wanted = self._rejected or not (self.has_key() or self._unread)
        return wanted and self._clock.uptime() >= self._register_at

    def register(self) -> None:
        """Registers, and saves the identity. Raises what `Hub.register` raises, and StoreError if the flash would not
        take an identity: then the hub is not asked, as it gives one only once."""
        self._store.check()
        try:
            identity = self._hub.register(self._fields)
        except NetworkError:
            raise
        except Exception as error:
            self._wait()
            if isinstance(error, Rejected) and not self.has_key():
                error.reason += "; if it was registered before, delete it at the hub or put its identity.json back"
            raise
        identity["entry_url"] = self._hub.entry_url
        identity["firmware_version"] = self._fields["firmware_version"]
        self._hub.identity = identity
        self._rejected = False
        self._proven = False
        try:
            self._store.save(identity)
        except StoreError:
            pass  # in use all the same; `keep` tries again and says so

    def keep(self) -> None:
        """Saves what could not be saved before, and reads what could not be read. Raises StoreError."""
        self._store.retry()
        if self._unread:
            self.load()

    def key_rejected(self) -> None:
        """The hub answered 401. The key is kept: it and a new registration are tried in turn."""
        if not self._rejected:
            self._rejected = True
            self._register_at = 0.0
            if not self._proven:
                self._wait()  # a hub that gives keys and takes none must not get a new device each time

    def key_accepted(self) -> None:
        """The hub took a request with the key."""
        self._rejected = False
        self._proven = True

    def network_returned(self) -> None:
        """The reason of the last failure may be gone: no need to wait."""
        self._register_at = 0.0

    def _wait(self):
        self._register_at = self._clock.uptime() + jittered(*_AGAIN)

    def is_version_due(self) -> bool:
        """Whether the hub still believes that another firmware runs here, and it is time to tell it."""
        told = self._hub.identity.get("firmware_version")
        return told != self._fields["firmware_version"] and self._clock.uptime() >= self._tell_at

    def tell_version(self) -> None:
        """Tells the hub which firmware runs. Raises what `Hub.update_device` raises, and StoreError."""
        version = self._fields["firmware_version"]
        self._tell_at = self._clock.uptime() + _AGAIN[0]  # the hub takes 10 updates an hour
        self._hub.update_device({"firmware_version": version})
        self._hub.identity["firmware_version"] = version
        self._store.save(self._hub.identity)
