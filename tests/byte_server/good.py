"""Answers that HTTP/1.1 allows (RFC 9110, RFC 9112), in all the shapes that servers give them."""

from functools import partial

from .case import Case, gives
from .server import Connection

GOOD: list[Case] = []
gives_hello = partial(gives, GOOD)


@gives_hello(headers={"content-length": "5", "content-type": "text/plain"})
def content_length(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello")


@gives_hello(headers={"transfer-encoding": "chunked"})
def chunked(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n")


@gives_hello()
def chunked_with_extensions(c: Connection) -> None:
    c.request()
    c.send(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nhe\r\n3 ; c="d;e"\r\nllo\r\n0;x\r\n\r\n')


@gives_hello()
def chunked_with_trailers(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n")


@gives_hello(body=b"abcdefghijklmnopqrstuvwxyz")
def chunked_in_upper_case_hex(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1A\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n")


@gives_hello(body=b"abcdefghijklmnopqrstuvwxyz")
def chunked_in_lower_case_hex(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n1a\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n")


@gives_hello()
def chunked_with_leading_zeros(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n00005\r\nhello\r\n000\r\n\r\n")


@gives_hello(body=b"x" * 300)
def many_small_chunks(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 300 + b"0\r\n\r\n")


@gives_hello()
def chunks_split_over_packets(c: Connection) -> None:
    c.request()
    c.send(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"5", b"\r", b"\nhel", b"lo\r", b"\n0\r\n", b"\r\n"
    )


@gives_hello()
def chunks_one_byte_a_packet(c: Connection) -> None:
    c.request()
    whole = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\nX-Sum: 1\r\n\r\n"
    c.send(*(bytes([byte]) for byte in whole))


@gives_hello(body=b"")
def chunked_and_empty(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")


@gives_hello(status=204, body=b"")
def no_content(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 204 No Content\r\n\r\n")


@gives_hello(status=204, body=b"", method="DELETE")
def no_content_for_delete(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 204 No Content\r\n\r\n")


@gives_hello(status=304, body=b"", headers={"etag": '"1"'})
def not_modified_with_the_length_of_what_is_not_sent(c: Connection) -> None:
    c.request()
    c.send(b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\nContent-Length: 5\r\n\r\n')


@gives_hello(body=b"", method="HEAD", headers={"content-length": "5"})
def head_with_the_length_of_what_is_not_sent(c: Connection) -> None:
    assert c.request().method == "HEAD"
    c.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")


@gives_hello(body=b"", method="HEAD")
def head_chunked(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")


@gives_hello(kept=False)
def http_1_0_until_close(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n", b"hel", b"lo")
    c.finish()


@gives_hello(kept=False)
def http_1_0_with_length(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello")


@gives_hello(kept=False)
def http_1_1_until_close(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\n\r\nhello")
    c.finish()


@gives_hello(body=b"", kept=False)
def nothing_until_close(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\n\r\n")
    c.finish()


@gives_hello(kept=False)
def connection_close_that_the_client_must_do(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello")


@gives_hello(kept=False)
def connection_close_in_a_list_and_upper_case(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\nConnection: X-Other, CLOSE\r\nContent-Length: 5\r\n\r\nhello")


@gives_hello(kept=False)
def connection_close_chunked(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")


@gives_hello()
def keep_alive(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nContent-Length: 5\r\n\r\nhello")


@gives_hello()
def continue_100_first(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")


@gives_hello()
def early_hints_103_with_headers_first(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nContent-Length: 99\r\n\r\n")
    c.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")


@gives_hello()
def several_1xx_first(c: Connection) -> None:
    c.request()
    c.send(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    )
    c.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")


@gives_hello(headers={"content-length": "5", "x-other": "Mixed Case"})
def header_names_in_any_case(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\ncOnTeNt-LENGTH: 5\r\nX-OTHER: Mixed Case\r\n\r\nhello")


@gives_hello(headers={"x-folded": "one two three"})
def folded_header(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\nX-Folded: one\r\n two\r\n\tthree\r\nContent-Length: 5\r\n\r\nhello")


@gives_hello(headers={"retry-after": "5", "x-last": "c"})
def folded_header_of_none(c: Connection) -> None:
    """What goes on with a field that is left out belongs to no other."""
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\nRetry-After: 5\r\nX: \xff\r\n 0\r\nX-Last: c\r\nContent-Length: 5\r\n\r\nhello")


@gives_hello(headers={"x-tabs": "a b", "x-none": "", "x-tight": "c"})
def spaces_and_tabs_around_values(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\nX-Tabs: \t a b \t \r\nX-None:\r\nX-Tight:c\r\nContent-Length:\t5 \r\n\r\nhello")


@gives_hello(headers={"x-url": "http://a:1/b"})
def colons_in_a_value(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\nX-Url: http://a:1/b\r\nContent-Length: 5\r\n\r\nhello")


@gives_hello()
def no_reason_phrase(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\nhello")


@gives_hello()
def no_reason_phrase_and_no_space(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello")


@gives_hello(status=404, body=b"")
def empty_body(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 404 Not Found Here At All\r\nContent-Length: 0\r\n\r\n")


@gives_hello(status=429, headers={"retry-after": "30"})
def an_error_with_a_body(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 30\r\nContent-Length: 5\r\n\r\nhello")


@gives_hello(status=599)
def a_status_that_nobody_knows(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 599 What\r\nContent-Length: 5\r\n\r\nhello")


@gives_hello()
def body_one_byte_a_packet(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", b"h", b"e", b"l", b"l", b"o")


@gives_hello()
def head_one_byte_a_packet(c: Connection) -> None:
    c.request()
    c.send(*(bytes([byte]) for byte in b"HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 5\r\n\r\nhello"))


@gives_hello()
def head_split_in_its_line_ends(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r", b"\nContent-Length: 5\r\n\r", b"\nhello")


@gives_hello(kept=None)
def answer_before_the_request_is_read(c: Connection) -> None:
    c.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
    c.request()


@gives_hello(body=b"\x00\xff\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", headers={"content-type": "application/octet-stream"})
def a_body_that_looks_like_a_head(c: Connection) -> None:
    c.request()
    c.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 25\r\n\r\n")
    c.send(b"\x00\xff\r\n\r\nHTTP/1.1 200 OK\r\n\r\n")
