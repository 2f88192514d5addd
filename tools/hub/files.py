"""Files for devices: what there is, where its bytes are, and which firmware is the newest."""

from typing import Any

import semver
from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from tools.hub.auth import device_only
from tools.hub.context import Hub, base_url
from tools.hub.db import File
from tools.hub.errors import Refused
from tools.hub.shapes import FileInfo

FIRMWARE = "firmware"  # the file_type of what latest_fw_version speaks of

router = APIRouter(prefix="/v1/devices/{device_id}/files", dependencies=[Depends(device_only)], tags=["files"])

# The bytes are where `url` says, outside the device's own paths: whoever was told the address may fetch them, with a
# plain GET that carries no key, as from a store of files.
content_router = APIRouter(tags=["files"])


def newest_firmware(session: Session) -> tuple[str, str] | None:
    """The id and version of the firmware with the highest SemVer precedence; of equals the one published last."""
    firmware = session.execute(
        select(File.id, File.version).where(File.file_type == FIRMWARE).order_by(File.order.desc())
    )
    # max gives the first of equals.
    return max(
        ((id, version or "") for id, version in firmware), key=lambda it: semver.Version.parse(it[1]), default=None
    )


@router.get("", response_model=list[FileInfo])
def list_files(hub: Hub, request: Request) -> list[dict[str, Any]]:
    """Device API, list files. In the order of their publication."""
    with hub.database.transaction() as session:
        return [_described(file, base_url(request)) for file in session.scalars(select(File).order_by(File.order))]


@router.get("/{file_id}", response_model=FileInfo)
def get_file(device_id: str, file_id: str, hub: Hub, request: Request) -> dict[str, Any]:
    """Device API, get file."""
    with hub.database.transaction() as session:
        file = session.get(File, file_id)
    if file is None:
        raise Refused(404, "file_id: there is no such file")
    hub.events.emit("file", device_id, file_id=file.id, version=file.version)
    return _described(file, base_url(request))


@content_router.get("/files/{token}", response_class=Response)
def get_content(token: str, hub: Hub) -> Response:
    """The bytes of a file, at the address that get file gave."""
    with hub.database.transaction() as session:
        file = session.scalar(select(File).where(File.token == token))
        data = file.data if file else b""
    if file is None:
        raise Refused(404, "url: there is no such file")
    hub.events.emit("download", None, file_id=file.id, version=file.version, size=file.size)
    return Response(data, media_type="application/octet-stream")


def _described(file: File, hub_url: str) -> dict[str, Any]:
    return {
        "id": file.id,
        "name": file.name,
        "url": f"{hub_url}/files/{file.token}",
        "desc": file.desc,
        "file_type": file.file_type,
        "version": file.version,
        "checksum": file.checksum,
        "signature": file.signature,
        "created_at": file.created_at,
        "public_notes": file.public_notes,
    }
