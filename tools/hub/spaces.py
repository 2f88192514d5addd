"""Spaces: where a claimed device stands."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from fastapi import APIRouter, Depends
from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, Session, mapped_column

from tools.hub.auth import device_only, own_device
from tools.hub.context import Context, Hub
from tools.hub.db import Base
from tools.hub.errors import Refused
from tools.hub.shapes import SpaceInfo

router = APIRouter(prefix="/v1/devices/{device_id}/space", dependencies=[Depends(device_only)], tags=["space"])


class Claim(Base):
    """A device that is claimed, or once was."""

    __tablename__ = "claims"

    device_id: Mapped[str] = mapped_column(ForeignKey("devices.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int]  # never goes back, so that a device sees every change
    claimed: Mapped[bool]
    space: Mapped[dict[str, Any]]


def space_of(session: Session, device_id: str) -> Claim | None:
    """The claim of a device; None while it is not claimed."""
    claim = session.get(Claim, device_id)
    return claim if claim is not None and claim.claimed else None


def space_info(hub: Context, claim: Claim) -> dict[str, Any]:
    """Device API, get space info. `local_time` is now, by the space's clock, unless the space says otherwise."""
    location = claim.space.get("location")
    offset = timezone(timedelta(minutes=(location or {}).get("utc_offset") or 0))
    at = datetime.fromtimestamp(hub.clock(), UTC).astimezone(offset)
    info = {"local_time": at.isoformat(timespec="milliseconds")} | claim.space
    return {name: value for name, value in info.items() if value is not None}


@router.get("", response_model=SpaceInfo, response_model_exclude_unset=True)
def get_space_info(device_id: str, hub: Hub) -> dict[str, Any]:
    """Device API, get space info. Of a device that nobody claimed there is none (404)."""
    with hub.database.transaction() as session:
        own_device(session, device_id)
        claim = space_of(session, device_id)
        if claim is None:
            raise Refused(404, "space: the device is not claimed yet")
        return space_info(hub, claim)
