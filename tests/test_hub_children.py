"""The local hub: children of a device, and their telemetries."""

import json

import pytest
from sqlalchemy import func, select

from tools.hub import LocalHub
from tools.hub.db import Base
from tools.hub.testing import TestDevice, call, cloud_call, refused, register

CHILD = {"model_id": "sensor-7", "firmware_version": "1.0.0"}


def add(device, **changes):
    fields = {name: value for name, value in (CHILD | changes).items() if value is not ...}
    return device.request("POST", "/children", json=fields)


def child_of(hub, device, **changes):
    """A child as a device that speaks for itself."""
    reply = add(device, **changes).json()
    child = TestDevice.__new__(TestDevice)
    child.id, child.key, child.url = reply["id"], reply["access_key"], f"{hub.url}/v1/devices/{reply['id']}"
    child._client = device._client
    return child


def send(device, messages):
    return device.request("POST", "/children/telemetries", json=messages)


def test_register_and_list(hub, device):
    assert device.request("GET", "/children").json() == [] == hub.children(device.id)
    more = {"sn": "C-1", "mac": "a4:cf:12:9b:00:80", "name": "Left", "details": {"slot": 1}}
    reply = add(device, **more)
    assert reply.status_code == 200 and set(reply.json()) == {"id", "access_key"}
    second = add(device).json()
    listed = device.request("GET", "/children").json()
    assert [each["id"] for each in listed] == [reply.json()["id"], second["id"]]
    assert listed[0].items() >= (CHILD | more | {"parent_id": device.id, "state": {}}).items()
    assert listed == hub.children(device.id) == cloud_call(hub, "GET", f"/devices/{device.id}/children").json()
    assert "access_key" not in listed[0] and not any("key" in name for name in listed[0])
    assert len(hub.devices()) == 3


@pytest.mark.parametrize(
    "field, values",
    [
        ("model_id", [..., None, "", 5, "x" * 256]), ("firmware_version", [..., None, "1.0", 1]),
        ("sn", [None, "", 5]), ("mac", [None, "", "a4:cf"]), ("name", [None, ""]), ("details", [None, []]),
    ],
)  # fmt: skip
def test_children_that_are_wrong(hub, device, field, values):
    for value in values:
        assert refused(add(device, **{field: value}), 400, field)
    assert hub.children(device.id) == []


def test_a_child_registers_once(hub, device):
    other = TestDevice(hub.url, sn="SN-2")
    assert add(device, sn="C-1").status_code == 200
    assert refused(add(device, sn="C-1"), 422, "sn")
    assert refused(add(device, sn="C-1", mac="a4:cf:12:9b:00:80"), 422, "sn")
    assert add(other, sn="C-1").status_code == 200
    assert add(device).status_code == add(device).status_code == 200  # nothing tells these two apart
    # As a device is known by its MAC and serial number, whosever child it is.
    assert add(device, sn="C-3", mac="a4:cf:12:9b:00:80").status_code == 200
    assert refused(add(other, sn="C-3", mac="A4CF129B0080"), 422, "mac and sn")
    assert refused(register(hub.url, sn="C-3", mac="a4:cf:12:9b:00:80"), 422, "mac and sn")
    other.close()


def test_a_child_speaks_for_itself(hub, device):
    child = child_of(hub, device, sn="C-1")
    assert child.send({"t": 1}).status_code == 200
    assert hub.device(child.id)["state"] == {"t": 1, "status": "online"} and hub.device(device.id)["state"] == {}
    hub.set_config(child.id, {"a": 1})
    assert child.request("GET", "/config").json()["config"] == {"a": 1}
    assert device.request("GET", "/config").json()["version"] == 0
    assert child.request("PUT", json={"firmware_version": "2.0.0"}).status_code == 200
    # Neither key opens the other's doors, but for what is the parent's to do.
    assert refused(child.request("GET", key=device.key), 403, "id")
    assert refused(device.request("GET", key=child.key), 403, "id")
    assert child.request("DELETE").status_code == 200
    assert hub.children(device.id) == []


def test_children_go_with_their_parent(hub, device):
    child = child_of(hub, device)
    grandchild = child_of(hub, child)
    hub.delete(device.id)
    assert hub.devices() == []
    assert refused(child.send(), 401, "Authorization") and refused(grandchild.send(), 401, "Authorization")


@pytest.mark.parametrize("by", ["cloud", "device"])
def test_nothing_is_left_of_a_family(by):
    """No row in any table, and everyone who goes is told of."""
    events = []
    with LocalHub(on_event=events.append) as hub:
        device = TestDevice(hub.url)
        child = child_of(hub, device)
        for each in (device, child):
            each.send({"t": 1})
            each.request("PUT", json={"name": "n"})
            each.request("PUT", "/cloud_settings", json={"incidents.suspend_creation": False})
            each.request("POST", "/events", json={"name": "n", "category": "c"})
            each.request("POST", "/dumps/text%2Fplain/a", content=b"x")
            hub.claim(each.id)
            each.request("POST", "/incidents", json={"title": "T", "issue": "i", "priority": 1, "description": "d"})
            hub.queue_command(each.id, "reboot")
            hub.set_config(each.id, {})
            hub.give_license(each.id, "data")
        assert set(rows(hub).values()) == {2}
        hub.delete(device.id) if by == "cloud" else device.request("DELETE")
        assert set(rows(hub).values()) == {0}
        gone = [(event.device_id, event.detail["by"]) for event in events if event.kind == "deleted"]
        assert gone == [(device.id, by), (child.id, by)]
        device.close()


def rows(hub):
    """How many rows each table has that speaks of devices."""
    tables = [table for table in Base.metadata.sorted_tables if table.name != "files"]
    with hub._running().database.transaction() as session:
        return {table.name: session.scalar(select(func.count()).select_from(table)) for table in tables}


def test_pending_commands_of_the_family(hub, device):
    child, other = child_of(hub, device), TestDevice(hub.url, sn="SN-2")
    for number, each in enumerate((child, device, other, child)):
        hub.queue_command(each.id, f"c{number}")
    listed = device.request("GET", "/command/pending_commands").json()
    assert [(each["name"], each["device_id"]) for each in listed] == [
        ("c0", child.id), ("c1", device.id), ("c3", child.id)
    ]  # fmt: skip
    assert [each["name"] for each in child.request("GET", "/command/pending_commands").json()] == ["c0", "c3"]
    assert device.request("GET", "/command").json()["name"] == "c1"
    assert child.request("POST", "/command", json={"id": listed[0]["id"], "status": "done"}).status_code == 200
    other.close()


# Telemetries


def test_telemetries_with_one_request(hub, device):
    a, b = child_of(hub, device), child_of(hub, device)
    hub.queue_command(b.id, "reboot")
    answer = send(device, {a.id: {"status": "online", "telemetries": {"t": 1}}, b.id: {"status": "error"}})
    assert answer.status_code == 200 and list(answer.json()) == [a.id, b.id]
    assert answer.json()[a.id] == a.send().json() and answer.json()[b.id]["command"] is True
    assert hub.device(a.id)["state"] == {"t": 1, "status": "online"}
    assert hub.device(b.id)["state"] == {"status": "error"} and hub.device(device.id)["telemetry_count"] == 0
    assert send(device, {}).json() == {}


def test_one_bad_message_costs_the_others_nothing(hub, device):
    a, b, stranger = child_of(hub, device), child_of(hub, device), TestDevice(hub.url, sn="SN-2")
    bad = [None, 5, [], "online", {}, {"status": "?"}, {"status": "online", "telemetries": {"t": [1]}}]
    bad += [{"status": "online", "telemetries": {"t": "\0"}}, {"status": "online", "message": "\ud800"}]
    for number, message in enumerate(bad):
        body = {b.id: message, a.id: {"status": "online", "telemetries": {"n": number}}}
        answer = device.request(
            "POST",
            "/children/telemetries",
            content=json.dumps(body),
            headers={"Content-Type": "application/json"},
        )
        assert answer.status_code == 200
        assert list(answer.json()[b.id]) == ["error"] and answer.json()[a.id]["success"] is True
        assert hub.device(a.id)["state"]["n"] == number
    fine = {"status": "online"}
    answer = send(device, {"nobody": fine, device.id: fine, stranger.id: fine, "": fine, a.id: fine}).json()
    assert [list(reply) == ["error"] for reply in answer.values()] == [True, True, True, True, False]
    assert hub.telemetries(b.id) == hub.telemetries(stranger.id) == hub.telemetries(device.id) == []
    stranger.close()


def test_at_most_a_hundred(hub, device):
    a = child_of(hub, device)
    messages = {f"nobody-{n}": {} for n in range(99)} | {a.id: {"status": "online"}}
    assert send(device, messages).json()[a.id]["success"] is True
    assert refused(send(device, messages | {"one more": {}}), 400, "100")
    assert len(hub.telemetries(a.id)) == 1


@pytest.mark.parametrize("body", ["[]", "null", "{", '{"\\ud800": {"status": "online"}}', '{"a\\u0000": {}}'])
def test_what_is_wrong_as_a_whole(device, body):
    answer = device.request("POST", "/children/telemetries", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400 and list(answer.json()) == ["error"]


def test_who_may_register_a_child(hub, device):
    other = TestDevice(hub.url, sn="SN-2")
    for key, status in (("", 401), (other.key, 403), ("wrong", 401), (hub.cloud_key, 401)):
        answer = call("POST", f"{device.url}/children", headers={"Authorization": key} if key else {}, json=CHILD)
        assert answer.status_code == status
    other.close()
