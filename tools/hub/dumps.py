"""Dumps: reports that a device uploads, at once or piece by piece."""

import re
from typing import Annotated, Any
from urllib.parse import unquote_to_bytes

from fastapi import APIRouter, Depends, Request
from sqlalchemy.orm import Mapped, mapped_column

from tools.hub.auth import device_only, own_device
from tools.hub.body import raw_request, read_body
from tools.hub.context import Hub
from tools.hub.db import Base, OfDevice, keep_last, row_of
from tools.hub.errors import Refused
from tools.hub.shapes import DumpSize

MAX_BYTES = 1024 * 1024  # of one dump, all pieces together
LIMIT = 20  # dumps kept of each device

_MAX_TEXT = 255
_TOKEN = r"[A-Za-z0-9!#$&^_.+-]+"
_MIME_TYPE = re.compile(rf"{_TOKEN}/{_TOKEN}( *;[ -~]*)?")  # RFC 6838, section 4.2, and what parameters follow

router = APIRouter(prefix="/v1/devices/{device_id}/dumps", dependencies=[Depends(device_only)], tags=["dumps"])


class Dump(OfDevice, Base):
    """A report of a device."""

    __tablename__ = "dumps"

    filename: Mapped[str]
    mime_type: Mapped[str]
    size: Mapped[int]  # bytes
    data: Mapped[bytes] = mapped_column(deferred=True)

    def public(self) -> dict[str, Any]:
        """As the cloud shows it: without its bytes."""
        return {name: getattr(self, name) for name in ("id", "filename", "mime_type", "size", "created_at")}


async def _bytes(request: Request) -> bytes:
    return await read_body(request, MAX_BYTES)


def _names(request: Request) -> tuple[str, str]:
    """The mime type and the file name, from the path as it was sent: decoded, `text%2Fplain` would be two."""
    quoted = request.scope["raw_path"].partition(b"/dumps/")[2].split(b"/")
    if len(quoted) != 2:
        raise Refused(400, "mime_type: expected URL-quoted, as text%2Fplain, and then the file name alone")
    try:
        mime_type, filename = (unquote_to_bytes(part).decode() for part in quoted)
    except UnicodeDecodeError:
        raise Refused(400, "filename: UTF-8 is expected") from None
    if not _MIME_TYPE.fullmatch(mime_type) or len(mime_type) > _MAX_TEXT:
        raise Refused(400, "mime_type: a type such as text/plain is expected, URL-quoted")
    if not filename.isprintable() or "/" in filename or filename in (".", "..") or len(filename) > _MAX_TEXT:
        raise Refused(400, f"filename: a name of at most {_MAX_TEXT} characters without a slash is expected")
    return mime_type, filename


@router.post(
    "/{mime_type:path}/{filename}", openapi_extra=raw_request("application/octet-stream"), response_model=DumpSize
)
def send_dump(
    device_id: str,
    mime_type: str,
    filename: str,
    names: Annotated[tuple[str, str], Depends(_names)],
    data: Annotated[bytes, Depends(_bytes)],
    hub: Hub,
) -> dict[str, Any]:
    """Device API, send dump. Gives its `id`, for more bytes, and its `size`."""
    mime_type, filename = names
    dump = Dump(
        device_id=device_id, mime_type=mime_type, filename=filename, size=len(data), data=data, created_at=hub.now()
    )
    with hub.database.transaction() as session:
        own_device(session, device_id)
        session.add(dump)
        session.flush()
        keep_last(session, Dump, device_id, LIMIT)
    return _told(hub, dump)


@router.put("/{dump_id}", openapi_extra=raw_request("application/octet-stream"), response_model=DumpSize)
def append_to_dump(device_id: str, dump_id: str, data: Annotated[bytes, Depends(_bytes)], hub: Hub) -> dict[str, Any]:
    """Device API, append to dump. Gives its `id` and its `size` now."""
    with hub.database.transaction() as session:
        own_device(session, device_id)
        dump = row_of(session, Dump, device_id, dump_id, "dump_id")
        if dump.size + len(data) > MAX_BYTES:
            raise Refused(400, f"body: a dump has at most {MAX_BYTES} bytes")
        dump.data, dump.size = dump.data + data, dump.size + len(data)
    return _told(hub, dump)


def _told(hub: Hub, dump: Dump) -> dict[str, Any]:
    hub.events.emit("dump", dump.device_id, dump_id=dump.id, filename=dump.filename, size=dump.size)
    return {"id": dump.id, "size": dump.size}
