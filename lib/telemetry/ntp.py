"""The clock by NTP: which servers are asked, and what they are believed."""

from time import time

from micropython import const

from . import errors
from .clock import backoff, utc_of

if False:  # for the type checker
    from .agent import Agent

_LEAP = const(3600)  # seconds


def set_clock(agent: "Agent") -> None:
    """Asks the NTP servers. Without them telemetry goes on: the hub's clock stands in."""
    try:
        server = sync(agent.clock, agent.board.feed)
    except errors.NetworkError as error:
        agent.report("clock", error)
        agent.failures["ntp"] = agent.failures.get("ntp", 0) + 1
    else:
        agent.settled("clock")
        agent.say("clock: %s by %s" % (agent.clock.timestamp(), server))


def sync(clock, progress) -> str:
    """Sets the clock by the first server that answers sensibly, and gives its name. Raises NetworkError with what each
    said. `progress()` is called before each server is asked.

    Once the clock was set, it is not put ahead or back by more than an hour because one answer says so; two must agree,
    another server's or the same one's the next time.
    """
    said = "NTP:"
    servers = clock.servers
    for server in servers:
        progress()
        clock.ntp.host = server
        servers = servers[1:] + servers[:1]
        try:
            seconds = clock.ntp.time()
            if not utc_of(seconds):
                raise ValueError("no time of this century")  # which one goes on: it would be told each time
            leap = seconds - time()
            if clock.leap is not None and abs(leap) > _LEAP and abs(leap - clock.leap) > _LEAP:
                clock.leap = leap
                raise ValueError("%d s from the time so far: not believed yet" % leap)
        except Exception as error:  # ntptime raises OSError, IndexError or what the socket module likes
            said += " %s (%s)" % (server, errors.described(error))
            continue
        clock.set_rtc(seconds)
        clock.servers = servers  # the next time another one: this may have been wrong
        clock.failures = clock.leap = 0
        clock.is_sure = True
        clock.sync_at = clock.uptime() + 24 * 3600  # the chip's oscillator drifts by seconds a day
        return server
    clock.failures += 1
    # Each that does not answer takes a second or more.
    clock.sync_at = clock.uptime() + int(backoff(clock.failures, 30))
    raise errors.NetworkError(said)
