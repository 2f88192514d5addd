"""The kept connection: one for many requests, and what happens when the server ends it."""

import socket
import threading

import pytest
from byte_server import serve_next

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def test_fifty_requests_take_one_connection_and_one_lookup(device, serve):
    server = serve()
    before = device.ask("lookups")
    url = "http://hub.test:%d/" % server.port
    assert device.ask("repeated", count=25, method="GET", url=url) == [200]
    assert device.ask("repeated", count=25, method="POST", url=url, data="hello") == [200]
    assert len(server.requests) == 50 and len(server.connections) == 1
    assert device.ask("lookups") == before + 1
    assert {request.header("Host") for request in server.requests} == {"hub.test:%d" % server.port}


def test_a_name_is_looked_up_for_every_new_connection(device, serve):
    server = serve()
    before = device.ask("lookups")
    for _ in range(3):
        device.get("http://hub.test:%d/" % server.port)
        device.ask("close")
    assert len(server.connections) == 3
    assert device.ask("lookups") == before + 3


def _fin(sock):
    sock.shutdown(socket.SHUT_WR)


def _time_out_said(sock):
    sock.sendall(b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")


def _time_out_said_and_fin(sock):
    _time_out_said(sock)
    _fin(sock)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("end", [_fin, _time_out_said, _time_out_said_and_fin], ids=lambda end: end.__name__)
def test_the_server_ended_it_meanwhile(device, serve, end, method):
    server = serve()
    device.request(method, server.url + "/1")
    end(server.connections[0].sock)
    answer = device.request(method, server.url + "/2")
    assert (answer.status, answer.content) == (200, b"next")
    assert [[request.target for request in c.requests] for c in server.connections] == [["/1"], ["/2"]]
    assert server.saw_the_end()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_server_reset_it_meanwhile(device, serve, method):
    idle, go, gone = threading.Event(), threading.Event(), threading.Event()

    def answer(connection):
        connection.request()
        connection.send(OK)
        idle.set()
        go.wait(60)
        connection.reset()
        gone.set()

    server = serve(answer, serve_next)
    device.request(method, server.url + "/1")
    assert idle.wait(60)
    go.set()
    assert gone.wait(60)
    assert device.request(method, server.url + "/2").content == b"next"
    assert [[request.target for request in c.requests] for c in server.connections] == [["/1"], ["/2"]]


def _ok_then_end(end):
    """Answers one request; ends the connection when it has read the next."""

    def answer(connection):
        connection.request()
        connection.send(OK)
        connection.request()
        getattr(connection, end)()

    return answer


def _end(end):
    def answer(connection):
        connection.request()
        getattr(connection, end)()

    return answer


def _healthy(connection):
    while True:
        connection.request()
        connection.send(b"HTTP/1.1 204 No Content\r\n\r\n")


@pytest.mark.parametrize("end", ["finish", "abandon", "reset"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_ended_under_a_request_that_may_be_sent_again(device, serve, method, end):
    server = serve(_ok_then_end(end), _healthy)
    device.get(server.url + "/1")
    data = "body" if method == "PUT" else None
    assert device.request(method, server.url + "/2", data=data).status == 204
    assert [[request.target for request in c.requests] for c in server.connections] == [["/1", "/2"], ["/2"]]
    first, second = server.requests[1:]
    assert (first.head, first.body) == (second.head, second.body)


@pytest.mark.parametrize("end", ["finish", "abandon", "reset"])
def test_ended_under_a_post(device, serve, end):
    server = serve(_ok_then_end(end), _healthy)
    device.get(server.url + "/1")
    device.refuses("Unanswered", "post", server.url + "/2", data="body")
    assert [request.target for request in server.requests] == ["/1", "/2"]
    assert device.post(server.url + "/3", data="body").status == 204
    assert [request.target for request in server.requests] == ["/1", "/2", "/3"]


@pytest.mark.parametrize("end", ["finish", "reset"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_a_server_that_always_ends_it_sees_two_attempts(device, serve, method, end):
    server = serve(_ok_then_end(end), _end(end))
    device.get(server.url + "/1")
    fds = device.ask("fds") - 1
    device.refuses("NetworkError", "request", method, server.url + "/2")
    assert [request.target for request in server.requests] == ["/1", "/2", "/2"]
    assert device.ask("fds") == fds


@pytest.mark.parametrize("end", ["finish", "reset"])
def test_a_new_connection_that_is_ended_is_tried_twice_at_most(device, serve, end):
    server = serve(_end(end))
    device.refuses("NetworkError", "get", server.url)
    assert 1 <= len(server.requests) <= 2


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_ended_within_the_answer_it_is_not_sent_again(device, serve, method):
    def answer(connection):
        connection.request()
        connection.send(OK)
        connection.request()
        connection.send(b"HTTP/1.1 2")
        connection.finish()

    server = serve(answer, _healthy)
    device.get(server.url + "/1")
    device.refuses("BadAnswer", "request", method, server.url + "/2")
    assert [request.target for request in server.requests] == ["/1", "/2"]
    assert device.get(server.url + "/3").status == 204


def test_a_silent_server_is_not_asked_again(device, serve):
    def answer(connection):
        connection.request()
        connection.send(OK)
        connection.wait()

    server = serve(answer, _healthy)
    device.get(server.url + "/1")
    device.refuses("TimedOut", "get", server.url + "/2", timeout=1)
    assert server.saw_the_end()
    assert len(server.connections) == 1


def test_another_server_takes_the_place_of_the_first(device, serve):
    one, other = serve(), serve()
    fds = device.ask("fds")
    for _ in range(2):
        for server in (one, other):
            device.get(server.url)
            assert device.ask("fds") == fds + 1
    assert len(one.connections) == len(other.connections) == 2
    assert one.saw_the_end() and other.saw_the_end()


def test_another_name_is_another_server(device, serve):
    server = serve()
    device.get("http://hub.test:%d/" % server.port)
    device.get("http://other.test:%d/" % server.port)
    assert len(server.connections) == 2
    assert [request.header("Host").partition(":")[0] for request in server.requests] == ["hub.test", "other.test"]


def test_close(device, serve):
    server = serve()
    fds = device.ask("fds")
    for _ in range(2):
        device.get(server.url)
        device.ask("close")
        device.ask("close")
        assert device.ask("fds") == fds
    assert all(connection.client_gone.wait(30) for connection in server.connections)
