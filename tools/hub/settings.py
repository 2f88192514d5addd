"""What a device may ask of the cloud's behaviour."""

from typing import Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, Session, mapped_column

from tools.hub.auth import device_only, own_device
from tools.hub.body import JsonObject, check_fields, json_request
from tools.hub.context import Hub
from tools.hub.db import Base
from tools.hub.shapes import Success

router = APIRouter(
    prefix="/v1/devices/{device_id}/cloud_settings", dependencies=[Depends(device_only)], tags=["settings"]
)


class CloudSettings(Base):
    """The settings that a device made, by their names."""

    __tablename__ = "cloud_settings"

    device_id: Mapped[str] = mapped_column(ForeignKey("devices.id", ondelete="CASCADE"), primary_key=True)
    settings: Mapped[dict[str, Any]]


class Settings(BaseModel):
    """Device API, cloud settings. Any of these, and no other."""

    model_config = ConfigDict(strict=True, extra="forbid")

    suspend_incidents: bool = Field(False, alias="incidents.suspend_creation")


def settings_of(session: Session, device_id: str) -> Settings:
    """The settings of a device; those it never made have their defaults."""
    made = session.get(CloudSettings, device_id)
    return Settings.model_validate(made.settings if made else {})


@router.put("", openapi_extra=json_request(Settings.model_json_schema()), response_model=Success)
def set_cloud_settings(device_id: str, body: JsonObject, hub: Hub) -> dict[str, bool]:
    """Device API, cloud settings. Those that are not given stay as they are."""
    changes = check_fields(Settings, body).model_dump(by_alias=True, exclude_unset=True)
    with hub.database.transaction() as session:
        own_device(session, device_id)
        made = session.get(CloudSettings, device_id) or CloudSettings(device_id=device_id, settings={})
        made.settings = made.settings | changes
        session.add(made)
    hub.events.emit("settings", device_id, **changes)
    return {"success": True}
