"""An HTTP/1.1 answer as servers really send it, read within limits (RFC 9112)."""

from micropython import const

from . import errors
from .response import Response

if False:  # for the type checker
    from .http import Session

_BUFFER = const(512)  # bytes, to begin with
_USUAL_HEAD = const(1024)  # bytes: of a larger one nothing is kept for the next
_HEAD_MOST = const(8192)
_USUAL = const(300)  # bytes, of a body
_LINE_MOST = const(1024)  # bytes, of a line in a chunked body
_DIGITS_MOST = const(12)  # of a length
_INTERIM_MOST = const(8)  # 1xx answers before the one that counts
# What is left of a body whose length is not known:
_ENDLESS = const(-1)  # it ends with the connection
_CHUNKED = const(-2)  # it comes in chunks, and none has come yet
_IN_CHUNKS = const(-3)  # one has


class Answer:
    """Reads one answer after another into a buffer that is kept."""

    def __init__(self, session: "Session"):
        self.session = session
        self.response: Response | None = None  # whose answer is here
        self.left = 0  # bytes of the body that are still to be read, or one of the above
        self._chunk = 0  # bytes that are left of a chunk
        self._is_last = False  # the server closes the connection behind this answer
        # buffer[:head] is the head; buffer[_start:_end] came behind it and is unread.
        self.head = self._start = self._end = 0
        self.buffer = bytearray(_BUFFER)
        self._view = memoryview(self.buffer)
        # Of a good head: its text before its date and behind it, each with where the other begins; and what it said.
        self._said: tuple = ()

    def shrink(self) -> None:
        """Gives back what a large head took."""
        if len(self.buffer) > _BUFFER:
            self.buffer = bytearray(_BUFFER)
            self._view = memoryview(self.buffer)

    def begins(self) -> int:
        """Waits for the first bytes of an answer; 0 if the server closed instead."""
        self.head = self._start = self._end = 0
        self._chunk = 0
        return self._fill()

    def read(self, method: str, most: int | None) -> Response:
        """The answer to a request by `method`; its body of at most `most` bytes with it, unless that is None."""
        status = 200 if self._is_as_before() else self._read_head()
        if status == 204 or status == 304 or method == "HEAD":
            self.left = 0
        elif self.left == _ENDLESS:
            self._is_last = True
        self.response = response = Response(self, status, None)
        if most is not None:
            response.content = self._body(most)
        elif not self.left:
            self.leave()
        return response

    def leave(self) -> None:
        """Nobody reads this answer any further: what is left of it goes with the connection."""
        if self.left or self._is_last or self._end > self._start:
            self.left = 0
            self.session.close()

    # The head

    def _is_as_before(self):
        # The head of nearly every answer is the one before but for its date; then it says the same.
        if not self._said:
            return False
        before, date, behind, date_end, head, left, is_last = self._said
        buffer = self.buffer
        if (
            head > self._end
            or not buffer.startswith(before)
            or not buffer.startswith(behind, date_end)
            or buffer.find(b"\n", date, date_end) >= 0
        ):
            return False
        self.head = self._start = head
        self.left = left
        self._is_last = is_last
        return True

    def _read_head(self):
        # Its status; what it says of the body and of the connection is kept.
        interim = 0
        while True:
            buffer = self.buffer
            end = self._end
            at = buffer.find(b"\n\r\n", 0, end) + 3
            bare = buffer.find(b"\n\n", 0, at if at > 2 else end) + 2
            if bare > 1:
                at = bare
            if (at > 2 or end >= 7) and not buffer.startswith(b"HTTP/1."):
                raise errors.BadAnswer("not HTTP/1")
            if at > 2:
                digits = buffer[9:12]
                status = int(digits) if buffer[8] == 32 and digits.isdigit() and buffer[12] in b" \r\n" else 0
                if not 100 <= status <= 599:
                    raise errors.BadAnswer("no HTTP status")
                if status >= 200:
                    break
                interim += 1
                if interim > _INTERIM_MOST:
                    raise errors.BadAnswer("too many answers of 1xx")
                self._start = at
                self._make_room()
            elif not self._fill():
                raise errors.BadAnswer("it breaks off in the head")
        self.head = self._start = at
        self._said = ()
        date, date_end = self._read_fields(at)
        if status == 200 and at <= _USUAL_HEAD:
            before, behind = bytes(self._view[:date]), bytes(self._view[date_end:at])
            self._said = before, date, behind, date_end, at, self.left, self._is_last
        return status

    def _read_fields(self, head):
        # Where the value of its date begins and where it ends.
        buffer = self.buffer
        self.left = _ENDLESS
        self._is_last = not buffer.startswith(b"HTTP/1.1")
        date = date_end = head
        line = buffer.find(b"\n") + 1
        while line < head:
            end = buffer.find(b"\n", line) + 1
            while end < head and buffer[end] in b" \t":  # folded
                end = buffer.find(b"\n", end) + 1
            name, _, value = bytes(self._view[line:end]).lower().partition(b":")
            if name == b"date":
                date, date_end = line + 5, end - 1
            else:
                self._heed(name, value.strip())
            line = end
        return date, date_end

    def _heed(self, name, value):
        if name == b"content-length":
            if self.left != _ENDLESS or not value.isdigit() or len(value) > _DIGITS_MOST:
                raise errors.BadAnswer("content-length: expected one number")
            self.left = int(value)
        elif name == b"transfer-encoding":
            if self.left != _ENDLESS or value != b"chunked":
                raise errors.BadAnswer("transfer-encoding: expected chunked and no length")
            self.left = _CHUNKED
        elif name == b"connection":
            if b"close" in value:
                self._is_last = True
        elif name.endswith(b" "):  # RFC 9112, section 5.1
            raise errors.BadAnswer("a header with a space before its colon")

    # The body

    def _body(self, most):
        start, left = self._start, self.left
        end = start + left
        if left < 0 or left > most or end > self._end:
            return self._collect(most)
        # The usual one came with its head.
        self._start = end
        self.left = 0
        if self._is_last or end < self._end:  # as `leave`, without its call: this is every telemetry
            self.session.close()
        return self.buffer[start:end]

    def _collect(self, most):
        body = bytearray()
        try:
            piece = memoryview(bytearray(256))
            while self.left <= most and len(body) + self._chunk <= most:
                count = self.readinto(piece)
                if not count:
                    return body
                body.extend(piece[:count])
        except MemoryError:
            if len(body) < _USUAL:
                raise  # it is our memory that is short
            raise errors.BodyTooLarge("no memory for the answer")
        raise errors.BodyTooLarge("a body of more than %d bytes" % most)

    def readinto(self, target) -> int:
        """Puts more of the body into `target`: how many bytes, 0 at the end."""
        left = self.left
        if left < _ENDLESS:
            if not self._chunk:
                from .chunks import next_chunk  # many servers never send any; who does, sends many

                self._chunk = next_chunk(self._line, left == _CHUNKED)
                self.left = _IN_CHUNKS
            left = self._chunk
        most = len(target)
        if 0 <= left < most:
            most = left
        start = self._start
        count = min(most, self._end - start)
        if count:
            self._start = end = start + count
            target[:count] = self._view[start:end]
        elif left:
            self.session.left_ms()  # a server may be so fast that nobody ever waits for it
            count = self.session.readinto(target, most)
            if not count and left > 0:
                raise errors.BadAnswer("it breaks off in the body")
        if self.left < _ENDLESS:
            self._chunk -= count
        elif left > 0:
            self.left -= count
        if not self.left or not count:
            self.left = 0
            self.leave()
        return count

    def _line(self):
        while (at := self.buffer.find(b"\n", self._start, self._end)) < 0:
            if not self._fill():
                raise errors.BadAnswer("it breaks off in the body")
            self.session.left_ms()
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
        # Drops what was read behind the head, or takes a larger buffer.
        head = self.head
        start, end = self._start, self._end
        unread = end - start
        if start > head:
            self._start = head
            self._end = head + unread
            self.buffer[head : self._end] = self._view[start:end]
        elif not head and unread >= _HEAD_MOST:
            raise errors.HeadTooLarge("a head of more than %d bytes" % _HEAD_MOST)
        elif head and unread >= _LINE_MOST:
            raise errors.BadAnswer("a line that does not end")
        else:
            buffer = bytearray(end + _BUFFER)
            buffer[:end] = self.buffer
            self.buffer = buffer
            self._view = memoryview(buffer)
