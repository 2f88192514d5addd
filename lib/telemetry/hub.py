"""The Device API: one method an endpoint, no policy. Errors by the API's table, as exceptions."""

import json

from .errors import ReplyError, Unanswered
from .message import Reply
from .rest import call, fetch, parsed

_JSON = "application/json"


class Hub:
    """The hub as this device sees it.

    Every method raises NetworkError when there is no answer, a HubError by the status of a bad one, and ReplyError when
    a good one is not what the API promises.
    """

    def __init__(self, entry_url: str, timeout: int, requests):
        """`entry_url`: where devices register. `timeout`: seconds. `requests`: a `http.Session`, or any object with
        urequests' `request`."""
        self.entry_url = entry_url.rstrip("/")
        self.identity: dict = {}  # id, access_key and hub_url, once registered
        self._requests = requests
        self._timeout = timeout
        self._known: dict | None = None  # the identity that these were made from
        self._url = ""
        self._telemetry_url = ""
        self._headers: dict = {}
        self._content: bytes | None = None  # of the last telemetry's reply
        self._reply: Reply | None = None

    def register(self, fields: dict) -> dict:
        """A new identity: `id`, `access_key`, `hub_url`. `fields` as in Device API, register device."""
        body = json.dumps(fields).encode()
        url = self.entry_url + "/v1/devices"
        reply = call(
            self._requests, "POST", url, {"Content-Type": _JSON}, body, self._timeout, fields.get("hardware_key")
        )
        return checked_identity(_object(reply))

    def send_telemetry(self, body: bytes) -> Reply:
        """`body` comes from `message.build`. It is sent again, once, if nobody knows whether it arrived: the hub merges
        the same values twice to the same state."""
        self._look_up()
        try:
            content = fetch(self._requests, "POST", self._telemetry_url, self._headers, body, self._timeout)
        except Unanswered:
            content = fetch(self._requests, "POST", self._telemetry_url, self._headers, body, self._timeout)
        # Byte for byte the one before, as nearly always: parsing it takes as long as all the rest of a telemetry.
        if content != self._content:
            self._reply = Reply(parsed(content, "POST", self._telemetry_url))
            self._content = content
        return self._reply

    def get_file(self, file_id: str) -> dict:
        """The file's `id`, `name`, `url`, `version`, `checksum`, `signature` and what else the hub says."""
        return _object(self._device("GET", "/files/" + _token("file id", file_id, "/?#%")))

    def update_device(self, fields: dict) -> None:
        """`fields`: any of `firmware_version`, `name`, `sub_model`, `details`, `space_version`, `config_version`. The
        hub takes 10 of these an hour."""
        self._device("PUT", "", json.dumps(fields).encode())

    def _device(self, method, path, body=None):
        self._look_up()
        return call(self._requests, method, self._url + path, self._headers, body, self._timeout)

    def _look_up(self):
        # What every request needs is made once for an identity.
        identity = self.identity
        if identity is not self._known:
            self._url = "%s/v1/devices/%s" % (identity["hub_url"], identity["id"])
            self._telemetry_url = self._url + "/telemetry"
            self._headers = {"Authorization": identity["access_key"], "Content-Type": _JSON}
            self._known = identity


def checked_identity(reply: dict) -> dict:
    """`id`, `access_key` and `hub_url` of a registration reply. Raises ReplyError for what cannot be used."""
    hub_url = _token("hub_url", reply.get("hub_url"))
    if hub_url.split("://")[0] not in ("http", "https"):
        raise ReplyError("hub_url: expected an address as https://hub.example.com")
    return {
        "id": _token("id", reply.get("id"), "/?#%"),
        "access_key": _token("access_key", reply.get("access_key")),
        "hub_url": hub_url.rstrip("/"),
    }


def _object(reply):
    if not isinstance(reply, dict):
        raise ReplyError("reply: expected an object, not %s" % type(reply).__name__)
    return reply


def _token(name, text, but=""):
    # It goes into a path or a header and must not be able to end it. The text itself may be a secret: not shown.
    if not isinstance(text, str) or not text or not all("!" <= c <= "~" and c not in but for c in text):
        raise ReplyError("%s: expected a text of visible ASCII characters%s" % (name, but and " without " + but))
    return text
