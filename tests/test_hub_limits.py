"""The local hub's general limit: so many requests of a device in 30 s, over all of its endpoints."""

import threading

import pytest

from tools.hub import LocalHub, Refused
from tools.hub.limits import RateLimits
from tools.hub.testing import TestDevice, call


class Clock:
    def __init__(self):
        self.now = 1_700_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def hub(clock):
    with LocalHub(clock=clock) as hub:
        yield hub


@pytest.fixture
def device(hub):
    device = TestDevice(hub.url)
    yield device
    device.close()


def test_it_is_off(device):
    assert {device.send().status_code for _ in range(60)} == {200}


def test_it_counts_over_all_endpoints(hub, device, clock):
    hub.set_rate_limit(4)
    for request in (device.send, lambda: device.request("GET", "/files"), lambda: device.request("GET")):
        assert request().status_code == 200
        clock.now += 5
    assert device.send(status="?").status_code == 400  # counts as well
    answer = device.request("GET", "/files")
    assert answer.status_code == 429 and answer.headers["retry-after"] == "15"
    assert answer.headers["content-type"] == "application/json" and list(answer.json()) == ["error"]
    assert device.request("GET", "/nothing").status_code == 429
    clock.now += 14.5
    assert device.send().headers["retry-after"] == "1"
    clock.now += 0.5
    assert device.send().status_code == 200  # the first has left the window, and no other
    assert device.send().headers["retry-after"] == "5"


def test_who_waits_as_told_gets_in(hub, device, clock):
    hub.set_rate_limit(1)
    for n in range(5):
        assert device.send({"n": n}).status_code == 200
        clock.now += 0.3
        wait_s = int(device.send().headers["retry-after"])
        assert wait_s == 30
        clock.now += wait_s


def test_each_device_by_itself(hub, device):
    other = TestDevice(hub.url, sn="SN-2")
    hub.set_rate_limit(2)
    hub.set_rate_limit(1, other.id)
    assert [device.send().status_code for _ in range(3)] == [200, 200, 429]
    assert [other.send().status_code for _ in range(2)] == [200, 429]
    TestDevice(hub.url, sn="SN-3").close()  # who registers is no device yet
    hub.set_rate_limit(None, other.id)
    assert [other.send().status_code for _ in range(5)] == [200] * 5
    assert device.send().status_code == 429
    hub.set_rate_limit(None)
    assert device.send().status_code == 200
    headers = {"Authorization": f"Bearer {hub.cloud_key}"}
    hub.set_rate_limit(1)
    for _ in range(3):
        assert call("GET", f"{hub.url}/cloud/v1/devices/{device.id}", headers=headers).status_code == 200
    other.close()


def test_a_limit_that_is_lowered_below_what_was_counted(hub, device, clock):
    hub.set_rate_limit(5)
    for _ in range(5):
        device.send()
        clock.now += 2
    hub.set_rate_limit(2)
    assert device.send().headers["retry-after"] == "26"  # when only one of the five is left in the window
    clock.now += 26
    assert device.send().status_code == 200
    assert device.send().status_code == 429


def test_a_clock_that_is_set_back_locks_nobody_out(hub, device, clock):
    hub.set_rate_limit(1)
    assert device.send().status_code == 200
    clock.now -= 86_400
    assert device.send().status_code == 200
    assert device.send().status_code == 429


def test_from_the_start_and_after_a_restart(clock):
    hub = LocalHub(clock=clock, rate_limit=1)
    for _ in range(2):
        with hub:
            device = TestDevice(hub.url)
            assert [device.send().status_code for _ in range(2)] == [200, 429]
            device.close()


def test_it_is_told(clock):
    events = []
    with LocalHub(clock=clock, rate_limit=1, on_event=events.append) as hub:
        device = TestDevice(hub.url)
        device.send()
        device.send()
        refused = events[-1]
        assert (refused.kind, refused.device_id, refused.detail["status"]) == ("refused", device.id, 429)
        assert "many requests" in refused.detail["error"] and refused.detail["path"].endswith("/telemetry")
        assert [each["status"] for each in hub.requests(device.id)] == [200, 429]
        device.close()


def test_a_fault_comes_first(hub, device):
    hub.set_rate_limit(1)
    hub.fault("refuse", device.id, count=3)
    for _ in range(3):
        with pytest.raises(Exception, match="disconnected"):
            device.send()
    assert device.send().status_code == 200  # what the hub never acted on was not counted
    hub.fault("lose", device.id, count=1)
    with pytest.raises(Exception, match="disconnected"):
        device.send()
    assert len(hub.telemetries(device.id)) == 1


@pytest.mark.parametrize("requests", [0, -1, 1.5, "7", 10**9])
def test_limits_that_are_none(hub, requests):
    with pytest.raises(Refused, match="requests"):
        hub.set_rate_limit(requests)
    with pytest.raises(Refused, match="requests"):
        LocalHub(rate_limit=requests).start()


def test_a_limit_for_nobody(hub):
    with pytest.raises(Refused, match="device_id") as refused:
        hub.set_rate_limit(1, "nobody")
    assert refused.value.status == 404


def test_many_at_once(hub, device):
    hub.set_rate_limit(20)
    statuses = []

    def send():
        statuses.extend(call("GET", device.url, headers={"Authorization": device.key}).status_code for _ in range(10))

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] * 20 + [429] * 20


def test_what_is_kept_of_made_up_ids():
    limits = RateLimits(5)
    for n in range(5000):
        assert limits.wait_s(f"made-up-{n}", n / 10) is None
    assert len(limits._counted) < 1500
