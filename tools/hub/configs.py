"""A device's configuration: set by the cloud or by the device, one version after the other."""

from typing import Any

from fastapi import APIRouter, Depends
from sqlalchemy import UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session

from tools.hub.auth import device_only, own_device
from tools.hub.body import JsonObject, json_request
from tools.hub.context import Hub
from tools.hub.db import Base, OfDevice, keep_last
from tools.hub.shapes import ConfigInfo

HISTORY_LIMIT = 1000  # versions kept of each device

router = APIRouter(prefix="/v1/devices/{device_id}/config", dependencies=[Depends(device_only)], tags=["config"])


class Config(OfDevice, Base):
    """One version of a device's configuration. The highest is the one that counts."""

    __tablename__ = "configs"
    __table_args__ = (UniqueConstraint("device_id", "version"),)

    version: Mapped[int]
    name: Mapped[str | None]
    config: Mapped[dict[str, Any]]
    by: Mapped[str]  # cloud or device

    def public(self) -> dict[str, Any]:
        """Device API, get config."""
        return {
            "version": self.version,
            "last_updated": self.created_at,
            "name": self.name,
            "device_id": self.device_id,
            "config": self.config,
        }


def config_version(session: Session, device_id: str) -> int:
    """The version of a device's configuration; 0 before one was set."""
    return session.scalar(select(func.max(Config.version)).where(Config.device_id == device_id)) or 0


def current_config(session: Session, device_id: str) -> dict[str, Any]:
    """Device API, get config. Before one was set: version 0, and empty."""
    newest = select(Config).where(Config.device_id == device_id).order_by(Config.version.desc()).limit(1)
    config = session.scalar(newest)
    if config is not None:
        return config.public()
    return {"version": 0, "last_updated": None, "name": None, "device_id": device_id, "config": {}}


def add_config(
    session: Session, device_id: str, config: dict[str, Any], name: str | None, by: str, now: str
) -> dict[str, Any]:
    """The next version, in get config's shape. Without a name it goes by the one before."""
    before = current_config(session, device_id)
    added = Config(
        device_id=device_id,
        version=before["version"] + 1,
        name=name if name is not None else before["name"],
        config=config,
        by=by,
        created_at=now,
    )
    session.add(added)
    session.flush()
    keep_last(session, Config, device_id, HISTORY_LIMIT)
    return added.public()


@router.get("", response_model=ConfigInfo)
def get_config(device_id: str, hub: Hub) -> dict[str, Any]:
    """Device API, get config."""
    with hub.database.transaction() as session:
        own_device(session, device_id)
        return current_config(session, device_id)


@router.post("", openapi_extra=json_request({"type": "object"}), response_model=ConfigInfo)
def set_config(device_id: str, body: JsonObject, hub: Hub) -> dict[str, Any]:
    """Device API, set config: the body is the whole new configuration."""
    with hub.database.transaction() as session:
        own_device(session, device_id)
        added = add_config(session, device_id, body, None, "device", hub.now())
    hub.events.emit("config", device_id, version=added["version"], by="device")
    return added
