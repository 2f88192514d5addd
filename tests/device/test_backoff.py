from telemetry.backoff import Backoff, jittered


def test_waits_double_up_to_the_most_with_jitter():
    backoff = Backoff(4, 60)
    for most in (4, 8, 16, 32, 60, 60, 60):
        assert most / 2 <= backoff.failed() <= most
    backoff.succeeded()
    assert 2 <= backoff.failed() <= 4


def test_boards_that_failed_together_do_not_come_back_together():
    assert len({Backoff(300, 300).failed() for _ in range(50)}) > 25


def test_the_server_is_heard_within_reason():
    assert Backoff(4, 60).failed(30) >= 30
    assert Backoff(4, 60).failed(0) <= 4
    assert 3600 <= Backoff(4, 60).failed(10**9) <= 3600 * 1.1


def test_jittered_stays_within():
    assert all(10 <= jittered(10, 12) <= 12 for _ in range(100))
