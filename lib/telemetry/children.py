"""The devices behind a gateway: each with an identity, a key and state files of its own; one request has the telemetry
of a hundred (Device API, register child, send children's telemetries)."""

from json import dumps

from micropython import const

from . import errors, once
from .clock import NEVER, jittered
from .device import Device
from .hub import Hub
from .message import MAX_BYTES, Reply
from .registration import Registration
from .rest import call

if False:  # for the type checker
    from .agent import Agent

_REGISTER_MOST = const(10)  # in one round, so that telemetry goes on
_ANSWER = const(640)  # bytes, at most, to the message of one of many; a hub says about 250
_DOUBT_LEAST = const(60)  # seconds; when a child's own key is tried, of whose telemetry the hub would know nothing
_DOUBT_MOST = const(600)
_LETTERS = const("abcdefghijklmnopqrstuvwxyz0123456789-_")


class Child(Device):
    """What the hub sees as a device, and this board speaks for."""

    def __init__(self, agent: "Agent", called: str, fields: dict):
        """See `Agent.child`."""
        parent = agent.hub
        hub = Hub("", parent.timeout, parent.requests)
        folder = agent.folder + called + "."
        super().__init__(hub, agent.board, agent.clock, folder, {"firmware_version": fields["firmware_version"]})
        self.label = called + ": "
        self.maker_key = agent.maker_key
        self.registration = Registration(hub, folder + "identity.json", agent.clock, fields)
        self.registration.parent = parent

    def attend(self) -> bool:
        """As every device; but if the hub takes its key no more, that is no affair of the gateway's."""
        registration = self.registration
        try:
            is_away = super().attend()
        except errors.Unauthorized as error:
            self.report("key", error)
            registration.key_rejected()
            return False
        if not is_away and registration.register_at != NEVER:
            registration.key_accepted()
            self.settled("key")
        return is_away


def add(agent: "Agent", called: str, fields: dict) -> Child:
    """See `Agent.child`."""
    name = called.lower()  # FAT knows no other
    is_taken = False
    for child in agent.children:
        is_taken |= child.label.lower() == name + ": "
    if is_taken or not 0 < len(name) <= 32 or name.strip(_LETTERS):
        raise ValueError("child %r: expected a name of its own, 1 to 32 of A-Z a-z 0-9 - _" % called)
    # What is not given is not sent: the hub takes no null.
    for field in list(fields):
        if fields[field] is None:
            del fields[field]
    child = Child(agent, called, fields)
    agent.children.append(child)
    requests = agent.hub.requests
    if hasattr(requests, "max_body"):
        requests.max_body = max(requests.max_body, _ANSWER * min(len(agent.children), agent.most_children))
    return child


def begin(agent: "Agent") -> None:
    """Takes up what was saved of each child, once it is known who the agent is: a child is one of a certain device."""
    parent = agent.hub.identity
    if not parent:
        return
    entry_url = "%s/v1/devices/%s/children" % (agent.hub.entry_url, parent["id"])
    for child in agent.children:
        hub = child.hub
        registration = child.registration
        is_first = not hub.entry_url
        if hub.entry_url != entry_url:  # also if the agent has become another device, which has no children yet
            hub.entry_url = entry_url
            hub.identity = {}
            registration.register_at = NEVER
            registration.is_kept = False
        if not registration.is_kept:
            agent.board.feed()
            child.guard("flash", once, "identity", "keep", registration)
        if is_first:
            once("start", "take_up", child)


def attend(agent: "Agent") -> int:
    """One round: who has to is registered, all telemetry is sent, and what the replies ask for is done."""
    begin(agent)
    _register(agent)
    group: list = []
    body = bytearray()
    children = agent.children
    for child in children:
        if child.hub.identity:
            agent.board.feed()
            name = (",%s:" % dumps(child.hub.identity["id"])).encode()
            message = child.compose()
            if group and (len(group) >= agent.most_children or len(body) + len(name) + len(message) >= MAX_BYTES):
                _send(agent, group, body)
                group = []
                body = bytearray()
            group.append(child)
            body += name
            body += message
    if group:
        _send(agent, group, body)
    end = agent.clock.uptime() + agent.settings.interval
    for child in list(children):
        children.append(children.pop(0))  # where this round ends, the next begins
        if child.hub.identity and child.due and child.attend() or agent.clock.uptime() > end:
            break
    return 0


def _register(agent):
    left = _REGISTER_MOST
    for child in agent.children:
        if child.registration.register_at <= agent.clock.uptime() and left:
            left -= 1
            try:
                if once("identity", "obtain", child):
                    once("start", "renew", child)
            except (errors.TooManyRequests, MemoryError):
                raise
            except Exception as error:  # 401 too: if it is for the agent's key, its own telemetry will say so
                child.report("registration", error)
                if isinstance(error, errors.NetworkError):
                    return


def _send(agent, group, body):
    hub = agent.hub
    body[0] = 0x7B  # a brace, in place of the first comma
    body += b"}"
    try:
        replies = call(hub.requests, "POST", hub.url + "/children/telemetries", hub.headers, body, hub.timeout)
    except (errors.BodyTooLarge, MemoryError):
        agent.most_children = max(1, len(group) // 2)
        raise
    for child in group:
        try:
            reply = replies.get(child.hub.identity["id"]) if isinstance(replies, dict) else replies
            if isinstance(reply, dict) and "error" in reply:
                reason = str(reply["error"])
                for each in hub, child.hub:
                    reason = reason.replace(each.identity["access_key"], "...")
                raise errors.ReplyError(reason)
            child.answered(Reply(reply))  # type: ignore[arg-type]
            child.settled("hub")
            child.last_reply = None  # another one each time: not worth its memory
        except errors.ReplyError as error:
            child.report("hub", error)
            # Perhaps it was deleted there: its own key tells, and to ask for licences does no harm.
            child.due.setdefault("licenses", agent.clock.uptime() + int(jittered(_DOUBT_LEAST, _DOUBT_MOST)))
