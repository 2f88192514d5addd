"""The session before a server that says anything, at the level of bytes."""

from telemetry import errors, http

_MOST = 2048  # of a body
_METHODS = ("GET", "GET", "GET", "POST", "HEAD", "PUT", "DELETE", "GET")
# Nine heads of 8 KiB, the buffer behind them, and the rest: chunks of one byte, each with a line of a KiB.
_ENDLESS = 9 * 8192 + 1024


class _Stream:
    """A socket that gives `data` in pieces of `cut` bytes; after each it is silent once. Then it is closed."""

    def __init__(self, data, cut, stalls):
        self.data = memoryview(data)
        self.at = 0
        self.cut = cut
        self.pause = False
        self.stalls = stalls
        self.is_asked = False

    def write(self, data, at=0, left=None):
        self.is_asked = True
        return len(data) if left is None else left

    def readinto(self, buffer, most=None):
        self.pause = not self.pause
        if self.pause or not self.is_asked:
            return None
        count = min(self.cut, len(buffer) if most is None else most, len(self.data) - self.at)
        assert most is None or most > 0
        if not count and self.stalls:
            return None
        buffer[:count] = self.data[self.at : self.at + count]
        self.at += count
        return count

    def setblocking(self, flag):
        pass

    def setsockopt(self, *options):
        pass

    def connect(self, address):
        pass

    def close(self):
        pass


class _Net:
    """The modules `socket` and `select`, and the poll."""

    SOCK_STREAM = POLLIN = 1
    POLLOUT = 4

    def __init__(self, data, cut, stalls):
        self.made = []
        self.how = data, cut, stalls
        self.polls = 0

    def getaddrinfo(self, host, port, *more):
        return [(2, 1, 0, "", (host, port))]

    def socket(self, *kind):
        assert len(self.made) < 9
        self.made.append(_Stream(*self.how))
        return self.made[-1]

    def poll(self):
        return self

    def register(self, stream):
        pass

    unregister = register

    def modify(self, stream, event):
        pass

    def ipoll(self, ms):
        stream = self.made[-1]
        if stream.stalls and stream.at == len(stream.data):
            return ()
        return (stream,)


def answered(data):
    """One answer, cut into pieces of several sizes: what comes of it is the same, within limits."""
    flags, cut, answer = (data[0], data[1], bytes(data[2:])) if len(data) > 2 else (0, 1, bytes(data))
    outcomes = [_outcome(answer, flags, size) for size in (4096, 1 + len(answer) // 1000, cut % 64 + 2)]
    if flags >> 4 & 3:
        # What stands behind a redirect's answer is seen before the next request, or comes after it and fails that.
        outcomes = [each for each in outcomes if each is None or len(each) > 1]
    assert None in outcomes or all(each == outcomes[0] for each in outcomes), outcomes


def _outcome(answer, flags, cut):
    http.socket = http.select = net = _Net(answer, cut, flags & 64)
    http.ticks_ms = lambda: 1000
    session = http.Session()
    first = _asked(session, flags)
    session.close()
    again = _asked(session, flags)  # its head may be known then
    assert None in (first, again) or first == again, (first, again)
    http.socket = http.select = None  # which would hold this answer
    for stream in net.made:
        assert stream.at <= _ENDLESS + (_MOST + 64) * 1024
    return first


def _asked(session, flags):
    found = []
    try:
        response = session.request(
            _METHODS[flags & 7],
            "http://hub/a",
            headers={"A": "b"},
            max_body=_MOST,
            stream=bool(flags & 8),
            redirects=flags >> 4 & 3,
        )
        found.append(response.status_code)
        for look in (_body, _headers):
            found.append(look(response))
        response.close()
    except errors.NetworkError as error:
        if "memory" in str(error):
            return None  # what there is of it depends on what was before
        found.append(type(error).__name__)
    return found


def _body(response):
    if response.content is None:
        piece = bytearray(100)
        body = b""
        while len(body) < _MOST:
            count = response.readinto(piece)
            if not count:
                break
            body += piece[:count]
        return body[:_MOST]
    assert len(response.content) <= _MOST
    try:
        response.json()
    except ValueError:
        pass
    return bytes(response.content)


def _headers(response):
    headers = response.headers
    for name in headers:
        assert name == name.lower() and "\n" not in headers[name] and "\n" not in name
    return sorted(headers.items())
