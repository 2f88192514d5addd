"""What became of every telemetry of a board: what it says it has sent, what the hub has, and whether the two agree.
Pure: what happened comes as values."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

SLOWLY = 7  # telemetries, after which the board's value `slow` has changed
_TOLERANCE_MS = 1000  # of the time that a telemetry was taken


@dataclass(frozen=True)
class Arrival:
    """A telemetry as the hub took it. `timestamp`: None if the hub was to date it."""

    number: int
    timestamp: str | None
    values: dict[str, Any]
    override: bool


@dataclass
class Ledger:
    """Telemetries go by their number. `taken`: when, by the board's ticks. `acknowledged`: those of whose arrival the
    board was told. `kept`: those that were to wait. `drops`: each time that some were dropped, how many, and how many
    still waited then."""

    since_ms: int  # from 1970 to the board's tick 0
    arrivals: list[Arrival] = field(default_factory=list)  # in the order in which the hub took them
    acknowledged: list[int] = field(default_factory=list)
    kept: list[int] = field(default_factory=list)
    drops: list[tuple[int, int]] = field(default_factory=list)
    taken: dict[int, int] = field(default_factory=dict)

    @property
    def dropped(self) -> int:
        return sum(count for count, _ in self.drops)

    @property
    def twice(self) -> int:
        """How many arrived that had arrived before."""
        return len(self.arrivals) - len({each.number for each in self.arrivals})

    @property
    def late(self) -> int:
        """How many arrived with a time of their own, as they had waited."""
        return len({each.number for each in self.arrivals if each.timestamp})

    @property
    def gap_s(self) -> float:
        """The longest time between two telemetries, whatever the network did."""
        times = [self.taken[number] for number in sorted({*self.acknowledged, *self.kept})]
        return max(after - before for before, after in zip(times, times[1:])) / 1000

    def check(self, room: int, gap_s: float, is_latest: bool = False) -> None:
        """Raises AssertionError, naming the telemetry. `room`: so many the outbox surely holds. `gap_s`: so long at
        most between two. `is_latest`: only the newest was to wait."""
        self._check_none_lost(is_latest)
        self._check_twice()
        self._check_order()
        self._check_times()
        self._check_states()
        for count, waiting in self.drops:
            assert waiting >= room, f"{count} dropped while only {waiting} waited, and there is room for {room}"
        assert self.gap_s <= gap_s, f"no telemetry for {self.gap_s} s"

    def _check_none_lost(self, is_latest: bool) -> None:
        # One that was taken between two that were due may go when it fails to arrive: only those that were sent or kept
        # count here, and that there are enough of these is for the gaps to show.
        arrived = {each.number for each in self.arrivals}
        acknowledged = set(self.acknowledged)
        lost = acknowledged - arrived
        assert not lost, f"the hub has answered, but has not: {sorted(lost)}"
        unknown = arrived - self.taken.keys()
        assert not unknown, f"never taken: {sorted(unknown)}"
        left = [] if is_latest else sorted(set(self.kept) - acknowledged)
        assert len(left) == self.dropped, f"dropped are {self.dropped}, but these were not sent: {left}"

    def _check_twice(self) -> None:
        first: dict[int, Arrival] = {}
        for each in self.arrivals:
            before = first.setdefault(each.number, each)
            assert each.values == before.values, f"it came again, but otherwise: {before}, {each}"
            stamps = {each.timestamp, before.timestamp} - {None}
            assert len(stamps) < 2, f"it came again with another time: {before}, {each}"

    def _check_order(self) -> None:
        _check_rising("of those that waited", [each.number for each in self.arrivals if each.timestamp])
        _check_rising("of those sent at once", [each.number for each in self._news() if not each.timestamp])

    def _check_times(self) -> None:
        for each in self.arrivals:
            if each.timestamp:
                stamp = datetime.strptime(each.timestamp, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
                off = round(stamp.timestamp() * 1000) - self.since_ms - each.values["t"]
                assert abs(off) <= _TOLERANCE_MS, f"its time is {off} ms off: {each}"

    def _check_states(self) -> None:
        # What is sent at once is how things are, and so must be what the hub then has. What the network held back may
        # undo that, as the hub cannot tell that it is old; nor can the board do anything about it.
        state: dict[str, Any] = {}
        highest = 0
        for each in self._news():
            state = ({} if each.override else state) | each.values
            if each.timestamp is None and each.number > highest:
                slow = each.number // SLOWLY
                assert state.get("slow") == slow, f"the hub has slow={state.get('slow')} after it, not {slow}: {each}"
            highest = max(highest, each.number)

    def _news(self) -> list[Arrival]:
        # What the network held back for long comes again after it was sent again.
        first: dict[int, Arrival] = {}
        for each in self.arrivals:
            first.setdefault(each.number, each)
        return list(first.values())  # a dict keeps the order


def _check_rising(what: str, numbers: Sequence[int]) -> None:
    # What came before may come again, later than others.
    highest = 0
    seen: set[int] = set()
    for number in numbers:
        assert number > highest or number in seen, f"out of order, {what}: {number} after {highest}"
        seen.add(number)
        highest = max(highest, number)
