"""What the agent does seldom: a step sees what is due, calls it here by `once`, and lets go of it after that."""

from time import time

from micropython import const

from . import errors, once
from .clock import backoff, utc_of

# Kinds of failures, each with its own backoff: the exception, the first wait and the longest, in seconds.
_KINDS = {
    "WifiError": ("wifi", 5, 60),  # the driver tries by itself meanwhile, and its success is seen at once
    "HostNotFound": ("dns", 5, 300),
    "TlsError": ("tls", 30, 900),  # a handshake is dear, for both
    "TimedOut": ("timeout", 5, 300),
}
_SLOWEST = const(32)  # times the usual pace of sending what waits, when the hub wants fewer requests
_CLOCK_DOUBT = const(1800)  # seconds
_LEAP = const(3600)  # seconds


def set_clock(agent) -> None:
    """Asks the NTP servers. Without them telemetry goes on: the hub's clock stands in."""
    try:
        server = sync(agent.clock, agent.board.feed)
    except errors.NetworkError as error:
        agent.report("clock", error)
        count(agent, "ntp")
    else:
        agent.settled("clock")
        agent.say("clock: %s by %s" % (agent.clock.timestamp(), server))


def failed(agent, error: Exception, now: int) -> float:
    """The hub was not reached: counts and tells that, and has the sample wait. The seconds until the next try."""
    agent.report("hub", error)
    usual = "hub" if isinstance(error, errors.HubError) else "network"
    kind, first, most = _KINDS.get(type(error).__name__) or (usual, 5, 300)
    count(agent, kind)
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


def count(agent, kind: str) -> None:
    """For `Agent.health`."""
    agent.failures[kind] = agent.failures.get(kind, 0) + 1


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


def register(agent) -> bool:
    """Registers. False, and a report, if that failed and there is a key to try; raises what goes wrong without one."""
    agent.board.feed()
    try:
        once("identity", "register", agent.registration)
    except errors.TooManyRequests:
        raise  # it counts for all requests
    except Exception as error:
        if not agent.hub.identity:
            raise
        agent.report("registration", error)  # the old key and this are tried in turn
        return False
    agent.settled("registration")
    agent.settled("flash")  # it was kept
    agent.say("registered: device %s at %s" % (agent.hub.identity["id"], agent.hub.identity["hub_url"]))
    return True


def announce(agent, version: str | None, file_id: str | None) -> None:
    """Tells the user, once, that the firmware `version` is there; None: there is no other than ours."""
    fields = agent.registration.fields
    firmware = agent.unsaved or once("firmware", "Firmware", agent.folder + "version.json", fields["firmware_version"])
    is_upgrade = is_news = False
    try:
        if version is not None:
            is_upgrade = firmware.is_upgrade(version)
            is_news = is_upgrade and firmware.is_news(version)
    except ValueError as error:
        agent.report("new firmware", errors.ReplyError(str(error)))
    agent.upgrade = (version, file_id) if is_upgrade else None
    if not is_upgrade:
        agent.ask_no_more()  # what was offered is there no more
    if not is_news:
        return
    # Told first, remembered then: a power cut between shows it twice, and never not at all.
    show = agent.show
    if show is None or not _attempt(agent, "on_new_firmware", show, version, file_id):
        from .notifier import Notifier

        agent.notifier = Notifier(agent.board)
        agent.notifier.show(version)
    agent.unsaved = None if agent.guard("version file", firmware.announced, version) else firmware


def _attempt(agent, what, function, *arguments):
    # As `guard`, for a function of the user's.
    agent.board.doing = what
    agent.board.feed()
    try:
        function(*arguments)
    except Exception as error:
        agent.fault(what, error)
        return False
    finally:
        agent.board.doing = None
    agent.settled(what)
    return True


def accept_upgrade(agent) -> bool:
    """See `Agent.accept_upgrade`."""
    upgrade = agent.upgrade
    agent.upgrade = None  # for a handler that calls this again
    try:
        if agent.upgrader:
            is_accepted = _attempt(agent, "upgrade", agent.upgrader, *upgrade)
        else:
            is_accepted = agent.guard("upgrade", describe_upgrade, agent, *upgrade)
    finally:
        agent.upgrade = upgrade
    if is_accepted:
        agent.ask_no_more()  # only now: who pressed the button in vain may press it again
    return is_accepted


def describe_upgrade(agent, version: str, file_id: str | None) -> None:
    """Prints what would be installed, for who has no upgrade handler. Raises as `ask` does."""
    if file_id is None:
        print("upgrade to %s: the hub names no file for it" % version)
        return
    file = agent.file(file_id)
    name, checksum = errors.printable(str(file.get("name"))), errors.printable(str(file.get("checksum")))
    print("upgrade to %s: would install %s, SHA-256 %s" % (version, name, checksum))
