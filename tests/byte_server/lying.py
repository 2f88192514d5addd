"""Lengths and chunks that lie, or are none."""

from functools import partial

from .case import CHUNKED_HEAD, Case, fails
from .server import Connection

LYING: list[Case] = []
must_fail = partial(fails, LYING)


@must_fail("BadAnswer")
def negative_length(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello")


@must_fail("BadAnswer")
def length_with_plus(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello")


@must_fail("BadAnswer")
def length_in_hex(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\nhello")


@must_fail("BadAnswer")
def length_with_underscore(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0_5\r\n\r\nhello")


@must_fail("BadAnswer")
def length_of_two_words(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5 5\r\n\r\nhello")


@must_fail("BadAnswer")
def length_that_is_a_fraction(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5.0\r\n\r\nhello")


@must_fail("BadAnswer")
def length_that_is_no_number(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nhello")


@must_fail("BadAnswer")
def length_that_is_empty(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nhello")


@must_fail("BadAnswer", "BodyTooLarge")
def length_of_eighty_digits(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 80 + b"\r\n\r\nhello")


@must_fail("BadAnswer", "BodyTooLarge")
def length_of_four_thousand_digits(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 4000 + b"\r\n\r\nhello")


@must_fail("BadAnswer")
def two_different_lengths(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 3\r\n\r\nhello")


@must_fail("BadAnswer")
def two_different_lengths_in_a_list(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5, 3\r\n\r\nhello")


@must_fail("BodyTooLarge")
def a_gigabyte_announced(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\nhello")


@must_fail("BodyTooLarge")
def a_gigabyte_sent(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
    c.send_for_ever(b"x" * 1024)


@must_fail("BodyTooLarge")
def endless_body_until_close(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\n\r\n")
    c.send_for_ever(b"x" * 1024)


@must_fail("BodyTooLarge")
def endless_chunks(c: Connection) -> None:
    c.request()
    c.send(CHUNKED_HEAD)
    c.send_for_ever(b"400\r\n" + b"x" * 1024 + b"\r\n")


@must_fail("BodyTooLarge")
def one_chunk_beyond_the_limit(c: Connection) -> None:
    c.request()
    c.send(CHUNKED_HEAD + b"10000\r\n" + b"x" * 65536 + b"\r\n0\r\n\r\n")


@must_fail("BadAnswer")
def negative_chunk_size(c: Connection) -> None:
    c.request()
    c.send(CHUNKED_HEAD + b"-5\r\nhello\r\n0\r\n\r\n")


@must_fail("BadAnswer", "BodyTooLarge")
def huge_chunk_size(c: Connection) -> None:
    c.request()
    c.send(CHUNKED_HEAD + b"FFFFFFFFFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n")


@must_fail("BadAnswer")
def chunk_size_that_is_no_number(c: Connection) -> None:
    c.request()
    c.send(CHUNKED_HEAD + b"xyz\r\nhello\r\n0\r\n\r\n")


@must_fail("BadAnswer")
def chunk_size_with_0x(c: Connection) -> None:
    c.request()
    c.send(CHUNKED_HEAD + b"0x5\r\nhello\r\n0\r\n\r\n")


@must_fail("BadAnswer")
def chunk_size_with_underscore(c: Connection) -> None:
    c.request()
    c.send(CHUNKED_HEAD + b"0_5\r\nhello\r\n0\r\n\r\n")


@must_fail("BadAnswer")
def chunk_size_that_is_empty(c: Connection) -> None:
    c.request()
    c.send(CHUNKED_HEAD + b"\r\nhello\r\n0\r\n\r\n")


@must_fail("BadAnswer")
def chunk_without_line_end(c: Connection) -> None:
    c.request()
    c.send(CHUNKED_HEAD + b"3\r\nhello\r\n0\r\n\r\n")


@must_fail("BadAnswer")
def chunks_announced_and_none_sent(c: Connection) -> None:
    c.request()
    c.send(CHUNKED_HEAD + b"hello")
    c.finish()


@must_fail("BadAnswer")
def compressed_though_nobody_asked(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
