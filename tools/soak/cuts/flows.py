"""What is tried: each piece of state, and each way in which it changes."""

import shelf
from acts import (
    claim,
    configure,
    delete,
    doubts,
    license,
    moves,
    nothing,
    notice,
    outage,
    publish,
    queue,
    refuses,
    relents,
    restart,
    returns,
    runs,
    set_here,
    signed,
    trusts,
    unclaim,
)
from checks import (
    announced,
    arrived,
    configured,
    done,
    identified,
    licensed,
    newest_arrived,
    noticed,
    placed,
    refused,
    set_is,
    started,
    upgraded,
)
from flow import Crashing, Flow, Waiting
from updates import UPDATE

ONE = [publish("1.1.0")]
VERSION = (
    Flow("version", "first", ONE, announced("1.1.0")),
    Flow("version", "change", [publish("1.2.0")], announced("1.1.0", "1.2.0"), ONE),
    Flow("version", "two", [publish("1.1.0"), publish("1.2.0")], announced("1.1.0", "1.2.0")),
    Flow("version", "lower", [publish("1.0.5")], announced("1.1.0"), ONE),
    Flow("version", "refused", [publish("one")], announced("1.1.0"), ONE, ["new firmware"]),
    Flow("version", "upgraded", [runs("1.3.0")], upgraded, ONE),
)

REFUSED = ["hub", "registration"]
MOVED = [refuses, moves("http://b"), relents]
IDENTITY = (
    Flow("identity", "first", [nothing], identified(1)),
    Flow("identity", "again", [delete], identified(2), [nothing], ["hub"]),
    Flow("identity", "moved", [moves("http://other")], identified(2), [nothing]),
    Flow("identity", "refused", [refuses, relents], identified(2), [nothing], REFUSED),
    Flow("identity", "doubted", [doubts, trusts], identified(1), [nothing], REFUSED),
    Flow("identity", "moved, refused", MOVED, identified(3), [delete], REFUSED),
)

DAY = [configure(mode="day")]
NIGHT = [configure(mode="night", own=2)]
BAD_THEN_NIGHT = [configure(refuse=1), configure(mode="night")]
CONFIG = (
    Flow("config", "first", DAY, configured(mode="day")),
    Flow("config", "change", NIGHT, configured(mode="night", own=2), DAY),
    Flow("config", "removal", [configure()], configured(), DAY),
    Flow("config", "refused", [configure(refuse=1)], refused(mode="day"), DAY, ["on_config"]),
    Flow("config", "refused, then good", BAD_THEN_NIGHT, configured(mode="night"), DAY, ["on_config"]),
    Flow("config", "set here", [set_here(own=1)], set_is(mode="day", own=1), DAY),
    Flow("config", "another device", [delete] + NIGHT, configured(mode="night", own=2), DAY, ["hub"]),
)

BOTH = '{"features": ["recording", "playback"]}'
EXPORT = '{"feature": "export"}'
ADD_1 = [license("l-1", "recording")]
ADD_2 = [license("l-2", EXPORT)]
FORGED = [license("l-1", EXPORT, "update", signature="AAAA")]
EXPIRED = [license("l-1", "recording", "update", "2026-04-01T00:00:00.000Z")]
NEW = [delete, license("l-9", EXPORT)]
LICENCES = (
    Flow("licences", "first", ADD_1, licensed("recording", states="l-1 inuse")),
    Flow(
        "licences",
        "change",
        [license("l-1", BOTH, "update")] + ADD_2,
        licensed("recording", "playback", "export", states="l-1 inuse, l-1 inuse, l-2 inuse"),
        ADD_1,
    ),
    Flow(
        "licences",
        "removal",
        [license("l-1", None, "remove")],
        licensed("export", states="l-1 inuse, l-2 inuse, l-1 removed"),
        ADD_1 + ADD_2,
    ),
    Flow("licences", "refused", FORGED, licensed("recording", states="l-1 inuse, l-1 error"), ADD_1, ["license"]),
    Flow("licences", "expired", EXPIRED, licensed("export", states="l-1 inuse, l-2 inuse, l-1 inuse"), ADD_1 + ADD_2),
    Flow("licences", "another device", NEW, licensed("export", states="l-9 inuse"), ADD_1, ["hub"]),
)

BLINK = [queue("blink")]
COMMANDS = (
    Flow("commands", "first", BLINK, done),
    Flow("commands", "three", [queue("blink", "safe", "blink")], done, BLINK),
    Flow("commands", "failing", [queue("fails", "unknown")], done, BLINK, ["command fails"]),
    Flow("commands", "restarting", [queue("restarts", "reboot")], done, BLINK),
    Flow("commands", "another device", [delete, queue("safe")], done, BLINK, ["hub"]),
)

HALL = [claim("Hall")]
SPACE = (
    Flow("space", "first", HALL, placed("Hall")),
    Flow("space", "change", [claim("Room")], placed("Room"), HALL),
    Flow("space", "removal", [unclaim], placed(None), HALL),
)

LEAK = [notice]
INCIDENTS = (
    Flow("incidents", "first", LEAK, noticed, [nothing]),
    Flow("incidents", "after a restart", [restart] + LEAK, noticed, LEAK),
    Flow("incidents", "another device", LEAK + [delete], noticed, [nothing], ["hub"]),
)

OUTBOX = (
    Waiting("outage", [outage(14), returns], arrived),
    Waiting("outages", [outage(9), returns, outage(9), returns], arrived),
    Waiting("restart", [outage(9), restart, outage(6), returns], arrived),
    Waiting("too small", [outage(24), returns], newest_arrived, size=1024),
)

STARTS = tuple(Crashing(crashes, started) for crashes in (0, 1, 3))

FLOWS = VERSION + IDENTITY + CONFIG + LICENCES + COMMANDS + SPACE + INCIDENTS + OUTBOX + STARTS + UPDATE


def prepare(plan):
    """`plan`: the host's; what its maker signed, and his key."""
    signed.update(plan["signed"])
    shelf.prepare(plan)
    Flow.key = plan["maker_key"]
