from support import raises
from telemetry import errors
from telemetry.errors import NetworkError, Reporter, StoreError


class Console:
    """What the reporter prints, in place of the console."""

    def __init__(self):
        self.lines = []
        self.traces = []

    def __enter__(self):
        self.real = errors.print_exception
        errors.print = self.lines.append
        errors.print_exception = self.traces.append
        return self

    def __exit__(self, *error):
        del errors.print
        errors.print_exception = self.real


def fails(error):
    raise error


def test_a_failure_is_said_once_until_it_is_settled():
    with Console() as console:
        a_reporter = Reporter()
        for _ in range(3):
            assert not a_reporter.guard("clock", fails, NetworkError("no answer"))
        assert console.lines == ["clock: NetworkError: no answer"]
        assert not a_reporter.guard("clock", fails, NetworkError("another"))
        assert a_reporter.guard("clock", len, "")
        assert not a_reporter.guard("clock", fails, NetworkError("another"))
        assert console.lines[1:] == ["clock: NetworkError: another"] * 2


def test_only_what_is_not_of_ours_shows_where_it_was_raised():
    with Console() as console:
        a_reporter = Reporter()
        a_reporter.report("store", StoreError("a.json: full"))
        assert console.lines == ["store: StoreError: a.json: full"] and not console.traces
        error = ZeroDivisionError("x")
        a_reporter.report("read", error)
        assert console.traces == [error]


def test_ctrl_c_is_no_failure():
    raises(KeyboardInterrupt, Reporter().guard, "read", fails, KeyboardInterrupt())
