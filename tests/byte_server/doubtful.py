"""Answers that a client may take or refuse; anything else, as waiting for more, is wrong."""

from functools import partial

from .case import Case, gives
from .server import Connection

DOUBTFUL: list[Case] = []
may_give_hello = partial(gives, DOUBTFUL, kept=None, or_fails="BadAnswer")


@may_give_hello()
def bare_line_feeds(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello")


@may_give_hello()
def bare_line_feeds_in_chunks(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello\n0\n\n")


@may_give_hello()
def the_same_length_twice(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello")


@may_give_hello()
def the_same_length_in_a_list(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello")


@may_give_hello()
def bytes_that_are_no_utf8_in_a_header(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 \xff\xfe\r\nX-Name: caf\xe9\r\nContent-Length: 5\r\n\r\nhello")


@may_give_hello()
def a_header_line_without_colon(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\nnonsense\r\nContent-Length: 5\r\n\r\nhello")


@may_give_hello()
def http_1_2(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.2 200 OK\r\nContent-Length: 5\r\n\r\nhello")
