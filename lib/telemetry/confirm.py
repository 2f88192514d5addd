"""A new firmware after its first start: on trial until the hub took a telemetry of it, and else gone again."""

from micropython import const

from . import once

if False:  # for the type checker
    from .agent import Agent

_TRIAL = const(10)  # minutes with Wi-Fi
_MINUTE = const(60)
_STARTS = const(3)  # of which nothing was seen: the power may have gone
_MOST = const(900)  # characters of a reason


def begin(agent: "Agent") -> None:
    """Sees whether it runs. If not, what it was left for is the end of this update."""
    state = once("update", "load", agent)
    why = once(state["kind"], "looked_up", agent.folder, state)
    if why is None:
        return  # this is safe mode: another start will tell
    if why is True:
        agent.trial = 0
        agent.survives_at = agent.clock.uptime() + _MINUTE
        if state["step"] != "trial":
            state["step"] = "trial"
            agent.save("update", state)
        running = agent.facts["firmware_version"]
        if running != state["version"]:
            back(agent, "it says that it is %s" % running)
            agent.restart()
        return
    why = state.get("why") or why
    if why or state["starts"] >= _STARTS:
        why = why or agent.board.reset_cause()
        if why == "watchdog" and agent.board.hung:
            why += ": " + agent.board.hung
        once("update", "over", agent, state, "failed", "rolled back: " + why)
    else:
        state["step"] = "switch"  # again: the power went before it, or, of an image, on trial
        agent.save("update", state)
        agent.due["update"] = 0


def attend(agent: "Agent") -> None:
    """Every minute, and when the hub took the first telemetry: confirms it, or goes back. Raises StoreError."""
    agent.survives_at = agent.clock.uptime() + _MINUTE
    state = once("update", "load", agent)
    if agent.registration.is_accepted:
        once(state["kind"], "confirm", agent.folder)
        state["step"] = "confirmed"
        agent.save("update", state)
        agent.trial = None
        agent.due["update"] = 0
        agent.say("update: %s is confirmed" % state["version"])
        agent.survived()
        return
    agent.trial = minutes = (agent.trial or 0) + agent.board.is_connected()
    if minutes > _TRIAL:
        back(agent, "the hub took no telemetry in %d minutes with Wi-Fi" % _TRIAL)
        agent.restart()


def back(agent: "Agent", why: str) -> None:
    """With the next start the one before runs again. Raises StoreError."""
    state = once("update", "load", agent)
    state["why"] = why = why[-_MOST:]
    agent.save("update", state)
    agent.say("update: going back: " + why)
    once(state["kind"], "leave", agent.folder, why)
