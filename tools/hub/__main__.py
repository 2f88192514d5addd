"""The hub's command line: `python -m tools.hub serve`, and what plays the cloud from another terminal.

A running hub leaves its address, cloud key and CA in build/hub.json, readable by its user only, where the other
commands find them, and the CA's certificate for boards in build/hub-ca.der. An error is one line on stderr and exit
code 1.
"""

import argparse
import base64
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx

from tools.hub.client import trust
from tools.hub.errors import shown
from tools.hub.private import write_private

if TYPE_CHECKING:
    from tools.hub import LocalHub

HUB_FILE = Path("build/hub.json")
CA_FILE = Path("build/hub-ca.der")
_TIMEOUT_S = 30
_LAST_SHOWN = 5


class CommandError(Exception):
    """What the user is told, as one line."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit code."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except CommandError as error:
        print(f"hub: {error}", file=sys.stderr)
        return 1
    except (BrokenPipeError, KeyboardInterrupt):
        return 1
    return 0


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> Any:
        self.exit(1, f"hub: {message} (see --help)\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m tools.hub", description="A local hub, and what plays the cloud.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)

    serve = commands.add_parser("serve", help="run a hub until Ctrl-C, one line for everything that happens")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on; 0.0.0.0 for boards on the network")
    serve.add_argument("--port", type=int, default=0, help="default: one that is free")
    serve.add_argument("--database", metavar="FILE", help="keep the state in this file; default: it ends with the hub")
    serve.add_argument("--plain", action="store_true", help="http; default: https, with a CA of its own")
    serve.add_argument("--cloud-key", metavar="KEY", help="default: made up")
    serve.add_argument("--hardware-key", metavar="KEY", action="append", help="accept these only; default: any")
    serve.set_defaults(run=_serve)

    publish = _client(commands, "publish", _publish, "publish a firmware for every device")
    publish.add_argument("version", help="SemVer, for example 1.1.0")
    publish.add_argument("--file", type=Path, help="the firmware; default: some bytes that are none")
    publish.add_argument("--name")
    publish.add_argument("--desc")
    publish.add_argument("--notes")

    _client(commands, "devices", _devices, "list the devices")
    show = _client(commands, "show", _show, "show a device, its state and its last messages")
    show.add_argument("id")
    delete = _client(commands, "delete", _delete, "delete a device")
    delete.add_argument("id")
    return parser


def _client(commands: Any, name: str, run: Any, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text)
    parser.add_argument("--hub", metavar="URL", help=f"default: the running hub, by {HUB_FILE}")
    parser.add_argument(
        "--ca", type=Path, metavar="FILE", help="DER or PEM of the CA to trust; default: the running hub's CA"
    )
    parser.add_argument("--key", help="cloud key; default: HUB_KEY of the environment, or the running hub's")
    parser.set_defaults(run=run)
    return parser


def _serve(options: argparse.Namespace) -> None:
    stop, introduced = threading.Event(), threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    # Here, because only a hub needs them, and they take a second that the other commands do without.
    from sqlalchemy.exc import SQLAlchemyError

    from tools.hub import LocalHub

    def tell(event: object) -> None:
        introduced.wait()  # a device that knows the port may be faster than the lines with the address
        print(event, flush=True)

    keys = (options.cloud_key, options.hardware_key)
    hub = LocalHub(options.database, options.host, options.port, *keys, on_event=tell, tls=not options.plain)
    try:
        hub.start()
    except (OSError, UnicodeError) as error:
        raise CommandError(f"cannot listen on {shown(options.host)} port {options.port}: {error}") from None
    except (SQLAlchemyError, ValueError) as error:
        raise CommandError(f"cannot use the database: {str(error).splitlines()[0]}") from None
    try:
        _leave_address(hub)
        ca = f"\nCA: {CA_FILE}" if hub.ca else ""
        print(f"hub: {hub.url}\ncloud: {hub.url}/cloud/v1\ncloud key: in {HUB_FILE}{ca}", flush=True)
        introduced.set()
        stop.wait()
    finally:
        introduced.set()
        hub.stop()
        _remove_address(hub)


def _leave_address(hub: "LocalHub") -> None:
    """Write what the other commands, and who sets up a board, need of this hub."""
    left = {"hub": hub.url, "key": hub.cloud_key}
    try:
        HUB_FILE.parent.mkdir(parents=True, exist_ok=True)
        if hub.ca is not None:
            left["ca"] = base64.b64encode(hub.ca).decode()
            CA_FILE.write_bytes(hub.ca)
        write_private(HUB_FILE, json.dumps(left).encode())
    except OSError as error:
        raise CommandError(f"cannot write {HUB_FILE.parent}: {error}") from None


def _remove_address(hub: "LocalHub") -> None:
    """Remove the file, unless another hub has put its own there since."""
    if _read_address().get("hub") == hub.url:
        HUB_FILE.unlink(missing_ok=True)


def _read_address() -> dict[str, Any]:
    try:
        address = json.loads(HUB_FILE.read_text())
    except (OSError, ValueError):
        return {}
    return address if isinstance(address, dict) else {}


def _publish(options: argparse.Namespace) -> None:
    try:
        data = options.file.read_bytes() if options.file else f"not a real firmware: {options.version}\n".encode()
    except OSError as error:
        raise CommandError(f"cannot read {options.file}: {error.strerror}") from None
    name = options.name or (options.file.name if options.file else None)
    query = {"version": options.version, "name": name, "desc": options.desc, "notes": options.notes}
    params = {field: value for field, value in query.items() if value is not None}
    file = _call(options, "POST", "/firmware", params=params, content=data)
    print(f"published {file['version']}: {file['name']}, {file['size']} bytes, file id {file['id']}")


def _devices(options: argparse.Namespace) -> None:
    devices = _call(options, "GET", "/devices")
    for device in devices:
        print(
            device["id"],
            shown(device["sn"]),
            device["firmware_version"],
            device["state"].get("status", "never reported"),
            f"last seen {device['last_seen']}",
            sep="  ",
        )
    if not devices:
        print("no devices")


def _show(options: argparse.Namespace) -> None:
    path = f"/devices/{quote(options.id, safe='')}"
    device = _call(options, "GET", path)
    messages = _call(options, "GET", f"{path}/telemetries")
    print(json.dumps(device, indent=2))  # ASCII only: what a device sent cannot play with the terminal
    print(f"last of {device['telemetry_count']} messages:")
    for message in messages[-_LAST_SHOWN:]:
        print(json.dumps(message))


def _delete(options: argparse.Namespace) -> None:
    _call(options, "DELETE", f"/devices/{quote(options.id, safe='')}")
    print(f"deleted {shown(options.id)}")


def _call(options: argparse.Namespace, method: str, path: str, **more: Any) -> Any:
    """One request to the cloud's interface; the reply's JSON."""
    url, key, ca = _where(options)
    try:
        verify = trust(url, ca)
    except ValueError:
        raise CommandError(f"{options.ca} is no certificate, neither DER nor PEM") from None
    try:
        # Proxies of the environment are not asked: the hub is on this machine or next to it.
        with httpx.Client(timeout=_TIMEOUT_S, trust_env=False, verify=verify) as client:
            answer = client.request(
                method, f"{url}/cloud/v1{path}", headers={b"Authorization": b"Bearer " + key.encode()}, **more
            )
        reply = answer.json()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise CommandError(f"no hub answers at {shown(url)}: {error}") from None
    except ValueError:
        raise CommandError(f"what answers at {shown(url)} is not a hub") from None
    if answer.is_error:
        text = reply.get("error") if isinstance(reply, dict) else None
        raise CommandError(shown(text or f"status {answer.status_code}", 400))
    return reply


def _where(options: argparse.Namespace) -> tuple[str, str, bytes | None]:
    """The hub's address, cloud key and CA: by option, by the environment, by what the running hub left."""
    left = _read_address()
    url = (options.hub or left.get("hub") or "").rstrip("/")
    if not url:
        raise CommandError("no hub is running here: start one with `serve`, or give --hub and --key")
    # What was left is for the hub that left it: the key is sent to no other address, nor is the CA trusted there.
    left = left if url == left.get("hub") else {}
    key = options.key or os.environ.get("HUB_KEY") or left.get("key")
    if not key:
        raise CommandError("the cloud key is missing: give --key, or HUB_KEY in the environment")
    try:
        ca = options.ca.read_bytes() if options.ca else base64.b64decode(left.get("ca", "")) or None
    except OSError as error:
        raise CommandError(f"cannot read {options.ca}: {error.strerror}") from None
    return url, key, ca


if __name__ == "__main__":
    sys.exit(main())
