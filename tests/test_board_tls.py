"""What a client on the virtual board can do with a socket, non-blocking and with TLS: as on the ESP32, and no more."""

import base64
import os
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta

import pytest
import trustme
from test_board_network import JOIN

from tools.board import BoardError, VirtualBoard
from tools.hub import LocalHub

DAY = timedelta(days=1)
# Runs on the board. `pump` does one non-blocking step after another until there is something, as a client must.
CLIENT = """
import errno, gc, select, socket, tls, time
from binascii import a2b_base64
def opened(port):
    s = socket.socket()
    s.setblocking(False)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        s.connect(socket.getaddrinfo('127.0.0.1', port)[0][-1])
    except OSError as error:
        assert error.errno == errno.EINPROGRESS, error
    return s
def pump(s, step, flags):
    poll = select.poll()
    poll.register(s, flags)
    while True:
        found = step()
        if found is not None:
            return found
        ready = [(it[0] is s, it[1]) for it in poll.ipoll(10000)]
        assert len(ready) == 1 and ready[0][0] and ready[0][1] & flags, ready
def secured(s, ca, host='127.0.0.1'):
    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    context.verify_mode = tls.CERT_REQUIRED
    context.load_verify_locations(a2b_base64(ca))
    return context.wrap_socket(s, server_hostname=host, do_handshake_on_connect=False)
def said(s, text):
    at, view = 0, memoryview(text)
    while at < len(text):
        at += pump(s, lambda: s.write(view[at:]), select.POLLOUT | select.POLLIN)
def heard(s, count, buffer=bytearray(64)):
    got = b''
    while len(got) < count:
        n = pump(s, lambda: s.readinto(buffer, 50), select.POLLIN)
        if not n:
            break
        got += buffer[:n]
    return got
def talk(port, ca, host='127.0.0.1'):
    s = opened(port)
    try:
        t = secured(s, ca, host)
        try:
            said(t, b'hello')
            return heard(t, 5)
        finally:
            t.close()
    finally:
        s.close()
"""


@pytest.fixture(scope="module")
def board():
    with VirtualBoard() as it:
        it.air.delay_s = 0.02
        it.wait_for(">>> ")
        it.run(JOIN + CLIENT)
        it.run("import ntptime; ntptime.settime()")
        yield it


class Echo:
    """A server that says back what it hears, with TLS if it is given a certificate; "wait" it answers never."""

    def __init__(self, certificate=None, tls=None):
        self._context = None
        if certificate is not None:
            self._context = tls or ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            certificate.configure_cert(self._context)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.connections = []
        self.errors = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection = self._listener.accept()[0]
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
                self.connections.append(connection)
            while data := connection.recv(100):
                if data == b"bye":
                    break
                if data != b"wait":
                    connection.sendall(data)
            connection.close()
        except OSError as error:
            self.errors.append(str(error))

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self.connections:
            connection.close()


@pytest.fixture
def echo():
    servers = []

    def make(*certificate):
        servers.append(Echo(*certificate))
        return servers[-1]

    yield make
    for server in servers:
        server.close()


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


def as_text(ca):
    """A CA's DER in base64, in quotes for a program."""
    return repr(base64.b64encode(ssl.PEM_cert_to_DER_cert(ca.cert_pem.bytes().decode())).decode())


def issued(authority, start, end, name="127.0.0.1"):
    now = datetime.now(UTC)
    return authority.issue_cert(name, not_before=now + start * DAY, not_after=now + end * DAY)


def raises(board, error, code):
    with pytest.raises(BoardError) as info:
        board.run(code)
    assert error in str(info.value)


def back(board):
    board.wifi_up()
    board.run("while not w.isconnected(): time.sleep_ms(5)")


def descriptors(board):
    return len(os.listdir(f"/proc/{board.pid}/fd"))


# Without TLS


def test_a_conversation_that_never_blocks(board, echo):
    board.run(f"s = opened({echo().port})")
    assert board.run("print(s.readinto(bytearray(5)))") in ("None\n",)
    assert board.run("said(s, b'x' * 120); print(heard(s, 120) == b'x' * 120)") == "True\n"
    assert board.run(
        "p = select.poll(); p.register(s, select.POLLIN); print(p.poll(20), s.readinto(bytearray(5)))"
    ) == ("[] None\n")
    assert board.run("p.modify(s, select.POLLIN | select.POLLOUT); print([f for _, f in p.ipoll(1000)])") == "[4]\n"
    # write(buf, off, n), and a count that is less than the buffer holds.
    assert board.run("print(s.write(b'0123456789', 2, 3)); print(heard(s, 3))") == "3\nb'234'\n"
    # The end: readable, and 0 as often as it is asked for.
    assert board.run("said(s, b'bye'); print(heard(s, 1), s.readinto(bytearray(5)), s.read(5))") == "b'' 0 b''\n"
    board.run("s.close(); s.close()")
    raises(board, "OSError: [Errno 9] EBADF", "s.readinto(bytearray(5))")


def test_a_server_that_does_not_read_takes_a_part(board):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        code = f"s = opened({listener.getsockname()[1]}); b = bytes(20000); n = pump(s, lambda: s.write(b), 4)\n"
        board.run(code + "while n == len(b): n = s.write(b)\nassert n is None or 0 < n < len(b), n")
        assert board.run("print(s.write(b), [f for _, f in p.poll(0)] if p.register(s, 4) else 0); s.close()")
        board.run("s.close()")


def test_nobody_listens(board):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    # Ready for both, and the next use says why, as lwIP has it.
    board.run(f"s = opened({port}); p = select.poll(); p.register(s, 5); assert [f for _, f in p.ipoll(5000)] == [5]")
    raises(board, "OSError: [Errno 111] ECONNREFUSED", "s.write(b'x')")
    board.run("s.close()")


def test_what_poll_says_of_a_new_and_of_a_closed_socket(board):
    board.run("s = socket.socket(); p = select.poll(); p.register(s, 5)")
    assert board.run("print(p.poll(0)[0][1]); s.close(); print(p.poll(0)[0][1])") == "20\n32\n"


def test_options(board):
    assert board.run("print(socket.IPPROTO_TCP, socket.TCP_NODELAY)") == "6 1\n"
    assert board.run("s = socket.socket(); s.setsockopt(6, 1, 1); s.setsockopt(1, 9, 1); s.close()") == (
        "Warning: lwip.setsockopt() option not implemented\n"
    )


def test_there_are_ten_sockets(board):
    board.run("gc.collect(); l = []")
    raises(board, "OSError: 23", "while True: l.append(socket.socket())")
    assert board.run("print(len(l))") == "10\n"
    before = descriptors(board)
    board.run("for s in l: s.close()\nl = [socket.socket() for _ in l]\nfor s in l: s.close()")
    assert descriptors(board) == before - 10
    # Those that a program forgets are closed when the garbage is collected.
    board.run("def forget():\n  for _ in range(50):\n    socket.socket(); gc.collect()\nforget()")


@pytest.mark.parametrize("secure", [False, True])
def test_wifi_goes_in_the_middle(board, echo, authority, secure):
    server = echo(issued(authority, -1, 9)) if secure else echo()
    before = descriptors(board)
    board.run(f"s = r = opened({server.port})")
    if secure:
        board.run(f"s = secured(s, {as_text(authority)})")
    board.run("said(s, b'wait')")
    try:
        threading.Timer(0.3, board.wifi_down).start()
        raises(board, "OSError: [Errno 103] ECONNABORTED", "heard(s, 1)")  # it was waiting in poll
        raises(board, "OSError: [Errno 103] ECONNABORTED", "r.write(b'x')")
        board.run("s.close(); r.close()")
        raises(board, "-202", f"opened({server.port})")
        board.run("gc.collect()")
        assert descriptors(board) == before
    finally:
        back(board)


def test_wifi_goes_in_the_middle_of_a_handshake(board, echo, authority):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        board.run(f"r = opened({silent.getsockname()[1]}); s = secured(r, {as_text(authority)})")
        threading.Timer(0.3, board.wifi_down).start()
        try:
            raises(board, "OSError: [Errno 103] ECONNABORTED", "said(s, b'x')")
            board.run("s.close(); r.close()")
        finally:
            back(board)


# With TLS


def test_a_conversation_with_tls_that_never_blocks(board, echo, authority):
    server = echo(issued(authority, -1, 9))
    board.run(f"r = opened({server.port}); s = secured(r, {as_text(authority)})")
    assert board.run("said(s, b'x' * 120); print(heard(s, 120) == b'x' * 120)") == "True\n"
    assert board.run("print(s.readinto(bytearray(5)), s.write(b'0123456789', 2, 3), heard(s, 3))") == "None 3 b'234'\n"
    assert board.run("said(s, b'bye'); print(heard(s, 1), s.readinto(bytearray(5)))") == "b'' 0\n"
    assert board.run("s.close(); print(r.fileno())") == "-1\n"
    assert server.errors == []


def test_whom_the_board_trusts(board, echo, authority):
    port = echo(issued(authority, -1, 9)).port
    other = echo(issued(trustme.CA(), -1, 9)).port
    ca = as_text(authority)
    assert board.run(f"print(talk({port}, {ca}))") == "b'hello'\n"
    untrusted = "ValueError: \r\nThe certificate is not correctly signed by the trusted CA"
    raises(board, untrusted, f"talk({other}, {ca})")
    raises(board, "does not match with the expected CN", f"talk({port}, {ca}, 'elsewhere.example')")
    raises(board, "ValueError: invalid cert", f"talk({port}, 'MAA=')")


def test_the_boards_own_clock_decides_whether_a_certificate_is_valid(board, echo, authority):
    """Not the host's: with a clock that was never set no certificate is valid yet."""
    certificate = issued(authority, -1, 9)
    server = echo(certificate)
    expired, future = echo(issued(authority, -9, -1)).port, echo(issued(authority, 1, 9)).port
    ca = as_text(authority)

    def refuses(port, why):
        raises(board, f"ValueError: \r\nThe certificate {why}", f"talk({port}, {ca})")

    refuses(expired, "validity has expired")
    refuses(future, "validity starts in the future")
    try:
        board.run("import machine; machine.RTC().datetime((2000, 1, 1, 5, 0, 1, 0, 0))")
        refuses(server.port, "validity starts in the future")
        later = (datetime.now(UTC) + 30 * DAY).timetuple()
        board.run(f"machine.RTC().datetime({(*later[:3], 0, *later[3:6], 0)})")
        refuses(server.port, "validity has expired")
        assert any("alert" in error for error in server.errors)  # the server is told, as mbedtls does
        # Who does not verify does not see it.
        plain = "t = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT); t.verify_mode = tls.CERT_NONE; r = opened(%d)\n"
        plain += "s = t.wrap_socket(r, do_handshake_on_connect=False); said(s, b'hello'); print(heard(s, 5)); s.close()"
        assert board.run(plain % server.port) == "b'hello'\n"
    finally:
        board.run("ntptime.settime()")
    assert board.run(f"print(talk({server.port}, {ca}))") == "b'hello'\n"


def test_a_handshake_that_failed_leaves_the_socket_to_the_program(board, echo, authority):
    """mbedtls lets go of it without closing it."""
    port = echo(issued(trustme.CA(), -1, 9)).port
    board.run(f"r = opened({port}); s = secured(r, {as_text(authority)})")
    raises(board, "ValueError", "said(s, b'x')")
    raises(board, "OSError", "s.write(b'x')")
    assert board.run("s.close(); print(r.fileno() >= 0); r.close(); print(r.fileno())") == "True\n-1\n"


def test_nothing_leaks(board, echo, authority):
    good, bad = echo(issued(authority, -1, 9)).port, echo(issued(trustme.CA(), -1, 9)).port
    code = f"""
def many(n):
    for _ in range(n):
        assert talk({good}, {as_text(authority)}) == b'hello'
        try:
            talk({bad}, {as_text(authority)})
            raise OSError('trusted')
        except ValueError:
            pass
    gc.collect()
many(3)
"""
    board.run(code)
    descriptors_before, memory_before = descriptors(board), resident(board)
    heap = int(board.run("print(gc.mem_alloc())"))
    board.run("many(20)")
    assert descriptors(board) == descriptors_before
    assert int(board.run("print(gc.mem_alloc())")) < heap + 2000
    assert resident(board) < memory_before + 500_000  # 40 TLS connections of about 40 KB each went by


def resident(board):
    with open(f"/proc/{board.pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_the_blocking_way_of_the_firmware(board, echo, authority):
    """As the firmware's own modules use TLS: a handshake at once, and `ssl` around `tls`."""
    port = echo(issued(authority, -1, 9, "localhost")).port
    code = f"""
import ssl
s = socket.socket(); s.connect(socket.getaddrinfo('127.0.0.1', {port})[0][-1])
c = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT); c.load_verify_locations(a2b_base64({as_text(authority)}))
seen = []
c.verify_callback = lambda der, depth: seen.append(depth) or 0
t = c.wrap_socket(s, server_hostname='localhost'); t.write(b'hello'); print(t.read(5), c.verify_mode, seen); t.close()
s = socket.socket(); s.connect(socket.getaddrinfo('127.0.0.1', {port})[0][-1])
t = ssl.wrap_socket(s); t.write(b'hello'); print(t.read(5)); t.close()
"""
    assert board.run(code) == "b'hello' 2 [1, 0]\nb'hello'\n"


def test_the_local_hub(board):
    with LocalHub(tls=True) as hub:
        ca = repr(base64.b64encode(hub.ca).decode())
        code = f"""
s = secured(opened({hub.port}), {ca})
for path in ('/v1/nothing', '/openapi.json'):
    said(s, b'GET ' + path + b' HTTP/1.1\\r\\nHost: hub\\r\\n\\r\\n')
    head = b''
    while b'\\r\\n\\r\\n' not in head:
        head += heard(s, 1)
    print(head.split(b'\\r\\n')[0])
    head, _, body = head.partition(b'\\r\\n\\r\\n')
    size = int(head.lower().partition(b'content-length: ')[2].split(b'\\r\\n')[0])
    left = size - len(body)
    while left:
        left -= len(heard(s, min(left, 2048)))
    print('whole')
s.close()
"""
        assert board.run(code) == "b'HTTP/1.1 404 Not Found'\nwhole\nb'HTTP/1.1 200 OK'\nwhole\n"
