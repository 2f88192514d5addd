"""What a firmware update takes: heap beyond a connected agent's, flash operations, time."""

from random import Random
from typing import Any

from tools.bench.cases import CASES, Row
from tools.bench.stand import Stand
from tools.bundle import make_bundle

SIZES_KIB = (64, 256)  # of the bundle: the heap must be the same
_FILE_BYTES = 16 * 1024
_HEAP = "1M"  # the collector runs at each piece, and looks at all of it

# Metric: how a person reads it. In this order.
METRICS = {
    "update_heap": "heap at the peak",
    "update_code": "of it code",
    "update_data": "of it data",
    "download_data": "data in the download",
    "writes_per_kib": "flash writes a KiB",
    "erases_per_kib": "erases a KiB",
    "update_us": "time, us",
    "plain_us": "plain download, us",
}
_PHASES = ("download", "verify", "unpack")


def case_of(kib: int) -> str:
    return f"update {kib} KiB"


def rows(stand: Stand) -> list[Row]:
    """For each size a row for each metric."""
    return [row for kib in SIZES_KIB for row in _rows(kib, _run(stand, kib, True), _run(stand, kib, False))]


def _rows(kib: int, sampled: dict[str, Any], timed: dict[str, Any]) -> list[Row]:
    peak = max((sampled[phase] for phase in _PHASES), key=lambda it: it["heap"])
    values = {
        "update_heap": peak["heap"],
        "update_code": peak["code"],
        "update_data": peak["heap"] - peak["code"],
        "download_data": sampled["download"]["heap"] - sampled["download"]["code"],
        "writes_per_kib": round(timed["writes"] / kib, 1),
        "erases_per_kib": round(timed["erases"] / kib, 1),
        "update_us": timed["us"],
        "plain_us": timed["plain_us"],
    }
    return [Row(case_of(kib), "ours", metric, values[metric]) for metric in METRICS]


def _run(stand: Stand, kib: int, sampled: bool) -> dict[str, Any]:
    """In a process of its own, over https."""
    content = Random(kib).randbytes(kib * 1024)  # which cannot be compressed
    files = {f"{at}.bin": content[at : at + _FILE_BYTES] for at in range(0, len(content), _FILE_BYTES)}
    bundle = make_bundle("2.0.0", files | {"main.py": b"pass\n"}, None)
    job = stand.job(CASES[-1], "ours", "update", 0)
    file = job.hub.publish_file("app.tar.gz", bundle)
    config = job.config | {"file": file["id"], "size": len(bundle), "sampled": sampled}
    with stand.workshop.started(config, _HEAP) as process:
        return stand.workshop.result(config, process).found
