"""The Device API, what is asked seldom, and its errors: policy is elsewhere."""

import json

from . import errors, once
from .rest import call, fetch, parsed

if False:  # for the type checker
    from .hub import Hub

# The exception of a status that is not 2xx; of others from 500 on it is ServerError, else HubError.
_ERRORS = {
    400: "Rejected",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    422: "Rejected",
    429: "TooManyRequests",
}
# Method, path, and what the reply is: object for any JSON, ... where only the status matters.
_ENDPOINTS = {
    "add_event": ("POST", "/events", ...),
    "append_dump": ("PUT", "/dumps/%s", ...),
    "close_incident": ("DELETE", "/incidents/%s", ...),
    "close_incidents": ("DELETE", "/incidents", ...),
    "get_command": ("GET", "/command", dict),
    "get_config": ("GET", "/config", dict),
    "get_device": ("GET", "", dict),
    "get_file": ("GET", "/files/%s", dict),
    "get_license": ("GET", "/license", dict),
    "get_space": ("GET", "/space", dict),
    "list_files": ("GET", "/files", list),
    "list_incidents": ("GET", "/incidents", list),
    "open_incident": ("POST", "/incidents", dict),
    "send_dump": ("POST", "/dumps/%s/%s", object),
    "set_config": ("POST", "/config", dict),
    "update_command": ("POST", "/command", ...),
    "update_device": ("PUT", "", ...),
    "update_license": ("POST", "/licenses", ...),
}
# RFC 3986, section 2.3: what may stand in a path as it is.
_UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"


def register(hub: "Hub", fields: dict, parent: "Hub | None" = None) -> dict:
    """A new identity: `id`, `access_key`, `hub_url`. `fields` as in Device API, register device; with a `parent`, as in
    register child, and the `entry_url` of `hub` is where that is done. Raises as `ask`."""
    url = hub.entry_url
    if parent is None:
        url += "/v1/devices"
        headers = {"Content-Type": "application/json"}
    else:
        parent.look_up()
        headers = parent.headers
    body = json.dumps(fields).encode()
    reply = _checked(call(hub.requests, "POST", url, headers, body, hub.timeout, fields.get("hardware_key")), dict)
    if parent is not None:
        reply["hub_url"] = parent.identity["hub_url"]
    return once("identity", "checked", reply)


def ask(hub: "Hub", endpoint: str, body=None, *ids: str):
    """The answer of one of `_ENDPOINTS`, as Device API has it. `body`: what JSON can hold, or bytes, which go up as
    they are. An empty object is what an empty body means.

    Raises NetworkError when there is no answer, a HubError by the status of a bad one, and ReplyError when a good one
    is not what the API promises.
    """
    method, path, kind = _ENDPOINTS[endpoint]
    if ids:
        path %= tuple(map(_quoted, ids))
    hub.look_up()
    headers = hub.headers
    if isinstance(body, bytes):
        headers = dict(headers)
        headers["Content-Type"] = "application/octet-stream"
    elif body is not None:
        body = json.dumps(body).encode()
    url = hub.url + path
    content = fetch(hub.requests, method, url, headers, body, hub.timeout)
    return None if kind is ... else _checked(parsed(content, method, url), kind)


def _quoted(text):
    if not isinstance(text, str) or not text:
        raise errors.ReplyError("id: expected a text that is not empty")
    return "".join(chr(c) if c in _UNRESERVED else "%%%02X" % c for c in text.encode())


def _checked(reply, kind):
    if not isinstance(reply, kind):
        if reply is None:
            return kind()
        raise errors.ReplyError("reply: expected %s, not %s" % (kind.__name__, type(reply).__name__))
    return reply


def refused(request: str, status: int, content, headers: dict, *secrets) -> errors.HubError:
    """The exception of an answer that is not 2xx. It shows none of `secrets`, which the hub may repeat."""
    kind = getattr(errors, _ERRORS.get(status) or ("ServerError" if status >= 500 else "HubError"))
    return kind(request, status, _reason(content, secrets), _retry_after(headers))


def _reason(content, secrets):
    # The hub's own words, for one line of a console, without what they may repeat of ours.
    try:
        reason = json.loads(content)["error"]
        for secret in secrets:
            if secret:
                reason = reason.replace(secret, "...")
        return errors.printable(reason)
    except Exception:  # no JSON, or not as the API promises
        return ""


def _retry_after(headers):
    # RFC 9110, section 10.2.3. For its other form, a date, the caller's own backoff stands in.
    for name in headers:
        if name.lower() == "retry-after" and headers[name].isdigit():
            return int(headers[name][:9])
    return None
