"""Firmware over bad networks: a bundle comes through a proxy that does what bad networks do, and is installed."""

import base64
import hashlib
import json
import random
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
_CHANGES = (1, 5)  # the steps before which the network becomes bad, and well again
_LIMIT_S = 600
_OFTEN = 10


def run(seed: int, full: bool, lib: Path) -> Row:
    """Each kind of trouble while a bundle is on its way; `full`: some times, and over http too. `lib`: what
    `compile_library` made. Raises AssertionError."""
    maker = Maker()
    downloads: list[dict[str, Any]] = []
    count = faults = 0

    def note(event: Event) -> None:
        if event.kind == "download":
            downloads.append(event.detail)

    for tls in (True, False) if full else (True,):
        kinds = [*PER_CONNECTION, "mixed", "deaf", "refused", *(["corrupt"] if tls else [])] * (_OFTEN if full else 1)
        with LocalHub(tls=tls, on_event=note) as hub, BadProxy(hub.port, seed, _TIMEOUT_S, tls) as proxy:
            with _Board(hub, proxy, lib, seed, maker) as board:
                for number, kind in enumerate(kinds):
                    board.install(f"1.1.{number}", kind)
            count += len(kinds)
            faults += sum(proxy.faults.values())
    resumed = sum("first" in each for each in downloads)
    assert resumed, "no download was resumed"
    return Row(
        "firmware over a bad network, https and http" if full else "firmware over a bad network, https",
        f"{count} bundles, {faults} faults",
        f"each was installed, whole; {len(downloads)} downloads, {resumed} of them the rest of one before",
    )


class _Board:
    """A MicroPython process that installs what it is told to, as often as it is told to. A context manager."""

    def __init__(self, hub: LocalHub, proxy: BadProxy, lib: Path, seed: int, maker: Maker) -> None:
        self._hub = hub
        self._proxy = proxy
        self._maker = maker
        self._random = random.Random(seed)
        self._identity = register(hub.url, hub.ca).raise_for_status().json()
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

    def install(self, version: str, kind: str) -> None:
        """Orders it, and has the network be bad in this way for a while. Raises AssertionError unless it is installed
        in the end."""
        self._process.say(json.dumps(self._order(version)))
        modes = {_CHANGES[0]: kind, _CHANGES[1]: "well"}
        console = ""
        for line in self._process:
            word, _, number = line.rstrip("\n").partition(" ")
            if word == "P":
                self._proxy.become(modes[int(number)])
                self._process.say("")
            elif word == "I":
                assert int(number) >= _CHANGES[0], f"{kind}: installed before the network became bad"
                self._proxy.become("well")
                return
            else:
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
