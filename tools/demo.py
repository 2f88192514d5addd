"""The demo: a hub and a virtual ESP32 with a new flash, our software put on it as a user would, and what happens then.

`python -m tools.demo [--seconds N] [--plain]`: until Ctrl-C, or for N seconds; then the exit code is 1 if telemetry,
the announcement of the new firmware or the end of the command did not come. With --plain they speak http.
"""

import argparse
import base64
import json
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

from tools.board.board import VirtualBoard
from tools.board.errors import BoardError
from tools.board.panel import Panel
from tools.bundle import make_bundle
from tools.deploy import ROOT, DeployError, Tool, deploy
from tools.hub.console_serve import leave_address, remove_address
from tools.hub.events import Event
from tools.hub.server import LocalHub

INTERVAL_S = 2
ASK_AFTER = 3  # telemetries
NEW_VERSION = "1.1.0"
COMMAND = "identify"  # of main.py


class Demo:
    """Shows what the board says and what the hub received, a line each, as it happens."""

    def __init__(self, tls: bool = True) -> None:
        self.telemetries = 0
        self.announcements = 0
        self.obeyed = threading.Event()  # the command was done
        self._deployed = False
        self._shown = False  # the console, from the restart on: before it tools talk to the board
        self._blinked = False
        self._rest = b""
        self._lock = threading.Lock()
        self.hub = LocalHub(on_event=self._on_event, tls=tls)
        self.board = VirtualBoard(console=self._on_console, on_led=self._on_led)

    def start(self) -> None:
        """Hub and board up, the software on the board, and the board restarted."""
        self.hub.start()
        leave_address(self.hub)  # for `python -m tools.hub`
        self.board.start()
        self.say("hub", f"listens at {self.hub.url}")
        self.say("board", f"is on, its serial port is {self.board.port}")
        settings = {
            "wifi_ssid": "virtual",
            "wifi_password": "virtual-password",
            "entry_url": self.hub.url,
            "hardware_key": "demo-hardware-key",
            "interval": INTERVAL_S,
            "maker_key": base64.b64encode(self.hub.license_key).decode(),
        }
        if self.hub.ca is not None:
            settings["ca"] = base64.b64encode(self.hub.ca).decode()
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "settings.json")
            file.write_text(json.dumps(settings))
            Tool(self.board.port).put({"/settings.json": file})
        self.say("flash", "added /settings.json")
        deploy(self.board.port, say=self._on_deploy)

    def stop(self) -> None:
        """Both off; nothing is left."""
        self.board.stop()
        self.hub.stop()
        remove_address(self.hub)

    def missing(self) -> str | None:
        """What did not come, or None."""
        if self.telemetries < ASK_AFTER:
            return f"{self.telemetries} telemetries came, not {ASK_AFTER}"
        if self.announcements != 1:
            return f"the board announced {NEW_VERSION} {self.announcements} times, not once"
        return None if self.obeyed.is_set() else f"the board did not do {COMMAND}"

    def say(self, who: str, text: str) -> None:
        """A line on this terminal."""
        with self._lock:
            print(f"{who:5} | {text}", flush=True)

    def _on_deploy(self, text: str) -> None:
        self.say("flash", text)
        self._deployed = text.endswith("restarting")

    def _on_console(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            text = line.decode(errors="replace").strip()
            self._shown = self._shown or (self._deployed and text.startswith("rst:"))
            if not self._shown or not text:
                continue
            self.say("board", text)
            if f"New firmware {NEW_VERSION}" in text:
                self.announcements += 1

    def _on_led(self, lit: bool) -> None:
        if lit and not self._blinked:
            self._blinked = True
            self.say("board", "[the LED on GPIO2 blinks]")

    def _on_event(self, event: Event) -> None:
        detail = event.detail
        if event.kind == "telemetry":
            self.say("hub", f"telemetry: {detail['status']} {json.dumps(detail['telemetries'])}")
            self.telemetries += 1
            if self.telemetries == ASK_AFTER and event.device_id:
                self._play_the_cloud(event.device_id)
        else:
            self.say("hub", str(event))
            if event.kind == "command" and detail["status"] == "done":
                self.obeyed.set()

    def _play_the_cloud(self, device: str) -> None:
        bundle = make_bundle(NEW_VERSION, {"main.py": (ROOT / "main.py").read_bytes()})
        self.hub.publish(NEW_VERSION, bundle, signature=self.hub.sign(bundle))
        self.hub.claim(device, {"name": "Hall"})
        self.hub.set_config(device, {"interval": 2 * INTERVAL_S})
        self.hub.queue_command(device, COMMAND)

    def say_what_next(self) -> None:
        """What a user may try now."""
        cloud = "                     .venv/bin/python -m tools.hub"
        page = self.hub.page_url if sys.stdout.isatty() else f"{self.hub.url}/ (its key: python -m tools.hub page)"
        device = (self.hub.devices() or [{"id": "ID"}])[0]["id"]
        for line in (
            "Now try, here:       press (and Enter) presses BOOT: yes, and it installs. reset, wifi off, wifi on, help",
            f"In another terminal: .venv/bin/mpremote connect {self.board.port}   (Ctrl-C stops main.py, Ctrl-] ends)",
            f"As the cloud, there: .venv/bin/python -m tools.hub command {device} reboot   (or dump, {COMMAND})",
            f"{cloud} set-config {device} '{{\"interval\": 0}}'   (refused: opens an incident)",
            f"{cloud} incidents {device}   (--help lists the other words)",
            f"In a browser:        {page}",
            "Each on its own:     make board, make hub; make deploy PORT=... puts the software on either board",
        ):
            self.say("", line)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.demo", description=__doc__)
    parser.add_argument("--seconds", type=float, help="end after so many seconds; default: with Ctrl-C")
    parser.add_argument("--plain", action="store_true", help="http between board and hub; default: https")
    options = parser.parse_args()
    end = None if options.seconds is None else options.seconds + time.monotonic()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    demo = Demo(tls=not options.plain)
    try:
        demo.start()
        _follow(demo, end)
    except KeyboardInterrupt:
        print()
        return 0
    except (BoardError, DeployError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not leave a process behind
        demo.stop()
    missing = demo.missing()
    if missing:
        print(f"demo: {missing}", file=sys.stderr)
    return 1 if missing else 0


def _follow(demo: Demo, end: float | None) -> None:
    panel = Panel(demo.board, lambda text: demo.say("board", f"[{text}]"))
    quit_asked = threading.Event()

    def read_lines() -> None:
        for line in sys.stdin:  # its end ends nothing: there is none under CI
            if not panel.do(line):
                quit_asked.set()
                return
            if line.strip().lower() == "help":
                demo.say_what_next()

    threading.Thread(target=read_lines, daemon=True).start()
    said = False
    while not quit_asked.wait(0.1) and (end is None or time.monotonic() < end):
        if demo.obeyed.is_set() and not said:
            said = True
            demo.say_what_next()


if __name__ == "__main__":
    sys.exit(main())
