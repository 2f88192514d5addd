"""Who this device is at the hub: registered once, and the key that the hub gave never thrown away before a new one is
safely stored (Device API, register device). Policy only; `api` does the work."""

from micropython import const

from . import errors, once
from .clock import NEVER, jittered

if False:  # for the type checker
    from .agent import Agent
    from .children import Child
    from .registration import Registration

_TOKEN_MOST = const(1000)


def keep(registration: "Registration") -> None:
    """Takes up the identity on flash, if there is none in use; else saves what could not be saved.

    One of another entry server stays there unused, until this one gives a new one. Raises Corrupt and ReplyError if
    that on flash cannot be used, and one is due. Raises StoreError if it cannot be read: then `keep` must try again,
    and none is due, which would give up a key that may be good.
    """
    hub = registration.hub
    identity = hub.identity
    if identity:
        once("store", "save", registration.path, identity)
        registration.is_kept = True
        return
    wrong = None
    try:
        identity = once("store", "load", registration.path)
        if identity.get("entry_url") == hub.entry_url:
            checked(identity)
            hub.identity = identity
    except (errors.Missing, errors.ReplyError) as error:
        wrong = error
    registration.is_kept = True
    if not hub.identity:
        registration.register_at = 0
    if wrong and type(wrong) is not errors.Missing:  # else it is the first start
        raise wrong


def register(registration: "Registration") -> None:
    """Registers, and saves the identity. Raises what `api.register` raises, and StoreError if the flash would not take
    an identity: then the hub is not asked, as it gives one only once."""
    once("store", "check", registration.path)
    hub = registration.hub
    # A hub that refuses, or that gives keys and takes none, is asked again after 10 to 30 minutes.
    registration.not_before = registration.register_at = registration.clock.uptime() + int(jittered(600, 1800))
    try:
        identity = once("api", "register", hub, registration.fields, registration.parent)
    except errors.NetworkError:
        registration.network_returned()  # it met nobody: the agent's own, shorter backoff goes for it
        raise
    except errors.Rejected as error:
        raise errors.Rejected(error.request, error.status, error.reason + "; known there? delete it at the hub")
    identity["entry_url"] = hub.entry_url
    identity["firmware_version"] = registration.fields["firmware_version"]
    hub.identity = identity
    registration.register_at = NEVER
    registration.is_kept = False
    try:
        keep(registration)
    except errors.StoreError:
        pass  # in use all the same; the next `keep` says so


def obtain(agent: "Agent | Child") -> bool:
    """Registers. False, and a report, if that failed and there is a key to try; raises what goes wrong without one."""
    agent.board.feed()
    hub = agent.hub
    try:
        register(agent.registration)
    except errors.TooManyRequests:
        raise  # it counts for all requests
    except Exception as error:
        if not hub.identity:
            raise
        agent.report("registration", error)  # the old key and this are tried in turn
        return False
    agent.settled("registration")
    agent.settled("flash")  # it was kept
    agent.say("registered: device %s at %s" % (hub.identity["id"], hub.identity["hub_url"]))
    return True


def checked(reply: dict) -> dict:
    """`id`, `access_key` and `hub_url` of a registration reply. Raises ReplyError for what cannot be used."""
    hub_url = token("hub_url", reply.get("hub_url"))
    try:
        if "?" in once("head", "split", hub_url)[2] or "#" in hub_url:
            raise ValueError
    except ValueError:
        raise errors.ReplyError("hub_url: expected an address as https://hub.example.com")
    return {
        "id": token("id", reply.get("id"), b"/?#%"),
        "access_key": token("access_key", reply.get("access_key")),
        "hub_url": hub_url.rstrip("/"),
    }


def token(name: str, text, but: bytes = b"") -> str:
    """`text`, if it can go into a path or a header and not end it. Raises ReplyError; it may be a secret: not shown."""
    data = text.encode() if isinstance(text, str) else b""
    if not 0 < len(data) < _TOKEN_MOST or min(data) < 33 or max(data) > 126 or set(data) & set(but):
        raise errors.ReplyError(
            "%s: expected a text of visible ASCII characters%s" % (name, ", and none of " + but.decode() if but else "")
        )
    return text
