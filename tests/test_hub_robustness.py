"""The local hub under odd requests: whatever comes, the answer is a 4xx of JSON that says why, and the hub goes on."""

import itertools
import json
import random
import socket

import pytest

from tools.hub import LocalHub
from tools.hub.testing import IDENTITY, TestDevice, call

ONLINE = b'{"status": "online", "telemetries": {"sensor": %s}}'

# Bodies that are no message, no registration and no update, and a word that the error must hold.
BAD_BODIES = [
    (b"", "JSON"),
    (b" ", "JSON"),
    (b"{", "JSON"),
    (b"{'status': 'online'}", "JSON"),
    (b'{"status": "online"} x', "JSON"),
    (b'{"status": "online",}', "JSON"),
    (b"null", "object"),
    (b"[]", "object"),
    (b'"online"', "object"),
    (b"12", "object"),
    (b"NaN", "object"),
    (b"\xff\xfe{}", "UTF-8"),
    (b'{"status": "online\xc3"}', "UTF-8"),
    (b'{"status": "online\xed\xa0\x80"}', "UTF-8"),
    ('{"status": "online"}'.encode("utf-16"), "UTF-8"),
    (b'\xef\xbb\xbf{"status": "online"}', "JSON"),
    (b"[" * 100_000, "JSON"),
    (b'{"a":' * 20_000, "JSON"),
    (b'{"name": ' + b"[" * 900 + b"]" * 900 + b"}", "name"),
    (b'{"name": ' + b'{"a":' * 900 + b"1" + b"}" * 900 + b"}", "name"),
    (b'{"name": ' + b"9" * 5000 + b"}", "JSON"),
    (ONLINE % (b"9" * 5000), "JSON"),
    (b'{"name": "\\u0000"}', "name"),
    (b'{"name": "a\\ud800b"}', "name"),
    (b'{"name": "\\udc00\\ud800"}', "name"),
    (b'{"details": {"a": {"b\\udfff": 1}}}', "details.a.b"),
    (b'{"details": {"a\\u0000": 1}}', "details.a"),
    (b'{"details": {"list": [1, NaN]}}', "details.list"),
    (b'{"details": {"list": [{"deep": -1e999}]}}', "details.list.deep"),
    (b'{"\\ud800": 1}', "surrogate"),
    (ONLINE % b'"\\u0000"', "telemetries.sensor"),
    (ONLINE % b'"\\ud800"', "telemetries.sensor"),
    (ONLINE % (b"9" * 300), "telemetries.sensor"),
]


@pytest.fixture(scope="module")
def hub():
    # A clock that leaps, so that update device never comes to its limit an hour.
    with LocalHub(clock=itertools.count(1_700_000_000, 600).__next__) as hub:
        yield hub


@pytest.fixture
def device(hub):
    device = TestDevice(hub.url)
    yield device
    device.close()
    hub.delete(device.id)


def check_error(answer, *statuses):
    assert answer.status_code in statuses, (answer.status_code, answer.text[:200])
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert list(body) == ["error"] and body["error"].isprintable() and len(body["error"]) < 1000
    return body["error"]


def send_everywhere(hub, device, content, content_type="application/json"):
    """The answers of the three endpoints that take JSON."""
    headers = {} if content_type is None else {"Content-Type": content_type}
    yield device.request("POST", "/telemetry", content=content, headers=headers)
    yield device.request("PUT", content=content, headers=headers)
    yield call("POST", f"{hub.url}/v1/devices", content=content, headers=headers)


def send_to_parts(hub, device, content):
    """The answers of the other endpoints that take JSON, but for a configuration, which may be any object."""
    cloud = f"{hub.url}/cloud/v1/devices/{device.id}"
    headers = {"Content-Type": "application/json"}
    for path in ("/command", "/licenses", "/incidents", "/events", "/children"):
        yield device.request("POST", path, content=content, headers=headers)
    yield device.request("PUT", "/cloud_settings", content=content, headers=headers)
    headers |= {"Authorization": f"Bearer {hub.cloud_key}"}
    for method, path in (("POST", "/commands"), ("POST", "/config"), ("POST", "/licenses"), ("PUT", "/space")):
        yield call(method, cloud + path, content=content, headers=headers)


@pytest.mark.parametrize("content, word", BAD_BODIES, ids=lambda value: repr(value)[:30])
def test_bodies_that_are_wrong_everywhere(hub, device, content, word):
    # A registration of `{"status": ...}` lacks its own fields, so there the word may be another.
    for number, answer in enumerate(send_everywhere(hub, device, content)):
        error = check_error(answer, 400)
        assert number > 0 or word in error
    for answer in send_to_parts(hub, device, content):
        check_error(answer, 400)
    assert hub.telemetries(device.id) == []


@pytest.mark.parametrize("content_type", [None, "", "text/plain", "application/x-www-form-urlencoded", "json", "\xff"])
def test_wrong_content_types(hub, device, content_type):
    content_type = content_type if content_type is None else content_type.encode("latin-1")
    for answer in send_everywhere(hub, device, b'{"status": "online"}', content_type):
        assert "Content-Type" in check_error(answer, 400)


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "Application/JSON", " application/json ;x"]
)
def test_good_content_types(device, content_type):
    answer = device.request(
        "POST", "/telemetry", content=b'{"status": "online"}', headers={"Content-Type": content_type.strip()}
    )
    assert answer.status_code == 200


def test_names_that_a_client_chose_are_safe_to_show(device):
    for name in ("a\x1b[31mb\n", "\u202e", "x" * 5000, "\x7f", ""):
        check_error(device.send({name: [1]}), 400)
    device.request("PUT", json={"\x1b[31m": 1})


def test_odd_values_at_every_field(hub, device):
    """A walk through the fields with a fixed seed: never a 5xx, and always the one form of error."""
    chance = random.Random(7)
    odd = [
        None, True, 0, -1, 2**31, 2**63, 2**64, 10**400, 1.5, -0.0, 1e308, "", " ", "\x00", "\ud800", "\x1b[0m",
        "a" * 300,
        "%s%n{}", "' OR 1=1 --", "../..", [], [[]], {}, {"": {}}, {"a": [None]}, "1.0.0", "online", "\U0010ffff",
    ]  # fmt: skip
    names = [
        "status", "timestamp", "telemetries", "override", "message", "firmware_version", "name", "sub_model", "details",
        "space_version", "config_version", "hardware_key", "sn", "mac", "cloud_id", "parent_id", "", "\ud800", "\x00",
    ]  # fmt: skip
    for round in range(120):
        body = {name: chance.choice(odd) for name in chance.sample(names, chance.randint(1, 6))}
        if round % 3 == 0:
            body |= {"status": "online", "telemetries": {chance.choice(names): chance.choice(odd)}}
        if round % 3 == 1:
            body = {**IDENTITY, "sn": f"odd-{round}", **body}
        for answer in send_everywhere(hub, device, json.dumps(body).encode()):
            if answer.status_code != 200:
                check_error(answer, 400, 422)
    for each in hub.devices():
        if each["id"] != device.id:
            hub.delete(each["id"])
    assert device.send({"fine": 1}).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/docs", "/redoc", "/v1", "/v1/devices/", "/v2/devices", "/cloud", "/cloud/v1/nothing", "/%00", "/%ff", "//",
     "/v1/devices/x/nothing", "/v1/devices/x/telemetry/", "/files/", "/favicon.ico", "/" + "x" * 5000],
    ids=lambda path: path[:24],
)  # fmt: skip
def test_unknown_paths(hub, path):
    for method in ("GET", "POST", "DELETE", "PUT"):
        check_error(call(method, hub.url + path), 404)


@pytest.mark.parametrize("device_id", ["%00", "%2e%2e", "%ff", "%ed%a0%80", "x" * 3000, "'", "%0a", "{id}"])
def test_odd_ids(hub, device, device_id):
    for path in ("", "/files", "/files/x"):
        url = f"{hub.url}/v1/devices/{device_id}{path}"
        check_error(call("GET", url, headers={"Authorization": device.key}), 404)
    check_error(device.request("GET", f"/files/{device_id}"), 404)


@pytest.mark.parametrize("key", [b"\xff\xfe", b"a" * 8000, b"k\xc3\xb6y", b"' OR 1=1 --", b"Bearer \xff"])
def test_odd_keys(hub, device, key):
    check_error(call("GET", device.url, headers={"Authorization": key}), 401)
    check_error(call("GET", f"{hub.url}/cloud/v1/devices", headers={"Authorization": key}), 401)


def test_methods_that_a_path_does_not_have(hub, device):
    allowed = {
        "/v1/devices": {"POST"},
        f"/v1/devices/{device.id}": {"GET", "PUT", "DELETE"},
        f"/v1/devices/{device.id}/telemetry": {"POST"},
        f"/v1/devices/{device.id}/files": {"GET"},
        "/cloud/v1/firmware": {"POST"},
        f"/cloud/v1/devices/{device.id}": {"GET", "DELETE"},
    }
    for path, methods in allowed.items():
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "ODD"} - methods:
            answer = call(method, hub.url + path)
            check_error(answer, 405)
            assert set(answer.headers["allow"].split(", ")) == methods
        assert call("HEAD", hub.url + path).status_code == 405


def test_a_mistake_of_the_hub_is_json_as_well(monkeypatch, caplog):
    with LocalHub() as hub:
        device = TestDevice(hub.url)
        with monkeypatch.context() as patch:
            patch.setattr("tools.hub.device_api.merge", lambda *_: 1 / 0)
            answer = device.send()
        assert answer.status_code == 500 and list(answer.json()) == ["error"]
        device.close()  # as the server has done on its side
        assert call("GET", device.url, headers={"Authorization": device.key}).status_code == 200
    assert "ZeroDivisionError" in caplog.text


def test_clients_that_go_away_in_the_middle(hub, device, caplog):
    head = f"POST /v1/devices/{device.id}/telemetry HTTP/1.1\r\nHost: hub\r\nAuthorization: {device.key}\r\n"
    for start in ("GET", head, head + "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"):
        with socket.create_connection(("127.0.0.1", hub.port), timeout=10) as client:
            client.sendall(start.encode())
    assert device.send().status_code == 200
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("host", ["", "[", "a b", "x:y", "evil.example", "a/b?c#d"])
def test_addresses_do_not_come_from_the_host_header(hub, device, host):
    hub.publish("1.1.0")
    answer = device.request("GET", "/files", headers={"Host": host})
    assert answer.status_code == 200 and all(file["url"].startswith(f"{hub.url}/files/") for file in answer.json())


def test_the_api_describes_itself(hub):
    description = call("GET", f"{hub.url}/openapi.json").json()
    assert {"/v1/devices", "/v1/devices/{device_id}/telemetry", "/cloud/v1/firmware"} <= set(description["paths"])
