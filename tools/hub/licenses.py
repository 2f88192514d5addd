"""Licences of a device: what the cloud wants changed, and what the device says it did."""

from typing import Any, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict
from sqlalchemy import func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from tools.hub.auth import device_only, own_device
from tools.hub.body import JsonObject, Note, Text, check_fields, json_request, optional
from tools.hub.context import Hub
from tools.hub.db import Base, OfDevice, row_of
from tools.hub.shapes import Empty, LicenseChange, OlderLicenseChange, Success

HISTORY_LIMIT = 100  # states kept of each licence
ACTIONS = ("add", "remove", "update")

router = APIRouter(prefix="/v1/devices/{device_id}", dependencies=[Depends(device_only)], tags=["licenses"])


class License(OfDevice, Base):
    """A licence. `history` holds an entry for every state that the device reported: `state`, `error` and `at`."""

    __tablename__ = "licenses"

    data: Mapped[str]
    signature: Mapped[str]
    expires_at: Mapped[str | None]
    action: Mapped[str | None]  # the change that the device has not answered yet
    asked: Mapped[int]  # counts up: which of two changes was asked for later
    told: Mapped[int | None]  # the change that the device was told last, by its `asked`
    state: Mapped[str | None]  # inuse, removed, error, as the device reported it
    error: Mapped[str | None]
    history: Mapped[list[dict[str, Any]]] = mapped_column(default=list)

    def public(self) -> dict[str, Any]:
        """As the cloud shows it."""
        names = ("id", "data", "signature", "expires_at", "action", "state", "error", "created_at", "history")
        return {name: getattr(self, name) for name in names}

    def ask(self, session: Session, action: str) -> None:
        """Have the device make this change, after those that it was asked for before."""
        self.action = action
        with session.no_autoflush:
            self.asked = (session.scalar(select(func.max(License.asked))) or 0) + 1


def pending_licenses(session: Session, device_id: str, limit: int | None = None) -> list[License]:
    """The licences whose change the device has not answered yet, oldest change first, at most `limit`."""
    pending = select(License).where(License.device_id == device_id, License.action.is_not(None))
    return list(session.scalars(pending.order_by(License.asked).limit(limit)))


def _tell(license: License, now: str) -> dict[str, Any]:
    license.told = license.asked
    names = ("id", "device_id", "data", "signature", "action", "expires_at")
    return {name: getattr(license, name) for name in names} | {"current_time": now}


@router.get("/license", response_model=LicenseChange | Empty)
def get_license(device_id: str, hub: Hub) -> dict[str, Any]:
    """Device API, get license: the oldest change that is pending, or `{}`."""
    with hub.database.transaction() as session:
        own_device(session, device_id)
        pending = pending_licenses(session, device_id, 1)
        return _tell(pending[0], hub.now()) if pending else {}


@router.get("/licenses", response_model=list[OlderLicenseChange])
def get_licenses(device_id: str, hub: Hub) -> list[dict[str, Any]]:
    """Device API, get licenses (older form): every change that is pending, with a boolean for each action."""
    with hub.database.transaction() as session:
        own_device(session, device_id)
        changes = [_tell(each, hub.now()) for each in pending_licenses(session, device_id)]
    for change in changes:
        asked = change.pop("action")
        change |= {action: action == asked for action in ACTIONS}
    return changes


class LicenseUpdate(BaseModel):
    """Device API, update license."""

    model_config = ConfigDict(strict=True)

    id: Text
    state: Literal["inuse", "removed", "error"]
    error: Note = optional()


@router.post("/licenses", openapi_extra=json_request(LicenseUpdate.model_json_schema()), response_model=Success)
def update_license(device_id: str, body: JsonObject, hub: Hub) -> dict[str, bool]:
    """Device API, update license. It answers the change that the device was told."""
    update = check_fields(LicenseUpdate, body)
    with hub.database.transaction() as session:
        own_device(session, device_id)
        license = row_of(session, License, device_id, update.id)
        entry = {"state": update.state, "error": update.error, "at": hub.now()}
        license.state, license.error = update.state, update.error
        license.history = [*license.history, entry][-HISTORY_LIMIT:]
        if license.told in (None, license.asked):
            license.action = None
        elif license.action == "add" and license.state == "inuse":
            license.action = "update"  # the device has added what this one changes
    hub.events.emit("license", device_id, license_id=update.id, state=update.state, error=update.error)
    return {"success": True}
