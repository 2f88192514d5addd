"""The version file, and the rule of when a new firmware is announced (Device API, new firmware).

`curr_ver` is the version that runs, `latest_ver` the newest that the user was told about. A version is announced when
it is higher than `latest_ver`, and only then remembered: a power cut in the middle may show it twice, never lose it.
"""

from .errors import SettingsError, StoreError
from .semver import compare, is_valid

if False:  # for the type checker
    from .store import Store


class Firmware:
    """What runs here and what was announced, kept in a `store.Store`."""

    curr_ver: str
    latest_ver: str

    def __init__(self, store: "Store", running: str):
        """`running` is the version of the firmware that runs. Raises SettingsError if that is not a version."""
        if not is_valid(running):
            raise SettingsError("firmware_version: expected one as 1.0.0, not %r" % (running,))
        self._store = store
        self.curr_ver = self.latest_ver = running
        try:
            latest = store.load().get("latest_ver", "")
            if self.is_news(latest):
                self.latest_ver = latest
        except (StoreError, ValueError):
            pass  # the first start, or a torn or foreign file: as good as that

    def is_news(self, version: str) -> bool:
        """Whether `version` is higher than any announced. Raises ValueError if it is not a version."""
        return compare(version, self.latest_ver) > 0

    def is_upgrade(self, version: str) -> bool:
        """Whether `version` is higher than the one that runs. Raises ValueError if it is not a version, or one that the
        version file has no room for."""
        if len(str(version)) > 255:
            raise ValueError("version too long")
        return compare(version, self.curr_ver) > 0

    def announced(self, version: str) -> None:
        """Call this after the user was told. Raises StoreError if that could not be saved; `keep` tries again."""
        self.latest_ver = version
        self.save()

    def save(self) -> None:
        """Brings the version file up to date. Raises StoreError; nothing is written when nothing changed."""
        self._store.save({"curr_ver": self.curr_ver, "latest_ver": self.latest_ver})

    def keep(self) -> None:
        """Saves what could not be saved before. Raises StoreError."""
        self._store.retry()
