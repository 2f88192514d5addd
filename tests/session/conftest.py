"""What the tests of `Session` share: MicroPython processes, and servers that are closed in the end."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from byte_server import ByteServer
from session.certificates import Authority
from session.device import Device


@pytest.fixture(scope="package")
def processes() -> Iterator[dict[str, Device]]:
    """Heap size -> a process with such a heap, shared by the tests one after another."""
    kept: dict[str, Device] = {}
    yield kept
    for process in kept.values():
        process.stop()


@pytest.fixture
def with_heap(processes: dict[str, Device]) -> Iterator[Callable[[str], Device]]:
    """Gives a device with that heap and a new session."""
    used = []

    def give(heap: str) -> Device:
        if heap not in processes or not processes[heap].alive:
            processes[heap] = Device(heap)
        processes[heap].ask("use")
        used.append(processes[heap])
        return processes[heap]

    yield give
    for process in used:
        if process.alive:
            process.ask("use")  # the test's session is closed


@pytest.fixture
def device(with_heap: Callable[[str], Device]) -> Device:
    """A device with a heap like a board's. Words are twice as wide here, so it has twice the bytes."""
    return with_heap("96K")


@pytest.fixture
def fresh_device() -> Iterator[Device]:
    """A device that was just switched on: for what nearly fills its heap, however the tests before it left theirs."""
    with Device() as process:
        process.ask("use")
        yield process


@pytest.fixture
def big_device(with_heap: Callable[[str], Device]) -> Device:
    """A device for bodies that no board could hold."""
    return with_heap("4M")


@pytest.fixture
def serve() -> Iterator[Callable[..., ByteServer]]:
    """Starts a server as `ByteServer` does; it is closed when the test ends."""
    with ExitStack() as servers:

        def start(*answers: Any, **options: Any) -> ByteServer:
            return servers.enter_context(ByteServer(*answers, **options))

        yield start


@pytest.fixture(scope="package")
def ca() -> Authority:
    """The CA that the device knows."""
    return Authority()


@pytest.fixture
def knowing(device: Device, ca: Authority) -> Device:
    """A device that knows only this CA."""
    device.ask("use", ca=ca.der_hex)
    return device
