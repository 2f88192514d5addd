"""For who wants no agent, only the message."""

from . import errors
from .message import Reply, check, encode
from .rest import adapted, call


def send(
    hub_url: str, device_id: str, access_key: str, values: dict, timeout: int = 10, requests=None, **fields
) -> Reply:
    """Sends one telemetry over the board's own urequests and gives back what the hub asks for.

    `values` and `fields` (`status`, `timestamp`, `override`, `message`) as for `build`; `timeout` in seconds;
    `requests`: any object with urequests' `request`, as an `http.Session`, which verifies the server. Raises
    MessageError before anything is sent, NetworkError without an answer, a HubError for a bad one, ReplyError for one
    that is not what the Device API promises.
    """
    url = "%s/v1/devices/%s/telemetry" % (hub_url.rstrip("/"), device_id)
    headers = {"Authorization": access_key, "Content-Type": "application/json"}
    body = build(values, **fields)
    if requests is None:
        try:
            import requests
        except ImportError:
            import urequests as requests  # as it was called before MicroPython 1.22
    return Reply(call(adapted(requests), "POST", url, headers, body, timeout))


class Stock:
    """The board's own `requests`, but it follows no redirect."""

    def __init__(self, module):
        self._module = module

    def request(self, method, url, data, headers, timeout):
        return self._module.request(method, url, data, None, headers, timeout=timeout, parse_headers=_keep_header)


def _keep_header(line, headers):
    # It gets each line of an answer's head.
    name, _, value = line.decode().partition(":")
    if name.lower() == "location":
        raise OSError("a redirect, which is not followed")
    headers[name] = value.strip()


def build(
    values: dict,
    status: str = "online",
    timestamp: str | None = None,
    override: bool = False,
    message: str | None = None,
) -> bytes:
    """The body of one telemetry: JSON in UTF-8.

    `values` is flat: text keys, and int (32 bit), float (32 bit), bool, str (1,000 bytes) or None, which removes the
    key from the hub's state. `timestamp` is UTC as `2021-08-04T07:45:44.122Z`; without it the hub uses its own clock.
    `override` replaces the whole state. `message` explains the status. Raises MessageError, naming the key.
    """
    check(values)
    if status not in ("online", "offline", "error"):
        raise errors.MessageError("status: expected online, offline or error, not %r" % (status,))
    if timestamp is not None:
        form = timestamp.encode() if isinstance(timestamp, str) else b""
        for digit in b"123456789":
            form = form.replace(bytes((digit,)), b"0")
        if form != b"0000-00-00T00:00:00.000Z":
            raise errors.MessageError("timestamp: expected UTC as 2021-08-04T07:45:44.122Z, not %r" % (timestamp,))
    if message is not None and not isinstance(message, str):
        raise errors.MessageError("message: expected a text, not %r" % (message,))
    return encode(values, status, override, message, timestamp)
