"""The local hub: configurations, the info tab and the cloud settings, each with its version."""

import pytest

from tools.hub import Refused, configs
from tools.hub.testing import TestDevice, cloud_call, refused


def version(device, name="config_version"):
    return device.send().json()[name]


def test_before_one_was_set(hub, device):
    config = device.request("GET", "/config").json()
    assert (config["version"], config["config"], config["device_id"]) == (0, {}, device.id)
    assert config == hub.config(device.id) and hub.configs(device.id) == [] and version(device) == 0


def test_the_cloud_and_the_device_set_it(hub, device):
    first = hub.set_config(device.id, {"interval": 5, "names": ["a", {"b": None}]}, "Summer")
    assert set(first) == {"version", "last_updated", "name", "device_id", "config"}
    assert first == device.request("GET", "/config").json() and first["name"] == "Summer"
    assert version(device) == first["version"] == 1
    second = device.request("POST", "/config", json={"interval": 6})
    assert (second.status_code, second.json()["version"], second.json()["config"]) == (200, 2, {"interval": 6})
    assert second.json() == device.request("GET", "/config").json() == hub.config(device.id)
    assert version(device) == 2
    assert hub.set_config(device.id, {})["version"] == 3
    assert [(c["version"], c["config"], c["by"]) for c in hub.configs(device.id)] == [
        (1, first["config"], "cloud"), (2, {"interval": 6}, "device"), (3, {}, "cloud")
    ]  # fmt: skip
    # What the device says it has applied is another thing.
    assert hub.device(device.id)["config_version"] == 0


def test_each_device_has_its_own(hub, device):
    other = TestDevice(hub.url, sn="SN-2")
    hub.set_config(device.id, {"a": 1})
    assert version(other) == 0 and other.request("GET", "/config").json()["config"] == {}
    other.close()


@pytest.mark.parametrize("body", ["[]", "null", '"x"', "", '{"a": NaN}', '{"a": "\\ud800"}', '{"a": 1e999}', "{"])
def test_what_is_no_configuration(hub, device, body):
    answer = device.request("POST", "/config", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400 and hub.configs(device.id) == []


def test_a_configuration_is_at_most_128_kib(hub, device):
    assert device.request("POST", "/config", json={"a": "x" * 130_000}).status_code == 200
    assert refused(device.request("POST", "/config", json={"a": "x" * 131_072}), 400, "body")


def test_history_is_bounded_and_versions_count_on(hub, device, monkeypatch):
    monkeypatch.setattr(configs, "HISTORY_LIMIT", 3)
    for n in range(5):
        hub.set_config(device.id, {"n": n})
    assert [each["version"] for each in hub.configs(device.id)] == [3, 4, 5]
    assert device.request("POST", "/config", json={}).json()["version"] == 6


def test_configurations_over_http(hub, device):
    path = f"/devices/{device.id}/config"
    set_ = cloud_call(hub, "POST", path, json={"config": {"a": 1}, "name": "Summer"}).json()
    assert cloud_call(hub, "GET", path).json() == set_ == hub.config(device.id)
    assert cloud_call(hub, "GET", path + "s").json() == [set_ | {"by": "cloud"}]
    assert refused(cloud_call(hub, "POST", path, json={"config": []}), 400, "config")
    assert refused(cloud_call(hub, "POST", path, json={"a": 1}), 400, "config")
    assert refused(cloud_call(hub, "GET", "/devices/nobody/config"), 404, "id")


def test_info_tab(hub, device):
    assert version(device, "info_version") == 0
    shown = hub.set_info(device.id, name="Pump", details={"rack": {"row": 3}})
    assert shown == device.request("GET").json() | {"last_seen": shown["last_seen"]}
    assert (shown["name"], shown["details"], shown["info_version"]) == ("Pump", {"rack": {"row": 3}}, 1)
    answer = cloud_call(hub, "PUT", f"/devices/{device.id}/info", json={"sub_model": "B", "name": None})
    info = device.request("GET").json()
    assert answer.status_code == 200 and version(device, "info_version") == 2
    assert (info["name"], info["sub_model"], info["details"]) == (None, "B", {"rack": {"row": 3}})
    # What the device itself says does not raise it: the device knows.
    device.request("PUT", json={"name": "Fan", "details": {}})
    assert version(device, "info_version") == 2
    for body, field in (({"name": ""}, "name"), ({"details": None}, "details"), ({"sn": "x"}, "sn")):
        assert refused(cloud_call(hub, "PUT", f"/devices/{device.id}/info", json=body), 400, field)
    with pytest.raises(Refused, match="400: details"):
        hub.set_info(device.id, details=[1])
    assert version(device, "info_version") == 2


def test_cloud_settings(hub, device):
    name = "incidents.suspend_creation"
    assert hub.cloud_settings(device.id) == {name: False}
    assert device.request("PUT", "/cloud_settings", json={name: True}).status_code == 200
    assert device.request("PUT", "/cloud_settings", json={}).status_code == 200
    assert hub.cloud_settings(device.id) == {name: True}
    assert cloud_call(hub, "GET", f"/devices/{device.id}/cloud_settings").json() == {name: True}
    for value in (None, 1, "true", [], {}):
        assert refused(device.request("PUT", "/cloud_settings", json={name: value}), 400, name)
    for unknown in ("incidents", "suspend_incidents", "", "incidents.suspend_Creation"):
        assert refused(
            device.request("PUT", "/cloud_settings", json={name: False, unknown: True}), 400, "unknown field"
        )
    assert hub.cloud_settings(device.id) == {name: True}
