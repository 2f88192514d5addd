"""What can go wrong, as exceptions. Each text names the thing and never holds a secret.

A class is made when it is first named: most programs never see most of them, and each takes its share of the heap.
"""

from sys import print_exception
from time import time

from micropython import const

_LOG_LINES = const(12)
_LOG_WIDTH = const(100)
# The last lines that were said on the console, for a dump: when (as time.time gives it) and what.
log: list = []


class HubError(Exception):
    """The hub answered with an error (Device API, errors and limits).

    `request` is the method and the address, `status` the HTTP status, `reason` the hub's own words, `retry_after` the
    seconds it asks to wait, or None.
    """

    def __init__(self, request: str, status: int, reason: str = "", retry_after: int | None = None):
        super().__init__("%s: status %d %s" % (request, status, reason))
        self.request = request
        self.status = status
        self.reason = reason
        self.retry_after = retry_after


if False:  # for the type checker and for who reads this; what exists is in `_KINDS` and below it

    class MessageError(ValueError):
        """A telemetry message that the hub would refuse; the text names the key. Nothing was sent."""

    class ReplyError(ValueError):
        """The hub's reply is not what the Device API promises; the text names the field."""

    class SettingsError(ValueError):
        """Settings that cannot work; the text names every wrong or missing field and what is expected there."""

    class SignatureError(ValueError):
        """It was not signed by who should have signed it, or not as it should be."""

    class UpdateError(ValueError):
        """A firmware cannot be taken, or did not come through its trial; the text says why."""

    class StoreError(Exception):
        """A state file could not be read or written; the text begins with its path."""

    class Missing(StoreError):
        """There is no such file (yet), or none that can be used."""

    class Corrupt(Missing):
        """There is a file, but it is torn, empty or somebody else's."""

    class NetworkError(Exception):
        """No answer: Wi-Fi, name lookup, connection, TLS, time-out, or something that does not speak HTTP."""

    class WifiError(NetworkError):
        """The station has no connection; the text says what is in the way."""

    class HostNotFound(NetworkError):
        """No name server knows the host, or none answered."""

    class TimedOut(NetworkError):
        """The request's deadline passed."""

    class TlsError(NetworkError):
        """The server is not whom its certificate should say, or there is no way to find out. Nothing was sent."""

    class BadAnswer(NetworkError):
        """What came is not HTTP/1, or broke off; or, to a telemetry, no JSON."""

    class HeadTooLarge(NetworkError):
        """The answer's head does not end within 8 KiB."""

    class BodyTooLarge(NetworkError):
        """The answer's body is larger than the request allowed."""

    class Unanswered(NetworkError):
        """A POST was sent and the connection broke before an answer: the server may have acted on it, or not."""

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


# Each kind, and what is one.
_KINDS = (
    (ValueError, "MessageError ReplyError SettingsError SignatureError UpdateError"),
    (Exception, "NetworkError StoreError"),
    ("StoreError", "Missing"),
    ("Missing", "Corrupt"),
    ("NetworkError", "WifiError HostNotFound TimedOut TlsError BadAnswer HeadTooLarge BodyTooLarge Unanswered"),
    (HubError, "Rejected Unauthorized Forbidden NotFound TooManyRequests ServerError"),
)


def __getattr__(name):
    for kind, names in _KINDS:
        if name in names.split():
            if isinstance(kind, str):
                kind = globals().get(kind) or __getattr__(kind)
            globals()[name] = made = type(name, (kind,), {})
            return made
    raise AttributeError(name)


def described(error: BaseException) -> str:
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
    # Of the bytes: of a text MicroPython would keep each character for ever, as a name.
    data = bytes(c if 32 <= c != 127 else 32 for c in text[:500].encode())
    for c in range(0x80, 0xA0):  # controls too, for terminals that know them
        data = data.replace(bytes((0xC2, c)), b" ")
    return data.decode()


class Reporter:
    """Says on the console what goes wrong, once and not once a minute; and saying it cannot go wrong."""

    label = ""  # what each line begins with, where there are several who report

    def __init__(self) -> None:
        self._said: dict = {}  # what is wrong now

    def report(self, what: str, error: BaseException, topic=None) -> None:
        """Prints `error` under the name `what`, unless the last report there said the same. `topic` stands for the name
        where that may not be the only one of its kind."""
        try:
            text = described(error)
            topic = topic or what
            if self._said.get(topic) == text:
                return
            self._said[topic] = text
            self.say("%s: %s" % (what, text))
            if globals().get(type(error).__name__) is not type(error):  # the texts of ours say all: no traceback
                print_exception(error)
        except Exception:
            print(self.label + what)  # no memory for more, or an exception that cannot be printed

    def say(self, line: str) -> None:
        """Prints it, and keeps it for a dump."""
        line = self.label + line
        print(line)
        log.append((int(time()), line[:_LOG_WIDTH]))
        del log[:-_LOG_LINES]

    def settled(self, topic) -> None:
        """It works again: the next failure is told, even if it is the same."""
        self._said.pop(topic, None)

    def guard(self, what: str, function, *arguments) -> bool:
        """Calls `function`; False, and a report, if it raised."""
        try:
            function(*arguments)
        except Exception as error:
            self.report(what, error)
            return False
        self.settled(what)
        return True
