"""Incidents that a device opens, and closes again."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Mapped, mapped_column

from tools.hub.auth import device_only, own_device
from tools.hub.body import JsonObject, Note, Text, check_fields, json_request
from tools.hub.context import Hub
from tools.hub.db import Base, OfDevice, keep_last, row_of, rows_of
from tools.hub.settings import settings_of
from tools.hub.shapes import IncidentInfo, IncidentOpened, Success
from tools.hub.spaces import space_of

LIMIT = 1000  # incidents kept of each device
DUMMY_ID = "00000000-0000-0000-0000-000000000000"  # of an incident that nobody keeps

router = APIRouter(prefix="/v1/devices/{device_id}/incidents", dependencies=[Depends(device_only)], tags=["incidents"])


class Incident(OfDevice, Base):
    """An incident, open or closed."""

    __tablename__ = "incidents"

    status: Mapped[str] = mapped_column(default="open")
    title: Mapped[str]
    issue: Mapped[str]
    priority: Mapped[int]
    description: Mapped[str]
    updated_at: Mapped[str]

    def public(self) -> dict[str, Any]:
        """Device API, list incidents."""
        names = ("id", "device_id", "status", "priority", "title", "description", "issue", "created_at", "updated_at")
        return {name: getattr(self, name) for name in names}


class NewIncident(BaseModel):
    """Device API, open incident."""

    model_config = ConfigDict(strict=True)

    title: Text
    issue: Text
    priority: Annotated[int, Field(ge=0, le=4)]
    description: Note


@router.post("", openapi_extra=json_request(NewIncident.model_json_schema()), response_model=IncidentOpened)
def open_incident(device_id: str, body: JsonObject, hub: Hub) -> dict[str, str]:
    """Device API, open incident. While the device is unclaimed or wants none, nothing: the id is a dummy."""
    asked = check_fields(NewIncident, body)
    now = hub.now()
    with hub.database.transaction() as session:
        own_device(session, device_id)
        if space_of(session, device_id) is None or settings_of(session, device_id).suspend_incidents:
            return {"incident_id": DUMMY_ID}
        incident = Incident(device_id=device_id, created_at=now, updated_at=now, **asked.model_dump())
        session.add(incident)
        session.flush()
        keep_last(session, Incident, device_id, LIMIT)
    hub.events.emit("incident", device_id, incident_id=incident.id, **asked.model_dump())
    return {"incident_id": incident.id}


@router.get("", response_model=list[IncidentInfo])
def list_incidents(device_id: str, hub: Hub) -> list[dict[str, Any]]:
    """Device API, list incidents: open and closed ones, oldest first."""
    with hub.database.transaction() as session:
        own_device(session, device_id)
        return [each.public() for each in rows_of(session, Incident, device_id)]


@router.delete("", response_model=Success)
def close_all(device_id: str, hub: Hub) -> dict[str, bool]:
    """Device API, close all."""
    with hub.database.transaction() as session:
        own_device(session, device_id)
        for each in session.scalars(select(Incident).where(Incident.device_id == device_id, Incident.status == "open")):
            close(each, hub.now())
    hub.events.emit("closed", device_id, incident_id="all")
    return {"success": True}


@router.delete("/{incident_id}", response_model=Success)
def close_one(device_id: str, incident_id: str, hub: Hub) -> dict[str, bool]:
    """Device API, close one. To close it again changes nothing."""
    with hub.database.transaction() as session:
        own_device(session, device_id)
        close(row_of(session, Incident, device_id, incident_id, "incident_id"), hub.now())
    hub.events.emit("closed", device_id, incident_id=incident_id)
    return {"success": True}


def close(incident: Incident, now: str) -> None:
    """Close an incident, if it is open."""
    if incident.status == "open":
        incident.status, incident.updated_at = "closed", now
