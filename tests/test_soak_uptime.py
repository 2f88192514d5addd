"""A long time, in short: see tools/soak/uptime.py."""

from tools.soak import uptime


def test_a_long_time():
    rows = uptime.run(seed=1, full=False)
    print(*rows, sep="\n")
    assert len(rows) == 2 and all("steps" in row.tried for row in rows)
