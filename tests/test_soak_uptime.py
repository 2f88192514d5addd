"""A long time, in short: see tools/soak/uptime.py."""

from tools.soak import uptime


def test_a_long_time():
    (row,) = uptime.run(seed=1, full=False)
    assert "steps" in row.tried
