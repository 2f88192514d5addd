"""Ten thousand requests that fail: nothing is left of them."""

import socket

import pytest
from byte_server.case import GOOD_HEAD

FAILURES = 10_000


def _reset(connection):
    connection.reset()


def _closed(connection):
    connection.request()
    connection.abandon()


def _garbage(connection):
    connection.request()
    connection.send(b"220 mail.example.com ESMTP\r\n\r\n")


def _broken_off(connection):
    connection.request()
    connection.send(GOOD_HEAD + b"hell")
    connection.finish()


def _large_head(connection):
    connection.request()
    connection.send(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 10_000 + b"\r\n\r\n")


def _large_body(connection):
    connection.request()
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nx")


def _bad_chunk(connection):
    connection.request()
    connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n")


@pytest.mark.timeout(300)
def test_ten_thousand_failures_leave_nothing(device, serve):
    failing = (_reset, _closed, _garbage, _broken_off, _large_head, _large_body, _bad_chunk)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        refusing = "http://127.0.0.1:%d/" % taken.getsockname()[1]
        urls = [refusing]
        for answer in failing:
            urls += [serve(answer).url + "/", refusing]
        seen = device.ask("fail_often", limit=280, urls=urls, count=FAILURES, timeout=30)
    assert seen["after"]["fds"] == seen["before"]["fds"]
    assert seen["after"]["heap"] <= seen["before"]["heap"] + 1024
    assert set(seen["raised"]) == {"NetworkError", "BadAnswer", "HeadTooLarge", "BodyTooLarge"}
    healthy = serve()
    assert device.get(healthy.url).content == b"next"
