"""Answers that are not HTTP/1, or not the answer to what was asked."""

from functools import partial

from .case import Case, fails
from .server import Connection

NOT_HTTP: list[Case] = []
must_fail = partial(fails, NOT_HTTP)


@must_fail("BadAnswer")
def garbage(c: Connection) -> None:
    c.request()
    c.send(b"\x16\x03\x01\x00\xee\x01\x00\r\n\r\n\r\n")


@must_fail("BadAnswer")
def garbage_then_closed(c: Connection) -> None:
    c.request()
    c.send(bytes(range(256)))
    c.finish()


@must_fail("BadAnswer")
def another_protocol(c: Connection) -> None:
    c.request()
    c.send(b"220 mail.example.com ESMTP\r\n\r\n")


@must_fail("BadAnswer")
def http_2(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/2.0 200 OK\r\nContent-Length: 5\r\n\r\nhello")


@must_fail("BadAnswer")
def http_0_9(c: Connection) -> None:
    c.request()
    c.send(b"<html>hello</html>\r\n\r\n")
    c.finish()


@must_fail("BadAnswer")
def status_99(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 99 Low\r\nContent-Length: 5\r\n\r\nhello")


@must_fail("BadAnswer")
def status_1000(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 1000 High\r\nContent-Length: 5\r\n\r\nhello")


@must_fail("BadAnswer")
def status_000(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 000 None\r\nContent-Length: 5\r\n\r\nhello")


@must_fail("BadAnswer")
def status_abc(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 abc What\r\nContent-Length: 5\r\n\r\nhello")


@must_fail("BadAnswer")
def negative_status(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 -20 What\r\nContent-Length: 5\r\n\r\nhello")


@must_fail("BadAnswer")
def no_status(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello")


@must_fail("BadAnswer")
def protocol_switched(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x05hello")
    c.finish()
