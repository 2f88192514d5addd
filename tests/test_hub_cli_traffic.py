"""The command line that makes requests go wrong, shows them, and opens the page; and the cloud's endpoints for it."""

import json
import threading

import httpx
import pytest

from tests.test_hub_cli import Serve, failed, run
from tools.hub import LocalHub
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


def test_commands(tmp_path):
    with Serve(tmp_path) as serve:
        threading.Thread(target=lambda: [serve.line() for _ in range(1000)], daemon=True).start()
        device = serve.device()
        options = ["--device", device.id, "--method", "POST", "--path", "/telemetry", "--count", "1"]
        assert run(tmp_path, "fault", "status", *options, "--status", "503", "--retry-after", "9").stdout == "fault 1\n"
        assert run(tmp_path, "fault", "drop", "--bytes", "20", "--skip", "5").stdout == "fault 2\n"
        assert run(tmp_path, "fault", "stall", "--delay", "0.01", "--seconds", "500").stdout == "fault 3\n"
        listed = [json.loads(line) for line in run(tmp_path, "faults").stdout.splitlines()]
        assert [(each["number"], each["kind"]) for each in listed] == [(1, "status"), (2, "drop"), (3, "stall")]
        assert listed[1] == {"number": 2, "kind": "drop", "skip": 5, "bytes": 20}
        answer = device.send()
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "9")
        assert run(tmp_path, "clear", "2").stdout == run(tmp_path, "clear").stdout == "cleared\n"
        assert run(tmp_path, "faults").stdout == "none\n"
        assert device.send().status_code == 200

        assert run(tmp_path, "rate-limit", "1", "--device", device.id).returncode == 0
        assert device.send().status_code == 429
        assert run(tmp_path, "rate-limit", "off").returncode == 0
        assert device.send().status_code == 429  # its own limit stands
        assert run(tmp_path, "rate-limit", "off", "--device", device.id).returncode == 0
        assert device.send().status_code == 200

        own = [json.loads(line) for line in run(tmp_path, "requests", device.id).stdout.splitlines()]
        assert [each["status"] for each in own] == [503, 200, 429, 429, 200]
        later = run(tmp_path, "requests", "--after", str(own[-2]["seq"])).stdout
        assert json.loads(later) == own[-1]

        url = run(tmp_path, "page").stdout.strip()
        assert url.startswith(f"{serve.url}/?key=")
        assert call("GET", url, serve.ca).status_code == 303
        assert url.partition("=")[2] not in "\n".join(serve.lines)
        device.close()


def test_what_is_no_fault(tmp_path):
    with Serve(tmp_path):
        failed(run(tmp_path, "fault", "explode"), "explode")
        failed(run(tmp_path, "fault", "drop"), "bytes")
        failed(run(tmp_path, "fault", "delay", "--delay", "nan"), "nan")
        failed(run(tmp_path, "fault", "refuse", "--device", "nobody"), "device_id")
        failed(run(tmp_path, "clear", "77"), "number")
        failed(run(tmp_path, "rate-limit", "0"), "requests")
        failed(run(tmp_path, "rate-limit", "many"), "many")


def test_every_kind_is_known_to_the_command(tmp_path):
    from typing import get_args

    from tools.hub.console_traffic import KINDS
    from tools.hub.faults import Kind

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
    assert [device.send().status_code for _ in range(2)] == [429, 429]  # the lost one was counted
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
