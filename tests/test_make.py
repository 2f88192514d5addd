"""The tasks that a user starts with one word, as processes."""

import os
import re
import signal
import subprocess
import time
import uuid
from contextlib import contextmanager
from pathlib import Path

import pytest

from tools.board.micropython import find_micropython
from tools.deploy import ROOT

# Without what the make that runs these tests hands down.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}


@contextmanager
def task(*words):
    """`make WORDS` in a process group of its own, as in a terminal; no process of it may be left at the end."""
    mark = f"TASK_OF_A_TEST={uuid.uuid4()}"
    name, _, value = mark.partition("=")
    process = subprocess.Popen(
        ["make", "--no-print-directory", *words],
        cwd=ROOT,
        env=ENVIRONMENT | {name: value},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
        process.wait(30)
        assert not processes_with(mark)
    finally:
        for pid in processes_with(mark):
            os.kill(pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()


def processes_with(mark):
    """Those that have inherited this variable, in whatever session they are."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark.encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            pass  # it ended meanwhile
    return found


def lines_until(process, pattern):
    """The lines that came, up to the first that has `pattern`."""
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip())
        if re.search(pattern, line):
            return lines
    raise AssertionError(f"{pattern!r} did not come:\n" + "\n".join(lines))


def position(lines, pattern):
    found = [i for i, line in enumerate(lines) if re.search(pattern, line)]
    assert found, pattern + " is not in\n" + "\n".join(lines)
    return found[0]


def test_make_run_shows_the_whole_story_and_ends_by_itself():
    with task("run", "FOR=30") as process:
        lines = process.communicate(timeout=100)[0].splitlines()
    assert process.returncode == 0, "\n".join(lines)
    story = [
        r"^hub   \| listens at https://127.0.0.1:\d+",
        r"^flash \| added /main.py",
        r"^board \| Wi-Fi: connected",
        r"^board \| clock: 20",
        r"^hub   \| registered",
        r"^hub   \| telemetry: .*chip_temperature",
        r"^hub   \| published .*1\.1\.0",
        r"^board \| New firmware 1\.1\.0 is available",
        r'^hub   \| command .* name="identify" status="done" message="blinked"',
        r"mpremote connect /dev/",
    ]
    places = [position(lines, step) for step in story]
    assert places == sorted(places)
    assert sum("New firmware 1.1.0 is available" in line for line in lines) == 1
    assert sum("| telemetry" in line for line in lines[: position(lines, "published")]) == 3
    assert any("make board" in line for line in lines)


def test_make_run_says_what_did_not_come():
    with task("run", "FOR=2") as process:
        output = process.communicate(timeout=60)[0]
    assert process.returncode != 0 and "telemetries came, not 3" in output


@pytest.mark.parametrize("word", ["run", "board", "hub"])
def test_ctrl_c_ends_everything(word):
    first_line = {"run": "telemetry", "board": r"^port: /dev/", "hub": r"^hub: https://127.0.0.1:\d+"}[word]
    with task(word) as process:
        lines = lines_until(process, first_line)
        assert word == "run" or len(lines) == 1  # a tool may read the first line
        if word == "board":
            time.sleep(0.5)
        os.killpg(process.pid, signal.SIGINT)
        rest = process.stdout.read()
    assert "Traceback" not in rest


def test_a_hub_without_tls():
    with task("hub", "HTTP=plain") as process:
        assert lines_until(process, r"^hub: http://127.0.0.1:\d+")
        os.killpg(process.pid, signal.SIGINT)
        process.stdout.read()


def test_another_micropython(tmp_path, monkeypatch):
    own = tmp_path / "micropython"
    own.write_text(f'#!/bin/sh\ntouch {tmp_path}/used\nexec {find_micropython(None)} "$@"\n')
    own.chmod(0o755)
    monkeypatch.setitem(ENVIRONMENT, "MICROPYTHON", str(own))
    with task("board") as process:
        lines_until(process, r"^port: ")
        lines_until(process, ">>>|help")
        os.killpg(process.pid, signal.SIGINT)
        process.stdout.read()
    assert (tmp_path / "used").exists()
    done = subprocess.run(
        ["make", "board"], cwd=ROOT, env=ENVIRONMENT | {"MICROPYTHON": "/bin/true"}, capture_output=True, text=True
    )
    assert done.returncode != 0 and "board: /bin/true is no MicroPython" in done.stderr


def test_make_alone_lists_the_tasks():
    listed = subprocess.run(["make"], cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=True).stdout
    for word in ("run", "test", "lint", "board", "hub", "deploy", "roots"):
        assert re.search(rf"^{word} ", listed, re.MULTILINE)
