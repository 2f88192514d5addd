"""Bad networks: a board whose hub is behind a proxy that does what bad networks do, and whose Wi-Fi and names flap.

The agent is whole, on MicroPython with real sockets and the heap of a board; the hub is the local hub. Each telemetry
has a number; in the end the hub must hold each that the outbox had room for, in order, with its time.
"""

import random
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.hub.events import Event
from tools.hub.server import LocalHub
from tools.soak import Row, network_firmware
from tools.soak.ledger import Arrival
from tools.soak.network_board import BoardRun, compile_library
from tools.soak.proxy import PER_CONNECTION, BadProxy

_TIMEOUT_S = 0.2  # of a request
_MOST_RECORD = 160  # bytes that a telemetry takes in the outbox
_MOST_IN_30_S = 30  # requests, however much waits
_GAP_S = 90  # between two telemetries: an interval, and a step that is slow as it can be
_LONG = 0.1  # of the troubles last for so long that the outbox may overflow

# What the network does, in place of the proxy or behind it: how much of the time Wi-Fi and names are gone, and what the
# hub answers.
_WLAN = {"no Wi-Fi": 1.0, "Wi-Fi flaps": 0.5}
_NAMES = {"no names": 1.0, "names flap": 0.5}
_HUB: dict[str, dict[str, Any]] = {"busy": {"status": 503}, "too many": {"status": 429, "retry_after": 20}}
_KINDS = (*PER_CONNECTION, "mixed", "deaf", "refused", *_WLAN, *_NAMES, *_HUB)


@dataclass(frozen=True)
class Phase:
    """`kind`: "well", or what is wrong. With `drains` it goes on until nothing waits on the board."""

    kind: str
    samples: int
    drains: bool = False

    def as_plan(self) -> tuple[int, float, float, bool]:
        """What the board does of it."""
        return self.samples, _WLAN.get(self.kind, 0), _NAMES.get(self.kind, 0), self.drains

    def begin(self, proxy: BadProxy, hub: LocalHub) -> None:
        """What the network does of it."""
        hub.clear_faults()
        if self.kind in _HUB:
            hub.fault(kind="status", **_HUB[self.kind])
        proxy.become(self.kind if self.kind in (*PER_CONNECTION, "corrupt", "mixed", "deaf", "refused") else "well")


@dataclass(frozen=True)
class Kind:
    """One kind of run."""

    tls: bool
    outbox: dict[str, Any]

    def __str__(self) -> str:
        where = {"memory": "in memory", "flash": "on flash"}[self.outbox["in"]]
        return (
            f"{'https' if self.tls else 'http'}, outbox of {self.outbox['size']} bytes {where}, {self.outbox['policy']}"
        )

    @property
    def is_latest(self) -> bool:
        """Whether only the newest telemetry waits."""
        return self.outbox["policy"] == "latest"


RUNS = (
    Kind(False, {"in": "memory", "size": 4096, "policy": "history"}),
    Kind(True, {"in": "flash", "size": 32768, "policy": "history"}),
    Kind(True, {"in": "memory", "size": 16384, "policy": "history"}),
    Kind(False, {"in": "flash", "size": 4096, "policy": "history"}),
    Kind(False, {"in": "memory", "size": 1024, "policy": "latest"}),
)
_FULL = 7_000  # telemetries when they are due, in all runs; as many again come while what waited is sent


def run(seed: int, full: bool) -> list[Row]:
    """Raises AssertionError, with the seed, for a promise that was not kept."""
    runs = RUNS if full else RUNS[:2]
    total = _FULL // len(runs) if full else 0
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        lib = Path(folder)
        compile_library(lib)
        rows = [_one(kind, total, seed + number, lib) for number, kind in enumerate(runs)]
        return [*rows, network_firmware.run(seed, full, lib)]


def _one(kind: Kind, total: int, seed: int, lib: Path) -> Row:
    phases = plan(random.Random(seed), total, kind.tls)
    events: list[Event] = []
    with LocalHub(tls=kind.tls, on_event=events.append) as hub, BadProxy(hub.port, seed, _TIMEOUT_S, kind.tls) as proxy:
        board = BoardRun(hub, proxy.port, lib, seed, kind.outbox, _TIMEOUT_S)
        board.live([phase.as_plan() for phase in phases], lambda number: phases[number].begin(proxy, hub))
        faults = proxy.faults
    ledger = board.ledger
    ledger.arrivals = arrivals(events)
    try:
        ledger.check(kind.outbox["size"] // _MOST_RECORD, _GAP_S, kind.is_latest)
        board.check_same()
        assert board.busiest() <= _MOST_IN_30_S, f"{board.busiest()} requests in 30 s"
    except AssertionError as error:
        raise AssertionError(f"seed {seed}, {kind}: {error}\n{board.console[-3000:]}") from None
    done = f"{sum(board.failures.values())} requests failed, {sum(faults.values())} faults"
    lost = f"{ledger.dropped} that the outbox had no room for"
    if kind.is_latest:
        lost = f"{len(set(ledger.kept) - set(ledger.acknowledged))} that newer ones took the place of"
    return Row(
        f"a bad network: {kind}",
        f"{len(ledger.taken)} telemetries in {len(phases)} phases, {done}",
        f"all at the hub but {lost}; {ledger.late} in order with their own time, {ledger.twice} came twice; "
        f"at most {board.busiest()} requests in 30 s; {board.same()}",
    )


def plan(chance: random.Random, total: int, tls: bool) -> list[Phase]:
    """Phases for so many telemetries at least. Each kind of trouble comes once, and as often as any other."""
    # The board starts before names can be looked up, as after a power cut of a whole building, and so without a time.
    phases = [Phase("no names", 14), Phase("well", 4, drains=True)]
    while True:
        kinds = [*_KINDS, "corrupt"] if tls else list(_KINDS)
        chance.shuffle(kinds)
        for kind in kinds:
            is_long = chance.random() < _LONG
            phases.append(Phase(kind, chance.randrange(50, 120) if is_long else chance.randrange(2, 8)))
            if chance.random() < 0.2:
                phases.append(Phase("well", chance.randrange(1, 4)))  # too short for all that waits
            else:
                phases.append(Phase("well", chance.randrange(2, 7), drains=True))
        if sum(phase.samples for phase in phases) >= total:
            break
    phases.append(Phase("well", 5, drains=True))
    return phases


def arrivals(events: list[Event]) -> list[Arrival]:
    """The telemetries among the events, in the order in which the hub took them."""
    told = sorted((each.detail for each in events if each.kind == "telemetry"), key=lambda detail: detail["seq"])
    return [
        Arrival(each["telemetries"]["n"], each["timestamp"], each["telemetries"], each["override"])
        for each in told
        if "n" in each["telemetries"]
    ]
