"""A whole firmware, `.bin`, on its way into the partition that does not run; the bootloader goes back to the one before
if the new one is not confirmed (ESP-IDF, Over The Air Updates, App rollback)."""

import sys

from esp32 import Partition
from micropython import const

from . import errors

if False:  # for the type checker
    from .agent import Agent

_BLOCK = const(4096)
_ERASE = const(6)  # an operation of `ioctl`
# ESP-IDF, esp_chip_id_t, at this place in an image's head, and what is behind ESP32 in the chip's name.
_CHIP_AT = const(12)
_CHIPS = const(((0, ""), (2, "S2"), (5, "C3"), (9, "S3"), (12, "C2"), (13, "C6")))


def got(folder: str, state: dict) -> int:
    """How many bytes of it there are: whole blocks, or all of it."""
    return state["at"]


def prepare(agent: "Agent", state: dict, piece) -> None:
    """Raises UpdateError if there is no room for it, or it is for another chip."""
    size = state["size"]
    _, _, _, room, label, _ = _other().info()
    if size > room:
        raise errors.UpdateError("partition: of %d bytes, %d are needed: nothing was downloaded" % (room, size))
    chip = sys.implementation._machine.split(" ")[-1]
    kind = dict(_CHIPS).get(piece[_CHIP_AT] | piece[_CHIP_AT + 1] << 8)
    made = "another chip" if kind is None else "ESP32" + kind
    if made != chip:
        raise errors.UpdateError("image: chip: made for %s, not %s" % (made, chip))
    state["part"] = label
    state["at"] = 0


class Target:
    """What is there of it, with the methods of a file that are needed. Each raises OSError."""

    def __init__(self, agent: "Agent", state: dict):
        self.part = _other()
        self.agent = agent
        self.state = state
        self.at = state["at"]  # bytes; at the beginning of a block, or the end
        self._from = 0

    def write(self, piece) -> None:
        """Appends `piece`, which ends within the block that it begins in."""
        block, offset = divmod(self.at, _BLOCK)
        if not offset:
            self.part.ioctl(_ERASE, block)
        self.part.writeblocks(block, piece, offset)
        self.at += len(piece)

    def flush(self) -> None:
        """Of what was written so far whole blocks survive a power cut. Raises StoreError."""
        state = self.state
        at = self.at
        if at != state["size"]:
            at -= at % _BLOCK
        if at != state["at"]:
            state["at"] = at
            self.agent.save("update", state)

    close = flush

    def seek(self, at: int) -> None:
        """To read from there on."""
        self._from = at

    def readinto(self, piece) -> None:
        """Reads as much as `piece` holds."""
        self.part.readblocks(self._from // _BLOCK, piece, self._from % _BLOCK)


def switch(agent: "Agent", state: dict) -> None:
    """The bootloader starts it from the next start on. Raises UpdateError for what is no image."""
    # Twice would be once too often: it forgets which to go back to.
    if Partition(Partition.BOOT).info()[4] != state["part"]:  # type: ignore[arg-type]  # as below
        try:
            _other().set_boot()
        except OSError as error:
            raise errors.UpdateError("image: %s" % error)


def looked_up(folder: str, state: dict) -> bool:
    """After a start: whether it runs."""
    return Partition(Partition.RUNNING).info()[4] == state["part"]  # type: ignore[arg-type]  # as below


def confirm(folder: str) -> None:
    """It stays."""
    Partition.mark_app_valid_cancel_rollback()


def leave(folder: str, why: str) -> None:
    """With any restart the bootloader starts the one before, as nobody confirmed this one."""


def _other():
    try:
        return Partition(Partition.RUNNING).get_next_update()  # type: ignore[arg-type]  # the stubs know labels only
    except OSError:
        raise errors.UpdateError("image: this board's partition table has no second place for one")
