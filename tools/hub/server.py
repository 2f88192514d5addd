"""The hub in this process: uvicorn in a thread of its own, and helpers that play the cloud without HTTP."""

import asyncio
import secrets
import socket
import ssl
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import uvicorn

from tools.hub.app import create_app
from tools.hub.context import Context, url_of
from tools.hub.db import Database
from tools.hub.events import Event, Events
from tools.hub.helpers import Helpers
from tools.hub.limits import RateLimits
from tools.hub.live import Live
from tools.hub.maker import Maker
from tools.hub.page import page_url
from tools.hub.traffic import RequestLog, Traffic
from tools.hub.traffic_layer import TrafficLayer
from tools.hub.wire import Protocol

if TYPE_CHECKING:
    from tools.hub.tls import Authority

_KEEP_ALIVE_S = 130  # a kept connection outlives the longest pause between two telemetries, 120 s
_GRACE_S = 0.5  # what a request in progress is given at stop
_START_S = 30


class LocalHub(Helpers):
    """A local hub, as a context manager or with `start()` and `stop()`.

    `database` is a SQLite file that outlives the hub; without it the state ends with the hub. `port` 0 lets the system
    choose. `cloud_key` is made up if not given. `hardware_keys`: which ones may register; None: any.
    `on_event` is called with an `Event` for everything notable, one at a time, in a thread of the hub, before the
    client has its answer. It may use the helpers, but must not send requests to the hub: they would wait for one
    another; nor may it call `stop()`. `clock` gives seconds since 1970. With `tls` the hub speaks https, with a
    certificate of a CA of its own, `ca`, which is kept beside the database if there is one. `rate_limit`: how many
    requests each device may send in 30 s; None: any number.

    What plays the cloud is in helpers.py.
    """

    def __init__(
        self,
        database: str | Path | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        cloud_key: str | None = None,
        hardware_keys: Iterable[str] | None = None,
        on_event: Callable[[Event], object] | None = None,
        clock: Callable[[], float] = time.time,
        tls: bool = False,
        rate_limit: int | None = None,
    ) -> None:
        self.host = host
        self.port = port  # after start the one that the system chose, which a second start takes again
        self.cloud_key = cloud_key or secrets.token_urlsafe(24)
        self._database = database
        self._hardware_keys = None if hardware_keys is None else frozenset(hardware_keys)
        self._on_event = on_event
        self._clock = clock
        self._tls = tls
        self._rate_limit = rate_limit
        self._authority: Authority | None = None
        self._maker = Maker(None if database is None else _beside(database, ".maker.pem"))
        self._context: Context | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The address for devices, entry server and hub in one. On all interfaces: the one of this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return url_of(host, self.port, "https" if self._tls else "http")

    @property
    def ca(self) -> bytes | None:
        """The certificate, DER, of the CA that devices are to trust; None without `tls`. Known once it has started."""
        return self._authority.der if self._authority is not None else None

    @property
    def page_url(self) -> str:
        """The hub's page, with the key that opens it until the hub stops. Whoever has it sees everything there."""
        return page_url(self._running(), self.url)

    @property
    def license_key(self) -> bytes:
        """The public key of the maker who signs licences, which devices verify them with: DER SubjectPublicKeyInfo."""
        return self._maker.der

    def sign(self, data: bytes) -> str:
        """That maker's signature over `data`, as of a firmware: base64."""
        return self._maker.sign(data)

    def start(self) -> Self:
        """Serve. Raises OSError if the address is not to be had, ValueError or SQLAlchemyError for the database, and
        ValueError if what is kept beside it is no CA or no key."""
        if self._context is not None:
            raise RuntimeError("the hub is running")
        sock = _bind(self.host, self.port)
        try:
            self._context = self._open()
            app = TrafficLayer(create_app(self._context), self._context)
            self._server = _Server(app, self._context.let_go, self._tls_context())
            self._thread = threading.Thread(target=self._server.run, args=([sock],), name="hub", daemon=True)
            self._thread.start()
            if not self._server.ready.wait(_START_S):
                raise RuntimeError("the hub's server did not start")
        except BaseException:
            self.stop()
            sock.close()
            raise
        self.port = sock.getsockname()[1]
        return self

    def stop(self) -> None:
        """Stop serving, close every connection, free the port. May be called at any time, and again."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join()
        if self._context is not None:
            self._context.database.close()
        if self._folder is not None:
            self._folder.cleanup()
        self._server = self._thread = self._context = self._folder = None

    def _open(self) -> Context:
        path = self._database
        if path is None:
            self._folder = tempfile.TemporaryDirectory(prefix="hub-")
            path = Path(self._folder.name) / "hub.db"
        self._maker.load()
        live = Live(self._clock)
        return Context(
            Database(path),
            self.cloud_key,
            self._hardware_keys,
            events=Events(self._on_event, live.on_event),
            clock=self._clock,
            maker=self._maker,
            traffic=Traffic(RateLimits(self._rate_limit), requests=RequestLog(live.on_request)),
            live=live,
        )

    def _tls_context(self) -> ssl.SSLContext | None:
        if not self._tls:
            return None
        from tools.hub.tls import Authority, names_of  # here, because the plain hubs of tests need not wait for it

        if self._authority is None:  # a second start is the same hub to its devices
            self._authority = Authority(None if self._database is None else ca_file(self._database))
        return self._authority.server_context(names_of(self.host))

    def __enter__(self) -> Self:
        return self if self._context is not None else self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _running(self) -> Context:
        if self._context is None:
            raise RuntimeError("the hub is not running")
        return self._context


class _Server(uvicorn.Server):
    """uvicorn, but it says when it listens, and it stops without waiting for clients that keep a connection."""

    def __init__(self, app: Any, on_stop: Callable[[], object], tls: ssl.SSLContext | None = None) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=Protocol,
                ws="none",
                loop="asyncio",
                lifespan="off",
                log_config=None,
                log_level="warning",
                access_log=False,
                server_header=False,
                timeout_keep_alive=_KEEP_ALIVE_S,
                timeout_graceful_shutdown=2,  # whatever hangs must not keep the hub from ending
                ssl_context_factory=(lambda *_: tls) if tls is not None else None,
            )
        )
        self.ready = threading.Event()
        self._on_stop = on_stop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._on_stop()
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        end = time.monotonic() + _GRACE_S
        while self.server_state.connections and time.monotonic() < end:
            await asyncio.sleep(0.01)
        for connection in list(self.server_state.connections):
            connection.transport.abort()  # a client that sent half a request, or does not read its answer
        await super().shutdown(sockets)


def ca_file(database: str | Path) -> Path:
    """Where a hub with this database keeps its CA, the private key with it."""
    return _beside(database, ".ca.pem")


def _beside(database: str | Path, ending: str) -> Path:
    return Path(database).with_name(Path(database).name + ending)


def _bind(host: str, port: int) -> socket.socket:
    """A bound socket, not listening yet. Raises OSError."""
    if not 0 <= port <= 65535:
        raise OSError("a port is a number up to 65535")  # getaddrinfo would take what remains of it
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, kind, proto, _, address = found[0]
    # With its protocol, or asyncio does not know it for TCP and leaves Nagle's algorithm on: 40 ms a reply.
    sock = socket.socket(family, kind, proto)
    try:
        # The port is free again at once after a stop, though its last connections are still in TIME_WAIT.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
    except OSError:
        sock.close()
        raise
    return sock
