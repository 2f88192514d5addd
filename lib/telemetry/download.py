"""Gets a file piece by piece, and goes on where it stopped (RFC 9110, sections 13.1.5 and 14)."""

from micropython import const

from . import errors, once

if False:  # for the type checker
    from .agent import Agent

_PIECE = const(1024)  # bytes
_LEAST = const(4096)  # bytes, before telemetry goes on: of an image less is not kept
_KEEP = const(65536)  # bytes; those after it may be got again when the power goes
_AT_LEAST = const(64)  # bytes of a file
_AT_ONCE = const(600)  # seconds for one that cannot be resumed
_IMAGE = const(0xE9)  # what an image of the ESP32 begins with


def attend(agent: "Agent", state: dict) -> bool:
    """Gets more of it, until the next telemetry is due. True: all of it is there.

    Raises NetworkError if nothing came, NotFound and UpdateError if nothing ever will, and Corrupt if it is another
    file now.
    """
    at = _kept(agent, state)
    if at and at == state["size"]:
        return True
    requests = agent.hub.requests
    is_users = not hasattr(requests, "renew")
    if is_users:
        requests = once("wiring", "session", agent.settings)
    headers = {}
    if at:
        headers["Range"] = "bytes=%d-" % at
        if state["etag"]:
            headers["If-Range"] = state["etag"]
    agent.board.feed()
    response = requests.request(
        "GET", state["url"], headers=headers, timeout=agent.settings.timeout, stream=True, redirects=3
    )
    try:
        can_resume = _heed(response, state, at)
        if response.status_code == 200:  # from its beginning
            at = 0
        until = agent.clock.uptime() + (agent.settings.interval if can_resume else _AT_ONCE)
        return _get(agent, state, at, requests, response, until)
    except errors.NetworkError as error:
        if _kept(agent, state) == at:
            raise
        agent.report("update", error)  # it went on for a while, and so it will
        return False
    finally:
        response.close()
        if is_users:
            requests.close()


def _kept(agent, state):
    # How many bytes of it survive a power cut.
    return once(state["kind"], "got", agent.folder, state) if "kind" in state else 0


def _heed(response, state, at):
    # What the answer's head says. Gives back whether the rest can be asked for.
    status = response.status_code
    fields = response.headers
    size = fields.get("content-length", "")
    if status in (206, 416):
        start, _, size = fields.get("content-range", "").partition("/")
        if status == 416 or not start.startswith("bytes %d-" % at) or size != str(state.get("size")):
            raise errors.Corrupt("content-range: of another file than before")
    elif status == 200:
        if not size.isdigit() or int(size) < _AT_LEAST:
            raise errors.UpdateError("content-length: expected how long the file is")
        etag = fields.get("etag", "")
        state["etag"] = etag if etag[:1] == '"' else None  # a weak one promises too little
        state["size"] = int(size)
        state.pop("kind", None)
    elif status >= 500 or status in (408, 429):  # another time
        raise errors.NetworkError("GET: status %d" % status)
    else:
        raise errors.NotFound("GET", status, "of the file's address")
    return status == 206 or bool(state["etag"]) or "bytes" in fields.get("accept-ranges", "")


def _get(agent, state, at, requests, response, until):
    size = state["size"]
    begun = at
    target = None
    buffer = memoryview(bytearray(_PIECE))
    try:
        while at < size:
            end = 0
            while end < min(_PIECE, size - at):
                count = response.readinto(buffer[end:])
                if not count:
                    raise errors.BadAnswer("it breaks off")
                end += count
                requests.renew(agent.settings.timeout)  # each piece has the time of a request
            agent.board.feed()
            if target is None:
                target = _target(agent, state, buffer[:end])
            target.write(buffer[:end])
            at += end
            if at % _KEEP < _PIECE:
                target.flush()
            _show(agent, state["version"], at * 100 // size)
            if at - begun >= _LEAST and agent.clock.uptime() >= until:
                break
    finally:
        if target:
            target.close()
    return at == size


def _target(agent, state, piece):
    if "kind" not in state:  # its first bytes tell what it is
        head = bytes(piece[:2])
        if head == b"\x1f\x8b":
            kind = "bundle"
        elif head[0] == _IMAGE:
            kind = "image"
        else:
            raise errors.UpdateError("file: expected an application bundle (.tar.gz) or an ESP32 image (.bin)")
        state["kind"] = kind
        once(kind, "prepare", agent, state, piece)
        agent.save("update", state)
    return once(state["kind"], "Target", agent, state)


def _show(agent, version, percent):
    progress = agent.progress
    if progress is None:
        progress = agent.progress = {}
        agent.telemetry(progress.copy)  # no function of ours, which would keep this module in memory
    if progress.get("update_percent") != percent:
        progress["update_percent"] = percent
        agent.board.light(percent & 1)
        print(
            "\rupdate: %s [%-20s] %d %%" % (version, "#" * (percent // 5), percent), end="\n" if percent == 100 else ""
        )
