"""What is measured in one run, how often, and in which order."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from tools.bench import callgrind, measure, sizes, updates
from tools.bench.cases import CASES, METRICS, SUBJECTS, Case, Row
from tools.bench.stand import Stand

MEASURES = ("heap", "instructions", "min", "time", "size", "update")
Measured = Callable[[Stand], dict[str, float]]


@dataclass(frozen=True)
class Plan:
    """`count`: telemetries of a process. `few`, `many`: those of the two runs whose instructions are compared. A
    handshake takes so long that the stock https, which has one each time, has numbers of its own."""

    cases: tuple[Case, ...] = CASES
    subjects: tuple[str, ...] = SUBJECTS
    measures: tuple[str, ...] = MEASURES
    count: int = 200
    few: int = 20
    many: int = 220
    slow_count: int = 200
    slow_few: int = 1
    slow_many: int = 3
    heaps_of: tuple[str, ...] = SUBJECTS  # whose smallest heap is looked for

    def pairs(self) -> list[tuple[Case, str]]:
        """Each case with each subject, those that take longest first, so that side by side they end together."""
        pairs = [(case, subject) for case in self.cases for subject in self.subjects]
        return sorted(pairs, key=lambda pair: not is_slow(*pair))


def times_on_hub(stand: Stand, plan: Plan) -> list[Row]:
    """Median times with the local hub's own work in them; for the foot of the table."""
    rows = []
    for case, subject in plan.pairs():
        if "time" in plan.measures and not case.delta:
            count = max(plan.slow_count // 5, 2) if is_slow(case, subject) else plan.count
            rows += _rows(case, subject, {"median_us": measure.hub_median_us(stand, case, subject, count)})
    return sorted(rows, key=_place)


def is_slow(case: Case, subject: str) -> bool:
    """Whether each telemetry has a handshake."""
    return subject == "stock" and case.scheme == "https"


def run(stand: Stand, plan: Plan, say: Callable[[str], object]) -> list[Row]:
    """Everything, ordered as the table is; `say` hears what is done."""
    rows: list[Row] = []
    # What counts may be done side by side, times are taken while nothing else of ours runs.
    say("counting")
    with ThreadPoolExecutor(os.cpu_count()) as workers:
        jobs = [(case, subject, workers.submit(job, stand)) for case, subject, job in _counted(plan)]
        for case, subject, done in jobs:
            rows += _rows(case, subject, done.result())
    if "time" in plan.measures:
        say("taking times")
        for case, subject in plan.pairs():
            count = plan.slow_count if is_slow(case, subject) else plan.count
            rows += _rows(case, subject, measure.median_us(stand, case, subject, count))
    rows.sort(key=_place)
    if "size" in plan.measures:
        rows += sizes.rows(stand)
    if "update" in plan.measures:
        say("updating")
        rows += updates.rows(stand)
    return rows


def _counted(plan: Plan) -> Iterator[tuple[Case, str, Measured]]:
    for case, subject in plan.pairs():
        slow = is_slow(case, subject)
        if "instructions" in plan.measures and callgrind.is_there():
            few, many = (plan.slow_few, plan.slow_many) if slow else (plan.few, plan.many)
            yield case, subject, partial(measure.instructions, case=case, subject=subject, few=few, many=many)
        count = plan.slow_count if slow else plan.count
        if "heap" in plan.measures:
            yield case, subject, partial(measure.traffic_and_heap, case=case, subject=subject, count=count)
        # TLS has its memory outside of MicroPython's heap here, as it has not on a board: it would tell nothing.
        if "min" in plan.measures and case.scheme == "http" and subject in plan.heaps_of:
            yield case, subject, partial(measure.smallest_heap, case=case, subject=subject, count=count)


def _rows(case: Case, subject: str, values: dict[str, float]) -> list[Row]:
    return [Row(str(case), subject, metric, value) for metric, value in values.items()]


def _place(row: Row) -> tuple[int, int, int]:
    cases = [str(case) for case in CASES]
    return cases.index(row.case), SUBJECTS.index(row.subject), list(METRICS).index(row.metric)
