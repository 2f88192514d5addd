"""The entry server's endpoints: registration. No key is asked for, because it is here that a device gets one."""

import re
import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from tools.hub.auth import fingerprint, hardware_key_accepted, new_key
from tools.hub.body import JsonObject, SemVer, Text, check_fields, described, json_request, optional
from tools.hub.context import Hub, base_url
from tools.hub.db import Device
from tools.hub.errors import Refused
from tools.hub.shapes import Registered

router = APIRouter(prefix="/v1/devices", tags=["entry"])


def _check_mac(text: str) -> str:
    if not re.fullmatch(r"(?i)([0-9a-f]{2}([:-]?))[0-9a-f]{2}(\2[0-9a-f]{2}){4}", text):
        raise ValueError("six bytes in hexadecimal are expected, as a4:cf:12:9b:00:7e")
    return text


Mac = Annotated[str, AfterValidator(_check_mac), described("([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}")]


def mac_digits(mac: str | None) -> str | None:
    """Twelve lower case digits, by which two ways to write one MAC are the same."""
    return re.sub("[:-]", "", mac).lower() if mac else None


class Registration(BaseModel):
    """Device API, register device. A field may be left out, but not null."""

    model_config = ConfigDict(
        strict=True, json_schema_extra={"anyOf": [{"required": ["mac"]}, {"required": ["cloud_id"]}]}
    )

    hardware_key: Text
    sn: Text
    firmware_version: SemVer
    mac: Mac = optional()
    cloud_id: Text = optional()
    name: Text = optional()
    details: dict[str, Any] = Field(default_factory=dict)
    sub_model: Text = optional()
    parent_id: Text = optional()

    @model_validator(mode="after")
    def _has_identity(self) -> "Registration":
        if self.mac is None and self.cloud_id is None:
            raise ValueError("mac or cloud_id: one of the two is required")
        return self


@router.post("", openapi_extra=json_request(Registration.model_json_schema()), response_model=Registered)
def register_device(body: JsonObject, hub: Hub, request: Request) -> dict[str, str]:
    """Device API, register device. The reply is the only time that anyone sees the access key."""
    asked = check_fields(Registration, body)
    if not hardware_key_accepted(hub, asked.hardware_key):
        raise Refused(403, "hardware_key: not accepted")
    key = new_key()
    with hub.database.transaction() as session:
        device = _new_device(asked, fingerprint(key), hub.now())
        refuse_known(session, device)
        session.add(device)
    hub.events.emit(
        "registered",
        device.id,
        **{name: value for name in ("sn", "mac", "cloud_id", "firmware_version") if (value := getattr(device, name))},
    )
    url = base_url(request)
    return {
        "id": device.id,
        "access_key": key,
        "hub_url": url,
        "hub_url_static_cert": url,
        # For the shape of the reply: nothing listens there, the local hub speaks HTTP only.
        "mqtt_hub_url": "mqtt://" + url.partition("://")[2].rpartition(":")[0] + ":1883",
    }


def _new_device(asked: Registration, key_hash: str, now: str) -> Device:
    return Device(
        id=str(uuid.uuid4()),
        key_hash=key_hash,
        mac_digits=mac_digits(asked.mac),
        created_at=now,
        last_seen=now,
        **asked.model_dump(exclude={"hardware_key"}),
    )


def refuse_known(session: Session, device: Device) -> None:
    """Raises Refused: 422 for a known cloud_id or mac and sn, 400 for a parent that is not known."""
    known = select(Device).where(
        or_(
            and_(Device.cloud_id.is_not(None), Device.cloud_id == device.cloud_id),
            and_(Device.mac_digits.is_not(None), Device.mac_digits == device.mac_digits, Device.sn == device.sn),
        )
    )
    other = session.scalar(known)
    if other is not None:
        field = "cloud_id" if device.cloud_id and other.cloud_id == device.cloud_id else "mac and sn"
        raise Refused(422, f"{field}: this device is already registered")
    if device.parent_id is not None and session.get(Device, device.parent_id) is None:
        raise Refused(400, "parent_id: there is no such device")
