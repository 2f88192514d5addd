"""python -m tools.board: a virtual ESP32 on a serial port, its console on this terminal."""

import argparse
import os
import signal
import sys
import threading
from typing import NoReturn

from .board import VirtualBoard
from .errors import BoardError
from .micropython import heap_bytes
from .panel import Panel


class _Ended(Exception):
    """SIGINT or SIGTERM came."""


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 0, or 1 with one line on stderr when the board cannot start."""
    options = _parse(arguments)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)
    try:
        board = VirtualBoard(
            options.flash,
            heap=options.heap,
            filesystem="fat" if options.fat else "lfs2",
            ota=options.ota,
            micropython=options.micropython,
            console=_write,
            on_led=lambda lit: _say(f"LED {'on' if lit else 'off'}"),
        )
    except _Ended:
        return 0
    except BoardError as error:
        print(f"board: {error}", file=sys.stderr)
        return 1
    try:
        print(f"port: {board.port}", flush=True)
        board.start()
        _follow(Panel(board, _say))
    except _Ended:
        pass
    except BoardError as error:
        print(f"board: {error}", file=sys.stderr)
        return 1
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not leave a process behind
        board.stop()
    return 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.board", description=__doc__)
    parser.add_argument("--flash", help="the file that keeps the flash; made when it is not there")
    parser.add_argument("--heap", default="256K", help="heap of a program, such as 128K (256K)")
    parser.add_argument("--micropython", help="another MicroPython, 1.27 or later ($MICROPYTHON)")
    parser.add_argument("--fat", action="store_true", help="a new flash gets FAT, not LittleFS2")
    parser.add_argument("--ota", action="store_true", help="a new flash gets partitions for firmware updates")
    options = parser.parse_args(arguments)
    try:
        heap_bytes(options.heap)
    except ValueError as error:
        parser.error(str(error))
    return options


def _follow(panel: Panel) -> None:
    """Do what the lines on stdin say. Its end ends nothing: there is none under CI."""
    for line in sys.stdin:
        if not panel.do(line):
            return
    threading.Event().wait()


def _end(number: int, frame: object) -> NoReturn:
    raise _Ended


def _write(data: bytes) -> None:
    try:
        os.write(sys.stdout.fileno(), data)
    except OSError:
        pass  # nobody reads this terminal any more; the board goes on


def _say(text: str) -> None:
    _write(f"[{text}]\r\n".encode())


if __name__ == "__main__":
    sys.exit(main())
