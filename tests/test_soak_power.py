"""The short form of `make soak ONLY=power`: thousands of power cuts."""

import pytest

from tools.soak import power


@pytest.mark.parametrize("state", power.PROMISES)
def test_the_power_goes(state, capsys):
    trial = power.tried(state, seed=1, full=False)
    with capsys.disabled():
        print(f"\n{trial.row().what}: {trial.row().tried}")
    assert len(trial.changes) >= 3 and all(cuts > 50 for cuts in trial.cuts.values())
