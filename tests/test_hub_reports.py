"""The local hub: events and dumps of a device."""

import pytest

from tools.hub import Refused, device_events, dumps
from tools.hub.testing import TestDevice, cloud_call, refused

EVENT = {"name": "door_opened", "category": "access"}


# Events


def test_events(hub, device):
    assert hub.device_events(device.id) == []
    keys = {"int_key_1": 2**31 - 1, "int_key_2": -(2**31), "string_key_1": "", "string_key_2": "ü" * 255}
    assert device.request("POST", "/events", json=EVENT).status_code == 200
    assert device.request("POST", "/events", json=EVENT | keys | {"more": ["to come"]}).status_code == 200
    first, second = hub.device_events(device.id)
    nothing = dict.fromkeys(keys)
    assert first == EVENT | nothing | {"id": first["id"], "created_at": first["created_at"]}
    assert second == EVENT | keys | {"id": second["id"], "created_at": second["created_at"]}
    assert cloud_call(hub, "GET", f"/devices/{device.id}/events").json() == [first, second]


@pytest.mark.parametrize(
    "field, values",
    [
        ("name", [..., None, "", "x" * 256, 5]), ("category", [..., None, "", "x" * 256, True]),
        ("int_key_1", [None, 2**31, 1.0, "1", True]), ("int_key_2", [-(2**31) - 1]),
        ("string_key_1", [None, 5, "x" * 256]), ("string_key_2", [[], "\0"]),
    ],
)  # fmt: skip
def test_events_that_are_wrong(hub, device, field, values):
    for value in values:
        body = {name: given for name, given in (EVENT | {field: value}).items() if given is not ...}
        assert refused(device.request("POST", "/events", json=body), 400, field)
    assert hub.device_events(device.id) == []


def test_the_oldest_events_go(hub, device, monkeypatch):
    monkeypatch.setattr(device_events, "LIMIT", 3)
    other = TestDevice(hub.url, sn="SN-2")
    other.request("POST", "/events", json=EVENT)
    for n in range(5):
        device.request("POST", "/events", json=EVENT | {"int_key_1": n})
    assert [each["int_key_1"] for each in hub.device_events(device.id)] == [2, 3, 4]
    assert len(hub.device_events(other.id)) == 1
    other.close()


# Dumps


def send(device, quoted="text%2Fplain/report.txt", data=b"hello"):
    return device.request("POST", f"/dumps/{quoted}", content=data)


def test_a_dump_in_pieces(hub, device):
    data = bytes(range(256))
    sent = send(device, data=data)
    assert (sent.status_code, sent.json()["size"]) == (200, 256)
    dump_id = sent.json()["id"]
    for n in range(2, 4):
        more = device.request("PUT", f"/dumps/{dump_id}", content=data)
        assert (more.status_code, more.json()) == (200, {"id": dump_id, "size": n * 256})
    (dump,) = hub.dumps(device.id)
    assert set(dump) == {"id", "filename", "mime_type", "size", "created_at"}
    assert (dump["filename"], dump["mime_type"], dump["size"]) == ("report.txt", "text/plain", 768)
    assert hub.dump(device.id, dump_id) == data * 3
    got = cloud_call(hub, "GET", f"/devices/{device.id}/dumps/{dump_id}")
    assert got.content == data * 3
    assert got.headers["content-type"] == "application/octet-stream"  # never what a browser would run
    assert cloud_call(hub, "GET", f"/devices/{device.id}/dumps").json() == [dump]


@pytest.mark.parametrize(
    "quoted, mime_type, filename",
    [
        ("application%2Fjson/a.json", "application/json", "a.json"),
        ("application%2fvnd.x%2Bjson/a%20b.json", "application/vnd.x+json", "a b.json"),
        ("text%2Fplain%3B%20charset%3Dutf-8/gr%C3%BC%C3%9Fe%3F.txt", "text/plain; charset=utf-8", "grüße?.txt"),
        ("text%2Fplain/%2525", "text/plain", "%25"),
        ("text%2Fplain/" + "x" * 255, "text/plain", "x" * 255),
    ],
    ids=lambda value: value[:24],
)
def test_names_are_quoted(hub, device, quoted, mime_type, filename):
    assert send(device, quoted).status_code == 200
    (dump,) = hub.dumps(device.id)
    assert (dump["mime_type"], dump["filename"]) == (mime_type, filename)


@pytest.mark.parametrize(
    "quoted, field",
    [
        ("text/plain/a.txt", "mime_type"), ("text/a.txt", "mime_type"), ("text%2F/a.txt", "mime_type"),
        ("%2Fplain/a.txt", "mime_type"), ("te%20xt%2Fplain/a.txt", "mime_type"), ("text%2Fplain%0D/a", "mime_type"),
        ("text%2Fplain%2Fx/a.txt", "mime_type"), ("t%2F" + "x" * 254 + "/a.txt", "mime_type"),
        ("text%2Fplain/a%2Fb", "filename"), ("text%2Fplain/..%2Fb", "filename"), ("text%2Fplain/%2e%2e", "filename"),
        ("text%2Fplain/a%00b", "filename"), ("text%2Fplain/a%0Ab", "filename"), ("text%2Fplain/%1b", "filename"),
        ("text%2Fplain/%ff", "filename"), ("text%2Fplain/" + "x" * 256, "filename"),
    ],
    ids=lambda value: value[:24],
)  # fmt: skip
def test_names_that_are_wrong(hub, device, quoted, field):
    assert refused(send(device, quoted), 400, field)
    assert hub.dumps(device.id) == []


def test_a_dump_is_at_most_1_mib(hub, device):
    mib = 1024 * 1024
    assert refused(send(device, data=b"x" * (mib + 1)), 400, "body")
    whole = send(device, data=b"x" * mib).json()["id"]
    assert refused(device.request("PUT", f"/dumps/{whole}", content=b"x"), 400, "body")
    half = send(device, data=b"x" * (mib // 2)).json()["id"]
    assert refused(device.request("PUT", f"/dumps/{half}", content=b"y" * (mib // 2 + 1)), 400, "body")
    assert device.request("PUT", f"/dumps/{half}", content=b"y" * (mib // 2)).json()["size"] == mib
    assert [each["size"] for each in hub.dumps(device.id)] == [mib, mib]
    assert send(device, data=b"").json()["size"] == 0  # to be appended to


def test_the_oldest_dumps_go(hub, device, monkeypatch):
    monkeypatch.setattr(dumps, "LIMIT", 3)
    ids = [send(device, data=b"%d" % n).json()["id"] for n in range(5)]
    assert [each["id"] for each in hub.dumps(device.id)] == ids[2:]
    assert refused(device.request("PUT", f"/dumps/{ids[0]}", content=b"x"), 404, "dump_id")


def test_dumps_of_nobody_or_of_another(hub, device):
    other = TestDevice(hub.url, sn="SN-2")
    dump_id = send(other).json()["id"]
    for answer in (device.request("PUT", f"/dumps/{dump_id}", content=b"x"), device.request("PUT", "/dumps/nothing")):
        assert refused(answer, 404, "dump_id")
    with pytest.raises(Refused, match="404: dump_id"):
        hub.dump(device.id, dump_id)
    assert refused(cloud_call(hub, "GET", f"/devices/{device.id}/dumps/{dump_id}"), 404, "dump_id")
    assert hub.dump(other.id, dump_id) == b"hello"
    other.close()
