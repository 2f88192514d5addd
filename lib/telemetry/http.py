"""HTTP/1.1 with urequests' call shape: one kept connection, verified TLS, one deadline a request, limits.

The only module that knows sockets. They never block: every wait is a poll that ends with the request's deadline.
answer.py has what comes back.
"""

import errno
import json as json_module
import select
import socket
from time import gmtime, ticks_add, ticks_diff, ticks_ms

from micropython import const

from .answer import MAX_BODY, Answer, Response
from .errors import BadAnswer, NetworkError, TimedOut, TlsError, Unanswered, described

_REDIRECTS_MOST = const(3)
_IPPROTO_TCP = const(6)
_TCP_NODELAY = const(1)


class Session:
    """Makes requests, one at a time, over a connection that is kept as long as the server stays the same.

    Every request raises NetworkError or one of its kinds (TimedOut, TlsError, BadAnswer, HeadTooLarge, BodyTooLarge,
    Unanswered), and ValueError for what cannot be sent. After that the connection is closed; the next request makes a
    new one.
    """

    def __init__(self, ca=None, timeout: float = 10, verify: bool = True):
        """`ca`: a CA's certificate in DER, or an iterable of several; None for the bundled ones. `timeout`: seconds for
        a whole request; only looking up a name is out of its reach. `verify=False` trusts whoever answers."""
        self._ca = (ca,) if isinstance(ca, (bytes, bytearray)) else ca
        self._timeout = timeout
        self._verify = verify
        self._context = None  # of TLS, once it is needed
        self._poll = select.poll()
        self._tcp = None
        self._stream = None  # what is read and written: `_tcp`, or TLS over it
        self._server: tuple | None = None  # scheme, host, port
        self._method = self._url = ""  # what `_head` was made for
        self._headers: dict | None = None
        self._head = b""
        self._deadline = 0  # ticks
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
        max_body: int = MAX_BODY,
        stream: bool = False,
        redirects: int = 0,
    ) -> "Response":
        """Sends `data` (bytes or text) or `json` (any object), and gives back the answer, whatever its status.

        Its body, at most `max_body` bytes, has been read; with `stream` it is left to `Response.readinto`, under the
        same `timeout` in seconds. `redirects`: how many a GET may follow, at most 3; never from https to http, and the
        Authorization header to no other server. An answer holds until the next request: its buffer is used again.
        """
        self._deadline = ticks_add(ticks_ms(), int((timeout or self._timeout) * 1000))
        if json is not None:
            data = json_module.dumps(json)
            headers = dict(headers or ())
            headers.setdefault("Content-Type", "application/json")
        if isinstance(data, str):
            data = data.encode()
        most = None if stream else max_body
        while True:
            try:
                if self._url != url or self._headers != headers or self._method != method:
                    self._prepare(method, url, headers)
                self._exchange(method, data)
                response = self._answer.read(method, most)
            except BaseException as error:
                raise self.failed(error)
            if not redirects or method != "GET" or response.status_code not in (301, 302, 303, 307, 308):
                return response
            redirects = min(redirects, _REDIRECTS_MOST) - 1
            to = _redirected(url, response.headers.get("location"))
            if headers and _split(to)[0] != _split(url)[0]:
                headers = {name: headers[name] for name in headers if name.lower() != "authorization"}
            response.close()
            url = to

    def get(self, url: str, **options) -> "Response":
        """`request` with GET; so are `post`, `put` and `delete` with theirs."""
        return self.request("GET", url, **options)

    def post(self, url: str, **options) -> "Response":
        return self.request("POST", url, **options)

    def put(self, url: str, **options) -> "Response":
        return self.request("PUT", url, **options)

    def delete(self, url: str, **options) -> "Response":
        return self.request("DELETE", url, **options)

    def close(self) -> None:
        """Closes the connection, if there is one."""
        for stream in (self._stream, self._tcp):  # TLS that failed does not close what is below it
            if stream is not None:
                try:
                    self._poll.unregister(stream)
                    stream.close()
                except (OSError, KeyError):
                    pass
        self._stream = self._tcp = None

    def failed(self, error: BaseException) -> BaseException:
        """Closes the connection, for the rest of an answer would be the next one's; and gives what to raise."""
        self.close()
        return NetworkError(described(error)) if isinstance(error, OSError) else error

    # The request

    def _prepare(self, method, url, headers):
        # The head, for this request and all that are like it.
        server, host, path = _split(url)
        _check("method", method)
        head = "%s %s HTTP/1.1\r\nHost: %s\r\n" % (method, path, host)
        for name in headers or ():
            _check("header", name)
            _check(name, headers[name], " ")
            head += "%s: %s\r\n" % (name, headers[name])
        if server != self._server:
            self.close()
            self._server = server
        self._head = (head + "Content-Length: ").encode()
        self._method, self._url, self._headers = method, url, headers and dict(headers)

    def _exchange(self, method, data):
        # Up to the first bytes of the answer. One of four things can happen to the connection:
        # 1. it was kept and the server has closed it meanwhile: seen before anything is sent;
        # 2. it was kept and breaks now: what may be sent twice is sent again, once, over a new one;
        # 3. it breaks after a POST was sent: whether that may be sent again is for the caller to know;
        # 4. it is new and breaks: no network.
        self._answer.response = None
        if self._stream is not None and not self._is_silent():
            self.close()
        while True:
            is_kept = self._stream is not None
            self._is_sent = False
            if not is_kept:
                self._connect()
            try:
                self._send(data)
                if self._answer.begins():
                    return
                why = "the server closed the connection"
            except OSError as error:
                why = described(error)
            self.close()
            if self._is_sent and method == "POST":
                raise Unanswered("sent, but not answered: " + why)
            if not is_kept:
                raise NetworkError(why)

    def _connect(self):
        scheme, host, port = self._server
        context = self._tls() if scheme == "https" else None
        self._has_written = False
        address = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)[0]
        self._tcp = stream = socket.socket(address[0], address[1], address[2])
        stream.setblocking(False)
        stream.setsockopt(_IPPROTO_TCP, _TCP_NODELAY, 1)
        self._poll.register(stream)
        try:
            stream.connect(address[-1])
        except OSError as error:
            if error.errno != errno.EINPROGRESS:
                raise
            self._wait(stream, select.POLLOUT)
        if context:
            self._poll.unregister(stream)
            stream = context.wrap_socket(stream, server_hostname=host, do_handshake_on_connect=False)
            self._poll.register(stream)
        self._stream = stream

    def _tls(self):
        if self._verify and gmtime()[0] < 2025:
            raise TlsError("the clock is not set: no certificate can be checked")
        if self._context is None:
            import tls  # only where it is used: it takes heap

            context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
            context.verify_mode = tls.CERT_REQUIRED if self._verify else tls.CERT_NONE
            if self._verify:
                self._load_certificates(context)
            else:
                print("TLS: NO SERVER IS VERIFIED, as told: whoever answers gets the access key")
            self._context = context
        return self._context

    def _load_certificates(self, context):
        certificates = self._ca
        if certificates is None:
            from .certificates import Certificates

            certificates = Certificates()
        for certificate in certificates:
            try:
                context.load_verify_locations(certificate)
            except ValueError:
                raise TlsError("ca: expected a certificate in DER, not PEM")

    def _send(self, data):
        # The answer's buffer takes the request first; what it has room for goes in one write, and so in one packet.
        size_of = len
        head = self._head
        at = size_of(head)
        size = 0 if data is None else size_of(data)
        length = b"%d\r\n\r\n" % size
        end = at + size_of(length)
        buffer = self._answer.buffer
        room = size_of(buffer) - end
        if room < 0:
            buffer, room = self._answer.grow(end), 0
        buffer[:at] = head
        buffer[at:end] = length
        if size <= room:
            if size:
                buffer[end : end + size] = data
            self._write(buffer, 0, end + size)
        else:
            buffer[end:] = memoryview(data)[:room]
            self._write(buffer, 0, end + room)
            self._write(data, room, size)
        self._is_sent = True

    def _write(self, data, at, end):
        stream = self._stream
        while at < end:
            try:
                count = stream.write(data, at, end - at)
            except ValueError as error:  # the certificate, and only the text says what about it
                raise TlsError(str(error).strip().replace("\n", "; "))
            except OSError as error:
                if error.errno > 0:
                    raise
                raise TlsError("error %s" % error)  # of mbedtls
            if count:
                at += count
                self._has_written = True
            else:  # until then it is TLS, which waits for what the server says
                self._wait(stream, select.POLLOUT if self._has_written else select.POLLIN)

    def _is_silent(self):
        # Whether the connection that was kept is still there, and nothing came over it.
        try:
            return self._stream.readinto(self._answer.buffer) is None
        except OSError:
            return False

    # For the answer

    def readinto(self, buffer, most: int) -> int:
        """Waits for what comes and puts at most `most` bytes of it into `buffer`: how many, 0 if the server closed."""
        stream = self._stream
        while stream is not None:
            count = stream.readinto(buffer, most)
            if count is not None:
                return count
            self._wait(stream, select.POLLIN)
        return 0

    def _wait(self, stream, event):
        left_ms = ticks_diff(self._deadline, ticks_ms())
        if left_ms > 0:
            self._poll.modify(stream, event)
            for _ in self._poll.ipoll(left_ms):
                return
        raise TimedOut("sent, but no whole answer in time" if self._is_sent else "no connection in time")


def _split(url):
    # The server as (scheme, host, port), the Host header, and the path with the query.
    scheme, _, rest = url.partition("#")[0].partition("://")
    host, slash, path = rest.partition("/")
    if "?" in host:
        host, _, path = host.partition("?")
        path = "?" + path
    name, colon, port = host.partition(":")
    if scheme not in ("http", "https") or not name or "@" in host or (colon and not port.isdigit()):
        raise ValueError("url: expected one as https://hub.example.com/path")
    _check("url", host + path)
    return (scheme, name, int(port) if colon else 443 if scheme == "https" else 80), host, "/" + path


def _check(what, text, least="!"):
    # What goes into the head of a request must not be able to end it. It may be a secret: not shown.
    for c in text:
        if c < least or c == "\x7f" or (c > "~" and least == "!"):
            raise ValueError("%s: a character that HTTP does not allow there" % what)


def _redirected(url, location):
    # RFC 9110, section 10.2.2.
    if not location:
        raise BadAnswer("a redirect that does not say where to")
    scheme, _, place = url.partition("://")
    if location.partition(":")[0].lower() not in ("http", "https"):
        if location[:2] == "//":
            place = location[2:]
        else:
            place = place.partition("?")[0]
            if location[0] == "/":
                place = place.partition("/")[0] + location
            else:
                place = (place.rpartition("/")[0] or place) + "/" + location
        return scheme + "://" + place
    if scheme == "https" and location[:6].lower() != "https:":
        raise NetworkError("a redirect from https to http")
    return location
