"""The Device API: one method an endpoint, no policy. Errors by the API's table, as exceptions."""

import json

from .errors import ReplyError
from .http import call
from .message import Reply


class Hub:
    """The hub as this device sees it.

    Every method raises NetworkError when there is no answer, a HubError by the status of a bad one, and ReplyError when
    a good one is not what the API promises.
    """

    def __init__(self, entry_url: str, timeout: int = 10, requests=None):
        """`entry_url`: where devices register. `timeout`: seconds. `requests`: any object with urequests' `request`."""
        self.entry_url = entry_url.rstrip("/")
        self._timeout = timeout
        self._requests = requests
        self.identity: dict = {}  # id, access_key and hub_url, once registered

    def register(self, fields: dict) -> dict:
        """A new identity: `id`, `access_key`, `hub_url`. `fields` as in Device API, register device."""
        url = self.entry_url + "/v1/devices"
        body = json.dumps(fields).encode()
        reply = _object(call("POST", url, None, body, self._timeout, self._requests, fields.get("hardware_key")))
        return checked_identity(reply)

    def send_telemetry(self, body: bytes) -> Reply:
        """`body` comes from `message.build`."""
        return Reply(self._device("POST", "/telemetry", body))

    def get_file(self, file_id: str) -> dict:
        """The file's `id`, `name`, `url`, `version`, `checksum`, `signature` and what else the hub says."""
        return _object(self._device("GET", "/files/" + _token("file id", file_id, "/?#%")))

    def update_device(self, fields: dict) -> None:
        """`fields`: any of `firmware_version`, `name`, `sub_model`, `details`, `space_version`, `config_version`. The
        hub takes 10 of these an hour."""
        self._device("PUT", "", json.dumps(fields).encode())

    def _device(self, method, path, body=None):
        identity = self.identity
        url = "%s/v1/devices/%s%s" % (identity["hub_url"], identity["id"], path)
        return call(method, url, identity["access_key"], body, self._timeout, self._requests)


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
