"""What the library needs of whatever makes its requests: our `Session` and MicroPython's own `requests` alike."""

import json

import pytest
from session.device import DeviceError

KEY = "access-key"
BOTH = ("session", "requests")
CAN = pytest.mark.parametrize("kind", BOTH)
SESSION_ONLY = pytest.mark.parametrize("kind", BOTH[:1])  # what MicroPython's own cannot


@pytest.fixture
def asking(device, kind):
    """A device that makes its requests with the one or the other."""
    if kind == "requests":
        device.ask("use_requests")
    return device


def answering(status, body=b"", *more, chunked=False, close=True, version=b"1.1"):
    """An answer, after which the server closes as a client without kept connections expects."""

    def answer(connection):
        connection.request()
        head = [b"HTTP/%s %d Said" % (version, status), *more]
        if chunked:
            head.append(b"Transfer-Encoding: chunked")
            sent = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        else:
            head += [b"Content-Length: %d" % len(body)] if body is not None and status != 204 else []
            sent = body or b""
        connection.send(b"\r\n".join(head) + b"\r\n\r\n" + sent)
        if close:
            connection.finish()

    return answer


@CAN
@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
def test_status_and_content(asking, serve, version):
    answer = asking.get(serve(answering(200, b"hello", version=version)).url)
    assert (answer.status, answer.content) == (200, b"hello")


@CAN
@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 422, 429, 500, 503])
def test_an_error_is_an_answer_too(asking, serve, status):
    answer = asking.get(serve(answering(status, b'{"error": "because"}')).url)
    assert (answer.status, json.loads(answer.content)) == (status, {"error": "because"})


@CAN
def test_text_and_json(asking, serve):
    server = serve(answering(200, '{"a": "grün"}'.encode()))
    assert asking.ask("text_and_json", url=server.url) == ['{"a": "grün"}', {"a": "grün"}]


@CAN
@pytest.mark.parametrize("status", [200, 204])
def test_nothing(asking, serve, status):
    answer = asking.request("PUT", serve(answering(status)).url, data="{}")
    assert (answer.status, answer.content) == (status, b"")


@CAN
def test_headers_come_back(asking, serve):
    answer = asking.get(serve(answering(429, b"", b"Retry-After: 30")).url)
    assert {name.lower(): value for name, value in answer.headers.items()}["retry-after"] == "30"


@CAN
def test_what_is_sent(asking, serve):
    server = serve(answering(200, b"{}"))
    headers = {"Authorization": KEY, "Content-Type": "application/json"}
    asking.post(server.url + "/v1/devices", data='{"a": 1}', headers=headers)
    (request,) = server.requests
    assert (request.method, request.target, request.body) == ("POST", "/v1/devices", b'{"a": 1}')
    assert request.header("Host") in (server.host, "127.0.0.1")  # MicroPython's own forgets the port
    assert request.header("Authorization") == KEY
    assert request.header("Content-Type") == "application/json"


@CAN
def test_json_is_sent(asking, serve):
    server = serve(answering(200, b"{}"))
    asking.post(server.url, json={"a": [1, None]})
    assert json.loads(server.requests[0].body) == {"a": [1, None]}
    assert server.requests[0].header("Content-Type") == "application/json"


@CAN
def test_a_body_that_ends_with_the_connection(asking, serve):
    assert asking.get(serve(answering(200, b"hello", version=b"1.0")).url).content == b"hello"


@CAN
def test_nothing_stays_open(asking, serve):
    fds = asking.ask("fds")
    server = serve(answering(200, b"hello"))
    for _ in range(5):
        asking.get(server.url)
    assert asking.ask("fds") <= fds + 1
    assert all(connection.client_gone.wait(30) for connection in server.connections[:-1])


@SESSION_ONLY
def test_chunked(asking, serve):
    assert asking.get(serve(answering(200, b"hello", chunked=True)).url).content == b"hello"


@SESSION_ONLY
def test_nothing_from_a_server_that_keeps_the_connection(asking, serve):
    assert asking.request("PUT", serve(answering(204, close=False)).url, data="{}").status == 204


HEADERS = {"Authorization": KEY, "Content-Type": "application/json"}


@CAN
def test_call(asking, serve):
    server = serve(answering(200, b'{"success": true}'))
    reply = asking.ask("call", method="POST", url=server.url + "/x", headers=HEADERS, data='{"a": 1}')
    assert reply == {"success": True}
    assert server.requests[0].body == b'{"a": 1}'
    assert server.requests[0].header("Authorization") == KEY


@CAN
@pytest.mark.parametrize("status", [200, 204])
def test_call_with_nothing_as_answer(asking, serve, status):
    url = serve(answering(status)).url
    assert asking.ask("call", method="PUT", url=url, headers=HEADERS, data="{}") is None


@CAN
@pytest.mark.parametrize(
    "answer, kind_of_error, said",
    [
        (answering(404, b'{"error": "no device %s"}' % KEY.encode()), "NotFound", "no device ..."),
        (answering(429, b'{"error": "slow down"}', b"Retry-After: 30"), "HubError", "slow down"),
        (answering(500, b"<html>"), "HubError", "500"),
        (answering(200, b"<html>"), "ReplyError", "JSON"),
        (lambda connection: connection.reset(), "NetworkError", "GET http://127.0.0.1"),
        (lambda connection: connection.finish(), "NetworkError", "GET http://127.0.0.1"),
    ],
    ids=["404", "429", "500", "no-json", "reset", "closed"],
)
def test_call_that_fails(asking, serve, answer, kind_of_error, said):
    error = asking.refuses(kind_of_error, "ask", "call", method="GET", url=serve(answer).url, headers=HEADERS)
    assert said in error.text and KEY not in error.text


@CAN
def test_call_does_not_follow_with_the_key(asking, serve):
    other = serve(answering(200, b"{}"))
    server = serve(answering(302, b"", b"Location: %s/" % other.url.encode()))
    with pytest.raises(DeviceError, match="302|redirect"):
        asking.ask("call", method="GET", url=server.url, headers=HEADERS)
    assert not other.connections
