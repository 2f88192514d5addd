from fakes import Requests
from support import raises
from telemetry import api
from telemetry.errors import ReplyError
from telemetry.hub import Hub

IDENTITY = {"id": "d-1", "access_key": "k", "hub_url": "http://hub"}


def hub(*answers, identity=IDENTITY):
    requests = Requests(*answers)
    a_hub = Hub("http://entry/", 10, requests)
    a_hub.identity = identity
    return a_hub, requests


def test_register():
    a_hub, requests = hub((200, dict(IDENTITY, hub_url="http://hub/", mqtt_hub_url="mqtt://hub")), identity=None)
    assert api.register(a_hub, {"sn": "1", "hardware_key": "h"}) == IDENTITY
    assert requests.sent[0][:2] == ("POST", "http://entry/v1/devices")
    assert requests.sent[0][3] == {"sn": "1", "hardware_key": "h"}
    assert "Authorization" not in requests.sent[0][2]


def test_an_identity_that_could_end_a_header_is_refused():
    for name in IDENTITY:
        for value in (None, "", 5, "a b", "a\r\nX: y", "\x00", "é", ["k"]):
            a_hub, _ = hub((200, dict(IDENTITY, **{name: value})), identity=None)
            error = raises(ReplyError, api.register, a_hub, {})
            assert name in str(error)
    for url in (
        "hub.example.com",
        "ftp://hub",
        "//hub",
        "http://",
        "http://a:b@hub",
        "https://hub?x",
        "https://hub#x",
        "https://hub:x",
    ):
        raises(ReplyError, api.register, hub((200, dict(IDENTITY, hub_url=url)), identity=None)[0], {})
    for device_id in ("../x", "a?b", "a#b", "%2e"):
        raises(ReplyError, api.register, hub((200, dict(IDENTITY, id=device_id)), identity=None)[0], {})
    for reply in ([], b"", {}, "text"):
        raises(ReplyError, api.register, hub((200, reply), identity=None)[0], {})


def test_each_endpoint():
    a_hub, requests = hub((200, {"id": "f", "name": "app.bin"}))
    a_hub.send_telemetry(b'{"status": "online"}')
    assert api.get_file(a_hub, "f")["name"] == "app.bin"
    api.update_device(a_hub, {"firmware_version": "1.1.0"})
    assert [(method, url, body) for method, url, _, body in requests.sent] == [
        ("POST", "http://hub/v1/devices/d-1/telemetry", {"status": "online"}),
        ("GET", "http://hub/v1/devices/d-1/files/f", None),
        ("PUT", "http://hub/v1/devices/d-1", {"firmware_version": "1.1.0"}),
    ]
    assert all(headers["Authorization"] == "k" for _, _, headers, _ in requests.sent)


def test_the_time_out_is_the_settings():
    requests = Requests((200, IDENTITY))
    api.register(Hub("http://entry", 7, requests), {})
    assert requests.timeout == 7


def test_a_file_id_that_is_no_path_is_refused():
    for file_id in ("", None, 5, "a b", "x\r\n", "../command", "f?x=1"):
        raises(ReplyError, api.get_file, hub((200, {}))[0], file_id)
    raises(ReplyError, api.get_file, hub((200, []))[0], "f")
