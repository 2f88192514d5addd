"""The hub's command line: `python -m tools.hub serve`, and what plays the cloud from another terminal.

A running hub leaves its address, cloud key and CA in build/hub.json, readable by its user only, where the other
commands find them, and for boards the CA's certificate in build/hub-ca.der and the key that licences are signed with,
its public half, in build/hub-license-key.der. An error is one line on stderr and exit code 1.
"""

import argparse
import sys
from typing import Any

from tools.hub import console_cloud, console_devices, console_serve, console_traffic
from tools.hub.console import CommandError


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
    except UnicodeEncodeError:
        print("hub: an argument is not UTF-8", file=sys.stderr)
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
    for part in (console_serve, console_devices, console_cloud, console_traffic):
        part.add(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
