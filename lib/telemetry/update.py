"""A new firmware over the air: asked for by its user or by the hub, got, verified, switched to, and confirmed once the
hub took a telemetry of it.

State file: what was asked for, and the `step`: "download"; "switch", all is there and verified; "trial", the new one
runs; "confirmed", and the hub does not know yet; then "done" or "failed" with a `message`.
"""

from micropython import const

from . import errors, once

if False:  # for the type checker
    from .agent import Agent

_TRIES = const(30)  # in a row that fail; they are up to an hour apart


def start(agent: "Agent", version: str, file_id: str | None) -> None:
    """The user's yes to the firmware that the hub named. Raises as `ask` and `order` do."""
    if file_id is None:
        raise errors.ReplyError("the hub names no file for " + version)
    file = agent.file(file_id)
    file["version"] = version
    order(agent, file, file_id)


def update_firmware(agent: "Agent", parameters: dict):
    """The command: `url`, `version`, `checksum`, `signature`; `downgrade`, true for one that is not higher. `...`: it
    is under way."""
    order(agent, parameters, None, agent.journal["report"]["id"] if agent.journal else None)
    return ...


def order(agent: "Agent", wanted: dict, file_id: str | None = None, command: str | None = None) -> None:
    """From the next step on it is got. Raises UpdateError if it cannot be taken, and StoreError."""
    state = once("verify", "ordered", agent, wanted)
    version = state["version"]
    old = agent.load("update", True)
    if not old or "message" in old:  # it is over
        state["file"] = file_id
        state["command"] = command
        agent.save("update", state)
        agent.due["update"] = 0
        agent.say("update: from %s to %s" % (agent.facts["firmware_version"], version))
        if agent.upgrade and agent.upgrade[0] == version:
            agent.ask_no_more()
    elif (old["version"], old["checksum"]) != (version, state["checksum"]):
        raise errors.UpdateError("version: %s is under way" % old["version"])
    elif command:
        old["command"] = command
        agent.save("update", old)


def begin(agent: "Agent") -> None:
    """After a start: takes up what that has interrupted, or was part of."""
    state = agent.load("update", True)
    step = state.get("step")
    if "message" in state and once("store", "exists", agent.folder + "update.bin"):
        once("bundle", "discard", agent.folder)  # the power went between its end and this
    if step in ("switch", "trial"):
        once("confirm", "begin", agent, state)
    elif step == "done":
        left = once("slots", "load", agent.folder).get("left")
        if left and left["version"] == state["version"]:  # long after its trial
            once("confirm", "over", agent, state, "failed", "left: " + left["why"])
    elif step != "failed":
        agent.due["update"] = 0


def outcome(agent: "Agent", command: str) -> tuple | None:
    """What the hub's `command` came to, as (status, message); None while it is under way, and () if nobody knows it."""
    state = agent.load("update", True)
    if state.get("command") != command:
        return ()
    return (state["step"], state["message"]) if "message" in state else None


def refused(agent: "Agent", version: str) -> bool:
    """Whether it was tried and did not work: then it is not announced."""
    state = agent.load("update", True)
    return state.get("version") == version and state["step"] == "failed"


def attend(agent: "Agent") -> float | None:
    """Goes on with it. What fails for want of the network is tried again, as every duty; what cannot work is over."""
    state = agent.load("update", True)
    step = state.get("step")
    if step == "confirmed":
        if agent.hub.identity.get("firmware_version") == state["version"]:  # update device was taken
            once("confirm", "over", agent, state, "done", "runs " + state["version"])
        return 0
    try:
        if step == "download":
            if not once("download", "attend", agent, state):
                return 0
            # TLS holds more memory than all that follows needs, and what is sent next is behind a restart.
            if hasattr(agent.hub.requests, "close"):
                agent.hub.requests.close()
            once("verify", "check", agent, state)
            if state["kind"] == "bundle":  # an image is where it belongs
                once("unpack", "unpack", agent, state)
        elif step != "switch":
            return None
        state["step"] = "switch"
        state["starts"] = state.get("starts", 0) + 1
        agent.save("update", state)
        once(state["kind"], "switch", agent, state)
    except Exception as error:
        passes = isinstance(error, (errors.NetworkError, errors.StoreError, MemoryError))
        if passes and not isinstance(error, errors.Corrupt) and agent.retries.get("update", 0) < _TRIES:
            raise  # another time; and there may be no memory for more
        return once("confirm", "failed", agent, state, error)
    agent.say("update: starting " + state["version"])
    agent.restart()
    return None
