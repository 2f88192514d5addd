"""Children: devices behind a device, which registers them and may send their telemetries with one request."""

import uuid
from typing import Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from tools.hub.auth import device_only, fingerprint, new_key, own_device
from tools.hub.body import JsonObject, JsonParts, SemVer, Text, check_fields, check_values, json_request, optional
from tools.hub.context import Hub
from tools.hub.db import REGISTERED, Device
from tools.hub.device_api import accept_telemetry, tell_telemetry
from tools.hub.entry_api import Mac, mac_digits, refuse_known
from tools.hub.errors import Refused
from tools.hub.shapes import ChildRegistered, DeviceInfo, Failure, TelemetryReply
from tools.hub.telemetry import SCHEMA, check_message

MAX_MESSAGES = 100  # Device API, send children's telemetries

router = APIRouter(prefix="/v1/devices/{device_id}/children", dependencies=[Depends(device_only)], tags=["children"])


class NewChild(BaseModel):
    """Device API, register child. A field may be left out, but not null."""

    model_config = ConfigDict(strict=True)

    model_id: Text
    firmware_version: SemVer
    sn: Text = optional()
    mac: Mac = optional()
    name: Text = optional()
    details: dict[str, Any] = Field(default_factory=dict)


def children_of(session: Session, device_id: str) -> list[Device]:
    """The children of a device, in the order of registration."""
    family = select(Device).where(Device.parent_id == device_id)
    return list(session.scalars(family.order_by(*REGISTERED)))


@router.post("", openapi_extra=json_request(NewChild.model_json_schema()), response_model=ChildRegistered)
def register_child(device_id: str, body: JsonObject, hub: Hub) -> dict[str, str]:
    """Device API, register child. It is a device with a key of its own, which goes with its parent."""
    asked = check_fields(NewChild, body)
    key, now = new_key(), hub.now()
    child = Device(
        id=str(uuid.uuid4()),
        key_hash=fingerprint(key),
        parent_id=device_id,
        mac_digits=mac_digits(asked.mac),
        created_at=now,
        last_seen=now,
        **asked.model_dump(),
    )
    with hub.database.transaction() as session:
        own_device(session, device_id)
        if child.sn is not None and child.sn in [each.sn for each in children_of(session, device_id)]:
            raise Refused(422, "sn: this child is already registered")
        refuse_known(session, child)
        session.add(child)
    hub.events.emit("registered", child.id, parent_id=device_id, **asked.model_dump(exclude_unset=True))
    return {"id": child.id, "access_key": key}


@router.get("", response_model=list[DeviceInfo])
def list_children(device_id: str, hub: Hub) -> list[dict[str, Any]]:
    """Device API, list children."""
    with hub.database.transaction() as session:
        own_device(session, device_id)
        return [child.public() for child in children_of(session, device_id)]


@router.post(
    "/telemetries",
    openapi_extra=json_request({"type": "object", "maxProperties": MAX_MESSAGES, "additionalProperties": SCHEMA}),
    response_model=dict[str, TelemetryReply | Failure],
)
def send_telemetries(device_id: str, body: JsonParts, hub: Hub) -> dict[str, dict[str, Any]]:
    """Device API, send children's telemetries: for each child its reply, or what was wrong with its message."""
    if len(body) > MAX_MESSAGES:
        raise Refused(400, f"body: at most {MAX_MESSAGES} messages are accepted")
    return {child_id: _send(hub, device_id, child_id, message) for child_id, message in body.items()}


def _send(hub: Hub, device_id: str, child_id: str, message: Any) -> dict[str, Any]:
    """One child's message. What is wrong with it costs the others nothing."""
    try:
        if not isinstance(message, dict):
            raise Refused(400, "a JSON object is expected")
        check_values(message)
        checked = check_message(message)
        with hub.database.transaction() as session:
            own_device(session, device_id)
            child = session.get(Device, child_id)
            if child is None or child.parent_id != device_id:
                raise Refused(404, "id: there is no such child")
            child.last_seen = hub.now()
            record, reply = accept_telemetry(session, child, checked, child.last_seen)
    except Refused as refused:
        return {"error": refused.error}
    tell_telemetry(hub, checked, record, reply)
    return reply
