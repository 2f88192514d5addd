"""Licences: which features of the device may be used, and until when (Device API, get license).

`data` is what the maker signed: a JSON object `{"features": ["recording", ...]}` or `{"feature": "recording"}`, with
`device_id` if it is for that device only; any other text is itself the name of one feature. A change that cannot be
taken leaves in use what was in use; an expired licence is kept, as an update may extend it.
"""

import json
import re
from hashlib import sha256
from time import mktime

from micropython import const

from . import errors, once

if False:  # for the type checker
    from .device import Device

_MOST_AT_ONCE = const(5)  # changes, so that telemetry goes on
_MOST_BYTES = const(4096)  # of all that is kept: it is in memory several times while it is written
_DAY = const(86400)


def begin(device: "Device") -> None:
    """Has `attend` look what day it is."""
    device.due["licenses"] = 0


def attend(device: "Device") -> int | None:
    """Takes the hub's changes one by one: saves each, then tells the hub. While there are licences it is due daily, as
    `load` saves what day it is."""
    before = None
    try:
        for _ in range(_MOST_AT_ONCE):
            change = device.ask("GET /license", dict)
            if not change:
                break
            this = once("identity", "token", "license id", change.get("id")), change.get("action")
            if this == before:
                raise errors.ReplyError("license %s: the hub takes no report of it" % this[0])
            before = this
            device.guard("current_time", _heed_time, device.clock, change.get("current_time"))
            device.ask("POST /licenses", None, _taken(device, change))
        else:
            return 0
    except errors.NotFound:
        pass  # nothing is pending, or what was is gone
    return _DAY if load(device) else None


def load(device: "Device") -> dict:
    """Puts into force what is on flash, and gives it. Saves the time there, daily and when a licence expired: it stays
    so after a start without a clock. Raises StoreError."""
    state = device.load("licenses")
    licenses = state.get("licenses", {})
    seen = state.get("seen", "")
    if seen:
        device.guard("current_time", _heed_time, device.clock, seen)
    known = device.clock.known()
    is_news = known[:10] != seen[:10]  # earlier, too: a server had lied
    found: dict = {}
    for features, expires_at in licenses.values():
        expires_at = expires_at or "9999"
        if seen < expires_at <= known:
            is_news = True
        for feature in features:
            found[feature] = max(found.get(feature, ""), expires_at)
    device.licenses = found
    if licenses and is_news:
        _save(device, licenses)
    return licenses


def _save(device, licenses):
    # First: a flash that fails is not asked again by each `licensed`.
    device.clock.at_least = seen = device.clock.known()
    device.save("licenses", {"licenses": licenses, "seen": seen})


def _taken(device, change):
    # What to tell the hub of the change, which is kept then. StoreError: nothing changed, the hub still has it.
    license_id = change["id"]
    report = {"id": license_id, "state": "inuse"}
    licenses = load(device)
    new = dict(licenses)
    try:
        if change.get("action") == "remove":
            new.pop(license_id, None)
            report["state"] = "removed"
        else:
            new[license_id] = _checked(device, change)
        if len(json.dumps(new)) > _MOST_BYTES:
            raise ValueError("no room for one more")
    except ValueError as error:
        device.report("license", error)
        report["state"] = "error"
        report["error"] = str(error)
    else:
        if new != licenses:
            _save(device, new)
            load(device)
    return report


def _checked(device, change):
    # Its features, and when it expires.
    if change.get("action") not in ("add", "update"):
        raise errors.ReplyError("action: expected add, update or remove")
    if device.maker_key is None:
        raise errors.SettingsError("no maker_key in settings.json")
    data = change.get("data")
    our_id = device.hub.identity["id"]
    features = None
    if isinstance(data, str):
        key = once("certificates", "der", "maker_key", device.maker_key, "rsa -pubout")
        once("signature", "check", key, sha256(data.encode()).digest(), change.get("signature"))
        try:
            content = json.loads(data)
        except ValueError:
            content = None
        if not isinstance(content, dict):
            content = {"feature": data}
        if content.get("device_id") in (None, our_id):
            features = content.get("features", [content.get("feature")])
    if not isinstance(features, list) or set(map(type, features)) != {str}:
        raise errors.ReplyError("data: expected features of device " + our_id)
    return [features, _utc("expires_at", change.get("expires_at"))]


def _utc(name, text):
    # As 2027-01-01T00:00:00, which compares with timestamps.
    if text is None:
        return None
    date = (
        "\\d\\d\\d\\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])"
        "(T([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d+)?(Z|\\+00:00)?)?$"
    )
    if isinstance(text, str) and len(text) < 40 and re.match(date, text):
        return (text + "T00:00:00")[:19]
    raise errors.ReplyError(name + ": expected UTC as 2027-01-01T00:00:00Z")


def _heed_time(clock, text):
    # It is surely not earlier; and that is the clock where there is no other, also after a start without the network.
    text = _utc("current_time", text)
    now = clock.timestamp() or ""
    if text and "2025" < text < "21":
        clock.at_least = text = max(clock.at_least, text)
        if clock.set_rtc and text > now and not clock.is_sure and (clock.failures or not now):
            clock.set_rtc(mktime(tuple(map(int, re.compile("[-T:]").split(text[:19]))) + (0, 0, 0)))
