"""Commands that publish files, and list, show and delete devices."""

import argparse
import base64
import json
from pathlib import Path
from typing import Any

from tools.bundle import read_manifest, signature_file
from tools.hub.console import CommandError, add_command, call, path_of, read_file
from tools.hub.errors import shown
from tools.hub.maker import Maker

_LAST_SHOWN = 5


def add(commands: Any) -> None:
    """These commands, with their options."""
    publish = add_command(commands, "publish", _publish, "publish a firmware for every device")
    publish.add_argument("version", help="SemVer, for example 1.1.0")
    publish.add_argument("--file", type=Path, help="the firmware; default: some bytes that are none")
    file = add_command(commands, "publish-file", _publish_file, "publish a file that is no firmware")
    file.add_argument("file", type=Path, help="its bytes")
    file.add_argument("--file-type", metavar="TYPE", help="default: file")
    file.add_argument("--version", help="any text")
    withdraw = add_command(commands, "withdraw", _withdraw, "withdraw a firmware: no device is told of it any more")
    withdraw.add_argument("version", help="as it was published")
    signed = publish.add_mutually_exclusive_group()
    signed.add_argument("--maker-key", type=Path, metavar="FILE", help="sign it with this private key")
    for parser in (publish, file):
        parser.add_argument("--name", help="default: the file's own")
        parser.add_argument("--desc", metavar="TEXT", help="what it is")
        parser.add_argument("--notes", metavar="TEXT", help="what is new: its public notes")
    signed.add_argument(
        "--signature", metavar="BASE64", help="the maker's, over the file; default: what FILE.sig holds"
    )
    file.add_argument("--signature", metavar="BASE64", help="the maker's, over the file")

    add_command(commands, "devices", _devices, "list the devices")
    add_command(commands, "show", _show, "show a device, its state and its last messages", "id")
    add_command(commands, "delete", _delete, "delete a device", "id")


def _publish(options: argparse.Namespace) -> None:
    if options.file and not options.file.exists():
        hint = f"`make bundle VERSION={options.version} KEY=maker.pem` packs one"
        raise CommandError(f"--file: {options.file}: no such file; {hint}")
    data = read_file(options.file) if options.file else f"not a real firmware: {options.version}\n".encode()
    manifest = read_manifest(data)
    if manifest is not None and manifest.get("version") != options.version:
        raise CommandError(f"version: the bundle {options.file} is of version {shown(manifest.get('version'))}")
    options.signature, by = _signature(options, data)
    file = call(options, "POST", "/firmware", params=_described(options), content=data)
    print(f"published {file['version']}: {file['name']}, {file['size']} bytes, file id {file['id']}, {by}")


def _withdraw(options: argparse.Namespace) -> None:
    gone = call(options, "DELETE", path_of("firmware", options.version))
    print(f"withdrawn {gone['version']}")


def _signature(options: argparse.Namespace, data: bytes) -> tuple[str | None, str]:
    """The firmware's signature, and where it is from: what the user gave, or else what is beside the file."""
    if options.signature is not None:
        return options.signature, "with the signature given"
    if options.maker_key is not None:
        return _sign(options.maker_key, data), f"signed by {options.maker_key}"
    beside = signature_file(options.file) if options.file else None
    if beside is None or not beside.exists():
        return None, "not signed"
    try:
        text = read_file(beside).decode("ascii").strip()
        base64.b64decode(text, validate=True)
    except ValueError:
        raise CommandError(f"{beside}: expected a signature in base64") from None
    return text, f"with the signature of {beside}"


def _sign(key: Path, data: bytes) -> str:
    if not key.exists():
        raise CommandError(f"--maker-key: {key}: no such file; `make keys KEY={key}` makes it")
    try:
        return Maker(key).sign(data)
    except OSError as error:
        raise CommandError(f"cannot read {key}: {error.strerror}") from None
    except ValueError as error:
        raise CommandError(f"--maker-key: {error}") from None


def _publish_file(options: argparse.Namespace) -> None:
    params = _described(options) | ({"file_type": options.file_type} if options.file_type is not None else {})
    file = call(options, "POST", "/files", params=params, content=read_file(options.file))
    print(f"published {file['name']}, {file['size']} bytes, file id {file['id']}")


def _described(options: argparse.Namespace) -> dict[str, str]:
    """What the user said of the file."""
    given = {field: getattr(options, field) for field in ("version", "name", "desc", "notes", "signature")}
    given["name"] = given["name"] or (options.file.name if options.file else None)
    return {field: value for field, value in given.items() if value is not None}


def _devices(options: argparse.Namespace) -> None:
    devices = call(options, "GET", "/devices")
    for device in devices:
        print(
            device["id"],
            shown(device["sn"] or "no serial number"),
            device["firmware_version"],
            device["state"].get("status", "never reported"),
            f"last seen {device['last_seen']}",
            sep="  ",
        )
    if not devices:
        print("no devices")


def _show(options: argparse.Namespace) -> None:
    path = path_of("devices", options.id)
    device = call(options, "GET", path)
    messages = call(options, "GET", f"{path}/telemetries")
    print(json.dumps(device, indent=2))  # ASCII only: what a device sent cannot play with the terminal
    print(f"last of {device['telemetry_count']} messages:")
    for message in messages[-_LAST_SHOWN:]:
        print(json.dumps(message))


def _delete(options: argparse.Namespace) -> None:
    call(options, "DELETE", path_of("devices", options.id))
    print(f"deleted {shown(options.id)}")
