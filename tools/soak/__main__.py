"""make soak: runs the campaigns in full and prints a table, which build/soak.md has too. Ends with 1 when a promise was
not kept."""

import argparse
import datetime
import importlib
import random
import sys
import time
import traceback
from pathlib import Path

from tools.deploy import ROOT
from tools.soak import Row

# Each a module with `run(seed, full) -> list[Row]`, which raises AssertionError for a promise that was not kept.
CAMPAIGNS = ("power", "network", "uptime", "hostile")


def table(rows: list[Row]) -> str:
    """The rows as Markdown."""
    lines = ["| what was tried | how often | what came of it |", "| --- | --- | --- |"]
    return "\n".join(lines + [f"| {row.what} | {row.tried} | {row.result} |" for row in rows]) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.soak", description=__doc__)
    parser.add_argument("campaign", nargs="*", default=CAMPAIGNS, help="of " + ", ".join(CAMPAIGNS))
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32), help="what was random in another run")
    parser.add_argument("--short", action="store_true", help="as make test runs it")
    arguments = parser.parse_args()
    if unknown := set(arguments.campaign) - set(CAMPAIGNS):
        parser.error(f"campaign {unknown.pop()!r}: expected any of {', '.join(CAMPAIGNS)}")
    print(f"seed: {arguments.seed}", flush=True)
    rows: list[Row] = []
    failed = []
    for name in arguments.campaign:
        started = time.monotonic()
        print(f"{name} ...", flush=True)
        try:
            rows += importlib.import_module(f"tools.soak.{name}").run(arguments.seed, full=not arguments.short)
        except Exception:
            traceback.print_exc()
            failed.append(name)
        print(f"{name}: {time.monotonic() - started:.0f} s", flush=True)
    text = f"{datetime.date.today()}, seed {arguments.seed}\n\n{table(rows)}"
    print(text, end="")
    target = Path(ROOT / "build/soak.md")
    target.parent.mkdir(exist_ok=True)
    target.write_text(text)
    if failed:
        print("not kept:", ", ".join(failed), f"(again with --seed {arguments.seed})", file=sys.stderr)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
