"""A device's own endpoints on the hub: telemetry, and the device itself."""

import math
from typing import Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from tools.hub.auth import device_only, own_device
from tools.hub.body import JsonObject, SemVer, Text, check_fields, json_request, optional
from tools.hub.commands import next_command
from tools.hub.configs import config_version
from tools.hub.context import Hub
from tools.hub.db import Device, Telemetry, UpdateCall, delete_family
from tools.hub.errors import Refused
from tools.hub.files import newest_firmware
from tools.hub.licenses import pending_licenses
from tools.hub.shapes import DeviceInfo, Success, TelemetryReply
from tools.hub.spaces import space_of
from tools.hub.telemetry import MAX_INT, SCHEMA, Message, check_message, merge

HISTORY_LIMIT = 10_000  # messages kept of each device
UPDATES_AN_HOUR = 10  # Device API, errors and limits
_HOUR_S = 3600

router = APIRouter(prefix="/v1/devices/{device_id}", dependencies=[Depends(device_only)], tags=["device"])


@router.post("/telemetry", openapi_extra=json_request(SCHEMA), response_model=TelemetryReply)
def send_telemetry(device_id: str, body: JsonObject, hub: Hub) -> dict[str, Any]:
    """Device API, send telemetry: merged into the device's state, kept in its history."""
    message = check_message(body)
    with hub.database.transaction() as session:
        record, reply = accept_telemetry(session, own_device(session, device_id), message, hub.now())
    tell_telemetry(hub, message, record, reply)
    return reply


def accept_telemetry(session: Session, device: Device, message: Message, now: str) -> tuple[Telemetry, dict[str, Any]]:
    """Merge a message into the device's state. What is kept of it, and the reply."""
    return _keep(session, device, message, now), _reply(session, device)


def tell_telemetry(hub: Hub, message: Message, record: Telemetry, reply: dict[str, Any]) -> None:
    """Tell those who watch of a message, as it came. After the transaction: they may want one of their own."""
    hub.events.emit(
        "telemetry",
        record.device_id,
        status=message.status,
        telemetries=message.telemetries,
        override=message.override,
        timestamp=message.timestamp,
        message=message.message,
        seq=record.seq,
        latest_fw_version=reply["latest_fw_version"],
    )


def _keep(session: Session, device: Device, message: Message, now: str) -> Telemetry:
    device.state = merge(device.state, message)
    device.telemetry_count += 1
    record = Telemetry(
        device_id=device.id,
        received_at=now,
        timestamp=message.timestamp or now,
        status=message.status,
        telemetries=message.telemetries,
        override=message.override,
        message=message.message,
    )
    session.add(record)
    session.flush()
    if device.telemetry_count > HISTORY_LIMIT:
        # One comes, one goes. The index makes it a look-up however long the history is.
        oldest = select(func.min(Telemetry.seq)).where(Telemetry.device_id == device.id).scalar_subquery()
        session.execute(delete(Telemetry).where(Telemetry.seq == oldest))
    return record


def _reply(session: Session, device: Device) -> dict[str, Any]:
    """Device API, the reply to a telemetry. What a part of the hub wants a device to fetch is said here."""
    file_id, version = newest_firmware(session) or (None, None)
    claim = space_of(session, device.id)
    return {
        "success": True,
        "config_version": config_version(session, device.id),
        "command": next_command(session, device.id) is not None,
        "new_licenses": bool(pending_licenses(session, device.id, 1)),
        "info_version": device.info_version,
        "latest_fw_version": version,
        "latest_fw_file_id": file_id,
        "space_data_version": claim.version if claim else 0,
    }


@router.get("", response_model=DeviceInfo)
def get_device_info(device_id: str, hub: Hub) -> dict[str, Any]:
    """Device API, get device info."""
    with hub.database.transaction() as session:
        return own_device(session, device_id).public()


class DeviceUpdate(BaseModel):
    """Device API, update device. Any of the fields, none of them null, and no other."""

    model_config = ConfigDict(strict=True, extra="forbid")

    firmware_version: SemVer = optional()
    name: Text = optional()
    sub_model: Text = optional()
    details: dict[str, Any] = optional()
    space_version: int = optional(ge=0, le=MAX_INT)
    config_version: int = optional(ge=0, le=MAX_INT)


def _count_update(device_id: str, hub: Hub) -> None:
    """Let pass ten requests in any hour, right or wrong ones. Raises Refused (429) that says how long to wait."""
    now = hub.clock()
    with hub.database.transaction() as session:
        session.execute(delete(UpdateCall).where(UpdateCall.at <= now - _HOUR_S))
        earlier = session.scalars(
            select(UpdateCall.at).where(UpdateCall.device_id == device_id).order_by(UpdateCall.at)
        ).all()
        if len(earlier) >= UPDATES_AN_HOUR:
            wait_s = max(1, math.ceil(earlier[0] + _HOUR_S - now))
            raise Refused(
                429, f"update device: at most {UPDATES_AN_HOUR} requests an hour", {"Retry-After": str(wait_s)}
            )
        own_device(session, device_id)
        session.add(UpdateCall(device_id=device_id, at=now))


@router.put(
    "",
    dependencies=[Depends(_count_update)],
    openapi_extra=json_request(DeviceUpdate.model_json_schema()),
    response_model=Success,
)
def update_device(device_id: str, body: JsonObject, hub: Hub) -> dict[str, bool]:
    """Device API, update device."""
    changes = check_fields(DeviceUpdate, body).model_dump(exclude_unset=True)
    with hub.database.transaction() as session:
        device = own_device(session, device_id)
        for name, value in changes.items():
            setattr(device, name, value)
    hub.events.emit("updated", device_id, **changes)
    return {"success": True}


@router.delete("", response_model=Success)
def delete_device(device_id: str, hub: Hub) -> dict[str, bool]:
    """Device API, delete device. Its key is worth nothing from now on, and it may register again."""
    with hub.database.transaction() as session:
        gone = delete_family(session, own_device(session, device_id))
    for each in gone:
        hub.events.emit("deleted", each, by="device")
    return {"success": True}
