"""What the commands of the hub's command line share: how they find the running hub, call it, and show what it says."""

import argparse
import base64
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from tools.hub.client import trust
from tools.hub.errors import shown

HUB_FILE = Path("build/hub.json")
_TIMEOUT_S = 30
_ARGUMENTS = {
    "id": "the device's id, as `devices` lists it",
    "name": "the command's name, for example reboot",
    "command_id": "as `commands` lists it",
    "license_id": "as `licenses` lists it",
    "incident_id": "as `incidents` lists it",
    "dump_id": "as `dumps` lists it",
}


class CommandError(Exception):
    """What the user is told, as one line."""


def add_command(
    commands: Any, name: str, run: Callable[[argparse.Namespace], None], text: str, *arguments: str
) -> argparse.ArgumentParser:
    """A command that calls a hub, with these positional arguments."""
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text)
    for argument in arguments:
        parser.add_argument(argument, help=_ARGUMENTS[argument])
    parser.add_argument("--hub", metavar="URL", help=f"default: the running hub, of several the newest, by {HUB_FILE}")
    parser.add_argument(
        "--ca", type=Path, metavar="FILE", help="DER or PEM of the CA to trust; default: the running hub's CA"
    )
    parser.add_argument("--key", help="cloud key; default: HUB_KEY of the environment, or the running hub's")
    parser.set_defaults(run=run)
    return parser


def read_addresses() -> list[dict[str, Any]]:
    """What the hubs that run here left for the commands, the newest last."""
    try:
        addresses = json.loads(HUB_FILE.read_text())
        return [left for left in addresses if _runs(left["pid"])]
    except (OSError, ValueError, TypeError, KeyError):  # none, or not as this version writes it
        return []


def _runs(pid: int) -> bool:
    # One that was killed could not take its address away.
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it is another user's
    return True


def path_of(*parts: str) -> str:
    """The path of these parts, each of which may hold any character."""
    return "".join("/" + quote(part, safe="") for part in parts)


def json_argument(text: str) -> Any:
    """What argparse is to make of an argument that is JSON."""
    try:
        value = json.loads(text)
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()  # neither NaN nor half a character is JSON
        return value
    except (ValueError, RecursionError):
        raise argparse.ArgumentTypeError(f"not valid JSON: {shown(text)}") from None


def read_file(file: Path) -> bytes:
    """The bytes of a file that the user named."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise CommandError(f"cannot read {file}: {error.strerror}") from None


def show(reply: Any) -> None:
    """A JSON reply, one line for each item of a list. ASCII only: what a device sent cannot play with the terminal."""
    for item in reply if isinstance(reply, list) else [reply]:
        print(json.dumps(item))
    if reply == []:
        print("none")


def call(options: argparse.Namespace, method: str, path: str, **more: Any) -> Any:
    """One request to the cloud's interface; the reply's JSON."""
    answer = call_raw(options, method, path, **more)
    try:
        return answer.json()
    except ValueError:
        raise _no_hub(answer) from None


def call_raw(options: argparse.Namespace, method: str, path: str, **more: Any) -> httpx.Response:
    """The same, but the reply may be anything."""
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
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise CommandError(f"no hub answers at {shown(url)}: {error}") from None
    if not answer.is_error:
        return answer
    try:
        reply = answer.json()
    except ValueError:
        raise _no_hub(answer) from None
    text = reply.get("error") if isinstance(reply, dict) else None
    raise CommandError(shown(text or f"status {answer.status_code}", 400))


def _no_hub(answer: httpx.Response) -> CommandError:
    return CommandError(f"what answers at {shown(answer.url.copy_with(path='/', query=None))} is not a hub")


def _where(options: argparse.Namespace) -> tuple[str, str, bytes | None]:
    """The hub's address, cloud key and CA: by option, by the environment, by what the running hub left."""
    addresses = read_addresses()
    url = (options.hub or (addresses[-1]["hub"] if addresses else "")).rstrip("/")
    if not url:
        raise CommandError("no hub is running here: start one with `serve`, or give --hub and --key")
    # What was left is for the hub that left it: the key is sent to no other address, nor is the CA trusted there.
    left = next((left for left in addresses if left["hub"] == url), {})
    key = options.key or os.environ.get("HUB_KEY") or left.get("key")
    if not key:
        raise CommandError("the cloud key is missing: give --key, or HUB_KEY in the environment")
    return url, key, read_file(options.ca) if options.ca else base64.b64decode(left.get("ca", "")) or None
