"""The command `serve`: a hub until Ctrl-C, and what it leaves for the other commands and for boards."""

import argparse
import base64
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.hub.console import HUB_FILE, CommandError, read_addresses
from tools.hub.errors import shown
from tools.hub.private import write_private

if TYPE_CHECKING:
    from tools.hub import LocalHub

CA_FILE = Path("build/hub-ca.der")
LICENSE_KEY_FILE = Path("build/hub-license-key.der")


def add(commands: Any) -> None:
    """The command, with its options."""
    serve = commands.add_parser("serve", help="run a hub until Ctrl-C, one line for everything that happens")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on; 0.0.0.0 for boards on the network")
    serve.add_argument("--port", type=int, default=0, help="default: one that is free")
    serve.add_argument("--database", metavar="FILE", help="keep the state in this file; default: it ends with the hub")
    serve.add_argument("--plain", action="store_true", help="http; default: https, with a CA of its own")
    serve.add_argument("--cloud-key", metavar="KEY", help="default: made up")
    serve.add_argument("--hardware-key", metavar="KEY", action="append", help="accept these only; default: any")
    serve.set_defaults(run=_serve)


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
        _leave_files(hub)
        ca = f"\nCA: {CA_FILE}" if hub.ca else ""
        print(f"hub: {hub.url}\ncloud: {hub.url}/cloud/v1\ncloud key: in {HUB_FILE}{ca}")
        # The key that opens the page is for who sits here, and for no log.
        page = hub.page_url if sys.stdout.isatty() else f"{hub.url}/ (its key: python -m tools.hub page)"
        print(f"license key: {LICENSE_KEY_FILE}\npage: {page}", flush=True)
        introduced.set()
        stop.wait()
    finally:
        introduced.set()
        hub.stop()
        remove_address(hub)


def leave_address(hub: "LocalHub") -> None:
    """Write for the other commands where this hub is. Raises OSError."""
    left = {"hub": hub.url, "key": hub.cloud_key, "pid": os.getpid()}
    if hub.ca is not None:
        left["ca"] = base64.b64encode(hub.ca).decode()
    HUB_FILE.parent.mkdir(parents=True, exist_ok=True)
    _write(read_addresses() + [left])


def remove_address(hub: "LocalHub") -> None:
    """Remove it again. The commands then find the hub that was started before it, if one still runs."""
    _write([left for left in read_addresses() if left["hub"] != hub.url])


def _write(addresses: list[dict[str, Any]]) -> None:
    if addresses:
        write_private(HUB_FILE, json.dumps(addresses).encode())
    else:
        HUB_FILE.unlink(missing_ok=True)


def _leave_files(hub: "LocalHub") -> None:
    # What the other commands, and who sets up a board, need of this hub.
    try:
        leave_address(hub)
        if hub.ca is not None:
            CA_FILE.write_bytes(hub.ca)
        LICENSE_KEY_FILE.write_bytes(hub.license_key)
    except OSError as error:
        raise CommandError(f"cannot write {HUB_FILE.parent}: {error}") from None
