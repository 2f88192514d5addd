"""Whether a firmware may be taken: what was asked for, before any of it is got; and what was got, before anything is
switched to it."""

from hashlib import sha256

from micropython import const

from . import errors, once

if False:  # for the type checker
    from .agent import Agent

_PIECE = const(1024)  # bytes


def ordered(agent: "Agent", wanted: dict) -> dict:
    """What an update begins with, if what is `wanted` can be taken. Raises UpdateError, which names the field."""
    version = wanted.get("version")
    url = wanted.get("url")
    checksum = wanted.get("checksum")
    signature = wanted.get("signature")
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
    elif not isinstance(signature, str):
        raise errors.UpdateError("signature: there is none, and settings.json has a maker_key")
    checksum = checksum.lower()
    return {"step": "download", "version": version, "url": url, "checksum": checksum, "signature": signature}


def check(agent: "Agent", state: dict) -> None:
    """Reads back what was downloaded. Raises Corrupt if that is not what the hub spoke of; SignatureError if it was not
    signed with the maker's key, SettingsError if that is none."""
    digest = sha256()
    buffer = memoryview(bytearray(_PIECE))
    size = once(state["kind"], "got", agent.folder, state)
    target = once(state["kind"], "Target", agent, state)
    try:
        for at in range(0, size, _PIECE):
            piece = buffer[: min(_PIECE, size - at)]
            target.seek(at)
            target.readinto(piece)
            digest.update(piece)
            agent.board.feed()
    finally:
        target.close()
    raw = digest.digest()
    if raw.hex() != state["checksum"]:
        raise errors.Corrupt("checksum: the file is another one, or was changed on its way")
    if agent.maker_key is not None:
        key = once("certificates", "der", "maker_key", agent.maker_key, "rsa -pubout")
        once("signature", "check", key, raw, state["signature"])
