"""Lives of a board before a local hub: runs life.py, and cuts the power where it says so."""

import json
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.bench.workshop import compile_module
from tools.board.micropython import find_micropython
from tools.deploy import ROOT
from tools.hub.server import LocalHub
from tools.hub.testing import register

FLASH_BYTES = 128 * 512
HEAP = "100k"  # of 64-bit words: half as much on the chip
PATHS = {"MICROPYPATH": ".frozen:lib"}  # names as long as on a board: each module's path takes heap


@dataclass
class Life:
    """What one life said. `end` is CUT, RESET or END; `at_end` what the board held then."""

    said: list[tuple[str, Any]]
    end: str
    at_end: dict[str, Any]
    console: str = ""

    def ran(self) -> list[Any]:
        return [fields for kind, fields in self.said if kind == "RAN"]


@dataclass
class Owner:
    """A board, and its device at the hub. `lives` are those that it had."""

    hub: LocalHub
    lib: Path
    id: str
    plan: dict[str, Any]
    lives: list[Life] = field(default_factory=list)

    def live(self, cause: str = "power on", **more: Any) -> Life:
        """One life, from a start to its end."""
        plan = self.plan | {"cause": cause} | more
        process = subprocess.Popen(
            [find_micropython(None), "-X", f"heapsize={HEAP}", "-m", "life"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.lib,
            env=PATHS,
        )
        said, console, end = [], [], ""
        try:
            assert process.stdin and process.stdout
            process.stdin.write(json.dumps(plan) + "\n")
            process.stdin.flush()
            for line in process.stdout:
                kind, _, rest = line.rstrip("\n").partition(" ")
                console.append(line)
                if kind in ("CUT", "RESET"):
                    end = kind
                    break
                if kind in ("END", "RAN", "APPLIED"):
                    said.append((kind, json.loads(rest)))
                    end = kind if kind == "END" else end
        finally:
            process.kill()
            process.wait()
            process.stdin.close()
            process.stdout.close()
        assert end, "".join(console)
        life = Life(said, end, said[-1][1] if end == "END" else {}, "".join(console))
        self.lives.append(life)
        return life

    def until_settled(self, **first: Any) -> Life:
        """Lives until one comes to its end: the first by `first`, then as the end of the one before demands."""
        life = self.live(**first)
        for _ in range(8):
            if life.end == "END":
                return life
            life = self.live("hard reset" if life.end == "RESET" else "power on")
        raise AssertionError(f"never settled: {self.lives}")

    def ran(self) -> list[Any]:
        """What its command handlers ran, in all lives."""
        return [each for life in self.lives for each in life.ran()]


def compile_library(folder: Path) -> None:
    """Our library and life.py as .mpy, as `make deploy MPY=1` puts them on a board, and a flash without files."""
    for module in (ROOT / "lib/telemetry").glob("*.py"):
        compile_module(module, folder / "lib/telemetry")
    for module in Path(__file__).parent.glob("*.py"):
        if module.name != "host.py":
            compile_module(module, folder / "lib")
    image = folder / "formatted.img"
    image.write_bytes(b"\xff" * FLASH_BYTES)
    plan = json.dumps({"format": True, "flash": str(image)})
    subprocess.run([find_micropython(None), "-m", "life"], check=True, input=plan, text=True, cwd=folder, env=PATHS)


def make(hub: LocalHub, lib: Path, folder: Path, number: int, **plan: Any) -> Owner:
    """A new board with an empty flash in `folder`, and its device, registered already. `lib`: what was compiled."""
    reply = register(
        hub.url, sn=f"SN-{number}", mac=f"a4:cf:12:{number >> 16:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"
    )
    identity = reply.raise_for_status().json() | {"entry_url": hub.url, "firmware_version": "1.0.0"}
    flash = folder / f"flash-{number}.img"
    shutil.copyfile(lib / "formatted.img", flash)
    plan |= {"flash": str(flash), "identity": identity}
    return Owner(hub, lib, identity["id"], plan)
