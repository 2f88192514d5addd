"""One JSON request over any object that has urequests' `request`: the response always closed, a time-out always set."""

import json

from .errors import NetworkError, ReplyError, for_status


def default_requests():
    """The board's own module: `requests`, or `urequests` as it was called before MicroPython 1.22."""
    try:
        import requests
    except ImportError:
        import urequests as requests  # type: ignore[no-redef]
    return requests


def call(method: str, url: str, access_key: str | None, body: bytes | None, timeout: int = 10, requests=None):
    """Sends `body`, which is JSON or None, and gives back the answer's JSON, parsed; None if it is empty.

    `timeout`: seconds that connecting and each read may take. `requests`: any object with urequests' `request`; None is
    the board's own. Raises NetworkError when there is no answer, a HubError by the status of one that is not 2xx, and
    ReplyError when a good one is not JSON.
    """
    request = method + " " + url  # as errors show it; the key is in neither
    headers = {"Content-Type": "application/json"}
    if access_key:
        headers["Authorization"] = access_key
    try:
        response = (requests or default_requests()).request(method, url, data=body, headers=headers, timeout=timeout)
        try:
            status = response.status_code
            content = response.content
            retry_after = _retry_after(getattr(response, "headers", None))
        finally:
            response.close()
    except Exception as error:
        # Not OSError alone: urequests raises ValueError for TLS and bad status lines, IndexError for empty ones.
        raise NetworkError("%s: %r" % (request, error))
    good = 200 <= status < 300
    reply = None
    try:
        if content:
            reply = json.loads(content)
    except ValueError:
        if good:
            raise ReplyError("%s: the answer is not JSON" % request)
    if good:
        return reply
    reason = reply.get("error") if isinstance(reply, dict) else None
    raise for_status(status)(request, status, str(reason or "")[:200], retry_after)


def _retry_after(headers):
    # RFC 9110, section 10.2.3. For its other form, a date, the caller's own backoff stands in.
    for name in headers or ():
        if name.lower() == "retry-after" and headers[name].isdigit():
            return int(headers[name][:9])
    return None
