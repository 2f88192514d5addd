"""The local hub: registration, device info, update device, delete device, and who may ask."""

import re

import pytest

from tools.hub import LocalHub, Refused
from tools.hub.app import create_app
from tools.hub.testing import IDENTITY, TestDevice, call, refused, register


class Clock:
    """A hub's clock that a test sets, in seconds since 1970."""

    now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def clock():
    return Clock()


@pytest.fixture(scope="module")
def one_hub(clock):
    with LocalHub(clock=clock) as hub:
        yield hub


# Registration


def test_registration_gives_id_key_and_addresses(hub):
    reply = register(hub.url, name="Pump", details={"rack": {"row": 3}}, sub_model="B")
    assert reply.status_code == 200
    assert set(reply.json()) == {"id", "access_key", "hub_url", "hub_url_static_cert", "mqtt_hub_url"}
    assert reply.json()["hub_url"] == reply.json()["hub_url_static_cert"] == hub.url
    known = hub.device(reply.json()["id"])
    assert (known["name"], known["details"], known["sub_model"]) == ("Pump", {"rack": {"row": 3}}, "B")
    assert (known["sn"], known["mac"], known["firmware_version"]) == ("SN-1", "a4:cf:12:9b:00:7e", "1.0.0")


@pytest.mark.parametrize("field", ["hardware_key", "sn", "firmware_version"])
@pytest.mark.parametrize("value", [..., None, 5, "", [], "x" * 256])
def test_required_fields(hub, field, value):
    assert refused(register(hub.url, **{field: value}), 400, field)
    assert hub.devices() == []


@pytest.mark.parametrize("field", ["mac", "cloud_id", "name", "details", "sub_model", "parent_id"])
def test_optional_fields_of_a_wrong_type(hub, field):
    for value in (None, 5, True, ["a"]):
        assert refused(register(hub.url, **{field: value}), 400, field)


def test_mac_or_cloud_id(hub):
    answer = register(hub.url, mac=...)
    assert refused(answer, 400, "mac") and refused(answer, 400, "cloud_id")
    assert register(hub.url, mac=..., cloud_id="c-1").status_code == 200


@pytest.mark.parametrize("mac", ["", "a4:cf:12:9b:00", "a4:cf:12:9b:00:7g", "a4:cf-12:9b:00:7e", "a4:cf:12:9b:00:7e\n"])
def test_what_is_no_mac(hub, mac):
    assert refused(register(hub.url, mac=mac), 400, "mac")


@pytest.mark.parametrize(
    "version", ["1", "1.0", "v1.0.0", "01.0.0", "1.0.0-", "1.0.0-01", "1.0.0+", "1.0.0\n", "1.٠.0"]
)
def test_firmware_version_is_semver(hub, version):
    assert refused(register(hub.url, firmware_version=version), 400, "firmware_version")


def test_a_device_registers_once(hub):
    assert register(hub.url, cloud_id="c-1").status_code == 200
    assert refused(register(hub.url), 422, "mac and sn")
    assert refused(register(hub.url, mac="A4-CF-12-9B-00-7E"), 422, "mac and sn")
    assert refused(register(hub.url, mac="a4cf129b007e"), 422, "mac and sn")
    assert refused(register(hub.url, mac=..., sn="SN-9", cloud_id="c-1"), 422, "cloud_id")
    assert register(hub.url, sn="SN-2").status_code == 200  # the pair counts
    assert register(hub.url, mac="a4:cf:12:9b:00:7f").status_code == 200
    assert register(hub.url, mac=..., cloud_id="c-2").status_code == 200
    assert len(hub.devices()) == 4


def test_a_deleted_device_registers_again(hub, device):
    device.send({"t": 1})
    hub.delete(device.id)
    again = TestDevice(hub.url)
    assert again.id != device.id and again.key != device.key
    assert hub.device(again.id)["state"] == {} and hub.telemetries(again.id) == []
    assert refused(device.send(), 401, "Authorization")
    assert again.send().status_code == 200
    again.close()


def test_parent_must_be_known(hub, device):
    assert refused(register(hub.url, sn="SN-2", parent_id="nobody"), 400, "parent_id")
    assert register(hub.url, sn="SN-2", parent_id=device.id).status_code == 200


def test_hardware_keys():
    with LocalHub(hardware_keys=["good", "better"]) as hub:
        answer = register(hub.url, hardware_key="the-wrong-one")
        assert refused(answer, 403, "hardware_key") and "the-wrong-one" not in answer.text
        assert refused(register(hub.url, hardware_key=""), 400, "hardware_key")
        assert register(hub.url, hardware_key="better").status_code == 200
    with LocalHub(hardware_keys=[]) as hub:
        assert refused(register(hub.url), 403, "hardware_key")


# Device info, update device, delete device


def test_device_info(hub, device):
    device.send({"t": 1})
    info = device.request("GET").json()
    assert info == hub.device(device.id)
    assert (info["id"], info["sn"], info["state"]) == (device.id, "SN-1", {"t": 1, "status": "online"})
    assert not {"access_key", "key_hash", "hardware_key"} & set(info)


def test_update_device(hub, device):
    changes = {
        "firmware_version": "1.1.0-rc.1",
        "name": "Pump",
        "sub_model": "C",
        "details": {"a": [1]},
        "space_version": 2,
        "config_version": 3,
    }
    assert device.request("PUT", json=changes).status_code == 200
    assert hub.device(device.id).items() >= changes.items()
    assert device.request("PUT", json={"name": "Fan"}).status_code == 200
    assert hub.device(device.id).items() >= (changes | {"name": "Fan"}).items()


@pytest.mark.parametrize(
    "field, value",
    [
        ("firmware_version", "1.1"),
        ("firmware_version", None),
        ("name", 5),
        ("sub_model", None),
        ("details", []),
        ("space_version", "2"),
        ("space_version", True),
        ("config_version", 1.0),
        ("config_version", -1),
        ("config_version", 2**31),
        ("sn", "SN-2"),
        ("colour", "red"),
        ("state", {}),
    ],
)
def test_update_device_refuses(hub, device, field, value):
    before = hub.device(device.id)
    assert refused(device.request("PUT", json={"name": "Pump", field: value}), 400, field)
    assert hub.device(device.id) == before


def test_update_device_ten_times_an_hour(hub, device, clock):
    other = TestDevice(hub.url, sn="SN-2")
    for n in range(10):
        assert device.request("PUT", json={"config_version": n}).status_code == 200
        clock.now += 60
    answer = device.request("PUT", json={"config_version": 99})
    assert refused(answer, 429, "update device")
    assert answer.headers["retry-after"] == str(3600 - 600)
    assert hub.device(device.id)["config_version"] == 9
    # Its own limit: neither other requests nor other devices are concerned.
    assert device.send().status_code == device.request("GET").status_code == 200
    assert other.request("PUT", json={"config_version": 1}).status_code == 200
    clock.now += int(answer.headers["retry-after"])
    assert device.request("PUT", json={"config_version": 99}).status_code == 200
    assert device.request("PUT", json={"config_version": 100}).status_code == 429
    other.close()


def test_wrong_updates_count_as_well(device):
    for _ in range(10):
        assert device.request("PUT", json={"colour": "red"}).status_code == 400
    assert device.request("PUT", json={"name": "Pump"}).status_code == 429


def test_delete_device(hub, device):
    assert device.request("DELETE").status_code == 200
    assert hub.devices() == []
    assert refused(device.request("GET"), 401, "Authorization")
    assert refused(device.request("DELETE"), 401, "Authorization")
    assert register(hub.url).status_code == 200


# Who may ask


def endpoints(prefix):
    """Every method and path that the hub describes under `prefix`, without it. Ids in it are of nothing."""
    for path, methods in create_app(None).openapi()["paths"].items():
        if path.startswith(prefix):
            rest = re.sub(r"{(?!device_id).*?}", "x", path.removeprefix(prefix))
            yield from ((method.upper(), rest) for method in methods)


OWN_PATHS = list(endpoints("/v1/devices/{device_id}"))
CLOUD_PATHS = list(endpoints("/cloud/v1"))


def test_nothing_is_left_out():
    assert len(OWN_PATHS) == 26 and ("PUT", "/dumps/x") in OWN_PATHS and ("GET", "") in OWN_PATHS
    assert len(CLOUD_PATHS) >= 26 and ("POST", "/devices/{device_id}/commands") in CLOUD_PATHS


@pytest.mark.parametrize("method, path", OWN_PATHS)
def test_authentication(hub, device, method, path):
    other = TestDevice(hub.url, sn="SN-2")
    # The key comes first: whoever is not known learns nothing about the body, the limit or the file.
    for key in ("", "unknown", f"Bearer {device.key}", f"{device.key}x", hub.cloud_key, IDENTITY["hardware_key"]):
        assert refused(device.request(method, path, key=key, content=b"{"), 401, "Authorization")
    assert refused(device.request(method, path, key=other.key, content=b"{"), 403, "id")
    nobody = call(method, f"{hub.url}/v1/devices/nobody{path}", headers={"Authorization": device.key})
    assert refused(nobody, 404, "id")
    assert len(hub.devices()) == 2
    other.close()


@pytest.mark.parametrize("method, path", CLOUD_PATHS)
def test_devices_cannot_play_the_cloud(hub, device, method, path):
    url = f"{hub.url}/cloud/v1{path.format(device_id=device.id)}"
    for value in (None, device.key, f"Bearer {device.key}", hub.cloud_key, f"Basic {hub.cloud_key}", "Bearer"):
        headers = {} if value is None else {"Authorization": value}
        assert refused(call(method, url, headers=headers), 401, "Authorization")
    assert len(hub.devices()) == 1


def test_helpers_refuse_unknown_devices(hub):
    for helper in (hub.device, hub.telemetries, hub.delete):
        with pytest.raises(Refused) as error:
            helper("nobody")
        assert error.value.status == 404
