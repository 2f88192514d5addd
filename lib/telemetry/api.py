"""The Device API, what is asked seldom, and its errors: one function an endpoint, no policy.

Every endpoint raises NetworkError when there is no answer, a HubError by the status of a bad one, and ReplyError when a
good one is not what the API promises.
"""

import json

from . import errors, once
from .rest import call

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


def register(hub: "Hub", fields: dict) -> dict:
    """A new identity: `id`, `access_key`, `hub_url`. `fields` as in Device API, register device."""
    url = hub.entry_url + "/v1/devices"
    headers = {"Content-Type": "application/json"}
    body = json.dumps(fields).encode()
    reply = call(hub.requests, "POST", url, headers, body, hub.timeout, fields.get("hardware_key"))
    return once("identity", "checked", _object(reply))


def get_file(hub: "Hub", file_id: str) -> dict:
    """The file's `id`, `name`, `url`, `version`, `checksum`, `signature` and what else the hub says."""
    return _object(_device(hub, "GET", "/files/" + once("identity", "token", "file id", file_id, "/?#%")))


def update_device(hub: "Hub", fields: dict) -> None:
    """`fields`: any of `firmware_version`, `name`, `sub_model`, `details`, `space_version`, `config_version`. The hub
    takes 10 of these an hour."""
    _device(hub, "PUT", "", json.dumps(fields).encode())


def _device(hub, method, path, body=None):
    hub.look_up()
    return call(hub.requests, method, hub.url + path, hub.headers, body, hub.timeout)


def _object(reply):
    if not isinstance(reply, dict):
        raise errors.ReplyError("reply: expected an object, not %s" % type(reply).__name__)
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
