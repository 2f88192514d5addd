"""Whether a firmware is what its maker gave out: before anything is switched to it."""

from binascii import hexlify
from hashlib import sha256

from micropython import const

from . import errors, once

if False:  # for the type checker
    from .agent import Agent

_PIECE = const(1024)  # bytes


def check(agent: "Agent", state: dict) -> None:
    """Reads back what was downloaded. Raises Corrupt if that is not what the hub spoke of; SignatureError if it was not
    signed with the maker's key, SettingsError if that is none."""
    digest = sha256()
    buffer = memoryview(bytearray(_PIECE))
    target = once(state["kind"], "Target", agent.folder, state)
    try:
        for at in range(0, target.at, _PIECE):
            piece = buffer[: min(_PIECE, target.at - at)]
            target.read(at, piece)
            digest.update(piece)
            agent.board.feed()
    finally:
        target.close()
    raw = digest.digest()
    if hexlify(raw).decode() != state["checksum"]:
        raise errors.Corrupt("checksum: the file is another one, or was changed on its way")
    if agent.maker_key is not None:
        key = once("certificates", "der", "maker_key", agent.maker_key, "rsa -pubout")
        once("signature", "check", key, raw, state["signature"])
