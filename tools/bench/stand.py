"""What the subjects are measured against: a hub that speaks http, one that speaks https, and their mirrors."""

import itertools
import json
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tools.bench.cases import Case
from tools.bench.mirror import Mirror, recorded
from tools.bench.proxy import CountingProxy
from tools.bench.workshop import BenchError, Workshop
from tools.hub.server import LocalHub
from tools.hub.testing import register
from tools.hub.tls import Authority

_HOST = "127.0.0.1"


@dataclass(frozen=True)
class Job:
    """One process to be: what it is told, and how many telemetries it will send."""

    config: dict[str, Any]
    hub: LocalHub

    def arrived(self) -> bool:
        """Whether the hub has stored just as many telemetries as were to be sent."""
        return len(self.hub.telemetries(self.config["identity"]["id"])) == self.config["count"]

    def check(self, said: str = "") -> None:
        """Raises BenchError unless they arrived; it tells what the process `said`."""
        if not self.arrived():
            told = self.config
            raise BenchError(
                f"{told['subject']}, {told['task']}: not all of {told['count']} telemetries arrived\n{said}"
            )


class Stand:
    """A context manager, and the jobs that can be done while it is open. All hubs are of this one process."""

    def __init__(self, workshop: Workshop) -> None:
        self.workshop = workshop
        self._hubs: dict[str, LocalHub] = {}
        self._mirrors: dict[str, Mirror] = {}
        self._cas: dict[bool, Path] = {}
        self._numbers = itertools.count(1)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        for scheme in ("http", "https"):
            self._hubs[scheme] = self._stack.enter_context(LocalHub(tls=scheme == "https"))
        authority = Authority()
        answers = self._record()
        for scheme, context in (("http", None), ("https", authority.server_context([_HOST]))):
            self._mirrors[scheme] = self._stack.enter_context(Mirror(*answers, context))
        for mirrored, der in ((False, self._hubs["https"].ca), (True, authority.der)):
            self._cas[mirrored] = self.workshop.folder / f"ca-{mirrored}.der"
            self._cas[mirrored].write_bytes(der or b"")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def proxy(self, case: Case) -> CountingProxy:
        """One before the hub of this case, to be opened."""
        return CountingProxy(self._hubs[case.scheme].port)

    def job(self, case: Case, subject: str, task: str, count: int, port: int | None = None) -> Job:
        """A process of a device of its own at the hub. `port`: of a proxy; else it goes to the hub straight."""
        hub = self._hubs[case.scheme]
        return Job(self._config(case, subject, task, count, port or hub.port, self._cas[False]), hub)

    def mirrored(self, case: Case, subject: str, task: str, count: int) -> tuple[dict[str, Any], Mirror]:
        """What a process is told that talks to the mirror, and the mirror."""
        mirror = self._mirrors[case.scheme]
        return self._config(case, subject, task, count, mirror.port, self._cas[True]), mirror

    def _config(self, case: Case, subject: str, task: str, count: int, port: int, ca: Path) -> dict[str, Any]:
        url = f"{case.scheme}://{_HOST}:{port}"
        config = {
            "task": task,
            "subject": subject,
            "url": url,
            "identity": self._registered(case.scheme) | {"hub_url": url},
            "delta": case.delta,
            "count": count,
        }
        return config | {"ca": str(ca)} if case.scheme == "https" else config

    def _registered(self, scheme: str) -> dict[str, str]:
        hub = self._hubs[scheme]
        reply = register(hub.url, hub.ca, sn=f"bench-{next(self._numbers)}").raise_for_status().json()
        return {name: reply[name] for name in ("id", "access_key")}

    def _record(self) -> tuple[bytes, bytes]:
        """The hub's answers to a telemetry, on a kept connection and on one that is closed."""
        identity = self._registered("http")
        body = json.dumps({"status": "online", "telemetries": {"temp": 21.5}}).encode()
        head = "POST /v1/devices/%s/telemetry HTTP/%s\r\nHost: %s\r\nAuthorization: %s\r\nContent-Length: %d\r\n"
        requests = [
            (head % (identity["id"], version, _HOST, identity["access_key"], len(body))).encode()
            + b"Content-Type: application/json\r\n\r\n"
            + body
            for version in ("1.1", "1.0")
        ]
        kept, closing = (recorded(_HOST, self._hubs["http"].port, request) for request in requests)
        if b" 200 " not in kept[:20]:
            raise BenchError(f"the hub refused a telemetry: {kept[:40]!r}")
        return kept, closing
