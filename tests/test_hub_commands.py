"""The local hub: commands, from the cloud's queue to what the device reports of them."""

import pytest

from tools.hub import Refused
from tools.hub.testing import TestDevice, cloud_call, refused


def pending(device):
    return device.send().json()["command"]


def head(device):
    answer = device.request("GET", "/command")
    assert answer.status_code == 200
    return answer.json()


def update(device, command, status, **more):
    return device.request("POST", "/command", json={"id": command["id"], "status": status} | more)


def test_no_command(hub, device):
    assert head(device) == {} and not pending(device)
    assert device.request("GET", "/command/pending_commands").json() == [] == hub.commands(device.id)


def test_a_command_from_the_queue_to_done(hub, device):
    queued = hub.queue_command(device.id, "reboot", {"delay": 3})
    assert (queued["status"], queued["message"], queued["history"]) == ("pending", None, [])
    told = {"id": queued["id"], "device_id": device.id, "name": "reboot", "parameters": {"delay": 3}}
    assert pending(device) and head(device) == told | {"status": "pending"}
    assert update(device, queued, "in_progress").status_code == 200
    # It is still the head: the device may have restarted over it.
    assert pending(device) and head(device) == told | {"status": "in_progress"}
    assert update(device, queued, "done", message="took 3 s").status_code == 200
    assert not pending(device) and head(device) == {}
    (seen,) = hub.commands(device.id)
    assert seen == queued | {"status": "done", "message": "took 3 s", "history": seen["history"]}
    assert [(each["status"], each["message"]) for each in seen["history"]] == [
        ("in_progress", None), ("done", "took 3 s")
    ]  # fmt: skip
    assert seen["created_at"] <= seen["history"][0]["at"] <= seen["history"][1]["at"]


def test_commands_come_one_after_the_other(hub, device):
    first, second, third = (hub.queue_command(device.id, f"c{n}") for n in range(3))
    assert head(device)["id"] == first["id"]
    assert [each["name"] for each in device.request("GET", "/command/pending_commands").json()] == ["c0", "c1", "c2"]
    update(device, second, "failed", message="no such lamp")  # out of turn: it is the device's choice
    assert head(device)["id"] == first["id"]
    update(device, first, "done")
    assert head(device)["id"] == third["id"]
    assert [(each["name"], each["status"]) for each in hub.commands(device.id)] == [
        ("c0", "done"), ("c1", "failed"), ("c2", "pending")
    ]  # fmt: skip


@pytest.mark.parametrize("status", ["done", "failed", "cancelled"])
def test_what_is_finished_stays_as_it_is(hub, device, status):
    command = hub.queue_command(device.id, "reboot")
    if status == "cancelled":
        assert hub.cancel_command(device.id, command["id"])["status"] == "cancelled"
    else:
        update(device, command, status)
    before = hub.commands(device.id)
    assert before[0]["status"] == status
    for again in ("in_progress", "done", "failed"):
        assert refused(update(device, command, again), 422, "id")
    with pytest.raises(Refused) as error:
        hub.cancel_command(device.id, command["id"])
    assert error.value.status == 400
    assert hub.commands(device.id) == before and not pending(device)


def test_cancel_while_it_runs(hub, device):
    command = hub.queue_command(device.id, "reboot")
    update(device, command, "in_progress")
    hub.cancel_command(device.id, command["id"])
    assert head(device) == {} and len(hub.commands(device.id)[0]["history"]) == 1


@pytest.mark.parametrize(
    "change, field",
    [
        ({"status": "pending"}, "status"), ({"status": "cancelled"}, "status"), ({"status": None}, "status"),
        ({"status": "Done"}, "status"), ({"status": 1}, "status"), ({"id": None}, "id"), ({"id": 7}, "id"),
        ({"message": None}, "message"), ({"message": 5}, "message"), ({"message": "x" * 10_001}, "message"),
    ],
    ids=lambda value: repr(value)[:30],
)  # fmt: skip
def test_updates_that_are_wrong(hub, device, change, field):
    command = hub.queue_command(device.id, "reboot")
    body = {"id": command["id"], "status": "done"} | change
    assert refused(device.request("POST", "/command", json=body), 400, field)
    assert hub.commands(device.id) == [command]


def test_a_command_of_nobody_or_of_another(hub, device):
    other = TestDevice(hub.url, sn="SN-2")
    command = hub.queue_command(other.id, "reboot")
    assert refused(update(device, command, "done"), 404, "id")
    assert refused(update(device, {"id": "nothing"}, "done"), 404, "id")
    assert refused(device.request("POST", "/command", json={"status": "done"}), 400, "id")
    assert head(device) == {} and not pending(device)
    with pytest.raises(Refused, match="404: command_id"):
        hub.cancel_command(device.id, command["id"])
    other.close()


def test_history_is_bounded(hub, device):
    command = hub.queue_command(device.id, "long")
    for n in range(105):
        update(device, command, "in_progress", message=str(n))
    assert [each["message"] for each in hub.commands(device.id)[0]["history"]] == [str(n) for n in range(5, 105)]


def test_the_cloud_over_http(hub, device):
    path = f"/devices/{device.id}/commands"
    queued = cloud_call(hub, "POST", path, json={"name": "reboot", "parameters": {"a": [1, {"b": None}]}}).json()
    assert cloud_call(hub, "GET", path).json() == [queued] == hub.commands(device.id)
    assert cloud_call(hub, "DELETE", f"{path}/{queued['id']}").json()["status"] == "cancelled"
    for body, field in (
        ({}, "name"), ({"name": ""}, "name"), ({"name": 1}, "name"), ({"name": "x", "parameters": []}, "parameters"),
        ({"name": "x", "device_id": "y"}, "device_id"), ({"name": "x", "hub": "y"}, "hub"),
    ):  # fmt: skip
        assert refused(cloud_call(hub, "POST", path, json=body), 400, field)
    assert refused(cloud_call(hub, "POST", "/devices/nobody/commands", json={"name": "x"}), 404, "id")
    assert len(hub.commands(device.id)) == 1


@pytest.mark.parametrize("parameters", [[], "x", {"a": {1}}, {"a": float("nan")}, {"a": "\ud800"}, {"a": b"x"}])
def test_helpers_refuse_as_the_cloud_does(hub, device, parameters):
    with pytest.raises(Refused) as error:
        hub.queue_command(device.id, "reboot", parameters)
    assert error.value.status == 400
    assert hub.commands(device.id) == []
