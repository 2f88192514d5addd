from fakes import Requests, Response
from support import raises
from telemetry import errors
from telemetry.minimal import send
from telemetry.rest import call as call_by

KEY = "secret-key"


def call(method, url, access_key, body, requests, secret=None):
    headers = {"Content-Type": "application/json"}
    if access_key:
        headers["Authorization"] = access_key
    return call_by(requests, method, url, headers, body, 10, secret)


def test_a_good_answer_is_parsed():
    requests = Requests((200, {"success": True}))
    assert call("POST", "http://hub/x", KEY, b'{"a": 1}', requests=requests) == {"success": True}
    method, url, headers, body = requests.sent[0]
    assert (method, url, body) == ("POST", "http://hub/x", {"a": 1})
    assert headers["Authorization"] == KEY  # the bare key, no scheme word
    assert headers["Content-Type"] == "application/json"
    assert requests.all_closed()


def test_an_empty_answer_is_none():
    assert call("GET", "http://hub/x", None, None, requests=Requests((204, b""))) is None


def test_the_kinds_of_a_network_error_are_kept():
    for kind in (errors.TimedOut, errors.TlsError, errors.Unanswered, errors.BodyTooLarge):
        error = raises(kind, call, "POST", "http://hub/x", KEY, b"{}", requests=Requests(kind("because")))
        assert str(error) == "POST http://hub/x: because"


def test_errors_by_the_table_of_the_api():
    for status, kind in (
        (400, errors.Rejected),
        (422, errors.Rejected),
        (401, errors.Unauthorized),
        (403, errors.Forbidden),
        (404, errors.NotFound),
        (429, errors.TooManyRequests),
        (500, errors.ServerError),
        (503, errors.ServerError),
        (101, errors.HubError),
        (302, errors.HubError),
        (418, errors.HubError),
    ):
        for body in ({"error": "because of X"}, b"", b"<html>", b"[]", {"error": None}):
            requests = Requests((status, body))
            error = raises(errors.HubError, call, "GET", "http://hub/x", KEY, None, requests=requests)
            assert type(error) is kind and error.status == status
            assert "GET http://hub/x" in str(error) and str(status) in str(error)
            if b"X" in requests.responses[0].content:
                assert error.reason == "because of X" and "because of X" in str(error)
            assert KEY not in str(error)
            assert requests.all_closed()


def test_what_the_hub_says_shows_no_secret_and_no_control_characters():
    requests = Requests((403, {"error": "key %s of hk-1 is\x1b[2J bad\r\nforged" % KEY}))
    error = str(raises(errors.Forbidden, call, "POST", "http://hub", KEY, b"{}", requests=requests, secret="hk-1"))
    assert KEY not in error and "hk-1" not in error and "bad" in error
    assert all(" " <= c < "\x7f" for c in error)


def test_retry_after():
    for headers, seconds in (
        ({}, None),
        ({"Retry-After": "30"}, 30),
        ({"retry-after": "7"}, 7),
        ({"RETRY-AFTER": "0"}, 0),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
    ):
        requests = Requests(Response(429, {"error": "slow down"}, headers))
        error = raises(errors.TooManyRequests, call, "GET", "http://hub/x", KEY, None, requests=requests)
        assert error.retry_after == seconds, headers
    assert (
        raises(errors.TooManyRequests, call, "GET", "http://h", KEY, None, requests=Requests((429, b""))).retry_after
        is None
    )


def test_no_answer_is_a_network_error_that_keeps_the_key():
    for error in (OSError(113), ValueError("bad status line"), IndexError(), TypeError("x"), NotImplementedError()):
        caught = raises(errors.NetworkError, call, "POST", "http://hub/x", KEY, b"{}", requests=Requests(error))
        assert "POST http://hub/x" in str(caught) and KEY not in str(caught)


def test_a_body_that_breaks_off_closes_the_response():
    class Torn(Response):
        def __init__(self):
            super().__init__(200, b"")
            del self.content

        def __getattr__(self, name):
            raise OSError(104)

    torn = Torn()
    raises(errors.NetworkError, call, "GET", "http://hub/x", KEY, None, requests=Requests(torn))
    assert torn.closed


def test_a_good_answer_must_be_json():
    for content in (b"<html>", b"{", b"\xff\xfe", b"nope"):
        requests = Requests((200, content))
        assert "JSON" in str(raises(errors.ReplyError, call, "GET", "http://hub/x", KEY, None, requests=requests))
        assert requests.all_closed()


def test_send_is_one_message():
    requests = Requests((200, {"success": True, "latest_fw_version": "1.1.0"}))
    reply = send("http://hub", "d-1", KEY, {"temperature": 21.5}, requests=requests, status="error", message="hot")
    assert reply.latest_fw_version == "1.1.0"
    method, url, headers, body = requests.sent[0]
    assert (method, url) == ("POST", "http://hub/v1/devices/d-1/telemetry")
    assert body == {"status": "error", "message": "hot", "telemetries": {"temperature": 21.5}}
    assert requests.all_closed()


def test_send_refuses_a_bad_value_before_anything_is_sent():
    requests = Requests((200, {}))
    assert "door" in str(raises(errors.MessageError, send, "http://h", "d", KEY, {"door": []}, requests=requests))
    assert not requests.sent


def test_send_raises_what_the_hub_says():
    raises(errors.Unauthorized, send, "http://h", "d", KEY, {}, requests=Requests((401, {"error": "unknown key"})))
    raises(errors.NetworkError, send, "http://h", "d", KEY, {}, requests=Requests(OSError(116)))
    raises(errors.ReplyError, send, "http://h", "d", KEY, {}, requests=Requests((200, {"command": 1})))
    raises(errors.ReplyError, send, "http://h", "d", KEY, {}, requests=Requests((200, b"")))
