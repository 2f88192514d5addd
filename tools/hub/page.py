"""The hub's page for a browser, and its key.

The page only shows: it opens none of the doors that the cloud key opens, so it has a key of its own, made anew with
every hub. Who has the page's address with the key, or types in the cloud key, gets it as a cookie, which no script
reads and no other site's page can use.
"""

import base64
import functools
import hashlib
import re
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Request, Response, Security
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.security import HTTPAuthorizationCredentials

from tools.hub.auth import CLOUD_KEY, same
from tools.hub.body import read_body
from tools.hub.context import Context, Hub, base_url
from tools.hub.errors import Refused
from tools.hub.operations import cloud_router

_MAX_FORM_BYTES = 4096
_NO_PAGE = "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
_HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff"}
_FORM = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Local hub</title>
<h1>Local hub</h1>
<form method="post" action="/">
<p><label>Cloud key <input name="key" type="password" autocomplete="off" required autofocus></label>
<button>Open</button>
<p>It is in build/hub.json; or open the address that <code>python -m tools.hub page</code> prints.
</form>
"""

router = APIRouter(tags=["page"])
cloud_side = cloud_router()


def page_url(hub: Context, base: str) -> str:
    """The page's address with the key, of the hub at `base`."""
    return f"{base}/?key={hub.live.key}"


def page_only(
    hub: Hub, request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Security(CLOUD_KEY)]
) -> None:
    """Let pass who has the page's cookie, or the cloud key. Raises Refused (401)."""
    if not _has_cookie(hub, request) and not (given and same(given.credentials, hub.cloud_key)):
        raise Refused(401, "Cookie: open the page with its key first")


@router.get("/", response_class=HTMLResponse, include_in_schema=False)
def page(hub: Hub, request: Request) -> Response:
    """The page; with `key` in the query the cookie and a redirect, so that the address bar forgets it; or a form."""
    key = request.query_params.get("key")
    if key is not None and same(key, hub.live.key):
        return _opened(hub, request)
    if key is None and _has_cookie(hub, request):
        html, policy = _page()
        return HTMLResponse(html, headers=_HEADERS | {"Content-Security-Policy": policy})
    return _closed()


async def _form(request: Request) -> str:
    data = await read_body(request, _MAX_FORM_BYTES)
    return parse_qs(data.decode("utf-8", "replace")).get("key", [""])[0]


@router.post("/", response_class=HTMLResponse, include_in_schema=False)
def open_page(hub: Hub, request: Request, key: Annotated[str, Depends(_form)]) -> Response:
    """What the form sends: the cloud key, or the page's."""
    key = key.strip()
    return _opened(hub, request) if same(key, hub.cloud_key) or same(key, hub.live.key) else _closed()


@cloud_side.get("/page")
def get_page(hub: Hub, request: Request) -> dict[str, str]:
    """The address of the page, with its key."""
    return {"url": page_url(hub, base_url(request))}


def _opened(hub: Context, request: Request) -> Response:
    answer = RedirectResponse("/", 303, _HEADERS)
    # Lax, because with Strict a link in another page or a chat would lead to the form.
    answer.set_cookie(
        _cookie(request), hub.live.key, httponly=True, samesite="lax", secure=request.scope["scheme"] == "https"
    )
    return answer


def _closed() -> Response:
    return HTMLResponse(_FORM, 401, _HEADERS | {"Content-Security-Policy": _NO_PAGE})


def _has_cookie(hub: Context, request: Request) -> bool:
    return same(request.cookies.get(_cookie(request), ""), hub.live.key)


def _cookie(request: Request) -> str:
    """Its name: a browser does not tell two ports of one host apart."""
    server: Any = request.scope.get("server") or ("", 0)
    return f"hub-page-{server[1]}"


@functools.cache
def _page() -> tuple[str, str]:
    """The page and its Content-Security-Policy: its own script and style run, and nothing that got in otherwise."""
    html = Path(__file__).with_name("page.html").read_text("utf-8")
    hashes = [
        f"{kind}-src 'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        for kind in ("script", "style")
        for text in re.findall(rf"<{kind}>(.*?)</{kind}>", html, re.DOTALL)
    ]
    return html, "; ".join([_NO_PAGE, "connect-src 'self'", "img-src data:", *hashes])
