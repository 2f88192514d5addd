"""Every request of a device on its way to the endpoints: it may meet a fault, it is counted, and it is recorded."""

import re
import time
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tools.hub.context import Context
from tools.hub.errors import Refused, shown, shown_path
from tools.hub.fault_layer import BREAKING, FaultLayer
from tools.hub.faults import Fault
from tools.hub.limits import WINDOW_S

_DEVICE = re.compile(r"/v1/devices/([^/]+)")


class TrafficLayer:
    """The hub's application for uvicorn with `wire.Protocol`. The cloud's interface passes through untouched."""

    def __init__(self, app: ASGIApp, hub: Context) -> None:
        self._app = app
        self._hub = hub

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(("/v1/", "/files/")):
            await self._app(scope, receive, send)
            return
        device = _DEVICE.match(scope["path"])
        device_id = device[1] if device else None
        traffic = self._hub.traffic
        fault = traffic.faults.take(device_id, scope["method"], scope["path"])
        app, send = self._limited(device_id), self._recording(scope, send, device_id, fault)
        if fault is not None:
            app = FaultLayer(app, fault, traffic.stopping)
            await self._tell(scope, "fault", device_id, fault=fault.asked.kind, number=fault.number)
        await app(scope, receive, send)

    def _limited(self, device_id: str | None) -> ASGIApp:
        """The application, unless the device has come too often."""
        if device_id is None:
            return self._app

        async def limited(scope: Scope, receive: Receive, send: Send) -> None:
            app = self._app
            wait_s = self._hub.traffic.limits.wait_s(device_id, self._hub.clock())
            if wait_s is not None:
                refused = Refused(429, f"too many requests in {WINDOW_S:.0f} s", {"Retry-After": str(wait_s)})
                await self._tell(scope, "refused", device_id, status=refused.status, error=refused.error)
                app = JSONResponse({"error": refused.error}, refused.status, refused.headers)
            await app(scope, receive, send)

        return limited

    def _recording(self, scope: Scope, send: Send, device_id: str | None, fault: Fault | None) -> Send:
        """Records when the answer begins, before the device has any of it."""
        at, started = self._hub.now(), time.monotonic()
        kind = fault.asked.kind if fault else None

        async def recorded(message: Message) -> None:
            if message["type"] == "http.response.start":
                broken_off = kind in BREAKING or scope["state"]["wire"].is_closing()
                self._hub.traffic.requests.add(
                    device_id,
                    at=at,
                    method=shown(scope["method"]),
                    path=shown_path(scope["path"]),
                    status=None if broken_off else message["status"],
                    fault=kind,
                    ms=round((time.monotonic() - started) * 1000, 1),
                )
            await send(message)

        return recorded

    async def _tell(self, scope: Scope, kind: str, device_id: str | None, **detail: Any) -> None:
        # In a worker thread, where a slow watcher holds up one request and not the server.
        detail |= {"method": shown(scope["method"]), "path": shown_path(scope["path"])}
        await run_in_threadpool(self._hub.events.emit, kind, device_id, **detail)
