"""HTTP/1.1 with urequests' call shape: one kept connection, verified TLS, one deadline a request, limits.

The only module that knows sockets. They never block: every wait is a poll that ends with the request's deadline.
answer.py has what comes back.
"""

import errno
import select
import socket
from time import gmtime, ticks_add, ticks_diff, ticks_ms

from micropython import const

from . import errors, once
from .answer import Answer
from .clock import EARLIEST

if False:  # for the type checker
    from typing import Any

    from .response import Response

_TOGETHER = const(500)  # a body of so many bytes goes with its head in one write, and so in one packet; a larger one
# is not put together with it, for want of a hole in memory that holds both
_LARGE = const(2048)  # bytes of a head: it is the server's fault, then, that memory is short
_IPPROTO_TCP = const(6)
_TCP_NODELAY = const(1)


class Session:
    """Makes requests, one at a time, over a connection that is kept as long as the server stays the same.

    Every request raises NetworkError or one of its kinds (HostNotFound, TimedOut, TlsError, BadAnswer, HeadTooLarge,
    BodyTooLarge, Unanswered), and ValueError for what cannot be sent. After that the connection is closed; the next
    request makes a new one.
    """

    def __init__(self, ca=None, timeout: float = 10, verify: bool = True):
        """`ca`: a CA's certificate, or an iterable of several, each as `Certificates` takes it; None for the bundled
        ones. `timeout`: seconds for a whole request; only looking up a name is out of its reach. `verify=False` trusts
        whoever answers."""
        self.max_body = 16 * 1024  # bytes of an answer's body, where a request says nothing else
        self._ca = ca
        self._timeout = timeout
        self._verify = verify
        self._context: Any = None  # of TLS, once it is needed
        self._poll = select.poll()
        self._tcp: Any = None
        self._stream: Any = None  # what is read and written: `_tcp`, or TLS over it
        self._server: tuple = ()  # scheme, host, port
        self._head = b""
        self._made_for: tuple = (None, None, None)  # method, URL, headers: what `_head` says
        self._deadline: Any = 0  # ticks
        self._has_written = False  # over this connection: TLS then holds
        self._is_sent = False  # the server may have the whole request
        self._answer = Answer(self)

    def request(
        self,
        method: str,
        url: str,
        data=None,
        json=None,
        headers: dict | None = None,
        timeout: float | None = None,
        max_body: int | None = None,
        stream: bool = False,
        redirects: int = 0,
    ) -> "Response":
        """Sends `data` (bytes or text) or `json` (any object), and gives back the answer, whatever its status.

        Its body, at most `max_body` bytes (None: of the session), has been read; with `stream` it is left to
        `Response.readinto`, under the same `timeout` in seconds. `redirects`: how many a GET may follow, at most 3;
        never from https to http, and the Authorization header to no other server. An answer holds until the next
        request: its buffer is used again.
        """
        self.renew(timeout or self._timeout)
        if json is not None:
            data, headers = once("head", "as_json", json, headers)
        if isinstance(data, str):
            data = data.encode()
        elif data is None and method in ("POST", "PUT"):
            data = b""
        try:
            while True:
                of_method, of_url, of_headers = self._made_for
                if of_url != url or of_headers != (headers or None) or of_method != method:
                    self._prepare(method, url, headers)
                self._exchange(method, data)
                most = self.max_body if max_body is None else max_body
                response = self._answer.read(method, None if stream else most)
                if not redirects or method != "GET" or response.status_code not in (301, 302, 303, 307, 308):
                    return response
                redirects = min(redirects, 3) - 1
                url, headers = once("redirect", "follow", url, headers, response.headers.get("location", ""))
                response.close()
        except BaseException as error:
            raise self.failed(error)

    if False:  # for the type checker and for who reads this

        def get(self, url: str, **options) -> "Response":
            """`request` with GET; so are the others with theirs."""

        post = put = delete = get

    def __getattr__(self, name):
        if name in ("get", "post", "put", "delete"):
            return lambda url, **options: self.request(name.upper(), url, **options)
        raise AttributeError(name)

    def renew(self, timeout: float) -> None:
        """The request whose answer is being streamed has so many seconds from now on."""
        self._deadline = ticks_add(ticks_ms(), int(timeout * 1000))

    def close(self) -> None:
        """Closes the connection, if there is one."""
        tcp = self._tcp
        if tcp is not None:
            self._poll.unregister(tcp)
            for stream in (self._stream, tcp):  # TLS whose handshake failed does not close what is below it
                try:
                    stream.close()
                except (OSError, AttributeError):
                    pass
            self._stream = self._tcp = None

    def failed(self, error: BaseException) -> BaseException:
        """Closes the connection, for the rest of an answer would be the next one's; gives what to raise."""
        self.close()
        if isinstance(error, MemoryError) and len(self._answer.buffer) > _LARGE:
            return errors.HeadTooLarge("no memory for the answer")
        return errors.NetworkError(errors.described(error)) if isinstance(error, OSError) else error

    # The request

    def _prepare(self, method, url, headers):
        # The head, for this request and all that are like it.
        server, head = once("head", "made", method, url, headers)
        made_for = method, url, dict(headers) if headers else None  # theirs may change
        if server != self._server:
            self.close()
        # All or nothing: the head of one server must never go to another, for want of memory in between.
        self._server = server
        self._head = head
        self._made_for = made_for

    def _exchange(self, method, data):
        # Up to the first bytes of the answer. One of four things can happen to the connection:
        # 1. it was kept, and the server has closed it meanwhile or sent more: seen before anything is sent;
        # 2. it was kept and breaks now: what may be sent twice is sent again, once, over a new one;
        # 3. it breaks after a POST was sent: whether that may be sent again is for the caller to know;
        # 4. it is new and breaks: no network.
        answer = self._answer
        answer.response = None
        try:
            is_kept = not answer.left and self._stream.readinto(answer.buffer) is None
        except (OSError, AttributeError):  # it broke; there is none
            is_kept = False
        while True:
            self._is_sent = False
            if not is_kept:
                self.close()
                self._connect()
            try:
                self._send(data)
                if answer.begins():
                    return
                why = "the server closed the connection"
            except (OSError, ValueError) as error:
                why = errors.described(error)
                if not self._has_written and (isinstance(error, ValueError) or (error.errno or 0) < 0):
                    # The handshake: of the certificate only the text says what is wrong, of the rest mbedtls' number.
                    raise errors.TlsError(str(error).strip().replace("\n", "; "))
            if self._is_sent and method not in ("GET", "HEAD", "PUT", "DELETE"):
                raise errors.Unanswered("sent, but not answered: " + why)
            if not is_kept:
                raise errors.NetworkError(why)
            is_kept = False

    def _connect(self):
        scheme, host, port = self._server
        context = None
        if scheme == "https":
            if self._verify and gmtime()[0] < EARLIEST:
                raise errors.TlsError("the clock is not set: no certificate can be checked")
            context = self._context = self._context or once("certificates", "context", self._ca, self._verify)
        self._has_written = False
        self._answer.shrink()
        try:
            address = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)[0]
        except (OSError, IndexError) as error:  # OSError(-202) on the ESP32, and -2 for a name that ends with .local
            raise errors.HostNotFound("%s (%s)" % (host, error))
        self._tcp = tcp = socket.socket(address[0], address[1], address[2])
        self._poll.register(tcp)
        tcp.setblocking(False)
        tcp.setsockopt(_IPPROTO_TCP, _TCP_NODELAY, 1)
        try:
            tcp.connect(address[-1])
        except OSError as error:
            if error.errno != errno.EINPROGRESS:
                raise
            self._wait(select.POLLOUT)
        if context is not None:
            tcp = context.wrap_socket(tcp, server_hostname=host, do_handshake_on_connect=False)
        self._stream = tcp

    def _send(self, data):
        end = b"\r\n"
        if data is None:
            data = b""
        else:
            end = b"Content-Length: %d\r\n\r\n" % len(data)
        if len(data) > _TOGETHER:
            self._write(self._head + end)
        else:
            data = b"".join((self._head, end, data))
        self._write(data)
        self._is_sent = True

    def _write(self, data):
        stream = self._stream
        at = 0
        left = len(data)
        while left:
            count = stream.write(data, at, left)
            if count:
                at += count
                left -= count
                self._has_written = True
            else:  # until then it is TLS, which waits for what the server says
                self._wait(select.POLLOUT if self._has_written else select.POLLIN)

    # For the answer

    def readinto(self, buffer, most: int) -> int:
        """Waits for what comes and puts at most `most` bytes of it into `buffer`: how many, 0 if the server closed."""
        stream = self._stream
        while stream is not None:
            count = stream.readinto(buffer, most)
            if count is not None:
                return count
            self._wait(select.POLLIN)
        return 0

    def _wait(self, event):
        # For the connection itself, with TLS too: TLS may hold something back, but not after it was read or written.
        self._poll.modify(self._tcp, event)
        for _ in self._poll.ipoll(self.left_ms()):
            return
        self._deadline = ticks_ms()
        self.left_ms()

    def left_ms(self) -> int:
        """Until the deadline. Raises TimedOut when there is nothing left; who never has to wait asks by himself."""
        left_ms = ticks_diff(self._deadline, ticks_ms())
        if left_ms > 0:
            return left_ms
        raise errors.TimedOut("sent, but no whole answer in time" if self._is_sent else "no connection in time")
