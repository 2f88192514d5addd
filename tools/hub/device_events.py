"""Events that a device reports. What the hub tells those who watch it is in events.py."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, StringConstraints
from sqlalchemy.orm import Mapped

from tools.hub.auth import device_only, own_device
from tools.hub.body import Int32, JsonObject, Text, check_fields, json_request, optional
from tools.hub.context import Hub
from tools.hub.db import Base, OfDevice, keep_last
from tools.hub.shapes import Success

LIMIT = 1000  # events kept of each device

router = APIRouter(prefix="/v1/devices/{device_id}/events", dependencies=[Depends(device_only)], tags=["events"])

_Key = Annotated[str, StringConstraints(max_length=255)]


class DeviceEvent(OfDevice, Base):
    """An event that a device reported."""

    __tablename__ = "device_events"

    name: Mapped[str]
    category: Mapped[str]
    int_key_1: Mapped[int | None]
    int_key_2: Mapped[int | None]
    string_key_1: Mapped[str | None]
    string_key_2: Mapped[str | None]

    def public(self) -> dict[str, Any]:
        """As the cloud shows it."""
        return {"id": self.id, "created_at": self.created_at} | {
            name: getattr(self, name) for name in NewEvent.model_fields
        }


class NewEvent(BaseModel):
    """Device API, add event."""

    model_config = ConfigDict(strict=True)

    name: Text
    category: Text
    int_key_1: Int32 = optional()
    int_key_2: Int32 = optional()
    string_key_1: _Key = optional()
    string_key_2: _Key = optional()


@router.post("", openapi_extra=json_request(NewEvent.model_json_schema()), response_model=Success)
def add_event(device_id: str, body: JsonObject, hub: Hub) -> dict[str, bool]:
    """Device API, add event."""
    event = check_fields(NewEvent, body)
    with hub.database.transaction() as session:
        own_device(session, device_id)
        session.add(DeviceEvent(device_id=device_id, created_at=hub.now(), **event.model_dump()))
        session.flush()
        keep_last(session, DeviceEvent, device_id, LIMIT)
    hub.events.emit("event", device_id, **event.model_dump(exclude_unset=True))
    return {"success": True}
