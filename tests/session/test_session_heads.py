"""One answer after another over a kept connection, whose heads are nearly the same, as those of one server are."""

import pytest
from byte_server import serve_next

DATE = b"Date: Sun, 22 Nov 2026 23:34:%02d GMT\r\n"


def answering(*answers):
    """Answers the nth request of the connection with the nth of these, as they are."""

    def answer(connection):
        for one in answers:
            connection.request()
            connection.send(one)

    return answer


def head(length, date, status=200, more=b""):
    return b"HTTP/1.1 %d OK\r\n%sServer: s\r\n%sContent-Length: %d\r\n\r\n" % (status, date, more, length)


def contents(device, server, count, method="GET"):
    return [device.request(method, server.url).content for _ in range(count)]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_only_the_date_differs(device, serve, method):
    server = serve(answering(*(head(2, DATE % n) + b"%02d" % n for n in range(10))))
    assert contents(device, server, 10, method) == [b"%02d" % n for n in range(10)]
    assert len(server.connections) == 1


def test_the_headers_are_those_of_this_answer(device, serve):
    server = serve(answering(*(head(0, DATE % n) for n in range(3))))
    dates = [device.get(server.url).headers["date"] for _ in range(3)]
    assert dates == ["Sun, 22 Nov 2026 23:34:%02d GMT" % n for n in range(3)]


def test_nothing_differs(device, serve):
    server = serve(answering(*[head(2, b"") + b"ok"] * 5))
    assert contents(device, server, 5) == [b"ok"] * 5
    assert len(server.connections) == 1


def test_the_length_differs_by_its_digits_only(device, serve):
    answers = [head(length, DATE % length) + b"x" * length for length in (12, 13, 11, 99, 10)]
    server = serve(answering(*answers))
    assert [len(content) for content in contents(device, server, 5)] == [12, 13, 11, 99, 10]
    assert len(server.connections) == 1


def test_the_status_differs(device, serve):
    statuses = [200, 404, 200, 200, 500, 200]
    server = serve(answering(*(head(2, DATE % 1, status) + b"ok" for status in statuses)))
    assert [device.get(server.url).status for _ in statuses] == statuses
    assert len(server.connections) == 1


def test_the_kind_of_body_differs(device, serve):
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
    nothing = b"HTTP/1.1 204 No Content\r\nServer: s\r\n\r\n"
    answers = [head(2, DATE % 1) + b"ok", chunked, chunked, head(2, DATE % 2) + b"ok", nothing, head(0, b""), chunked]
    server = serve(answering(*answers))
    assert contents(device, server, 7) == [b"ok", b"ok", b"ok", b"ok", b"", b"", b"ok"]
    assert len(server.connections) == 1


def test_head_and_get_by_turns(device, serve):
    same = head(2, DATE % 1)
    server = serve(answering(same + b"ok", same, same + b"ok", same, same, same + b"ok"))
    got = [device.request(method, server.url).content for method in ("GET", "HEAD", "GET", "HEAD", "HEAD", "GET")]
    assert got == [b"ok", b"", b"ok", b"", b"", b"ok"]
    assert len(server.connections) == 1


def test_the_same_head_in_small_packets(device, serve):
    def answer(connection):
        for number in range(4):
            connection.request()
            whole = head(2, DATE % number) + b"%02d" % number
            connection.send(*(bytes([byte]) for byte in whole))

    server = serve(answer)
    assert contents(device, server, 4) == [b"00", b"01", b"02", b"03"]
    assert len(server.connections) == 1


def in_place_of_the_date(field, last=False):
    """The field, and one that makes both together as long as a date, before or behind it."""
    padding = b"X: " + b"a" * (len(DATE % 1) - len(field) - 5) + b"\r\n"
    return padding + field if last else field + padding


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("field", [b"Connection: close\r\n", b"connection:  CLOSE\r\n"])
def test_another_header_in_place_of_the_date(device, serve, field, last):
    first = head(2, DATE % 1) + b"ok"
    second = head(2, in_place_of_the_date(field, last)) + b"ok"
    assert len(first) == len(second)
    server = serve(answering(first, first, second), serve_next)
    assert contents(device, server, 4) == [b"ok", b"ok", b"ok", b"next"]
    assert len(server.connections) == 2


def test_another_length_in_place_of_the_date(device, serve):
    first = head(2, DATE % 1) + b"ok"
    server = serve(answering(first, first, head(2, in_place_of_the_date(b"Content-Length: 7\r\n")) + b"ok"))
    assert contents(device, server, 2) == [b"ok", b"ok"]
    device.refuses("BadAnswer", "get", server.url, timeout=15)


def test_a_body_that_looks_like_the_rest_of_the_head_before(device, serve):
    first = head(2, DATE % 1) + b"ok"
    rest = first.partition(DATE % 1)[2]
    field = b"Content-Length: %d\r\n\r\n"
    body = b"a" * (len(DATE % 1) - len(field % 10)) + rest
    second = b"HTTP/1.1 200 OK\r\n" + field % len(body) + body
    assert len(first) == len(second)
    server = serve(answering(first, first, second))
    assert contents(device, server, 3) == [b"ok", b"ok", body]


def test_an_answer_that_says_nothing_about_its_length_after_one_that_did(device, serve):
    def answer(connection):
        answering(head(2, DATE % 1) + b"ok", b"HTTP/1.1 200 OK\r\n" + DATE % 2 + b"Server: s\r\n\r\nuntil the end")(
            connection
        )
        connection.finish()

    assert contents(device, serve(answer), 2) == [b"ok", b"until the end"]


def test_interim_answers_between(device, serve):
    interim = b"HTTP/1.1 103 Early Hints\r\n" + DATE % 1 + b"Content-Length: 2\r\n\r\n"
    final = head(2, DATE % 1) + b"ok"
    server = serve(answering(final, interim + final, final, interim * 3 + final))
    assert contents(device, server, 4) == [b"ok"] * 4
    assert len(server.connections) == 1


def test_a_head_ends_at_its_first_empty_line_whichever_way_lines_end(device, serve):
    def answer(connection):
        connection.request()
        connection.send(b"HTTP/1.1 200 OK\nContent-Length: 8\n\nabc\r\n\r\nd")

    assert device.get(serve(answer).url).content == b"abc\r\n\r\nd"
