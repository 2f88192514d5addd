"""What an operator does in the cloud, as functions: the cloud's endpoints and LocalHub both call these.

They raise Refused: 400 for a value that is not allowed, 404 for an id that no device has.
"""

import hashlib
import uuid
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tools.hub.auth import new_key
from tools.hub.context import Context
from tools.hub.db import REGISTERED, Device, File, Telemetry, delete_family
from tools.hub.errors import Refused
from tools.hub.files import FIRMWARE, no_firmware
from tools.hub.versions import check_version

MAX_FILE_BYTES = 16 * 1024 * 1024  # the largest flash that an ESP32 addresses


def publish(
    hub: Context,
    version: str,
    data: bytes,
    name: str | None = None,
    desc: str | None = None,
    notes: str | None = None,
    signature: str | None = None,
) -> dict[str, Any]:
    """Publish a firmware for every device. A version may be published again, as after a new build.

    Gives `id`, `version`, `name`, `size` (bytes) and `checksum` (SHA-256, hex). The default name is of the version.
    """
    try:
        check_version(version)
    except ValueError as error:
        raise Refused(400, f"version: {error}") from None
    name = name or f"firmware-{version}.bin"
    return _publish(hub, FIRMWARE, data, name, version=version, desc=desc, public_notes=notes, signature=signature)


def publish_file(
    hub: Context,
    name: str,
    data: bytes,
    file_type: str = "file",
    version: str | None = None,
    desc: str | None = None,
    notes: str | None = None,
    signature: str | None = None,
) -> dict[str, Any]:
    """Publish a file that is no firmware, for every device. Gives what `publish` gives."""
    if not name or not file_type or file_type == FIRMWARE:
        field = "file_type" if name else "name"
        raise Refused(400, f"{field}: expected, and a firmware is published as one")
    return _publish(hub, file_type, data, name, version=version, desc=desc, public_notes=notes, signature=signature)


def _publish(hub: Context, file_type: str, data: bytes, name: str, **more: str | None) -> dict[str, Any]:
    if not 0 < len(data) <= MAX_FILE_BYTES:
        raise Refused(400, f"body: 1 to {MAX_FILE_BYTES} bytes are expected")
    file = File(
        id=str(uuid.uuid4()),
        name=name,
        file_type=file_type,
        checksum=hashlib.sha256(data).hexdigest(),
        created_at=hub.now(),
        token=new_key(),
        size=len(data),
        data=data,
        **more,
    )
    with hub.database.transaction() as session:
        file.order = (session.scalar(select(func.max(File.order))) or 0) + 1
        session.add(file)
    hub.events.emit("published", None, version=file.version, file_id=file.id, size=file.size)
    return {key: getattr(file, key) for key in ("id", "version", "name", "size", "checksum")}


def withdraw(hub: Context, version: str) -> dict[str, Any]:
    """Withdraw the firmware of this version: no device is told of it any more, nor gets its file. Gives `version` and
    `files`, how many there were of it."""
    with hub.database.transaction() as session:
        gone = session.scalars(select(File).where(File.file_type == FIRMWARE, File.version == version)).all()
        for file in gone:
            session.delete(file)
    if not gone:
        raise no_firmware(version)
    hub.events.emit("withdrawn", None, version=version, files=len(gone))
    return {"version": version, "files": len(gone)}


def devices(hub: Context) -> list[dict[str, Any]]:
    """Every device, in the order of registration."""
    with hub.database.transaction() as session:
        return [each.public() for each in session.scalars(select(Device).order_by(*REGISTERED))]


def device(hub: Context, device_id: str) -> dict[str, Any]:
    """One device: who it is, `firmware_version`, `last_seen`, and `state`, its telemetries merged."""
    with hub.database.transaction() as session:
        return find_device(session, device_id).public()


def telemetries(hub: Context, device_id: str, after: int = 0) -> list[dict[str, Any]]:
    """The messages of a device whose `seq` is above `after`, newest last."""
    later = select(Telemetry).where(Telemetry.device_id == device_id, Telemetry.seq > after).order_by(Telemetry.seq)
    with hub.database.transaction() as session:
        find_device(session, device_id)
        return [each.public() for each in session.scalars(later)]


def delete(hub: Context, device_id: str) -> None:
    """Delete a device with its history and its children. Its key is not accepted any more; it may register again."""
    with hub.database.transaction() as session:
        gone = delete_family(session, find_device(session, device_id))
    for each in gone:
        hub.events.emit("deleted", each, by="cloud")


def find_device(session: Session, device_id: str, field: str = "id") -> Device:
    """A device by its id. Raises Refused (404) that names `field`."""
    found = session.get(Device, device_id)
    if found is None:
        raise Refused(404, f"{field}: there is no such device")
    return found
