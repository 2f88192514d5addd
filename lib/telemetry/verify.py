"""Whether a firmware is what its maker gave out: before anything is switched to it."""

from binascii import hexlify
from hashlib import sha256

from . import errors, once

if False:  # for the type checker
    from .agent import Agent


def check(agent: "Agent", state: dict) -> None:
    """Reads back what was downloaded. Raises Corrupt, and nothing of it is left, if that is not what the hub spoke of;
    SignatureError if it was not signed with the maker's key, SettingsError if that is none."""
    digest = sha256()
    target = once(state["kind"], "Target", agent.folder, state)
    try:
        for piece in target.pieces():
            digest.update(piece)
            agent.board.feed()
    finally:
        target.close()
    raw = digest.digest()
    if hexlify(raw).decode() != state["checksum"]:
        target.discard()
        raise errors.Corrupt("checksum: the file is another one, or was changed on its way")
    if agent.maker_key is not None:
        key = once("certificates", "der", "maker_key", agent.maker_key, "rsa -pubout")
        once("signature", "check", key, raw, state["signature"])
