"""One JSON request over any object that has urequests' `request`, with the Device API's errors as exceptions."""

import json

from micropython import const

from . import errors, once

_USUAL = const(300)  # bytes of an answer


def adapted(requests):
    """For the other functions: a `http.Session`, or any object with urequests' `request`, as it is. The board's own, a
    module, would follow a redirect without the time-out, and hand the access key to whatever host that names."""
    if not hasattr(requests, "__name__"):
        return requests
    from .minimal import Stock

    return Stock(requests)


def call(requests, method: str, url: str, headers: dict, body: bytes | None, timeout: int, secret: str | None = None):
    """`fetch`, and the answer's JSON, parsed; None if it is empty. Raises what `parsed` raises, too."""
    return parsed(fetch(requests, method, url, headers, body, timeout, secret), method, url)


def parsed(content, method: str, url: str):
    """What the JSON says; None if it is empty. Raises ReplyError, and BodyTooLarge if memory does not hold it."""
    try:
        return json.loads(content) if content else None
    except ValueError:
        raise errors.ReplyError("%s %s: the answer is not JSON" % (method, url))
    except MemoryError:
        if len(content) < _USUAL:
            raise  # it is our memory that is short
        raise errors.BodyTooLarge("%s %s: no memory for the answer" % (method, url))


def fetch(requests, method: str, url: str, headers: dict, body: bytes | None, timeout: int, secret: str | None = None):
    """Sends `body`, which is JSON or None, and gives back the bytes of a good answer.

    `requests`: what `adapted` gave. `timeout`: seconds. No error shows the
    `Authorization` of `headers`, nor `secret`. Raises NetworkError, or one of its kinds, when there is no answer, and a
    HubError by the status of one that is not 2xx.
    """
    try:
        response = requests.request(method, url, data=body, headers=headers, timeout=timeout)
        try:
            status = response.status_code
            content = response.content
            if 200 <= status < 300:
                return content
            wait = None
            every = getattr(response, "headers", None) or {}  # only now: the session looks for them when asked
            for name in every:
                if name.lower() == "retry-after":
                    wait = every[name]
            every = None  # there may be many
        finally:
            response.close()
    except MemoryError:
        raise  # none of the network's
    except errors.NetworkError as error:
        raise type(error)("%s %s: %s" % (method, url, error))
    except Exception as error:
        # Not OSError alone: urequests raises ValueError for TLS and bad status lines, IndexError for empty ones.
        raise errors.NetworkError("%s %s: %s" % (method, url, errors.described(error)))
    raise once("api", "refused", method + " " + url, status, content, wait, headers.get("Authorization"), secret)
