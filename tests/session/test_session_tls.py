"""TLS: handshakes that fail or hang, the kept connection, and what comes over it."""

import hashlib
import socket
import ssl
import threading

import pytest
from byte_server import serve_next
from session.certificates import at
from session.device import DeviceError

KEY = "access-key-never-to-be-seen"
BODY = b"x" * 65536


def test_a_server_that_speaks_plain_http(knowing, serve):
    def answer(connection):
        connection.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        connection.wait()

    server = serve(answer)
    knowing.refuses("TlsError", "get", at(server), headers={"Authorization": KEY})
    assert server.saw_the_end()
    assert KEY.encode() not in server.connections[0].received


def test_tls_where_plain_http_was_asked_for(knowing, serve, ca):
    server = serve(tls=ca.server())
    knowing.refuses("NetworkError", "get", f"http://hub.test:{server.port}/")


def test_a_server_that_wants_another_version_of_tls(knowing, serve, ca):
    context = ca.server()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    server = serve(tls=context)
    try:
        assert knowing.get(at(server)).status == 200  # by a MicroPython that speaks it
    except DeviceError as error:
        assert error.name == "TlsError" and error.text, error
        assert server.saw_the_end() and not server.requests


def test_a_server_that_says_nothing(knowing, serve):
    server = serve(lambda connection: connection.wait())
    fds = knowing.ask("fds")
    knowing.refuses("TimedOut", "get", at(server), timeout=1, headers={"Authorization": KEY})
    assert server.saw_the_end()
    assert knowing.ask("fds") == fds
    assert KEY.encode() not in server.connections[0].received


def test_a_handshake_that_drips(knowing, serve, ca):
    def answer(connection):
        wire = connection.wire  # the plain socket, on which TLS is spoken by hand, a byte every quarter of a second
        hello = wire.recv(65536)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = ca.server().wrap_bio(incoming, outgoing, server_side=True)
        incoming.write(hello)
        with pytest.raises(ssl.SSLWantReadError):
            tls.do_handshake()
        connection.drip(outgoing.read())

    server = serve(answer)
    fds = knowing.ask("fds")
    knowing.refuses("TimedOut", "get", at(server), timeout=1, headers={"Authorization": KEY})
    assert server.saw_the_end()
    assert knowing.ask("fds") == fds


@pytest.mark.parametrize("end", ["reset", "finish", "abandon"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_handshake_that_is_ended(knowing, serve, method, end):
    def answer(connection):
        connection.sock.recv(1)
        getattr(connection, end)()

    server = serve(answer)
    fds = knowing.ask("fds")
    error = knowing.refuses("NetworkError", "request", method, at(server), headers={"Authorization": KEY})
    assert error.name in ("NetworkError", "TlsError")  # and never Unanswered: nothing was asked
    assert knowing.ask("fds") == fds
    assert len(server.connections) <= 2


def test_fifty_requests_take_one_handshake(knowing, serve, ca):
    server = serve(tls=ca.server())
    before = knowing.ask("lookups")
    assert knowing.ask("repeated", count=50, method="POST", url=at(server), data="x") == [200]
    assert len(server.requests) == 50 and len(server.connections) == 1
    assert knowing.ask("lookups") == before + 1


def _notify_and_fin(connection):
    connection.half_close()


def _fin_only(connection):
    connection.sock.shutdown(socket.SHUT_WR)


def _reset(connection):
    connection.reset()


ENDS = pytest.mark.parametrize("end", [_notify_and_fin, _fin_only, _reset], ids=lambda end: end.__name__[1:])


@ENDS
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_server_ended_the_kept_connection_meanwhile(knowing, serve, ca, method, end):
    go, ended = threading.Event(), threading.Event()

    def answer(connection):
        connection.request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        go.wait(60)
        end(connection)
        ended.set()

    server = serve(answer, serve_next, tls=ca.server())
    fds = knowing.ask("fds")
    assert knowing.request(method, at(server)).content == b"ok"
    go.set()
    assert ended.wait(60)
    assert knowing.request(method, at(server)).content == b"next"
    assert [len(connection.requests) for connection in server.connections] == [1, 1]
    assert knowing.ask("fds") == fds + 1


@pytest.mark.parametrize("method, again", [("GET", True), ("POST", False)])
@ENDS
def test_the_kept_connection_ends_under_a_request(knowing, serve, ca, end, method, again):
    def answer(connection):
        connection.request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        connection.request()
        end(connection)

    server = serve(answer, serve_next, tls=ca.server())
    knowing.get(at(server))
    if again:
        assert knowing.request(method, at(server)).content == b"next"
    else:
        knowing.refuses("Unanswered", "request", method, at(server))
    assert [len(connection.requests) for connection in server.connections] == [2, 1][: 1 + again]


@ENDS
def test_an_answer_that_is_cut_short(knowing, serve, ca, end):
    def answer(connection):
        connection.request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
        end(connection)

    server = serve(answer, tls=ca.server())
    fds = knowing.ask("fds")
    error = knowing.refuses("NetworkError", "get", at(server))
    assert error.name in (["BadAnswer"] if end is _notify_and_fin else ["BadAnswer", "NetworkError", "TlsError"])
    assert knowing.ask("fds") == fds


def test_a_body_that_drips(knowing, serve, ca):
    def answer(connection):
        connection.request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")
        connection.drip(b"x")

    server = serve(answer, tls=ca.server())
    knowing.refuses("TimedOut", "get", at(server), timeout=1)
    assert server.saw_the_end()


def test_a_large_body_up(big_device, serve, ca):
    big_device.ask("use", ca=ca.der_hex)
    server = serve(tls=ca.server())
    assert big_device.post(at(server), data="0123456789abcdef", repeat=8192, timeout=60).status == 200
    assert server.requests[0].body == b"0123456789abcdef" * 8192


@pytest.mark.parametrize("chunked", [False, True])
def test_a_large_body_down(knowing, serve, ca, chunked):
    def answer(connection):
        connection.request()
        if chunked:
            pieces = b"".join(b"%x\r\n%s\r\n" % (1000, BODY[:1000]) for _ in range(65)) + b"218\r\n" + BODY[:536]
            connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + pieces + b"\r\n0\r\n\r\n")
        else:
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY)

    server = serve(answer, tls=ca.server())
    got = knowing.stream(at(server), timeout=60)
    assert (got.length, got.sha256) == (len(BODY), hashlib.sha256(BODY).hexdigest())
    assert knowing.get(at(server)).content == b"next"
    assert len(server.connections) == 1


@pytest.mark.parametrize("more", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"])
def test_bytes_that_wait_inside_tls_are_no_answer(knowing, serve, ca, more):
    def answer(connection):
        connection.request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" + more)

    server = serve(answer, serve_next, tls=ca.server())
    assert knowing.get(at(server)).content == b"ok"
    assert knowing.get(at(server)).content == b"next"
    assert len(server.connections) == (2 if more else 1)
