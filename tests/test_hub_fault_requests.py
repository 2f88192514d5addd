"""The local hub's faults: which requests they hit, what is refused, and what is told and recorded."""

import time

import httpx
import pytest

from tools.hub import LocalHub, Refused, traffic
from tools.hub.testing import TestDevice, call, register


@pytest.fixture
def device(hub):
    device = TestDevice(hub.url)
    yield device
    hub.clear_faults()
    device.close()


def test_only_what_fits_is_hit(hub, device):
    other = TestDevice(hub.url, sn="SN-other")
    hub.fault("status", device.id, "get", "/files", status=500)
    assert device.request("GET", "/files").status_code == 500
    assert device.request("GET", "/files").status_code == 500  # until it is cleared
    assert device.request("POST", "/files").status_code == 405
    assert device.request("GET").status_code == 200
    assert other.request("GET", "/files").status_code == 200
    hub.clear_faults()
    assert device.request("GET", "/files").status_code == 200
    hub.fault("status", path="/v1/devices/*", status=500)  # the device itself, and nothing below it
    assert (device.request("GET").status_code, device.request("GET", "/files").status_code) == (500, 200)
    other.close()
    hub.delete(other.id)


def test_everybody_is_hit_but_the_cloud(hub, device):
    hub.fault("status", status=503)
    assert device.send().status_code == 503
    assert register(hub.url, sn="SN-new").status_code == 503
    headers = {"Authorization": f"Bearer {hub.cloud_key}"}
    assert call("GET", f"{hub.url}/cloud/v1/devices", headers=headers).status_code == 200
    assert call("GET", f"{hub.url}/openapi.json").status_code == 200
    assert len(hub.devices()) == 1
    newest = hub.requests()[-1]
    assert (newest["device_id"], newest["path"], newest["status"]) == (None, "/v1/devices", 503)


def test_skip_and_count(hub, device):
    number = hub.fault("status", device.id, status=500, skip=2, count=2)
    assert [device.send().status_code for _ in range(2)] == [200, 200]
    assert [(each["number"], each["skip"], each["count"]) for each in hub.faults()] == [(number, 0, 2)]
    assert [device.send().status_code for _ in range(3)] == [500, 500, 200]
    assert hub.faults() == []


def test_seconds(hub, device):
    hub.fault("status", device.id, status=500, seconds=0.01)
    hub.fault("status", device.id, status=503, seconds=600)
    time.sleep(0.05)
    assert device.send().status_code == 503
    (fault,) = hub.faults()
    assert fault["status"] == 503 and 0 < fault["seconds"] <= 600


def test_one_after_the_other(hub, device):
    """The order in which they were set; a request meets one of them."""
    first = hub.fault("status", device.id, status=500, count=1)
    second = hub.fault("status", device.id, status=503)
    third = hub.fault("status", device.id, status=401)
    assert first < second < third
    assert [device.send().status_code for _ in range(3)] == [500, 503, 503]
    hub.clear_faults(second)
    assert device.send().status_code == 401
    hub.clear_faults(first)  # long over
    assert [each["number"] for each in hub.faults()] == [third]
    assert hub.faults()[0] | {"kind": "status", "status": 401, "device_id": device.id} == hub.faults()[0]


@pytest.mark.parametrize(
    "asked, word",
    [
        ({"kind": "explode"}, "kind"),
        ({"kind": 1}, "kind"),
        ({"kind": "drop"}, "bytes"),
        ({"kind": "drop", "bytes": -1}, "bytes"),
        ({"kind": "drop", "bytes": 1.5}, "bytes"),
        ({"kind": "cut"}, "bytes"),
        ({"kind": "slow"}, "rate"),
        ({"kind": "slow", "rate": 0}, "rate"),
        ({"kind": "corrupt"}, "offset"),
        ({"kind": "corrupt", "offset": -1}, "offset"),
        ({"kind": "drop", "bytes": 1, "offset": 1}, "offset"),
        ({"kind": "delay"}, "delay"),
        ({"kind": "delay", "delay": -1}, "delay"),
        ({"kind": "delay", "delay": float("nan")}, "delay"),
        ({"kind": "stall", "delay": float("inf")}, "delay"),
        ({"kind": "status"}, "status"),
        ({"kind": "status", "status": 200}, "status"),
        ({"kind": "status", "status": 600}, "status"),
        ({"kind": "status", "status": 503, "retry_after": -1}, "retry_after"),
        ({"kind": "refuse", "status": 503}, "status"),
        ({"kind": "delay", "delay": 1, "retry_after": 1}, "retry_after"),
        ({"kind": "refuse", "colour": "red"}, "colour"),
        ({"kind": "refuse", "skip": -1}, "skip"),
        ({"kind": "refuse", "count": 0}, "count"),
        ({"kind": "refuse", "count": True}, "count"),
        ({"kind": "refuse", "seconds": 0}, "seconds"),
        ({"kind": "refuse", "method": "GE T"}, "method"),
        ({"kind": "refuse", "path": ""}, "path"),
    ],
    ids=str,
)
def test_faults_that_are_none(hub, asked, word):
    with pytest.raises(Refused, match=word) as refused:
        hub.fault(**asked)
    assert refused.value.status == 400
    assert hub.faults() == []


def test_faults_for_nobody(hub):
    with pytest.raises(Refused, match="device_id") as refused:
        hub.fault("refuse", device_id="nobody")
    assert refused.value.status == 404
    for number in (0, -1, 10_000):
        with pytest.raises(Refused, match="number") as refused:
            hub.clear_faults(number)
        assert refused.value.status == 404


# What is told


def test_a_fault_is_an_event():
    events = []
    with LocalHub(on_event=events.append) as hub:
        device = TestDevice(hub.url)
        number = hub.fault("stall", device.id, delay=0)
        device.send()
        told = [event for event in events if event.kind == "fault"]
        assert [event.kind for event in events] == ["registered", "fault", "telemetry"]
        assert told[0].device_id == device.id
        path = f"/v1/devices/{device.id}/telemetry"
        assert told[0].detail == {"fault": "stall", "number": number, "method": "POST", "path": path}
        device.close()


def test_the_last_requests(monkeypatch):
    assert traffic.KEPT == 200
    monkeypatch.setattr(traffic, "KEPT", 20)
    with LocalHub(clock=lambda: 1628063144.122) as hub:
        device, other = TestDevice(hub.url), TestDevice(hub.url, sn="SN-2")
        for n in range(25):
            device.send({"n": n})
        other.request("GET", "/files?page=1")
        kept = hub.requests(device.id)
        assert len(kept) == 20 and [each["seq"] for each in kept] == sorted(each["seq"] for each in kept)
        assert set(kept[0]) == {"seq", "at", "device_id", "method", "path", "status", "fault", "ms"}
        assert kept[0]["at"] == "2021-08-04T07:45:44.122Z" and kept[0]["path"] == f"/v1/devices/{device.id}/telemetry"
        everything = hub.requests()
        assert [each["device_id"] for each in everything[:2]] == [None, None]  # the two registrations
        assert everything[-1]["device_id"] == other.id and everything[-1]["path"].endswith("/files")
        assert hub.requests(after=everything[-2]["seq"]) == everything[-1:]
        assert hub.requests("nobody") == []
        device.request("GET", key="wrong")
        device.request("DELETE")
        device.send()
        assert [each["status"] for each in hub.requests(device.id)[-3:]] == [401, 200, 401]
        assert not any(device.key in str(each) for each in hub.requests())
        device.close()
        other.close()


def test_the_record_is_bounded_for_made_up_ids(monkeypatch):
    monkeypatch.setattr(traffic, "_DEVICES", 20)
    with LocalHub() as hub, httpx.Client(trust_env=False) as client:
        for n in range(30):
            client.get(f"{hub.url}/v1/devices/made-up-{n}")
        assert len(hub.requests()) == 20
