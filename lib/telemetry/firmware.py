"""The version file, and the rule of when a new firmware is announced (Device API, new firmware).

`curr_ver` is the version that runs, `latest_ver` the newest that the user was told about. A version is announced when
it is higher than `latest_ver`, and only then remembered: a power cut in the middle may show it twice, never lose it.
"""

from . import errors, once


class Firmware:
    """What runs here and what was announced, kept in the file `path`."""

    def __init__(self, path: str, version: str):
        """`version`: of the firmware that runs. Raises SettingsError if that is not a version."""
        if not once("semver", "is_valid", version):
            raise errors.SettingsError("firmware_version: expected one as 1.0.0")
        self.path = path
        self.curr_ver = self.latest_ver = version
        try:
            latest = once("store", "load", path).get("latest_ver")
            if self.is_news(latest):
                self.latest_ver = latest
        except (errors.StoreError, ValueError):
            pass  # the first start, or a torn or foreign file: as good as that

    def is_news(self, version: str) -> bool:
        """Whether `version` is higher than any announced. Raises ValueError if it is not a version."""
        return once("semver", "compare", version, self.latest_ver) > 0

    def is_upgrade(self, version: str) -> bool:
        """Whether `version` is higher than the one that runs. Raises ValueError if it is not a version, or one that the
        version file has no room for."""
        if len(str(version)) > 255:
            raise ValueError("version too long")
        return once("semver", "compare", version, self.curr_ver) > 0

    def announced(self, version: str) -> None:
        """Call this after the user was told. Raises StoreError if that could not be saved; `keep` tries again."""
        self.latest_ver = version
        self.keep()

    def keep(self) -> None:
        """Brings the version file up to date. Raises StoreError; nothing is written when nothing changed."""
        once("store", "save", self.path, {"curr_ver": self.curr_ver, "latest_ver": self.latest_ver})
