"""Tells the hub what is true of a device now: one request for all that it does not know (Device API, update device)."""

from micropython import const

from . import errors, once

if False:  # for the type checker
    from .device import Device

# The hub takes 10 an hour: five at once, then one each so many seconds, are never more.
_AT_ONCE = const(5)
_EACH = const(720)
_MOST = const(3600)
_OF_ALL = const(60)  # seconds; the limit of all requests counts over 30, so to wait longer is for this one's own


def attend(device: "Device") -> float | None:
    """What the identity says it was told, and `facts` say otherwise."""
    identity = device.hub.identity
    facts = device.facts
    news = {}
    for name in facts:
        if identity.get(name) != facts[name]:
            news[name] = facts[name]
    if not news:
        return None
    now = device.clock.uptime()
    early = device.tell_at - (_AT_ONCE - 1) * _EACH - now
    if early > 0:
        return early
    device.tell_at = max(device.tell_at, now) + _EACH
    try:
        device.hub.ask("PUT ", None, news)
    except errors.TooManyRequests as error:
        wait = error.retry_after or 0
        if wait <= _OF_ALL:
            raise
        device.report("tell", error)
        return min(wait, _MOST)
    except errors.Rejected as error:
        device.report("tell", error)  # to say it again cannot help
        return None
    identity.update(news)
    once("store", "save", device.folder + "identity.json", identity)
    return None
