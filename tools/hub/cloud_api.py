"""The cloud's own interface, for who plays the cloud: an operator, a test, a demo. No part of the Device API."""

from typing import Annotated, Any

from fastapi import Depends, Query, Request

from tools.hub import cloud
from tools.hub.body import SemVer, raw_request, read_body
from tools.hub.context import Hub
from tools.hub.operations import After, cloud_router

router = cloud_router()


async def _file_bytes(request: Request) -> bytes:
    return await read_body(request, cloud.MAX_FILE_BYTES)


_Note = Annotated[str | None, Query(max_length=2000)]


@router.post("/firmware", openapi_extra=raw_request("application/octet-stream"))
def publish_firmware(
    hub: Hub,
    data: Annotated[bytes, Depends(_file_bytes)],
    version: SemVer,
    name: Annotated[str | None, Query(max_length=255)] = None,
    desc: _Note = None,
    notes: _Note = None,
    signature: _Note = None,
) -> dict[str, Any]:
    """Publish the body as firmware `version`."""
    return cloud.publish(hub, version, data, name, desc, notes, signature)


@router.delete("/firmware/{version}")
def withdraw_firmware(version: str, hub: Hub) -> dict[str, Any]:
    """Withdraw the firmware of this version: no device is told of it any more."""
    return cloud.withdraw(hub, version)


@router.post("/files", openapi_extra=raw_request("application/octet-stream"))
def publish_file(
    hub: Hub,
    data: Annotated[bytes, Depends(_file_bytes)],
    name: Annotated[str, Query(max_length=255)],
    file_type: Annotated[str, Query(max_length=255)] = "file",
    version: Annotated[str | None, Query(max_length=255)] = None,
    desc: _Note = None,
    notes: _Note = None,
    signature: _Note = None,
) -> dict[str, Any]:
    """Publish the body as a file that is no firmware."""
    return cloud.publish_file(hub, name, data, file_type, version, desc, notes, signature)


@router.get("/devices")
def list_devices(hub: Hub) -> list[dict[str, Any]]:
    """Every device with its state."""
    return cloud.devices(hub)


@router.get("/devices/{device_id}")
def get_device(device_id: str, hub: Hub) -> dict[str, Any]:
    """One device with its state."""
    return cloud.device(hub, device_id)


@router.get("/devices/{device_id}/telemetries")
def get_telemetries(device_id: str, hub: Hub, after: After = 0) -> list[dict[str, Any]]:
    """The messages of a device whose `seq` is above `after`, newest last."""
    return cloud.telemetries(hub, device_id, after)


@router.delete("/devices/{device_id}")
def delete_device(device_id: str, hub: Hub) -> dict[str, bool]:
    """Delete a device."""
    cloud.delete(hub, device_id)
    return {"success": True}
