"""What an operator does with a device's commands."""

from typing import Any

import semver

from tools.hub.body import SemVer, Text
from tools.hub.cloud import find_device
from tools.hub.commands import UNFINISHED, UPDATE, Command
from tools.hub.context import Context
from tools.hub.db import row_of, rows_of
from tools.hub.errors import Refused
from tools.hub.files import find_firmware
from tools.hub.operations import Object, cloud_router, operation

router = cloud_router()


@operation(router, "POST", "/devices/{device_id}/commands")
def queue_command(hub: Context, device_id: str, name: Text, parameters: Object | None = None) -> dict[str, Any]:
    """Queue a command for a device; gives it as `commands` does."""
    with hub.database.transaction() as session:
        find_device(session, device_id)
        command = Command(device_id=device_id, name=name, parameters=parameters or {}, created_at=hub.now())
        session.add(command)
        session.flush()
        shown = command.public()
    hub.events.emit("queued", device_id, command_id=command.id, name=name)
    return shown


@operation(router, "POST", "/devices/{device_id}/update")
def update_firmware(
    hub: Context, device_id: str, version: SemVer | None = None, parameters: Object | None = None
) -> dict[str, Any]:
    """Order a device to install a published firmware: the newest, or this version as it was published last. Gives the
    command as `commands` does. `parameters`: further ones, or others in place of its own. Without `version` the newest
    has to be newer than what the device runs."""
    with hub.database.transaction() as session:
        runs = find_device(session, device_id).firmware_version
        file = find_firmware(session, version)
        if version is None and semver.Version.parse(file.version or "") <= semver.Version.parse(runs):
            raise Refused(400, f"version: the device runs {runs}, and the newest is {file.version}: name it to have it")
        told = {"version": file.version, "checksum": file.checksum, "signature": file.signature}
    return queue_command(hub, device_id, UPDATE, {"url": f"/files/{file.token}"} | told | (parameters or {}))


@operation(router, "GET", "/devices/{device_id}/commands")
def commands(hub: Context, device_id: str) -> list[dict[str, Any]]:
    """Every command of a device, oldest first. `history` has an entry for every update that the device sent."""
    with hub.database.transaction() as session:
        find_device(session, device_id)
        return [command.public() for command in rows_of(session, Command, device_id)]


@operation(router, "DELETE", "/devices/{device_id}/commands/{command_id}")
def cancel_command(hub: Context, device_id: str, command_id: str) -> dict[str, Any]:
    """Cancel a command that is not finished; gives it as `commands` does."""
    with hub.database.transaction() as session:
        find_device(session, device_id)
        command = row_of(session, Command, device_id, command_id, "command_id")
        if command.status not in UNFINISHED:
            raise Refused(400, f"command_id: this command is {command.status}")
        command.status = "cancelled"
        shown = command.public()
    hub.events.emit("cancelled", device_id, command_id=command.id, name=command.name)
    return shown
