"""Commands for a device: the queue, and what the device makes of them."""

from typing import Any, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from tools.hub.auth import device_only, own_device
from tools.hub.body import JsonObject, Note, Text, check_fields, json_request, optional
from tools.hub.context import Hub, base_url
from tools.hub.db import Base, Device, OfDevice, row_of
from tools.hub.errors import Refused
from tools.hub.shapes import Empty, PendingCommand, Success

UPDATE = "update_firmware"  # Device API, firmware update by command
UNFINISHED = ("pending", "in_progress")
HISTORY_LIMIT = 100  # updates kept of each command

router = APIRouter(prefix="/v1/devices/{device_id}/command", dependencies=[Depends(device_only)], tags=["commands"])


class Command(OfDevice, Base):
    """A command. `history` holds an entry for every update that the device sent: `status`, `message` and `at`."""

    __tablename__ = "commands"

    name: Mapped[str]
    parameters: Mapped[dict[str, Any]]
    status: Mapped[str] = mapped_column(default="pending")  # in_progress, done, failed, cancelled
    message: Mapped[str | None]
    history: Mapped[list[dict[str, Any]]] = mapped_column(default=list)

    def for_device(self, hub_url: str) -> dict[str, Any]:
        """Device API, get command. `hub_url` is the hub's address for this device, which who queued the command need
        not know: a file of this hub is told as it."""
        shown = self._shown("id", "device_id", "status", "name", "parameters")
        url = self.parameters.get("url")
        if self.name == UPDATE and isinstance(url, str) and url.startswith("/files/"):
            shown["parameters"] = self.parameters | {"url": hub_url + url}
        return shown

    def public(self) -> dict[str, Any]:
        """As the cloud shows it."""
        return self._shown("id", "device_id", "status", "name", "parameters", "message", "created_at", "history")

    def _shown(self, *names: str) -> dict[str, Any]:
        return {name: getattr(self, name) for name in names}


def next_command(session: Session, device_id: str) -> Command | None:
    """The head of a device's queue: the oldest command that is not finished."""
    queue = select(Command).where(Command.device_id == device_id, Command.status.in_(UNFINISHED))
    return session.scalar(queue.order_by(Command.order).limit(1))


def last_command(session: Session, device_id: str, name: str) -> Command | None:
    """The newest command of this name, finished or not."""
    of_name = select(Command).where(Command.device_id == device_id, Command.name == name)
    return session.scalar(of_name.order_by(Command.order.desc()).limit(1))


@router.get("", response_model=PendingCommand | Empty)
def get_command(device_id: str, hub: Hub, request: Request) -> dict[str, Any]:
    """Device API, get command: the head of the queue, or `{}`."""
    with hub.database.transaction() as session:
        own_device(session, device_id)
        command = next_command(session, device_id)
        return command.for_device(base_url(request)) if command else {}


@router.get("/pending_commands", response_model=list[PendingCommand])
def get_pending_commands(device_id: str, hub: Hub, request: Request) -> list[dict[str, Any]]:
    """Device API, get commands with children's: every one that is not finished, oldest first."""
    family = select(Device.id).where((Device.id == device_id) | (Device.parent_id == device_id))
    queue = select(Command).where(Command.device_id.in_(family), Command.status.in_(UNFINISHED))
    with hub.database.transaction() as session:
        own_device(session, device_id)
        return [command.for_device(base_url(request)) for command in session.scalars(queue.order_by(Command.order))]


class CommandUpdate(BaseModel):
    """Device API, update command."""

    model_config = ConfigDict(strict=True)

    id: Text
    status: Literal["in_progress", "done", "failed"]
    message: Note = optional()


@router.post("", openapi_extra=json_request(CommandUpdate.model_json_schema()), response_model=Success)
def update_command(device_id: str, body: JsonObject, hub: Hub) -> dict[str, bool]:
    """Device API, update command. A command that is finished, or was cancelled, stays as it is (422)."""
    update = check_fields(CommandUpdate, body)
    with hub.database.transaction() as session:
        own_device(session, device_id)
        command = row_of(session, Command, device_id, update.id)
        if command.status not in UNFINISHED:
            raise Refused(422, f"id: this command is {command.status}")
        entry = {"status": update.status, "message": update.message, "at": hub.now()}
        command.status, command.message = update.status, update.message
        command.history = [*command.history, entry][-HISTORY_LIMIT:]
        name = command.name
    hub.events.emit("command", device_id, command_id=update.id, name=name, status=update.status, message=update.message)
    return {"success": True}
