"""What an operator does with a device's configuration, and with what its info tab says."""

from typing import Any

from tools.hub.body import Text
from tools.hub.cloud import find_device
from tools.hub.configs import Config, add_config, current_config
from tools.hub.context import Context
from tools.hub.db import rows_of
from tools.hub.operations import UNCHANGED, Object, cloud_router, operation

router = cloud_router()


@operation(router, "POST", "/devices/{device_id}/config")
def set_config(hub: Context, device_id: str, config: Object, name: Text | None = None) -> dict[str, Any]:
    """Set the whole configuration of a device; gives it as `config` does, with its new version."""
    with hub.database.transaction() as session:
        find_device(session, device_id)
        added = add_config(session, device_id, config, name, "cloud", hub.now())
    hub.events.emit("config", device_id, version=added["version"], by="cloud")
    return added


@operation(router, "GET", "/devices/{device_id}/config")
def config(hub: Context, device_id: str) -> dict[str, Any]:
    """A device's configuration: `version` (0 before one was set), `config`, `name`, `last_updated`, `device_id`."""
    with hub.database.transaction() as session:
        find_device(session, device_id)
        return current_config(session, device_id)


@operation(router, "GET", "/devices/{device_id}/configs")
def configs(hub: Context, device_id: str) -> list[dict[str, Any]]:
    """The versions of a device's configuration, oldest first, and `by` whom each was set: cloud or device."""
    with hub.database.transaction() as session:
        find_device(session, device_id)
        return [each.public() | {"by": each.by} for each in rows_of(session, Config, device_id)]


@operation(router, "PUT", "/devices/{device_id}/info")
def set_info(
    hub: Context,
    device_id: str,
    name: Text | None = UNCHANGED,
    details: Object = UNCHANGED,
    sub_model: Text | None = UNCHANGED,
) -> dict[str, Any]:
    """Change what the cloud's info tab says of a device, which raises its `info_version`. Gives the device."""
    given = {"name": name, "details": details, "sub_model": sub_model}
    changes = {field: value for field, value in given.items() if value is not UNCHANGED}
    with hub.database.transaction() as session:
        device = find_device(session, device_id)
        for field, value in changes.items():
            setattr(device, field, value)
        device.info_version += 1
        shown = device.public()
    hub.events.emit("info", device_id, info_version=shown["info_version"], **changes)
    return shown
