"""The table as text."""

from tools.bench import updates as firmware
from tools.bench.bars import Verdict
from tools.bench.cases import CASES, METRICS, SUBJECTS, Row, value_of

NOT_MEASURED = "-"
_FOOT = """\
One telemetry of 20 mixed keys, {count} of them by one process, all against one local hub. "full": all values change
from one to the next; "delta": two of them do. Stock, the `requests` that is in MicroPython, always sends all, and
verifies no certificate. The floor is a socket loop written by hand for this one message; it checks nothing. Ours is a
whole `agent.step()`: values checked, what changed found, the reply read and acted on (one
that is the one before, byte for byte, is not parsed anew). The full message that ours
sends now and then by itself is counted in as it falls. All is compiled to .mpy. Words have 64 bits here: on an ESP32
heap takes about half.
The first telemetry opens the connection, and with it ours replaces the hub's state: it is in the connections and
handshakes, not in heap, instructions and time. Bytes are TCP's payload, each telemetry's share: over http without the
first, over https with it, TLS records and every handshake. Heap: gc.mem_alloc() with the collector off. Instructions:
callgrind, a shorter run taken from a longer one. Smallest heap: -X heapsize, by bisection. Time: the median, against a
server that gives the hub's answer at once, because the local hub's own work would hide the difference."""

_UPDATES = """\
A bundle over https, from the first byte to the restart. Heap: gc.mem_alloc() after a collection at each KiB, beyond
that of an agent that is connected; code is the library's modules that are loaded just then, names that they bring
apart, and data all else: buffers, the window of deflate, open files. Flash: LittleFS2 with MicroPython's own sizes,
blocks of 4096 bytes, writes as the driver makes them. The plain download keeps nothing."""


def table(rows: list[Row]) -> str:
    """A line for each case and subject, a column for each metric."""
    lines = [["", "", *METRICS.values()]]
    for case in CASES:
        for subject in SUBJECTS:
            values = [value_of(rows, str(case), subject, metric) for metric in METRICS]
            if any(value is not None for value in values):
                lines.append([str(case), subject, *(shown(m, v) for m, v in zip(METRICS, values))])
    return _aligned(lines)


def foot(count: int, on_hub: list[Row]) -> str:
    """What the numbers of the table are. `on_hub`: times with the hub's own work in them."""
    text = _FOOT.format(count=count)
    for case in dict.fromkeys(row.case for row in on_hub):
        times = (f"{row.subject} {shown(row.metric, row.value)} us" for row in on_hub if row.case == case)
        text += f"\nWith it, {case}: {', '.join(times)}."
    return text


def sizes(rows: list[Row]) -> str:
    """A line for each module and set, and the heap that the library takes at the start."""
    lines = [["", ".mpy bytes"]]
    lines += [[row.subject, f"{row.value:,.0f}"] for row in rows if row.case == "size"]
    lines += [["", "heap bytes"]]
    lines += [[row.subject, f"{row.value:,.0f}"] for row in rows if row.case == "start"]
    return _aligned(lines, names=1)


def updates(rows: list[Row]) -> str:
    """A line for each size of a firmware."""
    metrics = firmware.METRICS
    lines = [["", *metrics.values()]]
    for case in map(firmware.case_of, firmware.SIZES_KIB):
        values = [value_of(rows, case, "ours", metric) for metric in metrics]
        lines.append([case, *(f"{value:,}" if value is not None else NOT_MEASURED for value in values)])
    return _aligned(lines, names=1) + "\n" + _UPDATES


def bars(verdicts: list[Verdict]) -> str:
    """A line for each bar: what it is about, limit, value, and whether it was kept."""
    lines = [["", "", "", "limit", "value", ""]]
    for verdict in verdicts:
        bar = verdict.bar
        said = "not measured" if verdict.value is None or verdict.limit is None else "ok"
        lines.append(
            [
                bar.case,
                bar.subject,
                (METRICS | firmware.METRICS).get(bar.metric, ".mpy bytes"),
                shown(bar.metric, verdict.limit),
                shown(bar.metric, verdict.value),
                "MISSED" if verdict.missed else said,
            ]
        )
    return _aligned(lines, names=3)


def shown(metric: str, value: float | None) -> str:
    """A value for people."""
    if value is None:
        return NOT_MEASURED
    return f"{value / 1024:,.0f} KiB" if metric == "min_heap" else f"{value:,.0f}"


def _aligned(lines: list[list[str]], names: int = 2) -> str:
    """The first `names` columns to the left, the others, numbers, to the right."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(w) if i < names else cell.rjust(w) for i, (cell, w) in enumerate(zip(line, widths))
        ).rstrip()
        for line in lines
    )
