"""The limits that ours promises to keep. They stand here and nowhere else."""

from dataclasses import dataclass

from tools.bench.cases import Row, value_of

_KIB = 1024


@dataclass(frozen=True)
class Bar:
    """`limit` is a number, or with `of_stock` a share of what the stock `requests` takes in the same case."""

    case: str
    metric: str
    limit: float
    of_stock: bool = False
    subject: str = "ours"

    @property
    def of_time(self) -> bool:
        """Whether it depends on how fast and how busy the machine is."""
        return self.metric == "median_us"


BARS = (
    Bar("http full", "connections", 1),
    Bar("http delta", "connections", 1),
    Bar("https full", "connections", 1),
    Bar("https delta", "connections", 1),
    Bar("https full", "handshakes", 1),
    Bar("https delta", "handshakes", 1),
    Bar("http full", "heap_bytes", 2400),
    Bar("http delta", "heap_bytes", 1900),
    Bar("http full", "instructions", 300_000),
    Bar("http delta", "instructions", 220_000),
    Bar("http delta", "bytes_up", 250),
    Bar("https full", "median_us", 1 / 100, of_stock=True),
    Bar("https delta", "median_us", 1 / 100, of_stock=True),
    Bar("http full", "min_heap", 48 * _KIB),
    Bar("http delta", "min_heap", 48 * _KIB),
    # What is streamed over a TLS connection takes no more beside it; to unpack it that is closed, so it may be more.
    Bar("update 64 KiB", "download_data", 4 * _KIB),
    Bar("update 256 KiB", "download_data", 4 * _KIB),
    Bar("update 64 KiB", "update_data", 8 * _KIB),
    Bar("update 256 KiB", "update_data", 8 * _KIB),
    Bar("size", "mpy_bytes", 6 * _KIB, subject="minimal set"),
    Bar("size", "mpy_bytes", 40 * _KIB, subject="library"),
)


@dataclass(frozen=True)
class Verdict:
    """A bar, what was measured, and the limit as a number. None where it was not measured."""

    bar: Bar
    value: float | None
    limit: float | None

    @property
    def missed(self) -> bool:
        return self.value is not None and self.limit is not None and self.value > self.limit


def judge(rows: list[Row]) -> list[Verdict]:
    """One verdict a bar."""
    verdicts = []
    for bar in BARS:
        limit: float | None = bar.limit
        if bar.of_stock:
            stock = value_of(rows, bar.case, "stock", bar.metric)
            limit = None if stock is None else stock * bar.limit
        verdicts.append(Verdict(bar, value_of(rows, bar.case, bar.subject, bar.metric), limit))
    return verdicts
