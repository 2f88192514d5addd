"""Answers that never end, whether slowly or as fast as they can, and servers that say nothing at all."""

from functools import partial

from .case import CHUNKED_HEAD, GOOD_HEAD, Case, fails
from .server import Connection

ENDLESS: list[Case] = []
must_fail = partial(fails, ENDLESS)


@must_fail("TimedOut")
def silence(c: Connection) -> None:
    c.wait()


@must_fail("TimedOut", method="POST", data=b"{}")
def silence_for_post(c: Connection) -> None:
    c.wait()


@must_fail("TimedOut")
def silence_in_the_head(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\nContent-")
    c.wait()


@must_fail("TimedOut")
def silence_after_an_interim_answer(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 100 Continue\r\n\r\n")
    c.wait()


@must_fail("TimedOut")
def silence_in_the_body(c: Connection) -> None:
    c.request()
    c.send(GOOD_HEAD + b"hell")
    c.wait()


@must_fail("TimedOut")
def silence_in_a_chunk(c: Connection) -> None:
    c.request()
    c.send(CHUNKED_HEAD + b"5\r\nhell")
    c.wait()


@must_fail("TimedOut")
def silence_before_the_last_chunk(c: Connection) -> None:
    c.request()
    c.send(CHUNKED_HEAD + b"5\r\nhello\r\n")
    c.wait()


@must_fail("TimedOut")
def silence_in_a_body_until_close(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\n\r\nhello")
    c.wait()


@must_fail("TimedOut")
def status_line_dripped(c: Connection) -> None:
    c.request()
    c.drip(b"HTTP/1.1 200 OK" + b"K" * 100)


@must_fail("TimedOut")
def head_dripped(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\n")
    c.drip(b"X-Slow: sloooo")


@must_fail("TimedOut")
def body_dripped(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")
    c.drip(b"x")


@must_fail("TimedOut")
def body_until_close_dripped(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\n\r\n")
    c.drip(b"x")


@must_fail("TimedOut")
def chunk_size_dripped(c: Connection) -> None:
    c.request()
    c.send(CHUNKED_HEAD)
    c.drip(b"0000")


@must_fail("TimedOut")
def chunks_dripped(c: Connection) -> None:
    c.request()
    c.send(CHUNKED_HEAD)
    c.send_for_ever(b"1\r\nx\r\n", pause=0.25)


@must_fail("TimedOut")
def interim_answers_dripped(c: Connection) -> None:
    c.request()
    c.send_for_ever(b"HTTP/1.1 102 Processing\r\n\r\n", pause=0.25)


@must_fail("HeadTooLarge")
def endless_headers(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\n")
    c.send_for_ever(b"X-More: and more\r\n" * 20)


@must_fail("HeadTooLarge")
def endless_header_line(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\nX-More: ")
    c.send_for_ever(b"x" * 500)


@must_fail("HeadTooLarge")
def endless_header_name(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\n")
    c.send_for_ever(b"x" * 500)


@must_fail("HeadTooLarge")
def endless_folded_header(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\nX-More: a\r\n")
    c.send_for_ever(b" more\r\n" * 50)


@must_fail("HeadTooLarge")
def endless_status_line(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 ")
    c.send_for_ever(b"OK " * 100)


@must_fail("BadAnswer", "HeadTooLarge")
def endless_empty_lines(c: Connection) -> None:
    c.request()
    c.send_for_ever(b"\r\n" * 100)


@must_fail("BadAnswer", "HeadTooLarge")
def endless_garbage(c: Connection) -> None:
    c.request()
    c.send_for_ever(b"\x00" * 500)


@must_fail("BadAnswer", "HeadTooLarge")
def endless_interim_answers(c: Connection) -> None:
    c.request()
    c.send_for_ever(b"HTTP/1.1 102 Processing\r\n\r\n" * 20)


@must_fail("BadAnswer", "BodyTooLarge", "HeadTooLarge")
def endless_chunk_extension(c: Connection) -> None:
    c.request()
    c.send(CHUNKED_HEAD + b"5;")
    c.send_for_ever(b"x" * 500)


@must_fail("BadAnswer", "BodyTooLarge", "HeadTooLarge")
def endless_zeros_of_a_chunk_size(c: Connection) -> None:
    c.request()
    c.send(CHUNKED_HEAD)
    c.send_for_ever(b"0" * 500)


@must_fail("BadAnswer", "BodyTooLarge", "HeadTooLarge")
def endless_trailers(c: Connection) -> None:
    c.request()
    c.send(CHUNKED_HEAD + b"5\r\nhello\r\n0\r\n")
    c.send_for_ever(b"X-More: and more\r\n" * 20)


@must_fail("BadAnswer", "BodyTooLarge", "HeadTooLarge")
def endless_trailer_line(c: Connection) -> None:
    c.request()
    c.send(CHUNKED_HEAD + b"5\r\nhello\r\n0\r\nX-More: ")
    c.send_for_ever(b"x" * 500)
