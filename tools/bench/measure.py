"""The measures: each of one case and one subject, in processes of their own."""

import statistics

from tools.bench import callgrind
from tools.bench.cases import Case
from tools.bench.stand import Stand
from tools.bench.workshop import BenchError, lines_until

_HEAPS_KIB = (4, 256)  # the smallest heap is looked for between these
_THRESHOLD = 16 * 1024  # of the collector, as boot.py sets it; for all subjects


def traffic_and_heap(stand: Stand, case: Case, subject: str, count: int) -> dict[str, float]:
    """Heap bytes, connections, handshakes and bytes of a process that sends `count` telemetries."""
    with stand.proxy(case) as proxy:
        job = stand.job(case, subject, "heap", count, proxy.port)
        with stand.workshop.started(job.config) as process:
            said = lines_until(process, "FIRST")
            first = proxy.counts()
            ended = stand.workshop.result(job.config, process, said)
        job.check(ended.said)
        whole = proxy.counts()
    # The first telemetry is a warm-up; over TLS it is counted, as it has the handshake, for which others pay each time.
    counted, telemetries = (whole, count) if case.scheme == "https" else (whole - first, count - 1)
    return {
        "connections": whole.connections,
        "handshakes": whole.handshakes,
        "bytes_up": round(counted.bytes_up / telemetries),
        "bytes_down": round(counted.bytes_down / telemetries),
        "heap_bytes": round(ended.found),
    }


def median_us(stand: Stand, case: Case, subject: str, count: int) -> dict[str, float]:
    """The median time of a telemetry to a server that answers at once."""
    config, mirror = stand.mirrored(case, subject, "time", count)
    before = mirror.requests
    ended = stand.workshop.run(config)
    if mirror.requests - before != count:
        raise BenchError(f"{subject}, {case}: {mirror.requests - before} telemetries of {count} arrived\n{ended.said}")
    return {"median_us": round(statistics.median(ended.found))}


def hub_median_us(stand: Stand, case: Case, subject: str, count: int) -> float:
    """The same with the local hub, whose own work is then in it."""
    job = stand.job(case, subject, "time", count)
    ended = stand.workshop.run(job.config)
    job.check(ended.said)
    return round(statistics.median(ended.found))


def instructions(stand: Stand, case: Case, subject: str, few: int, many: int) -> dict[str, float]:
    """Instructions of a telemetry: of a run of `many` less one of `few`, so that what is done once is not in it."""
    totals = []
    for count in (few, many):
        job = stand.job(case, subject, "repeat", count)
        totals.append(callgrind.count(stand.workshop, job.config))
        job.check()
    return {"instructions": round((totals[1] - totals[0]) / (many - few))}


def smallest_heap(stand: Stand, case: Case, subject: str, count: int) -> dict[str, float]:
    """The least heap, in bytes but found in KiB, with which a process comes through `count` telemetries."""
    low, high = _HEAPS_KIB
    if not survives(stand, case, subject, count, high):
        raise BenchError(f"{subject}, {case}: {high} KiB of heap are not enough")
    while high - low > 1:
        middle = (low + high) // 2
        if survives(stand, case, subject, count, middle):
            high = middle
        else:
            low = middle
    return {"min_heap": high * 1024}


def survives(stand: Stand, case: Case, subject: str, count: int, kib: int) -> bool:
    """Whether so much heap is enough."""
    job = stand.job(case, subject, "repeat", count)
    return stand.workshop.survives(job.config | {"threshold": _THRESHOLD}, f"{kib}K") and job.arrived()
