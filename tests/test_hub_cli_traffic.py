"""The command line that makes requests go wrong, shows them, and opens the page; and the cloud's endpoints for it."""

import json
from typing import get_args

import httpx
import pytest

from tools.hub import LocalHub
from tools.hub.__main__ import main
from tools.hub.console_traffic import KINDS
from tools.hub.faults import Kind
from tools.hub.testing import TestDevice, call


@pytest.fixture(scope="module")
def hub():
    with LocalHub(cloud_key="cloud") as hub:
        yield hub


@pytest.fixture
def device(hub):
    device = TestDevice(hub.url)
    yield device
    hub.clear_faults()
    device.close()
    hub.delete(device.id)


def cloud(hub, method, path, **more):
    return call(method, f"{hub.url}/cloud/v1{path}", headers={"Authorization": "Bearer cloud"}, **more)


@pytest.fixture
def command(hub, capsys):
    """Runs a command in this process: what it prints; what it says on stderr when it fails."""

    def run(*arguments):
        capsys.readouterr()
        try:
            code = main([*arguments, "--hub", hub.url, "--key", "cloud"])
        except SystemExit as error:
            code = error.code
        output = capsys.readouterr()
        if code:
            assert (code, output.out, output.err.count("\n")) == (1, "", 1) and output.err.startswith("hub: ")
            return output.err
        assert not output.err
        return output.out

    return run


def test_fault_commands(hub, device, command):
    last = hub.fault("empty", count=1)
    hub.clear_faults()
    options = ["--device", device.id, "--method", "POST", "--path", "/telemetry", "--count", "1"]
    first = command("fault", "status", *options, "--status", "503", "--retry-after", "9")
    assert first == f"fault {last + 1}\n"
    command("fault", "drop", "--bytes", "20", "--skip", "5")
    command("fault", "stall", "--delay", "0.01", "--seconds", "500")
    listed = [json.loads(line) for line in command("faults").splitlines()]
    assert [each["kind"] for each in listed] == ["status", "drop", "stall"]
    assert listed[1] == {"number": last + 2, "kind": "drop", "skip": 5, "bytes": 20}
    answer = device.send()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "9")
    assert command("clear", str(last + 2)) == "cleared\n" and len(hub.faults()) == 1
    assert command("clear") == "cleared\n" and command("faults") == "none\n"


def test_limit_requests_and_page_commands(hub, device, command):
    assert device.id in command("rate-limit", "1", "--device", device.id)
    assert [device.send().status_code for _ in range(2)] == [200, 429]
    assert command("rate-limit", "off") == "any number of requests in 30 s, each device\n"
    assert device.send().status_code == 429  # its own limit stands
    command("rate-limit", "off", "--device", device.id)
    assert device.send().status_code == 200
    own = [json.loads(line) for line in command("requests", device.id).splitlines()]
    assert [each["status"] for each in own] == [200, 429, 429, 200]
    assert json.loads(command("requests", "--after", str(own[-2]["seq"]))) == own[-1]
    assert command("page") == f"{hub.page_url}\n"


@pytest.mark.parametrize(
    "arguments, word",
    [
        (("fault", "explode"), "explode"),
        (("fault", "drop"), "bytes"),
        (("fault", "delay", "--delay", "nan"), "nan"),
        (("fault", "refuse", "--device", "nobody"), "device_id"),
        (("clear", "9999999"), "number"),
        (("rate-limit", "0"), "requests"),
        (("rate-limit", "many"), "many"),
    ],
)
def test_commands_that_fail(command, arguments, word):
    assert word in command(*arguments)


def test_every_kind_is_known_to_the_command():
    assert tuple(KINDS.split()) == get_args(Kind)


def test_endpoints(hub, device):
    answer = cloud(hub, "POST", "/faults", json={"kind": "lose", "device_id": device.id, "count": 1})
    number = answer.json()["number"]
    assert answer.status_code == 200
    (fault,) = cloud(hub, "GET", "/faults").json()
    assert fault["number"] == number and fault["device_id"] == device.id and fault["seconds"] is None
    with pytest.raises(httpx.RemoteProtocolError):
        device.send()
    assert cloud(hub, "DELETE", f"/faults/{number}").json() == {"success": True}
    cloud(hub, "POST", "/faults", json={"kind": "refuse"})
    assert cloud(hub, "DELETE", "/faults").status_code == 200 and hub.faults() == []

    assert cloud(hub, "PUT", "/rate_limit", json={"requests": 1, "device_id": device.id}).status_code == 200
    assert [device.send().status_code for _ in range(2)] == [200, 429]
    assert cloud(hub, "PUT", "/rate_limit", json={"requests": None, "device_id": device.id}).status_code == 200
    assert device.send().status_code == 200
    recorded = cloud(hub, "GET", f"/requests?device_id={device.id}&after=1").json()
    assert recorded == hub.requests(device.id, 1) and recorded[-1]["status"] == 200


@pytest.mark.parametrize(
    "method, path, body, status, word",
    [
        ("POST", "/faults", {}, 400, "kind"),
        ("POST", "/faults", {"kind": "refuse", "hub": 1, "body": 2}, 400, "hub"),
        ("POST", "/faults", {"kind": "refuse", "count": None}, 400, "count"),
        ("POST", "/faults", {"kind": "refuse", "device_id": "nobody"}, 404, "device_id"),
        ("POST", "/faults", {"kind": "delay", "delay": "1"}, 400, "delay"),
        ("DELETE", "/faults/99999", None, 404, "number"),
        ("DELETE", "/faults/x", None, 404, "number"),
        ("DELETE", "/faults/%D9%A3", None, 404, "number"),
        ("DELETE", "/faults/" + "9" * 5000, None, 404, "number"),
        ("PUT", "/rate_limit", {}, 400, "requests"),
        ("PUT", "/rate_limit", {"requests": 0}, 400, "requests"),
        ("PUT", "/rate_limit", {"requests": True}, 400, "requests"),
        ("PUT", "/rate_limit", {"requests": 1, "device_id": "nobody"}, 404, "device_id"),
        ("GET", "/requests?after=-1", None, 400, "after"),
        ("GET", "/requests?after=x", None, 400, "after"),
    ],
)
def test_what_the_endpoints_refuse(hub, method, path, body, status, word):
    answer = cloud(hub, method, path, json=body)
    assert answer.status_code == status and word in answer.json()["error"]
    assert call(method, f"{hub.url}/cloud/v1{path}", json=body).status_code == 401
    assert hub.faults() == []
