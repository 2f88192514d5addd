from fakes import Requests
from support import raises
from telemetry import api
from telemetry.errors import ReplyError, TooManyRequests, Unauthorized
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
    assert a_hub.ask("GET /files/%s", dict, None, "f")["name"] == "app.bin"
    a_hub.ask("PUT ", None, {"firmware_version": "1.1.0"})
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


def test_an_id_does_not_end_the_path():
    for file_id, path in (("a b", "a%20b"), ("x\r\n", "x%0D%0A"), ("../c", "..%2Fc"), ("ü?x=1", "%C3%BC%3Fx%3D1")):
        a_hub, requests = hub((200, {}))
        a_hub.ask("GET /files/%s", dict, None, file_id)
        assert requests.sent[0][1] == "http://hub/v1/devices/d-1/files/" + path
    for file_id in ("", None, 5):
        raises(ReplyError, hub((200, {}))[0].ask, "GET /files/%s", dict, None, file_id)


def test_a_reply_of_another_kind_is_refused():
    raises(ReplyError, hub((200, []))[0].ask, "GET /files/%s", dict, None, "f")
    raises(ReplyError, hub((200, {}))[0].ask, "GET /files", list)
    assert hub((200, b""))[0].ask("GET /command", dict) == {}
    assert hub((200, b""))[0].ask("GET /files", list) == []
    assert hub((200, "whatever"))[0].ask("POST /dumps/%s/%s", object, b"5", "text/plain", "a.txt") == "whatever"
    for anything in ("whatever", b"OK", b"", []):
        assert hub((200, anything))[0].ask("PUT ", None, {}) is None  # only the status matters


def test_a_reply_is_read_anew_when_it_changed():
    class Reusing:
        """Gives every answer in one buffer."""

        content = bytearray(64)
        status_code = 200

        def request(self, *_, **__):
            return self

        def close(self):
            pass

    requests = Reusing()
    a_hub = Hub("http://entry", 10, requests)
    a_hub.identity = IDENTITY
    replies = []
    for version in (b"1.1.0", b"1.1.0", b"1.2.0"):
        requests.content[:] = (b'{"latest_fw_version": "%s"}' % version + b" " * 64)[:64]
        replies.append(a_hub.send_telemetry(b"{}"))
    assert replies[0] is replies[1]
    assert [reply.latest_fw_version for reply in replies] == ["1.1.0", "1.1.0", "1.2.0"]


def test_an_answer_without_content_or_headers_is_still_one():
    class Bare:
        def __init__(self, status, content):
            self.status_code = status
            self.content = content

        def request(self, *_, **__):
            return self

        def close(self):
            pass

    for status, content, kind in ((200, None, ReplyError), (401, b"", Unauthorized), (429, None, TooManyRequests)):
        a_hub = Hub("http://entry", 10, Bare(status, content))
        a_hub.identity = IDENTITY
        raises(kind, a_hub.send_telemetry, b"{}")
