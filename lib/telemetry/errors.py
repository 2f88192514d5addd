"""What can go wrong, as exceptions. Each text names the thing and never holds a secret."""


class MessageError(ValueError):
    """A telemetry message that the hub would refuse; the text names the key. Nothing was sent."""


class ReplyError(ValueError):
    """The hub's reply is not what the Device API promises; the text names the field."""


class SettingsError(ValueError):
    """Settings that cannot work; the text names every wrong or missing field and what is expected there."""


class StoreError(Exception):
    """A state file could not be read or written: `StoreError(path, why)`."""

    def __str__(self):
        return "%s: %s" % self.args


class Missing(StoreError):
    """There is no such file (yet), or none that can be used."""


class Corrupt(Missing):
    """There is a file, but it is torn, empty or somebody else's."""


class NetworkError(Exception):
    """No answer: Wi-Fi, name lookup, connection, TLS, time-out, or something that does not speak HTTP."""


class TimedOut(NetworkError):
    """The request's deadline passed."""


class TlsError(NetworkError):
    """The server is not whom its certificate should say, or there is no way to find out. Nothing was sent."""


class BadAnswer(NetworkError):
    """What came is not HTTP/1, or broke off."""


class HeadTooLarge(NetworkError):
    """The answer's head does not end within 8 KiB."""


class BodyTooLarge(NetworkError):
    """The answer's body is larger than the request allowed."""


class Unanswered(NetworkError):
    """A POST was sent and the connection broke before an answer: the server may have acted on it, or not."""


class HubError(Exception):
    """The hub answered with an error (Device API, errors and limits).

    `request` is the method and the address, `status` the HTTP status, `reason` the hub's own words, `retry_after` the
    seconds it asks to wait, or None.
    """

    def __init__(self, request, status, reason="", retry_after=None):
        super().__init__("%s: status %d %s" % (request, status, reason))
        self.request = request
        self.status = status
        self.reason = reason
        self.retry_after = retry_after


class Rejected(HubError):
    """400, 422: the message is wrong; sending it again cannot help."""


class Unauthorized(HubError):
    """401: the access key is not accepted; the device was deleted from the hub."""


class Forbidden(HubError):
    """403: not allowed."""


class NotFound(HubError):
    """404: unknown path or id."""


class TooManyRequests(HubError):
    """429: wait, `retry_after` seconds if the hub says so."""


class ServerError(HubError):
    """5xx: try again later."""


def described(error: Exception) -> str:
    """An exception for people: its type and its text. MicroPython's repr of an OSError has the bare number."""
    try:
        text = printable(str(error))
    except Exception:  # a user's own exception may fail at that too
        text = "?"
    if text == "-202":  # what the ESP32's getaddrinfo raises
        text = "host not found"
    return "%s: %s" % (type(error).__name__, text)


def printable(text: str) -> str:
    """Somebody else's text for one line of a console: no control characters, at most 500 characters."""
    line = ""
    for c in text[:500]:
        line += c if " " <= c != "\x7f" else " "
    return line


def for_status(status: int) -> type:
    """The exception class of an HTTP status that is not 2xx."""
    known = {400: Rejected, 422: Rejected, 401: Unauthorized, 403: Forbidden, 404: NotFound, 429: TooManyRequests}
    return known.get(status) or (ServerError if status >= 500 else HubError)
