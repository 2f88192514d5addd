"""What a step does after it could not reach the hub."""

from micropython import const

from . import errors
from .clock import backoff

if False:  # for the type checker
    from .agent import Agent

# Kinds of failures, each with its own backoff: the exception, the first wait and the longest, in seconds.
_KINDS = {
    "WifiError": ("wifi", 5, 60),  # the driver tries by itself meanwhile, and its success is seen at once
    "HostNotFound": ("dns", 5, 300),
    "TlsError": ("tls", 30, 900),  # a handshake is dear, for both
    "TimedOut": ("timeout", 5, 300),
}
_SLOWEST = const(32)  # times the usual pace of sending what waits, when the hub wants fewer requests
_CLOCK_DOUBT = const(1800)  # seconds


def failed(agent: "Agent", error: Exception, now: int) -> float:
    """The hub was not reached: counts and tells that, and has the sample wait. The seconds until the next try."""
    agent.report("hub", error)
    usual = "hub" if isinstance(error, errors.HubError) else "network"
    kind, first, most = _KINDS.get(type(error).__name__) or (usual, 5, 300)
    agent.failures[kind] = agent.failures.get(kind, 0) + 1  # for `Agent.health`
    agent.failed = agent.failed or {}
    agent.failed[kind] = failures = agent.failed.get(kind, 0) + 1
    outbox = agent.outbox
    if outbox:
        outbox.stuck = 0  # it was not about one message
    clock = agent.clock
    seconds = backoff(failures, first, most, getattr(error, "retry_after", None))
    if isinstance(error, errors.TooManyRequests):
        clock.hush(seconds)
        if outbox:
            outbox.slowness = min(outbox.slowness * 2, _SLOWEST)
    elif isinstance(error, errors.Unauthorized):
        agent.registration.key_rejected()
    elif kind == "tls" and clock.ntp:
        # Perhaps the clock is wrong, and with it each certificate: the next server is believed.
        clock.leap = None
        clock.sync_at = min(clock.sync_at, clock.uptime() + _CLOCK_DOUBT)
    agent.keep_sample(now)
    if kind == "wifi" and agent.board.is_hopeless():
        agent.say("Wi-Fi: restarting the board")
        agent.restart()
    return seconds
