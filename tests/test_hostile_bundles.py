"""What a board makes of bundles that are wrong, hostile or damaged: on MicroPython, one process for all of them, with a
real LittleFS2 or FAT and the heap of a small board."""

import base64
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest
from bundles import hostile
from bundles.hostile import FILES, GOOD, VERSION, checksum

from tools.bench.workshop import compile_module
from tools.board.micropython import find_micropython
from tools.bundle import make_bundle
from tools.deploy import ROOT
from tools.hub.maker import Maker

HEAP = "96k"
FLASH_BYTES = 2 << 20
GROWN_MOST = 2048  # bytes, over hundreds of bundles: each class of error is made when it is first named
MODULES = ["__init__", "bundle", "certificates", "errors", "signature", "slots", "starts", "store", "unpack", "verify"]
SLOT = "/flash/slots/a/"
OTHERS = {"/flash/main.py", "/flash/slots", "/flash/slots/b", "/flash/slots/b/main.py", "/flash/update.bin"}
TOUCHED = checksum(b"what is not to be touched")


@dataclass
class Came:
    """What one bundle came to: the error's type and text, or None; SHA-256 of the files; the heap after it."""

    error: list[str] | None
    files: dict[str, str | None]
    heap: int

    def in_slot(self) -> dict[str, str | None]:
        return {path[len(SLOT) :]: digest for path, digest in self.files.items() if path.startswith(SLOT) and digest}

    def is_whole(self) -> bool:
        found = self.in_slot()
        found.pop("manifest.json", None)
        return found == {name: checksum(data) for name, data in FILES.items()}


class Board:
    """Installs one bundle after another on a file system of this kind."""

    def __init__(self, folder: Path, kind: str) -> None:
        for module in MODULES:
            compile_module(ROOT / f"lib/telemetry/{module}.py", folder / "telemetry")
        self.folder = folder
        flash = folder / "flash.img"
        flash.write_bytes(b"\xff" * FLASH_BYTES)
        self.maker = Maker()
        self.key = base64.b64encode(self.maker.der).decode()
        self.process = subprocess.Popen(
            [find_micropython(None), "-X", f"heapsize={HEAP}", Path(__file__).parent / "bundles/install.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"MICROPYPATH": f".frozen:{folder}"},
        )
        self._say(json.dumps([kind, str(flash)]))
        for _ in range(2):
            assert self.install(GOOD).is_whole()
        self.heap = self.install(GOOD).heap  # with all names that the library has

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()

    def install(self, data: bytes, of: bytes | None = None, key: bool = True, **changes: Any) -> Came:
        """`of`: what the checksum and the signature are of."""
        of = data if of is None else of
        file = self.folder / "bundle.bin"
        file.write_bytes(data)
        told = {"file": str(file), "version": VERSION, "checksum": checksum(of), "signature": self.maker.sign(of)}
        self._say(json.dumps(told | {"maker_key": self.key if key else None} | changes))
        assert self.process.stdout
        said = self.process.stdout.readline()
        assert said.startswith("{"), said + self.process.stdout.read()
        return Came(**json.loads(said), heap=int(self.process.stdout.readline()))

    def _say(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()


@pytest.fixture(scope="module", params=["LittleFS2", "FAT"])
def board(request, tmp_path_factory):
    board = Board(tmp_path_factory.mktemp("board"), request.param)
    yield board
    board.close()


def refuses(board, came, kinds, why):
    """Named, with nothing left of it anywhere, and the heap as before."""
    assert came.error and came.error[0] in kinds and why in came.error[1], came.error
    assert set(came.files) == OTHERS
    assert came.files["/flash/main.py"] == came.files["/flash/slots/b/main.py"] == TOUCHED
    assert came.heap - board.heap < GROWN_MOST, came.heap - board.heap


def test_what_is_signed_and_yet_cannot_be_taken_is_refused_by_name(board):
    cases = hostile.refused()
    assert len({what for what, _, _ in cases}) == len(cases) > 100
    for what, data, why in cases:
        try:
            refuses(board, board.install(data), ["UpdateError"], why)
        except AssertionError as error:
            raise AssertionError(what) from error


def test_what_is_cut_off_is_refused(board):
    for data in hostile.cut_off():
        refuses(board, board.install(data, of=GOOD), ["Corrupt"], "checksum")
        came = board.install(data, key=False)
        if came.error:
            refuses(board, came, ["UpdateError"], "bundle: ")
        else:  # of the end of the archive, which holds nothing
            assert came.is_whole() and len(data) > len(GOOD) - 13


def test_a_byte_that_was_changed_is_seen(board):
    refused = 0
    for n, data in enumerate(hostile.tampered()):
        if n < 40 or n % 8 == 0:
            refuses(board, board.install(data, of=GOOD), ["Corrupt"], "checksum: ")
            signature = board.maker.sign(GOOD)
            refuses(board, board.install(data, signature=signature), ["SignatureError"], "not by this key")
        # Without a key, and by a hub that says what was tampered with is right: then its own hashes are left.
        came = board.install(data, key=False)
        if came.error:
            refuses(board, came, ["UpdateError"], "bundle: ")
            refused += 1
        else:  # what does not matter: of gzip's head, of a tar header, of the manifest's first line
            assert came.is_whole()
    assert refused > n / 2


def test_signed_by_another_or_by_nobody(board):
    for signature, why in (
        (Maker().sign(GOOD), "not by this key"),
        (board.maker.sign(GOOD + b"x"), "not by this key"),
        (base64.b64encode(bytes(256)).decode(), "not by this key"),
        (board.maker.sign(GOOD)[:-4], "expected base64 of 256 bytes"),
        *((wrong, "expected base64") for wrong in ("", "?", None, 5, [], {})),
    ):
        came = board.install(GOOD, signature=signature)
        refuses(board, came, ["SignatureError"], why)
    came = board.install(GOOD, maker_key="no key")
    refuses(board, came, ["SettingsError"], "maker_key")
    assert board.install(GOOD).is_whole()


def test_another_version_than_ordered(board):
    for version in ("1.0.0", "1.1.0-rc.1", "1.1.0+x", "2.0.0"):
        refuses(board, board.install(GOOD, version=version), ["UpdateError"], f"made for 1.1.0, not {version}")


def test_a_larger_window_is_refused_or_read_right(board):
    once = Random(2).randbytes(1500)
    files = {"main.py": b"import door\n", "twice.bin": once + once}
    tar = bytes(hostile.tar_of(make_bundle(VERSION, files, None)))
    assert len(hostile.gzipped(tar, 15)) < 2500 < len(hostile.gzipped(tar, 10))  # far matches are in it
    for window in range(9, 16):
        came = board.install(hostile.gzipped(tar, window))
        assert (came.error is not None) == (window > 10)
        if came.error:
            refuses(board, came, ["UpdateError"], "bundle: ")
        else:
            assert came.in_slot()["twice.bin"] == checksum(once + once)


def test_names_and_numbers_at_their_limits_are_taken(board):
    files = {
        "main.py": b"",
        "n" * 100: b"x" * 511,
        "a/b/c/d/e/f.txt": b"x" * 512,
        "\u00e4\u20ac": b"x" * 513,
        " .hidden": b"1",
        **{f"many/{n}": b"%d" % n for n in range(40)},
    }
    came = board.install(make_bundle(VERSION, files, ""))
    found = came.in_slot()
    assert came.error is None and found.pop("manifest.json")
    assert found == {name: checksum(data) for name, data in files.items()}
    after = board.install(GOOD)  # of so many names, some are still in sight of the collector
    assert after.is_whole() and after.heap - board.heap < GROWN_MOST
