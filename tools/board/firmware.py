"""The application partitions, as one sees them who has the chip at a cable."""

from collections.abc import Callable

from .bootloader import STATES, Bootloader
from .errors import BoardError
from .flash import FlashImage
from .table import Partition


class Firmware:
    """`board.firmware` of a board with partitions for updates: `ota_0`, `ota_1`, `otadata`."""

    def __init__(self, flash: FlashImage, bootloader: Bootloader, is_powered: Callable[[], bool]) -> None:
        self._flash = flash
        self._bootloader = bootloader
        self._is_powered = is_powered

    @property
    def running(self) -> str:
        """The partition that was started last, such as "ota_0"."""
        return self._bootloader.running.label

    def states(self) -> dict[str, str]:
        """What otadata says of each application: {"ota_1": "PENDING_VERIFY", "ota_0": "VALID"}, the later one first."""
        self._named("otadata")
        slots = self._flash.table.ota
        entries = sorted((it for it in self._bootloader.entries() if it.whole), key=lambda it: -it.sequence)
        found: dict[str, str] = {}
        for it in entries:
            found.setdefault(slots[(it.sequence - 1) % len(slots)].label, STATES[it.state])
        return found

    def read(self, label: str) -> bytes:
        """All of a partition. BoardError when there is none of that name."""
        return self._flash.read(self._named(label))

    def write(self, label: str, data: bytes) -> None:
        """Erases a partition and puts `data` at its start, as esptool does; BoardError while the board is on."""
        partition = self._named(label)
        if self._is_powered():
            raise BoardError("firmware.write needs the board to be off")
        if partition.start is None or len(data) > partition.size:
            raise BoardError(f"partition {label} has no room for {len(data)} bytes")
        self._flash.write(partition, data + b"\xff" * (partition.size - len(data)))

    def _named(self, label: str) -> Partition:
        try:
            return self._flash.table.named(label)
        except KeyError:
            raise BoardError(f"this board has no partition {label!r}") from None
