"""Commands that play the cloud with one device: its commands, configuration, licences, space, and what it reported.

Each prints the hub's answer, one JSON object a line.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from tools.hub.console import CommandError, add_command, call, call_raw, json_argument, path_of, show


def add(commands: Any) -> None:
    """These commands, with their options."""
    for part in (_add_commands, _add_configs, _add_licenses, _add_spaces, _add_reports):
        part(commands)


def _add_commands(commands: Any) -> None:
    queue = add_command(commands, "command", _queue, "queue a command for a device", "id", "name")
    queue.add_argument("parameters", type=json_argument, nargs="?", help="a JSON object")
    update = add_command(commands, "update", _update, "have a device install a published firmware", "id")
    update.add_argument("version", nargs="?", help="default: the newest")
    update.add_argument("--parameters", type=json_argument, metavar="JSON", help="further ones of the command")
    _add_plain(commands, "commands", "GET", "commands", "list a device's commands, and what it reported of each")
    _add_plain(commands, "cancel", "DELETE", "commands", "cancel a command that is not finished", "command_id")


def _add_configs(commands: Any) -> None:
    config = add_command(commands, "set-config", _set_config, "set the whole configuration of a device", "id")
    config.add_argument("config", type=json_argument, help="a JSON object")
    config.add_argument("--name", help="of the configuration; default: the name of the one before")
    _add_plain(commands, "config", "GET", "config", "show a device's configuration")
    _add_plain(commands, "configs", "GET", "configs", "list every version of a device's configuration")
    info = add_command(commands, "set-info", _set_info, "change what the info tab says of a device", "id")
    info.add_argument("--name", help="of the device")
    info.add_argument("--details", type=json_argument, metavar="JSON", help="a JSON object")
    info.add_argument("--sub-model", metavar="NAME")


def _add_licenses(commands: Any) -> None:
    give = add_command(commands, "give-license", _give_license, "have a device add a licence", "id")
    give.add_argument("data", help="what is licensed: any text, which is signed")
    update = add_command(
        commands, "update-license", _update_license, "have a device update a licence", "id", "license_id"
    )
    update.add_argument("--data", help="what is licensed from now on, signed anew")
    update.add_argument("--no-expiry", action="store_true", help="from now on it does not expire")
    for parser in (give, update):
        parser.add_argument("--expires-at", metavar="TIME", help="UTC, as 2031-08-04T07:45:44.122Z")
        parser.add_argument(
            "--signature", metavar="BASE64", help="default: the maker's own; give another for a forged licence"
        )
    _add_plain(commands, "take-license", "DELETE", "licenses", "have a device remove a licence", "license_id")
    _add_plain(commands, "licenses", "GET", "licenses", "list a device's licences, and what it reported of each")


def _add_spaces(commands: Any) -> None:
    claim = add_command(commands, "claim", _claim, "claim a device for a space, or move it to another one", "id")
    claim.add_argument("space", type=json_argument, nargs="?", help="a JSON object; what is missing is made up")
    _add_plain(commands, "unclaim", "DELETE", "space", "take a device out of its space")


def _add_reports(commands: Any) -> None:
    _add_plain(commands, "incidents", "GET", "incidents", "list the incidents that a device opened")
    _add_plain(commands, "close-incident", "DELETE", "incidents", "close an incident", "incident_id")
    _add_plain(commands, "events", "GET", "events", "list the events that a device reported")
    _add_plain(commands, "dumps", "GET", "dumps", "list the dumps that a device uploaded")
    dump = add_command(commands, "dump", _dump, "write a dump to a file", "id", "dump_id")
    dump.add_argument("--output", type=Path, metavar="FILE", help="default: standard output, if it is no terminal")
    _add_plain(commands, "children", "GET", "children", "list the children of a device")
    _add_plain(commands, "cloud-settings", "GET", "cloud_settings", "show what a device asked of the cloud")


def _add_plain(commands: Any, name: str, method: str, path: str, text: str, *ids: str) -> None:
    """A command that needs no more than ids: `path` is under the device, further ids follow it."""
    add_command(commands, name, _plain, text, "id", *ids).set_defaults(method=method, path=path, ids=ids)


def _plain(options: argparse.Namespace) -> None:
    ids = [getattr(options, name) for name in options.ids]
    show(call(options, options.method, path_of("devices", options.id, options.path, *ids)))


def _queue(options: argparse.Namespace) -> None:
    _send(options, "POST", "commands", name=options.name, parameters=options.parameters)


def _update(options: argparse.Namespace) -> None:
    _send(options, "POST", "update", version=options.version, parameters=options.parameters)


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
