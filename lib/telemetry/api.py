"""Of the Device API what is needed seldom: registration, its errors, and ids in paths."""

import json

from micropython import const

from . import errors, once
from .rest import call

if False:  # for the type checker
    from .hub import Hub

_ID_MOST = const(256)


def register(hub: "Hub", fields: dict, parent: "Hub | None" = None) -> dict:
    """A new identity: `id`, `access_key`, `hub_url`. `fields` as in Device API, register device; with a `parent`, as in
    register child, and the `entry_url` of `hub` is where that is done. Raises as `Hub.ask`."""
    url = hub.entry_url
    if parent is None:
        url += "/v1/devices"
        headers = {"Content-Type": "application/json"}
    else:
        parent.look_up()
        headers = parent.headers
    body = json.dumps(fields).encode()
    reply = call(hub.requests, "POST", url, headers, body, hub.timeout, fields.get("hardware_key"))
    if not isinstance(reply, dict):
        raise errors.ReplyError("reply: expected an object")
    if parent is not None:
        reply["hub_url"] = parent.identity["hub_url"]
    return once("identity", "checked", reply)


def quoted(ids: tuple) -> tuple:
    """Each as it may stand in a path. Raises ReplyError for what is no text, or too long for one."""
    return tuple(map(_quoted, ids))


def _quoted(text):
    if not isinstance(text, str) or not 0 < len(text) < _ID_MOST:
        raise errors.ReplyError("id: expected a text, not empty and not long")
    made = bytearray()  # not a list of characters, each of which takes 16 bytes and more
    for c in text.encode():
        each = bytes((c,))
        # RFC 3986, section 2.3: what may stand in a path as it is.
        is_unreserved = each.isalpha() or each.isdigit() or each in b"-._~"
        made += each if is_unreserved else b"%%%02X" % c
    return made.decode()


def paired(text: bytes) -> bytes:
    """`text` as the UTF-8 that it should be: MicroPython's JSON makes two characters, surrogates, of an escaped emoji,
    and encodes them so, which the hub refuses. One that is alone becomes a question mark."""
    # Of the bytes: of a text MicroPython would keep each character for ever, as a name.
    parts = text.split(b"\xed")  # what a character from U+D000 to U+DFFF begins with
    made = bytearray(parts.pop(0))
    high = 0
    for part in parts:
        code = (part[0] & 63) << 6 | part[1] & 63
        if code < 0x800:
            made += b"\xed" + part
        elif high and code >= 0xC00:
            code += 0x10000 - 0xC00 + (high - 0x800 << 10)
            made[-1] = 0xF0 | code >> 18
            made += bytes((0x80 | code >> 12 & 63, 0x80 | code >> 6 & 63, 0x80 | code & 63)) + part[2:]
        else:
            made += b"?" + part[2:]
        high = code if len(part) == 2 and 0x800 <= code < 0xC00 else 0
    return bytes(made)


def refused(request: str, status: int, content, wait: str | None, *secrets) -> errors.HubError:
    """The exception of an answer that is not 2xx. `wait`: its Retry-After. It shows none of `secrets`, which the hub
    may repeat."""
    try:
        reason = json.loads(content)["error"]
        for secret in secrets:
            if secret:
                reason = reason.replace(secret, "...")
        reason = errors.printable(reason)
    except Exception:  # no JSON, or not as the API promises
        reason = ""
    # RFC 9110, section 10.2.3. For its other form, a date, the caller's own backoff stands in.
    retry_after = int(wait[:9]) if wait and wait.isdigit() else None
    kinds = {
        400: "Rejected",
        401: "Unauthorized",
        403: "Forbidden",
        404: "NotFound",
        422: "Rejected",
        429: "TooManyRequests",
    }
    kind = getattr(errors, kinds.get(status) or ("ServerError" if status >= 500 else "HubError"))
    return kind(request, status, reason, retry_after)
