"""What a case is: an answer, how it is asked for, and what must come of it. The tables are filled by two decorators."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .server import Answer

GOOD_HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
CHUNKED_HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@dataclass(frozen=True)
class Case:
    """`errors` empty: the answer must be given. `given` None: it must not. Both: either will do, but nothing else."""

    name: str
    answer: Answer
    given: tuple[int, bytes] | None = None  # status and body
    headers: dict[str, str] = field(default_factory=dict)  # those that must be among the answer's
    errors: tuple[str, ...] = ()  # one of these classes
    kept: bool | None = None  # whether the next request comes over the same connection; None: either
    method: str = "GET"
    options: dict[str, Any] = field(default_factory=dict)  # of Session.request

    def __str__(self) -> str:
        return self.name


def gives(
    table: list[Case],
    status: int = 200,
    body: bytes = b"hello",
    *,
    kept: bool | None = True,
    headers: dict[str, str] | None = None,
    method: str = "GET",
    or_fails: str | None = None,
) -> Callable[[Answer], Answer]:
    """Puts the decorated answer into `table`: this status and body must come of it, or else the error that is named."""

    def put(answer: Answer) -> Answer:
        errors = (or_fails,) if or_fails else ()
        table.append(Case(_name(answer), answer, (status, body), headers or {}, errors, kept, method))
        return answer

    return put


def fails(table: list[Case], *errors: str, method: str = "GET", **options: Any) -> Callable[[Answer], Answer]:
    """Puts the decorated answer into `table`: one of these errors must come of it.

    Where that may be TimedOut, the time-out is a second, and elsewhere so long that it is never the reason.
    """

    def put(answer: Answer) -> Answer:
        timeout = {"timeout": 1 if "TimedOut" in errors else 15}
        table.append(Case(_name(answer), answer, errors=errors, method=method, options=timeout | options))
        return answer

    return put


def _name(answer: Answer) -> str:
    return getattr(answer, "__name__", "?")
