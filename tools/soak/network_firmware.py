"""Firmware over bad networks: a bundle comes through a proxy that does what bad networks do, is installed, started, and
on trial confirmed through it, or left again.
"""

import base64
import hashlib
import json
import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from tools.bundle import make_bundle
from tools.hub.events import Event
from tools.hub.maker import Maker
from tools.hub.server import LocalHub
from tools.hub.testing import call, register
from tools.soak import Row
from tools.soak.network_board import HEAP
from tools.soak.process import Process
from tools.soak.proxy import PER_CONNECTION, BadProxy

_TIMEOUT_S = 0.2  # of a request
_BYTES = 24_000  # of what cannot be compressed
_PIECE_MS = 3000  # of the board's time for each KiB: telemetry is due before all of it is there
_INTERVAL_S = 30
_FLASH_BYTES = 1024 * 512
# Before which step of which start the network becomes bad, and well again: while the file comes; after the restart, on
# trial, for less than that takes; and for longer, until the board has gone back to the one before.
_DOWNLOAD = ((0, 1), (0, 5))
_TRIAL = ((1, 0), (1, 4))
_LOST = ((1, 0), (2, 2))
_CHANGES = sorted({*_DOWNLOAD, *_TRIAL, *_LOST})
_HOPELESS = ("swallow", "mute", "deaf", "refused")  # through which nothing ever comes
_FASTER = 3600  # is the hub's clock, as the board's is: it allows ten updates of a device an hour
_LIMIT_S = 600
_OFTEN = 10
_ORDERS = 3  # on a busy machine even a good network may be too slow for a trial


def run(seed: int, full: bool, lib: Path) -> Row:
    """Each kind of trouble while a bundle is on its way, and on trial; `full`: some times, and over http too. `lib`:
    what `compile_library` made. Raises AssertionError."""
    maker = Maker()
    downloads: list[dict[str, Any]] = []
    count = lost = faults = 0
    begun = time.time()

    def clock() -> float:
        return begun + (time.time() - begun) * _FASTER

    def note(event: Event) -> None:
        if event.kind == "download":
            downloads.append(event.detail)

    hopeless = _HOPELESS if full else (_HOPELESS[seed % len(_HOPELESS)],)
    for tls in (True, False) if full else (True,):
        kinds = [*PER_CONNECTION, "mixed", "deaf", "refused", *(["corrupt"] if tls else [])] * (_OFTEN if full else 1)
        with LocalHub(tls=tls, on_event=note, clock=clock) as hub, BadProxy(hub.port, seed, _TIMEOUT_S, tls) as proxy:
            with _Board(hub, proxy, lib, seed, maker) as board:
                for kind in kinds:
                    board.install(kind)
                for kind in hopeless:
                    board.lose(kind)
            count += len(kinds)
            lost += len(hopeless)
            faults += sum(proxy.faults.values())
    resumed = sum("first" in each for each in downloads)
    assert resumed, "no download was resumed"
    return Row(
        "firmware over a bad network, https and http" if full else "firmware over a bad network, https",
        f"{count + lost} bundles, {faults} faults while they came and on trial",
        f"each was installed, whole, and confirmed, but {lost} that were not heard on trial for too long: the one "
        f"before ran again; {len(downloads)} downloads, {resumed} of them the rest of one before",
    )


class _Board:
    """A MicroPython process that installs what it is told to, as often as it is told to. A context manager."""

    def __init__(self, hub: LocalHub, proxy: BadProxy, lib: Path, seed: int, maker: Maker) -> None:
        self._hub = hub
        self._proxy = proxy
        self._maker = maker
        self._random = random.Random(seed)
        self._count = 0
        self._runs = "1.0.0"
        self._identity = register(hub.url, hub.ca).raise_for_status().json()
        hub.claim(self._identity["id"])  # before it the hub takes no incident
        self._url = f"{'https' if hub.ca else 'http'}://localhost:{proxy.port}"
        flash = lib / "firmware.img"
        flash.write_bytes(b"\xff" * _FLASH_BYTES)
        self._plan = {
            "flash": str(flash),
            "identity": self._identity | {"entry_url": self._url, "hub_url": self._url},
            "ca": hub.ca.hex() if hub.ca else None,
            "maker_key": base64.b64encode(maker.der).decode(),
            "seed": seed,
            "outbox": {"size": 0},
            "timeout_s": _TIMEOUT_S,
            "interval": _INTERVAL_S,
            "failure_ms": 5000,
            "piece_ms": _PIECE_MS,
            "changes": _CHANGES,
        }
        self._process = Process("network_firmware", lib, HEAP, _LIMIT_S)

    def __enter__(self) -> Self:
        self._process.say(json.dumps(self._plan))
        return self

    def __exit__(self, *error: object) -> None:
        self._process.__exit__(*error)

    def install(self, kind: str) -> None:
        """Has the network be bad in this way for a while, both when a bundle comes and when it is on trial. Raises
        AssertionError unless it is confirmed in the end; one that was not heard in time is ordered again."""
        version = self._next()
        for _ in range(_ORDERS):
            starts, end = self._update(version, kind, (*_DOWNLOAD, *_TRIAL))
            if end == "done":
                assert (starts, self._known()) == ([self._runs, version], version), (kind, starts)
                self._runs = version
                return
            self._is_as_before(version, kind, starts)
        raise AssertionError(f"{kind}: {version} was ordered {_ORDERS} times, and never heard on trial")

    def lose(self, kind: str) -> None:
        """Has the network be bad in this way for as long as a new version is on trial. Raises AssertionError unless the
        one before runs in the end, and the hub knows why."""
        version = self._next()
        starts, end = self._update(version, kind, _LOST)
        assert end == "failed", kind
        self._is_as_before(version, kind, starts)

    def _is_as_before(self, version: str, kind: str, starts: list[str]) -> None:
        assert starts == [self._runs, version, self._runs], (kind, starts)
        assert self._known() == self._runs, kind
        told = self._hub.incidents(self._identity["id"])[-1]
        assert told["issue"] == "update" and f"{version} failed: rolled back: the hub took no" in told["description"], (
            told
        )

    def _next(self) -> str:
        self._count += 1
        return f"1.1.{self._count}"

    def _known(self) -> str:
        return str(self._hub.device(self._identity["id"])["firmware_version"])

    def _update(self, version: str, kind: str, changes: Sequence[tuple[int, int]]) -> tuple[list[str], str]:
        """Orders it, and has the network be bad, and well again, and so on, with the `changes`. Gives which versions
        started, and how it ended."""
        self._process.say(json.dumps(self._order(version)))
        modes = dict(zip(changes, (kind, "well") * 2, strict=False))
        starts = []
        console = ""
        for line in self._process:
            word, *rest = line.split() or [""]
            if word == "P":
                if mode := modes.get((int(rest[0]), int(rest[1]))):
                    self._proxy.become(mode)
                self._process.say("")
            elif word == "S":
                starts.append(rest[0])
            elif word == "E":
                self._proxy.become("well")
                return starts, rest[0]
            console += line
        raise AssertionError(f"{kind}: not installed\n{console[-5000:]}")

    def _order(self, version: str) -> dict[str, Any]:
        data = make_bundle(version, {"main.py": b"", "page.bin": self._random.randbytes(_BYTES)}, chip=None)
        file = self._hub.publish_file(f"{version}.tar.gz", data)
        address = f"{self._hub.url}/v1/devices/{self._identity['id']}/files/{file['id']}"
        told = call("GET", address, self._hub.ca, headers={"Authorization": self._identity["access_key"]}).json()
        return {
            "version": version,
            "url": self._url + urlsplit(told["url"]).path,
            "checksum": hashlib.sha256(data).hexdigest(),
            "signature": self._maker.sign(data),
        }
