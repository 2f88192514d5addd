"""The bench: its form, and the limits that do not depend on how fast this machine is."""

import json
import subprocess
import sys
from dataclasses import asdict
from xml.etree import ElementTree

import pytest

from tools.bench import bars, callgrind, measure, picture, plan, table, updates
from tools.bench.cases import CASES, METRICS, SUBJECTS, Row, value_of
from tools.bench.stand import Stand
from tools.bench.workshop import Workshop
from tools.deploy import ROOT

# Limits that are promised and not kept yet: meanwhile what they limit must not grow.
NOT_YET = {
    ("http full", "min_heap"): 77 * 1024,
    ("http delta", "min_heap"): 77 * 1024,
    ("size", "mpy_bytes"): 79 * 1024,
}


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """One quick run: what it printed, its rows, its folder."""
    folder = tmp_path_factory.mktemp("bench")
    done = subprocess.run(
        [sys.executable, "-m", "tools.bench", "--quick", "--out", folder], cwd=ROOT, capture_output=True, text=True
    )
    assert "Traceback" not in done.stderr and (folder / "bench.json").exists(), done.stdout + done.stderr
    rows = [Row(**each) for each in json.loads((folder / "bench.json").read_text())]
    return done, rows, folder


def test_the_json_has_its_form(quick):
    _, rows, _ = quick
    assert len({(row.case, row.subject, row.metric) for row in rows}) == len(rows)
    assert all(type(row.value) in (int, float) and row.value >= 0 for row in rows)
    of_telemetry = {(row.case, row.subject, row.metric) for row in rows if row.case.split()[0] in ("http", "https")}
    every = {(str(case), subject, metric) for case in CASES for subject in SUBJECTS for metric in METRICS}
    of_each = {"connections", "handshakes", "bytes_up", "bytes_down", "heap_bytes", "median_us"}
    assert {it for it in every if it[2] in of_each} < of_telemetry < every
    assert all(value_of(rows, updates.case_of(kib), "ours", it) for kib in updates.SIZES_KIB for it in updates.METRICS)
    modules = {path.stem for path in (ROOT / "lib/telemetry").glob("*.py")}
    sets = {"minimal set", "minimal set with imports", "library"}
    assert {row.subject for row in rows if (row.case, row.metric) == ("size", "mpy_bytes")} == modules | sets


@pytest.mark.parametrize(
    "bar",
    [bar for bar in bars.BARS if not bar.of_time and bar.metric != "instructions"],
    ids=lambda bar: f"{bar.case} {bar.subject} {bar.metric}",
)
def test_a_limit_is_kept(quick, bar):
    verdict = next(verdict for verdict in bars.judge(quick[1]) if verdict.bar == bar)
    limit = NOT_YET.get((bar.case, bar.metric), verdict.limit)
    assert verdict.value is not None and verdict.value <= limit, f"{verdict.value} of {limit}"


def test_the_others_are_what_they_are_said_to_be(quick):
    _, rows, _ = quick
    for case in map(str, CASES):
        assert value_of(rows, case, "floor", "connections") == 1
        assert value_of(rows, case, "stock", "connections") > 1
        tls = case.startswith("https")
        for subject in SUBJECTS:
            connections = value_of(rows, case, subject, "connections")
            assert value_of(rows, case, subject, "handshakes") == (connections if tls else 0)
        assert value_of(rows, case, "floor", "heap_bytes") < value_of(rows, case, "stock", "heap_bytes") / 2
    assert value_of(rows, "http delta", "floor", "bytes_up") < value_of(rows, "http full", "floor", "bytes_up") / 1.5
    assert value_of(rows, "http delta", "stock", "bytes_up") > value_of(rows, "http full", "stock", "bytes_up") - 5


def test_the_text_tells_each_limit(quick):
    done, rows, _ = quick
    verdicts = bars.judge(rows)
    assert table.bars(verdicts) in done.stdout and table.table(rows) in done.stdout
    assert done.returncode == any(verdict.missed for verdict in verdicts) == ("MISSED" in done.stdout)


def test_a_missed_limit_is_seen():
    rows = [Row("http full", "ours", "connections", 2), Row("https full", "stock", "median_us", 1000)]
    rows.append(Row("https full", "ours", "median_us", 11))
    assert [(each.bar.case, each.limit) for each in bars.judge(rows) if each.missed] == [
        ("http full", 1),
        ("https full", 10),
    ]
    assert table.bars(bars.judge(rows)).count("MISSED") == 2


def test_the_picture_is_the_same_for_the_same_numbers(quick, tmp_path):
    _, rows, folder = quick
    picture.draw(rows, tmp_path / "again.svg")
    drawn = (tmp_path / "again.svg").read_text()
    assert drawn == (folder / "bench.svg").read_text()
    ElementTree.fromstring(drawn)
    value = table.shown("heap_bytes", value_of(rows, "http full", "ours", "heap_bytes"))
    assert f">{value}<" in drawn and "stock requests" in drawn


def test_without_valgrind_instructions_are_left_out(monkeypatch):
    monkeypatch.setenv("PATH", "")
    everything = plan.Plan()
    assert "instructions" in everything.measures and not callgrind.is_there()
    assert "instructions" not in {job.func.__name__ for _, _, job in plan._counted(everything)}


@pytest.mark.skipif(not callgrind.is_there(), reason="valgrind not found")
def test_instructions_are_counted(tmp_path):
    with Stand(Workshop(tmp_path, ROOT / "lib")) as stand:
        found = measure.instructions(stand, CASES[1], "floor", 1, 3)
    assert 20_000 < found["instructions"] < 400_000


def test_rows_are_what_the_json_holds():
    row = Row("size", "semver", "mpy_bytes", 562)
    assert row.as_json() == asdict(row) == {"case": "size", "subject": "semver", "metric": "mpy_bytes", "value": 562}
