"""Deployment with the real mpremote and ampy over the virtual ESP32's serial port, and mip."""

import json
import os
import pty
import re
import shutil
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tools.board.board import VirtualBoard
from tools.deploy import ROOT, DeployError, deploy

MPREMOTE = str(Path(sys.executable).parent / "mpremote")
ROOT_CA = "lib/telemetry/roots/isrg-root-x2.der"
USERS_OWN = {"/data.csv": b"1,2\n", "/lib/mine.py": b"x = 1\n", "/settings.json": b"{}", "/version.json": b"state"}


@pytest.fixture
def board():
    with VirtualBoard() as a_board:
        a_board.wait_for(">>> ")
        yield a_board


@pytest.fixture
def root(tmp_path):
    """A small copy of the project's tree, to change."""
    target = tmp_path / "project"
    for path in ("boot.py", "main.py", "lib/telemetry/__init__.py", "lib/telemetry/semver.py", ROOT_CA):
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, target / path)
    return target


def put_users_own(board):
    board.power_off()
    for path, data in USERS_OWN.items():
        board.write_file(path, data)
    board.power_on()


def deployed(board, root, **options):
    """What a deployment said, without the sentences for people."""
    lines = []
    deploy(board.port, root=root, say=lines.append, **options)
    return [line for line in lines if line.startswith(("added", "replaced", "removed", "left"))]


@pytest.mark.parametrize("tool", ["mpremote", "ampy"])
def test_only_what_differs_is_written(board, root, tool):
    put_users_own(board)
    assert deployed(board, root, tool=tool) == [
        "added /lib/telemetry/__init__.py",
        "added /lib/telemetry/roots/isrg-root-x2.der",
        "added /lib/telemetry/semver.py",
        "replaced /boot.py",  # the port's own
        "added /main.py",
    ]
    for path in ("main.py", ROOT_CA):
        assert board.read_file("/" + path) == (root / path).read_bytes()
    assert deployed(board, root, tool=tool) == []
    (root / "main.py").write_text("print('another', 6 * 7)\n")
    assert deployed(board, root, tool=tool) == ["replaced /main.py"]
    board.wait_for("another 42")  # it was restarted
    (root / "lib/telemetry/semver.py").rename(root / "lib/telemetry/versions.py")
    (root / "lib/other.py").write_text("y = 2\n")
    (root / ROOT_CA).rename(root / "lib/telemetry/roots/another.der")
    assert deployed(board, root, tool=tool) == [
        "added /lib/other.py",
        "added /lib/telemetry/roots/another.der",
        "added /lib/telemetry/versions.py",
        "removed /lib/telemetry/roots/isrg-root-x2.der",
        "removed /lib/telemetry/semver.py",
    ]
    (root / "lib/other.py").unlink()
    assert deployed(board, root, tool=tool) == ["removed /lib/other.py"]
    for path, data in USERS_OWN.items():
        assert board.read_file(path) == data


def test_compiled_and_back(board, root):
    deployed(board, root)
    assert deployed(board, root, mpy=True) == [
        "added /lib/telemetry/__init__.mpy",
        "added /lib/telemetry/semver.mpy",
        "removed /lib/telemetry/__init__.py",
        "removed /lib/telemetry/semver.py",
    ]
    assert board.run("from telemetry import semver\nprint(semver.compare('1.0.0', '2.0.0'))").strip() == "-1"
    assert deployed(board, root, mpy=True) == []
    assert len(deployed(board, root)) == 4


def test_a_program_that_is_the_users_own_is_left_alone(board, root):
    board.power_off()
    board.write_file("/main.py", b"print('mine')\n")
    board.write_file("/boot.py", b"print('mine too')\n")
    board.power_on()
    said = deployed(board, root)
    assert [line for line in said if line.startswith("left alone /boot.py")]
    assert [line for line in said if line.startswith("left alone /main.py")]
    assert board.read_file("/main.py") == b"print('mine')\n"
    assert deployed(board, root, force=True) == ["replaced /boot.py", "replaced /main.py"]
    board.power_off()
    board.write_file("/main.py", b"print('edited on the board')\n")
    board.power_on()
    assert len(deployed(board, root)) == 1
    assert board.read_file("/main.py") == b"print('edited on the board')\n"


def test_it_gets_through_to_a_board_whose_program_loops(board, root):
    board.power_off()
    board.write_file("/main.py", b"print('looping')\nwhile True:\n    pass\n")
    board.power_on()
    board.wait_for("looping")
    assert "replaced /main.py" in deployed(board, root, force=True)


def test_a_compilation_that_fails_names_the_file(board, root):
    (root / "lib/telemetry/semver.py").write_text("def\n")
    with pytest.raises(DeployError, match="semver.py"):
        deployed(board, root, mpy=True)


def make_deploy(*variables):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    return subprocess.run(
        ["make", "--no-print-directory", "deploy", *variables],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )


def test_make_deploy_puts_everything_there(board):
    done = make_deploy(f"PORT={board.port}", "MPY=1")
    assert done.returncode == 0, done.stderr
    assert "added /lib/telemetry/agent.mpy" in done.stdout and "added /main.py" in done.stdout
    assert re.search(r"\d+ written, 0 removed", done.stdout)
    there = set(board.list_files())
    assert there >= {"/boot.py", "/main.py", "/lib/telemetry/agent.mpy", "/lib/telemetry/safe/main.py"}
    assert "/lib/telemetry/safe/main.mpy" not in there  # MicroPython would not start it


@pytest.mark.parametrize("tool", ["mpremote", "ampy"])
@pytest.mark.parametrize("port", ["", "/dev/nowhere", "/dev/null"])
def test_a_wrong_port_is_one_clear_line(port, tool):
    done = make_deploy(f"PORT={port}", f"TOOL={tool}")
    assert done.returncode != 0
    said = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert len(said) == 1 and said[0].startswith("deploy: ") and (port or "PORT") in said[0]
    assert (
        subprocess.run([sys.executable, "-m", "tools.deploy", "--port", port], cwd=ROOT, capture_output=True).returncode
        == 1
    )


@pytest.mark.parametrize("tool", ["mpremote", "ampy"])
def test_a_silent_board_is_one_clear_line(tool):
    ours, theirs = pty.openpty()
    try:
        port = os.ttyname(theirs)
        done = make_deploy(f"PORT={port}", f"TOOL={tool}")
    finally:
        os.close(ours)
        os.close(theirs)
    said = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert done.returncode != 0 and len(said) == 1 and port in said[0]


@pytest.fixture
def repository():
    """The project's tree on a web server, as a package for mip."""
    handler = partial(QuietHandler, directory=str(ROOT))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/package.json"
        server.shutdown()
        thread.join()


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


def library_on(board):
    return {path: board.read_file(path) for path in board.list_files() if path.startswith("/lib/telemetry/")}


def library_here():
    files = [path for path in (ROOT / "lib").rglob("*") if path.suffix in (".py", ".der")]
    return {"/" + str(path.relative_to(ROOT)): path.read_bytes() for path in files}


def test_mpremote_mip_install(board, repository):
    done = subprocess.run(
        [MPREMOTE, "connect", board.port, "mip", "install", repository], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert library_on(board) == library_here()


def test_mip_install_on_the_board(board, repository):
    board.run(
        "import network, time\nw = network.WLAN(network.STA_IF)\nw.active(True)\n"
        "w.connect('virtual', 'virtual-password')\nwhile not w.isconnected():\n    time.sleep_ms(50)\n"
        f"import mip\nmip.install({repository!r})\n"
    )
    assert library_on(board) == library_here()


def test_the_package_and_the_project_agree():
    package = json.loads((ROOT / "package.json").read_text())
    assert {source for _, source in package["urls"]} == {path[1:] for path in library_here()}
    assert all(source == "lib/" + target for target, source in package["urls"])
    versions = {package["version"]}
    for name, pattern in (
        ("pyproject.toml", 'version = "(.*)"'),
        ("lib/telemetry/__init__.py", '__version__ = "(.*)"'),
    ):
        versions.add(re.search(pattern, (ROOT / name).read_text())[1])
    assert len(versions) == 1
