"""What the Device API answers, as the hub describes it. An answer that is not of its shape is a mistake of the hub, and
becomes a 500 instead of a device's riddle."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from tools.hub.body import Text, Time

Id = Text


class _Shape(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class Empty(_Shape):
    """Nothing is pending."""


class Success(_Shape):
    """Done, and nothing else to say."""

    success: Literal[True]


class Failure(_Shape):
    """Device API, send children's telemetries: what was wrong with one of them."""

    error: str


class TelemetryReply(_Shape):
    """Device API, the reply to a telemetry."""

    success: Literal[True]
    config_version: int
    command: bool
    new_licenses: bool
    info_version: int
    latest_fw_version: str | None
    latest_fw_file_id: Id | None
    space_data_version: int


class Registered(_Shape):
    """Device API, register device."""

    id: Id
    access_key: str
    hub_url: str
    hub_url_static_cert: str
    mqtt_hub_url: str


class ChildRegistered(_Shape):
    """Device API, register child."""

    id: Id
    access_key: str


class DeviceInfo(_Shape):
    """Device API, get device info."""

    id: Id
    sn: str | None
    mac: str | None
    cloud_id: str | None
    name: str | None
    sub_model: str | None
    parent_id: Id | None
    model_id: str | None
    details: dict[str, Any]
    firmware_version: str
    config_version: int
    space_version: int
    info_version: int
    state: dict[str, Any]
    telemetry_count: int
    created_at: Time
    last_seen: Time


class PendingCommand(_Shape):
    """Device API, get command."""

    id: Id
    device_id: Id
    status: Literal["pending", "in_progress"]
    name: str
    parameters: dict[str, Any]


class ConfigInfo(_Shape):
    """Device API, get config."""

    version: int
    last_updated: Time | None
    name: str | None
    device_id: Id
    config: dict[str, Any]


class _LicenseChange(_Shape):
    id: Id
    device_id: Id
    data: str
    signature: str
    expires_at: Time | None
    current_time: Time


class LicenseChange(_LicenseChange):
    """Device API, get license."""

    action: Literal["add", "remove", "update"]


class OlderLicenseChange(_LicenseChange):
    """Device API, get licenses (older form)."""

    add: bool
    remove: bool
    update: bool


class SpaceInfo(BaseModel):
    """Device API, get space info. Each may be missing, and more may come."""

    model_config = ConfigDict(strict=True, extra="allow")

    name: str = ""
    location: dict[str, Any] = {}
    temperature_units: str = ""
    maintenance: bool = False
    local_time: str = ""


class IncidentOpened(_Shape):
    """Device API, open incident."""

    incident_id: Id


class IncidentInfo(_Shape):
    """Device API, list incidents."""

    id: Id
    device_id: Id
    status: Literal["open", "closed"]
    priority: int
    title: str
    description: str
    issue: str
    created_at: Time
    updated_at: Time


class FileInfo(_Shape):
    """Device API, get file."""

    id: Id
    name: str
    url: str
    desc: str | None
    file_type: str
    version: str | None
    checksum: str
    signature: str | None
    created_at: Time
    public_notes: str | None


class DumpSize(_Shape):
    """Device API, send dump and append to dump: its id and how long it is now."""

    id: Id
    size: int
