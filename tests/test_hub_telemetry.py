"""The local hub: what a telemetry message may hold, how it changes the state, what the hub replies."""

import json
from datetime import datetime

import pytest

from tools.hub import device_api
from tools.hub.testing import TestDevice

TIMESTAMP = "2021-08-04T07:45:44.122Z"


def state(hub, device):
    return hub.device(device.id)["state"]


def test_reply(device):
    assert device.send().json() == {
        "success": True,
        "config_version": 0,
        "command": False,
        "new_licenses": False,
        "info_version": 0,
        "latest_fw_version": None,
        "latest_fw_file_id": None,
        "space_data_version": 0,
    }


def test_messages_are_merged_into_the_state(hub, device):
    device.send({"temperature": 21.5, "door": True, "n": 3, "text": "Grüße \U0001f600"})
    assert state(hub, device) == {
        "temperature": 21.5, "door": True, "n": 3, "text": "Grüße \U0001f600", "status": "online"
    }  # fmt: skip
    device.send({"temperature": 22, "new": ""}, status="error")
    assert state(hub, device) == {
        "temperature": 22, "door": True, "n": 3, "text": "Grüße \U0001f600", "new": "", "status": "error"
    }  # fmt: skip
    device.send(status="offline")
    assert state(hub, device)["temperature"] == 22 and state(hub, device)["status"] == "offline"


def test_null_removes_a_key(hub, device):
    device.send({"a": 1, "b": 2})
    device.send({"a": None, "never there": None})
    assert state(hub, device) == {"b": 2, "status": "online"}


def test_override_replaces_the_state(hub, device):
    device.send({"a": 1, "b": 2})
    device.send({"b": 3, "c": None}, override=True)
    assert state(hub, device) == {"b": 3, "status": "online"}
    device.send({"a": 1}, override=False)
    assert state(hub, device) == {"a": 1, "b": 3, "status": "online"}
    device.send(override=True)
    assert state(hub, device) == {"status": "online"}


def test_status_in_the_state_is_the_message_s_own(hub, device):
    device.send({"status": "from telemetries"}, status="error")
    assert state(hub, device) == {"status": "error"}
    device.send({"status": None})
    assert state(hub, device) == {"status": "online"}


def test_types_survive(hub, device):
    sent = {"i": 1, "f": 1.0, "t": True, "s": "1", "big": 2**31 - 1, "small": -(2**31), "e": 1.5e-30}
    device.send(sent)
    got = {key: value for key, value in state(hub, device).items() if key != "status"}
    assert [(key, type(value), value) for key, value in got.items()] == [
        (key, type(value), value) for key, value in sent.items()
    ]


def test_history_keeps_what_came(hub, device):
    other = TestDevice(hub.url, sn="SN-2")
    device.send({"t": 1, "gone": None}, timestamp=TIMESTAMP, message="Unknown input connected", status="error")
    other.send({"t": 100})
    device.send({"t": 2}, override=True)
    first, second = hub.telemetries(device.id)
    assert (first["telemetries"], first["timestamp"], first["override"]) == ({"t": 1, "gone": None}, TIMESTAMP, False)
    assert (first["status"], first["message"]) == ("error", "Unknown input connected")
    assert (second["telemetries"], second["override"], second["message"]) == ({"t": 2}, True, None)
    assert second["timestamp"] == second["received_at"]  # the hub's own clock
    datetime.strptime(second["timestamp"], "%Y-%m-%dT%H:%M:%S.%fZ")
    assert first["seq"] < second["seq"]
    assert hub.telemetries(device.id, after=first["seq"]) == [second]
    assert hub.telemetries(device.id, after=second["seq"]) == []
    assert [each["telemetries"] for each in hub.telemetries(other.id)] == [{"t": 100}]
    other.close()


def test_history_is_bounded(hub, device, monkeypatch):
    monkeypatch.setattr(device_api, "HISTORY_LIMIT", 3)
    other = TestDevice(hub.url, sn="SN-2")
    other.send({"n": 0})
    for n in range(5):
        device.send({"n": n})
    assert [each["telemetries"]["n"] for each in hub.telemetries(device.id)] == [2, 3, 4]
    assert len(hub.telemetries(other.id)) == 1
    assert hub.device(device.id)["telemetry_count"] == 5
    other.close()


GOOD_VALUES = [0, -1, 2**31 - 1, -(2**31), 0.0, 1e-300, 3.4e38, -3.4e38, True, False, "", "x" * 1000, "ü" * 500, None]
BAD_VALUES = [
    2**31, -(2**31) - 1, 10**30, 3.5e38, -3.5e38, 1e308, "x" * 1001, "ü" * 501, [], [1], {}, {"a": 1}, [[[]]]
]  # fmt: skip


@pytest.mark.parametrize("value", GOOD_VALUES, ids=lambda value: repr(value)[:12])
def test_good_values(hub, device, value):
    assert device.send({"sensor": value}).status_code == 200
    assert state(hub, device).get("sensor") == value


@pytest.mark.parametrize("value", BAD_VALUES, ids=lambda value: repr(value)[:12])
def test_bad_values(hub, device, value):
    device.send({"sensor": 1})
    answer = device.send({"good": 1, "sensor": value})
    assert answer.status_code == 400 and "telemetries.sensor" in answer.json()["error"]
    assert state(hub, device) == {"sensor": 1, "status": "online"} and len(hub.telemetries(device.id)) == 1


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_numbers_that_json_or_32_bits_do_not_have(hub, device, text):
    body = '{"status": "online", "telemetries": {"sensor": %s}}' % text
    answer = device.request("POST", "/telemetry", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400 and "telemetries.sensor" in answer.json()["error"]


@pytest.mark.parametrize("status", ["", "Online", "online ", "ok", None, 1, True, ["online"], {}])
def test_bad_status(device, status):
    answer = device.send(status=status)
    assert answer.status_code == 400 and "status" in answer.json()["error"]


def test_status_is_required(device):
    answer = device.request("POST", "/telemetry", json={"telemetries": {"a": 1}})
    assert answer.status_code == 400 and "status" in answer.json()["error"]


@pytest.mark.parametrize("timestamp", [TIMESTAMP, "2024-02-29T23:59:59.999Z", "1970-01-01T00:00:00.000Z"])
def test_good_timestamps(hub, device, timestamp):
    assert device.send(timestamp=timestamp).status_code == 200
    assert hub.telemetries(device.id)[0]["timestamp"] == timestamp


@pytest.mark.parametrize(
    "timestamp",
    [
        "2021-08-04T07:45:44Z",
        "2021-08-04T07:45:44.12Z",
        "2021-08-04T07:45:44.122345Z",
        "2021-08-04T07:45:44.122",
        "2021-08-04T07:45:44.122+00:00",
        "2021-08-04 07:45:44.122Z",
        "2021-8-4T07:45:44.122Z",
        "2021-02-29T07:45:44.122Z",
        "2021-13-04T07:45:44.122Z",
        "2021-08-04T24:00:00.000Z",
        "2021-08-04T07:60:44.122Z",
        "2021-08-04T07:45:60.122Z",
        "2021-08-04T07:45:61.122Z",
        "0000-08-04T07:45:44.122Z",
        "٢021-08-04T07:45:44.122Z",
        TIMESTAMP + "\n",
        " " + TIMESTAMP,
        "",
        "now",
        None,
        1628063144122,
    ],
)
def test_bad_timestamps(device, timestamp):
    answer = device.send(timestamp=timestamp)
    assert answer.status_code == 400 and "timestamp" in answer.json()["error"]


@pytest.mark.parametrize(
    "field, value",
    [
        ("telemetries", None), ("telemetries", [1]), ("telemetries", "a"), ("telemetries", 1),
        ("override", None), ("override", 1), ("override", "true"),
        ("message", None), ("message", 1), ("message", ["a"]),
    ],
)  # fmt: skip
def test_fields_of_a_wrong_type(device, field, value):
    answer = device.send(**{field: value}) if field != "telemetries" else device.request(
        "POST", "/telemetry", json={"status": "online", field: value}
    )  # fmt: skip
    assert answer.status_code == 400 and field in answer.json()["error"]


def test_fields_that_the_api_does_not_know_are_let_be(hub, device):
    assert device.send({"a": 1}, more={"to": ["come"]}).status_code == 200
    assert state(hub, device) == {"a": 1, "status": "online"}


def message_of(size):
    """A message of exactly `size` bytes."""
    empty = json.dumps({"status": "online", "message": ""})
    return json.dumps({"status": "online", "message": "x" * (size - len(empty))}).encode()


@pytest.mark.parametrize("chunked", [False, True])
def test_a_message_is_at_most_128_kib(hub, device, chunked):
    def send(size):
        content = message_of(size)
        pieces = (content[at : at + 5000] for at in range(0, len(content), 5000))
        json_type = {"Content-Type": "application/json"}
        return device.request("POST", "/telemetry", content=pieces if chunked else content, headers=json_type)

    assert send(128 * 1024).status_code == 200
    for size in (128 * 1024 + 1, 1024 * 1024):
        answer = send(size)
        assert answer.status_code == 400 and "131072 bytes" in answer.json()["error"]
    assert len(hub.telemetries(device.id)) == 1
    assert device.send().status_code == 200
