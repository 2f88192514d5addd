from fakes import Requests
from support import raises
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
    assert a_hub.register({"sn": "1", "hardware_key": "h"}) == IDENTITY
    assert requests.sent[0][:2] == ("POST", "http://entry/v1/devices")
    assert requests.sent[0][3] == {"sn": "1", "hardware_key": "h"}
    assert "Authorization" not in requests.sent[0][2]


def test_an_identity_that_could_end_a_header_is_refused():
    for name in IDENTITY:
        for value in (None, "", 5, "a b", "a\r\nX: y", "\x00", "é", ["k"]):
            a_hub, _ = hub((200, dict(IDENTITY, **{name: value})), identity=None)
            error = raises(ReplyError, a_hub.register, {})
            assert name in str(error)
    for url in ("hub.example.com", "ftp://hub", "//hub"):
        raises(ReplyError, hub((200, dict(IDENTITY, hub_url=url)), identity=None)[0].register, {})
    for device_id in ("../x", "a?b", "a#b", "%2e"):
        raises(ReplyError, hub((200, dict(IDENTITY, id=device_id)), identity=None)[0].register, {})
    for reply in ([], b"", {}, "text"):
        raises(ReplyError, hub((200, reply), identity=None)[0].register, {})


def test_each_endpoint():
    a_hub, requests = hub((200, {"id": "f", "name": "app.bin"}))
    a_hub.send_telemetry(b'{"status": "online"}')
    assert a_hub.get_file("f")["name"] == "app.bin"
    a_hub.update_device({"firmware_version": "1.1.0"})
    assert [(method, url, body) for method, url, _, body in requests.sent] == [
        ("POST", "http://hub/v1/devices/d-1/telemetry", {"status": "online"}),
        ("GET", "http://hub/v1/devices/d-1/files/f", None),
        ("PUT", "http://hub/v1/devices/d-1", {"firmware_version": "1.1.0"}),
    ]
    assert all(headers["Authorization"] == "k" for _, _, headers, _ in requests.sent)


def test_the_time_out_is_the_settings():
    requests = Requests((200, IDENTITY))
    Hub("http://entry", 7, requests).register({})
    assert requests.timeout == 7


def test_a_file_id_that_is_no_path_is_refused():
    for file_id in ("", None, 5, "a b", "x\r\n", "../command", "f?x=1"):
        raises(ReplyError, hub((200, {}))[0].get_file, file_id)
    raises(ReplyError, hub((200, []))[0].get_file, "f")
