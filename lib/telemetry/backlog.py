"""What the hub could not be told waits, with its own time, and is sent when the hub can be reached: the oldest first,
paced, so that neither new values nor the hub have to wait. Which messages have room is for `outbox` to say."""

from micropython import const

from . import errors, once

if False:  # for the type checker
    from .agent import Agent
    from .outbox import Outbox

_AT_ONCE = const(10)  # messages, then the newest values have their turn
_APART = const(2)  # seconds for each, on average: the hub counts all requests of 30 s
_POISON = const(12)  # times that a hub fails over one message, and takes the next: one that is busy does that, too
_CHANCES = const(3)  # that NTP has once the hub can be reached


def open_it(agent: "Agent") -> "Outbox":
    """The outbox, with what the run before left in it."""
    agent.outbox = outbox = once("outbox", "opened", agent.clock, agent.settings.outbox, agent.folder)
    outbox.dropped = max(outbox.dropped, agent.dropped)
    return outbox


def keep(agent: "Agent", body: bytes | None, ago_ms: int) -> None:
    """A sample that was due waits: `body`, which was composed `ago_ms` ago; None: what is measured now."""
    settings = agent.settings.outbox
    if not settings["size"]:
        return
    outbox = agent.outbox or open_it(agent)
    is_history = settings["policy"] == "history"
    now_ms = agent.clock.uptime_ms()
    if not body:
        body = agent.compose()
        ago_ms = 0
    outbox.put(body, max(0, now_ms - ago_ms))
    if is_history:
        agent.delta.accepted()  # the hub will have it: the next need not say the same again
    for child in agent.children:
        if child.hub.identity:
            agent.board.feed()
            outbox.put(child.compose(), now_ms, child.label[:-2])
            if is_history:
                child.delta.accepted()
    outbox.rest()


def drain(agent: "Agent", outbox: "Outbox") -> None:
    """Sends a few of those that wait. Raises what is about all requests: then none of this step can be sent."""
    now = agent.clock.uptime()
    left = min(_AT_ONCE, (now - outbox.drained_at) // (_APART * outbox.slowness))
    if left:  # or steps that are nearer than one message needs would put it off for ever
        outbox.drained_at = now
    try:
        first = outbox.first()
        while first and left and agent.clock.uptime() - now < _AT_ONCE * _APART:
            agent.board.feed()
            if not _send(agent, outbox, *first):
                break
            left -= 1
            first = outbox.first()
        if not first:
            _wait_for_time(agent, outbox)
        agent.delta.forget()  # these were older than what the hub was told last: the next says how it is now
    finally:
        agent.guard("outbox", _rest, agent, outbox)
        agent.dropped = outbox.dropped
        if not outbox.count:
            agent.outbox = None


def _rest(agent, outbox):
    if outbox.rest():
        agent.settled("flash")


def _wait_for_time(agent, outbox):
    # For those that were taken before the clock was set. The failures of an outage say nothing of what is after it.
    clock = agent.clock
    if agent.failed:
        outbox.hopeless_at = 0
    elif clock.ntp is None or 0 < outbox.hopeless_at <= clock.failures:
        while outbox.count:
            outbox.dropped += 1
            outbox.done()
    elif outbox.count and not outbox.hopeless_at:
        outbox.hopeless_at = clock.failures + _CHANCES
        clock.sync_at = 0


def _send(agent, outbox, called, body):
    # False: the hub has trouble with it, and perhaps with all.
    device = agent
    if called:
        device = None
        for child in agent.children:
            if child.label == called + ": " and child.hub.identity:
                device = child
                child.delta.forget()
    is_taken = False
    try:
        is_taken = device is not None and device.hub.send_telemetry(body).success
    except errors.ReplyError:
        is_taken = True  # by its status
    except errors.ServerError as error:
        agent.report("outbox", error)
        outbox.stuck += 1
        if outbox.stuck < _POISON:
            return False
    except errors.HubError as error:
        if device is agent and not isinstance(error, (errors.Rejected, errors.NotFound)):
            raise  # about the key, or all requests
        if isinstance(error, errors.TooManyRequests):
            raise
        agent.report("outbox", error)
    outbox.stuck = 0
    if not is_taken:
        outbox.dropped += 1  # it would be refused again
    outbox.done()
    return True
