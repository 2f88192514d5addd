"""`python -m tools.bench`: the table, build/bench.json and build/bench.svg. Exit code 1 if a bar is missed."""

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

from tools.bench import bars, callgrind, table
from tools.bench.cases import CASES, SUBJECTS, Row
from tools.bench.plan import MEASURES, Plan, run, times_on_hub
from tools.bench.stand import Stand
from tools.bench.workshop import BenchError, Workshop
from tools.deploy import ROOT

_DOCS = ROOT / "docs/bench.svg"  # what the README shows


def main() -> int:
    arguments = _arguments()
    try:
        with tempfile.TemporaryDirectory() as folder:
            workshop = Workshop(Path(folder), arguments.lib)
            with Stand(workshop) as stand:
                if arguments.profile:
                    return _profile(stand, arguments)
                rows = run(stand, _plan(arguments), _say)
                on_hub = [] if arguments.quick else times_on_hub(stand, _plan(arguments))
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    return _report(rows, on_hub, arguments)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description="What one telemetry costs.")
    parser.add_argument("--quick", action="store_true", help="fewer telemetries, and no instructions")
    parser.add_argument("--out", type=Path, default=ROOT / "build", help="folder for bench.json and bench.svg")
    parser.add_argument("--docs", action="store_true", help="bring the README's picture up to date")
    parser.add_argument("--lib", type=Path, default=ROOT / "lib", help="the folder that holds telemetry")
    parser.add_argument(
        "--case", action="append", choices=[str(case) for case in CASES], help="only this; again for more"
    )
    parser.add_argument("--subject", action="append", choices=SUBJECTS, help="only this; again for more")
    parser.add_argument("--measure", action="append", choices=MEASURES, help="only this; again for more")
    parser.add_argument("--profile", choices=SUBJECTS, help="which functions of MicroPython take the instructions")
    arguments = parser.parse_args()
    if arguments.docs and arguments.quick:
        parser.error("the README's picture is not drawn of a quick run")
    return arguments


def _plan(arguments: argparse.Namespace) -> Plan:
    cases = tuple(case for case in CASES if str(case) in (arguments.case or [str(case)]))
    subjects = tuple(arguments.subject or SUBJECTS)
    measures = tuple(arguments.measure or MEASURES)
    if arguments.quick:
        quick = tuple(measure for measure in measures if measure != "instructions")
        return Plan(cases, subjects, quick, count=40, slow_count=3, heaps_of=("ours",))
    return Plan(cases, subjects, measures)


def _say(text: str) -> None:
    print(f"{text} ...", file=sys.stderr, flush=True)


def _profile(stand: Stand, arguments: argparse.Namespace) -> int:
    case = next(case for case in CASES if str(case) in (arguments.case or [str(case)]))
    arguments.out.mkdir(parents=True, exist_ok=True)
    out = arguments.out / f"callgrind.{arguments.profile}.out"
    job = stand.job(case, arguments.profile, "repeat", 200)
    print(callgrind.profile(stand.workshop, job.config, out))
    print(f"kept in {out}; callgrind_annotate and kcachegrind read it")
    return 0


def _report(rows: list[Row], on_hub: list[Row], arguments: argparse.Namespace) -> int:
    print(table.table(rows))
    if not arguments.quick and not callgrind.is_there():
        print("instructions skipped: valgrind not found")
    print("\n" + table.foot(_plan(arguments).count, on_hub))
    print("\n" + table.sizes(rows))
    print("\n" + table.updates(rows))
    verdicts = bars.judge(rows)
    print("\n" + table.bars(verdicts))
    if not (arguments.case or arguments.subject or arguments.measure):
        _write(rows, arguments)
    return any(verdict.missed for verdict in verdicts)


def _write(rows: list[Row], arguments: argparse.Namespace) -> None:
    from tools.bench.picture import draw  # here, because it takes a second to load

    arguments.out.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(row.as_json()) for row in rows)
    (arguments.out / "bench.json").write_text(f"[\n{lines}\n]\n")
    draw(rows, arguments.out / "bench.svg")
    print(f"\nwrote {arguments.out / 'bench.json'} and bench.svg")
    if arguments.docs:
        _DOCS.parent.mkdir(exist_ok=True)
        shutil.copyfile(arguments.out / "bench.svg", _DOCS)
        print("wrote docs/bench.svg")


if __name__ == "__main__":
    sys.exit(main())
