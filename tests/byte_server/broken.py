"""Servers that close or reset the connection where they should not."""

from functools import partial

from .case import CHUNKED_HEAD, GOOD_HEAD, Case, fails
from .server import Connection

BROKEN: list[Case] = []
must_fail = partial(fails, BROKEN)


@must_fail("NetworkError")
def closed_at_once(c: Connection) -> None:
    c.finish()


@must_fail("NetworkError")
def closed_at_once_without_reading(c: Connection) -> None:
    c.abandon()


@must_fail("NetworkError")
def reset_at_once(c: Connection) -> None:
    c.reset()


@must_fail("NetworkError")
def closed_instead_of_an_answer(c: Connection) -> None:
    c.request()
    c.finish()


@must_fail("NetworkError")
def reset_instead_of_an_answer(c: Connection) -> None:
    c.request()
    c.reset()


@must_fail("Unanswered", method="POST", data=b"{}")
def closed_instead_of_an_answer_to_post(c: Connection) -> None:
    c.request()
    c.finish()


@must_fail("Unanswered", method="POST", data=b"{}")
def reset_instead_of_an_answer_to_post(c: Connection) -> None:
    c.request()
    c.reset()


@must_fail("NetworkError", method="POST", data=b"{}")
def reset_at_once_for_post(c: Connection) -> None:
    c.reset()


@must_fail("BadAnswer")
def closed_in_the_status_line(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 20")
    c.finish()


@must_fail("BadAnswer")
def closed_in_the_head(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n")
    c.finish()


@must_fail("BadAnswer")
def closed_after_an_interim_answer(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 100 Continue\r\n\r\n")
    c.finish()


@must_fail("NetworkError")
def reset_in_the_head(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\nContent-Le")
    c.reset()


@must_fail("BadAnswer")
def closed_in_the_body(c: Connection) -> None:
    c.request()
    c.send(GOOD_HEAD + b"hell")
    c.finish()


@must_fail("NetworkError")
def reset_in_the_body(c: Connection) -> None:
    c.request()
    c.send(GOOD_HEAD + b"hell")
    c.reset()


@must_fail("NetworkError")
def reset_in_a_body_until_close(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\n\r\nhell")
    c.reset()


@must_fail("BadAnswer")
def closed_before_the_body(c: Connection) -> None:
    c.request()
    c.send(GOOD_HEAD)
    c.finish()


@must_fail("BadAnswer")
def closed_in_a_chunk(c: Connection) -> None:
    c.request()
    c.send(CHUNKED_HEAD + b"5\r\nhel")
    c.finish()


@must_fail("BadAnswer")
def closed_in_a_chunk_size(c: Connection) -> None:
    c.request()
    c.send(CHUNKED_HEAD + b"5")
    c.finish()


@must_fail("BadAnswer")
def closed_between_chunks(c: Connection) -> None:
    c.request()
    c.send(CHUNKED_HEAD + b"5\r\nhello\r\n")
    c.finish()


@must_fail("BadAnswer")
def closed_in_the_trailers(c: Connection) -> None:
    c.request()
    c.send(CHUNKED_HEAD + b"5\r\nhello\r\n0\r\nX-A: b\r\n")
    c.finish()


@must_fail("NetworkError")
def reset_in_a_chunk(c: Connection) -> None:
    c.request()
    c.send(CHUNKED_HEAD + b"5\r\nhel")
    c.reset()
