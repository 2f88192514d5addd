"""Answers of servers that are broken, overloaded or malicious: broken off, lying about lengths, malformed."""

from functools import partial

from .case import Case, fails
from .server import Connection

HOSTILE: list[Case] = []
must_fail = partial(fails, HOSTILE)
GOOD_HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
CHUNKED_HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


# Broken off


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


# Lengths that lie


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


# Chunks that are none


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


# Not HTTP


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
