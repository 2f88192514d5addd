"""What every endpoint of one hub works with, and how it gets at it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from tools.hub.db import Database
from tools.hub.events import Events
from tools.hub.live import Live
from tools.hub.maker import Maker
from tools.hub.times import iso_utc
from tools.hub.traffic import Traffic


@dataclass(frozen=True)
class Context:
    """One hub: its state, its keys, who watches it, and its clock (seconds since 1970)."""

    database: Database
    cloud_key: str = field(repr=False)
    hardware_keys: frozenset[str] | None = field(default=None, repr=False)  # None: any key is accepted
    events: Events = field(default_factory=Events)
    clock: Callable[[], float] = time.time
    maker: Maker = field(default_factory=Maker, repr=False)  # signs licences
    traffic: Traffic = field(default_factory=Traffic)
    live: Live = field(default_factory=Live, repr=False)

    def now(self) -> str:
        """The hub's time, ISO 8601 UTC with milliseconds: 2021-08-04T07:45:44.122Z."""
        return iso_utc(self.clock())

    def let_go(self) -> None:
        """End what would hold up the server when it stops: pages that are open, requests that are being delayed."""
        self.traffic.stopping.set()
        self.live.close()


def _of_request(request: Request) -> Context:
    context: Context = request.app.state.hub
    return context


# An endpoint's parameter `hub: Hub` is the hub that it works for.
Hub = Annotated[Context, Depends(_of_request)]


def base_url(request: Request) -> str:
    """The address by which the client reached the hub, without a slash at the end.

    From the connection, not from the Host header, which is the client's word: with `--host 0.0.0.0` every board gets
    the address of the interface that it talks to.
    """
    host, port = request.scope.get("server") or ("127.0.0.1", None)
    return url_of(host, port, request.scope["scheme"])


def url_of(host: str, port: int | None, scheme: str = "http") -> str:
    """The URL of a host name or address and a port."""
    host = f"[{host}]" if ":" in host else host
    return f"{scheme}://{host}" + (f":{port}" if port else "")
