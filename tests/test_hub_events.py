"""The local hub: what it tells who watches it, and what it tells nobody."""

from tools.hub import LocalHub
from tools.hub.testing import TestDevice, call, register


def test_events_tell_what_happened():
    events = []
    with LocalHub(on_event=events.append) as hub:
        device = TestDevice(hub.url)
        published = hub.publish("1.1.0")
        device.send({"t": 1}, timestamp="2021-08-04T07:45:44.122Z", override=True)
        device.request("PUT", json={"firmware_version": "1.1.0"})
        file = device.request("GET", f"/files/{published['id']}").json()
        call("GET", file["url"])
        device.send({"t": [1]})
        device.send()
        call("GET", f"{hub.url}/nothing")
        device.request("DELETE")
        hub.delete(TestDevice(hub.url).id)
    kinds = [event.kind for event in events]
    assert kinds == [
        "registered", "published", "telemetry", "updated", "file", "download", "refused", "telemetry", "refused",
        "deleted", "registered", "deleted",
    ]  # fmt: skip
    by_kind = dict(zip(reversed(kinds), reversed(events), strict=True))  # the first of each
    telemetry = by_kind["telemetry"]
    assert telemetry.device_id == device.id
    assert telemetry.detail["status"] == "online" and telemetry.detail["telemetries"] == {"t": 1}
    assert telemetry.detail["override"] is True and telemetry.detail["timestamp"] == "2021-08-04T07:45:44.122Z"
    assert telemetry.detail["latest_fw_version"] == "1.1.0"
    assert by_kind["updated"].detail == {"firmware_version": "1.1.0"}
    assert by_kind["file"].detail["file_id"] == published["id"]
    assert events[kinds.index("telemetry", 3)].detail["timestamp"] is None  # as it came: the device sent none
    refused = by_kind["refused"]
    assert (refused.device_id, refused.detail["status"]) == (device.id, 400)
    assert "telemetries.t" in refused.detail["error"]


def test_a_handler_that_raises_breaks_nothing(caplog):
    def handler(event):
        raise ValueError("no such lamp")

    with LocalHub(on_event=handler) as hub:
        device = TestDevice(hub.url)
        assert device.send().status_code == 200
        assert device.send(status="?").status_code == 400
        assert "no such lamp" in caplog.text
        device.close()


def test_a_handler_may_use_the_helpers():
    """As a demo does, which publishes when the third telemetry came."""
    seen = []

    def handler(event):
        seen.append(event.kind)
        if seen.count("telemetry") == 3 and event.kind == "telemetry":
            hub.publish("1.1.0")
            assert len(hub.telemetries(event.device_id)) == 3

    with LocalHub(on_event=handler) as hub:
        device = TestDevice(hub.url)
        replies = [device.send().json()["latest_fw_version"] for _ in range(4)]
        assert replies == [None, None, None, "1.1.0"]
        device.close()


def test_a_line_for_a_terminal_has_no_control_characters():
    lines = []
    with LocalHub(on_event=lambda event: lines.append(str(event))) as hub:
        device = TestDevice(hub.url, sn="\x1b[31m\n\x9b")
        device.send({"\x1b]0;x\x07": "\x1b[2J\r\n\u202e"}, message="a\nb")
        device.send({"\x1b[31m": []})
        call("GET", f"{hub.url}/%1b%5b31m%0a")
        device.close()
    assert len(lines) == 4 and all(line.isprintable() for line in lines)


# Secrets


def test_keys_are_kept_and_shown_nowhere(tmp_path, capfd, caplog):
    caplog.set_level("DEBUG")
    database, events = tmp_path / "hub.db", []
    with LocalHub(database, on_event=events.append, cloud_key="the-cloud-key", hardware_keys=["hw-one"]) as hub:
        register(hub.url, hardware_key="hw-wrong")
        device = TestDevice(hub.url, hardware_key="hw-one")
        device.send({"t": 1})
        device.send(status="?")
        device.request("GET", "/files", key=device.key + "x")
        call("GET", f"{hub.url}/cloud/v1/devices", headers={"Authorization": "Bearer the-cloud-key"})
        device.request("PUT", json={"name": "Pump"})
        child = device.request("POST", "/children", json={"model_id": "m", "firmware_version": "1.0.0"}).json()
        hub.publish("1.1.0")
        url = device.request("GET", "/files").json()[0]["url"]
        for method in ("GET", "DELETE"):
            call(method, url)
        hub.queue_command(device.id, "join", {"password": "said-to-a-device"})
        hub.set_config(device.id, {"password": "said-to-a-device"})
        hub.give_license(device.id, "said-to-a-device")
        call("GET", hub.page_url)
        page_key = hub.page_url.rpartition("=")[2]
        files = list(tmp_path.iterdir())
        kept = b"".join(path.read_bytes() for path in files)  # with what SQLite keeps beside it while it is open
        shown = repr(hub) + "".join(f"{event!r} {event}" for event in events)
        device.close()
    kept += database.read_bytes()
    output = capfd.readouterr()
    shown += output.out + output.err + "".join(r.getMessage() for r in caplog.records if r.name.startswith(LOGGERS))
    assert device.id.encode() in kept and device.id in shown
    for secret in (device.key, child["access_key"], "the-cloud-key", "hw-one", "hw-wrong", page_key):
        assert secret.encode() not in kept
        assert secret not in shown
    for secret in (url.rpartition("/")[2], "said-to-a-device"):  # which are kept, for who is to have them
        assert secret not in shown


LOGGERS = ("tools", "uvicorn", "fastapi", "sqlalchemy", "root", "asyncio")  # the hub's side, not the test's own client
