"""What a user's program holds of the agent: little code, as it stays in memory."""

from . import once

if False:  # for the type checker
    from .device import Device


class Config:
    """The configuration in force."""

    def __init__(self, device: "Device"):
        self._device = device
        self.values: dict | None = None  # once they were looked at

    def get(self, key: str, default=None):
        """Its value for `key`."""
        if self.values is None:
            self.values = self._device.load("config", True).get("config", {})
        return self.values.get(key, default)

    def set(self, **changes) -> None:
        """Changes it here and at the hub. Raises ValueError for what JSON cannot hold, and StoreError."""
        once("config", "change", self._device, changes)


class Incident:
    """An incident that was opened; the hub hears of it as soon as it can be reached."""

    def __init__(self, device: "Device", fields: dict):
        """`fields`: as open incident wants them."""
        self._device = device
        self.fields = fields
        self.id: str | None = None  # once the hub has it; "" if it does not want it
        self.is_closed = False
        self.is_doubtful = False  # it was sent, and nobody knows whether it arrived

    def close(self) -> None:
        """It is over."""
        if not self.is_closed:
            self.is_closed = True
            self._device.due.setdefault("incidents", 0)  # after a failure there the wait is not shortened


def looked_up(device: "Device", name: str):
    """What a device holds of where it is, and its `config`. Raises AttributeError for other names."""
    if name == "config":
        device.config = device._config = Config(device)
        return device._config
    if name not in ("claimed", "space", "utc_offset", "temperature_units", "info"):
        raise AttributeError(name)
    if device.place is None:
        device.place = device.load("space")  # the hub's for this device, and no other
    place = device.place
    if name == "info":
        return place.get("info", {})
    claimed = bool(device.versions.get("space_data_version", place.get("space_data_version")))
    if name == "claimed":
        return claimed
    space = place.get("space", {}) if claimed else {}
    if name == "space":
        return space
    return space.get("location", {}).get(name, 0) if name == "utc_offset" else space.get(name)
