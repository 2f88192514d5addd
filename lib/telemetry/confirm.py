"""How an update ends. A new firmware is on trial from its first start until the hub took a telemetry of it, and else
gone again; and what came to nothing before is tried again, or over."""

from micropython import const

from . import errors, once

if False:  # for the type checker
    from .agent import Agent

_TRIAL = const(10)  # minutes with Wi-Fi
_MINUTE = const(60)
_STARTS = const(3)  # of which nothing was seen: the power may have gone
_MOST = const(900)  # characters of a reason
_WRONG = const(3)  # whole files that are not what they should be: the network may be at fault


def begin(agent: "Agent", state: dict) -> None:
    """Sees whether it runs. If not, what it was left for is the end of this update."""
    why = once(state["kind"], "looked_up", agent.folder, state)
    if why is None and agent.label:
        return  # this is safe mode: another start will tell
    if why is True:
        agent.trial = 0
        agent.survives_at = agent.clock.uptime() + _MINUTE
        if state["step"] != "trial":  # else flash would be written at each start
            state["step"] = "trial"
            agent.save("update", state)
        running = agent.facts["firmware_version"]
        if running != state["version"]:
            back(agent, "it says that it is %s" % running)
            agent.restart()
        return
    why = state.get("why") or why
    if why or state["starts"] >= _STARTS:
        if why is None:
            why = "/boot.py did not start it"
            once(state["kind"], "leave", agent.folder, why)
        why = why or agent.board.reset_cause()
        if why == "watchdog" and agent.board.hung:
            why += ": " + agent.board.hung
        over(agent, state, "failed", "rolled back: " + why)
    else:
        state["step"] = "switch"  # again: the power went before it, or, of an image, on trial
        agent.save("update", state)
        agent.due["update"] = 0


def attend(agent: "Agent") -> None:
    """Every minute, and when the hub took the first telemetry: confirms it, or goes back. Raises StoreError."""
    agent.survives_at = agent.clock.uptime() + _MINUTE
    state = agent.load("update", True)
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
    state = agent.load("update", True)
    state["why"] = why = why[-_MOST:]
    agent.save("update", state)
    agent.say("update: going back: " + why)
    once(state["kind"], "leave", agent.folder, why)


def failed(agent: "Agent", state: dict, error: Exception) -> float | None:
    """What is to be said of an `error` before the switch that does not pass by itself, for `attend`. Raises it, if the
    file is to be got once more."""
    is_told = isinstance(error, errors.UpdateError)  # by its text alone
    if isinstance(error, errors.Corrupt):  # what came is not what was sent
        is_told = True
        state["wrong"] = state.get("wrong", 0) + 1
        if state["wrong"] < _WRONG:
            state.pop("kind", None)  # it is got from its beginning
            agent.save("update", state)
            raise error
    elif isinstance(error, errors.NotFound):
        is_told = True
        if state["file"] and _has_moved(agent, state):
            return 0
    over(agent, state, "failed", str(error) if is_told else errors.described(error))
    return None


def _has_moved(agent, state):
    # Addresses expire: whether the hub has another one now.
    try:
        url = agent.file(state["file"]).get("url")
    except errors.NotFound:
        return False  # nor is the file there any more
    if not url or url == state["url"]:
        return False
    state["url"] = url
    agent.save("update", state)
    return True


def over(agent: "Agent", state: dict, step: str, message: str) -> None:
    """It is "done" or "failed": kept, and told to the hub. Raises StoreError."""
    version = state["version"]
    agent.save("update", {"version": version, "command": state["command"], "step": step, "message": message})
    if agent.progress:
        agent.progress.clear()
    if "slot" in state:
        agent.guard("update", once, "bundle", "discard", agent.folder)
    message = "%s %s: %s" % (version, step, message)
    agent.say("update: " + message)  # each time, also if it is the same again
    if step == "failed":
        error = errors.UpdateError(message)
        agent.guard("incident", once, "incidents", "open_for", agent, "firmware", "update failed", "update", 2, error)
    else:
        agent.settled("firmware")
    agent.due["commands"] = 0
