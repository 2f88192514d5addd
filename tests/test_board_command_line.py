"""python -m tools.board, as `make board` starts it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture
def start():
    started = []

    def start(*options, stdin=subprocess.PIPE):
        process = subprocess.Popen(
            [sys.executable, "-m", "tools.board", *options],
            cwd=ROOT,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def read_until(process, wanted):
    seen = b""
    while wanted not in seen:
        data = os.read(process.stdout.fileno(), 4096)
        assert data, seen + process.stderr.read()
        seen += data
    return seen


def children(process):
    found = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    for task in Path(f"/proc/{process.pid}/task").iterdir():
        found += (task / "children").read_text().split()
    return set(found)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_its_first_line_is_the_port_and_a_signal_ends_it(start, number):
    process = start(stdin=subprocess.DEVNULL)
    seen = read_until(process, b">>> ")
    port = seen.splitlines()[0].decode().partition("port: ")[2]
    assert Path(port).is_char_device()
    interpreters = children(process)
    assert interpreters
    process.send_signal(number)
    assert process.wait(30) == 0
    assert process.stderr.read() == b""
    assert not [pid for pid in interpreters if Path(f"/proc/{pid}").exists()]


def test_lines_on_stdin_are_the_person_in_front_of_it(start, tmp_path):
    process = start("--flash", str(tmp_path / "flash.img"), "--heap", "128K", "--fat")
    read_until(process, b">>> ")

    def order(line, answer):
        process.stdin.write(line.encode() + b"\n")
        process.stdin.flush()
        return read_until(process, answer)

    order("help", b"wifi off|on")
    order("nonsense", b"[no such command: nonsense")
    order("temperature warm", b"[not a temperature: warm]")
    for line in ("temperature 42", "press", "hold", "release", "wifi off", "wifi on", "power off"):
        order(line, b"")
    order("power on", b"POWERON_RESET")
    order("reset", b"POWERON_RESET")
    order("power cycle", b"POWERON_RESET")
    order("quit", b"")
    assert process.wait(30) == 0
    assert (tmp_path / "flash.img").exists()


def test_a_board_that_cannot_start_is_one_line_and_exit_code_1(start, tmp_path):
    (tmp_path / "text").write_text("x")
    process = start("--flash", str(tmp_path / "text"))
    out, error = process.communicate(timeout=30)
    assert process.returncode == 1
    assert out == b""
    assert error.startswith(b"board: ") and error.count(b"\n") == 1
