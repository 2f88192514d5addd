"""The local hub's faults, as a device meets them: over real connections, http and https."""

import json
import socket
import ssl
import threading
import time

import httpx
import pytest

from tools.hub import LocalHub, Refused
from tools.hub.client import trust
from tools.hub.testing import TestDevice, call, register


@pytest.fixture(scope="module", params=[False, True], ids=["http", "https"])
def hub(request):
    with LocalHub(tls=request.param) as hub:
        yield hub


@pytest.fixture
def device(hub):
    device = TestDevice(hub.url, hub.ca)
    yield device
    hub.clear_faults()
    device.close()
    hub.delete(device.id)


class Tls:
    """TLS over a socket by hand, because Python's own hides how the TCP connection below it ended."""

    def __init__(self, client, ca):
        self._client = client
        self._from, self._to = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = ssl.create_default_context(cadata=ca)
        self._tls = context.wrap_bio(self._from, self._to, server_hostname="127.0.0.1")
        self._until_done(self._tls.do_handshake)

    def sendall(self, data):
        self._tls.write(data)
        self._client.sendall(self._to.read())

    def recv(self, size):
        try:
            return self._until_done(lambda: self._tls.read(size))
        except ssl.SSLZeroReturnError:  # the hub said that it closes; then it does
            self._client.shutdown(socket.SHUT_WR)
            return self._client.recv(1)

    def _until_done(self, action):
        while True:
            try:
                result = action()
            except ssl.SSLWantReadError:
                self._client.sendall(self._to.read())
                data = self._client.recv(65536)
                self._from.write(data) if data else self._from.write_eof()
            else:
                self._client.sendall(self._to.read())
                return result


def exchange(hub, device, body=b'{"status": "online"}', path="/telemetry", method="POST"):
    """All bytes that come back for one request, and whether the connection ended by a reset."""
    head = f"{method} /v1/devices/{device.id}{path} HTTP/1.1\r\nHost: hub\r\nAuthorization: {device.key}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    received = b""
    with socket.create_connection(("127.0.0.1", hub.port), timeout=60) as client:
        stream = Tls(client, hub.ca) if hub.ca else client
        stream.sendall(head.encode() + body)
        try:
            while data := stream.recv(65536):
                received += data
        except ConnectionResetError:
            return received, True
    return received, False


def records(hub, device):
    return [(each["status"], each["fault"]) for each in hub.requests(device.id)]


def test_closed_without_an_answer(hub, device):
    hub.fault("refuse", device.id, count=1)
    assert exchange(hub, device) == (b"", False)
    assert hub.telemetries(device.id) == []
    hub.fault("lose", device.id, count=1)
    assert exchange(hub, device) == (b"", False)
    assert len(hub.telemetries(device.id)) == 1
    assert device.send().status_code == 200
    assert records(hub, device) == [(None, "refuse"), (None, "lose"), (200, None)]


def test_reset(hub, device):
    hub.fault("reset", device.id, count=1)
    assert exchange(hub, device) == (b"", True)
    assert hub.telemetries(device.id) == []
    assert records(hub, device) == [(None, "reset")]


def test_a_large_body_is_read_before_the_connection_closes(hub, device):
    body = json.dumps({"status": "online", "telemetries": {str(n): "x" * 900 for n in range(130)}}).encode()
    for kind, ended in (("refuse", (b"", False)), ("reset", (b"", True))):
        hub.fault(kind, device.id, count=1)
        assert exchange(hub, device, body) == ended


@pytest.mark.parametrize("bytes", [0, 1, 15, 60, 150])
def test_the_answer_breaks_off(hub, device, bytes):
    hub.fault("drop", device.id, count=1, bytes=bytes)
    received, reset = exchange(hub, device)
    assert len(received) == bytes and b"HTTP/1.1 200 OK\r\n".startswith(received[:17]) and not reset
    assert len(hub.telemetries(device.id)) == 1
    assert records(hub, device) == [(None, "drop")]


def test_an_answer_that_is_shorter_than_where_it_breaks_off(hub, device):
    hub.fault("drop", device.id, count=1, bytes=100_000)
    received, _ = exchange(hub, device)  # it is whole, and the connection closes
    assert json.loads(received.partition(b"\r\n\r\n")[2])["success"] is True


def test_a_kept_connection_is_lost_and_replaced(hub, device):
    device.send()
    hub.fault("lose", device.id, "POST", "/telemetry", skip=1, count=1)
    assert device.send().status_code == 200
    with pytest.raises(httpx.RemoteProtocolError):
        device.send({"lost": 1})
    assert device.send().status_code == 200
    assert hub.device(device.id)["state"]["lost"] == 1
    assert [status for status, _ in records(hub, device)] == [200, 200, None, 200]


def test_a_download_breaks_off(hub, device):
    file = hub.publish("1.1.0", b"x" * 3_000_000)
    url = device.request("GET", f"/files/{file['id']}").json()["url"]
    hub.fault("drop", path="/files/*", bytes=2_000_000, count=1)
    assert device.request("GET", f"/files/{file['id']}").status_code == 200  # `*` is of the whole path
    received = 0
    with (
        httpx.Client(verify=trust(hub.url, hub.ca), trust_env=False) as client,
        pytest.raises(httpx.RemoteProtocolError),
        client.stream("GET", url) as answer,
    ):
        for part in answer.iter_raw():
            received += len(part)
    assert 1_999_000 < received < 2_000_000
    assert len(call("GET", url, hub.ca).content) == 3_000_000
    last = hub.requests()[-2:]
    assert [(each["path"], each["status"], each["device_id"]) for each in last] == [
        ("/files/*", None, None),
        ("/files/*", 200, None),
    ]
    assert url.rpartition("/")[2] not in str(hub.requests())


def test_delay_and_stall(hub, device):
    for kind in ("delay", "stall"):
        hub.fault(kind, device.id, count=1, delay=0.5)
        start = time.monotonic()
        assert device.send().status_code == 200
        assert time.monotonic() - start >= 0.5
        assert hub.requests(device.id)[-1]["ms"] >= 499


@pytest.mark.parametrize("kind", ["delay", "stall"])
def test_a_slow_request_is_acted_on_though_the_device_gave_up(hub, device, kind):
    hub.fault(kind, device.id, count=1, delay=3)
    with pytest.raises(httpx.ReadTimeout):
        device.request("POST", "/telemetry", json={"status": "online"}, timeout=1.5)
    # When it is acted on is what the two differ in.
    assert len(hub.telemetries(device.id)) == (1 if kind == "stall" else 0)
    end = time.monotonic() + 30
    while len(hub.telemetries(device.id)) != 1 or not hub.requests(device.id):
        assert time.monotonic() < end
        time.sleep(0.02)
    assert records(hub, device) == [(None, kind)]


@pytest.mark.parametrize("status", [401, 403, 404, 422, 429, 500, 502, 503, 599])
def test_statuses(hub, device, status):
    hub.fault("status", device.id, count=1, status=status)
    answer = device.send()
    assert answer.status_code == status and list(answer.json()) == ["error"] and "retry-after" not in answer.headers
    hub.fault("status", device.id, count=1, status=status, retry_after=7)
    answer = device.send()
    assert (answer.status_code, answer.headers["retry-after"]) == (status, "7")
    assert hub.telemetries(device.id) == [] and device.send().status_code == 200
    assert records(hub, device) == [(status, "status"), (status, "status"), (200, None)]


def test_answers_that_are_wrong(hub, device):
    hub.fault("garbage", device.id, count=1)
    answer = device.send()
    assert answer.status_code == 200 and answer.content
    with pytest.raises(ValueError):
        answer.json()
    hub.fault("empty", device.id, count=1)
    answer = device.send()
    assert (answer.status_code, answer.content, hub.telemetries(device.id)) == (200, b"", [])

    right = device.send().json()
    hub.fault("null_fields", device.id, count=1)
    assert device.send().json() == dict.fromkeys(right)
    hub.fault("wrong_types", device.id, count=1)
    wrong = device.send().json()
    assert list(wrong) == list(right)
    assert all(type(wrong[name]) is not type(value) for name, value in right.items())
    assert len(hub.telemetries(device.id)) == 3  # those two were acted on
    assert device.send().json() == right


def test_fields_of_arrays_and_other_answers(hub, device):
    file = hub.publish("1.1.0", b"bytes")
    hub.fault("null_fields", count=2)
    files = device.request("GET", "/files").json()
    assert files and all(set(each.values()) == {None} for each in files)
    assert device.request("GET", "/nothing").json() == {"error": None}
    url = device.request("GET", f"/files/{file['id']}").json()["url"]
    hub.fault("wrong_types", path="/files/*", count=1)
    assert call("GET", url, hub.ca).content == b"bytes"


# Which requests


def test_only_what_fits_is_hit(hub, device):
    other = TestDevice(hub.url, hub.ca, sn="SN-other")
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
    assert register(hub.url, hub.ca, sn="SN-new").status_code == 503
    headers = {"Authorization": f"Bearer {hub.cloud_key}"}
    assert call("GET", f"{hub.url}/cloud/v1/devices", hub.ca, headers=headers).status_code == 200
    assert call("GET", f"{hub.url}/openapi.json", hub.ca).status_code == 200
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


def test_the_last_requests():
    with LocalHub(clock=lambda: 1628063144.122) as hub:
        device, other = TestDevice(hub.url), TestDevice(hub.url, sn="SN-2")
        for n in range(205):
            device.send({"n": n})
        other.request("GET", "/files?page=1")
        kept = hub.requests(device.id)
        assert len(kept) == 200 and [each["seq"] for each in kept] == sorted(each["seq"] for each in kept)
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


def test_the_record_is_bounded_for_made_up_ids():
    with LocalHub() as hub, httpx.Client(trust_env=False) as client:
        for n in range(510):
            client.get(f"{hub.url}/v1/devices/made-up-{n}")
        assert len(hub.requests()) == 500


@pytest.mark.parametrize("kind", ["delay", "stall"])
def test_a_hub_stops_while_a_request_is_held_up(kind, caplog):
    told = threading.Event()
    hub = LocalHub(on_event=lambda event: event.kind == "fault" and told.set()).start()
    device = TestDevice(hub.url)
    hub.fault(kind, delay=600)
    with socket.create_connection(("127.0.0.1", hub.port), timeout=60) as client:
        client.sendall(f"GET /v1/devices/{device.id} HTTP/1.1\r\nHost: hub\r\n\r\n".encode())
        assert told.wait(60)
        hub.stop()  # not by force, which would be logged
        assert client.recv(100) == b""
    assert not [record for record in caplog.records if record.name.startswith("uvicorn")]
    device.close()
