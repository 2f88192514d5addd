"""The local hub: files for devices, the newest firmware, and the cloud's own interface."""

import hashlib
import random

import pytest

from tools.hub import LocalHub, Refused
from tools.hub.testing import TestDevice, call
from tools.hub.testing import cloud_call as cloud


@pytest.fixture
def hub():
    with LocalHub() as hub:
        yield hub


def newest(device):
    reply = device.send().json()
    return reply["latest_fw_version"], reply["latest_fw_file_id"]


# SemVer 2.0.0, section 11, from low to high
ASCENDING = [
    "0.9.0", "1.0.0-0", "1.0.0-2", "1.0.0-10", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta",
    "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.9.0", "1.10.0-rc.1", "1.10.0", "2.0.0",
    "18446744073709551617.0.0",
]  # fmt: skip


def test_no_firmware(device):
    assert newest(device) == (None, None)
    assert device.request("GET", "/files").json() == []


def test_newest_firmware_is_the_highest_version(hub, device):
    order = list(range(len(ASCENDING)))
    random.Random(1).shuffle(order)
    published, highest = {}, -1
    for place in order:
        published[place] = hub.publish(ASCENDING[place])["id"]
        highest = max(highest, place)
        assert newest(device) == (ASCENDING[highest], published[highest])


def test_of_equal_versions_the_last_published_is_the_newest(hub, device):
    hub.publish("1.1.0+b")
    second = hub.publish("1.1.0+a")
    assert newest(device) == ("1.1.0+a", second["id"])
    third = hub.publish("1.1.0+a", data=b"built again")
    assert newest(device) == ("1.1.0+a", third["id"])


def test_file_and_its_bytes(hub, device):
    data = bytes(range(256)) * 1000
    published = hub.publish("1.1.0", data, name="app.bin", desc="main app", notes="Faster", signature="c2ln")
    file = device.request("GET", f"/files/{published['id']}").json()
    assert set(file) == {
        "id", "name", "url", "desc", "file_type", "version", "checksum", "signature", "created_at", "public_notes"
    }  # fmt: skip
    assert (file["id"], file["name"], file["version"]) == (published["id"], "app.bin", "1.1.0")
    assert (file["desc"], file["public_notes"], file["signature"]) == ("main app", "Faster", "c2ln")
    assert (file["file_type"], file["checksum"]) == ("firmware", hashlib.sha256(data).hexdigest())
    assert device.request("GET", "/files").json() == [file]
    # A plain GET without a key, as an HTTP client of a bootloader makes it.
    got = call("GET", file["url"])
    assert (got.status_code, got.content) == (200, data)
    assert got.headers["content-length"] == str(len(data)) and got.headers["content-type"] == "application/octet-stream"


def test_files_of_nobody(hub, device):
    hub.publish("1.1.0")
    for answer in (device.request("GET", "/files/nothing"), call("GET", f"{hub.url}/files/guessed")):
        assert answer.status_code == 404 and "no such file" in answer.json()["error"]


def test_files_are_listed_in_order_of_publication(hub, device):
    for version in ("1.2.0", "1.0.0", "1.1.0"):
        hub.publish(version)
    assert [file["version"] for file in device.request("GET", "/files").json()] == ["1.2.0", "1.0.0", "1.1.0"]


def test_cloud_publishes_firmware(hub, device):
    answer = cloud(
        hub,
        "POST",
        "/firmware",
        params={"version": "1.1.0", "name": "app.bin", "notes": "n", "desc": "d"},
        content=b"x",
    )
    assert answer.status_code == 200
    assert answer.json() == {
        "id": newest(device)[1],
        "version": "1.1.0",
        "name": "app.bin",
        "size": 1,
        "checksum": hashlib.sha256(b"x").hexdigest(),
    }
    file = device.request("GET", f"/files/{answer.json()['id']}").json()
    assert (file["public_notes"], file["desc"], call("GET", file["url"]).content) == ("n", "d", b"x")


@pytest.mark.parametrize(
    "query, content, field",
    [
        ("", b"x", "version"),
        ("?version=", b"x", "version"),
        ("?version=1.1", b"x", "version"),
        ("?version=v1.1.0", b"x", "version"),
        ("?version=1.1.0%00", b"x", "version"),
        ("?version=1.1.0&name=" + "x" * 256, b"x", "name"),
        ("?version=1.1.0&notes=" + "x" * 2001, b"x", "notes"),
        ("?version=1.1.0", b"", "body"),
        ("?version=1.1.0", b"x" * (16 * 1024 * 1024 + 1), "body"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_cloud_refuses_what_is_no_firmware(hub, device, query, content, field):
    answer = cloud(hub, "POST", f"/firmware{query}", content=content)
    assert answer.status_code == 400 and answer.json()["error"].startswith(field), answer.text
    assert newest(device) == (None, None)


def test_helper_refuses_what_is_no_firmware(hub):
    for arguments in (("1.1",), ("1.1.0", b"")):
        with pytest.raises(Refused) as error:
            hub.publish(*arguments)
        assert error.value.status == 400


def test_cloud_sees_devices(hub, device):
    assert cloud(hub, "GET", "/devices").json() == hub.devices() == [hub.device(device.id)]
    seen = hub.device(device.id)["last_seen"]
    device.send({"t": 1})
    device.send({"u": 2})
    shown = cloud(hub, "GET", f"/devices/{device.id}").json()
    assert shown["state"] == {"t": 1, "u": 2, "status": "online"} and shown["firmware_version"] == "1.0.0"
    assert shown["last_seen"] >= seen
    messages = cloud(hub, "GET", f"/devices/{device.id}/telemetries").json()
    assert messages == hub.telemetries(device.id) and [m["telemetries"] for m in messages] == [{"t": 1}, {"u": 2}]
    after = cloud(hub, "GET", f"/devices/{device.id}/telemetries", params={"after": messages[0]["seq"]})
    assert after.json() == messages[1:]


@pytest.mark.parametrize("after", ["-1", "x", "1.5", str(2**63), "9" * 5000, ""])
def test_cloud_refuses_a_wrong_sequence_number(hub, device, after):
    answer = cloud(hub, "GET", f"/devices/{device.id}/telemetries", params={"after": after})
    assert answer.status_code == 400 and answer.json()["error"].startswith("after")


def test_cloud_deletes_devices(hub, device):
    assert cloud(hub, "DELETE", f"/devices/{device.id}").status_code == 200
    assert device.send().status_code == 401
    for method, path in (("GET", ""), ("GET", "/telemetries"), ("DELETE", "")):
        answer = cloud(hub, method, f"/devices/{device.id}{path}")
        assert answer.status_code == 404 and "id" in answer.json()["error"]


def test_sequence_numbers_are_not_used_again(hub, device):
    device.send()
    seq = hub.telemetries(device.id)[0]["seq"]
    hub.delete(device.id)
    other = TestDevice(hub.url)
    other.send()
    assert hub.telemetries(other.id)[0]["seq"] > seq
    other.close()


def test_files_that_are_no_firmware(hub, device):
    hub.publish("1.1.0")
    sound = hub.publish_file("a.wav", b"beep", file_type="sound", desc="A beep")
    answer = cloud(hub, "POST", "/files", params={"name": "b.txt", "version": "spring"}, content=b"text")
    assert answer.status_code == 200 and set(answer.json()) == set(sound)
    assert newest(device)[0] == "1.1.0"
    listed = device.request("GET", "/files").json()
    assert [(f["name"], f["file_type"], f["version"]) for f in listed[1:]] == [
        ("a.wav", "sound", None), ("b.txt", "file", "spring")
    ]  # fmt: skip
    file = device.request("GET", f"/files/{sound['id']}").json()
    assert (file["desc"], file["checksum"]) == ("A beep", hashlib.sha256(b"beep").hexdigest())
    assert call("GET", file["url"]).content == b"beep"
    for params, content in (({}, b"x"), ({"name": ""}, b"x"), ({"name": "n", "file_type": "firmware"}, b"x")):
        assert cloud(hub, "POST", "/files", params=params, content=content).status_code == 400
    assert cloud(hub, "POST", "/files", params={"name": "n"}, content=b"").status_code == 400
