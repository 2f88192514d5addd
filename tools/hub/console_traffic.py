"""Commands that make the traffic between devices and hub go wrong, show it, and open the page."""

import argparse
import math
from contextlib import suppress
from typing import Any

from tools.hub.console import add_command, call, path_of, show
from tools.hub.errors import shown

# What KIND may be; faults.py, which says what they do, takes a second to import.
KINDS = "refuse reset lose drop cut delay stall slow status garbage wrong_types null_fields empty corrupt"
_NUMBERS = ("skip", "count", "bytes", "rate", "status", "retry-after", "offset")
_SECONDS = ("seconds", "delay")
_HELP = {
    "skip": "let so many of these requests pass first",
    "count": "for so many of them; default: until it is cleared",
    "seconds": "for so long",
    "bytes": "where the answer breaks off: for drop its head counted, for cut not",
    "rate": "for slow: how many bytes of the answer's body a second",
    "offset": "for corrupt: which byte of the answer's body is another, from 0",
    "status": "for status: 400 to 599",
    "retry-after": "for status: what the answer says, in seconds",
    "delay": "for delay and stall, in seconds",
}


def add(commands: Any) -> None:
    """These commands, with their options."""
    fault = add_command(commands, "fault", _fault, "let requests of devices go wrong")
    fault.add_argument("kind", choices=KINDS.split(), metavar="KIND", help=KINDS.replace(" ", ", "))
    fault.add_argument("--device", dest="device_id", metavar="ID", help="default: everybody, registration included")
    fault.add_argument("--method", metavar="M", help="default: any")
    fault.add_argument("--path", help="the end of the path, as /telemetry; with * in it the whole path, as /files/*")
    for kind, names in ((int, _NUMBERS), (_seconds, _SECONDS)):
        for name in names:
            fault.add_argument(f"--{name}", type=kind, metavar="N" if kind is int else "S", help=_HELP[name])
    add_command(commands, "faults", _faults, "list the faults that may still come")
    clear = add_command(commands, "clear", _clear, "clear a fault, or all of them")
    clear.add_argument("number", type=int, nargs="?", help="as `faults` lists it; default: all")
    limit = add_command(commands, "rate-limit", _rate_limit, "limit the requests of a device in 30 s")
    limit.add_argument("requests", type=_limit, metavar="N", help="how many, or off")
    limit.add_argument("--device", dest="device_id", metavar="ID", help="default: every device")
    requests = add_command(commands, "requests", _requests, "list the last requests of a device, or of all")
    requests.add_argument("id", nargs="?", help="the device's; default: all requests, registrations included")
    requests.add_argument("--after", type=int, metavar="SEQ", help="those that came after this one")
    add_command(commands, "page", _page, "print the address of the hub's page, with the key that opens it")


def _seconds(text: str) -> float:
    with suppress(ValueError):
        if math.isfinite(number := float(text)):
            return number
    raise argparse.ArgumentTypeError(f"not a number of seconds: {shown(text)}")


def _limit(text: str) -> int | None:
    try:
        return None if text == "off" else int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"neither a number nor off: {shown(text)}") from None


def _fault(options: argparse.Namespace) -> None:
    names = ("kind", "device_id", "method", "path", *_NUMBERS, *_SECONDS)
    fields = {name.replace("-", "_"): getattr(options, name.replace("-", "_")) for name in names}
    given = {name: value for name, value in fields.items() if value is not None}
    print(f"fault {call(options, 'POST', '/faults', json=given)['number']}")


def _faults(options: argparse.Namespace) -> None:
    faults = call(options, "GET", "/faults")
    show([{name: value for name, value in fault.items() if value is not None} for fault in faults])


def _clear(options: argparse.Namespace) -> None:
    call(options, "DELETE", "/faults" + ("" if options.number is None else path_of(str(options.number))))
    print("cleared")


def _rate_limit(options: argparse.Namespace) -> None:
    device = {} if options.device_id is None else {"device_id": options.device_id}
    call(options, "PUT", "/rate_limit", json={"requests": options.requests} | device)
    limit = "any number of" if options.requests is None else f"at most {options.requests}"
    print(f"{limit} requests in 30 s, {'each device' if options.device_id is None else shown(options.device_id)}")


def _requests(options: argparse.Namespace) -> None:
    asked = {"device_id": options.id, "after": options.after}
    show(call(options, "GET", "/requests", params={name: value for name, value in asked.items() if value is not None}))


def _page(options: argparse.Namespace) -> None:
    print(call(options, "GET", "/page")["url"])
