"""The local hub: licences, their signature, and what the device reports of them."""

import base64
import itertools
import stat

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from tools.hub import LocalHub, Refused
from tools.hub.testing import TestDevice, cloud_call, refused

EXPIRES = "2031-08-04T07:45:44.122Z"


def change(device):
    answer = device.request("GET", "/license")
    assert answer.status_code == 200
    assert device.send().json()["new_licenses"] is (answer.json() != {})
    return answer.json()


def report(device, license, state, **more):
    return device.request("POST", "/licenses", json={"id": license["id"], "state": state} | more)


def verify(hub, license):
    key = load_der_public_key(hub.license_key)
    assert key.key_size == 2048
    key.verify(base64.b64decode(license["signature"], validate=True), license["data"].encode(), PKCS1v15(), SHA256())


def test_none(hub, device):
    assert change(device) == {} and device.request("GET", "/licenses").json() == [] == hub.licenses(device.id)


def test_add_update_remove(hub, device):
    given = hub.give_license(device.id, "feature=grüß", EXPIRES)
    assert (given["action"], given["state"], given["history"]) == ("add", None, [])
    told = change(device)
    assert set(told) == {"id", "device_id", "data", "signature", "action", "expires_at", "current_time"}
    assert (told["id"], told["device_id"], told["action"], told["expires_at"]) == (
        given["id"], device.id, "add", EXPIRES
    )  # fmt: skip
    verify(hub, told)
    assert change(device)["id"] == told["id"]  # pending until the device has answered
    assert report(device, told, "inuse").status_code == 200
    assert change(device) == {}

    hub.update_license(device.id, given["id"], data="feature=b")
    told = change(device)
    assert (told["action"], told["data"], told["expires_at"]) == ("update", "feature=b", EXPIRES)
    verify(hub, told)
    report(device, told, "error", error="no memory left")
    assert change(device) == {}
    (seen,) = hub.licenses(device.id)
    assert (seen["state"], seen["error"], seen["action"]) == ("error", "no memory left", None)
    hub.update_license(device.id, given["id"], expires_at=None)
    told = change(device)
    assert (told["data"], told["expires_at"]) == ("feature=b", None)
    report(device, told, "inuse")

    hub.take_license(device.id, given["id"])
    assert change(device)["action"] == "remove"
    report(device, told, "removed")
    (seen,) = hub.licenses(device.id)
    assert (seen["state"], seen["error"], change(device)) == ("removed", None, {})
    assert [(each["state"], each["error"]) for each in seen["history"]] == [
        ("inuse", None), ("error", "no memory left"), ("inuse", None), ("removed", None)
    ]  # fmt: skip
    for helper in (hub.take_license, hub.update_license):
        with pytest.raises(Refused, match="400: license_id"):
            helper(device.id, given["id"])


def test_changes_come_in_the_order_they_were_asked_for(hub, device):
    a, b = hub.give_license(device.id, "a"), hub.give_license(device.id, "b")
    assert change(device)["id"] == a["id"]
    hub.update_license(device.id, a["id"], data="a2")
    assert [(each["data"], each["action"]) for each in hub.licenses(device.id)] == [("a2", "add"), ("b", "add")]
    seen = []
    while told := change(device):
        seen.append((told["data"], told["action"]))
        report(device, told, "inuse")
    assert seen == [("b", "add"), ("a2", "add")]
    hub.take_license(device.id, b["id"])
    hub.take_license(device.id, a["id"])
    older = device.request("GET", "/licenses").json()
    assert [each["id"] for each in older] == [b["id"], a["id"]]
    for each in older:
        assert (each["add"], each["remove"], each["update"]) == (False, True, False) and "action" not in each


def test_a_change_asked_for_meanwhile_is_not_lost(hub, device):
    license = hub.give_license(device.id, "a")
    told = change(device)
    hub.update_license(device.id, license["id"], data="b")
    report(device, told, "inuse")
    told = change(device)
    assert (told["data"], told["action"]) == ("b", "update")
    hub.take_license(device.id, license["id"])
    report(device, told, "inuse")
    told = change(device)
    assert told["action"] == "remove"
    report(device, told, "removed")
    assert change(device) == {} and len(hub.licenses(device.id)[0]["history"]) == 3


def test_forged_signatures_are_passed_on(hub, device):
    for signature in ("c2ln", "", "no base64!"):
        given = hub.give_license(device.id, "a", signature=signature)
        told = change(device)
        assert told["signature"] == signature
        report(device, told, "error", error="signature")
    hub.update_license(device.id, given["id"], data="b", signature="c2ln")
    assert (change(device)["data"], change(device)["signature"]) == ("b", "c2ln")
    hub.update_license(device.id, given["id"], data="b")
    verify(hub, change(device))
    with pytest.raises(InvalidSignature):
        verify(hub, change(device) | {"data": "c"})


def test_current_time_is_the_hub_s():
    with LocalHub(clock=itertools.repeat(1628063144.1229).__next__) as hub:
        device = TestDevice(hub.url)
        hub.give_license(device.id, "a")
        assert change(device)["current_time"] == "2021-08-04T07:45:44.122Z"
        device.close()


@pytest.mark.parametrize(
    "body, status, field",
    [
        ({"state": "inuse"}, 400, "id"), ({"id": None, "state": "inuse"}, 400, "id"),
        ({"id": "nothing", "state": "inuse"}, 404, "id"), ({"id": "it"}, 400, "state"),
        ({"id": "it", "state": "used"}, 400, "state"), ({"id": "it", "state": None}, 400, "state"),
        ({"id": "it", "state": "error", "error": None}, 400, "error"),
        ({"id": "it", "state": "error", "error": 5}, 400, "error"),
        ({"id": "it", "state": "error", "error": "x" * 10_001}, 400, "error"),
    ],
    ids=lambda value: repr(value)[:40],
)  # fmt: skip
def test_reports_that_are_wrong(hub, device, body, status, field):
    license = hub.give_license(device.id, "a")
    if body.get("id") == "it":
        body = body | {"id": license["id"]}
    assert refused(device.request("POST", "/licenses", json=body), status, field)
    assert hub.licenses(device.id) == [license]


def test_a_licence_of_another(hub, device):
    other = TestDevice(hub.url, sn="SN-2")
    license = hub.give_license(other.id, "a")
    assert change(device) == {} and refused(report(device, license, "inuse"), 404, "id")
    other.close()


def test_the_cloud_over_http(hub, device):
    path = f"/devices/{device.id}/licenses"
    given = cloud_call(hub, "POST", path, json={"data": "a", "expires_at": EXPIRES}).json()
    verify(hub, given)
    assert cloud_call(hub, "GET", path).json() == [given] == hub.licenses(device.id)
    answer = cloud_call(hub, "PUT", f"{path}/{given['id']}", json={"expires_at": None, "signature": "x"}).json()
    assert (answer["expires_at"], answer["signature"], answer["data"]) == (None, "x", "a")
    assert cloud_call(hub, "DELETE", f"{path}/{given['id']}").json()["action"] == "remove"
    for body, field in (
        ({}, "data"), ({"data": ""}, "data"), ({"data": None}, "data"), ({"data": "x" * 65537}, "data"),
        ({"data": "a", "expires_at": "tomorrow"}, "expires_at"), ({"data": "a", "signature": 5}, "signature"),
    ):  # fmt: skip
        assert refused(cloud_call(hub, "POST", path, json=body), 400, field)
    assert refused(cloud_call(hub, "PUT", f"{path}/nothing", json={"data": "b"}), 404, "license_id")
    assert refused(cloud_call(hub, "PUT", f"{path}/{given['id']}", json={"data": None}), 400, "data")
    assert len(hub.licenses(device.id)) == 1


def test_the_maker_s_key_is_kept_with_the_database(tmp_path):
    """Boards hold its public half for years."""
    database = tmp_path / "hub.db"
    with LocalHub(database) as hub, LocalHub() as other:
        kept = hub.license_key
        assert other.license_key != kept and other.license_key == other.license_key
        file = tmp_path / "hub.db.maker.pem"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600 and b"PRIVATE KEY" in file.read_bytes()
    with LocalHub(database) as hub:
        device = TestDevice(hub.url)
        assert hub.license_key == kept
        verify(hub, hub.give_license(device.id, "a"))
        device.close()
    file.write_text("no key")
    with pytest.raises(ValueError, match="hub.db.maker.pem holds no RSA key"):
        LocalHub(database).start()
