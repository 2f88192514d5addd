"""A virtual ESP32: MicroPython, a flash image, strict fake hardware, a serial port. See README.md."""

from .board import VirtualBoard
from .errors import BoardError

__all__ = ["BoardError", "VirtualBoard"]
