"""What is measured of whom, and the form in which it is written down."""

from dataclasses import asdict, dataclass
from typing import Any

SUBJECTS = ("ours", "stock", "floor")

# Metric: how a person reads it. In this order.
METRICS = {
    "connections": "connections",
    "handshakes": "TLS handshakes",
    "bytes_up": "bytes up",
    "bytes_down": "bytes down",
    "heap_bytes": "heap bytes",
    "instructions": "instructions",
    "min_heap": "smallest heap",
    "median_us": "median time, us",
}


@dataclass(frozen=True)
class Case:
    """What is sent: over what, and whether all keys change from one telemetry to the next or two of them."""

    scheme: str
    delta: bool

    def __str__(self) -> str:
        return f"{self.scheme} {'delta' if self.delta else 'full'}"


CASES = tuple(Case(scheme, delta) for scheme in ("http", "https") for delta in (False, True))


@dataclass(frozen=True)
class Row:
    """One number, as it stands in bench.json. Heaps and sizes are in bytes."""

    case: str
    subject: str
    metric: str
    value: float

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def value_of(rows: list[Row], case: str, subject: str, metric: str) -> float | None:
    """The number, or None where it was not measured."""
    return next((row.value for row in rows if (row.case, row.subject, row.metric) == (case, subject, metric)), None)
