"""Bad input, in short: see tools/soak/hostile."""

import pytest

from tools.soak.hostile import run


@pytest.mark.timeout(300)
def test_bad_input_ends_as_documented():
    rows = run(20_261_123, full=False)
    assert len(rows) == 15
