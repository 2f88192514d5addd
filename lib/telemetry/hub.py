"""The hub, as a device asks it. `api` has what is needed seldom."""

import json

from micropython import const

from . import errors, once
from .message import Reply
from .rest import adapted, fetch, parsed

_JSON = const("application/json")
_MOST = const(4096)  # bytes of a telemetry's reply, whose JSON takes ten times as much memory


class Hub:
    """The hub as this device sees it."""

    # Of the class, as a child of a gateway may never need its own.
    _known: dict | None = None  # the identity that `look_up` made the next ones from
    _reply: Reply | None = None  # to the last telemetry
    # Once there is such a thing.
    _content: bytes  # of that reply
    url: str
    _telemetry_url: str
    headers: dict

    def __init__(self, entry_url: str, timeout: int, requests):
        """`entry_url`: where devices register. `timeout`: seconds. `requests`: a `http.Session`, or any object with
        urequests' `request`."""
        self.entry_url = entry_url.rstrip("/")
        self.identity: dict = {}  # id, access_key and hub_url, once registered
        self.requests = adapted(requests)
        self.timeout = timeout

    def send_telemetry(self, body: bytes) -> Reply:
        """`body` comes from `message.encode`. It is sent again, once, if nobody knows whether it arrived: the hub
        merges the same values twice to the same state. The same reply as before is the same object.

        Raises NetworkError when there is no answer, a HubError by the status of a bad one, and ReplyError when a good
        one is not what the API promises."""
        self.look_up()
        try:
            content = fetch(self.requests, "POST", self._telemetry_url, self.headers, body, self.timeout)
        except errors.Unanswered:
            content = fetch(self.requests, "POST", self._telemetry_url, self.headers, body, self.timeout)
        # Byte for byte the one before, as nearly always: parsing it takes as long as all the rest of a telemetry.
        if self._reply is None or content != self._content:
            if content and len(content) > _MOST:
                raise errors.ReplyError("telemetry reply: %d bytes, expected 300" % len(content))
            try:
                told = parsed(content, "POST", self._telemetry_url)
            except errors.ReplyError as error:
                raise errors.BadAnswer(str(error))  # the hub did not say that: a network's log-in page, perhaps
            reply = Reply(told)
            self._content = bytes(content)  # ours: what requests gives may be a buffer that is used again
            self._reply = reply
        return self._reply

    def ask(self, endpoint: str, kind: type | None = None, body=None, *ids: str):
        """The answer to any other request. `endpoint`: the method, and the path behind the device's own, as
        "GET /files/%s", into which `ids` go. `kind`: what the answer is to be, dict or list, or object for whatever
        JSON holds; None: only its status matters. `body`: what JSON can hold, or bytes, which go up as they are.

        An empty answer is an empty `kind`. Raises NetworkError when there is no answer, a HubError by the status of a
        bad one, and ReplyError when a good one is not what the Device API promises."""
        method, path = endpoint.split(" ")
        if ids:
            path %= once("api", "quoted", ids)
        self.look_up()
        headers = self.headers
        if isinstance(body, bytes):
            headers = dict(headers)
            headers["Content-Type"] = "application/octet-stream"
        elif body is not None:
            body = json.dumps(body).encode()
            if b"\xed" in body:
                body = once("api", "paired", body)
        content = fetch(self.requests, method, self.url + path, headers, body, self.timeout)
        if kind is None:
            return None
        reply = parsed(content, method, self.url + path)
        if reply is None:
            return kind()
        if not isinstance(reply, kind):
            raise errors.ReplyError("%s: expected %s, not %s" % (endpoint, kind.__name__, type(reply).__name__))
        return reply

    def look_up(self) -> None:
        """Makes `url` and `headers`, which every request of the device needs, once for an identity."""
        identity = self.identity
        if identity is not self._known:
            self.url = "%s/v1/devices/%s" % (identity["hub_url"], identity["id"])
            self._telemetry_url = self.url + "/telemetry"
            self.headers = {"Authorization": identity["access_key"], "Content-Type": _JSON}
            self._known = identity
