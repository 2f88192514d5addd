"""What an operator sees of what devices reported: incidents, events, dumps, children, settings."""

from typing import Any

from fastapi import Response

from tools.hub.children import children_of
from tools.hub.cloud import find_device
from tools.hub.context import Context, Hub
from tools.hub.db import row_of, rows_of
from tools.hub.device_events import DeviceEvent
from tools.hub.dumps import Dump
from tools.hub.incidents import Incident, close
from tools.hub.operations import cloud_router, operation
from tools.hub.settings import settings_of

router = cloud_router()


@operation(router, "GET", "/devices/{device_id}/incidents")
def incidents(hub: Context, device_id: str) -> list[dict[str, Any]]:
    """The incidents of a device, open and closed ones, oldest first."""
    with hub.database.transaction() as session:
        find_device(session, device_id)
        return [each.public() for each in rows_of(session, Incident, device_id)]


@operation(router, "DELETE", "/devices/{device_id}/incidents/{incident_id}")
def close_incident(hub: Context, device_id: str, incident_id: str) -> dict[str, Any]:
    """Close an incident; gives it as `incidents` does. To close it again changes nothing."""
    with hub.database.transaction() as session:
        find_device(session, device_id)
        incident = row_of(session, Incident, device_id, incident_id, "incident_id")
        close(incident, hub.now())
        shown = incident.public()
    hub.events.emit("closed", device_id, incident_id=incident_id, by="cloud")
    return shown


@operation(router, "GET", "/devices/{device_id}/events")
def device_events(hub: Context, device_id: str) -> list[dict[str, Any]]:
    """The events that a device reported, oldest first."""
    with hub.database.transaction() as session:
        find_device(session, device_id)
        return [each.public() for each in rows_of(session, DeviceEvent, device_id)]


@operation(router, "GET", "/devices/{device_id}/dumps")
def dumps(hub: Context, device_id: str) -> list[dict[str, Any]]:
    """The dumps that a device uploaded, oldest first: `id`, `filename`, `mime_type`, `size`, `created_at`."""
    with hub.database.transaction() as session:
        find_device(session, device_id)
        return [each.public() for each in rows_of(session, Dump, device_id)]


def dump(hub: Context, device_id: str, dump_id: str) -> bytes:
    """The bytes of a dump."""
    with hub.database.transaction() as session:
        find_device(session, device_id)
        return row_of(session, Dump, device_id, dump_id, "dump_id").data


@router.get(
    "/devices/{device_id}/dumps/{dump_id}",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}},
)
def get_dump(device_id: str, dump_id: str, hub: Hub) -> Response:
    """The bytes of a dump. Never as the type that the device said it is: a browser would believe it."""
    return Response(dump(hub, device_id, dump_id), media_type="application/octet-stream")


@operation(router, "GET", "/devices/{device_id}/children")
def children(hub: Context, device_id: str) -> list[dict[str, Any]]:
    """The children of a device, each a device of its own, in the order of registration."""
    with hub.database.transaction() as session:
        find_device(session, device_id)
        return [child.public() for child in children_of(session, device_id)]


@operation(router, "GET", "/devices/{device_id}/cloud_settings")
def cloud_settings(hub: Context, device_id: str) -> dict[str, bool]:
    """The cloud settings of a device; those it never made have their defaults."""
    with hub.database.transaction() as session:
        find_device(session, device_id)
        return settings_of(session, device_id).model_dump(by_alias=True)
