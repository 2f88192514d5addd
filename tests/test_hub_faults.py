"""The local hub's faults, as a device meets them: over real connections, http and https."""

import json
import socket
import ssl
import threading
import time

import httpx
import pytest

from tools.hub import LocalHub
from tools.hub.client import trust
from tools.hub.testing import TestDevice, call


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


def download(hub, url):
    """The bytes of the answer's body that come, with what a client thinks of it."""
    received = b""
    with (
        httpx.Client(verify=trust(hub.url, hub.ca), trust_env=False) as client,
        client.stream("GET", url) as answer,
    ):
        try:
            for part in answer.iter_raw():
                received += part
        except httpx.RemoteProtocolError:
            return received, False
    return received, True


@pytest.fixture
def file(hub, device):
    data = bytes(range(256)) * 400
    return device.request("GET", f"/files/{hub.publish('1.1.0', data)['id']}").json()["url"], data


@pytest.mark.parametrize("bytes", [0, 1, 4096, 102_399, 102_400, 200_000])
def test_a_download_is_cut_at_a_byte(hub, file, bytes, caplog):
    url, data = file
    hub.fault("cut", path="/files/*", bytes=bytes, count=1)
    assert download(hub, url) == (data[:bytes], bytes >= len(data))
    assert download(hub, url) == (data, True)
    assert [(each["status"], each["fault"]) for each in hub.requests()[-2:]] == [(None, "cut"), (200, None)]
    assert not caplog.records  # the server takes it for a client that went away


@pytest.mark.parametrize("offset", [0, 102_399, 102_400])
def test_a_byte_of_a_download_is_another(hub, file, offset):
    url, data = file
    hub.fault("corrupt", path="/files/*", offset=offset, count=1)
    received, whole = download(hub, url)
    assert whole and len(received) == len(data)
    assert [at for at in range(len(data)) if received[at] != data[at]] == [offset][: offset < len(data)]
    assert download(hub, url) == (data, True)


def test_a_part_of_a_download_meets_faults(hub, file):
    url, data = file
    hub.fault("corrupt", path="/files/*", offset=1, count=1)
    part = call("GET", url, hub.ca, headers={"Range": "bytes=1000-1003"})
    assert (part.status_code, part.content) == (206, bytes([data[1000], data[1001] ^ 0xFF]) + data[1002:1004])


def test_a_slow_download_comes_whole(hub, file):
    url, data = file
    number = hub.fault("slow", path="/files/*", rate=200_000)
    pieces = []
    with (
        httpx.Client(verify=trust(hub.url, hub.ca), trust_env=False) as client,
        client.stream("GET", url) as answer,
    ):
        for part in answer.iter_raw():
            if not pieces:
                hub.clear_faults(number)
                assert call("GET", url, hub.ca).content == data  # while the other one goes on
            pieces.append(part)
    assert b"".join(pieces) == data and len(pieces) > 1
    assert hub.requests()[-2]["fault"] == "slow"


def test_a_slow_client_that_leaves_holds_up_nobody(hub, file, caplog):
    url, data = file
    hub.fault("slow", path="/files/*", rate=1, count=1)
    with pytest.raises(httpx.ReadTimeout):
        call("GET", url, hub.ca, timeout=httpx.Timeout(60, read=0.5))
    assert download(hub, url) == (data, True) and not caplog.records


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


@pytest.mark.parametrize("kind", ["delay", "stall", "slow"])
def test_a_hub_stops_while_a_request_is_held_up(kind, caplog):
    told = threading.Event()
    hub = LocalHub(on_event=lambda event: event.kind == "fault" and told.set()).start()
    device = TestDevice(hub.url)
    hub.fault(kind, **({"rate": 1} if kind == "slow" else {"delay": 600}))
    with socket.create_connection(("127.0.0.1", hub.port), timeout=60) as client:
        client.sendall(f"GET /v1/devices/{device.id} HTTP/1.1\r\nHost: hub\r\n\r\n".encode())
        assert told.wait(60)
        hub.stop()  # not by force, which would be logged
        received = b"".join(iter(lambda: client.recv(1000), b""))
        assert received == b"" or (kind == "slow" and received.endswith(b"\r\n\r\n"))  # a head alone
    assert not [record for record in caplog.records if record.name.startswith("uvicorn")]
    device.close()
