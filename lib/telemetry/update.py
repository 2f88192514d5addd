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
_WRONG = const(3)  # whole files that are not what they should be: the network may be at fault
_OVER = const(("done", "failed"))


def load(agent: "Agent") -> dict:
    """The state file, {} if there is none. Raises StoreError if the flash cannot be read."""
    return agent.load("update", True)


def start(agent: "Agent", version: str, file_id: str | None) -> None:
    """The user's yes to the firmware that the hub named. Raises as `ask` and `order` do."""
    if file_id is None:
        raise errors.ReplyError("the hub names no file for %s" % version)
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
    version, url, checksum = [wanted.get(name) for name in ("version", "url", "checksum")]
    running = agent.facts["firmware_version"]
    if not isinstance(version, str) or len(version) > 255 or not once("semver", "is_valid", version):
        raise errors.UpdateError("version: expected one as 1.1.0")
    if wanted.get("downgrade") is not True and once("semver", "compare", version, running) <= 0:
        raise errors.UpdateError("version: expected higher than %s, or downgrade: true" % running)
    if not isinstance(url, str):
        raise errors.UpdateError("url: expected a text")
    server = once("head", "split", url)[0]
    if not isinstance(checksum, str) or len(checksum) != 64:
        raise errors.UpdateError("checksum: expected the file's SHA-256 in hex")
    if agent.maker_key is None:
        if server[0] != "https" or not agent.settings.verify:
            raise errors.UpdateError("no maker_key in settings.json: only over https, with verify")
        agent.say("update: NOT SIGNED: there is no maker_key in settings.json, so who has the server has the board")
    elif not isinstance(wanted.get("signature"), str):
        raise errors.UpdateError("signature: there is none, and settings.json has a maker_key")
    old = load(agent)
    if old.get("step", "done") not in _OVER:
        if (old["version"], old["checksum"]) != (version, checksum):
            raise errors.UpdateError("version: %s is under way" % old["version"])
        if command:
            old["command"] = command
            agent.save("update", old)
        return
    state = {"step": "download", "version": version, "url": url, "checksum": checksum.lower(), "file": file_id}
    state.update(signature=wanted.get("signature"), command=command)
    agent.save("update", state)
    agent.due["update"] = 0
    agent.say("update: from %s to %s" % (running, version))
    if agent.upgrade and agent.upgrade[0] == version:
        agent.ask_no_more()


def begin(agent: "Agent") -> None:
    """After a start: takes up what that has interrupted, or was part of."""
    state = load(agent)
    step = state.get("step")
    if step in ("switch", "trial"):
        once("confirm", "begin", agent)
    elif step == "done":
        left = once("slots", "load", agent.folder).get("left")
        if left and left["version"] == state["version"]:  # long after its trial
            over(agent, state, "failed", "left: " + left["why"])
    elif step != "failed":
        agent.due["update"] = 0


def outcome(agent: "Agent", command: str) -> tuple | None:
    """What the hub's `command` came to, as (status, message); None while it is under way, and () if nobody knows it."""
    state = load(agent)
    if state.get("command") != command:
        return ()
    return (state["step"], state["message"]) if state["step"] in _OVER else None


def refused(agent: "Agent", version: str) -> bool:
    """Whether it was tried and did not work: then it is not announced."""
    state = load(agent)
    return state.get("version") == version and state["step"] == "failed"


def attend(agent: "Agent") -> float | None:
    """Goes on with it. What fails for want of the network is tried again, as every duty; what cannot work is over."""
    state = load(agent)
    step = state.get("step")
    if step == "confirmed":
        if agent.hub.identity.get("firmware_version") == state["version"]:  # update device was taken
            over(agent, state, "done", "runs " + state["version"])
        return 0
    if step not in ("download", "switch"):
        return None
    try:
        if step == "download":
            if not once("download", "attend", agent, state):
                return 0
            once("verify", "check", agent, state)
            if state["kind"] == "bundle":  # an image is where it belongs
                once("unpack", "unpack", agent, state)
        state["step"] = "switch"
        state["starts"] = state.get("starts", 0) + 1
        agent.save("update", state)
        once(state["kind"], "switch", agent, state)
    except errors.Corrupt as error:  # what came is not what was sent
        state["wrong"] = state.get("wrong", 0) + 1
        if state["wrong"] < _WRONG:
            state.pop("kind", None)  # it is got from its beginning
            agent.save("update", state)
            raise
        over(agent, state, "failed", str(error))
    except (errors.NetworkError, errors.StoreError, MemoryError) as error:
        if agent.retries.get("update", 0) < _TRIES:
            raise
        over(agent, state, "failed", errors.described(error))
    except errors.NotFound as error:  # addresses expire
        url = None
        try:
            if state["file"]:
                url = agent.file(state["file"]).get("url")
        except errors.NotFound:
            pass  # nor is the file there any more
        if not url or url == state["url"]:
            over(agent, state, "failed", str(error))
        else:
            state["url"] = url
            agent.save("update", state)
            return 0
    except errors.UpdateError as error:
        over(agent, state, "failed", str(error))
    except Exception as error:
        over(agent, state, "failed", errors.described(error))
    else:
        agent.say("update: starting " + state["version"])
        agent.restart()
    return None


def over(agent: "Agent", state: dict, step: str, message: str) -> None:
    """It is "done" or "failed": kept, and told to the hub. Raises StoreError."""
    state = {name: state[name] for name in ("version", "command")}
    state["step"] = step
    state["message"] = message
    agent.save("update", state)
    if agent.progress:
        agent.progress.clear()
    agent.guard("update", once, "bundle", "discard", agent.folder)
    message = "%s %s: %s" % (state["version"], step, message)
    agent.say("update: " + message)  # each time, also if it is the same again
    if step == "failed":
        error = errors.UpdateError(message)
        agent.guard("incident", once, "incidents", "open_for", agent, "firmware", "update failed", "update", 2, error)
    else:
        agent.settled("firmware")
    agent.due["commands"] = 0
