"""What a request gives back."""

import io
import json

from . import once

if False:  # for the type checker
    from .answer import Answer


class Response:
    """An answer. Its body was read already, unless the request said `stream`: then `readinto` has it."""

    def __init__(self, answer: "Answer", status: int, content):
        self.status_code = status
        self.content = content  # a bytearray; None with `stream`
        self._answer = answer

    @property
    def headers(self) -> dict:
        """Names in lower case -> values. Folded lines are joined; of several with one name the last counts. They can be
        had until `close`, or the session's next request, which uses the buffer again."""
        answer = self._current()
        return once("fields", "headers_of", answer.buffer, answer.head)

    @property
    def text(self) -> str:
        """The body, which must be UTF-8."""
        return str(self.content, "utf-8")

    def json(self):
        """The body, parsed. Raises ValueError if it is not JSON."""
        return json.loads(self.content)

    @property
    def raw(self):
        """The body as a stream, with `readinto`."""
        return self if self.content is None else io.BytesIO(self.content)

    def readinto(self, buffer) -> int:
        """Puts more of a streamed body into `buffer`: how many bytes, 0 at the end. Raises what the request raises."""
        answer = self._current()
        try:
            return answer.readinto(buffer)
        except BaseException as error:
            raise answer.session.failed(error)

    def close(self) -> None:
        """Drops what is left of a streamed body, and the connection with it. The headers are gone then, too."""
        answer = self._answer
        if answer.response is self:
            if self.content is None:
                answer.leave()
            answer.response = None  # until the next request its body would take memory

    def _current(self):
        if self._answer.response is not self:
            raise ValueError("this answer is gone: the session has made another request")
        return self._answer
