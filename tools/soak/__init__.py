"""The promises of years, tried in hours: power cuts, bad networks, a long time, bad input. `make soak` runs all of it
in full and prints a table; tests/test_soak_*.py run the same in short."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """A line of the table: what was tried, how often, and what came of it."""

    what: str
    tried: str
    result: str
