"""What a request looks like on the wire, and what may not get there."""

import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from session.device import DeviceError

KEY = "access-key-never-elsewhere"


def test_a_get(device, serve):
    server = serve()
    device.get(server.url + "/v1/devices/1?a=b&c", headers={"Authorization": KEY})
    (request,) = server.requests
    assert (request.method, request.target, request.version) == ("GET", "/v1/devices/1?a=b&c", "HTTP/1.1")
    assert request.header("Host") == server.host
    assert request.header("Authorization") == KEY
    assert request.header("Content-Length") in (None, "0")
    assert request.head.count(KEY.encode()) == 1
    assert bytes(server.connections[0].received) == request.head


@pytest.mark.parametrize(
    "after_the_port, target", [("", "/"), ("/", "/"), ("?a=b", "/?a=b"), ("/a#part", "/a"), ("/a//b/%20", "/a//b/%20")]
)
def test_the_target(device, serve, after_the_port, target):
    server = serve()
    device.get(server.url + after_the_port)
    assert [request.target for request in server.requests] == [target]


def test_the_default_port_is_not_in_the_host_header(device, serve):
    server = serve()
    device.ask("name", name="default.test", port=server.port)
    device.get("http://default.test/a")
    device.get("http://default.test:80/b")
    assert [request.header("Host") in ("default.test", "default.test:80") for request in server.requests] == [
        True,
        True,
    ]
    assert server.requests[0].header("Host") == "default.test"


@pytest.mark.parametrize("kind", ["str", "bytes", "bytearray"])
@pytest.mark.parametrize("data", ["x", "grün", "a\r\n\r\nb", '{"a": 1}'])
def test_a_body(device, serve, kind, data):
    server = serve()
    device.post(server.url, data=data, kind=kind)
    (request,) = server.requests
    assert request.body == data.encode()
    assert request.header("Content-Length") == str(len(data.encode()))
    assert request.header("Transfer-Encoding") is None


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("data", [None, ""])
def test_an_empty_body_has_a_length(device, serve, method, data):
    server = serve()
    device.request(method, server.url, data=data)
    (request,) = server.requests
    assert request.header("Content-Length") == "0"
    assert bytes(server.connections[0].received) == request.head


def test_json(device, serve):
    server = serve()
    for value in ({"a": [1, "grün", None]}, [], {}, 0, False, "text"):
        device.post(server.url, json=value)
        request = server.requests[-1]
        assert json.loads(request.body) == value
        assert request.header("Content-Type") == "application/json"


@pytest.mark.parametrize("size", [1, 1023, 1024, 1025, 4096, 65537])
def test_a_body_of_any_size_arrives_whole(big_device, serve, size):
    server = serve()
    big_device.post(server.url, data="x", repeat=size)
    assert server.requests[0].body == b"x" * size


def test_the_largest_message_arrives_whole_and_is_not_copied(with_heap, serve):
    server = serve()
    for method in ("POST", "PUT"):  # a second body of 128 KiB would not fit
        with_heap("320K").request(method, server.url, data="0123456789abcdef", repeat=8192)
    assert [request.body for request in server.requests] == [b"0123456789abcdef" * 8192] * 2


def test_the_users_headers_replace_our_own(device, serve):
    server = serve()
    own = {"Content-Type": "application/vnd.a+json", "Host": "other.example.com", "X-A": "", "X-B": "b: c ;d"}
    device.post(server.url, json={}, headers=own)
    (request,) = server.requests
    assert {name: request.header(name) for name in own} == own
    device.post(server.url, json={}, headers={"content-type": "text/x"})
    assert server.requests[1].header("Content-Type") == "text/x"


def test_a_length_that_the_user_gives_cannot_lie(device, serve):
    def answer(connection):
        connection.received += connection.wire.recv(65536)
        connection.send(b"HTTP/1.1 204 No Content\r\n\r\n")
        connection.wait()

    server = serve(answer)
    try:
        device.post(server.url, data="hello", headers={"Content-Length": "3"})
    except DeviceError as error:
        assert error.name == "ValueError", error
        assert not server.connections
    else:
        sent = bytes(server.connections[0].received)
        assert sent.count(b"Content-Length") == sent.count(b"Content-Length: 5") == 1


def test_the_headers_of_one_request_are_not_those_of_the_next(device, serve):
    server = serve()
    device.get(server.url + "/a", headers={"Authorization": KEY, "X-A": "1"})
    device.get(server.url + "/a")
    device.get(server.url + "/a", headers={"X-A": "2"})
    device.post(server.url + "/a", data="b")
    device.get(server.url + "/a")
    assert [r.header("Authorization") for r in server.requests] == [KEY, None, None, None, None]
    assert [r.header("X-A") for r in server.requests] == ["1", None, "2", None, None]
    assert [r.header("Content-Length") or "0" for r in server.requests] == ["0", "0", "0", "1", "0"]
    assert [r.body for r in server.requests] == [b"", b"", b"", b"b", b""]


def test_headers_that_come_into_an_empty_dict_are_sent(device, serve):
    server = serve()
    assert device.ask("growing_headers", url=server.url) == [200, 200]
    assert [r.header("X-Later") for r in server.requests] == [None, "1"]


def test_a_small_request_is_one_packet_that_waits_for_no_other(device, serve):
    server = serve()
    device.ask("watch", on=True)
    for _ in range(2):
        device.post(server.url + "/v1/telemetry", json={"status": "online"}, headers={"Authorization": KEY})
    done = device.ask("watch", on=False)
    sizes = [len(request.head) + len(request.body) for request in server.requests]
    assert [step for step in done if step[0] == "write"] == [["write", size] for size in sizes]
    assert ["setsockopt", 6, 1, 1] in done  # IPPROTO_TCP, TCP_NODELAY
    assert [step[0] for step in done].count("connect") == 1


def test_a_large_request_is_not_many_small_writes(big_device, serve):
    server = serve()
    big_device.ask("watch", on=True)
    big_device.post(server.url, data="x", repeat=65536)
    writes = [step for step in big_device.ask("watch", on=False) if step[0] == "write"]
    assert len(writes) < 70
    assert len(server.requests[0].body) == 65536


CONTROLS = ["\r", "\n", "\r\nX: y", "\x00", "\x1f", "\x7f"]


def _bad_requests() -> Iterator[tuple[str, str, dict[str, str]]]:
    for bad in [*CONTROLS, " ", "\t"]:
        yield "GET" + bad, "/", {}
        yield "GET", "/a" + bad + "b", {}
        yield "GET", "/a?b" + bad, {}
        yield "GET", "/", {"X-A" + bad: "b"}
        yield "GET", "/", {bad + "X-A": "b"}
    for bad in CONTROLS:
        yield "GET", "/", {"X-A": "a" + bad + "b"}
        yield "GET", "/", {"Authorization": KEY + bad}
    yield "", "/", {}
    yield "GET", "/", {"": "a"}
    yield "GET", "/", {"X-A:": "a"}


@pytest.mark.parametrize("method, path, headers", list(_bad_requests()), ids=repr)
def test_what_could_forge_a_request_is_refused(device, serve, method, path, headers):
    server = serve()
    error = device.refuses("ValueError", "request", method, server.url + path, headers=headers)
    assert KEY not in error.text
    assert device.get(server.url).content == b"next"
    assert server.connections[0].received.startswith(b"GET / HTTP/1.1\r\n")
    assert len(server.connections) == len(server.requests) == 1


def test_a_refused_request_leaves_the_kept_connection_alone_or_drops_it(device, serve):
    server = serve()
    device.get(server.url)
    device.refuses("ValueError", "get", server.url, headers={"X": "a\nb"})
    assert device.get(server.url + "/after").content == b"next"
    assert [request.target for request in server.requests] == ["/", "/after"]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/path",
        "127.0.0.1",
        "ftp://127.0.0.1/",
        "HTTPX://127.0.0.1/",
        "http:/127.0.0.1/",
        "http://",
        "http:///a",
        "http://127.0.0.1:/",
        "http://127.0.0.1:x/",
        "http://127.0.0.1:-1/",
        "http://127.0.0.1:65536/",
        "http://127.0.0.1\r\nX: y/",
        "http://a b/",
        "http://user:pass@127.0.0.1/",
    ],
)
def test_a_url_that_is_none(device, url):
    device.refuses("ValueError", "get", url)


def test_the_answer_as_text_and_json(device, serve):
    def answer(connection):
        connection.request()
        connection.send(b'HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{"a": "gr\xc3\xbcn"}')

    assert device.ask("text_and_json", url=serve(answer).url) == ['{"a": "grün"}', {"a": "grün"}]


def test_an_answer_that_is_no_json(device, serve):
    device.refuses("ValueError", "ask", "text_and_json", url=serve().url)


def test_the_short_forms(device, serve):
    server = serve()
    assert device.ask("verbs", url=server.url) == [200] * 4
    assert [request.method for request in server.requests] == ["GET", "POST", "PUT", "DELETE"]
    assert [request.body for request in server.requests] == [b"", b"a", b'{"b": 1}', b""]


def test_a_refused_port(device):
    fds = device.ask("fds")
    with socket.socket() as taken:  # bound, so that nobody else listens there
        taken.bind(("127.0.0.1", 0))
        for method in ("GET", "POST"):
            error = device.refuses("NetworkError", "request", method, "http://127.0.0.1:%d/" % taken.getsockname()[1])
            assert error.name == "NetworkError"
    assert device.ask("fds") == fds


def test_no_such_host(device):
    error = device.refuses("NetworkError", "get", "http://nowhere.test/")
    assert error.name == "HostNotFound" and "nowhere.test" in str(error)


def test_a_connection_that_nobody_takes(device):
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for waiting in (first, second):  # fill the queue; the kernel then answers no more
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        fds = device.ask("fds")
        device.refuses("TimedOut", "get", "http://127.0.0.1:%d/" % full.getsockname()[1], timeout=1)
        assert device.ask("fds") == fds


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_server_that_reads_nothing(big_device, serve, method):
    server = serve(lambda connection: connection.stopped.wait(60), receive_buffer=4096)
    fds = big_device.ask("fds")
    big_device.refuses("TimedOut", "request", method, server.url, data="x", repeat=2_000_000, timeout=1)
    assert big_device.ask("fds") == fds


def test_the_sessions_own_time_out_is_the_default(device, serve):
    device.ask("use", timeout=0.5)
    server = serve(lambda connection: connection.wait())
    device.refuses("TimedOut", "get", server.url)
    server.heal()
    assert device.get(server.url, timeout=30).status == 200


def test_ctrl_c(device, serve):
    asked = threading.Event()

    def answer(connection):
        connection.request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-")
        asked.set()
        connection.wait()

    server = serve(answer)
    fds = device.ask("fds")
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(device.refuses, "KeyboardInterrupt", "get", server.url)
        assert asked.wait(30)
        device.interrupt()
        waiting.result()
    assert device.ask("fds") == fds
    assert server.saw_the_end()
    server.heal()
    assert device.get(server.url).content == b"next"
