"""Every answer of the byte server's tables: it is given or refused in time, nothing stays open, the next one works."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from byte_server import ByteServer, Connection
from byte_server.broken import BROKEN
from byte_server.case import Case
from byte_server.doubtful import DOUBTFUL
from byte_server.endless import ENDLESS
from byte_server.good import GOOD
from byte_server.leftover import LEFTOVER
from byte_server.lying import LYING
from byte_server.not_http import NOT_HTTP
from session.device import Device, DeviceError

CASES = ENDLESS + GOOD + DOUBTFUL + LEFTOVER + BROKEN + LYING + NOT_HTTP  # those that wait for a time-out first
_AT_ONCE = 8


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest) -> Iterator[dict[str, Future[None]]]:
    """All cases that were asked for, several at a time, because the slow ones only wait."""
    items = [item for item in request.session.items if item.path == request.path and hasattr(item, "callspec")]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        cases = [item.callspec.params["case"] for item in items]
        yield {case.name: pool.submit(_run, case) for case in cases}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_answer(case: Case, outcomes: dict[str, Future[None]]) -> None:
    outcomes[case.name].result()


def test_each_case_has_its_own_name() -> None:
    assert len({case.name for case in CASES}) == len(CASES)


def _run(case: Case) -> None:
    # A process of its own: what else ran before is no part of the case.
    with Device() as device, ByteServer(case.answer) as server:
        device.ask("use")
        _check(case, device, server)


def _check(case: Case, device: Device, server: ByteServer) -> None:
    fds = device.ask("fds")
    try:
        answer = device.request(case.method, server.url + "/case", **({"timeout": 15} | case.options))
    except DeviceError as error:
        assert set(case.errors) & {error.name, *error.kinds}, error
        assert "NetworkError" in error.kinds, error
        assert 0 < len(error.text) <= 300, error.text  # it is for a console
        _all_is_closed(device, server, fds)
        kept: bool | None = False
    else:
        assert case.given, f"{case.errors} expected, but {answer}"
        assert (answer.status, answer.content) == case.given
        assert case.headers.items() <= (answer.headers or {}).items()
        kept = case.kept
    server.heal()
    for _ in range(2):
        answer = device.get(server.url + "/next", timeout=30)
        assert (answer.status, answer.content) == (200, b"next")
    (used,) = [connection for connection in server.connections if "/next" in targets(connection)]
    assert targets(used)[-2:] == ["/next", "/next"]
    if kept is not None:
        assert ("/case" in targets(used)) is kept
    device.ask("close")
    _all_is_closed(device, server, fds)


def targets(connection: Connection) -> list[str]:
    return [request.target for request in connection.requests]


def _all_is_closed(device: Device, server: ByteServer, fds: int) -> None:
    assert device.ask("fds") == fds
    for connection in server.connections:
        assert connection.cut or connection.client_gone.wait(30)
