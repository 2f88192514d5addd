"""What the tests of the whole share: a hub, and a virtual ESP32 with our software on its flash."""

import base64
import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from tools.board.board import VirtualBoard
from tools.deploy import deploy
from tools.hub.events import Event
from tools.hub.server import LocalHub
from tools.hub.testing import TestDevice

HARDWARE_KEY = "hk-never-to-be-shown"
WIFI_PASSWORD = "pw-never-to-be-shown"
_BEGIN = 'from telemetry import Agent\n\nagent = Agent.from_settings(version="1.0.0")\n'


# Files whose few tests take long: begun first, so that no worker is left with one at the end.
_LONG = (
    "end_to_end_update",
    "make",
    "every_step",
    "deploy",
    "bench",
    "end_to_end",
    "end_to_end_commands",
    "soak_network",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    long = [f"test_{name}.py" for name in _LONG]
    items.sort(key=lambda item: long.index(item.path.name) if item.path.name in long else len(long))


def eventually(condition: Callable[[], Any], timeout: float = 40.0) -> Any:
    """What `condition` gives, as soon as that is true. Fails when it does not come: a limit, not a measure."""
    end = time.monotonic() + timeout
    while not (value := condition()):
        if time.monotonic() > end:
            pytest.fail(f"did not come within {timeout} s: {condition}")
        time.sleep(0.05)
    return value


class Rig:
    """A hub and a board that was deployed to, not switched on yet. With `tls` they speak https."""

    def __init__(self, flash: Path, tls: bool = False) -> None:
        self.events: list[Event] = []
        self.ahead_s = 0.0  # how far the hub's clock is ahead
        self.on_event: Callable[[Event], object] = lambda event: None  # before the board has its answer
        self._lock = threading.Lock()
        self.hub = LocalHub(
            database=flash.with_suffix(".db"), on_event=self._keep, tls=tls, clock=lambda: time.time() + self.ahead_s
        )
        self.board = VirtualBoard(str(flash), ssid="virtual", password=WIFI_PASSWORD)
        self.hub.start()
        self.settings()

    def close(self) -> None:
        self.board.stop()
        self.hub.stop()

    def settings(self, **changes: Any) -> None:
        """Puts settings.json on the flash of the board, which must be off."""
        settings = {
            "wifi_ssid": "virtual",
            "wifi_password": WIFI_PASSWORD,
            "entry_url": self.hub.url,
            "hardware_key": HARDWARE_KEY,
            "interval": 1,
            "health": 0,  # most tests look at what main.py tells
        }
        if self.hub.ca is not None:
            settings["ca"] = base64.b64encode(self.hub.ca).decode()
        self.board.write_file("/settings.json", json.dumps(settings | changes).encode())

    def program(self, text: str) -> None:
        """Puts main.py on the flash of the board, which must be off: `text`, with an agent made before it and run after
        it."""
        self.board.write_file("/main.py", f"{_BEGIN}\n{dedent(text)}\nagent.run()\n".encode())

    def begin(self) -> str:
        """Switches the board on, and waits until it reports; gives its device's id."""
        self.board.start()
        self.more_telemetry(1)
        return self.state("/identity.json")["id"]

    def asked(self, device_id: str, request: str) -> int:
        """How many requests the hub saw that end so, as `GET /config`."""
        method, path = request.split(" ")
        sent = self.hub.requests(device_id)
        return sum(each["method"] == method and each["path"].endswith(path) for each in sent)

    def state(self, path: str) -> dict[str, Any]:
        """A state file as it is on flash now."""
        return json.loads(self.board.read_file(path))

    def count(self, kind: str) -> int:
        """How many events of this kind the hub saw so far."""
        with self._lock:
            return sum(event.kind == kind for event in self.events)

    def more_telemetry(self, count: int = 2) -> list[Event]:
        """Waits for so many new telemetries and gives them back."""
        before = self.count("telemetry")
        eventually(lambda: self.count("telemetry") >= before + count)
        with self._lock:
            return [event for event in self.events if event.kind == "telemetry"][before:]

    def device(self) -> dict[str, Any]:
        """The one device at the hub."""
        (device,) = self.hub.devices()
        return device

    def _keep(self, event: Event) -> None:
        with self._lock:
            self.events.append(event)
        self.on_event(event)


@pytest.fixture(scope="session")
def deployed_flash(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A flash that mpremote put our software on, over the serial port."""
    path = tmp_path_factory.mktemp("deployed") / "flash.img"
    with VirtualBoard(str(path)) as board:
        deploy(board.port, say=lambda text: None)
    return path


@pytest.fixture
def rig(request: pytest.FixtureRequest, deployed_flash: Path, tmp_path: Path) -> Iterator[Rig]:
    """`@pytest.mark.parametrize("rig", [True], indirect=True)` has it speak https."""
    flash = tmp_path / "flash.img"
    shutil.copyfile(deployed_flash, flash)
    a_rig = Rig(flash, tls=getattr(request, "param", False))
    try:
        yield a_rig
    finally:
        a_rig.close()


@pytest.fixture(scope="module")
def one_hub():
    with LocalHub() as hub:
        yield hub


@pytest.fixture
def hub(one_hub):
    """A hub without devices: one for all tests of a file, because starting and stopping it takes longer than a test."""
    yield one_hub
    while devices := one_hub.devices():  # anew each time: children go with their parent
        one_hub.delete(devices[0]["id"])


@pytest.fixture
def device(hub):
    device = TestDevice(hub.url)
    yield device
    device.close()
