"""What the page is told, as server-sent events. Only to be read: nothing here changes the hub."""

from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Depends
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from tools.hub import cloud
from tools.hub.commands import UPDATE, Command, last_command
from tools.hub.context import Context, Hub
from tools.hub.errors import Refused
from tools.hub.live import Item
from tools.hub.page import page_only

_REQUESTS_SHOWN = 20  # of each device
_RETRY_MS = 1000

router = APIRouter(prefix="/live", dependencies=[Depends(page_only)], tags=["page"])


@router.get("/events", response_class=EventSourceResponse, include_in_schema=False)
async def events(hub: Hub) -> AsyncIterator[ServerSentEvent]:
    """What there is, then what happens.

    `all`: `devices`, `requests`, `events`. Then one of each for every `request` and `event`, and when these are of a
    device, the `device` as it is then, or `gone` with its id. A device's `update` is the last order to install a
    firmware: `version`, `status` and `message` of the command, or None.
    """
    with hub.live.watch() as watcher:
        yield ServerSentEvent(event="all", data=await run_in_threadpool(_all, hub), retry=_RETRY_MS)
        while items := await watcher.batch():
            for kind, data in await run_in_threadpool(_changes, hub, items):
                yield ServerSentEvent(event=kind, data=data)


def _all(hub: Context) -> dict[str, Any]:
    return {
        "devices": _with_updates(hub, cloud.devices(hub)),
        "requests": hub.traffic.requests.latest(_REQUESTS_SHOWN),
        "events": hub.live.events(),
    }


def _changes(hub: Context, items: list[Item]) -> list[Item]:
    """What happened, and then each device that it happened to, once."""
    touched = {data["device_id"]: None for _, data in items if data["device_id"] is not None}
    return items + [_device(hub, device_id) for device_id in touched]


def _device(hub: Context, device_id: str) -> Item:
    try:
        return "device", _with_updates(hub, [cloud.device(hub, device_id)])[0]
    except Refused:
        return "gone", {"id": device_id}


def _with_updates(hub: Context, devices: list[dict[str, Any]]) -> list[dict[str, Any]]:
    with hub.database.transaction() as session:
        return [device | {"update": _update(last_command(session, device["id"], UPDATE))} for device in devices]


def _update(order: Command | None) -> dict[str, Any] | None:
    # Not all of its parameters: the file's address in them is for the device.
    if order is None:
        return None
    return {"version": order.parameters.get("version"), "status": order.status, "message": order.message}
