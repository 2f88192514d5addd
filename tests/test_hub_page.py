"""The hub's page: who gets it, what it is told as it happens, and that nothing of a device's is read as HTML."""

import base64
import hashlib
import html.parser
import json
import queue
import re
import socket
import threading
import time
from contextlib import closing, suppress
from pathlib import Path

import httpx
import pytest

import tools.hub.page
from tools.hub import LocalHub
from tools.hub.client import trust
from tools.hub.testing import TestDevice, register

WAIT_S = 60  # for what hangs
EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module", params=[False, True], ids=["http", "https"])
def hub(request):
    with LocalHub(tls=request.param) as hub:
        yield hub


@pytest.fixture
def device(hub):
    device = TestDevice(hub.url, hub.ca)
    yield device
    device.close()
    if device.id in [each["id"] for each in hub.devices()]:
        hub.delete(device.id)


def browser(hub, opened=True):
    """A client that keeps cookies, and has opened the page or not."""
    client = httpx.Client(base_url=hub.url, verify=trust(hub.url, hub.ca), trust_env=False, timeout=WAIT_S)
    if opened:
        assert client.get(hub.page_url).status_code == 303
    return client


class Stream:
    """/live/events as a browser reads it, in a thread."""

    def __init__(self, hub, client=None):
        self._client = client or browser(hub)
        self._coming = queue.Queue()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        try:
            with self._client.stream("GET", "/live/events") as answer:
                self._socket = answer.extensions["network_stream"].get_extra_info("socket")
                self._coming.put((answer.status_code, answer.headers["content-type"]))
                kind = None
                for line in answer.iter_lines():
                    name, _, value = line.partition(": ")
                    kind = value if name == "event" else kind
                    if name == "data":
                        self._coming.put((kind, json.loads(value)))
        except httpx.TransportError:
            pass
        self._coming.put(None)

    def next(self, kind=None):
        """The next thing, or the next of this kind. None at the end."""
        while (item := self._coming.get(timeout=WAIT_S)) is not None:
            if kind in (None, item[0]):
                return item if kind is None else item[1]
        return None

    def close(self):
        """Only when the thread has let go of the socket: its number may be another connection's the next moment."""
        with suppress(OSError):
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)  # below TLS, which would have a word to say first
        self._thread.join(WAIT_S)
        self._client.close()


@pytest.fixture
def stream(hub):
    stream = Stream(hub)
    assert stream.next() == (200, "text/event-stream; charset=utf-8")
    yield stream
    stream.close()


# Who gets it


def test_the_address_with_the_key_opens_the_page(hub):
    with closing(browser(hub, opened=False)) as client:
        answer = client.get(hub.page_url)
        cookie = answer.headers["set-cookie"]
        assert (answer.status_code, answer.headers["location"]) == (303, "/")  # the key leaves the address bar
        assert "HttpOnly" in cookie and "SameSite=lax" in cookie and f"hub-page-{hub.port}=" in cookie
        assert ("Secure" in cookie) == hub.url.startswith("https")
        page = client.get("/")
        assert page.status_code == 200 and page.headers["content-type"] == "text/html; charset=utf-8"
        assert "EventSource" in page.text and page.headers["cache-control"] == "no-store"


def test_the_form_takes_the_cloud_key(hub):
    with closing(browser(hub, opened=False)) as client:
        form = client.get("/")
        assert form.status_code == 401 and '<form method="post"' in form.text and "EventSource" not in form.text
        for wrong in ({"key": "wrong"}, {"key": ""}, {}, {"other": hub.cloud_key}):
            answer = client.post("/", data=wrong)
            assert answer.status_code == 401 and "set-cookie" not in answer.headers and "<form" in answer.text
        for odd in (b"\xff\x00%ff=%00&key=%ed%a0%80", b"key=" + b"x" * 4000, b"&" * 2000):
            assert client.post("/", content=odd).status_code == 401
        assert client.post("/", content=b"x" * 5000).status_code == 400
        answer = client.post("/", data={"key": f" {hub.cloud_key}\r\n"})  # as it is pasted
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert hub.cloud_key not in answer.headers["set-cookie"]  # what the browser keeps does not open the cloud
        assert client.get("/").status_code == 200


def test_no_other_key_opens_it(hub, device):
    with closing(browser(hub, opened=False)) as client:
        for key in (device.key, "", "x", "\xe4", hub.cloud_key):  # the cloud key is for no address bar
            answer = client.get("/", params={"key": key})
            assert answer.status_code == 401 and "set-cookie" not in answer.headers
        assert client.post("/", data={"key": device.key}).status_code == 401
        for headers in (
            {},
            {"Authorization": device.key},
            {"Authorization": f"Bearer {device.key}"},
            {"Authorization": f"Bearer {hub.page_url.rpartition('=')[2]}"},
            {"Cookie": f"hub-page-{hub.port}={device.key}"},
            {"Cookie": f"hub-page-{hub.port}={hub.cloud_key}"},
            {"Cookie": f"hub-page-{hub.port}="},
        ):
            answer = client.get("/live/events", headers=headers)
            assert answer.status_code == 401 and list(answer.json()) == ["error"]
            assert client.get("/", headers=headers).status_code == 401


def test_the_page_opens_no_other_door(hub, device):
    page_key = hub.page_url.rpartition("=")[2]
    with closing(browser(hub)) as client:
        for headers in ({}, {"Authorization": f"Bearer {page_key}"}, {"Authorization": page_key}):
            assert client.get("/cloud/v1/devices", headers=headers).status_code == 401
            assert client.get(f"/v1/devices/{device.id}", headers=headers).status_code == 401
        for method in ("POST", "PUT", "DELETE"):  # it is only to be read
            assert client.request(method, "/live/events").status_code == 405


def test_the_cloud_knows_the_address(hub):
    with closing(browser(hub, opened=False)) as client:
        answer = client.get("/cloud/v1/page", headers={"Authorization": f"Bearer {hub.cloud_key}"})
        assert answer.json() == {"url": hub.page_url}
        assert client.get("/cloud/v1/page").status_code == 401


def test_the_key_ends_with_the_hub():
    hub = LocalHub()
    with hub:
        before, client = hub.page_url, browser(hub)
        assert client.get("/").status_code == 200
    with hub:
        assert hub.page_url != before and client.get("/").status_code == 401
    client.close()


def test_the_stream_is_for_programs_too(hub):
    client = browser(hub, opened=False)
    client.headers["Authorization"] = f"Bearer {hub.cloud_key}"
    stream = Stream(hub, client)
    assert stream.next() == (200, "text/event-stream; charset=utf-8") and stream.next()[0] == "all"
    stream.close()


# What it is told


def test_what_there_is_and_what_happens(hub, device, stream):
    everything = stream.next("all")
    assert [each["id"] for each in everything["devices"]] == [device.id]
    assert everything["events"][-1]["kind"] == "registered" and everything["events"][-1]["device_id"] == device.id
    assert everything["requests"][-1]["path"] == "/v1/devices"

    device.send({"temperature": 21.5})
    event, request = stream.next("event"), stream.next("request")
    assert event["kind"] == "telemetry" and '"temperature":21.5' in event["text"]
    assert (request["device_id"], request["method"], request["status"]) == (device.id, "POST", 200)
    assert stream.next("device")["state"] == {"temperature": 21.5, "status": "online"}

    hub.publish("1.2.3")
    assert stream.next("event")["kind"] == "published"
    hub.fault("lose", device.id, count=1)
    with pytest.raises(httpx.TransportError):
        device.send({"lost": True})
    assert stream.next("event")["kind"] == "fault"
    assert (lost := stream.next("request"))["status"] is None and lost["fault"] == "lose"
    other = register(hub.url, hub.ca, sn="SN-2").json()["id"]
    assert stream.next("device")["id"] in (device.id, other)
    child = register(hub.url, hub.ca, sn="SN-3", mac=..., cloud_id="c", parent_id=other).json()["id"]
    hub.delete(other)
    gone = {stream.next("gone")["id"], stream.next("gone")["id"]}  # in any order: the page draws what is left
    assert gone == {other, child}  # children go with it


def test_how_far_an_update_is_and_what_came_of_it(hub, device, stream):
    assert stream.next("all")["devices"][0]["update"] is None
    hub.publish("1.1.0")

    def shown(status):
        """The device as soon as its last order is at this point; each change is told."""
        while (told := stream.next("device"))["update"]["status"] != status:
            pass
        return told["update"], told["state"].get("update_percent")

    order = hub.update_firmware(device.id, "1.1.0")
    assert shown("pending") == ({"version": "1.1.0", "status": "pending", "message": None}, None)
    hub.queue_command(device.id, "reboot")  # another command is no order
    device.request("POST", "/command", json={"id": order["id"], "status": "in_progress"})
    device.send({"update_percent": 40})
    while shown("in_progress") != ({"version": "1.1.0", "status": "in_progress", "message": None}, 40):
        pass
    device.request("POST", "/command", json={"id": order["id"], "status": "failed", "message": "SHA-256 differs"})
    assert shown("failed")[0]["message"] == "SHA-256 differs"
    later = Stream(hub)
    assert later.next("all")["devices"][0]["update"]["status"] == "failed"
    later.close()


def test_it_comes_at_once_and_in_order(hub, device, stream):
    """Each message is there before the next is sent: nothing waits for more to come."""
    stream.next("all")
    seqs = []
    for n in range(30):
        device.send({"n": n})
        event = stream.next("event")
        assert f'"n":{n}' in event["text"]
        seqs.append(event["seq"])
    assert seqs == sorted(set(seqs))


def test_a_new_watcher_gets_what_was(hub, device):
    for n in range(105):
        device.send({"n": n})
    stream = Stream(hub)
    everything = stream.next("all")
    assert len(everything["events"]) == 100 and '"n":104' in everything["events"][-1]["text"]
    own = [each for each in everything["requests"] if each["device_id"] == device.id]
    assert len(own) == 20 and own == hub.requests(device.id)[-20:]
    stream.close()


def test_no_key_is_told(hub, stream):
    device = TestDevice(hub.url, hub.ca, sn="SN-secret")
    hub.publish("1.1.0")
    hub.update_firmware(device.id)
    url = device.request("GET", "/command").json()["parameters"]["url"]
    device.send({"t": 1})
    told = [stream.next("all")]
    while "telemetry" not in (event := stream.next("event"))["text"]:
        told.append(event)
    told += [stream.next("device"), stream.next("request")]
    page_key = hub.page_url.rpartition("=")[2]
    assert not any(
        secret in json.dumps(told) for secret in (device.key, hub.cloud_key, page_key, "hw-key", "key_hash", url[-8:])
    )
    device.close()
    hub.delete(device.id)


def test_what_a_device_sent_stays_data(hub, stream):
    device = TestDevice(hub.url, hub.ca, sn=EVIL, name=f"{EVIL}\r\n\r\nevent: all\ndata: {{}}")
    stream.next("all")
    device.send({EVIL: EVIL, "\ndata: x": "\r\nevent: gone\r\n\r\n"})
    while "status" not in (shown := stream.next("device"))["state"]:
        pass
    assert shown["sn"] == EVIL and shown["state"][EVIL] == EVIL and shown["id"] == device.id
    with closing(browser(hub)) as client:
        assert "alert(1)" not in client.get("/").text  # the page itself is the same for all
    device.close()
    hub.delete(device.id)


def test_who_does_not_read_holds_up_nobody():
    with LocalHub() as hub:
        device, client = TestDevice(hub.url), browser(hub)
        with client.stream("GET", "/live/events"):
            for n in range(60):
                assert device.send({f"key-{key}": "x" * 900 for key in range(100)} | {"n": n}).status_code == 200
            assert hub.device(device.id)["state"]["n"] == 59
            hub.stop()
        device.close()


@pytest.mark.parametrize("tls", [False, True])
def test_a_hub_stops_with_pages_open(tls, caplog):
    hub = LocalHub(tls=tls).start()
    streams = [Stream(hub) for _ in range(5)]
    for stream in streams:
        assert stream.next("all") is not None
    hub.stop()
    for stream in streams:
        assert stream.next() is None
        stream.close()
    # Of themselves: none had to be cut off, which would be logged.
    assert not [record for record in caplog.records if record.name.startswith(("uvicorn", "asyncio"))]
    with hub:
        stream = Stream(hub)
        assert stream.next("all") is not None
        stream.close()


def test_watchers_that_left_are_forgotten():
    with LocalHub() as hub:
        live = hub._running().live
        cookie = f"hub-page-{hub.port}={hub.page_url.rpartition('=')[2]}"
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", hub.port), timeout=WAIT_S) as client:
                client.sendall(f"GET /live/events HTTP/1.1\r\nHost: hub\r\nCookie: {cookie}\r\n\r\n".encode())
                received = b""
                while b"event: all" not in received:
                    received += client.recv(65536)
                assert live._watchers
            end = time.monotonic() + WAIT_S
            while live._watchers:
                assert time.monotonic() < end
                time.sleep(0.02)


# The page itself


def page_file():
    return Path(tools.hub.page.__file__).with_name("page.html").read_text("utf-8")


def test_only_its_own_script_and_style_run(hub):
    with closing(browser(hub)) as client:
        answer = client.get("/")
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'" and policy["connect-src"] == "'self'" and policy["base-uri"] == "'none'"
    for kind in ("script", "style"):
        (text,) = re.findall(rf"<{kind}>(.*?)</{kind}>", answer.text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert policy[f"{kind}-src"] == f"'sha256-{digest}'"
    assert "unsafe" not in str(policy) and answer.headers["x-content-type-options"] == "nosniff"


def test_the_script_makes_no_html_of_anything():
    (script,) = re.findall(r"<script>(.*?)</script>", page_file(), re.DOTALL)
    for word in ("innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "Function(", "setAttribute",
                 "createContextualFragment", "DOMParser", ".href", ".src", "style."):  # fmt: skip
        assert word not in script
    assert "textContent" in script


def test_it_needs_nothing_from_elsewhere():
    links = []

    class Reader(html.parser.HTMLParser):
        def handle_starttag(self, tag, attributes):
            links.extend(value for name, value in attributes if name in ("src", "href", "action"))
            assert not [name for name, _ in attributes if name.startswith("on") or name == "style"]

    Reader().feed(page_file())
    assert links == ["data:,"] and "http" not in page_file() and "@import" not in page_file()
    assert '<meta name="viewport"' in page_file()
