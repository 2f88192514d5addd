"""One JSON request over any object that has urequests' `request`: the response always closed, a time-out always set."""

import json

from .errors import NetworkError, ReplyError, described, for_status, printable


def default_requests():
    """The board's own module: `requests`, or `urequests` as it was called before MicroPython 1.22."""
    try:
        import requests
    except ImportError:
        import urequests as requests  # type: ignore[no-redef]
    return requests


def call(
    method: str,
    url: str,
    access_key: str | None,
    body: bytes | None,
    timeout: int = 10,
    requests=None,
    secret: str | None = None,
):
    """Sends `body`, which is JSON or None, and gives back the answer's JSON, parsed; None if it is empty.

    `timeout`: seconds that connecting and each read may take. `requests`: any object with urequests' `request`; None is
    the board's own. `secret`: another text beside the access key that no error may show. Raises NetworkError when there
    is no answer, a HubError by the status of one that is not 2xx, and ReplyError when a good one is not JSON.
    """
    request = method + " " + url  # as errors show it; the key is in neither
    headers = {"Content-Type": "application/json"}
    options = {}
    if access_key:
        headers["Authorization"] = access_key
        if requests is None:
            options["parse_headers"] = _keep_header
    try:
        response = (requests or default_requests()).request(
            method, url, data=body, headers=headers, timeout=timeout, **options
        )
        try:
            status = response.status_code
            content = response.content
            retry_after = _retry_after(getattr(response, "headers", None))
        finally:
            response.close()
    except MemoryError:
        raise  # none of the network's
    except Exception as error:
        # Not OSError alone: urequests raises ValueError for TLS and bad status lines, IndexError for empty ones.
        raise NetworkError("%s: %s" % (request, described(error)))
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
    raise for_status(status)(request, status, _reason(reply, access_key, secret), retry_after)


def _keep_header(line, headers):
    # urequests would follow a redirect without the time-out, and hand the access key to whatever host it names.
    name, _, value = line.decode().partition(":")
    if name.lower() == "location":
        raise OSError("a redirect, which is not followed")
    headers[name] = value.strip()


def _reason(reply, *secrets):
    # The hub's own words, for one line of a console, without what they may repeat of ours.
    reason = reply.get("error") if isinstance(reply, dict) else None
    if not isinstance(reason, str):
        return ""
    for secret in secrets:
        if secret:
            reason = reason.replace(secret, "...")
    return printable(reason)


def _retry_after(headers):
    # RFC 9110, section 10.2.3. For its other form, a date, the caller's own backoff stands in.
    for name in headers or ():
        if name.lower() == "retry-after" and headers[name].isdigit():
            return int(headers[name][:9])
    return None
