"""The local hub: spaces, and incidents, which only a claimed device opens."""

import itertools
from datetime import datetime, timedelta

import pytest

from tools.hub import LocalHub, Refused, incidents
from tools.hub.testing import TestDevice, cloud_call, refused

INCIDENT = {"title": "Pump stands still", "issue": "pump_stall", "priority": 3, "description": "Since 5 minutes"}
SUSPEND = "incidents.suspend_creation"


def version(device):
    return device.send().json()["space_data_version"]


def space(device):
    answer = device.request("GET", "/space")
    assert answer.status_code == 200
    return answer.json()


# Spaces


def test_nobody_s_device(hub, device):
    assert version(device) == 0 and refused(device.request("GET", "/space"), 404, "claimed")
    hub.unclaim(device.id)  # changes nothing
    assert version(device) == 0


def test_versions_never_go_back(hub, device):
    hub.claim(device.id)
    assert version(device) == 1
    hub.claim(device.id, {"name": "Room 2"})
    assert version(device) == 2 and space(device)["name"] == "Room 2"
    hub.unclaim(device.id)
    assert version(device) == 0 and device.request("GET", "/space").status_code == 404
    hub.claim(device.id)
    assert version(device) == 3 and space(device)["name"] == "Room 1"
    other = TestDevice(hub.url, sn="SN-2")
    assert version(other) == 0
    other.close()


def test_space_info_is_made_up_where_nothing_is_given():
    with LocalHub(clock=itertools.repeat(1628063144.1229).__next__) as hub:
        device = TestDevice(hub.url)
        shown = hub.claim(device.id)
        assert shown == space(device)
        assert set(shown) == {"name", "location", "temperature_units", "maintenance", "local_time"}
        assert (shown["name"], shown["temperature_units"], shown["maintenance"]) == ("Room 1", "celsius", False)
        assert set(shown["location"]) == {"coordinates", "utc_offset", "name"}
        assert set(shown["location"]["coordinates"]) == {"lat", "lng"} and shown["location"]["utc_offset"] == 60
        assert shown["local_time"] == "2021-08-04T08:45:44.122+01:00"
        assert hub.claim(device.id, {"location": {"utc_offset": -90}})["local_time"] == "2021-08-04T06:15:44.122-01:30"
        device.close()


def test_fields_may_be_missing_and_more_may_come(hub, device):
    hub.claim(device.id, {"name": "X", "location": None, "maintenance": None, "temperature_units": None, "floor": [3]})
    assert set(space(device)) == {"name", "local_time", "floor"}
    local = datetime.fromisoformat(space(device)["local_time"])
    assert local.utcoffset() == timedelta(0)
    hub.claim(device.id, {"local_time": None, "location": {"coordinates": None, "name": "Here"}})
    got = space(device)
    assert "local_time" not in got and got["location"]["name"] == "Here"


@pytest.mark.parametrize(
    "given, field",
    [
        ({"name": 5}, "space.name"), ({"name": ""}, "space.name"), ({"maintenance": 1}, "space.maintenance"),
        ({"location": []}, "space.location"), ({"location": {"utc_offset": 1440}}, "space.location.utc_offset"),
        ({"location": {"utc_offset": 1.5}}, "space.location.utc_offset"),
        ({"location": {"coordinates": {"lat": 91, "lng": 0}}}, "space.location.coordinates.lat"),
        ({"location": {"coordinates": {"lat": 1}}}, "space.location.coordinates.lng"),
        ([], "space"), ({"more": float("inf")}, "space.more"),
    ],
    ids=lambda value: repr(value)[:40],
)  # fmt: skip
def test_what_is_no_space(hub, device, given, field):
    with pytest.raises(Refused, match=f"400: {field}"):
        hub.claim(device.id, given)
    assert version(device) == 0


def test_claims_over_http(hub, device):
    path = f"/devices/{device.id}/space"
    claimed = cloud_call(hub, "PUT", path, json={"space": {"name": "Hall"}}).json()
    assert claimed["name"] == "Hall" == space(device)["name"]
    assert cloud_call(hub, "PUT", path, json={}).json()["name"] == "Room 1"
    assert refused(cloud_call(hub, "PUT", path, json={"name": "Hall"}), 400, "name")
    assert cloud_call(hub, "DELETE", path).status_code == 200 and version(device) == 0
    assert refused(cloud_call(hub, "PUT", "/devices/nobody/space", json={}), 404, "id")


# Incidents


def open_incident(device, **changes):
    fields = {name: value for name, value in (INCIDENT | changes).items() if value is not ...}
    return device.request("POST", "/incidents", json=fields)


def test_open_and_close(hub, device):
    hub.claim(device.id)
    first, second, third = (open_incident(device, title=f"T{n}").json()["incident_id"] for n in range(3))
    listed = device.request("GET", "/incidents").json()
    assert listed == hub.incidents(device.id) and [each["title"] for each in listed] == ["T0", "T1", "T2"]
    assert (
        listed[0].items() >= (INCIDENT | {"id": first, "device_id": device.id, "status": "open", "title": "T0"}).items()
    )
    assert set(listed[0]) == {
        "id", "device_id", "status", "priority", "title", "description", "issue", "created_at", "updated_at"
    }  # fmt: skip
    for _ in range(2):  # the second time changes nothing
        assert device.request("DELETE", f"/incidents/{second}").status_code == 200
    assert [each["status"] for each in hub.incidents(device.id)] == ["open", "closed", "open"]
    assert hub.close_incident(device.id, first)["status"] == "closed"
    assert device.request("DELETE", "/incidents").status_code == 200
    closed = hub.incidents(device.id)
    assert [each["status"] for each in closed] == ["closed"] * 3 and closed[2]["updated_at"] >= closed[2]["created_at"]
    assert refused(device.request("DELETE", "/incidents/nothing"), 404, "incident_id")
    other = TestDevice(hub.url, sn="SN-2")
    assert refused(other.request("DELETE", f"/incidents/{third}"), 404, "incident_id")
    other.close()


def test_no_incident_while_unclaimed_or_suspended(hub, device):
    dummy = open_incident(device)
    assert dummy.status_code == 200 and isinstance(dummy.json()["incident_id"], str)
    hub.claim(device.id)
    device.request("PUT", "/cloud_settings", json={SUSPEND: True})
    assert open_incident(device).json() == dummy.json()
    assert hub.incidents(device.id) == []
    device.request("PUT", "/cloud_settings", json={SUSPEND: False})
    assert open_incident(device).json() != dummy.json() and len(hub.incidents(device.id)) == 1
    hub.unclaim(device.id)
    assert open_incident(device).json() == dummy.json()


@pytest.mark.parametrize("claimed", [False, True])
@pytest.mark.parametrize(
    "field, values",
    [
        ("title", [..., None, "", "x" * 256, 5]), ("issue", [..., None, "", "x" * 256, []]),
        ("priority", [..., None, -1, 5, 1.0, True, "3"]), ("description", [..., None, 5, "x" * 10_001]),
    ],
)  # fmt: skip
def test_incidents_that_are_wrong(hub, device, claimed, field, values):
    if claimed:
        hub.claim(device.id)
    for value in values:
        assert refused(open_incident(device, **{field: value}), 400, field)
    assert hub.incidents(device.id) == []


def test_limits_of_what_is_right(hub, device):
    hub.claim(device.id)
    for changes in ({"priority": 0}, {"priority": 4}, {"description": ""}, {"description": "ü" * 10_000}):
        assert open_incident(device, title="x" * 255, issue="y" * 255, **changes).status_code == 200
    assert len(hub.incidents(device.id)) == 4


def test_the_oldest_incidents_go(hub, device, monkeypatch):
    monkeypatch.setattr(incidents, "LIMIT", 3)
    hub.claim(device.id)
    for n in range(5):
        open_incident(device, priority=n)
    assert [each["priority"] for each in hub.incidents(device.id)] == [2, 3, 4]


def test_incidents_over_http(hub, device):
    hub.claim(device.id)
    incident = open_incident(device).json()["incident_id"]
    path = f"/devices/{device.id}/incidents"
    assert cloud_call(hub, "GET", path).json() == hub.incidents(device.id)
    assert cloud_call(hub, "DELETE", f"{path}/{incident}").json()["status"] == "closed"
    assert refused(cloud_call(hub, "DELETE", f"{path}/nothing"), 404, "incident_id")
