"""Commands that play the cloud with one device: its commands, configuration, licences, space, and what it reported.

Each prints the hub's answer, one JSON object a line.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from tools.hub.console import CommandError, add_command, call, call_raw, json_argument, path_of, show

# Those that need no more than ids: the command, its method, the path under the device, further ids, what it does.
_PLAIN = (
    ("commands", "GET", "commands", (), "list a device's commands, and what it reported of each"),
    ("cancel", "DELETE", "commands", ("command_id",), "cancel a command that is not finished"),
    ("config", "GET", "config", (), "show a device's configuration"),
    ("configs", "GET", "configs", (), "list every version of a device's configuration"),
    ("licenses", "GET", "licenses", (), "list a device's licences, and what it reported of each"),
    ("take-license", "DELETE", "licenses", ("license_id",), "have a device remove a licence"),
    ("unclaim", "DELETE", "space", (), "take a device out of its space"),
    ("incidents", "GET", "incidents", (), "list the incidents that a device opened"),
    ("close-incident", "DELETE", "incidents", ("incident_id",), "close an incident"),
    ("events", "GET", "events", (), "list the events that a device reported"),
    ("dumps", "GET", "dumps", (), "list the dumps that a device uploaded"),
    ("children", "GET", "children", (), "list the children of a device"),
    ("cloud-settings", "GET", "cloud_settings", (), "show what a device asked of the cloud"),
)


def add(commands: Any) -> None:
    """These commands, with their options."""
    for name, method, path, ids, text in _PLAIN:
        plain = add_command(commands, name, _plain, text, "id", *ids)
        plain.set_defaults(method=method, path=path, ids=ids)
    queue = add_command(commands, "command", _queue, "queue a command for a device", "id", "name")
    queue.add_argument("parameters", type=json_argument, nargs="?", help="a JSON object")
    config = add_command(commands, "set-config", _set_config, "set the whole configuration of a device", "id")
    config.add_argument("config", type=json_argument, help="a JSON object")
    config.add_argument("--name")
    info = add_command(commands, "set-info", _set_info, "change what the info tab says of a device", "id")
    info.add_argument("--name")
    info.add_argument("--details", type=json_argument, metavar="JSON", help="a JSON object")
    info.add_argument("--sub-model")
    claim = add_command(commands, "claim", _claim, "claim a device for a space, or move it to another one", "id")
    claim.add_argument("space", type=json_argument, nargs="?", help="a JSON object; what is missing is made up")
    dump = add_command(commands, "dump", _dump, "write a dump to a file", "id", "dump_id")
    dump.add_argument("--output", type=Path, metavar="FILE", help="default: standard output, if it is no terminal")
    _add_licenses(commands)


def _add_licenses(commands: Any) -> None:
    give = add_command(commands, "give-license", _give_license, "have a device add a licence", "id", "data")
    update = add_command(
        commands, "update-license", _update_license, "have a device update a licence", "id", "license_id"
    )
    update.add_argument("--data")
    update.add_argument("--no-expiry", action="store_true", help="from now on it does not expire")
    for parser in (give, update):
        parser.add_argument("--expires-at", metavar="TIME", help="as 2031-08-04T07:45:44.122Z")
        parser.add_argument("--signature", help="default: the maker's own; give another for a forged licence")


def _plain(options: argparse.Namespace) -> None:
    ids = [getattr(options, name) for name in options.ids]
    show(call(options, options.method, path_of("devices", options.id, options.path, *ids)))


def _queue(options: argparse.Namespace) -> None:
    _send(options, "POST", "commands", name=options.name, parameters=options.parameters)


def _set_config(options: argparse.Namespace) -> None:
    _send(options, "POST", "config", config=options.config, name=options.name)


def _set_info(options: argparse.Namespace) -> None:
    _send(options, "PUT", "info", name=options.name, details=options.details, sub_model=options.sub_model)


def _claim(options: argparse.Namespace) -> None:
    _send(options, "PUT", "space", space=options.space)


def _give_license(options: argparse.Namespace) -> None:
    _send(options, "POST", "licenses", data=options.data, expires_at=options.expires_at, signature=options.signature)


def _update_license(options: argparse.Namespace) -> None:
    fields = {name: getattr(options, name) for name in ("data", "expires_at", "signature")}
    fields = {name: value for name, value in fields.items() if value is not None}
    if options.no_expiry:
        fields["expires_at"] = None
    show(call(options, "PUT", path_of("devices", options.id, "licenses", options.license_id), json=fields))


def _dump(options: argparse.Namespace) -> None:
    if options.output is None and sys.stdout.isatty():
        raise CommandError("a dump may hold anything: name a file with --output, or redirect")
    data = call_raw(options, "GET", path_of("devices", options.id, "dumps", options.dump_id)).content
    if options.output is None:
        sys.stdout.buffer.write(data)
        return
    try:
        options.output.write_bytes(data)
    except OSError as error:
        raise CommandError(f"cannot write {options.output}: {error.strerror}") from None


def _send(options: argparse.Namespace, method: str, path: str, **fields: Any) -> None:
    """Send what the user gave, and show the answer."""
    given = {name: value for name, value in fields.items() if value is not None}
    show(call(options, method, path_of("devices", options.id, path), json=given))
