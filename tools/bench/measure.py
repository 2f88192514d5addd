"""The measures: one function a process or two, each of a case and a subject, all against the same hub."""

import itertools
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.bench import callgrind
from tools.bench.proxy import CountingProxy
from tools.bench.workshop import BenchError, Workshop, lines_until
from tools.hub.server import LocalHub
from tools.hub.testing import register

SUBJECTS = ("ours", "stock", "floor")
HEAPS_KIB = (8, 256)  # between these the smallest heap is looked for


@dataclass(frozen=True)
class Case:
    """What is sent: over what, and whether all keys change or two of them."""

    scheme: str
    delta: bool

    def __str__(self) -> str:
        return f"{self.scheme} {'delta' if self.delta else 'full'}"


CASES = tuple(Case(scheme, delta) for scheme in ("http", "https") for delta in (False, True))


class Stand:
    """The hub with the proxy before it, and the workshop that makes the subjects' processes."""

    def __init__(self, workshop: Workshop, hub: LocalHub, proxy: CountingProxy, scheme: str, ca: Path | None) -> None:
        self.workshop = workshop
        self.hub = hub
        self.proxy = proxy
        self.scheme = scheme
        self.ca = ca
        self._numbers = itertools.count(1)

    def config(self, case: Case, subject: str, task: str, count: int, direct: bool = False) -> dict[str, Any]:
        """What a process is told, with a device of its own at the hub. `direct`: past the proxy."""
        url = f"{self.scheme}://127.0.0.1:{self.hub.port if direct else self.proxy.port}"
        identity = register(self.hub.url, sn=f"bench-{self.scheme}-{next(self._numbers)}").raise_for_status().json()
        config = {
            "task": task,
            "subject": subject,
            "url": url,
            "identity": {"id": identity["id"], "access_key": identity["access_key"], "hub_url": url},
            "delta": case.delta,
            "count": count,
        }
        if self.ca is not None:
            config["ca"] = str(self.ca)
        return config

    def arrived(self, config: dict[str, Any], count: int) -> bool:
        """Whether the hub has stored just so many telemetries of this process."""
        return len(self.hub.telemetries(config["identity"]["id"])) == count


def traffic_and_heap(stand: Stand, case: Case, subject: str, count: int) -> dict[str, float]:
    """Heap bytes, connections, handshakes and bytes of one process of `count` telemetries."""
    config = stand.config(case, subject, "heap", count)
    start = stand.proxy.counts()
    with stand.workshop.started(config) as process:
        first = lines_until(process, "FIRST")
        begin = stand.proxy.counts()
        heap = stand.workshop.result(config, process, first)
    _check(stand, config, count)
    end = stand.proxy.counts()
    whole = end - start
    # Over TLS the handshakes belong to what a telemetry costs, so the first one is in; else it is a warm-up.
    counted, telemetries = (whole, count) if case.scheme == "https" else (end - begin, count - 1)
    return {
        "connections": whole.connections,
        "handshakes": whole.handshakes,
        "bytes_up": round(counted.bytes_up / telemetries, 1),
        "bytes_down": round(counted.bytes_down / telemetries, 1),
        "heap_bytes": round(heap, 1),
    }


def median_us(stand: Stand, case: Case, subject: str, count: int) -> float:
    """The median time of a telemetry, past the proxy."""
    config = stand.config(case, subject, "time", count, direct=True)
    taken = stand.workshop.run(config)
    _check(stand, config, count)
    return round(statistics.median(taken))


def instructions(stand: Stand, case: Case, subject: str, few: int, many: int) -> float:
    """Instructions of a telemetry: of a run of `many` less one of `few`, so that what is done once is not in it."""
    totals = []
    for count in (few, many):
        config = stand.config(case, subject, "repeat", count)
        totals.append(callgrind.count(stand.workshop, config))
        _check(stand, config, count)
    return round((totals[1] - totals[0]) / (many - few))


def smallest_heap(stand: Stand, case: Case, subject: str, count: int) -> float:
    """The least heap, in bytes but found in KiB, with which a process comes through `count` telemetries."""
    low, high = HEAPS_KIB
    if not survives(stand, case, subject, count, high):
        raise BenchError(f"{subject}, {case}: {high} KiB of heap are not enough")
    while high - low > 1:
        middle = (low + high) // 2
        if survives(stand, case, subject, count, middle):
            high = middle
        else:
            low = middle
    return high * 1024


def survives(stand: Stand, case: Case, subject: str, count: int, kib: int) -> bool:
    """Whether so much heap is enough."""
    config = stand.config(case, subject, "repeat", count, direct=True)
    return stand.workshop.survives(config, f"{kib}K") and stand.arrived(config, count)


def _check(stand: Stand, config: dict[str, Any], count: int) -> None:
    if not stand.arrived(config, count):
        raise BenchError(f"{config['subject']}, {config['task']}: not all of {count} telemetries arrived")
