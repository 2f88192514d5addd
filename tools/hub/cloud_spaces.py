"""What an operator does with spaces: claims devices for them."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from tools.hub.body import Text, check_fields, optional
from tools.hub.cloud import find_device
from tools.hub.context import Context
from tools.hub.operations import Object, cloud_router, operation
from tools.hub.spaces import Claim, space_info, space_of

DEFAULT_SPACE: dict[str, Any] = {
    "name": "Room 1",
    "location": {"coordinates": {"lat": 52.52, "lng": 13.405}, "utc_offset": 60, "name": "Berlin"},
    "temperature_units": "celsius",
    "maintenance": False,
}

router = cloud_router()


class _Coordinates(BaseModel):
    model_config = ConfigDict(strict=True, extra="allow")

    lat: float = Field(ge=-90, le=90)
    lng: float = Field(ge=-180, le=180)


class _Location(BaseModel):
    model_config = ConfigDict(strict=True, extra="allow")

    coordinates: _Coordinates | None = None
    utc_offset: int | None = optional(gt=-1440, lt=1440)  # minutes
    name: Text | None = None


class Space(BaseModel):
    """Device API, get space info. null leaves a field out; fields that the API does not know are let be."""

    model_config = ConfigDict(strict=True, extra="allow")

    name: Text | None = None
    location: _Location | None = None
    temperature_units: Text | None = None
    maintenance: bool | None = None
    local_time: Text | None = None


class _Claimed(BaseModel):  # so that an error names space.name, and not a name of whatever
    model_config = ConfigDict(strict=True)

    space: Space


@operation(router, "PUT", "/devices/{device_id}/space")
def claim(hub: Context, device_id: str, space: Object | None = None) -> dict[str, Any]:
    """Claim a device for a space, or move it to another one, which raises its `space_data_version`.

    `space` has fields of get space info; those that are missing are made up, those that are None are left out.
    Gives the space as the device gets it.
    """
    given = check_fields(_Claimed, {"space": space or {}}).model_dump(exclude_unset=True)["space"]
    if isinstance(given.get("location"), dict):
        given["location"] = DEFAULT_SPACE["location"] | given["location"]
    with hub.database.transaction() as session:
        find_device(session, device_id)
        claimed = session.get(Claim, device_id) or Claim(device_id=device_id, version=0)
        claimed.version += 1
        claimed.claimed, claimed.space = True, DEFAULT_SPACE | given
        session.add(claimed)
        info = space_info(hub, claimed)
    hub.events.emit("claimed", device_id, space=info.get("name"), space_data_version=claimed.version)
    return info


@operation(router, "DELETE", "/devices/{device_id}/space")
def unclaim(hub: Context, device_id: str) -> dict[str, bool]:
    """Take a device out of its space: it is nobody's, and its `space_data_version` 0, until it is claimed again."""
    with hub.database.transaction() as session:
        find_device(session, device_id)
        claimed = space_of(session, device_id)
        if claimed is not None:
            claimed.claimed = False
    hub.events.emit("unclaimed", device_id)
    return {"success": True}
