"""The picture: a panel for each metric, a bar for each case and subject."""

from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tools.bench.bars import BARS
from tools.bench.cases import SUBJECTS, Row, value_of
from tools.bench.table import shown

# The same numbers must give the same bytes: no date, no random ids, text as text and not as outlines of a font.
matplotlib.use("Agg")
matplotlib.rcParams.update(
    {"svg.hashsalt": "bench", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 9}
)

COLOURS = {"ours": "#1f6feb", "stock": "#c9510c", "floor": "#8b949e"}
NAMES = {"ours": "ours: a whole agent", "stock": "stock requests", "floor": "floor: a socket loop by hand"}
_LIMIT = "what ours may take"
_HEADING = "One telemetry of 20 keys; full: all values have changed, delta: two of them"
_BOTH = ("http full", "http delta")
# Metric, heading, cases. Per telemetry, where it does not say otherwise.
PANELS = (
    ("heap_bytes", "Heap, bytes", _BOTH),
    ("instructions", "Instructions", _BOTH),
    ("bytes_up", "Bytes sent", _BOTH),
    ("connections", "Connections of a run", _BOTH),
    ("min_heap", "Smallest heap that is enough", _BOTH),
    ("median_us", "Time, \u00b5s, logarithmic", ("http full", "https full", "https delta")),
)


def draw(rows: list[Row], path: Path) -> None:
    """Writes the SVG."""
    figure = Figure(figsize=(9, 9), layout="constrained")
    for axes, (metric, heading, cases) in zip(figure.subplots(3, 2).flat, PANELS):
        _panel(axes, rows, metric, heading, cases)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    legend = dict(zip(labels, handles))  # each once
    figure.suptitle(_HEADING, fontsize=11)
    figure.legend(legend.values(), legend.keys(), loc="outside lower center", ncols=len(legend), frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, format="svg", metadata={"Date": None})


def _panel(axes: Axes, rows: list[Row], metric: str, heading: str, cases: tuple[str, ...]) -> None:
    height = 0.8 / len(SUBJECTS)
    most = 0.0
    for i, subject in enumerate(SUBJECTS):
        places = [case + (i - 1) * height for case in range(len(cases))]
        values = [value_of(rows, case, subject, metric) for case in cases]
        bars = axes.barh(places, [v or 0 for v in values], height * 0.9, color=COLOURS[subject], label=NAMES[subject])
        axes.bar_label(bars, [shown(metric, v) for v in values], padding=3)
        most = max([most, *(v for v in values if v)])
    for bar in BARS:
        if bar.metric == metric and bar.case in cases and not bar.of_stock:
            place = cases.index(bar.case) - height  # where ours is
            axes.plot([bar.limit] * 2, [place - height / 2, place + height / 2], "k", linewidth=1.5, label=_LIMIT)
    axes.set_yticks(range(len(cases)), cases)
    axes.invert_yaxis()
    axes.set_title(heading, loc="left", fontsize=10, fontweight="bold")
    if "logarithmic" in heading:
        axes.set_xscale("log")
        axes.set_xlim(10, (most or 1) * 10)
    else:
        axes.set_xlim(0, (most or 1) * 1.25)
    axes.xaxis.set_visible(False)  # each bar has its number
    axes.tick_params(left=False)
    axes.spines[["top", "right", "bottom"]].set_visible(False)
