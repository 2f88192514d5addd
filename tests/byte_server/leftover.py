"""Answers with more bytes behind them than they announced: what is left over must never be the next answer."""

from functools import partial

from .case import CHUNKED_HEAD, GOOD_HEAD, Case, gives
from .server import Connection

LEFTOVER: list[Case] = []
gives_hello = partial(gives, LEFTOVER, kept=False)
FORGED = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"


@gives_hello()
def a_body_longer_than_its_length(c: Connection) -> None:
    c.request()
    c.send(GOOD_HEAD + b"hello and more")


@gives_hello()
def two_answers_at_once(c: Connection) -> None:
    c.request()
    c.send(GOOD_HEAD + b"hello" + FORGED)


@gives_hello()
def two_answers_at_once_the_first_chunked(c: Connection) -> None:
    c.request()
    c.send(CHUNKED_HEAD + b"5\r\nhello\r\n0\r\n\r\n" + FORGED)


@gives_hello(status=204, body=b"")
def a_body_behind_204(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello")


@gives_hello(status=304, body=b"")
def an_answer_behind_304(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n" + FORGED)


@gives_hello(body=b"", method="HEAD")
def a_body_behind_head(c: Connection) -> None:
    c.request()
    c.send(GOOD_HEAD + b"hello")


@gives_hello(body=b"")
def an_answer_behind_an_empty_one(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" + FORGED)


@gives_hello(or_fails="BadAnswer")
def length_and_chunked(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")


@gives_hello(or_fails="BadAnswer")
def chunked_and_length(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 300\r\n\r\n5\r\nhello\r\n0\r\n\r\n")


@gives_hello(or_fails="BadAnswer")
def length_with_a_space_before_the_colon(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello" + FORGED)
