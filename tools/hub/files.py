"""Files for devices: what there is, where its bytes are, and which firmware is the newest."""

import re
from typing import Annotated, Any

import semver
from fastapi import APIRouter, Depends, Header, Request, Response
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


def find_firmware(session: Session, version: str | None = None) -> File:
    """The newest firmware, or the one of this version that was published last. Raises Refused (404)."""
    if version is None:
        newest = newest_firmware(session)
        found = session.get(File, newest[0]) if newest else None
    else:
        of_version = select(File).where(File.file_type == FIRMWARE, File.version == version)
        found = session.scalar(of_version.order_by(File.order.desc()).limit(1))
    if found is None:
        raise no_firmware(version)
    return found


def no_firmware(version: str | None) -> Refused:
    """What is said when there is none, or none of this version."""
    return Refused(404, f"version: no firmware{f' {version}' if version else ''} is published")


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


@content_router.get(
    "/files/{token}",
    response_class=Response,
    responses={206: {"description": "The part that Range asked for"}},
)
@content_router.head("/files/{token}", response_class=Response)
def get_content(
    token: str,
    hub: Hub,
    request: Request,
    range: Annotated[str | None, Header()] = None,
    if_range: Annotated[str | None, Header()] = None,
) -> Response:
    """The bytes of a file, at the address that get file gave: all of them, or one range (RFC 9110, section 14)."""
    with hub.database.transaction() as session:
        file = session.scalar(select(File).where(File.token == token))
        data = file.data if file else b""
    if file is None:
        raise Refused(404, "url: there is no such file")
    headers = {"ETag": f'"{file.checksum}"', "Accept-Ranges": "bytes"}
    told: dict[str, Any] = {"file_id": file.id, "version": file.version, "size": file.size}
    status = 200
    # Of a HEAD no Range counts, nor one for what the client has another version of: it gets all.
    if range is not None and request.method == "GET" and if_range in (None, headers["ETag"]):
        part = _part(range, len(data))
        if part is not None:
            headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{len(data)}"
            data, status = data[part], 206
            told |= {"first": part.start, "sent": len(data)}
    if request.method == "GET":
        hub.events.emit("download", None, **told)
    return Response(data, status, headers, media_type="application/octet-stream")


def _part(text: str, size: int) -> slice | None:
    """What a Range field asks of `size` bytes; None: nothing that this server knows, so the field is to be ignored.

    Several ranges are among that. Raises Refused (416) for a range with none of the bytes.
    """
    asked = re.fullmatch(r"(?i)bytes=[ \t]*([0-9]{0,18})-([0-9]{0,18})[ \t]*", text)
    if asked is None or asked[1] == asked[2] == "":
        return None
    first = int(asked[1]) if asked[1] else max(0, size - int(asked[2]))
    last = min(int(asked[2]), size - 1) if asked[1] and asked[2] else size - 1
    if asked[1] and asked[2] and int(asked[2]) < first:
        return None  # no range at all
    if first > last:
        raise Refused(416, f"Range: the file has {size} bytes", {"Content-Range": f"bytes */{size}"})
    return slice(first, last + 1)


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
