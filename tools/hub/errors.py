"""The one exception by which any part of the hub refuses a request."""


class Refused(Exception):
    """A request that is answered with an error.

    `status` is the HTTP status, `error` the text for the body `{"error": ...}` (it names the field that is wrong and
    never holds a key), `headers` what else the answer carries, such as Retry-After in seconds.
    """

    def __init__(self, status: int, error: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(f"{status}: {error}")
        self.status = status
        self.error = error
        self.headers = headers


def shown(name: object, limit: int = 80) -> str:
    """`name`, which a client sent, made safe for an error text or a terminal: printable, and at most `limit` long."""
    text = str(name)
    text = text if len(text) <= limit else text[:limit] + "..."
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def shown_path(path: str) -> str:
    """The path of a request, likewise, but without the token by which anybody may fetch a file."""
    return "/files/*" if path.startswith("/files/") else shown(path, 200)
