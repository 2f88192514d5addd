"""The short form of `make soak ONLY=power`."""

from tools.soak import power


def test_the_power_goes(capsys):
    rows = power.run(seed=1, full=False)
    with capsys.disabled():
        print(*(f"\n{row.what}: {row.tried}" for row in rows))
    cuts = int(rows[-1].tried.split()[0])
    assert cuts > 2000
