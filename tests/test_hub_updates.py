"""The local hub: what a device needs to install a firmware: parts of a file, and the command that orders it."""

import base64
import hashlib
import json
import os

import pytest
from test_hub_cli import failed, run

from tools.bundle import make_bundle, pack
from tools.hub import LocalHub, Refused
from tools.hub.console_serve import leave_address
from tools.hub.maker import Maker
from tools.hub.testing import TestDevice, call, cloud_call, refused

DATA = bytes(range(250)) * 4


@pytest.fixture
def url(hub, device):
    return device.request("GET", f"/files/{hub.publish('1.1.0', DATA)['id']}").json()["url"]


# Parts of a file: RFC 9110, sections 13.1.5 and 14


@pytest.mark.parametrize(
    "asked, part",
    [
        ("bytes=0-0", slice(0, 1)),
        ("bytes=10-19", slice(10, 20)),
        ("bytes=600-", slice(600, 1000)),
        ("bytes=990-5000", slice(990, 1000)),
        ("bytes=-10", slice(990, 1000)),
        ("bytes=-5000", slice(0, 1000)),
        ("BYTES= 999-999", slice(999, 1000)),
    ],
)
def test_a_part(url, asked, part):
    answer = call("GET", url, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (206, DATA[part])
    assert answer.headers["content-range"] == f"bytes {part.start}-{part.stop - 1}/1000"
    assert answer.headers["content-length"] == str(part.stop - part.start)
    assert answer.headers["etag"] == call("GET", url).headers["etag"]


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=20-10",
        "bytes=a-b",
        "bytes=1-2,5-6",
        "lines=0-9",
        "bytes=--1",
        "bytes=1-" + "9" * 30,
        "bytes=\u0661-".encode(),
    ],  # fmt: skip
)
def test_what_is_no_range_is_ignored(url, asked):
    answer = call("GET", url, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (200, DATA) and "content-range" not in answer.headers


@pytest.mark.parametrize("asked", ["bytes=1000-", "bytes=1000-1001", "bytes=-0", "bytes=999999999999999999-"])
def test_a_range_behind_the_end(url, asked):
    answer = call("GET", url, headers={"Range": asked})
    assert refused(answer, 416, "Range") and answer.headers["content-range"] == "bytes */1000"


def test_a_part_of_what_the_device_has_begun(url):
    whole = call("GET", url)
    etag = whole.headers["etag"]
    assert (whole.status_code, whole.headers["accept-ranges"]) == (200, "bytes")
    assert etag == f'"{hashlib.sha256(DATA).hexdigest()}"'  # a strong one: the bytes are the same
    for given, status in ((etag, 206), ('"another"', 200), (f"W/{etag}", 200), ("Sat, 29 Oct 1994 19:43:31 GMT", 200)):
        answer = call("GET", url, headers={"Range": "bytes=500-", "If-Range": given})
        assert (answer.status_code, answer.content) == (status, DATA[500:] if status == 206 else DATA)
    # What the device has begun is another file: no error about a range of this one.
    answer = call("GET", url, headers={"Range": "bytes=5000-", "If-Range": '"another"'})
    assert (answer.status_code, answer.content) == (200, DATA)
    assert call("GET", url, headers={"If-Range": etag}).status_code == 200


def test_head(url):
    answer = call("HEAD", url, headers={"Range": "bytes=0-9"})
    whole = call("GET", url)
    assert (answer.status_code, answer.content) == (200, b"")
    for name in ("etag", "accept-ranges", "content-length", "content-type"):
        assert answer.headers[name] == whole.headers[name]
    missing = call("HEAD", url + "x")
    assert (missing.status_code, missing.content) == (404, b"")
    assert call("POST", url).headers["allow"] == "GET, HEAD"


def test_what_is_told_of_downloads():
    events = []
    with LocalHub(on_event=events.append) as hub:
        device = TestDevice(hub.url)
        url = device.request("GET", f"/files/{hub.publish('1.1.0', DATA)['id']}").json()["url"]
        call("HEAD", url)
        call("GET", url)
        call("GET", url, headers={"Range": "bytes=400-499"})
        device.close()
    told = [event.detail for event in events if event.kind == "download"]
    assert [(each["size"], each.get("first"), each.get("sent")) for each in told] == [
        (1000, None, None), (1000, 400, 100)
    ]  # fmt: skip
    assert not any(url.rpartition("/")[2] in str(event) for event in events)


# The command


@pytest.fixture
def empty_hub():
    """One without any file."""
    with LocalHub() as hub:
        yield hub


def test_an_update_is_ordered(empty_hub):
    hub, device = empty_hub, TestDevice(empty_hub.url)
    with pytest.raises(Refused, match="version: no firmware is published"):
        hub.update_firmware(device.id)
    hub.publish("1.1.0", b"first")
    hub.publish("1.1.0", b"second", signature="c2ln")
    hub.publish("1.2.0", b"newest")
    hub.publish_file("notes.txt", b"text", version="1.3.0")
    hub.update_firmware(device.id, "1.1.0")
    command = device.request("GET", "/command").json()
    parameters = command["parameters"]
    assert command["name"] == "update_firmware" and list(parameters) == ["url", "version", "checksum", "signature"]
    assert (parameters["version"], parameters["signature"]) == ("1.1.0", "c2ln")
    assert call("GET", parameters["url"]).content == b"second"
    assert parameters["checksum"] == hashlib.sha256(b"second").hexdigest()
    assert device.request("GET", "/command/pending_commands").json() == [command]

    newest = hub.update_firmware(device.id, parameters={"checksum": "0" * 64, "more": True})["parameters"]
    assert (newest["version"], newest["signature"], newest["checksum"]) == ("1.2.0", None, "0" * 64) and newest["more"]
    answer = cloud_call(hub, "POST", f"/devices/{device.id}/update", json={"version": "1.1.0"}).json()
    assert answer == hub.commands(device.id)[-1] and answer["status"] == "pending"
    for body, status, field in (
        ({"version": "1.3.0"}, 404, "version"),
        ({"version": "1.1"}, 400, "version"),
        ({"other": 1}, 400, "other"),
        ({"parameters": []}, 400, "parameters"),
    ):
        assert refused(cloud_call(hub, "POST", f"/devices/{device.id}/update", json=body), status, field)
    assert refused(cloud_call(hub, "POST", "/devices/nobody/update", json={}), 404, "id")
    assert len(hub.commands(device.id)) == 3
    device.close()


def test_the_newest_is_not_ordered_of_a_device_that_has_it(empty_hub):
    hub, device = empty_hub, TestDevice(empty_hub.url)
    hub.publish("1.0.0", b"what it runs")
    with pytest.raises(Refused, match="version: the device runs 1.0.0, and the newest is 1.0.0"):
        hub.update_firmware(device.id)
    assert hub.commands(device.id) == []
    assert hub.update_firmware(device.id, "1.0.0")["status"] == "pending"  # whoever names it means it
    device.close()


def test_a_firmware_is_withdrawn(empty_hub):
    hub, device = empty_hub, TestDevice(empty_hub.url)
    for version in ("1.1.0", "1.2.0+b", "1.2.0+b"):
        file = hub.publish(version, b"x")
    hub.publish_file("notes.txt", b"text", version="1.2.0+b")
    url = device.request("GET", f"/files/{file['id']}").json()["url"]
    answer = cloud_call(hub, "DELETE", "/firmware/1.2.0+b").json()
    assert answer == {"version": "1.2.0+b", "files": 2}
    assert device.send().json()["latest_fw_version"] == "1.1.0"
    assert [each["name"] for each in device.request("GET", "/files").json()] == ["firmware-1.1.0.bin", "notes.txt"]
    assert call("GET", url).status_code == 404
    assert refused(cloud_call(hub, "DELETE", "/firmware/1.2.0+b"), 404, "version")
    assert hub.withdraw("1.1.0")["files"] == 1
    device.close()


def test_the_address_is_the_one_that_the_device_reaches():
    """Not one that who orders the update knows: he may reach the hub by another interface than the board."""
    with LocalHub(host="127.0.0.2") as hub:
        at = hub.url
        device = TestDevice(at)
        hub.publish("1.1.0", b"x")
        path = f"/devices/{device.id}/update"
        assert cloud_call(hub, "POST", path, json={}).json()["parameters"]["url"].startswith("/files/")
        assert device.request("GET", "/command").json()["parameters"]["url"].startswith(f"{at}/files/")
        (pending,) = device.request("GET", "/command/pending_commands").json()
        assert call("GET", pending["parameters"]["url"]).content == b"x"
        device.close()


def test_what_else_commands_say_stays(hub, device):
    hub.queue_command(device.id, "fetch", {"url": "/files/x"})
    assert device.request("GET", "/command").json()["parameters"] == {"url": "/files/x"}
    for parameters in ({"url": "https://elsewhere.example/app.tar.gz"}, {"url": 7}, {}):
        hub.queue_command(device.id, "update_firmware", parameters)
        told = device.request("GET", "/command/pending_commands").json()[-1]
        assert told["parameters"] == parameters


# The command line


@pytest.fixture
def shop(hub, tmp_path, monkeypatch):
    """A folder where this hub is the running one, with a bundle and a maker's key."""
    monkeypatch.chdir(tmp_path)
    leave_address(hub)
    bundle = make_bundle("1.1.0", {"main.py": b"x"})
    (tmp_path / "app.tar.gz").write_bytes(bundle)
    (tmp_path / "app.tar.gz.sig").write_text("c2lnbmVk\n")
    (tmp_path / "image.bin").write_bytes(b"\xe9image")
    return tmp_path


def test_publish_takes_the_signature_that_is_there(shop, device):
    maker = Maker(shop / "maker.pem")
    der = maker.der

    def published(*arguments):
        done = run(shop, "publish", "1.1.0", *arguments)
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout, device.request("GET", "/files").json()[-1]["signature"]

    beside, given = ("--file", "app.tar.gz"), ("--signature", "Zm9yZ2Vk")
    out, signature = published(*beside)
    assert signature == "c2lnbmVk" and "with the signature of app.tar.gz.sig" in out
    out, signature = published(*beside, *given)  # what is asked for comes before what lies there
    assert signature == "Zm9yZ2Vk" and "with the signature given" in out
    out, signature = published("--file", "image.bin")
    assert signature is None and "not signed" in out
    for data, arguments in (((shop / "image.bin").read_bytes(), ("--file", "image.bin")), (None, ())):
        out, signature = published(*arguments, "--maker-key", "maker.pem")
        data = data or b"not a real firmware: 1.1.0\n"
        assert "signed by maker.pem" in out and signature == maker.sign(data)
    assert Maker(shop / "maker.pem").der == der and base64.b64encode(der).decode() not in out


def test_what_cannot_be_published(shop, device):
    bundle = ("publish", "1.1.0", "--file", "app.tar.gz")
    before = device.request("GET", "/files").json()
    failed(run(shop, "publish", "1.2.0", "--file", "app.tar.gz"), "is of version 1.1.0")
    failed(run(shop, *bundle, "--maker-key", "missing.pem"), "make keys KEY=missing.pem")
    failed(run(shop, *bundle, "--maker-key", "image.bin"), "holds no RSA key")
    failed(run(shop, *bundle, "--maker-key", "."), "cannot read .")
    failed(run(shop, *bundle, "--maker-key", "maker.pem", "--signature", "x"), "not allowed with")
    for content in (b"\xff", b"no base64!"):
        (shop / "app.tar.gz.sig").write_bytes(content)
        failed(run(shop, *bundle), "app.tar.gz.sig: expected a signature")
    assert device.request("GET", "/files").json() == before
    assert not (shop / "missing.pem").exists()
    # What only looks like a bundle is published as it is.
    (shop / "odd.tar.gz").write_bytes(pack([("manifest.json", json.dumps({"version": 7}).encode())]))
    failed(run(shop, "publish", "1.1.0", "--file", "odd.tar.gz"), "of version 7")
    os.truncate(shop / "odd.tar.gz", 20)
    assert run(shop, "publish", "1.1.0", "--file", "odd.tar.gz").returncode == 0


def test_withdraw_on_the_command_line(shop, hub, device):
    hub.publish("1.1.0+a", b"x")
    assert run(shop, "withdraw", "1.1.0+a").stdout == "withdrawn 1.1.0+a\n"
    failed(run(shop, "withdraw", "1.1.0+a"), "version: no firmware 1.1.0+a is published")


def test_update_on_the_command_line(shop, hub, device):
    hub.publish("1.1.0", b"x")
    hub.publish("5.0.0", b"x")
    for arguments, version in ((("1.1.0",), "1.1.0"), ((), "5.0.0"), (("--parameters", '{"a": 1}'), "5.0.0")):
        done = run(shop, "update", device.id, *arguments)
        assert (done.returncode, done.stderr) == (0, "")
        told = json.loads(done.stdout)
        assert (told["name"], told["parameters"]["version"]) == ("update_firmware", version)
    assert told["parameters"]["a"] == 1
    failed(run(shop, "update", device.id, "9.9.9"), "version: no firmware 9.9.9")
    failed(run(shop, "update", "nobody"), "id")
    failed(run(shop, "update", device.id, "--parameters", "{"), "JSON")
