"""How large an answer may be, and bodies that are read piece by piece."""

import hashlib
import random

import pytest
from byte_server import serve_next

MEBI = bytes(range(256)) * 4096


def _length(connection, body):
    connection.request()
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


def _chunked(connection, body):
    connection.request()
    connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    sizes = random.Random(1)
    start = 0
    while start < len(body):
        chunk = body[start : start + sizes.choice((1, 3, 500, 512, 513, 4096, 10000))]
        connection.send(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        start += len(chunk)
    connection.send(b"0\r\n\r\n")


def _until_close(connection, body):
    connection.request()
    connection.send(b"HTTP/1.1 200 OK\r\n\r\n" + body)
    connection.finish()


FORMS = pytest.mark.parametrize("form", [_length, _chunked, _until_close], ids=["length", "chunked", "until-close"])


def _sha256(data):
    return hashlib.sha256(data).hexdigest()


@FORMS
@pytest.mark.parametrize("most", [0, 1, 100, 1023, 1024, 1025, 5000])
def test_max_body_is_exact(device, serve, form, most):
    body = MEBI[: most + 1]
    server = serve(lambda connection: form(connection, body[:most]), lambda connection: form(connection, body))
    answer = device.get(server.url, max_body=most)
    assert (answer.status, answer.length, answer.sha256) == (200, most, _sha256(body[:most]))
    device.ask("close")
    device.refuses("BodyTooLarge", "get", server.url, max_body=most)
    server.heal()
    assert device.get(server.url).content == b"next"


@FORMS
def test_the_limit_is_16_kib_if_none_is_given(fresh_device, serve, form):
    body = MEBI[: 16 * 1024 + 1]
    server = serve(lambda connection: form(connection, body[:-1]), lambda connection: form(connection, body))
    assert fresh_device.get(server.url).length == 16 * 1024
    fresh_device.ask("close")
    fresh_device.refuses("BodyTooLarge", "get", server.url)


@FORMS
@pytest.mark.parametrize("raw", [False, True], ids=["readinto", "raw.readinto"])
def test_a_mebibyte_is_streamed_through_a_small_buffer(device, serve, form, raw):
    server = serve(lambda connection: form(connection, MEBI))
    answer = device.stream(server.url, raw=raw, timeout=60)
    assert (answer.status, answer.length, answer.sha256) == (200, len(MEBI), _sha256(MEBI))
    server.heal()
    assert device.get(server.url).content == b"next"


@FORMS
@pytest.mark.parametrize("buffer", [1, 3, 4096])
def test_a_buffer_of_any_size(device, serve, form, buffer):
    server = serve(lambda connection: form(connection, MEBI[:10000]))
    assert device.stream(server.url, buffer=buffer, timeout=60).sha256 == _sha256(MEBI[:10000])


@FORMS
def test_an_empty_stream(device, serve, form):
    server = serve(lambda connection: form(connection, b""))
    assert device.stream(server.url).length == 0
    server.heal()
    assert device.get(server.url).content == b"next"


@FORMS
@pytest.mark.parametrize("most", [0, 1, 100_000])
def test_a_stream_that_is_given_up(device, serve, form, most):
    fds = device.ask("fds")
    server = serve(lambda connection: form(connection, MEBI))
    answer = device.stream(server.url, most=most, timeout=60)
    assert most <= answer.length < most + 512
    server.heal()
    assert device.get(server.url).content == b"next"
    assert server.saw_the_end()
    assert len(server.connections) == 2
    assert device.ask("fds") == fds + 1


@FORMS
def test_a_stream_that_nobody_closed(device, serve, form):
    server = serve(lambda connection: form(connection, MEBI))
    device.ask("forget_stream", url=server.url)
    server.heal()
    assert device.get(server.url).content == b"next"
    assert server.saw_the_end()


@pytest.mark.parametrize("start", [b"Content-Length: 1000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n3e8\r\n"])
def test_the_rest_of_a_stream_that_nobody_closed_is_no_answer(device, serve, start):
    def answer(connection):
        connection.request()
        connection.send(b"HTTP/1.1 200 OK\r\n" + start + b"x" * 100)  # as much as is read
        connection.request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged")

    server = serve(answer, serve_next)
    device.ask("forget_stream", url=server.url)
    assert device.get(server.url).content == b"next"
    assert len(server.connections) == 2


@FORMS
def test_a_stream_that_falls_silent(device, serve, form):
    class Half:
        """The connection, whose server stops after half of the bytes."""

        def __init__(self, connection):
            self.connection, self.left = connection, 300_000
            self.request, self.finish = connection.request, connection.wait

        def send(self, data):
            self.connection.send(data[: self.left])
            self.left -= len(data[: self.left])
            if not self.left:
                self.connection.wait()

    server = serve(lambda connection: form(Half(connection), MEBI))
    fds = device.ask("fds")
    device.refuses("TimedOut", "stream", server.url, timeout=2)
    assert server.saw_the_end()
    assert device.ask("fds") == fds


@pytest.mark.parametrize("form", [_length, _chunked], ids=["length", "chunked"])
def test_a_stream_that_breaks_off(device, serve, form):
    def answer(connection):
        whole = bytearray()

        class Recorder:
            request = staticmethod(connection.request)

            def send(self, data):
                whole.extend(data)

        form(Recorder(), MEBI)
        connection.send(bytes(whole[:300_000]))
        connection.finish()

    server = serve(answer)
    fds = device.ask("fds")
    device.refuses("BadAnswer", "stream", server.url)
    assert device.ask("fds") == fds
    server.heal()
    assert device.get(server.url).content == b"next"


def test_a_dripped_stream_ends_by_the_requests_deadline(device, serve):
    def answer(connection):
        connection.request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        connection.drip(b"x")

    server = serve(answer)
    device.refuses("TimedOut", "stream", server.url, timeout=1)
    assert server.saw_the_end()


def _head_of(size, line=100):
    """A head of exactly that many bytes, in lines of about so many."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
    while (left := size - len(head) - 2) > 2 * line:
        head += b"X-%05d: " % len(head) + b"x" * (line - 11) + b"\r\n"
    return head + b"X-Last: " + b"x" * (left - 10) + b"\r\n\r\n"


@pytest.mark.parametrize("line", [100, 4100], ids=["many-lines", "long-lines"])
@pytest.mark.parametrize("at_once", [True, False], ids=["one-packet", "two-packets"])
def test_a_head_of_8_kib_and_no_more(fresh_device, serve, line, at_once):
    def answer(size):
        def with_head(connection):
            connection.request()
            head = _head_of(size, line)
            assert len(head) == size
            if at_once:
                connection.send(head + b"hello")
            else:
                connection.send(head, b"hello")

        return with_head

    server = serve(answer(8192), answer(8193))
    answered = fresh_device.get(server.url, wanted=["x-last"])
    assert (answered.status, answered.content) == (200, b"hello")
    assert answered.headers["x-last"].strip("x") == ""
    fresh_device.ask("close")
    fresh_device.refuses("HeadTooLarge", "get", server.url)
    server.heal()
    assert fresh_device.get(server.url).content == b"next"


def test_a_head_of_the_smallest_lines_takes_no_more(fresh_device, serve):
    def answer(connection):
        connection.request()
        lines = b"".join(b"%x:\r\n" % number for number in range(1100))
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n" + lines + b"\r\nhello")

    server = serve(answer)
    assert fresh_device.get(server.url, wanted=[]).content == b"hello"
    server.heal()
    assert fresh_device.get(server.url).content == b"next"


def test_a_stream_that_is_too_fast_to_be_waited_for_ends_by_the_deadline_too(device, serve):
    def answer(connection):
        connection.request()
        connection.send(b"HTTP/1.1 200 OK\r\n\r\n")
        connection.send_for_ever(b"x" * 65536)

    device.refuses("TimedOut", "stream", serve(answer).url, timeout=1)


def test_chunks_that_are_too_fast_to_be_waited_for_end_by_the_deadline_too(device, serve):
    def answer(connection):
        connection.request()
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        connection.send_for_ever(b"1;%s\r\nx\r\n" % (b"e" * 900) * 64)

    device.refuses("TimedOut", "stream", serve(answer).url, timeout=1)
