"""Who this device is at the hub: registered once, and the key that the hub gave never thrown away before a new one is
safely stored (Device API, register device)."""

from .backoff import jittered
from .errors import Corrupt, Missing, NetworkError, Rejected, StoreError
from .hub import checked_identity

if False:  # for the type checker
    from .clock import Clock
    from .hub import Hub
    from .store import Store


class Registration:
    """Keeps the identity in a `store.Store` and hands it to the hub. Policy only; `hub.register` does the work."""

    def __init__(self, hub: "Hub", store: "Store", clock: "Clock", fields: dict):
        """`fields`: what to register with, `firmware_version` (the one that runs) among it."""
        self._hub = hub
        self._store = store
        self._clock = clock
        self._fields = fields
        # There is no key, or the hub answered 401 to it and has not accepted it since. None: flash was not read yet.
        self._is_wanted: bool | None = None
        self._register_at: float = 0  # uptime in seconds
        self._tell_at = 0

    def load(self) -> None:
        """Takes up the identity on flash, if there is one. Raises Corrupt, ReplyError if it cannot be used, and
        StoreError if it cannot be read: then `keep` tries again, and there is no registration, which would give up a
        key that may be good.

        One of another entry server stays there unused, until this one gives a new one.
        """
        self._is_wanted = None
        try:
            identity = self._store.load()
        except Missing as error:
            self._is_wanted = True
            if isinstance(error, Corrupt):
                raise
            return  # the first start
        self._is_wanted = True
        if identity.get("entry_url") == self._hub.entry_url:
            checked_identity(identity)
            self._hub.identity = identity
            self._is_wanted = False

    def has_key(self) -> bool:
        """Whether there is a key to try, be it one that was rejected."""
        return bool(self._hub.identity)

    def is_due(self) -> bool:
        """Whether to register now."""
        return self._is_wanted is True and self._clock.uptime() >= self._register_at

    def register(self) -> None:
        """Registers, and saves the identity. Raises what `Hub.register` raises, and StoreError if the flash would not
        take an identity: then the hub is not asked, as it gives one only once."""
        self._store.check()
        # A hub that refuses, or that gives keys and takes none, is asked again after 10 to 30 minutes.
        self._register_at = self._clock.uptime() + jittered(600, 1800)
        try:
            identity = self._hub.register(self._fields)
        except NetworkError:
            self._register_at = 0  # it met nobody: the agent's own, shorter backoff goes for it
            raise
        except Rejected as error:
            raise Rejected(error.request, error.status, error.reason + "; known there? delete it at the hub")
        identity["entry_url"] = self._hub.entry_url
        identity["firmware_version"] = self._fields["firmware_version"]
        self._hub.identity = identity
        self._is_wanted = False
        try:
            self._store.save(identity)
        except StoreError:
            pass  # in use all the same; `keep` tries again and says so

    def keep(self) -> None:
        """Reads what could not be read before, and saves what could not be saved. Raises what `load` raises."""
        if self._is_wanted is None:
            self.load()
        self._store.retry()

    def key_rejected(self) -> None:
        """The hub answered 401. The key is kept: it and a new registration are tried in turn."""
        self._is_wanted = True

    def key_accepted(self) -> None:
        """The hub took a request with the key."""
        self._is_wanted = False
        self._register_at = 0

    def network_returned(self) -> None:
        """The reason of the last failure may be gone: no need to wait."""
        self._register_at = 0

    def is_version_due(self) -> bool:
        """Whether the hub still believes that another firmware runs here, and it is time to tell it."""
        told = self._hub.identity.get("firmware_version")
        return told != self._fields["firmware_version"] and self._clock.uptime() >= self._tell_at

    def tell_version(self) -> None:
        """Tells the hub which firmware runs. Raises what `Hub.update_device` raises, and StoreError."""
        version = self._fields["firmware_version"]
        self._tell_at = self._clock.uptime() + 600  # the hub takes 10 updates an hour
        self._hub.update_device({"firmware_version": version})
        self._hub.identity["firmware_version"] = version
        self._store.save(self._hub.identity)
