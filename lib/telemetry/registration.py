"""Who this device is at the hub: registered once, and the key that the hub gave never thrown away before a new one is
safely stored (Device API, register device)."""

from .backoff import jittered
from .clock import ticks_add, ticks_diff, ticks_ms
from .errors import Corrupt, NetworkError

# Seconds between attempts that the hub answered with a refusal. One that found nobody is the network's failure: the
# agent's own, shorter backoff goes for it, and so a network that returns is met soon.
_AGAIN = (600, 1800)


class Registration:
    """Keeps the identity in a `store.Store` and hands it to the hub. Policy only; `hub.register` does the work."""

    def __init__(self, hub, store, fields: dict):
        """`fields`: what to register with, `firmware_version` (the one that runs) among it."""
        self._hub = hub
        self._store = store
        self._fields = fields
        self._rejected = False  # the hub answered 401 to our key, and has not accepted it since
        self._wait_until_ms = None
        self._tell_until_ms = None
        self._saved = True

    def load(self) -> None:
        """Takes up the identity on flash. Raises Missing or Corrupt."""
        identity = self._store.load()
        for name in ("id", "access_key", "hub_url"):
            if not isinstance(identity.get(name), str):
                raise Corrupt(self._store.path, "no identity of ours")
        self._hub.identity = identity

    def has_key(self) -> bool:
        """Whether there is a key to try, be it one that was rejected."""
        return bool(self._hub.identity)

    def is_due(self) -> bool:
        """Whether to register now."""
        return (self._rejected or not self.has_key()) and _has_passed(self._wait_until_ms)

    def register(self) -> None:
        """Registers, and saves the identity. Raises what `Hub.register` raises, and StoreError: then the identity is in
        use, and `keep` tries to save it again."""
        try:
            identity = self._hub.register(self._fields)
        except NetworkError:
            raise
        except Exception:
            self._wait_until_ms = _after(jittered(*_AGAIN))
            raise
        identity["firmware_version"] = self._fields["firmware_version"]
        self._hub.identity = identity
        self._rejected = False
        self._saved = False
        self.keep()

    def keep(self) -> None:
        """Saves an identity that could not be saved before. Raises StoreError."""
        if not self._saved:
            self._store.save(self._hub.identity)
            self._saved = True

    def key_rejected(self) -> None:
        """The hub answered 401. The key is kept: it and a new registration are tried in turn."""
        if not self._rejected:
            self._rejected = True
            self._wait_until_ms = None

    def key_accepted(self) -> None:
        """The hub took a request with the key."""
        self._rejected = False

    def network_returned(self) -> None:
        """The reason of the last failure may be gone: no need to wait."""
        self._wait_until_ms = None

    def is_version_due(self) -> bool:
        """Whether the hub still believes that another firmware runs here, and it is time to tell it."""
        told = self._hub.identity.get("firmware_version")
        return told != self._fields["firmware_version"] and _has_passed(self._tell_until_ms)

    def tell_version(self) -> None:
        """Tells the hub which firmware runs. Raises what `Hub.update_device` raises, and StoreError."""
        version = self._fields["firmware_version"]
        self._tell_until_ms = _after(_AGAIN[0])  # the hub takes 10 updates an hour
        self._hub.update_device({"firmware_version": version})
        self._hub.identity["firmware_version"] = version
        self._saved = False
        self.keep()


def _after(seconds):
    return ticks_add(ticks_ms(), int(seconds * 1000))


def _has_passed(until_ms):
    return until_ms is None or ticks_diff(ticks_ms(), until_ms) >= 0
