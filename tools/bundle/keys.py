"""Makes the maker's key pair: `python -m tools.bundle.keys --key maker.pem`."""

import argparse
import base64
import json
import stat
import sys
from pathlib import Path

from tools.hub.maker import Maker


def main(arguments: list[str] | None = None) -> int:
    """Make it, or show the one that is there; the exit code."""
    parser = argparse.ArgumentParser(prog="keys", description="Makes the key pair that signs what boards install.")
    parser.add_argument("--key", type=Path, default=Path("maker.pem"), help="the private key; default: %(default)s")
    file = parser.parse_args(arguments).key
    maker, is_new = Maker(file), not file.exists()
    try:
        der = maker.der
        open_to_others = stat.S_IMODE(file.stat().st_mode) & 0o077
    except (OSError, ValueError) as error:
        text = f"cannot use {file}: {error.strerror}" if isinstance(error, OSError) else str(error)
        print(f"keys: {text}", file=sys.stderr)
        return 1
    print(
        f"{file}: {'made' if is_new else 'is there already, and stays as it is'}. It signs what boards install: show it"
    )
    print("to nobody, and keep a copy in a safe place. Boards that know it install nothing by another key.")
    if open_to_others:
        print(f"Others on this machine can get at it: chmod 600 {file}")
    print("\nInto settings.json of each board:\n")
    print(f'  "maker_key": {json.dumps(base64.b64encode(der).decode())}')
    return 0


if __name__ == "__main__":
    sys.exit(main())
