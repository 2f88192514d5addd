"""An HTTP/1.1 answer as servers really send it, read within limits (RFC 9112)."""

import io
import json

from micropython import const

from .errors import BadAnswer, BodyTooLarge, HeadTooLarge

if False:  # for the type checker
    from .http import Session

MAX_BODY = const(16 * 1024)  # bytes, unless the caller says otherwise
_BUFFER = const(1024)  # bytes, to begin with
_HEAD_MOST = const(8192)
_LINE_MOST = const(1024)  # of a chunk's size with its extensions, of a trailer
_TRAILERS_MOST = const(64)
_INTERIM_MOST = const(8)  # 1xx answers before the one that counts
_BEFORE_CHUNKS = const(1)
_IN_CHUNKS = const(2)
_ENDLESS = const(-1)  # as the length of a body that ends with the connection


class Response:
    """An answer with its body."""

    def __init__(self, answer: "Answer", status: int, content: bytes | bytearray):
        self.status_code = status
        self.content = content
        self._answer = answer

    @property
    def headers(self) -> dict:
        """Names in lower case -> values. Folded lines are joined; of several with one name the last counts. They can be
        had until the session's next request, which uses its buffer again."""
        if self._answer.response is not self:
            raise ValueError("this answer is gone: the session has made another request")
        return self._answer.headers()

    @property
    def text(self) -> str:
        """The body, which must be UTF-8."""
        return str(self.content, "utf-8")

    def json(self):
        """The body, parsed. Raises ValueError if it is not JSON."""
        return json.loads(self.content)

    @property
    def raw(self):
        """The body as a stream with `readinto`."""
        return io.BytesIO(self.content)

    def close(self) -> None:
        """Nothing is left to close: the body was read, and the connection is the session's."""


class Streamed(Response):
    """An answer whose body is still on the wire. It must be read, or closed, before the session's next request."""

    def readinto(self, buffer) -> int:
        """Puts more of the body into `buffer`: how many bytes, 0 at the end. Raises what the request raises."""
        answer = self._answer
        if answer.response is not self:
            raise ValueError("this answer is gone: the session has made another request")
        try:
            return answer.readinto(buffer)
        except BaseException as error:
            raise answer.session.failed(error)

    @property
    def raw(self):
        """The stream itself."""
        return self

    def close(self) -> None:
        """What is left of the body, if anything, is dropped with the connection."""
        if self._answer.response is self:
            self._answer.leave()


class Answer:
    """Reads one answer after another into a buffer that is kept, and lent to the requests between them."""

    def __init__(self, session: "Session"):
        self.response: Response | None = None  # whose answer is here
        self.session = session
        self.buffer = bytearray(_BUFFER)
        self._view = memoryview(self.buffer)
        # buffer[:_head] is the head; buffer[_start:_end] came behind it and is unread.
        self._head = self._start = self._end = 0
        self._left = 0  # bytes of the body, or of its chunk, that are still to be read
        self._chunked = 0
        self._is_last = False  # the connection ends with this answer
        self._same: tuple | None = None  # what a good head said that had `_before` and `_after` around its date
        self._before = self._after = b""
        self._after_at = 0

    def grow(self, size: int) -> bytearray:
        """The buffer, now of `size` bytes, with what was in it."""
        old = self.buffer
        self.buffer = bytearray(size)
        self._view = memoryview(self.buffer)
        self.buffer[: len(old)] = old
        return self.buffer

    def begins(self) -> bool:
        """Waits for the first bytes of an answer; False if the server closed instead."""
        self._head = self._start = self._end = 0
        return self._fill() > 0

    def read(self, method: str, most: int | None) -> Response:
        """The answer to a request by `method`; its body of at most `most` bytes with it, unless that is None."""
        status = self._read_head()
        if status == 204 or status == 304 or method == "HEAD":
            self._left = self._chunked = 0
        if most is None:
            self.response = response = Streamed(self, status, b"")
        else:
            self.response = response = Response(self, status, self._body(most))
        return response

    def headers(self) -> dict:
        """All of the head, as in `Response.headers`."""
        found: dict = {}
        name = ""
        for line in "".join(map(chr, self._view[: self._head])).split("\n")[1:]:
            if line[:1] in (" ", "\t") and name:
                found[name] = (found[name] + " " + line.strip()).strip()
            elif ":" in line:
                name, _, value = line.partition(":")
                name = name.lower()
                found[name] = value.strip()
        return found

    def leave(self) -> None:
        """Nobody reads this answer any further: what is left of it goes with the connection."""
        if self._left or self._chunked or self._is_last or self._end > self._start:
            self.session.close()

    # The head

    def _read_head(self):
        # Its status; what it says of the body and of the connection is kept.
        if self._is_as_before():
            return 200
        interim = 0
        while True:
            buffer = self.buffer
            at = buffer.find(b"\n\r\n", 0, self._end) + 3
            if at < 3:
                at = buffer.find(b"\n\n", 0, self._end) + 2
            if at >= 2:
                status = self._status()
                if status >= 200:
                    break
                interim += 1
                if interim > _INTERIM_MOST:
                    raise BadAnswer("too many answers of 1xx")
                self._end -= at
                buffer[: self._end] = self._view[at : at + self._end]
                continue
            if self._end >= 7 and not buffer.startswith(b"HTTP/1."):
                raise BadAnswer("not HTTP/1")
            if not self._fill():
                raise BadAnswer("it breaks off in the head")
        self._head = self._start = at
        self._chunked = 0
        self._left = _ENDLESS
        self._is_last = not buffer.startswith(b"HTTP/1.1")
        self._read_fields(at)
        if self._chunked:
            self._left = 0
        elif self._left == _ENDLESS:
            self._is_last = True
        self._same = (at, self._left, self._chunked, self._is_last) if status == 200 else None
        return status

    def _status(self):
        buffer = self.buffer
        try:
            status = int(buffer[9:12]) if buffer.startswith(b"HTTP/1.") and buffer[8] == 32 else 0
        except ValueError:
            status = 0
        if not 100 <= status <= 599 or buffer[12] not in b" \r\n":
            raise BadAnswer("no HTTP status")
        return status

    def _is_as_before(self):
        # The head of nearly every answer is the one before but for its date: it says the same.
        same = self._same
        if not same or same[0] > self._end or not self.buffer.startswith(self._before):
            return False
        if not self.buffer.startswith(self._after, self._after_at):
            return False
        self._head, self._left, self._chunked, self._is_last = same
        self._start = self._head
        return True

    def _read_fields(self, at):
        buffer = self.buffer
        date = date_end = at
        line = buffer.find(b"\n", 0, at) + 1
        while line < at:
            end = buffer.find(b"\n", line, at) + 1
            while end < at and buffer[end] in b" \t":  # folded
                end = buffer.find(b"\n", end, at) + 1
            field = buffer[line:end].lower()
            if field.startswith(b"date:"):
                date, date_end = line, end
            else:
                self._heed(field)
            line = end
        self._before = bytes(buffer[:date])
        self._after = bytes(buffer[date_end:at])
        self._after_at = date_end

    def _heed(self, line):
        if line.startswith(b"content-length:"):
            length = line[15:].strip()
            if self._left >= 0 or not length.isdigit():
                raise BadAnswer("content-length: expected one number")
            self._left = int(length)
        elif line.startswith(b"transfer-encoding:"):
            if line[18:].strip() != b"chunked":
                raise BadAnswer("transfer-encoding: expected chunked")
            self._chunked = _BEFORE_CHUNKS
        elif line.startswith(b"connection:") and b"close" in line:
            self._is_last = True

    # The body

    def _body(self, most):
        start, left = self._start, self._left
        end = start + left
        if end > self._end or left < 0 or left > most or self._chunked:
            return self._collect(most)
        # The usual one came with its head.
        self._start = end
        self._left = 0
        if self._is_last or end < self._end:
            self.session.close()
        return self.buffer[start:end]

    def _collect(self, most):
        if self._left > most:
            raise BodyTooLarge("a body of %d bytes, at most %d" % (self._left, most))
        body = bytearray()
        piece = memoryview(bytearray(512))
        while count := self.readinto(piece):
            if len(body) + count > most:
                raise BodyTooLarge("a body of more than %d bytes" % most)
            body.extend(piece[:count])
        return body

    def readinto(self, target) -> int:
        """Puts more of the body into `target`: how many bytes, 0 at the end."""
        if not self._left and not (self._chunked and self._next_chunk()):
            self._chunked = 0
            self.leave()
            return 0
        most = len(target)
        if 0 < self._left < most:
            most = self._left
        count = min(most, self._end - self._start)
        if count:
            target[:count] = self._view[self._start : self._start + count]
            self._start += count
        else:
            count = self.session.readinto(target, most)
        if self._left != _ENDLESS:
            if not count:
                raise BadAnswer("it breaks off in the body")
            self._left -= count
        elif not count:
            self._left = 0
            self.leave()
        return count

    def _next_chunk(self):
        # RFC 9112, section 7.1: its size in hex, perhaps with extensions; behind the last one there may be trailers.
        if self._chunked == _IN_CHUNKS and self._line():
            raise BadAnswer("a chunk is longer than it says")
        self._chunked = _IN_CHUNKS
        size = self._line().partition(b";")[0].strip()
        try:
            self._left = int(size, 16)
        except ValueError:
            self._left = -1
        if self._left < 0 or not size[:1].isalpha() and not size[:1].isdigit():
            self._left = 0
            raise BadAnswer("a chunk's size is no number")
        if self._left:
            return True
        for _ in range(_TRAILERS_MOST):
            if not self._line():
                return False
        raise BadAnswer("too many trailers")

    def _line(self):
        while True:
            at = self.buffer.find(b"\n", self._start, self._end)
            if at >= 0:
                break
            if not self._fill():
                raise BadAnswer("it breaks off in the body")
        line = bytes(self._view[self._start : at])
        self._start = at + 1
        return line.rstrip()

    def _fill(self):
        # Reads what has come behind the window; 0 if the server closed.
        if self._end == len(self.buffer):
            self._make_room()
        end = self._end
        buffer = self.buffer
        count = self.session.readinto(self._view[end:] if end else buffer, len(buffer) - end)
        self._end = end + count
        return count

    def _make_room(self):
        head = self._head
        buffer = self.buffer
        unread = self._end - self._start
        if self._start > head:
            buffer[head : head + unread] = self._view[self._start : self._end]
            self._start = head
            self._end = head + unread
        elif head and unread >= _LINE_MOST:
            raise BadAnswer("a line that does not end")
        elif not head and unread >= _HEAD_MOST:
            raise HeadTooLarge("a head of more than %d bytes" % _HEAD_MOST)
        else:
            self.grow(self._end + _BUFFER)
