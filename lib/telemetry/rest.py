"""One JSON request over any object that has urequests' `request`, with the Device API's errors as exceptions."""

import json

from .errors import NetworkError, ReplyError, described, for_status, printable


def call(requests, method: str, url: str, headers: dict, body: bytes | None, timeout: int, secret: str | None = None):
    """`fetch`, and the answer's JSON, parsed; None if it is empty. Raises ReplyError too: the answer is not JSON."""
    return parsed(fetch(requests, method, url, headers, body, timeout, secret), method, url)


def parsed(content, method: str, url: str):
    """What the JSON says; None if it is empty. Raises ReplyError."""
    try:
        return json.loads(content) if content else None
    except ValueError:
        raise ReplyError("%s %s: the answer is not JSON" % (method, url))


def fetch(requests, method: str, url: str, headers: dict, body: bytes | None, timeout: int, secret: str | None = None):
    """Sends `body`, which is JSON or None, and gives back the bytes of a good answer.

    `requests`: a `http.Session` or any object with urequests' `request`. `timeout`: seconds. No error shows the
    `Authorization` of `headers`, nor `secret`. Raises NetworkError, or one of its kinds, when there is no answer, and a
    HubError by the status of one that is not 2xx.
    """
    try:
        response = requests.request(method, url, data=body, headers=headers, timeout=timeout)
        try:
            status = response.status_code
            content = response.content
            if status >= 300:  # only then: the session looks for them when asked
                answered = response.headers
        finally:
            response.close()
    except MemoryError:
        raise  # none of the network's
    except NetworkError as error:
        raise type(error)("%s %s: %s" % (method, url, error))
    except Exception as error:
        # Not OSError alone: urequests raises ValueError for TLS and bad status lines, IndexError for empty ones.
        raise NetworkError("%s %s: %s" % (method, url, described(error)))
    if 200 <= status < 300:
        return content
    try:
        reply = json.loads(content)
    except ValueError:
        reply = None
    reason = _reason(reply, headers.get("Authorization"), secret)
    raise for_status(status)(method + " " + url, status, reason, _retry_after(answered))


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
    for name in headers:
        if name.lower() == "retry-after" and headers[name].isdigit():
            return int(headers[name][:9])
    return None
