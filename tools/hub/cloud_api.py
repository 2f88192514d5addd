"""The cloud's own interface, for who plays the cloud: an operator, a test, a demo. No part of the Device API."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from tools.hub import cloud
from tools.hub.auth import cloud_only
from tools.hub.body import read_body
from tools.hub.context import Hub

_MAX_SEQ = 2**63 - 1  # SQLite's largest integer

router = APIRouter(prefix="/cloud/v1", dependencies=[Depends(cloud_only)], tags=["cloud"])


async def _firmware_bytes(request: Request) -> bytes:
    return await read_body(request, cloud.MAX_FIRMWARE_BYTES)


_RAW_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
_Note = Annotated[str | None, Query(max_length=2000)]


@router.post("/firmware", openapi_extra=_RAW_BODY)
def publish_firmware(
    hub: Hub,
    data: Annotated[bytes, Depends(_firmware_bytes)],
    version: str,
    name: Annotated[str | None, Query(max_length=255)] = None,
    desc: _Note = None,
    notes: _Note = None,
    signature: _Note = None,
) -> dict[str, Any]:
    """Publish the body as firmware `version`."""
    return cloud.publish(hub, version, data, name, desc, notes, signature)


@router.get("/devices")
def list_devices(hub: Hub) -> list[dict[str, Any]]:
    """Every device with its state."""
    return cloud.devices(hub)


@router.get("/devices/{device_id}")
def get_device(device_id: str, hub: Hub) -> dict[str, Any]:
    """One device with its state."""
    return cloud.device(hub, device_id)


@router.get("/devices/{device_id}/telemetries")
def get_telemetries(
    device_id: str, hub: Hub, after: Annotated[int, Query(ge=0, le=_MAX_SEQ)] = 0
) -> list[dict[str, Any]]:
    """The messages of a device whose `seq` is above `after`, newest last."""
    return cloud.telemetries(hub, device_id, after)


@router.delete("/devices/{device_id}")
def delete_device(device_id: str, hub: Hub) -> dict[str, bool]:
    """Delete a device."""
    cloud.delete(hub, device_id)
    return {"success": True}
