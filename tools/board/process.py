"""The interpreter: one MicroPython process with a terminal of its own (the inner pty) and a wire to the chip."""

import fcntl
import json
import os
import pty
import selectors
import signal
import socket
import subprocess
import termios
import time
import tty
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import instant
from .errors import BoardError
from .flash import FlashImage
from .loop import Loop
from .micropython import interface

_CTRL_C = b"\x03"
_INPUT_BYTES = 64 * 1024
# Tries to find an instant for a Ctrl-C: first while the program waits for something, then between two operations on
# files, then wherever the heap is whole, then anywhere.
_PATIENT, _PICKY, _DESPERATE = 20, 1000, 2000
_PROMPT_S = 0.5  # how long a prompt may take to come after a Ctrl-C


class Interpreter:
    """One run of MicroPython, from its start until it ends or is killed.

    `on_output(bytes)`, `on_call(name, arguments) -> reply or None` and `on_end(returncode)` are called in the loop's
    thread; after `kill()` nothing is called any more but `on_output` for what was printed before.
    """

    def __init__(
        self,
        loop: Loop,
        command: list[str],
        flash: FlashImage,
        on_output: Callable[[bytes], Any],
        on_call: Callable[[str, list], list | None],
        on_end: Callable[[int], Any],
    ) -> None:
        self._loop = loop
        self._flash = flash
        self._on_output, self._on_call, self._on_end = on_output, on_call, on_end
        self._input = bytearray()
        self._hold_input = True  # until boot.py runs: before that a Ctrl-C would hit the start of the interpreter
        self._waiting = False
        self._interrupting = False
        self._calls = bytearray()
        self._wire, child_wire = socket.socketpair()
        self._master, slave = pty.openpty()
        flash.control.clear_busy()
        try:
            _make_raw(slave)
            self._process = self._spawn(command, slave, child_wire)
        except OSError as error:
            self._close()
            raise BoardError(f"cannot start {command[0]}: {error}") from None
        finally:
            os.close(slave)
            child_wire.close()
        os.set_blocking(self._master, False)
        self._wire.setblocking(False)
        loop.watch(self._master, selectors.EVENT_READ, self._on_terminal)
        loop.watch(self._wire.fileno(), selectors.EVENT_READ, self._on_wire)

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, data: bytes) -> None:
        """Bytes from the user's keyboard; Ctrl-C interrupts a running program. What exceeds 64 KiB is lost."""
        self._input += data[: max(0, _INPUT_BYTES - len(self._input))]
        self._pump()

    def at_prompt(self, first: bytes = b"") -> None:
        """The REPL is about to start: once it reads, it gets `first`, then what the user has typed meanwhile."""
        at = int(self._interrupting)  # behind the Ctrl-C that is on its way
        self._input[at:at] = first
        self._wait_for_prompt(time.monotonic() + _PROMPT_S)

    def release_input(self) -> None:
        """The program starts: from now on it gets what was typed."""
        self._hold_input = False
        self._pump()

    def kill(self) -> None:
        """End it at once, as if the power went; what it has printed still comes out. Twice is fine."""
        if self._master < 0:
            return
        self._process.kill()
        self._process.wait()
        self._read_rest()
        self._close()

    def _spawn(self, command: list[str], slave: int, wire: socket.socket) -> subprocess.Popen:
        # The flash gets its own open file: the interpreter's file position is none of ours.
        image = os.open(self._flash.path, os.O_RDWR | os.O_CLOEXEC)
        fds = (wire.fileno(), image, self._flash.control.fd)
        # No history file, no user's library, and mktime() of the C library in UTC, as on the chip.
        hidden = ("HOME", "MICROPYPATH", "MICROPYINSPECT", "PYTHONSTARTUP")
        environment = {name: value for name, value in os.environ.items() if name not in hidden}
        environment.update(TZ="UTC0", BOARD=interface(fds, self._flash.table))
        try:
            return subprocess.Popen(
                command,
                stdin=slave,
                stdout=slave,
                stderr=slave,
                env=environment,
                cwd="/",
                pass_fds=fds,
                start_new_session=True,
                preexec_fn=_take_terminal,
            )
        finally:
            os.close(image)

    def _on_terminal(self, mask: int) -> None:
        if mask & selectors.EVENT_READ:
            try:
                data = os.read(self._master, 65536)
            except BlockingIOError:
                data = b""
            except OSError:  # EIO: the process is gone; its end comes over the wire
                self._loop.watch(self._master, 0, self._on_terminal)
                return
            if data:
                self._on_output(data)
        if mask & selectors.EVENT_WRITE and self._master >= 0:
            self._pump()

    def _on_wire(self, mask: int) -> None:
        try:
            data = self._wire.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._ended()
            return
        self._calls += data
        while b"\n" in self._calls and self._master >= 0:
            line, _, rest = self._calls.partition(b"\n")
            self._calls = bytearray(rest)
            self._answer(line)

    def _answer(self, line: bytes | bytearray) -> None:
        try:
            sequence, name, arguments = json.loads(line)
        except ValueError:
            return  # a Ctrl-C cut the request short: nobody waits for a reply
        reply = self._on_call(name, arguments)
        if reply is not None and self._master >= 0:
            self._wire.setblocking(True)
            try:
                self._wire.sendall(json.dumps([sequence, *reply]).encode() + b"\n")
            except OSError:
                pass
            self._wire.setblocking(False)

    def _ended(self) -> None:
        returncode = self._process.wait()
        self._read_rest()
        self._close()
        self._on_end(returncode)

    def _read_rest(self) -> None:
        os.set_blocking(self._master, True)  # the slave is closed: this ends with EIO when all is read
        try:
            while data := os.read(self._master, 65536):
                self._on_output(data)
        except OSError:
            pass

    def _close(self) -> None:
        for fd in (self._master, self._wire.fileno()):
            if fd >= 0:
                self._loop.watch(fd, 0, self._on_wire)
        if self._master >= 0:
            os.close(self._master)
            self._master = -1
        self._wire.close()

    # Input. Ctrl-C is not left to the terminal: MicroPython's handler of SIGINT jumps out of whatever runs, and out of
    # a file system's C code that would leave it broken, which cannot happen on the chip.

    def _pump(self) -> None:
        while self._input and not self._hold_input and not self._waiting and self._master >= 0:
            if self._input.startswith(_CTRL_C):
                self._waiting = self._interrupting = True
                self._interrupt(tries=0)
                return
            end = self._input.find(_CTRL_C)
            chunk = self._input if end < 0 else self._input[:end]
            try:
                sent = os.write(self._master, chunk)
            except BlockingIOError:
                self._loop.watch(self._master, selectors.EVENT_READ | selectors.EVENT_WRITE, self._on_terminal)
                return
            except OSError:
                self._input.clear()
                return
            del self._input[:sent]
        if self._master >= 0:
            self._loop.watch(self._master, selectors.EVENT_READ, self._on_terminal)

    def _interrupt(self, tries: int) -> None:
        """Bring one Ctrl-C to the interpreter at an instant that is safe: best while it waits for something."""
        if self._master < 0:
            return
        if not _catches_interrupt(self.pid):
            os.write(self._master, _CTRL_C)  # it is at its prompt, or wants Ctrl-C as a byte (kbd_intr(-1))
        elif not self._interrupt_if_safe(tries):
            self._loop.after(0.002 if tries < _PATIENT else 0.0005, lambda: self._interrupt(tries + 1))
            return
        del self._input[:1]
        self._interrupting = False
        self._wait_for_prompt(time.monotonic() + _PROMPT_S)

    def _wait_for_prompt(self, deadline: float) -> None:
        """Hold the input until readline reads: when it starts, the Unix port throws away what had come before.

        A program may have caught the KeyboardInterrupt and go on; then it gets the input when `deadline` is over.
        """
        if self._interrupting or self._master < 0:
            return  # what brings the Ctrl-C waits for the prompt afterwards
        self._waiting = False
        # readline clears all local flags of the terminal, and a running program has those of _make_raw().
        if termios.tcgetattr(self._master)[3] == 0 or time.monotonic() > deadline:
            self._pump()
        else:
            self._waiting = True
            self._loop.after(0.002, lambda: self._wait_for_prompt(deadline))

    def _interrupt_if_safe(self, tries: int) -> bool:
        """Interrupt, or say that this is no good instant; the more were tried, the less is asked of one."""
        if tries < _PATIENT and _state(self.pid) != "S":
            return False
        os.kill(self.pid, signal.SIGSTOP)
        try:
            deadline = time.monotonic() + 0.05
            while _state(self.pid) not in "TtZX" and time.monotonic() < deadline:
                time.sleep(0)
            safe = _catches_interrupt(self.pid) and (
                tries >= _DESPERATE
                or instant.is_safe(self.pid, in_files=tries >= _PICKY)
                and (tries >= _PICKY or not self._flash.control.busy)
            )
            if safe:
                os.kill(self.pid, signal.SIGINT)
        finally:
            os.kill(self.pid, signal.SIGCONT)
        return safe


def _make_raw(slave: int) -> None:
    tty.setraw(slave)
    attributes = termios.tcgetattr(slave)
    attributes[3] |= termios.ECHOE  # without effect in itself: it tells a running program from readline
    termios.tcsetattr(slave, termios.TCSANOW, attributes)


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _state(pid: int) -> str:
    """One letter as in proc(5): R running, S waiting, T stopped; X when there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return "X"


def _catches_interrupt(pid: int) -> bool:
    """Whether a program is running: only then has MicroPython a handler for SIGINT."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    caught = int(status.partition("SigCgt:")[2].split()[0], 16)
    return bool(caught >> (signal.SIGINT - 1) & 1)
