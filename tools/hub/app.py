"""Puts the hub's parts together, and gives every error the one form: JSON, `{"error": "..."}`."""

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match

from tools.hub import (
    children,
    cloud_api,
    cloud_commands,
    cloud_configs,
    cloud_licenses,
    cloud_reports,
    cloud_spaces,
    cloud_traffic,
    commands,
    configs,
    device_api,
    device_events,
    dumps,
    entry_api,
    files,
    incidents,
    licenses,
    live_api,
    page,
    settings,
    spaces,
)
from tools.hub.body import problems
from tools.hub.context import Context
from tools.hub.errors import Refused, shown, shown_path

log = logging.getLogger("tools.hub")

# A part that comes later is a module with a router of its own, and one more name in PARTS.
PARTS = (
    *(entry_api, device_api, commands, configs, licenses, spaces, settings, incidents, device_events, dumps, children),
    *(files, cloud_api, cloud_commands, cloud_configs, cloud_licenses, cloud_spaces, cloud_reports, cloud_traffic),
    *(page, live_api),
)
ROUTERS = (*(part.router for part in PARTS), files.content_router, page.cloud_side)

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


class ErrorBody(BaseModel):
    """What every error looks like."""

    error: str


def create_app(hub: Context) -> FastAPI:
    """The hub as an ASGI application. The entry server and the hub are one here; they share no path."""
    app = FastAPI(
        title="Local hub: Device API v1",
        docs_url=None,  # they load scripts from elsewhere; the description is at /openapi.json
        redoc_url=None,
        redirect_slashes=False,  # a wrong path is a wrong path
        responses={"4XX": {"model": ErrorBody, "description": "Refused; the text names the field"}},
    )
    app.state.hub = hub
    for router in ROUTERS:
        app.include_router(router)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _failed)
    return app


# Handlers that tell the events are plain functions, not coroutines: they run in a worker thread, where a slow watcher
# holds up one request and not the server.


def _refused(request: Request, error: Any) -> JSONResponse:
    return _answer(request, error.status, error.error, error.headers)


def _http_error(request: Request, error: Any) -> JSONResponse:
    if error.status_code == HTTPStatus.NOT_FOUND:
        return _answer(request, 404, "path: unknown")
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return _answer(request, 405, "method: not allowed here", {"Allow": _allowed(request)})
    return _answer(request, error.status_code, str(error.detail), error.headers)


def _invalid(request: Request, error: Any) -> JSONResponse:
    """What FastAPI itself found wrong: a query parameter."""
    return _answer(request, 400, problems(error.errors(), skip=1))


async def _gone(_request: Request, _error: Any) -> JSONResponse:
    """The client went away while it sent, as at a power cut. The answer reaches nobody."""
    return JSONResponse({"error": "body: incomplete"}, 400)


def _failed(request: Request, _error: Any) -> JSONResponse:
    """A mistake of the hub. The server logs the traceback."""
    return _answer(request, 500, "the hub failed; its console says why")


def _answer(request: Request, status: int, error: str, headers: Any = None) -> JSONResponse:
    hub: Context = request.app.state.hub
    told = {
        "status": status,
        "error": error,
        "method": shown(request.method),
        "path": shown_path(request.scope["path"]),
    }
    hub.events.emit("refused", request.path_params.get("device_id"), **told)
    return JSONResponse({"error": error}, status, headers)


def _allowed(request: Request) -> str:
    """The methods of every route with this path; the framework would name those of the first route only."""

    def has(method: str) -> bool:
        scope = {"type": "http", "path": request.scope["path"], "method": method, "headers": [], "app": request.app}
        return any(route.matches(scope)[0] is Match.FULL for route in request.app.router.routes)

    return ", ".join(method for method in _METHODS if has(method))
